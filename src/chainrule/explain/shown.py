"""What is made of blocks shows itself: as text, Markdown or HTML, in a terminal and in a notebook."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any

from chainrule.explain.blocks import Block
from chainrule.explain.layout import plain
from chainrule.explain.markup import html, markdown
from chainrule.pages.page import piece

WIDTH = 100
"""Columns of the text, where nothing says how many there are."""


class Shown:
    """Something that `blocks` puts into words."""

    @abstractmethod
    def blocks(self) -> list[Block]:
        """The words, as the pieces that `to_text`, `to_markdown` and `to_html` set."""

    def to_text(self, width: int = WIDTH) -> str:
        """Plain text of at most ``width`` columns."""
        return plain(self.blocks(), width)

    def to_markdown(self) -> str:
        """Markdown, with tables."""
        return markdown(self.blocks())

    def to_html(self) -> str:
        """A piece of HTML with its style: formulas as MathML, tables, and pictures as SVG."""
        return piece("explanation", html(self.blocks()))

    def __str__(self) -> str:
        return self.to_text()

    def _repr_html_(self) -> str:
        return self.to_html()

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        printer.text(self.to_text())  # IPython in a terminal
