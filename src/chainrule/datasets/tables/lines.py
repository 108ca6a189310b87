"""The lines of a CSV or TSV file, as cells of text."""

from __future__ import annotations

import csv
import itertools
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TextIO

from chainrule.datasets.tables.columns import Columns
from chainrule.datasets.tables.raw import about, readable
from chainrule.errors import DataError

Cells = list[str]


def rows(path: Path) -> Iterator[tuple[int, Cells]]:
    """Yield the number and the cells of each line that is not empty.

    Cells are separated by tabs in a ``.tsv`` file; otherwise by commas, or where the first line has none,
    by semicolons or tabs. A cell in quotation marks may hold separators and line ends.

    Raises:
        DataError: the file is not there, not UTF-8 text, or not well-formed.
    """
    delimiter = _delimiter(path)
    with readable(path), _opened(path) as file:
        reader = csv.reader(_lines(path, file), delimiter=delimiter, skipinitialspace=True, strict=True)
        try:
            for cells in reader:
                if len(cells) > 1 or (cells and cells[0].strip()):
                    yield reader.line_num, cells
        except csv.Error as error:
            raise DataError(
                f"{path}: a line must be well-formed CSV; got {str(error)!r} on line {reader.line_num}. "
                "Close every quotation mark, and double those inside a quoted cell."
            ) from error


def samples(path: Path, layout: Callable[[Cells], Columns]) -> tuple[Columns, Iterator[tuple[int, Cells]]]:
    """Return what the columns are for, and the lines of samples, each checked to be as wide as the first.

    Args:
        path: the file.
        layout: tells the columns from the cells of the first line, which is a sample unless it has names.

    Raises:
        DataError: no line, no line of a sample, or one that is too long or too short.
    """
    lines = rows(path)
    first = next(lines, None)
    if first is None:
        raise DataError(f"{path}: a table must have lines; got an empty file. Write the samples into it.")
    with about(path):
        columns = layout(first[1])
    return columns, _checked(path, columns, lines if columns.names else itertools.chain([first], lines))


def _checked(path: Path, columns: Columns, lines: Iterator[tuple[int, Cells]]) -> Iterator[tuple[int, Cells]]:
    line = None
    for line, cells in lines:
        if len(cells) != columns.width:
            raise DataError(
                f"{path}: every line must have {columns.width} cells, as the first; got {len(cells)} on line "
                f"{line}. Fix that line; a cell with the separator in it needs quotation marks."
            )
        yield line, cells
    if line is None:
        raise DataError(
            f"{path}: a table must have samples; got a header line only. "
            "Write one sample on each line below it."
        )


def _opened(path: Path) -> TextIO:
    return path.open(encoding="utf-8-sig", newline="")


def _delimiter(path: Path) -> str:
    if path.suffix.lower() == ".tsv":
        return "\t"
    with readable(path), _opened(path) as file:
        first = next((line for line in _lines(path, file) if line.strip()), "")
    return next((mark for mark in ",;\t" if mark in first), ",")


def _lines(path: Path, file: TextIO) -> Iterator[str]:
    number = 0
    try:
        for number, line in enumerate(file, start=1):
            if "\0" in line:
                raise DataError(
                    f"{path}: a table must be text; got a NUL byte on line {number}. "
                    "Export it as CSV in UTF-8."
                )
            yield line
    except UnicodeDecodeError as error:
        raise DataError(
            f"{path}: a table must be UTF-8 text; got byte 0x{error.object[error.start]:02x} "
            f"after line {number}. Save it as UTF-8."
        ) from error
