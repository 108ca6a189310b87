"""What a reader takes out of a file, before labels become class numbers and X is scaled."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from chainrule.datasets.preparing.notation import Notation
from chainrule.datasets.preparing.scaling import PIXELS, Scaling
from chainrule.errors import DataError, InputError

Array = npt.NDArray[Any]
PathLike = str | os.PathLike[str]


@dataclass(frozen=True, eq=False)
class Raw:
    """The content of a file.

    Attributes:
        path: where it was read.
        X: the samples (N, n_0), float64, or uint8 for pixels.
        labels: N whole numbers or N texts, rows (N, K) of 0 and 1, or None for a file without labels.
        classes: class names that the file itself gives.
        features: column names, if the file has them.
        shape: rows and columns of a picture.
        lines: the line of each sample, for a file that has lines.
        words: for a table with gaps or categories: of each column the words that its codes in X stand for,
            None for a column of numbers. Gaps are NaN.
        notations: beside ``words``: how the numbers of each column are written.
    """

    path: Path
    X: Array
    labels: Array | list[str] | None = None
    classes: tuple[str, ...] | None = None
    features: tuple[str, ...] | None = None
    shape: tuple[int, int] | None = None
    lines: Sequence[int] | None = None
    words: tuple[tuple[str, ...] | None, ...] | None = None
    notations: tuple[Notation, ...] | None = None

    @property
    def scaling(self) -> Scaling | None:
        """The scaling that the kind of numbers asks for: 0...255 for bytes, otherwise none is known."""
        return PIXELS if self.X.dtype == np.uint8 else None

    def place(self, row: int) -> str:
        """Return where a sample stands: its line, or its row counted from 0."""
        return f"row {row}" if self.lines is None else f"line {self.lines[row]}"

    def error(self, message: str) -> DataError:
        """Return an error that begins with the file's name."""
        return DataError(f"{self.path}: {message}")


@contextmanager
def readable(path: Path) -> Iterator[None]:
    """Turn an operating-system error while reading ``path`` into a `DataError` with a remedy."""
    try:
        yield
    except FileNotFoundError as error:
        raise DataError(f"{path} must be an existing file; found none. Check the spelling.") from error
    except IsADirectoryError as error:
        raise DataError(f"{path} must be a file; got a folder. Give the name of a file in it.") from error
    except OSError as error:
        reason = error.strerror or str(error)
        raise DataError(
            f"{path} must be readable; got {reason!r}. Check the file and who may read it."
        ) from error


@contextmanager
def about(path: Path) -> Iterator[None]:
    """Begin the message of what is wrong with a file's content with the file's name."""
    try:
        yield
    except (DataError, InputError) as error:
        raise DataError(f"{path}: {error}") from error


UNPACKED = 512 << 20
"""Bytes that a small file may unpack to, unless $CHAINRULE_UNPACK_LIMIT says otherwise."""

_TIMES = 100
"""A larger file may unpack to this many times its size: pixels kept as float64 are packed to a fortieth."""

_UNITS = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30}


def check_unpacked(path: Path, declared: int) -> None:
    """Refuse a file that says of itself that it is much larger than it looks, before it is read.

    Raises:
        DataError: it unpacks to more than the limit, and to more than a hundred times its size.
        InputError: $CHAINRULE_UNPACK_LIMIT is no size.
    """
    limit = _unpack_limit()
    with readable(path):
        size = path.stat().st_size
    if declared > max(limit, _TIMES * size):
        raise DataError(
            f"{path} must not unpack to more than {_size(limit)}; its {_size(size)} unpack to "
            f"{_size(declared)}. If you trust it, set CHAINRULE_UNPACK_LIMIT={-(-declared >> 30)}G."
        )


def _unpack_limit() -> int:
    text = os.environ.get("CHAINRULE_UNPACK_LIMIT", "").strip().upper()
    if not text:
        return UNPACKED
    found = re.fullmatch(r"(\d{1,15})([KMG]?)B?", text)
    if found is None:
        raise InputError(
            f"CHAINRULE_UNPACK_LIMIT must be a number of bytes such as 500M or 4G; got {text!r}. Change it."
        )
    return int(found[1]) * _UNITS[found[2]]


def _size(count: int) -> str:
    return f"{count / 1e9:.1f} GB" if count >= 1e9 else f"{count / 1e6:.1f} MB"
