"""Rows of a sparse matrix, made dense as they are taken: a mini-batch in memory, never the whole matrix."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from chainrule.engines.base import Floats

BLOCK_NUMBERS = 4_000_000
"""Numbers that are dense at a time where many rows are wanted one after the other."""


class SparseRows:
    """A CSR matrix that gives dense rows: ``rows[10:20]`` and ``rows[indices]`` are arrays."""

    def __init__(self, matrix: Any) -> None:
        self._matrix = matrix.tocsr()
        self.shape: tuple[int, int] = matrix.shape
        self.dtype: np.dtype[Any] = matrix.dtype

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, rows: Any) -> Floats:
        dense: Floats = self._matrix[rows].toarray()
        return dense

    def some(self, rows: Any) -> SparseRows:
        """Some of the rows, still sparse."""
        return SparseRows(self._matrix[rows])

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Floats:
        raise TypeError("a sparse matrix must be taken some rows at a time, lest it fill the memory")

    def blocks(self) -> Iterator[Floats]:
        """All rows, some at a time."""
        size = max(1, BLOCK_NUMBERS // max(1, self.shape[1]))
        return (self[i : i + size] for i in range(0, len(self), size))
