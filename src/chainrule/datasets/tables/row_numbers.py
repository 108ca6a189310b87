"""Columns that number the rows, and labels that are no classes.

A number of the row says nothing about the sample. Where a file is sorted by its label, it gives the label
away: a network that learns it is right on the test part too, and on no other file.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Collection, Sequence

import numpy as np

from chainrule.datasets.preparing.notation import DECIMALS, plain_number, shape_of
from chainrule.datasets.tables.columns import is_finite
from chainrule.datasets.tables.raw import Array, Raw
from chainrule.errors import DataWarning

FEWEST = 20
"""Rows below which whole numbers that all differ are no sign of anything."""

_PREFIX = 1000

_NAMES = re.compile(
    r"unnamed: \d+|(row|line|record)?[ _-]?(index|idx|id|no|nr|num|number)|level_\d+|row|#", re.I
)


class RowNumbers:
    """Which columns number the rows; they may come in pieces.

    A column does if it holds whole numbers that all differ, and these rise or fall from row to row, lie as
    close as numbers of rows do, or stand under a name such as ``id``.
    """

    def __init__(self, names: Sequence[str]) -> None:
        n = len(names)
        self.names = tuple(names)
        self.rows = 0
        self._left = set(range(n))
        self._low, self._high = np.full(n, np.inf), np.full(n, -np.inf)
        self._last = np.full(n, np.nan)
        self._rises, self._falls = np.ones(n, bool), np.ones(n, bool)

    def add(self, X: Array) -> None:
        """Take some more rows. Shapes: X (N, n), NaN for gaps."""
        self.rows += len(X)
        for j in sorted(self._left):
            values = X[:, j]
            if not (_all_differ(values[:_PREFIX]) and _all_differ(values)):
                self._left.remove(j)
                continue
            steps = np.diff(values, prepend=self._last[j] if self.rows > len(X) else values[:1] - 1)
            self._rises[j] &= bool((steps > 0).all())
            self._falls[j] &= bool((np.diff(values) < 0).all() and (self.rows == len(X) or steps[0] < 0))
            self._low[j], self._high[j] = min(self._low[j], values.min()), max(self._high[j], values.max())
            self._last[j] = values[-1]

    @property
    def found(self) -> list[str]:
        """The names of the columns that number the rows."""
        return [self.names[j] for j in sorted(self._left) if self.rows >= FEWEST and self._numbers_rows(j)]

    def _numbers_rows(self, j: int) -> bool:
        close = self._high[j] - self._low[j] < 2 * self.rows
        named = _NAMES.fullmatch(self.names[j].strip()) is not None
        return bool(self._rises[j] or self._falls[j] or close or named)


def _all_differ(values: Array) -> bool:
    """Whether these are whole numbers, none of them twice."""
    with np.errstate(invalid="ignore"):
        return bool((values == np.floor(values)).all()) and len(np.unique(values)) == len(values)


def warn_of(columns: Sequence[str], features: Sequence[str] | None) -> None:
    """Say that columns number the rows, and ask about them."""
    for name in columns:
        out = (
            f"Leave it out with --drop {name!r} (drop= in Python)" if features else "Take it out of the file"
        )
        warnings.warn(
            f"column {name!r} seems to number the rows: whole numbers, another on each. Is it an index or an "
            f"ID? Then it may give the label away in this file and means nothing in the next. {out}.",
            DataWarning,
            stacklevel=3,
        )


def _is_fraction(label: str) -> bool:
    value, shape = plain_number(label), shape_of(label)
    if value is not None:
        return not value.is_integer()
    return shape is not None and any(mark in DECIMALS for mark in shape.marks)


def check_features(raw: Raw) -> None:
    """Warn of columns that number the rows. Pixels do not."""
    if raw.X.dtype == np.uint8:
        return
    names = raw.features or tuple(f"column {j + 1}" for j in range(raw.X.shape[1]))
    numbers = [j for j, name in enumerate(names) if raw.words is None or raw.words[j] is None]
    found = RowNumbers([names[j] for j in numbers])
    if len(raw.X) >= FEWEST:
        found.add(raw.X[:, numbers] if len(numbers) < len(names) else raw.X)
    warn_of(found.found, raw.features)


FEWEST_LABELS = 10
"""Rows below which each may have a class of its own."""


def check_labels(raw: Raw, rows: int, classes: Collection[str]) -> None:
    """Refuse labels that are a measure, or a name or number of the sample.

    Raises:
        DataError: as many classes as rows; or numbers, and more classes than half the rows; or numbers with
            decimals, and more than `FEWEST` of them.
    """
    if rows < FEWEST_LABELS or len(classes) <= min(rows // 2, FEWEST):
        return
    numbers = all(map(is_finite, classes))
    fractions = numbers and any(map(_is_fraction, classes))
    each = len(classes) == rows or (numbers and 2 * len(classes) > rows)
    if not each and not fractions:
        return
    what = "a measure" if fractions else "a measure or an id" if numbers else "a name or an id"
    raise raw.error(
        f"a label must name a class that several samples share; it looks like {what}: {len(classes):,} "
        f"different {'numbers' if numbers else 'texts'} on {rows:,} rows. Name the label column with "
        "--target (target= in Python), or make classes of it, such as ranges."
    )
