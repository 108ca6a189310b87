"""A derivation as Markdown with LaTeX between dollars, as GitHub and notebooks show it."""

from __future__ import annotations

from chainrule.derivation.blocks import (
    Array,
    Block,
    Chain,
    Document,
    Formula,
    Paragraph,
    Table,
)
from chainrule.derivation.document.render_text import number_sections
from chainrule.derivation.document.words import markdown, math
from chainrule.derivation.terms.print_latex import LATEX
from chainrule.escaping.markup import markdown as escaped

MARKS = {"plain": "", "note": "> ", "warning": "> **Mind:** "}


def render(document: Document) -> str:
    """The whole document."""
    parts = [f"# {escaped(document.title)}", *map(_block, document.lead)]
    for number, section in number_sections(document.sections):
        parts.append(f"{'#' * (section.level + 1)} {number} {markdown(section.title)}")
        parts += _blocks(section.blocks)
    return "\n\n".join(parts) + "\n"


def _blocks(blocks: tuple[Block, ...]) -> list[str]:
    """Blocks, lines of numbers in one list."""
    out: list[str] = []
    for block in blocks:
        if isinstance(block, Chain) and block.numbers:
            line = _numbers(block)
            if out and out[-1].startswith("- $"):
                out[-1] += "\n" + line
            else:
                out.append(line)
        else:
            out.append(_block(block))
    return out


def _block(block: Block) -> str:
    if isinstance(block, Paragraph):
        return MARKS[block.kind] + markdown(block.words)
    if isinstance(block, Formula):
        return f"$${math(block.equation)} \\qquad \\text{{({block.tag})}}$$"
    if isinstance(block, Chain):
        return _chain(block)
    if isinstance(block, Table):
        return _table(
            [[*map(escaped, block.head)], *([markdown(cell) for cell in row] for row in block.rows)]
        )
    return _array(block)


def _chain(block: Chain) -> str:
    head = f"{markdown(block.when).capitalize()}:\n\n" if block.when else ""
    rows = [["equation", "why"]]
    for place, step in enumerate(block.steps):
        left = math(block.left) + " " if place == 0 else r"\quad "
        equation = f"{left}{LATEX.operator(step.op).strip()} {math(step.right)}"
        rows.append([f"$\\displaystyle {equation}$", markdown(step.rule)])
    return head + _table(rows)


def _numbers(block: Chain) -> str:
    steps = "".join(f" {LATEX.operator(step.op).strip()} {math(step.right)}" for step in block.steps)
    rule = markdown(block.steps[0].rule)
    return f"- ${math(block.left)}{steps}$" + (f" ({rule})" if rule else "")


def _table(rows: list[list[str]]) -> str:
    lines = ["| " + " | ".join(row) + " |" for row in rows]
    return "\n".join([lines[0], "|" + " --- |" * len(rows[0]), *lines[1:]])


def _array(block: Array) -> str:
    rows = r" \cr ".join(" & ".join(cell.replace("−", "-") for cell in row) for row in block.rows)
    words = f" \\quad \\text{{{markdown(block.words)}}}" if block.words else ""
    return f"$${math(block.symbol)} = \\begin{{pmatrix}} {rows} \\end{{pmatrix}}{words}$$"
