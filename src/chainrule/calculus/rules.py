"""The derivative of a term, one rule at a time, every line a whole equation."""

from __future__ import annotations

from typing import Any, NamedTuple

import sympy as sp

from chainrule.formulas.functions import Branch, D, Elementary

MAX_OPERATIONS = 3000
"""Of a line; a longer one helps nobody."""


class Step(NamedTuple):
    """One line of a derivation: the term, and the rule that makes it equal to the line before."""

    term: Any
    rule: str
    law: str = ""


class TooLong(ArithmeticError):
    """The derivative grew beyond `MAX_OPERATIONS`."""


def steps(term: Any, x: sp.Symbol) -> list[Step]:
    """Differentiate ``term`` in ``x``: the lines from (term)' to a term without a derivative.

    In each line the rule of the leftmost pending derivative is applied wherever it fits.
    """
    lines = [Step(D(term, x), "to derive")]
    while pending := _pending(lines[-1].term):
        name = _apply(pending[0]).rule
        applied = {d: step for d in pending if (step := _apply(d)).rule == name}
        line = lines[-1].term.xreplace({d: step.term for d, step in applied.items()})
        laws = dict.fromkeys(step.law for step in applied.values())
        lines.append(Step(line, name, "; ".join(laws)))
        if sp.count_ops(line) > MAX_OPERATIONS:
            raise TooLong(f"the derivative has more than {MAX_OPERATIONS} operations")
    return lines


def _pending(term: Any) -> list[Any]:
    """The derivatives still to be taken, from left to right, innermost ones excluded."""
    if isinstance(term, D):
        return [term]
    return [d for arg in term.args for d in _pending(arg)]


def _apply(d: Any) -> Step:
    u, x = d.args
    if u == x:
        return Step(sp.Integer(1), "the variable itself", f"({x})' = 1")
    if not u.has(x):
        return Step(sp.Integer(0), "constant", "c' = 0")
    if u.is_Add:
        parts = [D(arg, x) for arg in u.args if arg.has(x)]
        return Step(sp.Add(*parts), "sum rule", "(u + v)' = u' + v', c' = 0")
    if u.is_Mul:
        return _of_product(u, x)
    if u.is_Pow:
        return Step(u.exp * u.base ** (u.exp - 1) * D(u.base, x), "power rule", "(uⁿ)' = n uⁿ⁻¹ u'")
    if isinstance(u, Branch):
        condition, p, q = u.args
        sides = (D(side, x) if side.has(x) else sp.Integer(0) for side in (p, q))
        return Step(Branch(condition, *sides), "branch by branch", "where the branch does not change")
    assert isinstance(u, Elementary), u
    (inner,) = u.args
    if inner == x:
        return Step(u.slope(), f"derivative of {u.word}", u.law)
    return Step(u.slope() * D(inner, x), f"chain rule, {u.word}", u.law)


def _of_product(u: Any, x: sp.Symbol) -> Step:
    constant, rest = u.as_independent(x, as_Add=False)
    if constant != 1:
        return Step(constant * D(rest, x), "constant factor", "(c u)' = c u'")
    above, below = sp.fraction(u)
    if above.has(x) and below.has(x):
        quotient = (D(above, x) * below - above * D(below, x)) / below**2
        return Step(quotient, "quotient rule", "(u/v)' = (u' v − u v')/v²")
    parts = u.args
    products = (sp.Mul(*parts[:i], D(part, x), *parts[i + 1 :]) for i, part in enumerate(parts))
    return Step(sp.Add(*products), "product rule", "(u v)' = u' v + u v'")


def finished(term: Any) -> Any:
    """The term with every pending derivative taken, by SymPy's own rules."""
    return term.replace(D, lambda u, x: sp.diff(u, x))
