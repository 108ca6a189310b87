"""Tables larger than memory: blocks of shuffled rows, read again in every epoch.

A Parquet file consists of row groups. In each epoch they come in another order, some thousands of rows at a
time, and the training loop shuffles the rows of a block. Scaling, gaps and categories are learnt in one pass
over the training rows. Whole row groups are held out for validation and for the test.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import numpy as np

from chainrule.datasets.dataset import Dataset
from chainrule.datasets.preparing.notation import as_marks
from chainrule.datasets.preparing.preprocessing import Preprocessing
from chainrule.datasets.preparing.scaling import Scaling
from chainrule.datasets.preparing.splitting import held_count
from chainrule.datasets.streams.survey import Survey
from chainrule.datasets.tables.columns import Target, name_list
from chainrule.datasets.tables.labels import encode, in_order
from chainrule.datasets.tables.parquet import Layout, layout_of, opened, raw_of, recognised
from chainrule.datasets.tables.raw import Array, PathLike, Raw, about
from chainrule.datasets.tables.row_numbers import RowNumbers, check_labels, warn_of
from chainrule.errors import DataError, InputError

PARQUET = (".parquet", ".pq")

PIECE = 1 << 16
"""Rows that are read and encoded at a time."""

BLOCK_NUMBERS = 1 << 23
"""Numbers in a block of samples, 32 MB: what is shuffled together."""

MOST_HELD_OUT = 1 << 24
"""Numbers in the samples that are held out, 64 MB: these stay in memory."""


@runtime_checkable
class Stream(Protocol):
    """What `Network.fit` accepts instead of data in memory."""

    @property
    def n_features(self) -> int:
        """The width n_0 of a sample."""
        ...

    @property
    def n_classes(self) -> int:
        """The number K of classes."""
        ...

    def __len__(self) -> int:
        """How many samples an epoch has."""
        ...

    def blocks(self, random: np.random.Generator) -> Iterator[tuple[Array, Array]]:
        """Yield (X, y) again and again until every sample has come once; ``random`` may decide their order.

        Nothing else may: a resumed run reads the current epoch again from its beginning. A
        method ``checksum() -> str``, if there is one, tells it whether the samples are still the same.

        Shapes: X (B, n_0), finite; y class numbers (B,), or rows of 0 and 1 (B, K). The loop shuffles a
        block's rows, and joins what is left of one to the next: mini-batches have their full size.
        """
        ...


@dataclass(frozen=True, eq=False, repr=False)
class ParquetStream:
    """Row groups of a Parquet file as a `Stream`, prepared for a network.

    Attributes:
        layout: which columns are meant.
        groups: the row groups that take part.
        rows: how many rows they have.
        classes: the class names.
        multi_label: whether a sample may have several labels.
        preprocessing: what fills gaps and encodes categories; None for numbers alone.
        scaling: what is applied then.
    """

    layout: Layout
    groups: tuple[int, ...]
    rows: int
    classes: tuple[str, ...]
    multi_label: bool
    preprocessing: Preprocessing | None
    scaling: Scaling
    part: str = "train"
    shape: tuple[int, int] | None = field(default=None, init=False)

    def __len__(self) -> int:
        return self.rows

    def __repr__(self) -> str:
        return (
            f"Stream {self.name!r} ({self.part}): {self.rows:,} samples in {len(self.groups):,} row groups, "
            f"{self.n_features:,} features, {self.n_classes:,} classes"
        )

    @property
    def name(self) -> str:
        """For people."""
        return self.layout.path.stem

    @property
    def features(self) -> tuple[str, ...]:
        """The names of the network's inputs."""
        return self.preprocessing.features if self.preprocessing else self.layout.names

    @property
    def n_features(self) -> int:
        """The width n_0 of a sample."""
        return len(self.features)

    @property
    def n_classes(self) -> int:
        """The number K of classes."""
        return len(self.classes)

    def blocks(self, random: np.random.Generator) -> Iterator[tuple[Array, Array]]:
        """Yield blocks of samples (X, y), float32, from row groups in an order drawn from ``random``."""
        size = max(1, BLOCK_NUMBERS // self.n_features)
        order = [self.groups[i] for i in random.permutation(len(self.groups))]
        yield from _blocks(self._pieces(order), min(size, self.rows))

    def dataset(self) -> Dataset:
        """All its samples, in memory."""
        X, y = next(_blocks(self._pieces(self.groups), self.rows))
        return Dataset(
            X,
            y,
            self.classes,
            features=self.features,
            scaling=self.scaling,
            name=self.name,
            part=self.part,
            preprocessing=self.preprocessing,
        )

    def checksum(self) -> str:
        """The SHA-256 of the file, and of which row groups take part."""
        with self.layout.path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256")
        digest.update(" ".join(map(str, self.groups)).encode())
        return digest.hexdigest()

    def _pieces(self, groups: Sequence[int]) -> Iterator[tuple[Array, Array]]:
        for raw in _raws(self.layout, groups):
            y, _ = encode(raw, self.classes)
            with about(raw.path):
                X = raw.X if self.preprocessing is None else self.preprocessing(raw.X, raw.words or ())
                yield self.scaling(X), y


def _blocks(pieces: Iterator[tuple[Array, Array]], size: int) -> Iterator[tuple[Array, Array]]:
    """Gather pieces into blocks of ``size`` rows, which are filled in place; the last one may be shorter.

    A block is not changed again, so the caller may keep it.
    """
    X = y = np.empty(0)
    filled = 0
    for x_piece, y_piece in pieces:
        start = 0
        while start < len(x_piece):
            if filled == 0:
                X = np.empty((size, x_piece.shape[1]), x_piece.dtype)
                y = np.empty((size, *y_piece.shape[1:]), y_piece.dtype)
            stop = min(len(x_piece), start + size - filled)
            end = filled + stop - start
            X[filled:end], y[filled:end] = x_piece[start:stop], y_piece[start:stop]
            filled, start = end % size, stop
            if filled == 0:
                yield X, y
    if filled:
        yield X[:filled], y[:filled]


def _raws(layout: Layout, groups: Sequence[int]) -> Iterator[Raw]:
    """The content of row groups, `PIECE` rows at a time."""
    with opened(layout.path) as file:
        first = np.cumsum([0, *_group_rows(file)])
        for group in groups:
            row = int(first[group])
            for batch in file.iter_batches(
                PIECE, row_groups=[group], columns=layout.wanted, use_threads=False
            ):
                if batch.num_rows:
                    yield raw_of(layout, batch, row)
                row += batch.num_rows


def _group_rows(file: Any) -> list[int]:
    return [file.metadata.row_group(group).num_rows for group in range(file.num_row_groups)]


def open_stream(
    path: PathLike,
    *,
    target: Target = None,
    categorical: str | Sequence[str] = (),
    drop: str | Sequence[str] = (),
    test_fraction: float = 0.2,
    validation: float | None = None,
    seed: int = 0,
    decimal: str | None = None,
    thousands: str | None = None,
    missing: str | Sequence[str] | None = None,
) -> tuple[ParquetStream, Dataset | None, Dataset]:
    """Return (training stream, validation, test) of a Parquet file: whole row groups, drawn at random.

    Validation and test stay in memory: they are the given shares of the rows, and at most `MOST_HELD_OUT`
    numbers each, but one row group at least.
    The preprocessing is learnt from the training row groups; the class names, and how numbers kept as text
    are written, from all of them. ``decimal``, ``thousands`` and ``missing`` are those of `load`.

    Raises:
        DataError: the file cannot be read, does not suit, or has too few row groups.
        InputError: an argument that cannot be right.
    """
    place = Path(path)
    if place.suffix.lower() not in PARQUET:
        raise InputError(f"only a Parquet file can be streamed; got {place.name!r}. Convert it.")
    categories, dropped = name_list("categorical", categorical), name_list("drop", drop)
    marks = as_marks(decimal, thousands, missing)
    with opened(place) as file:
        layout = layout_of(place, file.schema_arrow, target, categories, dropped, marks)
        rows = _group_rows(file)
        layout = recognised(layout, file.iter_batches(PIECE, columns=list(layout.texts), use_threads=False))
    parts = _parts(place, rows, len(layout.names), test_fraction, validation, seed)
    surveys = [Survey(layout) for _ in parts]
    numbering = RowNumbers(layout.names)
    for survey, groups in zip(surveys, parts, strict=True):
        for raw in _raws(layout, groups):
            survey.add(raw)
            if survey.rows >= PIECE:  # before as many names as rows fill the memory
                check_labels(raw, survey.rows, survey.classes)
            if survey is surveys[0]:
                numbering.add(raw.X)
    warn_of([name for name in numbering.found if name not in layout.categorical], layout.names)
    with about(place):
        preprocessing, scaling = surveys[0].fitted(any(survey.gaps for survey in surveys))
    multi_label = len(layout.columns.targets) > 1
    classes = tuple(layout.wanted[len(layout.names) :])
    if not multi_label:
        classes = in_order({name for survey in surveys for name in survey.classes})
        check_labels(Raw(place, np.empty(0)), sum(rows), classes)
    whole = ParquetStream(layout, (), 0, classes, multi_label, preprocessing, scaling)
    train, test, *held = (
        replace(whole, groups=groups, rows=sum(rows[group] for group in groups), part=part)
        for groups, part in zip(parts, ("train", "test", "validation"), strict=False)
    )
    return train, held[0].dataset() if held else None, test.dataset()


def _parts(
    path: Path, rows: Sequence[int], width: int, test: float, validation: float | None, seed: int
) -> list[tuple[int, ...]]:
    """Row groups for training, test and perhaps validation."""
    total = sum(rows)
    if not total:
        raise DataError(f"{path}: a table must have samples; got no rows. Write one sample on each.")
    order = [int(group) for group in np.random.default_rng(seed).permutation(len(rows)) if rows[group]]
    wanted = [test] if validation is None else [test, (1 - test) * validation]
    for share in (test, *([] if validation is None else [validation])):
        held_count(total, share)
    held: list[tuple[int, ...]] = []
    for share in wanted:
        most = min(share * total, MOST_HELD_OUT / max(1, width))
        part = [order.pop()] if order else []
        while order and sum(rows[group] for group in (*part, order[-1])) <= most:
            part.append(order.pop())
        held.append(tuple(sorted(part)))
    if not order:
        raise DataError(
            f"{path}: a file that is streamed must have more than {len(wanted)} row groups, one for each "
            f"part; got {len(rows)}. Write it with row_group_size=100_000 (pyarrow.parquet.write_table)."
        )
    return [tuple(sorted(order)), *held]


def should_stream(path: PathLike) -> bool:
    """Whether a Parquet file's numbers, as float64 and once more as float32, take half of the free memory."""
    place = Path(path)
    if place.suffix.lower() not in PARQUET or not place.is_file():
        return False
    with opened(place) as file:
        numbers = file.metadata.num_rows * file.metadata.num_columns
        groups = file.num_row_groups
    free = free_memory()
    return free is not None and groups > 2 and numbers * 12 > free / 2


def free_memory() -> int | None:
    """Bytes that a program can still get, None where the system does not say."""
    try:
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
    except OSError:
        return None
    found = [line.split() for line in lines if line.startswith("MemAvailable:")]
    return int(found[0][1]) * 1024 if found else None
