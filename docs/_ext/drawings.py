"""The drawings of the book: small SVG pictures, each made by a function."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product

FORWARD, BACKWARD = "#0072b2", "#d55e00"

_RAISED = {"H": "ᴴ", "L": "ᴸ", "1": "¹", "2": "²", "0": "⁰"}


def text(x: float, y: float, words: str, *, anchor: str = "middle", size: float = 15, **more: str) -> str:
    """A line of text; ``a^H`` raises what follows the caret up to a space."""
    parts = []
    for i, part in enumerate(words.split("^")):
        if i == 0:
            parts.append(part)
            continue
        raised, _, rest = part.partition("|")
        parts.append(f'<tspan dy="-5" font-size="{0.72 * size:.1f}">{raised}</tspan><tspan dy="5">{rest}</tspan>')
    extra = "".join(f' {key.replace("_", "-")}="{value}"' for key, value in more.items())
    return (
        f'<text x="{x:g}" y="{y:g}" text-anchor="{anchor}" font-size="{size:g}"{extra}>{"".join(parts)}</text>'
    )


def arrow(x1: float, y1: float, x2: float, y2: float, colour: str, *, dash: bool = False) -> str:
    """A straight arrow."""
    kind = "forward" if colour == FORWARD else "backward"
    dashed = ' stroke-dasharray="4 4"' if dash else ""
    return (
        f'<line x1="{x1:g}" y1="{y1:g}" x2="{x2:g}" y2="{y2:g}" stroke="{colour}" stroke-width="2"'
        f'{dashed} marker-end="url(#{kind})"/>'
    )


def box(x: float, y: float, words: str, colour: str, width: float = 64, height: float = 34) -> str:
    """A box with its middle at (x, y)."""
    return (
        f'<rect x="{x - width / 2:g}" y="{y - height / 2:g}" width="{width:g}" height="{height:g}" rx="7"'
        f' fill="none" stroke="{colour}" stroke-width="1.6"/>{text(x, y + 5, words)}'
    )


def drawing(width: float, height: float, title: str, *parts: str) -> str:
    """A picture; the title is read out where it cannot be seen."""
    heads = "".join(
        f'<marker id="{kind}" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="7" markerHeight="7"'
        f' orient="auto-start-reverse"><path d="M0 0L10 5L0 10z" fill="{colour}"/></marker>'
        for kind, colour in (("forward", FORWARD), ("backward", BACKWARD))
    )
    return (
        f'<svg viewBox="0 0 {width:g} {height:g}" role="img" aria-label="{title}"'
        f' style="max-width:{width:g}px"><defs>{heads}</defs>{"".join(parts)}</svg>'
    )


def neuron() -> str:
    """One neuron: forward from x to J, backward from J to w."""
    places = [(40, "x"), (150, "z"), (260, "a"), (370, "J")]
    forward = ["z = wx + b", "a = σ(z)", "J(a, y)"]
    backward = ["∂z/∂w = x", "σ'(z)", "∂J/∂a"]
    parts = [box(x, 65, name, "currentColor", 44) for x, name in places]
    for (x1, _), (x2, _), there, back in zip(places, places[1:], forward, backward, strict=False):
        middle = (x1 + x2) / 2
        parts += [arrow(x1 + 24, 58, x2 - 24, 58, FORWARD), text(middle, 24, there, size=13, fill=FORWARD)]
        parts += [arrow(x2 - 24, 73, x1 + 24, 73, BACKWARD), text(middle, 114, back, size=13, fill=BACKWARD)]
    title = "A neuron. Forward: z from w, x and b; a from z; J from a and y. Backward: one factor a step."
    return drawing(410, 130, title, *parts)


def passes() -> str:
    """The data flow of a network with two weight layers: down on the left, up on the right."""
    left, right, parts = 120.0, 300.0, []
    down = ["a^0| = x", "z^1", "a^1", "z^2", "a^2", "J"]
    up = {1: "δ^1", 3: "δ^2"}
    side = {1: ("W^1|, b^1", "∂J/∂W^1|, ∂J/∂b^1"), 3: ("W^2|, b^2", "∂J/∂W^2|, ∂J/∂b^2")}
    steps = ["F1", "F2", "F1", "H1 or H3", "H2 or H4"]
    ys = [40 + 78 * i for i in range(len(down))]
    for i, (name, y) in enumerate(zip(down, ys, strict=True)):
        parts.append(box(left, y, name, FORWARD, 84))
        if i:
            parts += [arrow(left, ys[i - 1] + 18, left, y - 19, FORWARD)]
            parts += [text(left - 10, (ys[i - 1] + y) / 2 + 5, steps[i - 1], anchor="end", size=13, fill=FORWARD)]
        if i in up:
            parts.append(box(right, y, up[i], BACKWARD, 84))
            own, theirs = side[i]
            parts += [text(left - 50, y + 5, own, anchor="end", size=13)]
            parts += [arrow(right + 43, y, right + 76, y, BACKWARD)]
            parts += [text(right + 82, y - 4, theirs.split(",")[0], anchor="start", size=13, fill=BACKWARD)]
            parts += [text(right + 82, y + 15, theirs.split(", ")[1], anchor="start", size=13, fill=BACKWARD)]
            parts += [text(right + 82, y + 33, "B3, B4", anchor="start", size=12, fill=BACKWARD)]
    parts += [arrow(left + 43, ys[5], right, ys[3] + 19, BACKWARD), text(266, ys[4] + 20, "B1", anchor="start", size=13, fill=BACKWARD)]
    parts += [arrow(right, ys[3] - 18, right, ys[1] + 19, BACKWARD), text(right + 10, ys[2] + 5, "B2", anchor="start", size=13, fill=BACKWARD)]
    parts += [arrow(left + 43, ys[2], right - 4, ys[2], "currentColor", dash=True).replace("backward", "forward")]
    title = "Forward the network computes z and a layer by layer down to J; backward it computes delta layer by layer up."
    return drawing(470, ys[-1] + 40, title, *parts)


def paths() -> str:
    """All paths from one weight of a 2-2-2 network to J."""
    columns = [(55, ["a^0|₁", "a^0|₂"]), (195, ["a^1|₁", "a^1|₂"]), (335, ["a^2|₁", "a^2|₂"])]
    ys = (50, 140)
    parts = []
    for (x1, _), (x2, _) in zip(columns, columns[1:], strict=False):
        for y1, y2 in product(ys, ys):
            parts.append(f'<line x1="{x1 + 24}" y1="{y1}" x2="{x2 - 24}" y2="{y2}" stroke="currentColor" opacity=".3"/>')
    marked = [(79, 50, 171, 50), (219, 50, 311, 50), (219, 50, 311, 140), (359, 50, 421, 92), (359, 140, 421, 98)]
    parts += [arrow(*ends, FORWARD) for ends in marked]
    for x, names in columns:
        for y, name in zip(ys, names, strict=True):
            parts.append(f'<circle cx="{x}" cy="{y}" r="23" fill="none" stroke="currentColor"/>{text(x, y + 5, name, size=14)}')
    parts.append(f'<circle cx="443" cy="95" r="21" fill="none" stroke="currentColor"/>{text(443, 100, "J")}')
    parts.append(text(125, 38, "W^1|₁₁", size=14, fill=FORWARD))
    return drawing(475, 180, "The weight reaches J by two paths, one through each output.", *parts)


def cat_and_dog() -> str:
    """One picture with both a cat and a dog."""
    ink = 'fill="none" stroke="currentColor" stroke-width="2.2" stroke-linejoin="round" stroke-linecap="round"'
    cat = (
        f'<path {ink} d="M62 66L58 26L84 46Q100 41 116 46L142 26L138 66Q150 112 100 118Q50 112 62 66z"/>'
        f'<path {ink} d="M100 88v7m0 0q-8 9-15 3m15-3q8 9 15 3M40 84l30 4M40 100l30-5M160 84l-30 4M160 100l-30-5"/>'
        '<path fill="currentColor" d="M94 84h12l-6 7z"/><circle cx="82" cy="70" r="4" fill="currentColor"/>'
        '<circle cx="118" cy="70" r="4" fill="currentColor"/>'
    )
    dog = (
        f'<path {ink} d="M236 48Q270 28 304 48Q318 84 302 108Q270 128 238 108Q222 84 236 48z"/>'
        f'<path {ink} d="M236 48Q208 46 206 84Q212 104 226 94Q232 72 236 48zM304 48Q332 46 334 84Q328 104 314 94Q308 72 304 48z"/>'
        f'<path {ink} d="M270 98v8m0 0q-10 8-18 2m18-2q10 8 18 2M264 113q6 16 12 0"/>'
        '<ellipse cx="270" cy="92" rx="9" ry="6.5" fill="currentColor"/>'
        '<circle cx="254" cy="70" r="4" fill="currentColor"/><circle cx="286" cy="70" r="4" fill="currentColor"/>'
    )
    frame = '<rect x="4" y="4" width="372" height="134" rx="8" fill="none" stroke="currentColor" opacity=".4"/>'
    return drawing(380, 142, "A picture with a cat on the left and a dog on the right.", frame, cat, dog)


DRAWINGS: dict[str, Callable[[], str]] = {
    "neuron": neuron,
    "passes": passes,
    "paths": paths,
    "cat-and-dog": cat_and_dog,
}
