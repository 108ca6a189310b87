"""Parquet files, by pyarrow: a column's type says whether it holds numbers or categories."""

from __future__ import annotations

import json
import math
import re
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np

from chainrule.datasets.preparing.notation import NO_MARKS, PLAIN, Marks, Notation
from chainrule.datasets.preparing.preprocessing import Preprocessing
from chainrule.datasets.tables.cells import (
    MOST_DISTINCT,
    Content,
    as_categories,
    as_known,
    check_words,
    finite,
    notation_of,
)
from chainrule.datasets.tables.columns import Columns, Target, pick_features, target_list, without
from chainrule.datasets.tables.gaps_and_words import check_not_empty, plain
from chainrule.datasets.tables.header import check_header, columns_of
from chainrule.datasets.tables.raw import Array, Raw, about, check_unpacked, readable
from chainrule.datasets.tables.table import is_no_label, no_label
from chainrule.datasets.tables.writing import Writing, evidence_of
from chainrule.errors import ChainruleError, DataError, DataWarning


class Layout(NamedTuple):
    """Which columns of a file are meant, and which of them hold categories."""

    path: Path
    columns: Columns
    names: tuple[str, ...]
    categorical: tuple[str, ...]
    known: bool
    """Whether a model says what the columns must be."""
    asked: tuple[str, ...] = ()
    """Columns that somebody asked to be categories."""
    texts: tuple[str, ...] = ()
    """Columns of text that may hold numbers: nobody made them categories."""
    notations: Mapping[str, Notation] = MappingProxyType({})
    """How numbers are written in columns of text."""
    marks: Marks = NO_MARKS
    """What the user says about that."""
    classes: tuple[str, ...] = ()
    """A model's classes: labels, whatever they are called."""

    def notation(self, name: str) -> Notation:
        """How numbers and gaps are written in a column."""
        if name in self.notations:
            return self.notations[name]
        return Notation(missing=self.marks.missing) if name in self.categorical else self.marks.applied(PLAIN)

    @property
    def wanted(self) -> list[str]:
        """The names of all columns to read."""
        names = self.columns.names or ()
        return [*self.names, *(names[place] for place in self.columns.targets)]


def pyarrow() -> Any:
    """The package, or an error that says how to get it."""
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError as error:
        raise DataError(
            "reading Parquet needs the package pyarrow; it is not installed. Run: pip install pyarrow "
            "(or install chainrule with the extra 'parquet')."
        ) from error
    return pyarrow


@contextmanager
def opened(path: Path) -> Iterator[Any]:
    """A Parquet file, for reading without read-ahead: that takes six times the memory.

    Raises:
        DataError: it is missing, damaged or of another kind, found now or while reading.
    """
    pa = pyarrow()
    try:
        with readable(path):
            file = path.open("rb")
        with file, pa.parquet.ParquetFile(file, pre_buffer=False) as found:
            yield found
    except ChainruleError:
        raise
    except (pa.ArrowException, OSError, ValueError, KeyError, IndexError, OverflowError) as error:
        reason = " ".join(str(error).split())[:200]
        raise DataError(
            f"{path} must be a whole Parquet file; got {type(error).__name__}: {reason}. "
            "Copy it again, or export it again."
        ) from error


def layout_of(
    path: Path,
    schema: Any,
    target: Target = None,
    categorical: Sequence[str] = (),
    drop: Sequence[str] = (),
    marks: Marks = NO_MARKS,
) -> Layout:
    """The columns of a training file. What the file itself calls an index is none, unless it is named.

    Raises:
        DataError: no such column, too few, or one of a type that is neither number nor text.
    """
    target_list(target, ())
    with about(path):
        header = check_header(schema.names)
        named = [one for one in target_list(target, header) if isinstance(one, str)]
        index = [name for name in index_columns(schema) if name not in named]
        columns = _columns(header, index, target)
        named_index = tuple(header.index(name) for name in index if name in categorical)
        columns = replace(columns, features=columns.features + named_index)
        columns = without(columns, [name for name in drop if name not in index])
        names = columns.named(columns.features) or ()
        without(columns, [name for name in categorical if name not in names])
        words = [name for name in names if _kind(schema.field(name)) == "words" or name in categorical]
    _tell_index(path, [name for name in index if name not in (*categorical, *drop)])
    texts = tuple(name for name in _texts(schema, names) if name not in categorical)
    asked = tuple(categorical)
    return Layout(path, columns, names, tuple(words), known=False, asked=asked, texts=texts, marks=marks)


def index_columns(schema: Any) -> tuple[str, ...]:
    """The columns that a file's own metadata call its index, as pandas writes them."""
    try:
        found = json.loads((schema.metadata or {}).get(b"pandas", b"{}")).get("index_columns", [])
        return tuple(name for name in found if isinstance(name, str) and name in schema.names)
    except (AttributeError, TypeError, ValueError):  # damaged metadata say nothing
        return ()


def _columns(
    header: tuple[str, ...],
    index: Sequence[str],
    target: Target,
    features: Sequence[str] | None = None,
    classes: Sequence[str] | None = None,
) -> Columns:
    """The layout of a table with labels, as if the index were not there."""
    left = tuple(name for name in header if name not in index)
    found = columns_of(left, len(left), target, features, classes)
    places = tuple(header.index(name) for name in left)

    def moved(positions: Sequence[int]) -> tuple[int, ...]:
        return tuple(places[position] for position in positions)

    return Columns(header, len(header), moved(found.features), moved(found.targets))


def _tell_index(path: Path, index: Sequence[str]) -> None:
    """Say that an index with a name of its own is left out."""
    own = [name for name in index if not re.fullmatch(r"__index_level_\d+__", name)]
    if own:
        which = "column" if len(own) == 1 else "columns"
        warnings.warn(
            f"{path.name}: {which} {', '.join(map(repr, own))} left out: the file calls it its index. To use "
            "it as a feature, write the file after reset_index().",
            DataWarning,
            stacklevel=2,
        )


def recognised(layout: Layout, tables: Iterable[Any]) -> Layout:
    """The same, with the columns of text that hold numbers known as such, and their notation.

    ``tables`` are all rows of the file, some at a time, with these columns at least.

    Raises:
        DataError: numbers and words, or numbers whose notation is not certain, in one column.
    """
    if not layout.texts:
        return layout
    writings = {name: Writing(layout.marks) for name in layout.texts}
    cells: dict[str, dict[str, int]] = {name: {} for name in layout.texts}
    row = 0
    for table in tables:
        for name in layout.texts:
            codes, known = _encoded(table.column(name))
            counts = np.bincount(codes[codes >= 0], minlength=len(known)).tolist()
            writings[name].add(known, counts)
            first = cells[name]
            for code, cell in enumerate(known):
                if len(first) < MOST_DISTINCT and cell not in first:
                    first[cell] = row + int(np.argmax(codes == code))
        row += table.num_rows
    with about(layout.path):
        return _with_notations(layout, writings, cells)


def _texts(schema: Any, names: Sequence[str]) -> tuple[str, ...]:
    """The columns of text, without those that the file makes categories (dictionaries)."""
    types = pyarrow().types
    return tuple(
        name
        for name in names
        if not types.is_dictionary(schema.field(name).type) and _kind(schema.field(name)) == "words"
    )


_CODE = re.compile(r"0\d+")
"""Text such as 0815 was kept as text on purpose: as a number it would lose its zero."""


def _with_notations(
    layout: Layout, writings: Mapping[str, Writing], cells: Mapping[str, Mapping[str, int]]
) -> Layout:
    numbers = {
        name: writing
        for name, writing in writings.items()
        if writing.rows_of_numbers and not any(map(_CODE.fullmatch, cells[name]))
    }
    evidence = evidence_of(list(numbers.values()), layout.marks)
    found = {
        name: notation_of(
            f"column {name!r}", list(cells[name]), partial(_row, cells[name]), writing, evidence
        )
        for name, writing in numbers.items()
    }
    notations = {name: notation for name, notation in found.items() if notation is not None}
    left = tuple(name for name in layout.categorical if name not in notations)
    return layout._replace(categorical=left, notations=notations)


def _row(first: Mapping[str, int], cell: str) -> str:
    return f"row {first[cell]}" if cell in first else "a later row"


def known_layout(
    path: Path,
    schema: Any,
    wanted: Sequence[str] | None,
    categorical: tuple[str, ...] | None,
    target: Target = None,
    classes: Sequence[str] | None = None,
    labelled: bool = True,
    marks: Marks = NO_MARKS,
) -> Layout:
    """The columns of a model in a file; all of them but the index where the model's have no names.

    ``categorical`` None: the columns of text hold categories, or numbers.
    """
    with about(path):
        header = check_header(schema.names)
        named = [one for one in target_list(target, header) if isinstance(one, str)]
        index = [name for name in index_columns(schema) if name not in (*named, *(wanted or ()))]
        if labelled:
            columns = _columns(header, index, target, wanted, classes)
        else:
            left = tuple(place for place, name in enumerate(header) if name not in index)
            columns = Columns(header, len(header), pick_features(wanted, header) if wanted else left, ())
        names = columns.named(columns.features) or ()
        words = [name for name in names if _kind(schema.field(name)) == "words"]
    return Layout(
        path,
        columns,
        names,
        tuple(words) if categorical is None else categorical,
        known=True,
        texts=_texts(schema, names) if categorical is None else (),
        marks=marks,
        classes=tuple(classes or ()),
    )


def read_training_parquet(
    path: Path,
    target: Target = None,
    categorical: Sequence[str] = (),
    drop: Sequence[str] = (),
    marks: Marks = NO_MARKS,
) -> Raw:
    """Read a Parquet file for training; numbers alone where nothing else is in it."""
    with opened(path) as file:
        layout = layout_of(path, file.schema_arrow, target, categorical, drop, marks)
        check_unpacked(path, file.metadata.num_rows * len(layout.wanted) * 8)
        table = file.read(columns=layout.wanted)
        raw = raw_of(recognised(layout, [table]), table)
        with about(path):
            check_not_empty(layout.names, raw.X)
        return plain(raw)


def read_known_parquet(
    path: Path,
    preprocessing: Preprocessing | None,
    features: Sequence[str] | None,
    target: Target = None,
    classes: Sequence[str] | None = None,
    labelled: bool = True,
    marks: Marks = NO_MARKS,
) -> Raw:
    """Read the columns of a model from a Parquet file, with labels or without."""
    wanted = preprocessing.names if preprocessing else features
    words = preprocessing.categorical if preprocessing else () if features else None
    with opened(path) as file:
        layout = known_layout(path, file.schema_arrow, wanted, words, target, classes, labelled, marks)
        check_unpacked(path, file.metadata.num_rows * len(layout.wanted) * 8)
        table = file.read(columns=layout.wanted)
        if preprocessing:
            own = {one.name: marks.applied(one.notation) for one in preprocessing.inputs}
            layout = layout._replace(notations=own)
        elif features:
            layout = layout._replace(notations=dict.fromkeys(layout.names, marks.applied(PLAIN)))
        else:
            layout = recognised(layout, [table])
        raw = raw_of(layout, table)
    if preprocessing:
        return raw
    texts = [name for name, one in zip(layout.names, raw.words or (), strict=True) if one is not None]
    if texts:
        raise raw.error(
            f"features must be numbers; column {texts[0]!r} holds text. Use load(), which fits a "
            "preprocessing, or pass one."
        )
    gaps = np.isnan(raw.X)
    if gaps.any():
        row, column = (int(index) for index in np.argwhere(gaps)[0])
        raise raw.error(
            f"features must not be missing; column {layout.names[column]!r} is empty on row {row}. "
            "Fill the gap or drop the row."
        )
    return plain(raw)


def header_names(path: Path) -> list[str]:
    """The names of a file's columns."""
    with opened(path) as file:
        return list(file.schema_arrow.names)


def raw_of(layout: Layout, table: Any, first_row: int = 0) -> Raw:
    """Some rows of a file: numbers and codes of words, and labels."""
    if not table.num_rows:
        raise DataError(f"{layout.path}: a table must have samples; got no rows. Write one sample on each.")
    X, words, notations = np.empty((table.num_rows, len(layout.names))), [], []
    with about(layout.path):
        for j, name in enumerate(layout.names):
            content = _content(layout, name, table.column(name), first_row)
            X[:, j] = content.values
            words.append(content.words)
            notations.append(content.notation)
    raw = Raw(layout.path, X, features=layout.names, words=tuple(words), notations=tuple(notations))
    targets = layout.wanted[len(layout.names) :]
    if not targets:
        return raw
    columns = [table.column(name) for name in targets]
    if len(targets) > 1:
        bits = [_bits(raw, name, column, first_row) for name, column in zip(targets, columns, strict=True)]
        return replace(raw, labels=np.column_stack(bits), classes=tuple(targets))
    return replace(raw, labels=_labels(layout, raw, targets[0], columns[0], first_row))


def _kind(field: Any) -> str:
    types, kind = pyarrow().types, field.type
    if types.is_dictionary(kind):
        kind = kind.value_type
    if types.is_boolean(kind) or types.is_integer(kind) or types.is_floating(kind) or types.is_decimal(kind):
        return "numbers"
    if types.is_string(kind) or types.is_large_string(kind) or types.is_string_view(kind):
        return "words"
    if types.is_null(kind):
        return "numbers"
    raise DataError(
        f"a column must hold numbers or text; {field.name!r} holds {field.type}. Drop it with --drop "
        "(drop= in Python), or write it as numbers."
    )


def _content(layout: Layout, name: str, column: Any, first_row: int) -> Content:
    label, notation = f"column {name!r}", layout.notation(name)

    def place(row: int) -> str:
        return f"row {first_row + row}"

    if name in layout.categorical:
        codes, known = _encoded(column)
        found = as_categories(known, codes, notation)
        if not layout.known:
            check_words(label, len(found.words or ()), len(codes), name in layout.asked)
        return found
    if _kind(_Field(name, column.type)) == "words":
        codes, known = _encoded(column)
        return as_known(label, known, codes, place, False, notation)
    values = finite(label, _floats(column), place)
    for gap in notation.missing_numbers:
        values = np.where(values == gap, math.nan, values)
    return Content(values, None, notation)


class _Field(NamedTuple):
    name: str
    type: Any


def _floats(column: Any) -> Array:
    pa = pyarrow()
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    if pa.types.is_boolean(column.type):
        column = column.cast(pa.uint8())
    if not pa.types.is_floating(column.type) or column.type.bit_width < 32:
        column = column.cast(pa.float64(), safe=False)
    return _numpy(column)


def _chunked(column: Any) -> bool:
    return isinstance(column, pyarrow().ChunkedArray)


def _numpy(column: Any) -> Array:
    return np.asarray(column.to_numpy() if _chunked(column) else column.to_numpy(zero_copy_only=False))


def _encoded(column: Any) -> tuple[Array, list[str]]:
    """Codes, -1 for null, and the distinct texts."""
    pa = pyarrow()
    if not pa.types.is_string(column.type):
        column = column.cast(column.type.value_type) if pa.types.is_dictionary(column.type) else column
        column = column.cast(pa.string())
    encoded = column.dictionary_encode()
    encoded = encoded.combine_chunks() if _chunked(encoded) else encoded
    codes = encoded.indices.fill_null(-1).to_numpy(zero_copy_only=False)
    texts = [text.strip() for text in encoded.dictionary.to_pylist()]
    return codes, texts


def _labels(layout: Layout, raw: Raw, name: str, column: Any, first_row: int) -> Array | list[str]:
    pa = pyarrow()
    kind = column.type.value_type if pa.types.is_dictionary(column.type) else column.type
    label, missing = f"column {name!r}", layout.marks.missing
    if column.null_count:
        raise no_label(raw, label, None, f"row {first_row + int(np.argmax(_numpy(column.is_null())))}")
    if pa.types.is_integer(kind):
        values = _floats(column).astype(np.int64) if kind.bit_width < 64 else _numpy(column)
        gaps = np.isin(values, list(layout.marks.applied(PLAIN).missing_numbers))
        if gaps.any():
            row = int(np.argmax(gaps))
            raise no_label(raw, label, str(values[row]), f"row {first_row + row}")
        return values
    codes, known = _encoded(column)
    for code, text in enumerate(known):
        if is_no_label(text, missing, layout.classes):
            raise no_label(raw, label, text, f"row {first_row + int(np.argmax(codes == code))}")
    return [known[code] for code in codes.tolist()]


def _bits(raw: Raw, name: str, column: Any, first_row: int) -> Array:
    values = _floats(column)
    good = (values == 0) | (values == 1)
    if not good.all():
        row = int(np.argmin(good))
        held = "is empty" if np.isnan(values[row]) else f"holds {values[row]:g}"
        raise raw.error(
            f"label columns must hold 0 or 1; column {name!r} {held} on row {first_row + row}. "
            "Write 1 where the label holds and 0 elsewhere."
        )
    return values.astype(np.uint8)
