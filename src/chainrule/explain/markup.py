"""An explanation as Markdown, and as a piece of HTML with pictures in SVG."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

from chainrule.explain.arithmetic import relations
from chainrule.explain.blocks import TIE, Block, Equation, Heading, Line, Picture, Pictures, Table
from chainrule.explain.layout import plain
from chainrule.explain.pictures import css, scaled, shade_of

WIDEST = 90
"""Characters of an equation on one line."""
PIXEL = 5
"""Width and height of a pixel in a picture of 28 columns."""
COLOURS = {"good": "#006b4f", "bad": "#b2182b", "dim": "#666666"}


def markdown(blocks: Iterable[Block]) -> str:
    """Markdown: equations as code, tables, pictures as shades in a block of code."""
    return "\n\n".join(_markdown(block) for block in blocks).replace(TIE, " ") + "\n"


def _markdown(block: Block) -> str:
    if isinstance(block, Heading):
        return f"## {block.text}"
    if isinstance(block, Line):
        text = _escaped(block.text)
        return f"**{text}**" if block.style in ("good", "bad") else text
    if isinstance(block, Equation):
        tag = f"{block.tag}: " if block.tag else ""
        between = "`  \n`" if _is_long(block) else " "
        return f"{tag}`{between.join((block.left, *_signed(block)))}`"
    if isinstance(block, Table):
        marks = ("---" if column in block.words else "---:" for column in range(len(block.head)))
        rows = (map(_escaped, block.head), marks, *(map(_escaped, row) for row in block.rows))
        return "\n".join(f"| {' | '.join(row)} |" for row in rows)
    return f"```text\n{plain([block], 100)}\n```"


def _signed(block: Equation) -> list[str]:
    """The steps, each behind its sign."""
    return [f"{sign} {step}" for sign, step in zip(relations(block.steps), block.steps, strict=True)]


def _is_long(block: Equation) -> bool:
    """Whether every step wants a line of its own."""
    return len(block.left) + sum(map(len, block.steps)) > WIDEST


def _escaped(text: str) -> str:
    for sign in "\\|_*<`":
        text = text.replace(sign, f"\\{sign}")
    return text


def html(blocks: Iterable[Block]) -> str:
    """HTML with its own styles, for a notebook or a page."""
    return "<div class='chainrule-explanation'>\n" + "\n".join(map(_html, blocks)) + "\n</div>\n"


def _html(block: Block) -> str:
    if isinstance(block, Heading):
        return f"<h3>{escape(block.text)}</h3>"
    if isinstance(block, Line):
        colour = f" style='color:{COLOURS[block.style]}'" if block.style else ""
        return f"<p{colour}>{escape(block.text)}</p>"
    if isinstance(block, Equation):
        steps = ("<br>&nbsp;&nbsp;= " if _is_long(block) else " = ").join(map(escape, block.steps))
        tag = f"<b>{escape(block.tag)}</b>&nbsp; " if block.tag else ""
        return f"<p style='font-family:monospace'>{tag}{escape(block.left)} = {steps}</p>"
    if isinstance(block, Table):
        return _html_table(block)
    return _html_pictures(block)


def _html_table(block: Table) -> str:
    aligned = ["left" if column in block.words else "right" for column in range(len(block.head))]
    cells = [
        "".join(
            f"<{kind} style='text-align:{align};padding:2px 8px'>{escape(text)}</{kind}>"
            for align, text in zip(aligned, row, strict=True)
        )
        for kind, row in (("th", block.head), *(("td", row) for row in block.rows))
    ]
    rows = "\n".join(f"<tr>{cell}</tr>" for cell in cells)
    return f"<div style='overflow-x:auto'><table style='font-family:monospace'>\n{rows}\n</table></div>"


def _html_pictures(block: Pictures) -> str:
    figures = "".join(
        f"<figure style='display:inline-block;margin:8px'>{_svg(picture)}"
        f"<figcaption>{escape(picture.title)}</figcaption></figure>"
        for picture in block.items
    )
    return f"<div>{figures}</div>"


def _svg(picture: Picture) -> str:
    shares = scaled(picture)
    height, width = shares.shape
    size = PIXEL * max(1, 28 // width)
    pixels = "".join(
        f"<rect x='{x}' y='{y}' width='1' height='1' fill='{css(shade_of(t, picture.signed))}'/>"
        for y, row in enumerate(shares)
        for x, t in enumerate(row)
        if t
    )
    return (
        f"<svg xmlns='http://www.w3.org/2000/svg' width='{size * width}' height='{size * height}' "
        f"viewBox='0 0 {width} {height}' shape-rendering='crispEdges' role='img' "
        f"aria-label='{escape(picture.title, quote=True)}'>"
        f"<rect width='{width}' height='{height}' fill='white' stroke='#cccccc' stroke-width='0.1'/>"
        f"{pixels}</svg>"
    )
