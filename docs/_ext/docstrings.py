"""Docstrings are plain text with symbols: nothing in them is markup but `names`, sections, and Eq. tags.

A tag such as Eq. B2 becomes a link to the equation's place in the book, and an indented block stays as it is.
"""

from __future__ import annotations

import re
from typing import Any

from sphinx.application import Sphinx

SECTION = re.compile(r"^(Args|Attributes|Example|Examples|Note|Raises|Returns|Yields):$")
TAGS = re.compile(r"\bEq\. [A-Z]\d(?:(?:,? (?:and|or|to) |, )[A-Z]\d)*")

SCRIPT = re.compile(r"\^(?:\{([^}]*)\}|([A-Za-z0-9]))|(?<=\b[A-Za-zδφΣ])_(?:\{([^}]*)\}|(\w)(?!\w))")


def process(app: Sphinx, what: str, name: str, obj: Any, options: Any, lines: list[str]) -> None:
    """Rewrite one docstring in place, before its sections are read."""
    if what == "attribute" and lines and lines[0].startswith("Alias for field number"):
        lines.clear()
    lines[:] = list(_blocks([_linked(_escaped(line)) for line in lines], lines))


def _escaped(line: str) -> str:
    """Without markup, but for what stands between backquotes, and with a^{L-1} and n_0 raised and lowered."""
    parts = re.split(r"(``.+?``|`[^`]+`)", line)
    return "".join(part if i % 2 else _scripts(_plain(part)) for i, part in enumerate(parts))


def _plain(text: str) -> str:
    return re.sub(r"([*|\\]|_(?=\W|$)(?!\{))", r"\\\1", text)


def _scripts(text: str) -> str:
    return SCRIPT.sub(_script, text)


def _script(found: re.Match[str]) -> str:
    inside = next(group for group in found.groups() if group)
    return f"\\ :{'sup' if found[0][0] == '^' else 'sub'}:`{inside}`\\ "


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
