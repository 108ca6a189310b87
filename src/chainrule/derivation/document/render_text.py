"""A derivation as plain text: equations aligned, rules beside them, within the width of a terminal."""

from __future__ import annotations

import textwrap

from chainrule.derivation.blocks import (
    Array,
    Block,
    Chain,
    Document,
    Formula,
    Inline,
    Paragraph,
    Section,
    Table,
)
from chainrule.derivation.terms.printing import TEXT
from chainrule.derivation.terms.terms import Term
from chainrule.escaping.characters import visible

INDENT = "    "


def render(document: Document, width: int = 100) -> str:
    """The whole document."""
    head = [document.title, "=" * len(document.title), ""]
    numbered = number_sections(document.sections)
    parts = [*head, *_blocks(document.lead, width)]
    for number, section in numbered:
        title = f"{number} {inline(section.title)}"
        parts += [
            title,
            ("-" if section.level == 1 else "·") * len(title),
            "",
            *_blocks(section.blocks, width),
        ]
    return "\n".join(line.rstrip() for line in parts).rstrip() + "\n"


def number_sections(sections: tuple[Section, ...]) -> list[tuple[str, Section]]:
    """Sections with their numbers, 1, 2, 2.1, …."""
    found, above, below = [], 0, 0
    for section in sections:
        above, below = (above + 1, 0) if section.level == 1 else (above, below + 1)
        found.append((str(above) if section.level == 1 else f"{above}.{below}", section))
    return found


def inline(words: Inline) -> str:
    """Words and mathematics in one line."""
    return "".join(TEXT(word) if isinstance(word, Term) else visible(word) for word in words)


def _blocks(blocks: tuple[Block, ...], width: int) -> list[str]:
    out: list[str] = []
    for place, block in enumerate(blocks):
        out += _block(block, width)
        following = blocks[place + 1] if place + 1 < len(blocks) else None
        if not (_tight(block) and following is not None and _tight(following)):
            out.append("")
    return out


def _tight(block: Block) -> bool:
    """Whether blocks of this kind stand together without a line between them."""
    return isinstance(block, Formula) or (
        isinstance(block, Chain) and (block.numbers or len(block.steps) == 1)
    )


def _block(block: Block, width: int) -> list[str]:
    if isinstance(block, Paragraph):
        return _paragraph(block, width)
    if isinstance(block, Chain):
        return _numbers(block, width) if block.numbers else _chain(block, width)
    if isinstance(block, Formula):
        words = "   ".join(part for part in (block.tag and f"({block.tag})", block.source) if part)
        return _beside(INDENT + TEXT(block.equation), words, width)
    if isinstance(block, Table):
        return _table(block, width)
    return _array(block, width)


def _paragraph(block: Paragraph, width: int) -> list[str]:
    lead = {"plain": "", "note": "│ ", "warning": "! "}[block.kind]
    return textwrap.wrap(inline(block.words), width, initial_indent=lead, subsequent_indent=lead)


def _chain(block: Chain, width: int) -> list[str]:
    out = [f"  {inline(block.when)}:"] if block.when else []
    left = TEXT(block.left)
    lines = [(f" {step.op} {TEXT(step.right)}", inline(step.rule)) for step in block.steps]
    if len(left) > 12:
        if len(lines) == 1:
            return [*out, *_beside(f"{INDENT}{left}{lines[0][0]}", lines[0][1], width)]
        return [
            *out,
            INDENT + left,
            *(x for line, rule in lines for x in _beside(INDENT + line, rule, width)),
        ]
    for place, (line, rule) in enumerate(lines):
        start = left if place == 0 else " " * len(left)
        out += _beside(INDENT + start + line, rule, width)
    return out


RULE_AT = 58
"""Column where rules stand, in a terminal of 100 columns."""


def _beside(line: str, rule: str, width: int) -> list[str]:
    """A line with its rule in the right column, below the line where that is too long."""
    start = min(RULE_AT, width * RULE_AT // 100)
    words = textwrap.wrap(rule, width - start) if rule else []
    lines = _folded(line, width)
    if words and len(lines) == 1 and len(line) + 2 <= start:
        lines = [f"{line:<{start}}{words.pop(0)}"]
    elif len(words) == 1 and len(lines) == 1 and len(line) + 3 + len(words[0]) <= width:
        lines = [f"{line}   {words.pop()}"]
    return [*lines, *(" " * start + word for word in words)]


def _folded(line: str, width: int) -> list[str]:
    """A long equation broken before a + or −, further in on the next line."""
    if len(line) <= width:
        return [line]
    indent = len(line) - len(line.lstrip())
    return textwrap.wrap(
        line.strip(),
        width,
        initial_indent=" " * indent,
        subsequent_indent=" " * (indent + 8),
        break_long_words=False,
        break_on_hyphens=False,
    )


def _numbers(block: Chain, width: int) -> list[str]:
    rule = inline(block.steps[0].rule)
    pieces = [f" {step.op} {TEXT(step.right)}" for step in block.steps]
    end = f"   ({rule})" if rule else ""
    left = INDENT + TEXT(block.left)
    line = left + "".join(pieces) + end
    if len(line) <= width:
        return [line]
    pieces[-1] += end
    lines = [left + pieces[0], *(" " * len(left) + piece for piece in pieces[1:])]
    return [part for each in lines for part in _folded(each, width)]


def _table(block: Table, width: int) -> list[str]:
    rows = [tuple(map(inline, row)) for row in block.rows]
    columns = list(zip(block.head, *rows, strict=True))
    widths = [max(map(len, column)) for column in columns]
    lines = [block.head, *rows]
    out = ["  ".join(f"{cell:<{w}}" for cell, w in zip(line, widths, strict=True)) for line in lines]
    return [out[0], "  ".join("─" * w for w in widths), *out[1:]]


def _array(block: Array, width: int) -> list[str]:
    widths = [max(map(len, column)) for column in zip(*block.rows, strict=True)]
    name = TEXT(block.symbol)
    words = f"   {inline(block.words)}" if block.words else ""
    out = []
    for place, row in enumerate(block.rows):
        start = f"{name} = " if place == 0 else " " * (len(name) + 3)
        cells = "  ".join(f"{cell:>{w}}" for cell, w in zip(row, widths, strict=True))
        out.append(f"{INDENT}{start}[ {cells} ]")
    if len(out[0] + words) > width:
        return [INDENT + words.strip(), *out]
    return [out[0] + words, *out[1:]]
