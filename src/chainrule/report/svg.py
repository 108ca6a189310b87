"""Line charts as SVG that takes its colours from the page, light or dark; words stay words."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from chainrule.escaping.markup import html as escape

WIDTH, HEIGHT = 460, 270
LEFT, RIGHT, TOP, BOTTOM = 62, 22, 12, 40
MOST_MARKS = 300
"""Points that tell their numbers when pointed at, in one chart."""


class Line(NamedTuple):
    """A curve. ``colour``: of CSS; ``dash``: of SVG, such as "5 4"; ``label`` stands at its end."""

    x: Sequence[float]
    y: Sequence[float]
    colour: str
    name: str = ""
    dash: str = ""
    label: str = ""


class Axis(NamedTuple):
    """A scale: where values lie between 0 and 1, and which of them have ticks with texts."""

    low: float
    high: float
    log: bool
    ticks: tuple[tuple[float, str], ...]

    def place(self, value: float) -> float:
        """Between 0, the low end, and 1."""
        if self.log:
            return math.log(value / self.low) / math.log(self.high / self.low)
        return (value - self.low) / (self.high - self.low)


def linear(low: float, high: float, text: Callable[[float], str] | None = None, count: int = 5) -> Axis:
    """A linear axis with round ticks at 1, 2 or 5 times a power of ten."""
    if high <= low:
        low, high = low - 0.5, high + 0.5
    step = _step((high - low) / count)
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    digits = max(0, -math.floor(math.log10(step) + 1e-9))
    write = text or (lambda value: f"{value:,.{digits}f}")
    return Axis(low, high, False, tuple((i * step, write(i * step)) for i in range(first, last + 1)))


def whole(low: int, high: int) -> Axis:
    """A linear axis whose ticks are whole numbers."""
    step = max(1, round(_step(max(high - low, 1) / 6)))
    first = -(-low // step) * step
    ticks = tuple((float(i), f"{i:,}") for i in range(first, high + 1, step))
    return Axis(low - 0.5, high + 0.5, False, ticks) if low == high else Axis(low, high, False, ticks)


def decades(low: float, high: float) -> Axis:
    """A logarithmic axis of whole decades, every second or third of which has a text where they are many."""
    bottom, top = math.floor(math.log10(low) + 1e-9), math.ceil(math.log10(high) - 1e-9)
    top = max(top, bottom + 1)
    step = -(-(top - bottom) // 7)
    ticks = tuple((10.0**i, f"10{_superscript(i)}") for i in range(bottom, top + 1, step))
    return Axis(10.0**bottom, 10.0**top, True, ticks)


def _superscript(i: int) -> str:
    return str(i).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))


def _step(rough: float) -> float:
    power = 10.0 ** math.floor(math.log10(rough))
    return next(n * power for n in (1, 2, 5, 10) if n * power >= rough * (1 - 1e-9))


class Frame(NamedTuple):
    """Both axes of a chart and its size; turns values into places on the paper."""

    x: Axis
    y: Axis
    height: int = HEIGHT
    right: int = RIGHT

    def across(self, value: float) -> float:
        """From the left edge."""
        return LEFT + self.x.place(value) * (WIDTH - LEFT - self.right)

    def up(self, value: float) -> float:
        """From the upper edge."""
        return self.height - BOTTOM - self.y.place(value) * (self.height - TOP - BOTTOM)


def chart(
    frame: Frame, inside: Iterable[str], *, title: str, x_label: str, y_label: str, kind: str = ""
) -> str:
    """A whole ``<svg>``: axes, grid and names around what is drawn inside."""
    parts = [
        f'<svg class="{f"chart {kind}".strip()}" xmlns="http://www.w3.org/2000/svg" '
        f'viewBox="0 0 {WIDTH} {frame.height}" role="img" aria-label="{escape(title)}">',
        *_grid(frame),
        *inside,
        f'<text class="name" x="{(LEFT + WIDTH - frame.right) / 2:.1f}" y="{frame.height - 6}" '
        f'text-anchor="middle">{escape(x_label)}</text>',
        f'<text class="name" transform="translate(12 {(TOP + frame.height - BOTTOM) / 2:.1f}) rotate(-90)" '
        f'text-anchor="middle">{escape(y_label)}</text>',
        "</svg>",
    ]
    return "\n".join(parts)


def _grid(frame: Frame) -> list[str]:
    left, right, low = LEFT, WIDTH - frame.right, frame.height - BOTTOM
    parts = []
    for value, text in frame.y.ticks:
        y = frame.up(value)
        parts.append(f'<line class="grid" x1="{left}" x2="{right}" y1="{y:.1f}" y2="{y:.1f}"/>')
        parts.append(f'<text x="{left - 6}" y="{y + 4:.1f}" text-anchor="end">{escape(text)}</text>')
    parts.append(f'<line class="axis" x1="{left}" x2="{right}" y1="{low}" y2="{low}"/>')
    for value, text in frame.x.ticks:
        x = frame.across(value)
        parts.append(f'<text x="{x:.1f}" y="{low + 16}" text-anchor="middle">{escape(text)}</text>')
    return parts


def curve(frame: Frame, line: Line, tell: Callable[[float, float], str]) -> list[str]:
    """A curve, broken where a value is missing; its points tell their numbers when pointed at."""
    known = [(x, y) for x, y in zip(line.x, line.y, strict=True) if _fits(frame, y)]
    path, pen = [], "M"
    for x, y in zip(line.x, line.y, strict=True):
        if not _fits(frame, y):
            pen = "M"
            continue
        path.append(f"{pen}{frame.across(x):.1f} {frame.up(y):.1f}")
        pen = "L"
    dash = f' stroke-dasharray="{line.dash}"' if line.dash else ""
    parts = [f'<path class="curve" d="{"".join(path)}" style="stroke:{line.colour}"{dash}/>'] if path else []
    dot = 2.6 if len(known) <= 30 else 0
    for x, y in known[:: -(-len(known) // MOST_MARKS) or 1]:
        at = f'cx="{frame.across(x):.1f}" cy="{frame.up(y):.1f}"'
        if dot:
            parts.append(f'<circle {at} r="{dot}" style="fill:{line.colour}"/>')
        parts.append(f'<circle class="hover" {at} r="6"><title>{escape(tell(x, y))}</title></circle>')
    return parts


def _fits(frame: Frame, y: float) -> bool:
    return math.isfinite(y) and (y > 0 or not frame.y.log)


def end_labels(frame: Frame, lines: Sequence[Line], apart: float = 13) -> list[str]:
    """Names at the ends of curves, pushed apart where they would cover each other."""
    ends = []
    for line in lines:
        known = [y for y in line.y if _fits(frame, y)]
        if line.label and known:
            ends.append((frame.up(known[-1]), line))
    ends.sort(key=lambda end: end[0])
    places: list[float] = []
    for y, _ in ends:
        places.append(max(y, places[-1] + apart) if places else max(y, TOP + 4.0))
    low = frame.height - BOTTOM - 2.0
    for i in range(len(places) - 1, -1, -1):
        places[i] = min(places[i], low)
        low = places[i] - apart
    x = WIDTH - frame.right + 6
    return [
        f'<text class="end" x="{x}" y="{y + 4:.1f}" style="fill:{line.colour}">{escape(line.label)}</text>'
        for y, (_, line) in zip(places, ends, strict=True)
    ]


def upright(frame: Frame, x: float, text: str = "") -> str:
    """A dotted line from top to bottom."""
    at = frame.across(x)
    title = f"<title>{escape(text)}</title>" if text else ""
    ends = f'y1="{TOP}" y2="{frame.height - BOTTOM}"'
    return f'<line class="mark" x1="{at:.1f}" x2="{at:.1f}" {ends}>{title}</line>'
