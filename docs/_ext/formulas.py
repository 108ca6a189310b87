"""Formulas of the prose as MathML, which browsers draw themselves: no script and no network."""

from __future__ import annotations

import re
from typing import Any

from docutils import nodes
from latex2mathml.converter import convert
from sphinx.application import Sphinx

TIDY = (
    (r"(</mi>|</msub>)<mi>(log|max|min)</mi>", r'\1<mspace width="0.17em"/><mi>\2</mi>'),
    (r"<mi>(log|max|min)</mi>(?!<mo[^>]*>&#x00028;)", r'<mi>\1</mi><mspace width="0.17em"/>'),
    (r"<mo>&#x02202;</mo>", "<mi>∂</mi>"),
    (r"<mo>&#x0002F;</mo>", r'<mo lspace="0" rspace="0">/</mo>'),
    (r"((?:^|<mrow>|<mo[^>]*>(?:&#x0003D;|&#x00028;|&#x0005B;|&#x0002B;|&#x0002C;)</mo>))<mo>&#x02212;</mo>",
     r'\1<mo form="prefix">&#x02212;</mo>'),
)  # fmt: skip
"""Spaces that mathematics does not have, and one that it has: after log."""


def mathml(tex: str, display: str = "inline") -> str:
    """A formula as a ``<math>`` element."""
    out = convert(tex, display=display)
    for found, tidy in TIDY:
        out = re.sub(found, tidy, out)
    return out


def inline(writer: Any, node: nodes.math) -> None:
    """Write a formula that stands in a line."""
    writer.body.append(mathml(node.astext()))
    raise nodes.SkipNode


def block(writer: Any, node: nodes.math_block) -> None:
    """Write a formula on a line of its own."""
    writer.body.append(f'<div class="formula">{mathml(node.astext(), "block")}</div>')
    raise nodes.SkipNode


def keep_together(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    """Keep a comma or full stop on the line of the formula before it."""
    for node in list(doctree.findall(nodes.math)):
        after = node.next_node(descend=False, siblings=True)
        if isinstance(after, nodes.Text) and (mark := re.match(r"[.,;:!?)’”]+", after)):
            place = node.parent.index(node)
            together = nodes.inline("", "", node.deepcopy(), nodes.Text(mark[0]), classes=["together"])
            node.parent[place : place + 2] = [together, nodes.Text(after[mark.end() :])]


def setup(app: Sphinx) -> dict[str, Any]:
    """Make this the renderer named in ``html_math_renderer``."""
    app.connect("doctree-resolved", keep_together)
    app.add_html_math_renderer("mathml", (inline, None), (block, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
