"""Recognise how the numbers of a table are written: what is certain is read, what is not is refused.

A column is read if there is one way only to read all its numbers. Where its own cells leave two, as 1,200
does, the other columns of the table decide, or the user.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from chainrule.datasets.preparing.notation import (
    DECIMALS,
    NO_MARKS,
    THOUSANDS,
    Marks,
    Notation,
    Shape,
    shape_of,
)

Roles = tuple[str, str]
"""The decimal mark, and the mark of thousands."""

_ROLES: tuple[Roles, ...] = tuple((d, t) for d in DECIMALS for t in THOUSANDS if d != t)

_FITTING = {
    frozenset(marks): [roles for roles in _ROLES if set(marks) <= set(roles)]
    for roles in _ROLES
    for marks in (roles, roles[:1], roles[1:])
}
"""The roles that marks between digits can have."""

PLAIN_ROLES = (".", "")


class Evidence(NamedTuple):
    """What a table's certain columns and the user say: its decimal marks, and its marks of thousands."""

    decimals: frozenset[str] = frozenset()
    thousands: frozenset[str] = frozenset()


NO_EVIDENCE = Evidence()


class Writing:
    """What the cells of a column say about their notation. Cells may be added at any time."""

    def __init__(self, marks: Marks = NO_MARKS) -> None:
        self.marks = marks
        self.reading = Notation(missing=marks.missing)
        self.numbers = 0
        self.rows_of_words = self.rows_of_numbers = 0
        self.word: str | None = None
        self.units: dict[str, str] = {}
        self.seen: set[str] = set()
        self.proven: set[str] = set()
        self._fit: Counter[Roles] = Counter()
        self._first: dict[Roles, str] = {}
        self._against: dict[Roles, str] = {}
        self._either: str | None = None

    def add(self, cells: Iterable[str], counts: Iterable[int]) -> None:
        """Take more cells, and on how many rows each stands."""
        for cell, rows in zip(cells, counts, strict=True):
            if self.reading.is_gap(cell):
                continue
            shape = shape_of(cell)
            if shape is None and self.reading.number(cell) is None:
                self.word = cell if self.word is None else self.word
                self.rows_of_words += rows
            else:
                self.rows_of_numbers += rows
                if shape is not None:
                    self._take(cell, shape)

    def _take(self, cell: str, shape: Shape) -> None:
        self.numbers += 1
        self.units.setdefault(shape.unit, cell)
        marks = shape.marks
        self.seen.update(marks)
        for roles in _ROLES:
            if not marks or (roles in _FITTING[frozenset(marks)] and shape.value(*roles) is not None):
                self._fit[roles] += 1
                self._first.setdefault(roles, cell)
            else:
                self._against.setdefault(roles, cell)
        if marks and marks[-1] in DECIMALS:
            if len(set(marks)) == 1 and shape.is_grouped(marks[-1]):
                self._either = self._either or cell
            else:
                self.proven.add(marks[-1])

    @property
    def possible(self) -> list[Roles]:
        """The ways to read all its numbers, by the marks that occur: a mark that does not is empty."""
        found = dict.fromkeys(
            (decimal if decimal in self.seen else "", thousands if thousands in self.seen else "")
            for decimal, thousands in _ROLES
            if self._fit[decimal, thousands] == self.numbers
            and decimal in self.marks.decimals
            and (self.marks.thousands is None or thousands in ("", self.marks.thousands))
        )
        return [roles for roles in found if self.seen <= set(roles)]

    @property
    def decimals(self) -> frozenset[str]:
        """The table's decimal mark, if this column is certain of it."""
        possible = self.possible
        if self.rows_of_words or len(self.units) > 1 or len(possible) != 1:
            return frozenset()
        [(decimal, thousands)] = possible
        other = set(DECIMALS) - {thousands} if thousands and thousands in DECIMALS else set()
        return frozenset({decimal} & self.proven | other)

    def notation(self, evidence: Evidence = NO_EVIDENCE) -> Notation | None:
        """How its numbers are written; None if that is not certain, or not the same in all of them."""
        if len(self.units) > 1:
            return None
        possible, only = self.possible, _only(evidence.decimals)
        if only:
            possible = [(d, t) for d, t in possible if d in ("", only) and t != only]
        plain = PLAIN_ROLES in possible and ("." in self.proven or "," not in evidence.decimals)
        if plain:
            possible = [PLAIN_ROLES]
        if len(possible) != 1:
            return None
        [(decimal, thousands)] = possible
        if decimal and not plain and decimal not in self.proven and decimal != only:
            return None
        decimal = decimal or _only(set(DECIMALS) - {thousands}) or only or _only(self.marks.decimals) or "."
        thousands = thousands or self.marks.thousands or _only(evidence.thousands) or ""
        [unit] = self.units or [""]
        return Notation(decimal, thousands if thousands != decimal else "", unit, self.marks.missing)

    def problem(self) -> tuple[str, tuple[str, ...]]:
        """Why `notation` is None: what must hold, and the cells that show it."""
        if len(self.units) > 1:
            cells = tuple(self.units.values())[:2]
            return "numbers must have one unit, or none", cells
        best = max(_ROLES, key=lambda roles: self._fit[roles])
        if self._fit[best] < self.numbers:
            return "numbers must be written in one way", (self._first[best], self._against[best])
        return "a number must be readable in one way only", (self._either or self._first[best],)


def _only(marks: Iterable[str]) -> str | None:
    found = tuple(marks)
    return found[0] if len(found) == 1 else None


def evidence_of(writings: Sequence[Writing], marks: Marks) -> Evidence:
    """What the columns of a table say together; the user has the last word."""
    decimals = frozenset[str]().union(*(writing.decimals for writing in writings))
    if len(marks.decimals) == 1:
        decimals = marks.decimals
    if marks.thousands is not None:
        return Evidence(decimals, frozenset({marks.thousands}))
    read = [writing.notation(Evidence(decimals)) for writing in writings if not writing.rows_of_words]
    return Evidence(decimals, frozenset(one.thousands for one in read if one is not None) - {""})
