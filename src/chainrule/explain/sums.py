"""The two sums of a layer, F1 and the one within B2, with their numbers; and the size of what is listed."""

from __future__ import annotations

from collections.abc import Callable

from chainrule.explain.blocks import TIE, added, at, factor, layer, number, percent, top
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


def forward_sum(e: Numbers, L: int, j: int, digits: int = 5) -> tuple[str, ...]:
    """Σ_k W^L_jk a^{L-1}_k + b^L_j (F1): in symbols where it is long, and in numbers."""
    return _sum(
        lambda k: f"W{layer(L)}{at(j, k)}{TIE}a{layer(L - 1)}{at(k)}",
        (e.params[L].W[j], e.a[L - 1], e.terms(L, j)),
        ((f"b{layer(L)}{at(j)}", float(e.params[L].b[j])),),
        f"Σ|W{TIE}a|",
        digits,
    )


def backward_sum(e: Numbers, L: int, j: int, digits: int = 5) -> tuple[str, ...]:
    """Σ_i W^{L+1}_ij δ^{L+1}_i = ∂J/∂a^L_j, the first factor of B2."""
    return _sum(
        lambda i: f"W{layer(L + 1)}{at(i, j)}{TIE}δ{layer(L + 1)}{at(i)}",
        (e.params[L + 1].W[:, j], e.delta[L + 1], e.back_terms(L, j)),
        (),
        f"Σ|W{TIE}δ|",
        digits,
    )


def _sum(
    symbol: Callable[[int], str],
    parts: tuple[Floats, Floats, Floats],
    bias: tuple[tuple[str, float], ...],
    whole: str,
    digits: int,
) -> tuple[str, ...]:
    """The sum in numbers; a long one first in symbols, with its largest terms and the rest in one number."""
    u, v, terms = parts
    names, values = [name for name, _ in bias], [number(value, digits) for _, value in bias]
    if len(terms) <= SMALL:
        products = (f"{number(x, digits)}·{factor(y, digits)}" for x, y in zip(u, v, strict=True))
        return (added([*products, *values]),)
    largest = top(terms, TERMS)
    shown = [f"{number(u[k], digits)}·{factor(v[k], digits)}" for k in largest.places]
    left = "all 0" if largest.share == 1 else f"{percent(1 - largest.share)} of {whole}"
    others = f"{number(largest.rest, digits)} (the other {len(terms) - len(shown)} terms, {left})"
    symbols = added([*(symbol(k) for k in largest.places), "…", *names])
    return symbols, added([*shown, others, *values])
