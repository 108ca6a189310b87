"""What stands behind each figure: the derivation's equations and the definitions of the measures.

The derivation's are printed from the functions that train. A measure's definition is a term too, printed
by the same printer; its tag is M1, M2, ….
"""

from __future__ import annotations

from typing import NamedTuple

from chainrule.derivation.equations import TAGS, equation
from chainrule.derivation.terms.print_mathml import MATHML
from chainrule.derivation.terms.terms import Apply, Big, D, Frac, Num, Pow, Rel, Sym, Term, add, times
from chainrule.escaping.markup import html as escape
from chainrule.files.texts import sentence, texts

J = Sym("J")


def _names(*texts: str) -> list[Sym]:
    return [Sym(text) for text in texts]


def _share(hit: Term) -> Term:
    return Frac(Big("Σ", "i", hit, "N"), Sym("N"))


def _measures() -> dict[str, Term]:
    """What defines each measure; ``measures.toml`` has its name."""
    tp, fp, fn, precision, recall = _names("TP", "FP", "FN", "precision", "recall")
    right, drop = Sym("accuracy"), Sym("importance", sub=("k",))
    b, n = Sym("n", sub=("b",)), Sym("N")
    gap = Apply("abs", (add(Sym("right", sub=("b",)), -Sym("sure", sub=("b",))),))
    weights = Sym("W", "L", dims=("n_L", "n_{L-1}"))
    squares = Big("Σ", "m", Big("Σ", "k", Pow(D(J, weights.at("m", "k")), Num(2)), "n"), "n")
    size = times(Sym("n", sub=("L",)), Sym("n", sub=("L−1",)))
    fewer = Rel("≤", Sym("B"), Apply("min", (Sym("b"), Sym("c"))))
    return {
        "M1": Rel("=", right, _share(Sym("hit", sub=("i",)))),
        "M2": Rel("=", precision, Frac(tp, add(tp, fp))),
        "M3": Rel("=", recall, Frac(tp, add(tp, fn))),
        "M4": Rel("=", Sym("F1"), Frac(times(Num(2), precision, recall), add(precision, recall))),
        "M5": Rel("=", Sym("ECE"), Big("Σ", "b", times(Frac(b, n), gap), "B")),
        "M6": Rel("=", drop, add(right, -Sym("accuracy", sub=("k",)))),
        "M7": Rel("=", Sym("g", "L"), Apply("sqrt", (Frac(squares, size),))),
        "M8": Rel("=", Sym("p"), times(Num(2), Apply("P", (fewer,)))),
    }


class Shown(NamedTuple):
    """One equation of the page."""

    tag: str
    title: str
    mathml: str
    below: str


def anchor(tag: str) -> str:
    """The place of an equation in the page."""
    return f"eq-{tag.lower()}"


def shown(tag: str) -> Shown:
    """An equation of the derivation, or the definition of a measure."""
    if tag in TAGS:
        found = equation(tag)
        return Shown(tag, found.title, found.to_mathml(), f"code: {found.function.name}, {found.function}")
    about = texts("report/measures.toml")[tag]
    mathml = MATHML.document(_measures()[tag], display=True)
    return Shown(tag, about["title"], mathml, sentence(about["below"]))


class Links:
    """Gives links to equations, and remembers them, so that each has a target in the end."""

    def __init__(self) -> None:
        self._used: dict[str, list[tuple[str, str]]] = {}

    def to(self, figure: str, name: str, *tags: str) -> str:
        """Links to the equations behind a figure, whose anchor and name these are."""
        for tag in tags:
            places = self._used.setdefault(tag, [])
            if (figure, name) not in places:
                places.append((figure, name))
        links = (f'<a href="#{anchor(tag)}">{tag}</a>' for tag in tags)
        word = "Equation" if len(tags) == 1 else "Equations"
        return f'<span class="equations">{word}: {" ".join(links)}</span>'

    def section(self) -> str:
        """Every equation that was linked, each with the figures that rest on it."""
        order = [*TAGS, *_measures()]
        return "\n".join(self._entry(shown(tag)) for tag in sorted(self._used, key=order.index))

    def _entry(self, one: Shown) -> str:
        back = ", ".join(f'<a href="#{place}">{escape(name)}</a>' for place, name in self._used[one.tag])
        return (
            f'<div class="equation" id="{anchor(one.tag)}"><div class="line">'
            f'<div class="formula">{one.mathml}</div><b class="tag">{one.tag}</b></div>'
            f'<p>{escape(one.title)}. <span class="soft">{escape(one.below)}.</span> '
            f'<span class="soft">Behind: {back}</span></p></div>'
        )
