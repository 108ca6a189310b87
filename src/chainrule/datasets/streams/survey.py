"""The statistics that a `Preprocessing` and a `Scaling` need, from rows that are read in pieces."""

from __future__ import annotations

import numpy as np

from chainrule.datasets.preparing.notation import PLAIN
from chainrule.datasets.preparing.preprocessing import Input, Preprocessing, check_fill, in_order
from chainrule.datasets.preparing.scaling import Scaling
from chainrule.datasets.tables.cells import check_words
from chainrule.datasets.tables.labels import encode
from chainrule.datasets.tables.parquet import Layout
from chainrule.datasets.tables.raw import Array, Raw
from chainrule.errors import DataError


class Survey:
    """Counts, means, squared deviations, categories and classes of the rows seen so far.

    Two sets of rows have together the mean m + d·n₂/n and the squared deviations S₁ + S₂ + d²·n₁n₂/n, with
    d = m₂ − m₁.

    Source: T. Chan, G. Golub, R. LeVeque, "Updating formulae and a pairwise algorithm for computing sample
    variances", 1979.
    """

    def __init__(self, layout: Layout) -> None:
        n = len(layout.names)
        self._layout = layout
        self.rows = 0
        self._count, self._mean, self._squares = np.zeros(n), np.zeros(n), np.zeros(n)
        self._words: list[set[str | None]] = [set() for _ in range(n)]
        self.classes: set[str] = set()

    @np.errstate(over="ignore", invalid="ignore")
    def add(self, raw: Raw) -> None:
        """Take some more rows."""
        self.rows += len(raw.X)
        present = ~np.isnan(raw.X)
        count = present.sum(axis=0)
        filled = np.where(present, raw.X, 0.0)
        mean = filled.sum(axis=0) / np.maximum(count, 1)
        squares = (np.where(present, raw.X - mean, 0.0) ** 2).sum(axis=0)
        self._merge(count, mean, squares)
        for j, words in enumerate(raw.words or ()):
            if words is not None:
                self._add_words(j, words, raw.X[:, j])
        if raw.labels is not None and np.ndim(raw.labels) == 1:
            self.classes |= set(encode(raw, None)[1])

    def _merge(self, count: Array, mean: Array, squares: Array) -> None:
        total = np.maximum(self._count + count, 1)
        apart = np.where(count > 0, mean - self._mean, 0.0)
        self._squares += squares + apart**2 * self._count * count / total
        self._mean += apart * count / total
        self._count += count

    def _add_words(self, j: int, words: tuple[str, ...], codes: Array) -> None:
        known = self._words[j]
        known.update(words)
        if np.isnan(codes).any():
            known.add(None)
        name = self._layout.names[j]
        check_words(f"column {name!r}", len(known - {None}), self.rows, name in self._layout.asked)

    @property
    def gaps(self) -> bool:
        """Whether anything was missing."""
        return bool((self._count < self.rows).any())

    def fitted(self, gaps: bool = False) -> tuple[Preprocessing | None, Scaling]:
        """The preprocessing, None if none is needed, and the scaling that follows.

        ``gaps``: other rows have some, so fill values are needed even if these rows have none.

        Raises:
            DataError: a column without a value, or whose mean or deviation is not finite.
        """
        for name, fill, squares in zip(self._layout.names, self._mean, self._squares, strict=True):
            check_fill(name, float(fill) + float(squares))
        inputs = tuple(map(self._input, range(len(self._layout.names))))
        preprocessing = Preprocessing(inputs)
        deviation = np.sqrt(self._squares / max(1, self.rows))  # a filled gap deviates by nothing
        shift, scale = np.zeros(len(preprocessing.features)), np.ones(len(preprocessing.features))
        numbers = [j for j, one in enumerate(inputs) if one.categories is None]
        places = preprocessing.number_places()
        shift[places] = self._mean[numbers]
        scale[places] = [_scale(self._mean[j], deviation[j]) for j in numbers]
        plain = all(one.categories is None and one.notation == PLAIN for one in inputs)
        plain = plain and not (gaps or self.gaps)
        return None if plain else preprocessing, Scaling(shift, scale)

    def _input(self, j: int) -> Input:
        name = self._layout.names[j]
        if not self._count[j]:
            raise DataError(
                f"a column must hold something; {name!r} is empty in every row. "
                "Drop it with --drop (drop= in Python)."
            )
        if name in self._layout.categorical:
            return Input(name, None, in_order(self._words[j]), self._layout.notation(name))
        return Input(name, float(self._mean[j]), None, self._layout.notation(name))


def _scale(mean: float, deviation: float) -> float:
    """A deviation; 1 for a column that varies by rounding error only."""
    return float(deviation) if deviation > 1e-12 * abs(mean) and deviation > 1e-150 else 1.0
