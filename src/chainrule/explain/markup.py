"""An explanation as Markdown, and as HTML with formulas in MathML and pictures in SVG."""

from __future__ import annotations

from collections.abc import Iterable

from chainrule.escaping.markup import html as escape
from chainrule.escaping.markup import markdown as escaped
from chainrule.escaping.markup import markdown_code
from chainrule.explain.arithmetic import relations
from chainrule.explain.blocks import TIE, Block, Equation, Heading, Line, Picture, Pictures, Table
from chainrule.explain.layout import plain
from chainrule.explain.pictures import css, scaled, shade_of
from chainrule.pages import page as pages
from chainrule.pages.formulas import formula, inline

WIDEST = 90
"""Characters of an equation on one line."""
PIXEL = 5
"""Width and height of a pixel in a picture of 28 columns."""
CLASSES = {"dim": "soft"}
"""Styles of a line that the style sheet has under another name."""


def markdown(blocks: Iterable[Block]) -> str:
    """Markdown: equations as code, tables, pictures as shades in a block of code."""
    return "\n\n".join(_markdown(block) for block in blocks).replace(TIE, " ") + "\n"


def _markdown(block: Block) -> str:
    if isinstance(block, Heading):
        return f"## {escaped(block.text)}"
    if isinstance(block, Line):
        text = escaped(block.text)
        return f"**{text}**" if block.style in ("good", "bad") else text
    if isinstance(block, Equation):
        tag = f"{block.tag}: " if block.tag else ""
        parts = (block.left, *_signed(block))
        return tag + (
            "  \n".join(map(markdown_code, parts)) if _is_long(block) else markdown_code(" ".join(parts))
        )
    if isinstance(block, Table):
        marks = ("---" if column in block.words else "---:" for column in range(len(block.head)))
        rows = (map(escaped, block.head), marks, *(map(escaped, row) for row in block.rows))
        return "\n".join(f"| {' | '.join(row)} |" for row in rows)
    return f"```text\n{plain([block], 100)}\n```"


def _signed(block: Equation) -> list[str]:
    """The steps, each behind its sign."""
    return [f"{sign} {step}" for sign, step in zip(relations(block.steps), block.steps, strict=True)]


def _is_long(block: Equation) -> bool:
    """Whether every step wants a line of its own."""
    return len(block.left) + sum(map(len, block.steps)) > WIDEST


def html(blocks: Iterable[Block]) -> str:
    """The blocks as HTML, for a page in the style of all pages; formulas are MathML."""
    return "\n".join(map(_html, blocks))


def page(title: str, blocks: Iterable[Block]) -> str:
    """A whole HTML page under a title."""
    rest = (block for block in blocks if block != Line(title))
    return pages.page(title, "explanation", f"<h1>{escape(title)}</h1>\n{html(rest)}")


def _html(block: Block) -> str:
    if isinstance(block, Heading):
        return f"<h2>{inline(block.text)}</h2>"
    if isinstance(block, Line):
        kind = f' class="{CLASSES.get(block.style, block.style)}"' if block.style else ""
        return f"<p{kind}>{inline(block.text)}</p>"
    if isinstance(block, Equation):
        return _html_equation(block)
    if isinstance(block, Table):
        return _html_table(block)
    return _html_pictures(block)


def _html_equation(block: Equation) -> str:
    """Its tag, its left side, and each step behind its sign: below each other where they are long."""
    kind = "number long" if _is_long(block) else "number"
    parts = "".join(f"<span>{formula(text)}</span> " for text in (block.left, *_signed(block)))
    tag = f'<span class="tag">{escape(block.tag)}</span>'
    return f'<div class="{kind}">{tag}<div class="math">{parts}</div></div>'


def _html_table(block: Table) -> str:
    aligned = [' class="words"' if column in block.words else "" for column in range(len(block.head))]
    cells = [
        "".join(f"<{kind}{align}>{inline(text)}</{kind}>" for align, text in zip(aligned, row, strict=True))
        for kind, row in (("th", block.head), *(("td", row) for row in block.rows))
    ]
    rows = "\n".join(f"<tr>{cell}</tr>" for cell in cells)
    return f'<div class="scroll"><table>\n{rows}\n</table></div>'


def _html_pictures(block: Pictures) -> str:
    figures = "".join(
        f"<figure>{_svg(picture)}<figcaption>{inline(picture.title)}</figcaption></figure>"
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
        f"aria-label='{escape(picture.title)}'>"
        f"<rect width='{width}' height='{height}' fill='white' stroke='#cccccc' stroke-width='0.1'/>"
        f"{pixels}</svg>"
    )
