"""A derivation as one HTML page: MathML, its style within it, no script and nothing from elsewhere."""

from __future__ import annotations

from chainrule.derivation.blocks import (
    Array,
    Block,
    Chain,
    Document,
    Formula,
    Paragraph,
    Section,
    Table,
)
from chainrule.derivation.document.render_text import inline as plain
from chainrule.derivation.document.render_text import number_sections
from chainrule.derivation.document.words import html
from chainrule.derivation.terms.print_mathml import MATHML
from chainrule.derivation.terms.terms import Term
from chainrule.escaping.markup import html as escape
from chainrule.pages import page as pages

KIND = "derivation"


def render(document: Document) -> str:
    """The whole page."""
    return pages.page(document.title, KIND, _body(document))


def fragment(document: Document) -> str:
    """The document without the page around it, as a notebook shows it."""
    return pages.piece(KIND, _body(document))


def _body(document: Document) -> str:
    numbered = number_sections(document.sections)
    parts = [f"<h1>{escape(document.title)}</h1>", *map(_block, document.lead), _contents(numbered)]
    for number, section in numbered:
        level = section.level + 1
        title = f'<span class="n">{number}</span>{html(section.title)}'
        parts += [f'<h{level} id="s{number}">{title}</h{level}>', *_blocks(section.blocks)]
    return "\n".join(parts)


def _contents(numbered: list[tuple[str, Section]]) -> str:
    items = [
        f'<li><a href="#s{number}">{escape(plain(section.title))}</a></li>'
        for number, section in numbered
        if section.level == 1
    ]
    return f'<nav aria-label="Contents"><ol>{"".join(items)}</ol></nav>'


def _blocks(blocks: tuple[Block, ...]) -> list[str]:
    return [_block(block) for block in blocks]


def _block(block: Block) -> str:
    if isinstance(block, Paragraph):
        kind = f' class="{block.kind}"' if block.kind != "plain" else ""
        return f"<p{kind}>{html(block.words)}</p>"
    if isinstance(block, Formula):
        source = f" <code>{escape(block.source)}</code>" if block.source else ""
        return _step(_math(block.equation), f"Eq. {escape(block.tag)}{source}")
    if isinstance(block, Chain):
        return _numbers(block) if block.numbers else _chain(block)
    if isinstance(block, Table):
        return _table(block)
    return _array(block)


def _math(*parts: Term | str) -> str:
    inside = "".join(MATHML(part) if isinstance(part, Term) else part for part in parts)
    return (
        f'<math xmlns="http://www.w3.org/1998/Math/MathML" displaystyle="true"><mrow>{inside}</mrow></math>'
    )


def _step(math: str, rule: str) -> str:
    return f'<div class="step"><div class="math">{math}</div><div class="rule">{rule}</div></div>'


def _chain(block: Chain) -> str:
    head = f'<p class="case">{html(block.when)}:</p>' if block.when else ""
    left = MATHML(block.left)
    rows = []
    for place, step in enumerate(block.steps):
        start = left if place == 0 else '<mspace width="1.4em"/>'
        mark = '&#160;<span class="ok" title="verified">✓</span>' if step.mark else ""
        rows.append(_step(_math(start, MATHML.operator(step.op), step.right), html(step.rule) + mark))
    return f'{head}<div class="chain">{"".join(rows)}</div>'


def _numbers(block: Chain) -> str:
    pieces = [_math(block.left)]
    pieces += [_math(MATHML.operator(step.op), step.right) for step in block.steps]
    mark = '&#160;<span class="ok" title="verified">✓</span>' if block.steps[-1].mark else ""
    rule = f'<span class="rule">{html(block.steps[0].rule)}{mark}</span>'
    inside = "".join(f"<span>{piece}</span>" for piece in pieces)
    return f'<div class="number"><div class="math">{inside}</div>{rule}</div>'


def _table(block: Table) -> str:
    head = "".join(f"<th>{escape(cell)}</th>" for cell in block.head)
    rows = "".join(f"<tr>{''.join(f'<td>{_cell(cell)}</td>' for cell in row)}</tr>" for row in block.rows)
    return f'<div class="scroll"><table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>'


def _cell(cell: tuple[str | Term, ...]) -> str:
    text = html(cell)
    return f"<code>{text}</code>" if text.startswith("src/") else text


def _array(block: Array) -> str:
    rows = "".join(
        f"<mtr>{''.join(f'<mtd>{MATHML.number(cell)}</mtd>' for cell in row)}</mtr>" for row in block.rows
    )
    matrix = f"<mrow><mo>(</mo><mtable>{rows}</mtable><mo>)</mo></mrow>"
    words = f'<span class="rule">{html(block.words)}</span>'
    return f'<div class="scroll">{_math(block.symbol, "<mo>=</mo>", matrix)} {words}</div>'
