"""Pieces of HTML that the pages are made of, and the page around them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from chainrule.escaping.markup import html as escape
from chainrule.pages import page as pages


class Section(NamedTuple):
    """A part of the page: its anchor, its heading, its HTML."""

    anchor: str
    title: str
    body: str


class Tile(NamedTuple):
    """A figure in large: what it is, the figure, what to know of it."""

    name: str
    value: str
    below: str = ""


def page(
    title: str, lead: str, tiles: Sequence[Tile], notes: Iterable[str], sections: Iterable[Section]
) -> str:
    """A whole HTML page: self-contained, no script."""
    shown = [section for section in sections if section.body]
    links = " ".join(f'<a href="#{s.anchor}">{escape(s.title)}</a>' for s in shown)
    parts = [
        f"<h1>{escape(title)}</h1>",
        f'<p class="lead">{lead}</p>',
        *(f'<p class="warning">{escape(note)}</p>' for note in notes),
        f'<div class="tiles">{"".join(map(_tile, tiles))}</div>',
        f'<nav aria-label="Contents">{links}</nav>',
        *(f'<section id="{s.anchor}">\n<h2>{escape(s.title)}</h2>\n{s.body}\n</section>' for s in shown),
    ]
    return pages.page(title, "report", "\n".join(parts))


def _tile(tile: Tile) -> str:
    below = f"<span>{escape(tile.below)}</span>" if tile.below else ""
    return f'<div class="tile"><span>{escape(tile.name)}</span><b>{escape(tile.value)}</b>{below}</div>'


def figure(anchor: str, body: str, caption: str, links: str = "") -> str:
    """A figure with its words and the links to its equations."""
    return f'<figure id="{anchor}">{body}<figcaption>{caption} {links}</figcaption></figure>'


def table(
    head: Sequence[str], rows: Iterable[Sequence[str]], *, kind: str = "", words: Iterable[int] = ()
) -> str:
    """A table of HTML cells; a cell may be a whole ``<td>``. The columns ``words`` stand on the left."""
    left = set(words)

    def cell(place: int, text: str, mark: str) -> str:
        kind = ' class="words"' if place in left else ""
        return text if text.startswith("<td") else f"<{mark}{kind}>{text}</{mark}>"

    body = "".join(f"<tr>{''.join(cell(i, t, 'td') for i, t in enumerate(row))}</tr>" for row in rows)
    top = "".join(cell(i, t, "th") for i, t in enumerate(head))
    name = f' class="{kind}"' if kind else ""
    return (
        f'<div class="scroll"><table{name}><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table></div>'
    )


def bar(value: float, text: str) -> str:
    """A cell with a bar below its number, of a share between 0 and 1."""
    return f'<td class="bar" style="--v:{min(max(value, 0.0), 1.0):.3f}">{escape(text)}</td>'


def settings(pairs: Iterable[tuple[str, str, bool]]) -> str:
    """A list of (name, value, whether it is not the usual one)."""
    marks = {True: ' class="changed"', False: ""}
    items = (
        f"<div><dt>{escape(name)}</dt><dd{marks[changed]}>{escape(value)}</dd></div>"
        for name, value, changed in pairs
    )
    return f'<dl class="settings">{"".join(items)}</dl>'


def paragraph(text: str, kind: str = "") -> str:
    """A paragraph of plain words, with W^{L+1} raised and --options set apart."""
    mark = f' class="{kind}"' if kind else ""
    raised = re.sub(
        r"\^(?:\{([^}]*)\}|(\w))", lambda found: f"<sup>{found[1] or found[2]}</sup>", escape(text)
    )
    options = re.sub(r"--[a-z][a-z0-9-]*", r'<code class="option">\g<0></code>', raised)
    return f"<p{mark}>{options}</p>"
