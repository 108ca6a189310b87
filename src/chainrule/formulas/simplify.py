"""Equal forms of a term, from which the most accurate is chosen by measurement."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import sympy as sp

from chainrule.formulas.functions import Branch, Elementary, Sigmoid
from chainrule.formulas.size import manageable
from chainrule.formulas.stable import rewrite

MAX_OPERATIONS = 250
"""Of terms that are worth the time of a factorisation."""


def forms(term: Any) -> list[Any]:
    """Terms equal to this one: itself, its stable form, and what algebra makes of that."""
    stable, _ = rewrite(term)
    found = [term, stable]
    for start in dict.fromkeys((stable, _one_sided(stable))):
        if sp.count_ops(start) <= MAX_OPERATIONS and manageable(start):
            found += [rewrite(_algebra(start, change))[0] for change in CHANGES]
    return list(dict.fromkeys(found))


def _one_sided(term: Any) -> Any:
    """σ(−u) as 1 − σ(u), so that both can meet."""
    return term.replace(
        lambda node: isinstance(node, Sigmoid) and node.args[0].could_extract_minus_sign(),
        lambda node: 1 - Sigmoid(-node.args[0]),
    )


def _algebra(term: Any, change: Callable[[Any], Any]) -> Any:
    """Change a term as a fraction of polynomials in its functions, branch by branch."""
    if isinstance(term, Branch):
        u, p, q = term.args
        return Branch(u, _algebra(p, change), _algebra(q, change))
    opaque: dict[Any, Any] = {}
    hidden = _hide(term, opaque)
    return change(hidden).xreplace({dummy: inner for inner, dummy in opaque.items()})


def _hide(term: Any, opaque: dict[Any, Any]) -> Any:
    if isinstance(term, Elementary | Branch) or (term.is_Pow and not term.exp.is_Integer):
        return opaque.setdefault(term, sp.Dummy(str(len(opaque))))
    return term.func(*(_hide(arg, opaque) for arg in term.args)) if term.args else term


CHANGES: tuple[Callable[[Any], Any], ...] = (
    sp.factor_terms,
    sp.together,
    sp.cancel,
    sp.factor,
    lambda term: sp.factor_terms(sp.expand(term)),
)
