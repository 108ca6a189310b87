"""CSV and TSV files with gaps and categories, for training and for a model that knows its columns."""

from __future__ import annotations

from collections.abc import Callable, Container, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from chainrule.datasets.preparing.notation import NO_MARKS, PLAIN, Marks, Notation, shape_of
from chainrule.datasets.preparing.preprocessing import Preprocessing
from chainrule.datasets.tables.cells import Cells, missing_word, stray_word
from chainrule.datasets.tables.columns import Columns, Target, is_number, target_list, without
from chainrule.datasets.tables.header import labelled_columns, unlabelled_columns
from chainrule.datasets.tables.lines import Cells as Line
from chainrule.datasets.tables.lines import rows, samples
from chainrule.datasets.tables.raw import Array, Raw, about
from chainrule.datasets.tables.table import NotPlain, Picked, labelled, read_table
from chainrule.datasets.tables.writing import evidence_of
from chainrule.errors import DataError


def read_training_table(
    path: Path,
    target: Target = None,
    categorical: Sequence[str] = (),
    drop: Sequence[str] = (),
    marks: Marks = NO_MARKS,
    classes: Sequence[str] | None = None,
) -> Raw:
    """Read a CSV or TSV file for training; numbers alone where nothing else is in it.

    Raises:
        DataError: with line and column, for what is neither number nor category; a name that is no column's.
        InputError: ``target`` is neither a name, a position, nor several of these.
    """
    target_list(target, ())
    if not categorical and not drop and marks == NO_MARKS:
        try:
            return read_table(path, target)
        except NotPlain:
            pass  # gaps, words or numbers in another notation: read again, by columns

    def layout(first: Line) -> Columns:
        return _training_columns(first, target, categorical, drop)

    return plain(_read(path, layout, categorical, marks, classes=classes))


def read_known_table(
    path: Path,
    target: Target,
    preprocessing: Preprocessing,
    classes: Sequence[str] | None = None,
    marks: Marks = NO_MARKS,
) -> Raw:
    """Read a labelled CSV or TSV file by the columns of a model."""
    names = preprocessing.names
    return _read(
        path, lambda first: labelled_columns(first, target, names, classes), (), marks, preprocessing, classes
    )


def read_known_features(
    path: Path, preprocessing: Preprocessing, ignore: Sequence[str] = (), marks: Marks = NO_MARKS
) -> Raw:
    """Read the columns of a model from a CSV or TSV file; labels are not needed."""
    names = preprocessing.names
    return _read(
        path, lambda first: unlabelled_columns(first, len(names), names, ignore), (), marks, preprocessing
    )


def read_numbers(
    path: Path, layout: Callable[[Line], Columns], marks: Marks, classes: Sequence[str] | None = None
) -> Raw:
    """Read numbers without gaps from a CSV or TSV file, in the notation that the user names.

    Raises:
        DataError: with line and column, for whatever is not such a number.
    """
    raw = _read(path, layout, (), marks, marks.applied(PLAIN), classes)
    gaps = np.isnan(raw.X)
    if gaps.any():
        row, column = (int(index) for index in np.argwhere(gaps)[0])
        raise raw.error(
            f"features must not be missing; column {(raw.features or ())[column]!r} is empty on "
            f"{raw.place(row)}. Fill the gap or drop the line."
        )
    return replace(raw, words=None, notations=None)


def plain(raw: Raw) -> Raw:
    """The same without mention of words, where there are no words, no gaps, and no notation of its own."""
    special = any(words is not None for words in raw.words or ()) or any(
        notation != PLAIN for notation in raw.notations or ()
    )
    return raw if special or np.isnan(raw.X).any() else replace(raw, words=None, notations=None)


def _training_columns(
    first: Sequence[str], target: Target, categorical: Sequence[str], drop: Sequence[str]
) -> Columns:
    columns = without(labelled_columns(first, target, None, None), drop)
    without(columns, [name for name in categorical if name not in (columns.named(columns.features) or ())])
    return columns


class _Unlike(Exception):
    """A number among thousands is written in another way than those before."""


def _read(
    path: Path,
    layout: Callable[[Line], Columns],
    categorical: Sequence[str],
    marks: Marks,
    known: Preprocessing | Notation | None = None,
    classes: Sequence[str] | None = None,
) -> Raw:
    """Read all lines by columns. ``known`` is a model's, or the notation of columns that are all numbers."""
    whole = set[int]()
    while True:
        try:
            return _read_once(path, layout, categorical, marks, known, classes, whole)
        except _Unlike as found:  # that column is kept as text, so that all its cells decide
            whole.add(found.args[0])


def _read_once(
    path: Path,
    layout: Callable[[Line], Columns],
    categorical: Sequence[str],
    marks: Marks,
    known: Preprocessing | Notation | None,
    classes: Sequence[str] | None,
    whole: Container[int],
) -> Raw:
    columns, lines_of_cells = samples(path, layout)
    names = columns.named(columns.features) or tuple(columns.label(place) for place in columns.features)
    if isinstance(known, Preprocessing):
        names = known.names
    content = []
    for j, place in enumerate(columns.features):
        label = columns.label(place)
        if isinstance(known, Preprocessing):
            one = known.inputs[j]
            content.append(Cells(label, one.categories is not None, marks.applied(one.notation)))
        else:
            content.append(Cells(label, names[j] in categorical, known, marks, whole=j in whole))
    lines, labels = list[int](), list[Picked]()
    for line, cells in lines_of_cells:
        for j, (column, place) in enumerate(zip(content, columns.features, strict=True)):
            if not column.add(cells[place]):
                raise _unlike(path, column, cells[place], line, j)
        lines.append(line)
        labels.append(tuple(cells[place] for place in columns.targets))
    raw = _raw(path, columns, content, lines, names, marks if known is None else None)
    return labelled(raw, columns, labels, marks.missing, classes) if columns.targets else raw


def _unlike(path: Path, column: Cells, cell: str, line: int, j: int) -> Exception:
    """What to raise for a cell that is no number like the thousands before it."""
    if column.notation is not None:
        return DataError(f"{path}: {missing_word(column.label, cell, f'line {line}', column.notation)}")
    if shape_of(cell):
        return _Unlike(j)
    beside = "thousands of cells are numbers"
    return DataError(f"{path}: {stray_word(column.label, cell, f'line {line}', beside)}")


def _raw(
    path: Path,
    columns: Columns,
    content: Sequence[Cells],
    lines: Sequence[int],
    names: Picked,
    training: Marks | None,
) -> Raw:
    X, words, notations = np.empty((len(lines), len(content))), [], []

    def place(row: int) -> str:
        return f"line {lines[row]}"

    with about(path):
        evidence = None if training is None else evidence_of([one.survey() for one in content], training)
        for j, column in enumerate(content):
            found = column.content(place, evidence)
            X[:, j] = found.values
            words.append(found.words)
            notations.append(found.notation)
            column.codes, column.floats = column.codes[:0], None  # the table holds them now
        if training is not None:
            _check_header(columns, names, words)
            check_not_empty(names, X)
    return Raw(path, X, features=names, lines=lines, words=tuple(words), notations=tuple(notations))


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
