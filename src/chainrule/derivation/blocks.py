"""A derivation as data: sections of paragraphs, steps, tables and numbers, which a renderer writes out."""

from __future__ import annotations

from typing import NamedTuple, TypeAlias

from chainrule.derivation.terms.terms import Rel, Term
from chainrule.derivation.terms.verify import Verified

Inline: TypeAlias = tuple[str | Term, ...]
"""Words with mathematics between them."""


class Paragraph(NamedTuple):
    """Words. ``kind``: plain, note (set apart) or warning."""

    words: Inline
    kind: str = "plain"


class Step(NamedTuple):
    """A line of a chain: op right, why, and how it was checked. ``when``: the case in which it holds."""

    op: str
    right: Term
    rule: Inline = ()
    mark: Verified | None = None


class Chain(NamedTuple):
    """left = … = …, line by line. ``when``: the case in which it holds. ``numbers``: a line of numbers."""

    left: Term
    steps: tuple[Step, ...]
    when: Inline = ()
    numbers: bool = False


class Formula(NamedTuple):
    """An equation of its own, with its tag and where its function stands."""

    equation: Rel
    tag: str = ""
    source: str = ""


class Table(NamedTuple):
    """Rows of cells below headings."""

    head: tuple[str, ...]
    rows: tuple[tuple[Inline, ...], ...]


class Array(NamedTuple):
    """A matrix of printed numbers with the symbol it belongs to."""

    symbol: Term
    rows: tuple[tuple[str, ...], ...]
    words: Inline = ()


Block: TypeAlias = Paragraph | Chain | Formula | Table | Array


class Section(NamedTuple):
    """A heading and what stands below it. ``level`` 2 is a section of a section."""

    title: Inline
    blocks: tuple[Block, ...]
    level: int = 1


class Document(NamedTuple):
    """A whole derivation. ``checked``: what was verified, in words."""

    title: str
    lead: tuple[Block, ...]
    sections: tuple[Section, ...]
    checked: str


def say(*words: str | Term) -> Paragraph:
    """A paragraph."""
    return Paragraph(words)


def note(*words: str | Term) -> Paragraph:
    """A paragraph set apart."""
    return Paragraph(words, "note")


def warn(*words: str | Term) -> Paragraph:
    """A paragraph that warns."""
    return Paragraph(words, "warning")
