"""How large a term becomes when algebra writes it as one fraction and multiplies out."""

from __future__ import annotations

from math import comb, prod
from typing import Any, NamedTuple

from chainrule.formulas.functions import Branch, Elementary

MAX_TERMS = 400
"""Of a fraction that is worth the time of algebra."""
COUNTED = 10**6


class Size(NamedTuple):
    """An upper bound of the terms above, and of those of each power below, the fraction bar."""

    above: int
    below: dict[Any, int]

    @property
    def terms(self) -> int:
        """The larger number of terms, above or below."""
        return max(self.above, prod(self.below.values()))


def manageable(term: Any) -> bool:
    """Whether the term can be multiplied out, and so can every argument of a function outside of others."""
    return fraction(term).terms <= MAX_TERMS


def fraction(term: Any) -> Size:
    """The size of a term as one fraction, its functions being taken for variables."""
    if isinstance(term, Elementary | Branch):
        return Size(1, {})
    if term.is_Mul:
        parts = [fraction(arg) for arg in term.args]
        below: dict[Any, int] = {}
        for part in parts:
            _join(below, part.below, lambda one, other: one * other)
        return Size(_capped(prod(part.above for part in parts)), below)
    if term.is_Add:
        parts = [fraction(arg) for arg in term.args]
        below = {}
        for part in parts:
            _join(below, part.below, max)
        whole = prod(below.values())
        return Size(_capped(sum(part.above * whole // prod(part.below.values()) for part in parts)), below)
    if term.is_Pow and term.exp.is_Integer:
        return _power(term.base, int(term.exp))
    return Size(1, {})


def _join(below: dict[Any, int], other: dict[Any, int], how: Any) -> None:
    for base, terms in other.items():
        below[base] = _capped(how(below.get(base, 1), terms))


def _power(base: Any, n: int) -> Size:
    inside = fraction(base)
    above = _multinomial(inside.above, abs(n))
    below = {factor: _multinomial(terms, abs(n)) for factor, terms in inside.below.items()}
    return Size(above, below) if n > 0 else Size(_capped(prod(below.values())), {base: above})


def _multinomial(terms: int, n: int) -> int:
    """The terms of (u_1 + … + u_k)^n."""
    return _capped(comb(n + terms - 1, n)) if terms < COUNTED else COUNTED


def _capped(terms: int) -> int:
    return min(terms, COUNTED)
