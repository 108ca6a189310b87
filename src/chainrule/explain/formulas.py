"""The formulas of a head or an activation with the symbols of a layer in them, or with numbers."""

from __future__ import annotations

import re
from collections.abc import Mapping

from chainrule.equations.printed import Formula
from chainrule.explain.blocks import at, layer, number

SYMBOL = re.compile(r"\b([azyp])_([mk])(?![a-z])")
"""z_m, a_m, y_m, p_m, and z_k, a_k within a sum over outputs."""
NUMBER = re.compile(r"Σ_k ℓ'_k|ℓ'_m|\b[azyp]_m(?![a-z])")
TWICE = re.compile(r"\(\((-[^()]*)\)\)")
"""A negative number within brackets already."""


def in_layer(text: str, L: int, m: int | str = "m") -> str:
    """The formula as the derivation writes it, with z^L_m for z_m; y and p have no layer.

    ``m``: the output, counted from 0 as in Python, or its letter.
    """

    def symbol(found: re.Match[str]) -> str:
        name, index = found.groups()
        return f"{name}{layer(L) if name in 'az' else ''}{at(m if index == 'm' else index)}"

    return SYMBOL.sub(symbol, text).replace("ℓ'_m", f"ℓ'{at(m)}").replace("·", " ")


def in_numbers(text: str, values: Mapping[str, float], digits: int = 5) -> str:
    """The formula with numbers in the place of its symbols; a number with a sign stands in brackets."""

    def put_in(found: re.Match[str]) -> str:
        shown = number(values[found[0]], digits)
        return f"({shown})" if shown.startswith("-") else shown

    return TWICE.sub(r"(\1)", NUMBER.sub(put_in, text))


def is_computable(text: str, values: Mapping[str, float]) -> bool:
    """Whether printed digits are enough: 0 and 1 are not, where a logarithm of a or 1 − a follows."""
    return "log" not in text or number(values["a_m"]) not in ("0", "1")


def steps(formula: Formula, L: int, m: int | str = "m") -> tuple[str, ...]:
    """Every step of a formula in the layer's symbols."""
    return tuple(in_layer(step, L, m) for step in formula.steps)
