"""Set an explanation in lines of characters: plain, or in spans of text with a style each."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator
from itertools import zip_longest

from chainrule.escaping.characters import visible
from chainrule.explain.arithmetic import relations
from chainrule.explain.blocks import TIE, Block, Equation, Heading, Line, Pictures, Table
from chainrule.explain.pictures import Span, rows

STYLES = {"good": "bold green", "bad": "bold red", "dim": "dim", "heading": "bold", "tag": "cyan", "": ""}
INDENT, TAG, GAP = 2, 4, 2
NARROWEST = 40


def plain(blocks: Iterable[Block], width: int) -> str:
    """Plain text of at most ``width`` columns, without a line end at its end."""
    return "\n".join(
        "".join(text for text, _ in line).rstrip() for line in lines(blocks, width, colour=False)
    )


def lines(blocks: Iterable[Block], width: int, *, colour: bool) -> Iterator[list[Span]]:
    """Lines as spans (text, style) of at most ``width`` columns; ``colour``: pictures may use it."""
    width = max(width, NARROWEST)
    for block in blocks:
        for line in _set(block, width, colour):
            yield [(visible(text.replace(TIE, " ")), STYLES.get(style, style)) for text, style in line]


def _set(block: Block, width: int, colour: bool) -> Iterator[list[Span]]:
    if isinstance(block, Heading):
        yield []
        yield from ([(text, "heading")] for text in _wrap(block.text, width))
    elif isinstance(block, Line):
        yield from ([(text, block.style)] for text in _wrap(block.text, width))
    elif isinstance(block, Equation):
        yield from _equation(block, width)
    elif isinstance(block, Table):
        yield from _table(block, width)
    else:
        yield from _pictures(block, width, colour)


def _wrap(text: str, width: int, later: str = "") -> list[str]:
    return textwrap.wrap(
        text, width, subsequent_indent=later, break_long_words=False, break_on_hyphens=False
    ) or [""]


def _equation(block: Equation, width: int) -> Iterator[list[Span]]:
    """On one line where it fits, otherwise every step on lines of its own, "=" below "="."""
    tag = [(" " * INDENT, ""), (f"{block.tag:<{TAG}}", "tag")]
    steps = [f"{sign} {step}" for sign, step in zip(relations(block.steps), block.steps, strict=True)]
    whole = " ".join((block.left, *steps))
    if INDENT + TAG + len(whole) <= width:
        yield [*tag, (whole, "")]
        return
    alone = len(block.left) > width // 3
    start = INDENT + TAG + (2 if alone else len(block.left) + 1)
    texts = [text for step in steps for text in _wrap(step, width - start, "    ")]
    first = "" if alone else f" {texts.pop(0)}"
    yield [*tag, (block.left + first, "")]
    yield from ([(" " * start + text, "")] for text in texts)


def _table(block: Table, width: int) -> Iterator[list[Span]]:
    """Broken into parts where it is too wide; each part has the ``fixed`` columns."""
    every = (block.head, *block.rows)
    widths = [max(len(row[column]) for row in every) for column in range(len(block.head))]
    for part in _parts(widths, block.fixed, width - INDENT):
        for place, row in enumerate(every):
            cells = [f"{row[c]:<{widths[c]}}" if c in block.words else f"{row[c]:>{widths[c]}}" for c in part]
            first = (cells[0], "tag" if place else "dim")
            rest = "".join(" " * GAP + cell for cell in cells[1:])
            yield [(" " * INDENT, ""), first, (rest, "" if place else "dim")]


def _parts(widths: list[int], fixed: int, width: int) -> Iterator[list[int]]:
    """Columns of each part: as many as fit, at least one beyond the fixed ones."""
    head = list(range(fixed))
    part, used = list(head), sum(widths[c] + GAP for c in head)
    start = used
    for column in range(fixed, len(widths)):
        if used + widths[column] > width and len(part) > fixed:
            yield part
            part, used = list(head), start
        part.append(column)
        used += widths[column] + GAP
    yield part


def _pictures(block: Pictures, width: int, colour: bool) -> Iterator[list[Span]]:
    """Side by side where they fit, otherwise one below the other."""
    drawn = [rows(picture, width - INDENT, colour) for picture in block.items]
    sizes = [max(len(title), sum(len(text) for text, _ in lines[0])) for title, lines in drawn]
    if sum(sizes) + INDENT * len(sizes) > width:
        for picture in block.items[: len(drawn) if len(drawn) > 1 else 0]:
            yield from _pictures(Pictures((picture,)), width, colour)
        if len(drawn) > 1:
            return
    heads = [[(title, "dim")] for title, _ in drawn]
    for spans in (heads, *zip_longest(*(lines for _, lines in drawn), fillvalue=[])):
        line: list[Span] = []
        for part, size in zip(spans, sizes, strict=True):
            taken = sum(len(text) for text, _ in part)
            line += [(" " * INDENT, ""), *part, (" " * (size - taken), "")]
        yield line
