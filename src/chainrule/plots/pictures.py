"""Rows of numbers as pictures, and the grid they are shown in."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from chainrule.errors import InputError


def grid(
    count: int,
    picture: tuple[int, ...],
    *,
    title_lines: int,
    foot: bool = False,
    bar: bool = False,
) -> tuple[Figure, list[Axes]]:
    """Lay out ``count`` pictures in a figure of the size they need; with ``bar``, the last axes are for one.

    Measured in inches, because matplotlib's constrained layout takes seconds for a hundred panels.
    """
    columns = count if count <= 5 else math.ceil(math.sqrt(count))
    lines = math.ceil(count / columns)
    wide = 1.0 if title_lines == 1 else 1.5
    tall = wide * min(max(picture[0] / picture[1], 0.4), 2.5)
    over, under, gap = 0.08 + 0.14 * title_lines, (0.24 if foot else 0.06), (0.3 if foot else 0.1)
    content = columns * (wide + gap)
    width = max(content, 3.8) + (1.2 if bar else 0.2)
    height = lines * (over + tall + under) + 0.5
    left = 0.1 + (max(content, 3.8) - content + gap) / 2
    figure = Figure(figsize=(width, height), facecolor="white")
    cells = []
    for place in range(count):
        line, column = divmod(place, columns)
        x = left + column * (wide + gap)
        y = height - 0.4 - (line + 1) * (over + tall) - line * under
        axes = figure.add_axes((x / width, y / height, wide / width, tall / height))
        axes.set(xticks=[], yticks=[])
        axes.spines[:].set_color("#CCCCCC")
        cells.append(axes)
    if bar:
        figure.add_axes(((width - 0.95) / width, 0.16 / height, 0.14 / width, (height - 0.78) / height))
    return figure, cells


def as_pictures(rows: NDArray[np.float64], shape: Sequence[int] | None) -> NDArray[np.float64] | None:
    """Return rows as pictures (N, height, width) or (N, height, width, 3); None if they are none."""
    if shape is None or len(shape) < 2:
        return None
    size = tuple(int(n) for n in shape)
    if len(size) == 3 and size[2] == 1:
        size = size[:2]
    if len(size) > 3 or (len(size) == 3 and size[2] != 3):
        raise InputError(
            f"a picture's shape must be (height, width) or (height, width, 3); got {tuple(shape)}. "
            "Move the channels last, or pass None."
        )
    if math.prod(size) != rows.shape[1]:
        raise InputError(
            f"a picture of shape {size} must have {math.prod(size)} inputs; got {rows.shape[1]}. "
            "Pass the shape of one sample, or None."
        )
    return rows.reshape(-1, *size)


def check_count(count: int) -> None:
    """Refuse to show fewer than one."""
    if count < 1:
        raise InputError(f"count must be at least 1; got {count}. Say how many to show.")
