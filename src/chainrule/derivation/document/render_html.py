"""A derivation as one HTML page: MathML, its style within it, no script and nothing from elsewhere."""

from __future__ import annotations

from html import escape

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

STYLE = """
.derivation { --ink: #1d2733; --soft: #5b6876; --line: #d9dfe6; --paper: #fff; --tint: #f4f7fa;
  --accent: #0b5cad; --warn: #8a4b00; --warntint: #fff5e6; color: var(--ink); background: var(--paper);
  font: 1rem/1.55 system-ui, sans-serif; max-width: 62rem; margin: 0 auto; padding: 1rem; }
@media (prefers-color-scheme: dark) { .derivation { --ink: #e4e9ef; --soft: #a3b0bd; --line: #37424e;
  --paper: #14191f; --tint: #1c242c; --accent: #7cb8f5; --warn: #f0b870; --warntint: #2c2214; } }
.derivation h1 { font-size: 1.7rem; line-height: 1.2; margin: .4em 0; }
.derivation h2 { font-size: 1.25rem; margin: 2em 0 .6em; padding-top: .6em;
  border-top: 1px solid var(--line); }
.derivation h3 { font-size: 1.05rem; margin: 1.6em 0 .5em; }
.derivation h2 .n, .derivation h3 .n { color: var(--soft); font-weight: 400; margin-right: .5em; }
.derivation a { color: var(--accent); }
.derivation p { margin: .7em 0; }
.derivation .note, .derivation .warning { padding: .6em .9em; border-left: 4px solid var(--accent);
  background: var(--tint); border-radius: 0 .3rem .3rem 0; }
.derivation .warning { border-color: var(--warn); background: var(--warntint); }
.derivation math { font-size: 1.08em;
  font-family: "Latin Modern Math", "STIX Two Math", "Cambria Math", math; }
.derivation .chain, .derivation .lines { margin: .9em 0; }
.derivation .step { display: grid; grid-template-columns: minmax(0, 1fr) 17rem; gap: 0 1.2rem;
  align-items: center; padding: .3em 0 .3em 1rem; border-bottom: 1px dotted var(--line); }
.derivation .step:last-child { border-bottom: 0; }
.derivation .math { overflow-x: auto; overflow-y: hidden; padding: .15em 0; }
.derivation .rule { color: var(--soft); font-size: .88rem; line-height: 1.35; }
.derivation .ok { color: var(--accent); }
.derivation .case { color: var(--soft); margin: .8em 0 .2em; }
.derivation .number { padding: .3em 0 .3em 1rem; border-bottom: 1px dotted var(--line); overflow-x: auto; }
.derivation .number span { display: inline-block; margin-right: .25em; }
.derivation .scroll { overflow-x: auto; margin: .8em 0; }
.derivation table { border-collapse: collapse; }
.derivation th, .derivation td { text-align: left; padding: .35em .9em .35em 0;
  border-bottom: 1px solid var(--line); vertical-align: baseline; }
.derivation th { color: var(--soft); font-weight: 600; font-size: .88rem; }
.derivation code { font-size: .85em; color: var(--soft); overflow-wrap: anywhere; }
.derivation nav ol { columns: 2 18rem; padding-left: 1.6em; margin: .5em 0; }
@media (max-width: 45rem) {
  .derivation { padding: .7rem; }
  .derivation .step { grid-template-columns: minmax(0, 1fr); padding-left: .3rem; }
  .derivation .number { padding-left: .3rem; }
  .derivation nav ol { columns: 1; }
}
@media print {
  .derivation { --ink: #000; --paper: #fff; --soft: #444; --tint: #fff; --warntint: #fff; --line: #bbb;
    --accent: #000; max-width: none; font-size: 10pt; padding: 0; }
  .derivation nav { display: none; }
  .derivation .step, .derivation .number, .derivation .note, .derivation .warning,
  .derivation tr { break-inside: avoid; }
  .derivation h2, .derivation h3 { break-after: avoid; }
  .derivation .math, .derivation .scroll, .derivation .number { overflow: visible; }
}
"""

PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{title}</title>
<style>
html {{ background: #fff; }}
@media (prefers-color-scheme: dark) {{ html {{ background: #14191f; }} }}
body {{ margin: 0; }}
</style>
</head>
<body>
{body}
</body>
</html>
"""


def render(document: Document) -> str:
    """The whole page."""
    return PAGE.format(title=escape(document.title), body=fragment(document))


def fragment(document: Document) -> str:
    """The document without the page around it, as a notebook shows it."""
    numbered = number_sections(document.sections)
    parts = [f"<style>{STYLE}</style>", '<main class="derivation">', f"<h1>{escape(document.title)}</h1>"]
    parts += [*map(_block, document.lead), _contents(numbered)]
    for number, section in numbered:
        level = section.level + 1
        title = f'<span class="n">{number}</span>{html(section.title)}'
        parts += [f'<h{level} id="s{number}">{title}</h{level}>', *_blocks(section.blocks)]
    return "\n".join([*parts, "</main>"])


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
    return f'<div class="number">{"".join(f"<span>{piece}</span>" for piece in pieces)} {rule}</div>'


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
