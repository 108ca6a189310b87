"""The cells of a table's columns, and whether they are numbers or categories."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from chainrule.datasets.tables.columns import is_gap, is_number, is_text
from chainrule.datasets.tables.raw import Array
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


class Cells:
    """One column of text: its distinct cells and a code for each row; floats where these are too many."""

    def __init__(self, label: str, categorical: bool = False) -> None:
        self.label, self.categorical = label, categorical
        self.known: dict[str, int] = {}
        self.codes = array("i")
        self.floats: array[float] | None = None

    def add(self, cell: str) -> bool:
        """Take one more cell; False where it is a word among thousands of numbers."""
        cell = cell.strip()
        if self.floats is not None:
            if not (is_number(cell) or is_gap(cell)):
                return False
            self.floats.append(_float(cell))
            return True
        self.codes.append(self.known.setdefault(cell, len(self.known)))
        if len(self.known) > MOST_DISTINCT and not self.categorical:
            self._to_floats()
        return True

    def _to_floats(self) -> None:
        if not any(map(is_text, self.known)):
            values = np.array([_float(cell) for cell in self.known])
            self.floats = array("d", values[np.frombuffer(self.codes, np.int32)].tobytes())
            self.codes, self.known = array("i"), {}

    def content(self, place: Place, training: bool = True) -> Content:
        """The column, as numbers if no cell is a word, otherwise as categories.

        Raises:
            DataError: a number that is not finite; in ``training`` also what `decide` refuses.
        """
        if self.floats is not None:
            return Content(finite(self.label, np.frombuffer(self.floats, np.float64), place), None)
        known, codes = list(self.known), np.frombuffer(self.codes, np.int32)
        return decide(self.label, known, codes, place, self.categorical, training)


def decide(
    label: str, known: Sequence[str], codes: Array, place: Place, categorical: bool, training: bool = True
) -> Content:
    """A column from its distinct cells and the code of each row, -1 for a gap.

    Raises:
        DataError: a few words among numbers, too many words, or a number that is not finite.
    """
    words = [cell for cell in known if is_text(cell)]
    if not words and not categorical:
        values = np.array([*map(_float, known), np.nan])[codes]
        return Content(finite(label, values, place), None)
    if words and not categorical:
        if not training:
            raise missing_word(label, words[0], place(int(np.argmax(codes == known.index(words[0])))))
        _refuse_words_among_numbers(label, known, codes, place)
    kept = {cell: code for code, cell in enumerate(sorted(cell for cell in known if not is_gap(cell)))}
    if training:
        check_words(label, len(kept), len(codes), categorical)
    of_code = np.array([*(kept.get(cell, np.nan) for cell in known), np.nan])
    return Content(of_code[codes], tuple(kept))


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


def _refuse_words_among_numbers(label: str, known: Sequence[str], codes: Array, place: Place) -> None:
    counts = dict(zip(known, np.bincount(codes[codes >= 0], minlength=len(known)).tolist(), strict=True))
    present = sum(n for cell, n in counts.items() if not is_gap(cell))
    words = sum(n for cell, n in counts.items() if is_text(cell))
    if 2 * words <= present:
        word = next(filter(is_text, known))
        row = int(np.argmax(codes == known.index(word)))
        raise stray_word(label, word, place(row), f"{present - words} of its {present} cells are numbers")


def stray_word(label: str, word: str, where: str, beside: str) -> DataError:
    """The error for a word where numbers belong."""
    return DataError(
        f"features must be numbers, or categories in most rows; {label} holds {word!r} on {where}, and "
        f"{beside}. Correct the cell, leave it empty, or ask for categories with --categorical."
    )


def missing_word(label: str, word: str, where: str) -> DataError:
    """The error for a word in a column that a model knows as numbers."""
    return DataError(
        f"features must be numbers; {label} holds {word!r} on {where}, and the model was trained on numbers "
        "there. Correct the cell, or leave it empty."
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


def _float(cell: str) -> float:
    return float(cell) if is_number(cell) and not is_gap(cell) else float("nan")
