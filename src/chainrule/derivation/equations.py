"""Every tag of the derivation as printed mathematics, with the function that it is traced from.

    equation("B2").to_text()  # δ^L = (W^{L+1})ᵀ δ^{L+1} ⊙ φ'(z^L)
    equation("B2").to_text(layout="rows")  # δ^L = δ^{L+1} W^{L+1} ⊙ φ'(z^L)
    equation("H1").to_latex(layout="code")  # with the maximum that the code subtracts

Nothing is typed by hand: the shipped body runs over terms, and only rewritings that are verified lead from
its stable form to the textbook's.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from chainrule.about import PACKAGE
from chainrule.derivation.terms.entries import Line, columns, entry, of_one_sample
from chainrule.derivation.terms.print_latex import LATEX
from chainrule.derivation.terms.print_mathml import MATHML
from chainrule.derivation.terms.printing import TEXT
from chainrule.derivation.terms.terms import Big, D, Rel, Sym, Term, over
from chainrule.derivation.terms.textbook import (
    fold_d_sigmoid,
    halves,
    loss_of_outputs,
    renamed,
    sigmoid_of,
    together,
    without_shift,
)
from chainrule.derivation.terms.tracing import any_activation, bias, rows, targets, traced, weights
from chainrule.equations import activations, affine, heads, network, optimizers, penalty
from chainrule.errors import look_up

LAYOUTS = ("columns", "rows", "entry", "code")

J, ETA = Sym("J"), Sym("η")


class Forms(NamedTuple):
    """One equation in every form, and the lines that lead from rows to columns."""

    columns: Rel
    rows: Rel
    entry: Rel
    code: Rel
    lines: tuple[Line, ...] = ()


class Source(NamedTuple):
    """Where a function stands."""

    module: str
    name: str
    file: str
    line: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


class Equation(NamedTuple):
    """A tag of the derivation. ``layout``: columns (the text), rows, entry, or code (as the body stands)."""

    tag: str
    title: str
    forms: Forms
    function: Source
    theorems: tuple[str, ...]

    def term(self, layout: str = "columns") -> Rel:
        """The equation as a term."""
        found: Rel = getattr(self.forms, look_up("layout", layout, {name: name for name in LAYOUTS}))
        return found

    def to_text(self, layout: str = "columns") -> str:
        """The equation as Unicode text."""
        return TEXT(self.term(layout))

    def to_latex(self, layout: str = "columns") -> str:
        """The equation as LaTeX for math mode."""
        return LATEX(self.term(layout))

    def to_mathml(self, layout: str = "columns", *, display: bool = True) -> str:
        """The equation as a ``<math>`` element."""
        return MATHML.document(self.term(layout), display=display)


def source_of(function: Callable[..., Any]) -> Source:
    """Module, name, file below ``src`` and line of a function."""
    function = inspect.unwrap(function)
    place = Path(inspect.getsourcefile(function) or "")
    package = Path(PACKAGE)
    inside = place.is_relative_to(package)
    file = f"src/chainrule/{place.relative_to(package).as_posix()}" if inside else place.name
    return Source(function.__module__, function.__name__, file, inspect.getsourcelines(function)[1])


def equation(tag: str) -> Equation:
    """The equation of a tag: F1 F2 H1–H4 B1–B4 P1 P2 Q1 Q2 S1 D1 G1.

    Raises:
        InputError: there is no such tag.
    """
    from chainrule.proof.theorems import THEOREMS

    home = look_up("a tag", tag.upper(), HOMES)
    names = tuple(f"{t.name}: {t.statement}" for t in THEOREMS if t.tag == tag.upper())
    return Equation(tag.upper(), home.title, home.forms(), source_of(home.function()), names)


def matrix_forms(left: Term, right: Term, at: tuple[str | None, ...]) -> Forms:
    """Rows, columns and entries of a traced matrix equation of one sample."""
    code = Rel("=", left, right)
    single = Rel("=", left, of_one_sample(right))
    lines = columns(single)
    return Forms(lines[-1].equation, single, Rel("=", _left(left, at), entry(right, at)), code, tuple(lines))


def _left(left: Term, at: tuple[str | None, ...]) -> Term:
    if isinstance(left, D):
        return D(left.of, left.by.at(*(i for i in at if i is not None)))
    return entry(left, at)


def number_forms(left: Term, right: Term, code: Term) -> Forms:
    """One form for all, beside the code's."""
    text = Rel("=", left, right)
    return Forms(text, text, text, Rel("=", left, code))


def affine_forms(L: int | str = "L") -> Forms:
    """F1."""
    z, a = rows("z", L), rows("a", L, -1)
    return matrix_forms(z, affine.affine(a, weights(L), bias(L)), (None, "m"))


def activation_forms(L: int | str = "L") -> Forms:
    """F2."""
    return matrix_forms(rows("a", L), traced(any_activation().phi, rows("z", L)), (None, "m"))


def softmax_forms(L: int | str = "H") -> Forms:
    """H1."""
    code = entry(traced(heads.softmax, rows("z", L)), (None, "m"))
    return number_forms(rows("a", L).at("m"), without_shift(code), code)


def sigmoid_forms(L: int | str = "H") -> Forms:
    """H3."""
    z = rows("z", L).at("m")
    return number_forms(rows("a", L).at("m"), sigmoid_of(z), traced(activations.sigmoid, z))


def output_forms(head: heads.Head, L: int | str = "H") -> Forms:
    """H1 or H3: the output activation of a head."""
    return {"H1": softmax_forms, "H3": sigmoid_forms}[head.printed.a.tag](L)


def loss_forms(head: heads.Head, L: int | str = "H") -> Forms:
    """H2, H4, Q1: the loss of one sample."""
    z, a, y = rows("z", L), rows("a", L), targets(L)
    text = renamed(entry(loss_of_outputs(head, z, a, y), (None,)), "k", "m")
    return number_forms(J, text, halves(renamed(entry(traced(head.loss, z, y), (None,)), "k", "m")))


def output_error_forms(head: heads.Head, L: int | str = "H") -> Forms:
    """B1, Q2."""
    z, a, y, delta = rows("z", L), rows("a", L), targets(L), rows("δ", L)
    code = traced(head.delta, z, a, y)
    found = matrix_forms(delta, fold_d_sigmoid(code, z, a), (None, "m"))
    return found._replace(code=Rel("=", delta, code))


def hidden_error_forms(L: int | str = "L", activation: activations.Activation | None = None) -> Forms:
    """B2."""
    phi = activation or any_activation()
    right = traced(
        lambda xp, *given: network.hidden_error(xp, phi, *given),
        rows("δ", L, 1),
        weights(L, 1),
        rows("z", L),
        rows("a", L),
    )
    return matrix_forms(rows("δ", L), right, (None, "m"))


def weight_gradient_forms(L: int | str = "L") -> Forms:
    """B3."""
    right = affine.weight_gradient(rows("δ", L), rows("a", L, -1))
    return matrix_forms(D(J, weights(L)), right, ("m", "k"))


def bias_gradient_forms(L: int | str = "L") -> Forms:
    """B4."""
    return matrix_forms(D(J, bias(L)), traced(affine.bias_gradient, rows("δ", L)), ("m",))


def dropout_forms(L: int | str = "L") -> Forms:
    """D1."""
    right = network.dropout(rows("a", L), rows("r", L))
    found = matrix_forms(rows("a", L), right, (None, "m"))
    return _becoming(found)


def smoothing_forms() -> Forms:
    """S1."""
    right = heads.smooth_labels(targets("H"), Sym("ε"), Sym("u"))  # type: ignore[arg-type]
    found = matrix_forms(targets("H"), right, (None, "m"))
    return _becoming(found)


def penalty_forms(name: str, L: int | str = "L") -> Forms:
    """P1, P2: what is added to the loss for one layer's weights."""
    value = traced({"l1": penalty.l1_penalty, "l2": penalty.l2_penalty}[name], weights(L))
    text = renamed(renamed(halves(entry(value, ())), "k", "m"), "j", "k")
    return number_forms(Sym("P", sub=(1 if name == "l1" else 2,)), text, value)


def descent_forms(L: int | str = "L", parameter: Sym | None = None) -> Forms:
    """G1: the step against the mean of the gradients of N samples."""
    theta = parameter or weights(L)
    mean = over(Big("Σ", "i", D(Sym("J", sub=("i",)), theta), "N"), Sym("N"))
    text = Rel("←", theta, together(optimizers.descend(theta, mean, ETA)))  # type: ignore[arg-type]
    code = Rel("←", theta, optimizers.descend(theta, D(J, theta), ETA))  # type: ignore[arg-type]
    return Forms(text, text, text, code)


def _becoming(forms: Forms) -> Forms:
    columns, rows, entry, code = (Rel("←", f.left, f.right) for f in forms[:4])
    return Forms(columns, rows, entry, code, forms.lines)


class Home(NamedTuple):
    """How a tag is called, how it is traced, and from which function, as it is at that moment."""

    title: str
    forms: Callable[[], Forms]
    function: Callable[[], Callable[..., Any]]


HOMES: dict[str, Home] = {
    "F1": Home("weighted input", affine_forms, lambda: affine.affine),
    "F2": Home("activation", activation_forms, lambda: network.forward),
    "H1": Home("softmax", softmax_forms, lambda: heads.softmax),
    "H2": Home(
        "categorical cross-entropy",
        lambda: loss_forms(heads.HEADS["softmax"]),
        lambda: heads.categorical_cross_entropy,
    ),
    "H3": Home("sigmoid", sigmoid_forms, lambda: activations.sigmoid),
    "H4": Home(
        "multi-label cross-entropy",
        lambda: loss_forms(heads.HEADS["sigmoid"]),
        lambda: heads.multi_label_cross_entropy,
    ),
    "B1": Home(
        "output error", lambda: output_error_forms(heads.HEADS["softmax"]), lambda: heads.cross_entropy_error
    ),
    "B2": Home("error of a hidden layer", hidden_error_forms, lambda: network.hidden_error),
    "B3": Home("gradient of the weights", weight_gradient_forms, lambda: affine.weight_gradient),
    "B4": Home("gradient of the biases", bias_gradient_forms, lambda: affine.bias_gradient),
    "P1": Home("L2 penalty", lambda: penalty_forms("l2"), lambda: penalty.l2_penalty),
    "P2": Home("L1 penalty", lambda: penalty_forms("l1"), lambda: penalty.l1_penalty),
    "Q1": Home("quadratic cost", lambda: loss_forms(heads.HEADS["quadratic"]), lambda: heads.quadratic_cost),
    "Q2": Home(
        "output error of the quadratic cost",
        lambda: output_error_forms(heads.HEADS["quadratic"]),
        lambda: heads.quadratic_error,
    ),
    "S1": Home("label smoothing", smoothing_forms, lambda: heads.smooth_labels),
    "D1": Home("dropout", dropout_forms, lambda: network.dropout),
    "G1": Home("gradient descent", descent_forms, lambda: optimizers.descend),
}
"""In the order of the derivation."""

TAGS = tuple(HOMES)
