"""Pictures drawn by code when the book is built, as SVG in the colour of the text around them.

``{picture} passes`` draws one of `drawings`; `svg_of` turns a Matplotlib figure into such a picture.
``{answer}`` folds what it holds.
"""

from __future__ import annotations

import io
import re
from typing import TYPE_CHECKING, Any

from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

import drawings

if TYPE_CHECKING:
    from matplotlib.figure import Figure

INK = "#010203"
"""Stands for the colour of the text while Matplotlib draws."""

COLOURS = {
    INK: "currentColor",
    "#0072b2": "var(--forward)",
    "#d55e00": "var(--backward)",
    "#009e73": "var(--third)",
}
"""What Matplotlib draws with, and what stands in the page: lighter where the page is dark."""


def svg_of(figure: Figure, name: str) -> str:
    """A figure as SVG for a page: text as text, the page's colour, and ids that begin with ``name``."""
    import matplotlib

    out = io.StringIO()
    with matplotlib.rc_context({"svg.fonttype": "none", "svg.hashsalt": name}):
        figure.savefig(out, format="svg", transparent=True, metadata={"Date": None})
    svg = re.sub(r"^.*?(?=<svg)", "", out.getvalue(), flags=re.DOTALL)
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg, flags=re.DOTALL)
    svg = re.sub(r'\bid="', f'id="{name}-', svg)
    svg = re.sub(r'(href="#|url\(#)', rf"\1{name}-", svg)
    svg = re.sub(r"(font: \d+(?:\.\d+)?px) [^;\"]+", r"\1 var(--font-stack)", svg)
    svg = re.sub(r'(<svg[^>]*?) height="[^"]*"', r"\1", svg)
    svg = re.sub(r'(<svg[^>]*?) width="[^"]*"', r"\1", svg)
    return re.sub("|".join(COLOURS), lambda found: COLOURS[found[0]], svg)


def ink() -> dict[str, Any]:
    """Settings under which Matplotlib draws in the colour of the page's text."""
    lines = ("axes.edgecolor", "axes.labelcolor", "text.color", "xtick.color", "ytick.color")
    return {**dict.fromkeys(lines, INK), "axes.titlecolor": INK, "font.size": 13}


class Picture(SphinxDirective):
    """One of the `drawings`, by name."""

    required_arguments = 1
    option_spec = {"caption": directives.unchanged}  # noqa: RUF012

    def run(self) -> list[nodes.Node]:
        """Draw it."""
        from sessions import figure

        name = self.arguments[0]
        if name not in drawings.DRAWINGS:
            raise self.error(f"a picture must be one of {', '.join(drawings.DRAWINGS)}; got {name!r}.")
        return figure(self, f'<div class="picture {name}">{drawings.DRAWINGS[name]()}</div>')


def folded(summary: str, content: list[nodes.Node], kind: str) -> list[nodes.Node]:
    """Something folded under a line that opens it."""
    opened = f'<details class="{kind}"><summary>{summary}</summary>'
    return [nodes.raw("", opened, format="html"), *content, nodes.raw("", "</details>", format="html")]


class Answer(SphinxDirective):
    """The answer to an exercise, folded until it is asked for."""

    has_content = True

    def run(self) -> list[nodes.Node]:
        """Fold the content."""
        return folded("Answer", self.parse_content_to_nodes(), "answer")


def setup(app: Sphinx) -> dict[str, Any]:
    """Register both directives."""
    app.add_directive("picture", Picture)
    app.add_directive("answer", Answer)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
