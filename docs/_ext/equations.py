"""``{equation} B2`` prints a numbered equation; ``{theorems}`` lists all of them with function and proofs.

The mathematics comes from `chainrule.derivation`, which traces it from the function that runs. Each
equation links to its function and to its theorems, and the function's entry links back to it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

from docutils import nodes
from docutils.parsers.rst import directives
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.errors import ExtensionError
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective

from chainrule.derivation.equations import TAGS, equation
from chainrule.errors import ChainruleError
from gaps import gaps

logger = logging.getLogger(__name__)


def xref(env: BuildEnvironment, domain: str, kind: str, target: str, text: nodes.Node) -> nodes.Node:
    """A link that Sphinx resolves, and warns of if it cannot."""
    return addnodes.pending_xref(
        "", text, refdomain=domain, reftype=kind, reftarget=target, refdoc=env.docname,
        refexplicit=True, refwarn=True,
    )  # fmt: skip


def function_links(env: BuildEnvironment, app: Sphinx, found: Any) -> list[nodes.Node]:
    """Links to a function's entry in the reference, and to its line in the source."""
    full = f"{found.module}.{found.name}"
    path = found.module.replace(".", "/")
    source = app.builder.get_relative_uri(env.docname, f"_modules/{path}") + f"#{found.name}"
    line = f"{path.removeprefix('chainrule/')}.py:{found.line}"
    return [
        xref(env, "py", "obj", full, nodes.literal(found.name, found.name)),
        nodes.Text(" at "),
        nodes.reference("", line, refuri=source, internal=True),
    ]


class Equation(SphinxDirective):
    """One numbered equation. The content, if any, says the shapes."""

    required_arguments = 1
    has_content = True
    option_spec = {"again": directives.flag}  # noqa: RUF012

    def run(self) -> list[nodes.Node]:
        """Print it, and note that its place is here unless it is shown ``:again:``."""
        tag = self.arguments[0]
        try:
            found = equation(tag)
        except (ChainruleError, KeyError) as error:
            raise self.error(str(error)) from error
        box = nodes.container(classes=["equation"])
        label: list[nodes.Node] = [nodes.Text(f"({tag})")]
        if "again" in self.options:
            label = [xref(self.env, "std", "ref", f"eq-{tag.lower()}", nodes.inline("", f"({tag})"))]
        else:
            box["names"].append(f"eq-{tag.lower()}")
            self.state.document.note_explicit_target(box)
            places(self.env).setdefault(tag, []).append(self.env.docname)
        line = nodes.container(classes=["line"])
        line += nodes.raw(
            "", f'<div class="formula">{found.to_mathml(layout="columns")}</div>', format="html"
        )
        line += nodes.paragraph("", "", *label, classes=["tag"])
        box += line
        if self.content:
            box += nodes.container("", *self.parse_content_to_nodes(), classes=["shapes"])
        if "again" not in self.options:
            box += self._below(tag, found)
        return [box]

    def _below(self, tag: str, found: Any) -> nodes.Node:
        below = nodes.paragraph(classes=["below"])
        below += [nodes.Text("code: "), *function_links(self.env, self.env.app, found.function)]
        count = len(found.theorems)
        text = "proof" if count == 1 else f"{count} proofs"
        below += [
            nodes.Text(" · "),
            xref(self.env, "std", "ref", f"theorem-{tag.lower()}", nodes.inline("", text)),
        ]
        return below


def scripts(text: str) -> Iterator[nodes.Node]:
    """Text with e^{−z} raised and z_m lowered."""
    for part in re.split(r"(\^(?:\{[^}]*\}|\w)|(?<=\b[A-Za-z])_\w+)", text):
        if part.startswith("^"):
            yield nodes.superscript("", part[1:].strip("{}"))
        elif part.startswith("_"):
            yield nodes.subscript("", part[1:])
        else:
            yield nodes.Text(part)


class Theorems(SphinxDirective):
    """Every equation: the formula, its function, its place in the book, and what is proven of it."""

    def run(self) -> list[nodes.Node]:
        """One block for each tag."""
        return [self._block(tag) for tag in TAGS]

    def _block(self, tag: str) -> nodes.Node:
        found = equation(tag)
        box = nodes.container(classes=["theorem"], names=[f"theorem-{tag.lower()}"])
        self.state.document.note_explicit_target(box)
        box += nodes.raw("", f'<div class="formula">{found.to_mathml(layout="columns")}</div>', format="html")
        book = xref(self.env, "std", "ref", f"eq-{tag.lower()}", nodes.inline("", "in the book"))
        links = function_links(self.env, self.env.app, found.function)
        box += nodes.paragraph(
            "",
            "",
            nodes.strong("", f"{tag} {found.title}"),
            nodes.Text(" · "),
            book,
            nodes.Text(" · "),
            *links,
        )
        rows = nodes.bullet_list()
        for theorem in found.theorems:
            rows += nodes.list_item("", nodes.paragraph("", "", *scripts(theorem)))
        box += rows
        return box


def places(env: BuildEnvironment) -> dict[str, list[str]]:
    """{tag: the pages that print it as their own}."""
    if not hasattr(env, "equation_places"):
        env.equation_places = {}  # type: ignore[attr-defined]
    kept: dict[str, list[str]] = env.equation_places  # type: ignore[attr-defined]
    return kept


def purge(app: Sphinx, env: BuildEnvironment, docname: str) -> None:
    """Forget a page that is read again."""
    for pages in places(env).values():
        pages[:] = [page for page in pages if page != docname]


def merge(app: Sphinx, env: BuildEnvironment, docnames: Iterable[str], other: BuildEnvironment) -> None:
    """Take over what another process has read."""
    read = set(docnames)
    for tag, pages in places(other).items():
        places(env).setdefault(tag, []).extend(page for page in pages if page in read)


def check(app: Sphinx, env: BuildEnvironment) -> None:
    """Warn of every equation without its place, its function or its theorem."""
    found = {tag: equation(tag) for tag in TAGS}
    functions = {tag: item.function for tag, item in found.items()}
    theorems = {tag: item.theorems for tag, item in found.items()}
    for line in gaps(places(env), TAGS, functions, theorems):
        logger.warning(line)


def setup(app: Sphinx) -> dict[str, Any]:
    """Register both directives and the check."""
    if not TAGS:
        raise ExtensionError("the derivation must have equations; it has none.")
    app.add_directive("equation", Equation)
    app.add_directive("theorems", Theorems)
    app.connect("env-purge-doc", purge)
    app.connect("env-merge-info", merge)
    app.connect("env-check-consistency", check)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
