"""The frame of a page, and a piece of one as a notebook shows it. Nothing is loaded from elsewhere."""

from __future__ import annotations

from base64 import b64encode
from functools import cache
from importlib.resources import files

from chainrule.escaping.markup import html as escape
from chainrule.files.texts import read_text

STYLE = read_text("pages/page.css")
"""Calm, readable in light and dark, wide, narrow and printed."""


def piece(kind: str, body: str) -> str:
    """HTML with its style, for a notebook or a page; ``kind``: report, derivation or explanation."""
    return f'<style>\n{STYLE}</style>\n<main class="chainrule {kind}">\n{body}\n</main>\n'


def page(title: str, kind: str, body: str) -> str:
    """A whole page: self-contained, with the mathematics font, without scripts."""
    return read_text("pages/page.html").format(title=escape(title), font=_font(), body=piece(kind, body))


@cache
def _font() -> str:
    """The font of formulas: a part of TeX Gyre Pagella Math; fonts/README.md says which, and its licence."""
    data = b64encode((files("chainrule") / "pages" / "fonts" / "math.woff2").read_bytes()).decode()
    source = f'url("data:font/woff2;base64,{data}") format("woff2")'
    return f'@font-face {{ font-family: "Chainrule Math"; src: {source}; }}'
