"""The derivative of a formula, one rule a line, every line a whole equation."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import sympy as sp

from chainrule.calculus import rules
from chainrule.calculus.rules import Rule, Step, differentiate
from chainrule.errors import InputError
from chainrule.formulas.functions import XP, Branch, D, Elementary

MAX_OPERATIONS = 3000
"""Of a line; a longer one helps nobody."""


@dataclass(frozen=True)
class _SymPy:
    """Terms of SymPy: a constant factor is drawn out first, and a quotient has the variable on both sides."""

    variable: sp.Symbol
    add = staticmethod(sp.Add)
    times = staticmethod(sp.Mul)

    def operation(self, u: Any) -> tuple[str, tuple[Any, ...]]:
        if u.is_Mul:
            constant, rest = u.as_independent(self.variable, as_Add=False)
            if constant != 1:
                return "*", (constant, rest)
            above, below = sp.fraction(u)
            return ("/", (above, below)) if self.depends(above) and self.depends(below) else ("*", u.args)
        if isinstance(u, Elementary):
            return u.key, u.args
        return ("where" if isinstance(u, Branch) else "**" if u.is_Pow else "+"), u.args

    def depends(self, u: Any) -> bool:
        return bool(u.has(self.variable))

    def is_symbol(self, u: Any) -> bool:
        return bool(u == self.variable)

    def d(self, u: Any) -> Any:
        return D(u, self.variable) if self.depends(u) else sp.Integer(0)

    def inside(self, u: Any) -> Any:
        kept = 1 if isinstance(u, Branch) else 0  # the condition
        return u.func(*u.args[:kept], *map(self.d, u.args[kept:]))

    def build(self, body: Callable[[Any, Any], Any], u: Any) -> Any:
        return sp.sympify(body(XP, u))

    def apply(self, d: Any) -> Step:
        (u, x) = d.args
        if u == x:
            return Step(sp.Integer(1), (Rule("the variable itself", f"({x})' = 1"),))
        return differentiate(u, self)


def steps(term: Any, x: sp.Symbol) -> list[Step]:
    """Differentiate ``term`` in ``x``: the lines from (term)' to a term without a derivative.

    In each line the rule of the leftmost pending derivative is applied wherever it fits.

    Raises:
        InputError: a line has more than `MAX_OPERATIONS`.
    """
    lines = [Step(D(term, x), (Rule("to derive"),))]
    for step in rules.steps(lines[0].term, _pending, _SymPy(x).apply, _put, one_rule=True):
        lines.append(step)
        if sp.count_ops(step.term) > MAX_OPERATIONS:
            raise InputError(
                "a formula must stay readable; the derivative has more than "
                f"{MAX_OPERATIONS} operations. Write a shorter one."
            )
    return lines


def _pending(term: Any) -> list[Any]:
    """The derivatives still to be taken, from left to right, innermost ones excluded."""
    if isinstance(term, D):
        return [term]
    return [d for arg in term.args for d in _pending(arg)]


def _put(term: Any, found: Mapping[Any, Any]) -> Step:
    return Step(term.xreplace(found))


def finished(term: Any) -> Any:
    """The term with every pending derivative taken, by SymPy's own rules."""
    return term.replace(D, lambda u, x: sp.diff(u, x))
