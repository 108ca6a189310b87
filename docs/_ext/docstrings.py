"""Docstrings are plain text with symbols: nothing in them is markup but `names`, sections, and Eq. tags.

A tag such as Eq. B2 becomes a link to the equation's place in the book, and an indented block stays as it is.
"""

from __future__ import annotations

import re
from typing import Any

from sphinx.application import Sphinx

SECTION = re.compile(r"^(Args|Attributes|Example|Examples|Note|Raises|Returns|Yields):$")
TAGS = re.compile(r"\bEq\. [A-Z]\d(?:(?:,? (?:and|or|to) |, )[A-Z]\d)*")


def process(app: Sphinx, what: str, name: str, obj: Any, options: Any, lines: list[str]) -> None:
    """Rewrite one docstring in place, before its sections are read."""
    lines[:] = list(_blocks([_linked(_escaped(line)) for line in lines], lines))


def _escaped(line: str) -> str:
    """Without markup, but for what stands between backquotes."""
    parts = re.split(r"(``.+?``|`[^`]+`)", line)
    return "".join(p if i % 2 else re.sub(r"([*|\\]|_(?=\W|$))", r"\\\1", p) for i, p in enumerate(parts))


def _linked(line: str) -> str:
    return TAGS.sub(lambda found: re.sub(r"[A-Z]\d", _link, found[0]), line)


def _link(tag: re.Match[str]) -> str:
    return f":ref:`{tag[0]} <eq-{tag[0].lower()}>`"


def _blocks(escaped: list[str], plain: list[str]) -> Any:
    """The lines, with ``::`` before an indented block that belongs to no section."""
    section = block = False
    for i, line in enumerate(escaped):
        starts = line.startswith("    ") and (i == 0 or not plain[i - 1].strip())
        if line.strip() and not line.startswith("    "):
            section, block = bool(SECTION.match(line)), False
        if starts and not section and not block:
            block = True
            yield from ("::", "")
        yield plain[i] if block else line


def setup(app: Sphinx) -> dict[str, Any]:
    """Run before napoleon, which has the usual priority of 500."""
    app.connect("autodoc-process-docstring", process, priority=400)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
