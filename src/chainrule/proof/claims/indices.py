"""Sums over indices that run from 1 to a symbolic size, brought to a normal form.

Every sum is multiplied out, Kronecker's delta is carried out, factors without the index stand outside, and
what remains is split into sums that hang together. Bound indices are then numbered, outermost highest,
in the order that makes the term smallest. Two polynomials in entries and opaque terms agree for all sizes
if and only if their normal forms do. Fractions inside a sum are compared over a common denominator; what
is still different is refused.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from itertools import groupby, permutations, product
from typing import Any

import sympy as sp

from chainrule.proof.claims.symbolic import Unproven, is_zero

Delta = sp.KroneckerDelta


class Index(sp.Dummy):
    """An index from 1 to ``size``; bound ones carry the number that the normal form gives them."""

    __slots__ = ("number", "size")


class Distribution(sp.IndexedBase):
    """An array whose entries along the last axis sum to 1."""


def fresh(size: Any, name: str = "i") -> Index:
    """A new free index."""
    return _numbered(Index(name, integer=True, positive=True), size, 0)


@cache
def bound(size: Any, number: int) -> Index:
    """The bound index of that number: always the same symbol."""
    return _numbered(Index(f"j{number}", integer=True, positive=True), size, number)


def _numbered(index: Index, size: Any, number: int) -> Index:
    index.size, index.number = size, number
    return index


def normal(term: Any) -> Any:
    """The normal form, from the innermost sums outwards."""
    if isinstance(term, sp.Sum):
        own = _own(term)
        inner = normal(term.function.xreplace(own))
        for index in own.values():
            inner = total(inner, index)
        return inner
    if not term.has(sp.Sum, Delta):
        return sp.expand(term)
    return sp.expand(term.func(*map(normal, term.args))) if term.args else term


def _own(term: Any) -> dict[Index, Index]:
    """New names for the bound indices of a sum, so that no two sums share one."""
    return {index: fresh(index.size) for index, *_ in term.limits}


def total(term: Any, index: Index) -> Any:
    """Σ over one index of a normal term, in normal form."""
    return sp.Add(*(_total(part, index) for part in sp.Add.make_args(sp.expand(term))))


def _total(part: Any, i: Index) -> Any:
    """Σ_i of one product."""
    deltas = [factor for factor in sp.Mul.make_args(part) if isinstance(factor, Delta) and i in factor.args]
    if deltas:
        return normal((part / deltas[0]).xreplace({i: _other(deltas[0], i)}))
    constant, rest = part.as_independent(i, as_Add=False)
    if rest == 1:
        return constant * i.size
    return constant * _connected(rest, i)


def _other(delta: Any, i: Index) -> Any:
    (other,) = set(delta.args) - {i}
    if getattr(other, "size", None) != i.size:
        raise Unproven(f"two equal indices must run over the same size; got {delta}.")
    return other


def _connected(rest: Any, i: Index) -> Any:
    """Σ_i of factors that all depend on i, with the sums among them opened and their indices joined."""
    factors, indices = [], [i]
    for factor in sp.Mul.make_args(rest):
        base, n = factor.as_base_exp()
        if isinstance(base, sp.Sum) and n.is_Integer and n > 0:
            for _ in range(n):
                own = _own(base)
                factors.append(base.function.xreplace(own))
                indices += own.values()
        else:
            factors.append(factor)
    body = sp.Mul(*factors)
    shares = _shares(body, indices)
    if shares is None:
        return _named(body, indices)
    rest = body / shares
    for index in indices:
        if index != shares.indices[-1]:
            rest = total(rest, index)
    return rest


def _shares(body: Any, indices: list[Index]) -> Any:
    """A factor y[i, k] that sums to 1, as k is bound and no other factor depends on it; or None."""
    for factor in sp.Mul.make_args(body):
        if isinstance(factor, sp.Indexed) and isinstance(factor.base, Distribution):
            k = factor.indices[-1]
            if k in indices and not (body / factor).has(k) and k not in factor.indices[:-1]:
                return factor
    return None


def _named(body: Any, indices: list[Index]) -> Any:
    """The sum with its bound indices numbered: of all orders the one whose term is smallest."""
    forms = [(normal(body.xreplace(naming)), naming) for naming in _namings(body, indices)]
    form, naming = min(forms, key=lambda found: sp.default_sort_key(found[0]))
    limits = sorted(naming.values(), key=lambda index: index.number)
    return sp.Sum(form, *((index, 1, index.size) for index in limits))


def _namings(body: Any, indices: list[Index]) -> Iterator[dict[Index, Index]]:
    """Every way to number them above the sums within, indices of one size next to each other."""
    first = 1 + max((limit[0].number for part in body.atoms(sp.Sum) for limit in part.limits), default=0)
    ordered = sorted(indices, key=lambda index: str(index.size))
    groups = [list(group) for _, group in groupby(ordered, key=lambda index: index.size)]
    names = [bound(index.size, number) for number, index in enumerate(ordered, first)]
    for chosen in product(*map(permutations, groups)):
        yield dict(zip((index for group in chosen for index in group), names, strict=True))


def joined(term: Any) -> Any:
    """The same term; where Kronecker's delta stands before a product, its factors have one index, not two."""
    return sp.Add(*map(_joined, sp.Add.make_args(term)))


def _joined(part: Any) -> Any:
    for delta in [factor for factor in sp.Mul.make_args(part) if isinstance(factor, Delta)]:
        p, q = sorted(delta.args, key=sp.default_sort_key)
        part = delta * (part / delta).xreplace({q: p})
    return part


def vanishes(term: Any) -> bool:
    """Whether a term is identically zero, whatever the sizes: exact, every normal sum taken for a symbol."""
    term = normal(joined(normal(sp.sympify(term))))
    return _is_zero(term) or all(map(_is_zero, _under_one_sum(term)))


def _is_zero(term: Any) -> bool:
    sums = {part: sp.Dummy(real=True) for part in term.atoms(sp.Sum)}
    return is_zero(term.xreplace(sums))


def _under_one_sum(term: Any) -> list[Any]:
    """What sums of the same indices add up, brought together: so fractions find their common denominator."""
    summands = defaultdict(list)
    for part in sp.Add.make_args(term):
        sums = [factor for factor in sp.Mul.make_args(part) if isinstance(factor, sp.Sum)]
        if len(sums) == 1:
            summands[sums[0].limits].append(part / sums[0] * sums[0].function)
        else:
            summands[()].append(part)
    return [sp.Add(*together) for together in summands.values()]
