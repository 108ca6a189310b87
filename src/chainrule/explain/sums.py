"""The two sums of a layer, F1 and the one within B2, with their numbers; and the size of what is listed."""

from __future__ import annotations

from collections.abc import Callable

from chainrule.explain.blocks import TIE, added, factor, number, percent, top
from chainrule.explain.numbers import Numbers
from chainrule.model.validate import Floats

SMALL = 12
"""Layers up to this width are listed whole."""
SHOWN = 5
"""Neurons shown of a wider layer."""
TERMS = 4
"""Terms shown of a longer sum."""


def neurons(values: Floats) -> tuple[int, ...]:
    """All places where there are few, otherwise those of the largest values."""
    return tuple(range(len(values))) if len(values) <= SMALL else top(values, SHOWN).places


def forward_sum(e: Numbers, L: int, j: int) -> tuple[str, ...]:
    """Σ_k W^L_jk a^{L-1}_k + b^L_j (F1)."""
    return _sum(
        lambda k: f"W^{L}_{j},{k}{TIE}a^{L - 1}_{k}",
        (e.params[L].W[j], e.a[L - 1], e.terms(L, j)),
        ((f"b^{L}_{j}", float(e.params[L].b[j])),),
        f"Σ|W{TIE}a|",
    )


def backward_sum(e: Numbers, L: int, j: int) -> tuple[str, ...]:
    """Σ_i W^{L+1}_ij δ^{L+1}_i = ∂J/∂a^L_j, the first factor of B2."""
    return _sum(
        lambda i: f"W^{L + 1}_{i},{j}{TIE}δ^{L + 1}_{i}",
        (e.params[L + 1].W[:, j], e.delta[L + 1], e.back_terms(L, j)),
        (),
        f"Σ|W{TIE}δ|",
    )


def _sum(
    symbol: Callable[[int], str],
    parts: tuple[Floats, Floats, Floats],
    bias: tuple[tuple[str, float], ...],
    whole: str,
) -> tuple[str, ...]:
    """The sum in numbers; a long one first in symbols, with its largest terms and the rest in one number."""
    u, v, terms = parts
    names, values = [name for name, _ in bias], [number(value) for _, value in bias]
    if len(terms) <= SMALL:
        return (added([*(f"{number(x)}·{factor(y)}" for x, y in zip(u, v, strict=True)), *values]),)
    largest = top(terms, TERMS)
    shown = [f"{number(u[k])}·{factor(v[k])}" for k in largest.places]
    left = "all 0" if largest.share == 1 else f"{percent(1 - largest.share)} of {whole}"
    others = f"{number(largest.rest)} (the other {len(terms) - len(shown)} terms, {left})"
    symbols = added([*(symbol(k) for k in largest.places), "…", *names])
    return symbols, added([*shown, others, *values])
