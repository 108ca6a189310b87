"""CSV and TSV files with gaps and categories, for training and for a model that knows its columns."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from chainrule.datasets.preparing.preprocessing import Preprocessing
from chainrule.datasets.tables.cells import Cells, stray_word
from chainrule.datasets.tables.columns import Columns, Target, is_number, target_list, without
from chainrule.datasets.tables.header import labelled_columns, unlabelled_columns
from chainrule.datasets.tables.lines import Cells as Line
from chainrule.datasets.tables.lines import rows, samples
from chainrule.datasets.tables.raw import Array, Raw, about
from chainrule.datasets.tables.table import NotPlain, Picked, labelled, read_table
from chainrule.errors import DataError


def read_training_table(
    path: Path, target: Target = None, categorical: Sequence[str] = (), drop: Sequence[str] = ()
) -> Raw:
    """Read a CSV or TSV file for training; numbers alone where nothing else is in it.

    Raises:
        DataError: with line and column, for what is neither number nor category; a name that is no column's.
        InputError: ``target`` is neither a name, a position, nor several of these.
    """
    target_list(target, ())
    if not categorical and not drop:
        try:
            return read_table(path, target)
        except NotPlain:
            pass  # gaps or words: read again, by columns
    raw = _read(path, lambda first: _training_columns(first, target, categorical, drop), categorical, True)
    plain = all(one is None for one in raw.words or ()) and not np.isnan(raw.X).any()
    return replace(raw, words=None) if plain else raw


def read_known_table(
    path: Path, target: Target, preprocessing: Preprocessing, classes: Sequence[str] | None = None
) -> Raw:
    """Read a labelled CSV or TSV file by the columns of a model."""
    names = preprocessing.names
    return _read(
        path,
        lambda first: labelled_columns(first, target, names, classes),
        preprocessing.categorical,
        False,
        names,
    )


def read_known_features(path: Path, preprocessing: Preprocessing, ignore: Sequence[str] = ()) -> Raw:
    """Read the columns of a model from a CSV or TSV file; labels are not needed."""
    names = preprocessing.names
    return _read(
        path,
        lambda first: unlabelled_columns(first, len(names), names, ignore),
        preprocessing.categorical,
        False,
        names,
    )


def _training_columns(
    first: Sequence[str], target: Target, categorical: Sequence[str], drop: Sequence[str]
) -> Columns:
    columns = without(labelled_columns(first, target, None, None), drop)
    without(columns, [name for name in categorical if name not in (columns.named(columns.features) or ())])
    return columns


def _read(
    path: Path,
    layout: Callable[[Line], Columns],
    categorical: Sequence[str],
    training: bool,
    known: Sequence[str] = (),
) -> Raw:
    columns, lines_of_cells = samples(path, layout)
    names = tuple(known) or columns.named(columns.features)
    names = names or tuple(f"column {place + 1}" for place in columns.features)
    content = [
        Cells(columns.label(place), name in categorical)
        for place, name in zip(columns.features, names, strict=True)
    ]
    lines, labels = list[int](), list[Picked]()
    for line, cells in lines_of_cells:
        for column, place in zip(content, columns.features, strict=True):
            if not column.add(cells[place]):
                beside = "thousands of cells are numbers"
                raise DataError(f"{path}: {stray_word(column.label, cells[place], f'line {line}', beside)}")
        lines.append(line)
        labels.append(tuple(cells[place] for place in columns.targets))
    raw = _raw(path, columns, content, lines, names, training)
    return labelled(raw, columns, labels) if columns.targets else raw


def _raw(
    path: Path,
    columns: Columns,
    content: Sequence[Cells],
    lines: Sequence[int],
    names: Picked,
    training: bool,
) -> Raw:
    X, words = np.empty((len(lines), len(content))), []

    def place(row: int) -> str:
        return f"line {lines[row]}"

    with about(path):
        for j, column in enumerate(content):
            values, kinds = column.content(place, training)
            X[:, j] = values
            words.append(kinds)
            column.codes, column.floats = column.codes[:0], None  # the table holds them now
        if training:
            _check_header(columns, names, words)
            check_not_empty(names, X)
    return Raw(path, X, features=names, lines=lines, words=tuple(words))


def check_not_empty(names: Sequence[str], X: Array) -> None:
    """Refuse a column without any value."""
    empty = np.isnan(X).all(axis=0)
    if empty.any():
        raise DataError(
            f"a column must hold something; {names[int(np.argmax(empty))]!r} is empty in every row. "
            "Drop it with --drop (drop= in Python)."
        )


def _check_header(columns: Columns, names: Sequence[str], words: Sequence[Picked | None]) -> None:
    numbers = [name for name in names if is_number(name)]
    if any(one is not None for one in words) and (columns.names is None or numbers):
        raise DataError(
            "a table with words in it must have a header line, with a name for each column; the first line "
            f"holds {(numbers or ['numbers'])[0]}. Write one."
        )


def first_cells(path: Path) -> list[str]:
    """The cells of the first line."""
    first = next(rows(path), None)
    return [cell.strip() for cell in first[1]] if first else []
