"""The cells of a table's columns, and whether they are numbers or categories."""

from __future__ import annotations

import math
import re
from array import array
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from chainrule.datasets.preparing.notation import DECIMALS, NO_MARKS, PLAIN, Marks, Notation, shape_of
from chainrule.datasets.tables.raw import Array
from chainrule.datasets.tables.writing import Evidence, Writing
from chainrule.errors import DataError

MOST_CATEGORIES = 100
"""A column with more words than this must be named as categorical: it may hold names or texts."""

MOST_WORDS = 10_000
"""Categories of a column at most: each is an input of the network."""

MOST_DISTINCT = 4096
"""Distinct cells of a column of numbers that are kept as text."""

Place = Callable[[int], str]
"""Where a row stands: "line 7", or "row 5"."""


class Content(NamedTuple):
    """A column: numbers with NaN for gaps; or codes of its words, with NaN for gaps."""

    values: Array
    words: tuple[str, ...] | None
    notation: Notation = PLAIN


class Cells:
    """One column of text: its distinct cells and a code for each row; floats where these are too many.

    Args:
        label: what messages call it.
        categorical: whether it holds categories, whatever is in it.
        notation: how its numbers are written, None where that is to be recognised.
        marks: what the user says about that.
        whole: keep the cells as text, however many there are.
    """

    def __init__(
        self,
        label: str,
        categorical: bool = False,
        notation: Notation | None = None,
        marks: Marks = NO_MARKS,
        whole: bool = False,
    ) -> None:
        self.label, self.categorical, self.notation = label, categorical, notation
        self.writing = Writing(marks)
        self.reading = notation or self.writing.reading
        self.most_distinct = math.inf if whole or categorical else MOST_DISTINCT
        self.known: dict[str, int] = {}
        self.codes = array("i")
        self.floats: array[float] | None = None
        self.settled = self.gaps_are_numbers = False

    def add(self, cell: str) -> bool:
        """Take one more cell; False where thousands of numbers came before, and it is not written as they."""
        cell = cell.strip()
        if self.floats is not None:
            value = self._value(cell)
            if value is not None:
                self.floats.append(value)
            return value is not None
        self.codes.append(self.known.setdefault(cell, len(self.known)))
        if len(self.known) > self.most_distinct:
            self._to_floats()
        return True

    def _value(self, cell: str) -> float | None:
        value = self.reading.number(cell)
        if (value is None or self.gaps_are_numbers) and self.reading.is_gap(cell):
            return math.nan
        if value is None or self.settled or cell.isdecimal() or self._known_marks(cell):
            return value
        return None

    def _known_marks(self, cell: str) -> bool:
        """Whether a cell has no other marks than those that the notation was recognised by."""
        shape = shape_of(cell)
        return shape is None or self.writing.seen.issuperset(shape.marks)

    def _to_floats(self) -> None:
        reading = self.notation or self._recognised()
        values = [] if reading is None else [reading.number(cell) for cell in self.known]
        gaps = [self.reading.is_gap(cell) for cell in self.known]
        if reading is None or any(v is None and not gap for v, gap in zip(values, gaps, strict=True)):
            self.most_distinct *= 2
            return
        self.reading = reading
        self.settled = self.notation is not None or {*reading[:2]} - {""} <= self.writing.seen
        self.gaps_are_numbers = bool(reading.missing_numbers)
        found = np.array([math.nan if gap else v for v, gap in zip(values, gaps, strict=True)], np.float64)
        self.floats = array("d", found[np.frombuffer(self.codes, np.int32)].tobytes())
        self.codes, self.known = array("i"), {}

    def _recognised(self) -> Notation | None:
        """The notation of the cells so far, if no other column is needed to tell it."""
        self.survey()
        certain = not self.writing.seen or self.writing.proven
        return self.writing.notation() if certain and not self.writing.rows_of_words else None

    def survey(self) -> Writing:
        """What all its cells say about their notation."""
        if self.floats is None:
            self.writing = Writing(self.writing.marks)
            if not self.categorical:
                self.writing.add(self.known, _counts(len(self.known), np.frombuffer(self.codes, np.int32)))
        return self.writing

    def content(self, place: Place, evidence: Evidence | None = None) -> Content:
        """The column, as numbers if no cell is a word, otherwise as categories.

        Args:
            place: where a row stands.
            evidence: in training, what all columns say about their notation.

        Raises:
            DataError: a number that is not finite; in training also what `decide` refuses.
        """
        if self.floats is not None:
            values = finite(self.label, np.frombuffer(self.floats, np.float64), place)
            known_now = None if evidence is None else self.writing.notation(evidence)
            return Content(values, None, known_now or self.reading)
        known, codes = list(self.known), np.frombuffer(self.codes, np.int32)
        if evidence is None:
            return as_known(self.label, known, codes, place, self.categorical, self.reading)
        return decide(self.label, known, codes, place, self.categorical, self.survey(), evidence)


def as_known(
    label: str, known: Sequence[str], codes: Array, place: Place, categorical: bool, notation: Notation
) -> Content:
    """A column of a model from its distinct cells and the code of each row, -1 for a gap.

    Raises:
        DataError: a word where the model knows numbers, or a number that is not finite.
    """
    if categorical:
        return as_categories(known, codes, notation)
    values = [math.nan if notation.is_gap(cell) else notation.number(cell) for cell in known]
    if None in values:
        code = values.index(None)
        raise missing_word(label, known[code], place(int(np.argmax(codes == code))), notation)
    of_code = np.array([*values, math.nan], np.float64)
    return Content(finite(label, of_code[codes], place), None, notation)


def decide(
    label: str,
    known: Sequence[str],
    codes: Array,
    place: Place,
    categorical: bool,
    writing: Writing,
    evidence: Evidence,
) -> Content:
    """A training column from its distinct cells and the code of each row, -1 for a gap.

    Raises:
        DataError: a few words among numbers, numbers whose notation is not certain, too many words, or a
            number that is not finite.
    """

    def first_place(cell: str) -> str:
        return place(int(np.argmax(codes == known.index(cell))))

    notation = None if categorical else notation_of(label, known, first_place, writing, evidence)
    if notation is not None:
        return as_known(label, known, codes, place, False, notation)
    found = as_categories(known, codes, writing.reading)
    check_words(label, len(found.words or ()), len(codes), categorical)
    return found


def notation_of(
    label: str, known: Sequence[str], place: Callable[[str], str], writing: Writing, evidence: Evidence
) -> Notation | None:
    """How the numbers of a training column are written; None if it holds categories.

    Args:
        label: what messages call the column.
        known: its distinct cells.
        place: where a cell stands first.
        writing: what they say about their notation.
        evidence: what the whole table says.

    Raises:
        DataError: a few words among numbers, words among few numbers, or a notation that is not certain.
    """
    numbers, words = writing.rows_of_numbers, writing.rows_of_words
    if writing.word is None:
        notation = writing.notation(evidence)
        if notation is None:
            raise _not_certain(label, writing, place)
        return notation
    if numbers >= words:
        beside = f"{numbers} of its {numbers + words} cells are numbers"
        raise stray_word(label, writing.word, place(writing.word), beside)
    _refuse_units(label, [cell for cell in known if not writing.reading.is_gap(cell)], place)
    return None


def as_categories(known: Sequence[str], codes: Array, notation: Notation) -> Content:
    """A column of categories from its distinct cells and the code of each row, -1 for a gap."""
    present = sorted(cell for cell in known if not notation.is_gap(cell))
    kept = {cell: code for code, cell in enumerate(present)}
    of_code = np.array([*(kept.get(cell, math.nan) for cell in known), math.nan])
    return Content(of_code[codes], tuple(kept), Notation(missing=notation.missing))


def _counts(n: int, codes: Array) -> list[int]:
    counts: list[int] = np.bincount(codes[codes >= 0], minlength=n).tolist()
    return counts


def check_words(label: str, count: int, rows: int, asked: bool) -> None:
    """Refuse a column of names or of texts.

    Raises:
        DataError: more than `MOST_CATEGORIES`, or as good as one a row, unless ``asked``; or `MOST_WORDS`.
    """
    most = MOST_WORDS if asked else MOST_CATEGORIES
    if count > most:
        remedy = "Drop it" if asked else "Names, ID numbers and texts do not help a network: drop it"
        raise DataError(
            f"{label} must have at most {most:,} categories; got {count:,} different ones. {remedy} with "
            f"--drop (drop= in Python){'' if asked else ', or ask for it with --categorical'}."
        )
    if not asked and rows > 20 and count > rows / 2:
        raise DataError(
            f"{label} must have categories that occur again; got {count} different ones on {rows} rows. "
            "Drop it with --drop (drop= in Python), or ask for it with --categorical."
        )


_WITH_WORD = re.compile(r"[+-]?\d[\d.,]* ?([^\W\d_]+[²³]?)")


def _refuse_units(label: str, cells: Sequence[str], place: Callable[[str], str]) -> None:
    """Refuse numbers with a word behind them, such as 5 kg: as categories they would lose their order."""
    found = [_WITH_WORD.fullmatch(cell) for cell in cells]
    units = {one[1] if one else "" for one in found}
    if len(cells) > 2 and len(units) == 1 and "" not in units:
        raise DataError(
            f"numbers must stand alone, or have a sign such as % or $; {label} holds {cells[0]!r} on "
            f"{place(cells[0])}. Write the unit {units.pop()!r} into the header, and the numbers alone, or "
            "ask for categories with --categorical."
        )


def _not_certain(label: str, writing: Writing, place: Callable[[str], str]) -> DataError:
    must, cells = writing.problem()
    shown = " and ".join(f"{cell!r} on {place(cell)}" for cell in cells)
    remedy = "Correct one of them, or ask for categories with --categorical."
    if len(cells) == 1:
        mark = next(character for character in cells[0] if character in DECIMALS)
        other = "," if mark == "." else "."
        remedy = (
            f"If {mark!r} is the decimal mark, give --decimal '{mark}'; if it sets thousands apart, "
            f"--decimal '{other}' (decimal= in Python)."
        )
    return DataError(f"{must}; {label} holds {shown}. {remedy}")


def stray_word(label: str, word: str, where: str, beside: str) -> DataError:
    """The error for a word where numbers belong."""
    return DataError(
        f"features must be numbers, or categories in most rows; {label} holds {word!r} on {where}, and "
        f"{beside}. Correct the cell, leave it empty, say with --missing what stands for a missing value, or "
        "ask for categories with --categorical."
    )


def missing_word(label: str, word: str, where: str, notation: Notation = PLAIN) -> DataError:
    """The error for a word in a column that a model knows as numbers."""
    unlike = shape_of(word) is not None
    how = f" {notation}" if unlike or notation[:3] != PLAIN[:3] else ""
    more = ", or say with --decimal and --thousands how this file writes numbers" if unlike else ""
    return DataError(
        f"features must be numbers{how}; {label} holds {word!r} on {where}, and the model was trained on "
        f"numbers there. Correct the cell, or leave it empty{more}."
    )


def finite(label: str, values: Array, place: Place) -> Array:
    """Refuse infinity; NaN is a gap."""
    infinite = np.isinf(values)
    if infinite.any():
        row = int(np.argmax(infinite))
        raise DataError(
            f"features must be finite; {label} holds {values[row]} on {place(row)}. "
            "Leave the cell empty, or drop the line."
        )
    return values
