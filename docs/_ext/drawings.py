"""The drawings of the book: small SVG pictures, each made by a function."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise, product

FORWARD, BACKWARD = "var(--forward)", "var(--backward)"


def text(x: float, y: float, words: str, *, anchor: str = "middle", size: float = 15, **more: str) -> str:
    """A line of text; ``a^H`` raises what follows the caret up to a space."""
    parts = []
    for i, part in enumerate(words.split("^")):
        if i == 0:
            parts.append(part)
            continue
        raised, _, rest = part.partition("|")
        parts.append(
            f'<tspan dy="-5" font-size="{0.72 * size:.1f}">{raised}</tspan><tspan dy="5">{rest}</tspan>'
        )
    extra = "".join(f' {key.replace("_", "-")}="{value}"' for key, value in more.items())
    place = f'x="{x:g}" y="{y:g}" text-anchor="{anchor}" font-size="{size:g}"'
    return f"<text {place}{extra}>{''.join(parts)}</text>"


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
    """One neuron: forward from w to J, and back."""
    places = [(40, "w"), (150, "z"), (260, "a"), (370, "J")]
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
    ys = [40.0 + 78 * i for i in range(6)]
    title = "Forward the network computes z and a down to J; backward it computes δ on the way up."
    return drawing(470, ys[-1] + 40, title, *_forward(120, ys), *_backward(120, 300, ys))


def _forward(x: float, ys: list[float]) -> list[str]:
    """Input to cost, with the parameters beside the layers that have some."""
    names = ["a^0| = x", "z^1", "a^1", "z^2", "a^2", "J"]
    parts = [box(x, y, name, FORWARD, 84) for name, y in zip(names, ys, strict=True)]
    for tag, (above, below) in zip(["F1", "F2", "F1", "H1 or H3", "H2 or H4"], pairwise(ys), strict=True):
        parts.append(arrow(x, above + 18, x, below - 19, FORWARD))
        parts.append(text(x - 10, (above + below) / 2 + 5, tag, anchor="end", size=13, fill=FORWARD))
    parts.append(text(x - 50, ys[1] + 5, "W^1|, b^1", anchor="end", size=13))
    parts.append(text(x - 50, ys[3] + 5, "W^2|, b^2", anchor="end", size=13))
    return parts


def _backward(left: float, x: float, ys: list[float]) -> list[str]:
    """Cost to δ^2 to δ^1, and the gradients that each of them gives."""
    parts = []
    for L, y in ((1, ys[1]), (2, ys[3])):
        parts += [box(x, y, f"δ^{L}", BACKWARD, 84), arrow(x + 43, y, x + 76, y, BACKWARD)]
        words = (f"∂J/∂W^{L}", f"∂J/∂b^{L}", "B3, B4")
        rows = zip((-4, 15, 33), words, strict=True)
        parts += [text(x + 82, y + down, line, anchor="start", size=13, fill=BACKWARD) for down, line in rows]
    parts += [arrow(left + 43, ys[5], x, ys[3] + 19, BACKWARD), arrow(x, ys[3] - 18, x, ys[1] + 19, BACKWARD)]
    parts.append(text(266, ys[4] + 20, "B1", anchor="start", size=13, fill=BACKWARD))
    parts.append(text(x + 10, ys[2] + 5, "B2", anchor="start", size=13, fill=BACKWARD))
    parts.append(arrow(left + 43, ys[1] + 8, x - 4, ys[2], FORWARD, dash=True))  # B2 takes φ'(z^1)
    return parts


def paths() -> str:
    """All paths from one weight of a 2-2-2 network to J."""
    xs, ys = (55, 195, 335), (50, 140)
    pale = 'stroke="currentColor" opacity=".3"'
    parts = [
        f'<line x1="{x1 + 24}" y1="{y1}" x2="{x2 - 24}" y2="{y2}" {pale}/>'
        for x1, x2 in pairwise(xs)
        for y1, y2 in product(ys, ys)
    ]
    there = [
        (79, 50, 171, 50),
        (219, 50, 311, 50),
        (219, 50, 311, 140),
        (359, 50, 421, 92),
        (359, 140, 421, 98),
    ]
    parts += [arrow(*ends, FORWARD) for ends in there]
    for (L, x), (m, y) in product(enumerate(xs), zip("₁₂", ys, strict=True)):
        parts += [circle(x, y, 23), text(x, y + 5, f"a^{L}|{m}", size=14)]
    parts += [circle(443, 95, 21), text(443, 100, "J"), text(125, 38, "W^1|₁₁", size=14, fill=FORWARD)]
    return drawing(475, 180, "The weight reaches J by two paths, one through each output.", *parts)


def circle(x: float, y: float, radius: float, fill: str = "none") -> str:
    """A circle, or a dot."""
    return f'<circle cx="{x:g}" cy="{y:g}" r="{radius:g}" fill="{fill}" stroke="currentColor"/>'


def cat_and_dog() -> str:
    """One picture with both a cat and a dog."""
    cat = (
        "M62 66L58 26L84 46Q100 41 116 46L142 26L138 66Q150 112 100 118Q50 112 62 66z",
        "M100 88v7m0 0q-8 9-15 3m15-3q8 9 15 3M40 84l30 4M40 100l30-5M160 84l-30 4M160 100l-30-5",
    )
    dog = (
        "M236 48Q270 28 304 48Q318 84 302 108Q270 128 238 108Q222 84 236 48z",
        "M236 48Q208 46 206 84Q212 104 226 94Q232 72 236 48z",
        "M304 48Q332 46 334 84Q328 104 314 94Q308 72 304 48z",
        "M270 98v8m0 0q-10 8-18 2m18-2q10 8 18 2M264 113q6 16 12 0",
    )
    pen = (
        'fill="none" stroke="currentColor" stroke-width="2.2" stroke-linejoin="round" stroke-linecap="round"'
    )
    lines = [f'<path {pen} d="{path}"/>' for path in (*cat, *dog)]
    eyes = [circle(x, 70, 3.5, "currentColor") for x in (82, 118, 254, 286)]
    noses = (
        '<path fill="currentColor" d="M94 84h12l-6 7z"/>'
        '<ellipse cx="270" cy="92" rx="9" ry="6.5" fill="currentColor"/>'
    )
    frame = f'<rect x="4" y="4" width="372" height="134" rx="8" {pen} opacity=".4"/>'
    title = "A picture with a cat on the left and a dog on the right."
    return drawing(380, 142, title, frame, *lines, *eyes, noses)


def step() -> str:
    """One step of the fast engine on two threads: time runs down, dashed lines are where threads meet."""
    lanes, wide = (88.0, 262.0), 168.0
    stages = (
        ("forward", FORWARD, ["F1 z = a W^T| + b", "in tiles; F2 a = φ(z)"], "own panels of W", "a^L"),
        ("output", FORWARD, ["F1; H1, H2: a^H|, J", "B1 δ^H| = a^H| − y"], "own rows", "δ^H"),
        ("back", BACKWARD, ["B2 δ W in tiles,", "⊙ the slopes φ'(z)"], "own part of W, turned", "δ^L"),
        (
            "update",
            BACKWARD,
            ["B3, B4 in tiles, and G1;", "then the next rows of X"],
            "own panels of W",
            "W^L|, b^L",
        ),
    )
    parts = [text(175, 20, "X: rows of the mini-batch, by a table or gathered", size=13)]
    parts += [text(x, 50, f"thread {t}", size=13, font_weight="600") for t, x in enumerate(lanes)]
    for i, (name, colour, words, own, gives) in enumerate(stages):
        y = 66.0 + 118 * i
        parts += [arrow(x, y - 6 if i else y - 10, x, y + 10, colour) for x in lanes]
        for x in lanes:
            parts.append(
                f'<rect x="{x - wide / 2:g}" y="{y + 12:g}" width="{wide:g}" height="72" rx="7"'
                f' fill="none" stroke="{colour}" stroke-width="1.6"/>'
            )
            parts += [text(x, y + 33 + 19 * n, line, size=13.5) for n, line in enumerate(words)]
            parts.append(text(x, y + 74, own, size=12, opacity=".75"))
        parts.append(text(353, y + 45, name, anchor="start", size=13.5, fill=colour))
        parts.append(text(353, y + 65, gives, anchor="start", size=13.5))
        parts.append(
            f'<line x1="4" x2="408" y1="{y + 98:g}" y2="{y + 98:g}" stroke="currentColor"'
            ' stroke-width="1.4" stroke-dasharray="5 5"/>'
        )
    parts.append(text(175, 550, "dashed: a barrier, where the threads wait for each other", size=12.5))
    title = (
        "One step on two threads. Forward and back each thread computes its own panels of every layer, "
        "at the output its own rows; then it updates its own panels. After each of these they meet."
    )
    return drawing(412, 560, title, *parts)


DRAWINGS: dict[str, Callable[[], str]] = {
    "neuron": neuron,
    "passes": passes,
    "paths": paths,
    "cat-and-dog": cat_and_dog,
    "step": step,
}
