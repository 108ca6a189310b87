"""What all figures share: colours, sizes, titles, names along an axis, and how they are written."""

from __future__ import annotations

import io
import math
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine

from chainrule.errors import InputError
from chainrule.escaping.characters import visible
from chainrule.files.atomic import atomic_write
from chainrule.plots.fonts import drawable, families

BLUE, ORANGE, GREEN, GREY = "#0072B2", "#D55E00", "#009E73", "#6B6B6B"
TITLE_SIZE, SMALL_SIZE, DPI = 12, 8, 150
_MOST_NAMES, _LONGEST_NAME = 60, 24


def save(figure: Figure, path: str | os.PathLike[str]) -> None:
    """Write ``figure`` to ``path`` as PNG, wholly or not at all.

    Raises:
        InputError: the name ends in something other than ``.png``.
        StorageError: the disk refused.
    """
    if Path(path).suffix.lower() not in ("", ".png"):
        raise InputError(f"a figure's file must end in .png; got {os.fspath(path)!r}. Rename it.")
    content = io.BytesIO()
    figure.savefig(content, format="png", dpi=DPI)
    atomic_write(path, content.getvalue())


def empty_figure(width: float, height: float, compress: bool = False) -> Figure:
    """Make an empty figure; ``compress`` where panels keep their aspect, or their labels may be cut off."""
    layout = ConstrainedLayoutEngine(w_pad=0.1, h_pad=0.1, compress=compress)
    return Figure(figsize=(width, height), layout=layout, facecolor="white")


def headline(figure: Figure, text: str) -> None:
    """Put a title over all panels; where the layout is fixed, 0.1 inch below the upper edge."""
    text = drawable(text)
    look: dict[str, Any] = {"fontsize": TITLE_SIZE, "fontfamily": families([text]), "parse_math": False}
    if figure.get_layout_engine() is None:
        look |= {"y": 1 - 0.1 / figure.get_figheight(), "va": "top"}
    figure.suptitle(text, **look)


def message(text: str) -> Figure:
    """Make a figure that says ``text`` and nothing else."""
    figure = empty_figure(6, 2)
    figure.text(0.5, 0.5, text, ha="center", va="center", fontsize=TITLE_SIZE, parse_math=False)
    return figure


def tidy(axes: Axes, grid: str = "both") -> None:
    """Leave the lines that help to read values, behind the data, and no frame."""
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(axis=grid, color="#E2E2E2", linewidth=0.8)  # type: ignore[arg-type]
    axes.set_axisbelow(True)


def name_axis(axes: Axes, which: str, names: Sequence[str], upright: bool = False) -> None:
    """Write names at 0, 1, …; if there are very many, only every second, third, … name."""
    step = math.ceil(len(names) / _MOST_NAMES)
    axis = axes.xaxis if which == "x" else axes.yaxis
    size = 9 if len(names) <= 30 else 7
    axis.set_ticks(
        range(0, len(names), step), labels=names[::step], fontsize=size, parse_math=False,
        rotation=90 if upright else 0, fontfamily=families(names),
    )  # fmt: skip
    axis.set_tick_params(length=0)


def short(names: Sequence[str]) -> list[str]:
    """Shorten names so that they fit beside an axis."""
    return [shorten(name, _LONGEST_NAME) for name in names]


def shorten(name: str, longest: int) -> str:
    """Leave out the middle of a long name: what tells names apart is often at their end.

    What no font here can draw is escaped.
    """
    line = drawable(" ".join(visible(str(name)).split()))
    if len(line) <= longest:
        return line
    head, tail = longest // 2, (longest - 1) // 2
    return f"{line[:head].rstrip()}…{line[-tail:].lstrip()}"


def counted(number: int, noun: str) -> str:
    """Return ``1 sample``, ``2 samples``."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
