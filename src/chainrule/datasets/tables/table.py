"""Tables of numbers with a label: CSV and TSV files."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from operator import itemgetter
from pathlib import Path

import numpy as np

from chainrule.datasets.preparing.notation import PLAIN, plain_number, shape_of
from chainrule.datasets.tables.columns import Columns, Target, is_gap, is_number, is_text, target_list
from chainrule.datasets.tables.header import check_header, labelled_columns, unlabelled_columns
from chainrule.datasets.tables.lines import Cells, rows, samples
from chainrule.datasets.tables.raw import Array, Raw, about
from chainrule.errors import DataError

Picked = tuple[str, ...]

NO_LABEL = frozenset({"", "?", "na", "n/a", "nan", "null"})


class NotPlain(DataError):
    """A table that holds more than finite numbers."""


class OtherNotation(NotPlain):
    """A table with numbers that are written with other marks than a decimal point."""


def read_table(
    path: Path,
    target: Target = None,
    features: Sequence[str] | None = None,
    classes: Sequence[str] | None = None,
) -> Raw:
    """Read a CSV or TSV file with labels.

    The first line is a header if it holds the name of the ``target`` or all of ``features`` (a model's); if a
    feature's cell in it is text, or none of them is a number; or if only its label is text and all other
    labels are numbers. Empty lines are skipped.

    Raises:
        DataError: with line and column, for whatever is not a number, missing or ragged.
        InputError: ``target`` is neither a name, a position, nor several of these.
    """
    target_list(target, ())  # refuses what can be no target, whatever the file
    raw, columns, cells = _read(path, lambda first: labelled_columns(first, target, features, classes))
    return labelled(raw, columns, cells, classes=classes)


def labelled(
    raw: Raw,
    columns: Columns,
    cells: Sequence[Picked],
    missing: Sequence[str] | None = None,
    classes: Sequence[str] | None = None,
) -> Raw:
    """Return a table's content with the labels that stand in these cells.

    ``missing`` are the signs for a label that is not there, None for the usual ones; a model's ``classes``
    are labels whatever they are called.
    """
    if len(columns.targets) > 1:
        return _with_label_rows(raw, columns, cells)
    labels = [cell.strip() for (cell,) in cells]
    if columns.names is None and _only_first_is_text(labels):
        columns, raw, labels = _without_header(columns, raw, labels)
    _check_labels_present(raw, columns, labels, missing, classes)
    return replace(raw, labels=labels)


def read_table_features(
    path: Path, n_features: int, features: Sequence[str] | None = None, ignore: Sequence[str] = ()
) -> Raw:
    """Read the features of a CSV or TSV file for prediction; see `chainrule.datasets.read_features`."""
    return _read(path, lambda first: unlabelled_columns(first, n_features, features, ignore))[0]


def _read(path: Path, layout: Callable[[Cells], Columns]) -> tuple[Raw, Columns, list[Picked]]:
    """Read all lines: the features as numbers, the cells of the label columns as text."""
    columns, lines_of_cells = samples(path, layout)
    of_features, of_labels = _picker(columns.features), _picker(columns.targets)
    values, lines, labels = array("d"), array("q"), list[Picked]()
    for line, cells in lines_of_cells:
        try:
            values.extend(_floats(of_features(cells)))
        except ValueError:
            raise _cell_error(path, columns, line, cells) from None
        lines.append(line)
        labels.append(of_labels(cells))
    X = np.asarray(values, np.float64).reshape(len(lines), len(columns.features))
    _check_finite(path, columns, X, lines)
    return Raw(path, X, features=columns.named(columns.features), lines=lines), columns, labels


def _picker(positions: Sequence[int]) -> Callable[[Cells], Picked]:
    if len(positions) > 1:
        return itemgetter(*positions)
    return lambda cells: tuple(cells[position] for position in positions)


def _floats(cells: Picked) -> Iterable[float]:
    if "_" in "".join(cells):  # float() reads 1_000, which no other program writes
        raise ValueError
    try:
        return list(map(float, cells))
    except ValueError:
        return [_float(cell) for cell in cells]


def _float(cell: str) -> float:
    value = plain_number(cell)
    value = PLAIN.number(cell) if value is None else value  # with another minus, perhaps
    if value is None:
        raise ValueError
    return value


def _only_first_is_text(labels: Sequence[str]) -> bool:
    return len(labels) > 1 and is_text(labels[0]) and all(map(is_number, labels[1:]))


def _without_header(columns: Columns, raw: Raw, labels: list[str]) -> tuple[Columns, Raw, list[str]]:
    """Take the first line as a header after all; its feature names happen to be numbers."""
    with about(raw.path):
        names = check_header(next(rows(raw.path))[1])
    columns = replace(columns, names=names)
    lines = list(raw.lines or ())[1:]
    return (
        columns,
        replace(raw, X=raw.X[1:], features=columns.named(columns.features), lines=lines),
        labels[1:],
    )


def _cell_error(path: Path, columns: Columns, line: int, cells: Cells) -> DataError:
    position = next(
        place
        for place in columns.features
        if not is_number(cells[place]) and PLAIN.number(cells[place]) is None
    )
    cell, column = cells[position].strip(), columns.label(position)
    if is_gap(cell):
        held = f"holds {cell!r}" if cell else "is empty"
        return NotPlain(
            f"{path}: features must not be missing; {column} {held} on line {line}. "
            "Fill the gap or drop the line."
        )
    if shape_of(cell):
        return OtherNotation(
            f"{path}: features must be numbers with a decimal point and no other marks; {column} holds "
            f"{cell!r} on line {line}. Say how they are written with --decimal and --thousands (decimal= and "
            "thousands= in Python)."
        )
    return NotPlain(
        f"{path}: features must be numbers; {column} holds {cell!r} on line {line}. "
        "Drop the column or encode it as numbers."
    )


def _check_finite(path: Path, columns: Columns, X: Array, lines: Sequence[int]) -> None:
    finite = np.isfinite(X)
    if finite.all():
        return
    row, column = (int(index) for index in np.argwhere(~finite)[0])
    raise NotPlain(
        f"{path}: features must be finite; {columns.label(columns.features[column])} holds {X[row, column]} "
        f"on line {lines[row]}. Fill the gap or drop the line."
    )


def _check_labels_present(
    raw: Raw,
    columns: Columns,
    labels: Sequence[str],
    missing: Sequence[str] | None,
    classes: Sequence[str] | None,
) -> None:
    absent = {label for label in set(labels) if is_no_label(label, missing, classes)}
    row = next((row for row, label in enumerate(labels) if label in absent), None) if absent else None
    if row is not None:
        raise no_label(raw, columns.label(columns.targets[0]), labels[row], raw.place(row))


def is_no_label(label: str, missing: Sequence[str] | None, classes: Sequence[str] | None) -> bool:
    """Whether a label is a sign for one that is missing."""
    if label in (classes or ()):
        return False
    return label.lower() in NO_LABEL if missing is None else label == "" or label in missing


def no_label(raw: Raw, column: str, label: str | None, place: str) -> DataError:
    """The error for a sample without a label."""
    held, more = "is empty", ""
    if label:
        held, more = (
            f"holds {label!r}",
            f" If {label!r} is a class, give --missing '' (missing='' in Python).",
        )
    return raw.error(
        f"every sample must have a label; {column} {held} on {place}. Fill the gap or drop the "
        f"{place.split()[0]}.{more}"
    )


def _with_label_rows(raw: Raw, columns: Columns, cells: Sequence[Picked]) -> Raw:
    """Return a multi-label file's content: its label columns are 0 or 1, and their names the classes."""
    bits = np.empty((len(cells), len(columns.targets)), np.uint8)
    for row, texts in enumerate(cells):
        bits[row] = [_bit(raw, columns, row, place, text) for place, text in enumerate(texts)]
    names = columns.named(columns.targets) or tuple(columns.label(place) for place in columns.targets)
    return replace(raw, labels=bits, classes=names)


def _bit(raw: Raw, columns: Columns, row: int, place: int, text: str) -> int:
    if is_number(text) and float(text) in (0, 1):
        return int(float(text))
    raise raw.error(
        f"label columns must hold 0 or 1; {columns.label(columns.targets[place])} holds {text.strip()!r} "
        f"on {raw.place(row)}. Write 1 where the label holds and 0 elsewhere."
    )
