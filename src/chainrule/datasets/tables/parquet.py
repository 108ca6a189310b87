"""Parquet files, by pyarrow: a column's type says whether it holds numbers or categories."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from chainrule.datasets.preparing.preprocessing import Preprocessing
from chainrule.datasets.tables.cells import Content, check_words, finite, missing_word
from chainrule.datasets.tables.columns import Columns, Target, is_gap, pick_features, target_list, without
from chainrule.datasets.tables.gaps_and_words import check_not_empty
from chainrule.datasets.tables.header import check_header, columns_of
from chainrule.datasets.tables.raw import Array, Raw, about, readable
from chainrule.datasets.tables.table import NO_LABEL
from chainrule.errors import ChainruleError, DataError


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
) -> Layout:
    """The columns of a training file.

    Raises:
        DataError: no such column, too few, or one of a type that is neither number nor text.
    """
    target_list(target, ())
    with about(path):
        header = check_header(schema.names)
        columns = without(columns_of(header, len(header), target, None, None), drop)
        names = columns.named(columns.features) or ()
        without(columns, [name for name in categorical if name not in names])
        words = [name for name in names if _kind(schema.field(name)) == "words" or name in categorical]
    return Layout(path, columns, names, tuple(words), known=False, asked=tuple(categorical))


def known_layout(
    path: Path,
    schema: Any,
    wanted: Sequence[str] | None,
    categorical: tuple[str, ...] | None,
    target: Target = None,
    classes: Sequence[str] | None = None,
    labelled: bool = True,
) -> Layout:
    """The columns of a model in a file; all of them where the model's have no names.

    ``categorical`` None: the columns of text hold categories.
    """
    with about(path):
        header = check_header(schema.names)
        if labelled:
            columns = columns_of(header, len(header), target, wanted, classes)
        else:
            places = pick_features(wanted, header) if wanted else tuple(range(len(header)))
            columns = Columns(header, len(header), places, ())
        names = columns.named(columns.features) or ()
        texts = [name for name in names if _kind(schema.field(name)) == "words"]
    return Layout(path, columns, names, tuple(texts) if categorical is None else categorical, known=True)


def read_training_parquet(
    path: Path, target: Target = None, categorical: Sequence[str] = (), drop: Sequence[str] = ()
) -> Raw:
    """Read a Parquet file for training; numbers alone where nothing else is in it."""
    with opened(path) as file:
        layout = layout_of(path, file.schema_arrow, target, categorical, drop)
        raw = raw_of(layout, file.read(columns=layout.wanted))
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
) -> Raw:
    """Read the columns of a model from a Parquet file, with labels or without."""
    wanted = preprocessing.names if preprocessing else features
    words = preprocessing.categorical if preprocessing else None
    with opened(path) as file:
        layout = known_layout(path, file.schema_arrow, wanted, words, target, classes, labelled)
        raw = raw_of(layout, file.read(columns=layout.wanted))
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


def plain(raw: Raw) -> Raw:
    """The same without mention of words, where there are neither words nor gaps."""
    more = any(one is not None for one in raw.words or ()) or np.isnan(raw.X).any()
    return raw if more else replace(raw, words=None)


def raw_of(layout: Layout, table: Any, first_row: int = 0) -> Raw:
    """Some rows of a file: numbers and codes of words, and labels."""
    if not table.num_rows:
        raise DataError(f"{layout.path}: a table must have samples; got no rows. Write one sample on each.")
    X, words = np.empty((table.num_rows, len(layout.names))), []
    with about(layout.path):
        for j, name in enumerate(layout.names):
            content = _content(layout, name, table.column(name), first_row)
            X[:, j] = content.values
            words.append(content.words)
    raw = Raw(layout.path, X, features=layout.names, words=tuple(words))
    targets = layout.wanted[len(layout.names) :]
    if not targets:
        return raw
    columns = [table.column(name) for name in targets]
    if len(targets) > 1:
        bits = [_bits(raw, name, column, first_row) for name, column in zip(targets, columns, strict=True)]
        return replace(raw, labels=np.column_stack(bits), classes=tuple(targets))
    return replace(raw, labels=_labels(raw, targets[0], columns[0], first_row))


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
    label = f"column {name!r}"
    if name in layout.categorical:
        codes, known = _encoded(column)
        kept = {cell: code for code, cell in enumerate(sorted(cell for cell in known if not is_gap(cell)))}
        if not layout.known:
            check_words(label, len(kept), len(codes), name in layout.asked)
        of_code = np.array([*(kept.get(cell, np.nan) for cell in known), np.nan])
        return Content(of_code[codes], tuple(kept))
    if _kind(_Field(name, column.type)) == "words":
        codes, known = _encoded(column)
        raise missing_word(label, known[codes[0]] if codes[0] >= 0 else "text", f"row {first_row}")
    return Content(finite(label, _floats(column), lambda row: f"row {first_row + row}"), None)


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


def _labels(raw: Raw, name: str, column: Any, first_row: int) -> Array | list[str]:
    pa = pyarrow()
    kind = column.type.value_type if pa.types.is_dictionary(column.type) else column.type
    if column.null_count:
        row = int(np.argmax(_numpy(column.is_null())))
        raise _no_label(raw, name, "is empty", first_row + row)
    if pa.types.is_integer(kind):
        return _floats(column).astype(np.int64) if kind.bit_width < 64 else _numpy(column)
    codes, known = _encoded(column)
    for code, text in enumerate(known):
        if text.lower() in NO_LABEL:
            held = f"holds {text!r}" if text else "is empty"
            raise _no_label(raw, name, held, first_row + int(np.argmax(codes == code)))
    return [known[code] for code in codes.tolist()]


def _no_label(raw: Raw, name: str, held: str, row: int) -> DataError:
    return raw.error(
        f"every sample must have a label; column {name!r} {held} on row {row}. Fill the gap or drop the row."
    )


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
