"""A picture of numbers in characters: half blocks in colour, or shades beside a sign where there is none."""

from __future__ import annotations

from math import ceil
from typing import TypeAlias

import numpy as np

from chainrule.explain.blocks import Picture
from chainrule.model.validate import Floats

Span: TypeAlias = tuple[str, str]
"""A text and its style, as rich writes styles."""
Colour: TypeAlias = tuple[int, int, int]

WHITE, BLACK, RED, BLUE = (255, 255, 255), (0, 0, 0), (178, 24, 43), (33, 102, 172)
SHADES = " ░▒▓█"
TALLEST = 16
"""Rows of a picture that may take two columns and a line for each number."""


def rows(picture: Picture, width: int, colour: bool) -> tuple[str, list[list[Span]]]:
    """The picture's title, which says what was left out, and its lines of at most ``width`` columns.

    In colour two numbers stand in one character, ▀; a small picture has two columns for every number.
    Without colour every number is two characters: its sign, and its size in quarters of the largest.
    """
    values = picture.values
    wide = not colour or (len(values) <= TALLEST and 2 * values.shape[1] <= width)
    step = ceil(values.shape[1] * (2 if wide else 1) / width)
    values = values[::step, ::step]
    title = picture.title + (f" (every {step}. pixel)" if step > 1 else "")
    shares = scaled(picture)[::step, ::step]
    if not colour:
        return title, [[("".join(_shade(t, picture.signed) for t in row), "")] for row in shares]
    return title, (_wide if wide else _half_blocks)(shares, picture.signed)


def scaled(picture: Picture) -> Floats:
    """Numbers from −1 to 1 with 0 at 0 where ``signed``; otherwise 0 at the least, 1 at the largest."""
    values = picture.values.astype(np.float64)
    if picture.signed:
        return values / (float(np.abs(values).max()) or 1.0)
    low, high = float(values.min()), float(values.max())
    return (values - low) / ((high - low) or 1.0)


def shade_of(share: float, signed: bool) -> Colour:
    """Blue for −1, white for 0, red for 1; black for 1 where numbers have no sign."""
    end = (RED if share > 0 else BLUE) if signed else BLACK
    red, green, blue = (round(w + abs(share) * (c - w)) for w, c in zip(WHITE, end, strict=True))
    return red, green, blue


def css(colour: Colour) -> str:
    """As rich and CSS write it."""
    return f"rgb({colour[0]},{colour[1]},{colour[2]})"


def _shade(share: float, signed: bool) -> str:
    size = SHADES[round(abs(share) * (len(SHADES) - 1))]
    if not signed or size == " ":
        return 2 * size
    return ("+" if share > 0 else "-") + size


def _wide(shares: Floats, signed: bool) -> list[list[Span]]:
    return [[("  ", f"on {css(shade_of(t, signed))}") for t in row] for row in shares]


def _half_blocks(shares: Floats, signed: bool) -> list[list[Span]]:
    pairs = [(shares[i], shares[i + 1] if i + 1 < len(shares) else None) for i in range(0, len(shares), 2)]
    return [
        [_half_block(t, None if lower is None else lower[k], signed) for k, t in enumerate(upper)]
        for upper, lower in pairs
    ]


def _half_block(upper: float, lower: float | None, signed: bool) -> Span:
    below = "" if lower is None else f" on {css(shade_of(lower, signed))}"
    return "▀", css(shade_of(upper, signed)) + below
