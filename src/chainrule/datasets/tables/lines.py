"""The lines of a CSV or TSV file, as cells of text."""

from __future__ import annotations

import csv
import itertools
import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TextIO

from chainrule.datasets.preparing.notation import shape_of
from chainrule.datasets.tables.columns import Columns
from chainrule.datasets.tables.raw import about, readable
from chainrule.errors import DataError
from chainrule.escaping.tables import csv_value

Cells = list[str]


def rows(path: Path) -> Iterator[tuple[int, Cells]]:
    """Yield the number and the cells of each line that is not empty.

    Cells are separated by tabs in a ``.tsv`` file; otherwise by commas, semicolons or tabs: by what the first
    line has, and if it has several, by what cuts the first lines into equally many cells. A cell in
    quotation marks may hold separators and line ends. An apostrophe in front of what a program for
    spreadsheets would take for a formula is no part of the cell (`csv_value`).

    Raises:
        DataError: the file is not there, not UTF-8 text, or not well-formed.
    """
    delimiter = _delimiter(path)
    with readable(path), _opened(path) as file:
        reader = csv.reader(_lines(path, file), delimiter=delimiter, skipinitialspace=True, strict=True)
        try:
            for cells in reader:
                if reader.line_num == 1 and _SEPARATOR.fullmatch(delimiter.join(cells)):
                    continue
                if len(cells) > 1 or (cells and cells[0].strip()):
                    yield reader.line_num, [csv_value(cell) for cell in cells]
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


_SEPARATOR = re.compile(r'"?sep=([,;\t])"?', re.I)
"""What Excel puts into the first line."""

SNIFFED = 20
"""Lines that are looked at to find out what separates cells."""


def _delimiter(path: Path) -> str:
    if path.suffix.lower() == ".tsv":
        return "\t"
    with readable(path), _opened(path) as file:
        lines = list(itertools.islice((line for line in _lines(path, file) if line.strip()), SNIFFED))
    said = _SEPARATOR.fullmatch(lines[0].strip()) if lines else None
    if said:
        return said[1]
    there = [mark for mark in ",;\t" if lines and mark in lines[0]]
    if len(there) < 2:
        return there[0] if there else ","
    even = [mark for mark in there if _cuts_evenly(lines, mark)] or there
    others = [mark for mark in even if mark != "," and _commas_in_numbers(lines, mark)]
    return (others or even)[0]


def _cut(lines: Sequence[str], mark: str) -> list[Cells]:
    try:
        return list(csv.reader(lines, delimiter=mark, skipinitialspace=True))
    except csv.Error:
        return []


def _cuts_evenly(lines: Sequence[str], mark: str) -> bool:
    widths = {len(cells) for cells in _cut(lines, mark)}
    return len(widths) == 1 and widths != {1}


def _commas_in_numbers(lines: Sequence[str], mark: str) -> bool:
    """Whether commas stand within numbers only, below the first line if there are more."""
    table = _cut(lines, mark)
    held = [cell for cells in table[1:] or table for cell in cells if "," in cell]
    return bool(held) and all(map(shape_of, held))


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
