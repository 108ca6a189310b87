"""The charts of a report: curves, calibration, gradients. Each is an ``<svg>`` for the page."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from chainrule.escaping.markup import html as escape
from chainrule.history import EpochRecord, best_of
from chainrule.report.measures import Bin
from chainrule.report.svg import (
    BOTTOM,
    HEIGHT,
    LEFT,
    RIGHT,
    TOP,
    WIDTH,
    Axis,
    Frame,
    Line,
    chart,
    curve,
    decades,
    end_labels,
    linear,
    upright,
    whole,
)

FIRST, SECOND, THIRD = "var(--c1)", "var(--c2)", "var(--c3)"
SEVERAL = tuple(f"var(--c{i})" for i in range(1, 7))
DASHES = ("", "6 4", "2 3")

LAYER_COLOURS = ((0x00, 0x72, 0xB2), (0x1F, 0xA1, 0x87), (0xE0, 0x8A, 0x1E), (0xC9, 0x3C, 0x5B))
"""From layer 1 to the output layer, by way of these; readable on white and on black."""


def percent(value: float) -> str:
    """A share as a tick."""
    return f"{100 * value:.4g} %"


def history(records: Sequence[EpochRecord], name: str, label: str) -> str:
    """Training (solid) and validation (dashed) of loss or accuracy by epoch; the best epoch is marked."""
    lines = [_column(records, name, FIRST, "training"), _column(records, f"val_{name}", SECOND, "validation")]
    return epochs([line for line in lines if line.y], label, share=name == "accuracy", best=best_of(records))


def _column(records: Sequence[EpochRecord], name: str, colour: str, text: str) -> Line:
    known = [record for record in records if getattr(record, name) is not None]
    dash = "6 4" if text == "validation" else ""
    return Line([r.epoch for r in known], [getattr(r, name) for r in known], colour, text, dash)


def epochs(
    lines: Sequence[Line],
    label: str,
    *,
    share: bool = False,
    best: EpochRecord | None = None,
    even: bool = False,
) -> str:
    """Curves over epochs; ``even``: on a linear scale, however many decades they span."""
    values = [y for line in lines for y in line.y if math.isfinite(y)] or [0.0, 1.0]
    steps = [int(x) for line in lines for x in line.x] or [1]
    across = whole(min(steps), max(steps))
    frame = Frame(across, _values_axis(values, share, even))
    inside = [] if best is None else [upright(frame, best.epoch, f"best epoch: {best.epoch}")]
    for line in lines:
        inside += curve(frame, line, _tell_epoch(line.name, share))
    return chart(frame, inside, title=f"{label} by epoch", x_label="epoch", y_label=label)


def _values_axis(values: Sequence[float], share: bool, even: bool) -> Axis:
    low, high = min(values), max(values)
    if share:
        room = max(0.02, 0.05 * (high - low))
        return linear(max(0.0, low - room), min(1.0, high + room), percent)
    if low > 0 and high > 100 * low and not even:
        return decades(low, high)
    room = 0.05 * (high - low)
    return linear(max(0.0, low - room) if low >= 0 else low - room, high + room)


def _tell_epoch(name: str, share: bool) -> Callable[[float, float], str]:
    def tell(x: float, y: float) -> str:
        value = f"{100 * y:.2f} %" if share else f"{y:.4g}"
        return f"{name}, epoch {x:.0f}: {value}".lstrip(", ")

    return tell


def rates(records: Sequence[EpochRecord]) -> str:
    """The learning rate by epoch."""
    line = Line([r.epoch for r in records], [r.learning_rate for r in records], THIRD, "η")
    return epochs([line], "learning rate η", even=True)


def layer_colour(L: int, H: int) -> str:
    """The colour of a layer, counted from 1."""
    at = (L - 1) / max(H - 1, 1) * (len(LAYER_COLOURS) - 1)
    i = min(int(at), len(LAYER_COLOURS) - 2)
    mixed = (
        round(a + (at - i) * (b - a)) for a, b in zip(LAYER_COLOURS[i], LAYER_COLOURS[i + 1], strict=True)
    )
    return "#{:02x}{:02x}{:02x}".format(*mixed)


def gradients(steps: Sequence[int], values: NDArray[np.float64], label: str, least: float = 1e-30) -> str:
    """A curve for each layer, on a logarithmic scale; what is 0 is left out. Shapes: (epochs, H)."""
    H = values.shape[1]
    lines = [
        Line(steps, values[:, i].tolist(), layer_colour(i + 1, H), f"layer {i + 1}", "", f"layer {i + 1}")
        for i in range(H)
    ]
    known = values[np.isfinite(values) & (values > least)]
    if not known.size:
        return ""
    frame = Frame(whole(min(steps), max(steps)), decades(float(known.min()), float(known.max())), HEIGHT, 62)
    inside = [part for line in lines for part in curve(frame, line, _tell_gradient(line.name))]
    inside += end_labels(frame, _thinned(lines))
    title = f"{label} by layer and epoch"
    return chart(frame, inside, title=title, x_label="epoch", y_label=label, kind="layers")


def _thinned(lines: Sequence[Line], most: int = 16) -> Sequence[Line]:
    """Lines to be labelled: all, or first, last and some between."""
    step = -(-len(lines) // most)
    return [line for i, line in enumerate(lines) if i % step == 0 or i == len(lines) - 1]


def _tell_gradient(name: str) -> Callable[[float, float], str]:
    return lambda x, y: f"{name}, {'start' if x == 0 else f'epoch {x:.0f}'}: {y:.3g}"


def reliability(bins: Sequence[Bin], claim: str) -> str:
    """How often right against how sure, with 95 % intervals, over a histogram of how many."""
    frame = Frame(linear(0, 1, percent), linear(0, 1, percent), HEIGHT)
    n, room = sum(b.size for b in bins), 0.28 * (HEIGHT - TOP - BOTTOM)
    low = HEIGHT - BOTTOM
    inside = []
    for b in bins:
        left, right = frame.across(b.low) + 1, frame.across(b.high) - 1
        tall = max(room * b.size / n, 1.0)
        inside.append(
            f'<rect class="count" x="{left:.1f}" width="{right - left:.1f}" y="{low - tall:.1f}" '
            f'height="{tall:.1f}"><title>{b.size:,} of {n:,} {claim} between {percent(b.low)} and '
            f"{percent(b.high)}</title></rect>"
        )
    inside.append(
        f'<line class="mark" x1="{LEFT}" y1="{low}" x2="{WIDTH - RIGHT}" y2="{TOP}">'
        "<title>perfect calibration</title></line>"
    )
    inside += [part for b in bins for part in _whisker(frame, b)]
    inside += [_point(frame, b) for b in bins]
    return chart(
        frame, inside, title="Calibration", x_label="how sure: claimed probability", y_label="how often right"
    )


def _point(frame: Frame, b: Bin) -> str:
    at = f'cx="{frame.across(b.confidence):.1f}" cy="{frame.up(b.frequency):.1f}"'
    told = f"said {100 * b.confidence:.1f} %, came true {100 * b.frequency:.1f} % of {b.size:,}"
    return f'<circle {at} r="4" style="fill:{FIRST}"><title>{told}</title></circle>'


def _whisker(frame: Frame, b: Bin) -> list[str]:
    low, high = b.interval
    x, ends = frame.across(b.confidence), f'y1="{frame.up(low):.1f}" y2="{frame.up(high):.1f}"'
    return [f'<line class="whisker" x1="{x:.1f}" x2="{x:.1f}" {ends}/>']


def legend(entries: Sequence[tuple[str, str, str]]) -> str:
    """Names with a piece of their line: (name, colour, dash)."""
    lines = (
        f'<span><svg width="26" height="8" aria-hidden="true"><line x1="0" x2="26" y1="4" y2="4" '
        f'style="stroke:{colour};stroke-width:2.2" stroke-dasharray="{dash}"/></svg>'
        f" {escape(name)}</span>"
        for name, colour, dash in entries
    )
    return f'<p class="legend">{"".join(lines)}</p>'
