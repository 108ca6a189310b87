"""``{kernels}`` lists the pieces of the fast engine; ``{costs}`` what they move and compute in one step."""

from __future__ import annotations

import re
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from chainrule.engines.llvm.analysis.costs import AVX512, KERNELS, Kernel, totals
from equations import xref

NAMES = {
    "A": "A",
    "K": "K",
    "N": "N",
    "P": "P",
    "R": str(AVX512.tallest),
    "h": str(AVX512.tallest),
    "v": str(AVX512.lanes),
}
"""How a formula's letters are shown: sizes of the tiles as numbers."""


def pretty(formula: str) -> str:
    """A formula as people write it."""
    text = re.sub(r"ceil\(([^)]*)\)", r"⌈\1⌉", formula)
    text = re.sub(r"[A-Za-z]+", lambda found: NAMES.get(found[0], found[0]), text)
    return re.sub(r"(\d)\*(?=\d)", r"\1 · ", text.replace("16*16", "16²")).replace("*", " ")


def table(kind: str, headings: list[str], rows: list[list[nodes.Node]]) -> nodes.table:
    """A table of paragraphs."""
    group = nodes.tgroup("", cols=len(headings))
    group += [nodes.colspec(colwidth=1) for _ in headings]
    head = nodes.row("", *(nodes.entry("", nodes.paragraph("", text)) for text in headings))
    body = [nodes.row("", *(nodes.entry("", cell) for cell in row)) for row in rows]
    group += [nodes.thead("", head), nodes.tbody("", *body)]
    return nodes.table("", group, classes=[kind])


class Kernels(SphinxDirective):
    """One row for each kernel: its equations, its function, and the formulas of one call."""

    def run(self) -> list[nodes.Node]:
        """Make the table."""
        headings = ["kernel", "equations", "numbers read and written", "operations"]
        return [table("kernels", headings, [self._row(kernel) for kernel in KERNELS])]

    def _row(self, kernel: Kernel) -> list[nodes.Node]:
        target = f"chainrule.engines.llvm.{kernel.function}"
        name = xref(self.env, "py", "obj", target, nodes.literal(kernel.name, kernel.name))
        tags: list[nodes.Node] = []
        for tag in kernel.equations.split(", ") if kernel.equations else []:
            tags += [nodes.Text(" ")] if tags else []
            tags.append(xref(self.env, "std", "ref", f"eq-{tag.lower()}", nodes.inline("", tag)))
        formulas = (nodes.paragraph("", pretty(text) or "–") for text in (kernel.numbers, kernel.operations))
        return [nodes.paragraph("", "", name), nodes.paragraph("", "", *tags), *formulas]


class Costs(SphinxDirective):
    """One row for each kernel: calls, bytes and operations in one step of the network given as argument."""

    required_arguments = 1
    option_spec = {"batch": int, "optimizer": str, "hidden": str}  # noqa: RUF012

    def run(self) -> list[nodes.Node]:
        """Make the table."""
        layers = [int(width) for width in self.arguments[0].split("-")]
        options = self.options.get("optimizer", "sgd"), self.options.get("hidden", "sigmoid")
        rows = []
        for kernel in KERNELS:
            total = totals(kernel, layers, self.options["batch"], *options)
            said = f"{total.operations:,}" if kernel.operations else "–"
            cells = (kernel.name, f"{total.calls:,}", f"{total.bytes:,}", said)
            rows.append([nodes.paragraph("", cell) for cell in cells])
        return [table("costs", ["kernel", "calls", "bytes", "operations"], rows)]


def setup(app: Sphinx) -> dict[str, Any]:
    """Register both directives."""
    app.add_directive("kernels", Kernels)
    app.add_directive("costs", Costs)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
