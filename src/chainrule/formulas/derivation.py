"""A derivation to read: numbered lines, the rule of each, and how it was checked."""

from __future__ import annotations

from decimal import Decimal, localcontext
from typing import Any, NamedTuple

import mpmath
import sympy as sp
from sympy.printing.latex import LatexPrinter
from sympy.printing.str import StrPrinter

from chainrule.calculus.rules import Step
from chainrule.errors import ChainruleError
from chainrule.formulas import exact
from chainrule.formulas.derivative import finished
from chainrule.formulas.functions import A, Z

LONG = 4
"""An argument with at least this many operations gets its own letter."""
LETTERS = "uvwpqr"
PLACES = (-2.375, -0.8125, 0.4375, 1.6875, 3.0625)
"""Where the lines of a derivation are compared, to `AGREE` digits."""
AGREE = 1e-40


class Line(NamedTuple):
    """One line: ``left`` = ``term`` by ``rule``. An empty ``left`` continues the line before."""

    left: str
    term: Any
    rule: str
    law: str = ""
    typed: str = ""

    def to_text(self) -> str:
        """The term in the language of formulas, as it was typed if it was."""
        return self.typed or as_text(self.term)

    def to_latex(self) -> str:
        """The term in LaTeX."""
        return as_latex(self.term)


class Derivation(NamedTuple):
    """What was derived, from the formula as it was written to the derivative as it is computed.

    Each line was compared with the one before at 5 points to 40 digits, the derivative with dual numbers.
    """

    lines: tuple[Line, ...]
    abbreviations: tuple[tuple[str, Any], ...] = ()
    compared: int = 0
    notes: tuple[str, ...] = ()

    def to_text(self) -> str:
        """The lines, with rules in a second column where they fit."""
        rows = [(f"{line.left or '':>9} = {line.to_text()}", _reason(line)) for line in self.lines]
        width = min(72, max(len(equation) for equation, _ in rows))
        out = []
        for equation, reason in rows:
            if len(equation) <= width:
                out.append(f"{equation:<{width}}   {reason}")
            else:
                out += [equation, f"{'':<{width}}   {reason}"]
        where = [f"    where {letter} = {as_text(term)}" for letter, term in self.abbreviations]
        checked = f"each line agrees with the one before to 40 digits, at {self.compared} points"
        return "\n".join([*(line.rstrip() for line in out), *where, *self.notes, checked])

    def to_latex(self) -> str:
        """The lines as one aligned formula."""
        rows = [
            rf"{_tex_left(line.left)} &= {line.to_latex()} && \text{{{_reason(line)}}}" for line in self.lines
        ]
        body = " \\\\\n".join(rows)
        return f"$$\\begin{{aligned}}\n{body}\n\\end{{aligned}}$$"

    def __str__(self) -> str:
        return self.to_text()

    def _repr_latex_(self) -> str:
        return self.to_latex()


class Work(NamedTuple):
    """What a derivation is made of: the formula and its forms, the steps, the result in x and perhaps a."""

    typed: str
    written: Any
    readable: Any
    laws: tuple[str, ...]
    steps: list[Step]
    result: Any
    a: Any


def derivation(name: str, x: sp.Symbol, work: Work, notes: tuple[str, ...] = ()) -> Derivation:
    """Join the parts to one derivation of ``name``(x), after comparing every line with the one before.

    Raises:
        ChainruleError: two lines differ, which is a mistake of chainrule.
    """
    lines = [Line(f"{name}({x})", work.written, "as it was written", typed=work.typed)]
    if work.readable != work.written:
        lines.append(Line("", work.readable, "rewritten", "; ".join(work.laws)))
    first, *others = work.steps
    lines.append(Line(f"{name}'({x})", first.term, "to derive"))
    lines += [Line("", step.term, rule.name, rule.law) for step in others for rule in step.rules]
    if work.result.xreplace({A: work.a}) != lines[-1].term:
        of_a = "a is φ(z)" if name == "φ" else "a is the output"
        by_value = of_a if work.result.has(A) else ""
        lines.append(Line("", work.result, "simplified; the most accurate form", by_value))
    elif work.result != lines[-1].term:
        lines.append(Line("", work.result, f"with a = {as_text(work.a)}"))
    compared = _compare(lines, work, x)
    shown, letters = _abbreviated(lines)
    return Derivation(tuple(shown), tuple(letters), compared, notes)


def _compare(lines: list[Line], work: Work, x: sp.Symbol) -> int:
    """Hold every line to dual numbers of the formula as written, at several places; returns how many."""
    others = sorted(work.written.free_symbols - {x}, key=str)
    terms = [finished(line.term).xreplace({A: work.a}) for line in lines]
    compared = 0
    for k, place in enumerate(PLACES if x == Z else [-abs(place) for place in PLACES]):
        at = {x: place, **{symbol: abs(PLACES[k - i - 1]) / 4 for i, symbol in enumerate(others)}}
        try:
            known = exact.evaluate(work.written, at, x, digits=60)
            found = [exact.evaluate(term, at, x, digits=60).value for term in terms]
        except (exact.Undefined, exact.TooLarge):
            continue
        right = known.value
        for line, got in zip(lines, found, strict=True):
            right = known.slope if line.rule == "to derive" else right
            if abs(got - right) > AGREE * (1 + abs(right)):
                raise ChainruleError(
                    f"every line of a derivation must agree with the one before; {as_text(line.term)} is "
                    f"{mpmath.nstr(got, 8)} at {x} = {place} and must be {mpmath.nstr(right, 8)}. "
                    "This is a mistake in chainrule: please report the formula."
                )
        compared += 1
    return compared


def _abbreviated(lines: list[Line]) -> tuple[list[Line], list[tuple[str, Any]]]:
    """Give long arguments that stand in several lines a letter; pending derivatives show them in full."""
    counts: dict[Any, int] = {}
    for line in lines:
        for node in sp.preorder_traversal(line.term):
            if isinstance(node, sp.Function) and len(node.args) == 1:
                inner = node.args[0]
                if sp.count_ops(inner) >= LONG:
                    counts[inner] = counts.get(inner, 0) + 1
    chosen = sorted((u for u, n in counts.items() if n > 3), key=sp.count_ops)[: len(LETTERS)]
    letters = {u: sp.Symbol(letter, real=True) for u, letter in zip(chosen, LETTERS, strict=False)}
    if not letters:
        return lines, []
    inside = {
        node: node.func(letters[node.args[0]])
        for line in lines
        for node in sp.preorder_traversal(line.term)
        if isinstance(node, sp.Function) and len(node.args) == 1 and node.args[0] in letters
    }
    shown = [
        line if i == 0 else line._replace(term=line.term.xreplace(inside)) for i, line in enumerate(lines)
    ]
    return shown, [(symbol.name, u) for u, symbol in letters.items()]


def _reason(line: Line) -> str:
    return f"{line.rule}: {line.law}" if line.law else line.rule


def _tex_left(left: str) -> str:
    return left.replace("φ", r"\varphi").replace("ℓ", r"\ell")


def _decimal(number: Any) -> str | None:
    """1.702 rather than 851/500; None for whole numbers and simple fractions."""
    p, q = abs(number.p), number.q
    if q <= 10:
        return None
    twos_and_fives = q
    for prime in (2, 5):
        while twos_and_fives % prime == 0:
            twos_and_fives //= prime
    with localcontext() as context:
        context.prec = 100
        return None if twos_and_fives != 1 else format(Decimal(int(p)) / int(q), "f")


def _with_decimals(term: Any) -> Any:
    """Fractions such as 851/500 as symbols that print as 1.702."""
    if term.is_Rational:
        text = _decimal(term)
        return term if text is None else sp.sign(term) * sp.Symbol(text, positive=True)
    return term.func(*map(_with_decimals, term.args)) if term.args else term


class _Text(StrPrinter):
    """SymPy's own printer, but for e, which it calls E, and for its powers."""

    def _print_Exp1(self, expr: Any) -> str:
        return "e"

    def _print_ExpBase(self, expr: Any) -> str:
        return f"exp({self._print(expr.args[0])})"


def as_text(term: Any) -> str:
    """A term in the language of formulas: what is printed can be read again."""
    return str(_Text().doprint(_with_decimals(term)))


def as_latex(term: Any) -> str:
    """A term in LaTeX."""
    return str(LatexPrinter({"ln_notation": False}).doprint(_with_decimals(term)))
