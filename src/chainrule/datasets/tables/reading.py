"""Read one file: CSV or TSV, npz, idx."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from chainrule.datasets.dataset import Dataset
from chainrule.datasets.preparing.notation import NO_MARKS, Marks, as_marks
from chainrule.datasets.preparing.preprocessing import Preprocessing, fit
from chainrule.datasets.preparing.scaling import Scaling
from chainrule.datasets.tables.columns import Target, check_width, pick_features
from chainrule.datasets.tables.gaps_and_words import (
    first_cells,
    read_known_features,
    read_known_table,
    read_numbers,
    read_training_table,
)
from chainrule.datasets.tables.header import labelled_columns, unlabelled_columns
from chainrule.datasets.tables.idx import is_idx, read_idx
from chainrule.datasets.tables.labels import encode
from chainrule.datasets.tables.npz import PARTS, Part, read_npz
from chainrule.datasets.tables.parquet import header_names, read_known_parquet, read_training_parquet
from chainrule.datasets.tables.raw import Array, PathLike, Raw, about
from chainrule.datasets.tables.table import OtherNotation, read_table, read_table_features
from chainrule.errors import DataError, InputError

_TABLES = (".csv", ".tsv")
_ALL_TABLES = ("table", "parquet")


def read(
    path: PathLike,
    *,
    target: Target = None,
    features: Sequence[str] | None = None,
    classes: Sequence[str] | None = None,
    scaling: Scaling | None = None,
    preprocessing: Preprocessing | None = None,
    part: Part = "train",
    decimal: str | None = None,
    thousands: str | None = None,
    missing: str | Sequence[str] | None = None,
) -> Dataset:
    """Return the samples and labels of one file; the numbers are raw (float64) unless ``scaling`` is given.

    For training, give the path, and the ``target`` if the labels are not in the last column. For evaluation,
    give also the trained model's ``features``, ``classes`` and ``scaling``: columns are then picked by name,
    and every label must be one of the classes. Pixels come as float32, which holds 0...255 exactly.

    Args:
        path: a table ``.csv``, ``.tsv`` or ``.parquet``; an archive ``.npz`` with X and y, or with x_train,
            y_train, x_test, y_test; or the images file of an idx pair such as ``train-images-idx3-ubyte.gz``.
        target: for tables, the label column's name or position (0 is the first, -1 the last). Several
            (a tuple, or a text with commas) are multi-label columns of 0 and 1, named after the classes.
        features: column names to use, in this order; the header may have others, which are ignored.
        classes: the class names in order; None takes the distinct labels, whole numbers in order of value.
        scaling: applied to the raw numbers, giving float32.
        preprocessing: a trained model's, for a table with gaps or categories: the raw numbers are what it
            gives, and ``features`` are not needed.
        part: which part of an archive that has several.
        decimal: the decimal mark of a table, as for `load`; None for what ``preprocessing`` knows.
        thousands: what sets thousands apart, likewise.
        missing: what stands for a missing value, likewise.

    Raises:
        DataError: the file is missing, damaged or foreign, or does not fit the given features or classes.
        InputError: an argument that fits no kind of file.
    """
    marks = as_marks(decimal, thousands, missing)
    if preprocessing is not None and _kind(path) in _ALL_TABLES:
        raw = _read_known(Path(path), preprocessing, target, classes, marks=marks)
    else:
        raw = read_raw(path, target=target, features=features, classes=classes, part=part, marks=marks)
        if raw.words is not None:  # numbers alone, in a notation of their own
            preprocessing = fit(raw.features or (), raw.X, raw.words, raw.notations)
    dataset = dataset_of(raw, classes, preprocessing=preprocessing)
    if scaling is None:
        return dataset
    with about(raw.path):
        return dataset.scaled(scaling)


def read_features(
    path: PathLike,
    *,
    n_features: int,
    features: Sequence[str] | None = None,
    ignore: Sequence[str] = (),
    preprocessing: Preprocessing | None = None,
    part: Part = "test",
    decimal: str | None = None,
    thousands: str | None = None,
    missing: str | Sequence[str] | None = None,
) -> Array:
    """Return the raw samples X (N, n_features) of a file for prediction; labels are not needed.

    If the file has a header and the model has feature names, columns are picked by name, in the model's
    order, and all others are ignored. Without names, the file must have exactly ``n_features`` columns, not
    counting those whose header is in ``ignore`` (the target's name, say). X is float64, or uint8 for pixels.
    ``decimal``, ``thousands`` and ``missing`` say how a table writes numbers, as for `load`; what they leave
    open ``preprocessing`` knows.

    Raises:
        DataError: the file is missing, damaged or foreign, or has not the model's features.
    """
    kind, place = _kind(path), Path(path)
    marks = _marks_for(place, kind, as_marks(decimal, thousands, missing))
    if preprocessing is not None and kind in _ALL_TABLES:
        raw = _read_known(place, preprocessing, labelled=False, ignore=ignore, marks=marks)
        return preprocessing(raw.X, raw.words or (None,) * raw.X.shape[1])
    if kind == "parquet":
        raw = read_known_parquet(place, None, features, labelled=False, marks=marks)
        with about(place):
            check_width(raw.X.shape[1], n_features)
        return raw.X
    if kind == "table":
        if marks == NO_MARKS:
            return read_table_features(place, n_features, features, ignore).X
        return read_numbers(
            place, lambda first: unlabelled_columns(first, n_features, features, ignore), marks
        ).X
    raw = read_npz(place, part, labelled=False) if kind == "npz" else read_idx(place, labelled=False)
    raw = _picked(raw, features)
    with about(place):
        check_width(raw.X.shape[1], n_features)
    _check_finite(raw)
    return raw.X


def read_raw(
    path: PathLike,
    *,
    target: Target = None,
    features: Sequence[str] | None = None,
    classes: Sequence[str] | None = None,
    part: Part = "train",
    marks: Marks = NO_MARKS,
) -> Raw:
    """Return a labelled file's raw content: numbers without gaps."""
    kind, place = _kind(path), Path(path)
    if part not in PARTS:
        raise InputError(f"part must be 'train', 'test' or 'validation'; got {part!r}. Pass one of these.")
    marks = _marks_for(place, kind, marks)
    if kind == "table":
        return _read_plain_table(place, target, features, classes, marks)
    if kind == "parquet":
        return read_known_parquet(place, None, features, target, classes, marks=marks)
    if target is not None:
        raise InputError(
            f"target must be left out unless the file is a table; got target={target!r} for {place.name}. "
            "A file of this kind names its labels itself."
        )
    return _picked(read_npz(place, part), features) if kind == "npz" else read_idx(place)


def _read_plain_table(
    path: Path, target: Target, features: Sequence[str] | None, classes: Sequence[str] | None, marks: Marks
) -> Raw:
    """Numbers without gaps: a model's if ``features`` are given, else in any notation that is certain."""
    if features is not None and marks != NO_MARKS:
        return read_numbers(
            path, lambda first: labelled_columns(first, target, features, classes), marks, classes
        )
    if marks == NO_MARKS:
        try:
            return read_table(path, target, features, classes)
        except OtherNotation:
            if features is not None:
                raise
    raw = read_training_table(path, target, marks=marks, classes=classes)
    if any(words is not None for words in raw.words or ()) or np.isnan(raw.X).any():
        raise raw.error(
            "features must be numbers without gaps for read(); the table has gaps or words. Use load(), "
            "which fits a preprocessing, or pass one."
        )
    return raw


def _marks_for(path: Path, kind: str, marks: Marks) -> Marks:
    if marks != NO_MARKS and kind not in _ALL_TABLES:
        raise InputError(
            f"decimal, thousands and missing must be left out unless the file is a table; got {path.name}. "
            "Leave them out."
        )
    return marks


def read_for_training(
    path: PathLike,
    *,
    target: Target = None,
    categorical: Sequence[str] = (),
    drop: Sequence[str] = (),
    marks: Marks = NO_MARKS,
) -> Raw:
    """Return a labelled file's content for training: gaps and categories may be in it.

    Raises:
        DataError: as `read`, or a column that is neither numbers nor categories.
        InputError: ``categorical``, ``drop`` or marks for a file that is no table.
    """
    kind = _kind(path)
    marks = _marks_for(Path(path), kind, marks)
    if kind == "table":
        return read_training_table(Path(path), target, categorical, drop, marks)
    if kind == "parquet":
        return read_training_parquet(Path(path), target, categorical, drop, marks)
    if categorical or drop:
        raise InputError(
            f"categorical and drop must be left out unless the file is a table; got "
            f"{', '.join((*categorical, *drop))!r} for {Path(path).name}. Leave them out."
        )
    return read_raw(path, target=target)


def dataset_of(
    raw: Raw,
    classes: Sequence[str] | None = None,
    part: str = "",
    preprocessing: Preprocessing | None = None,
) -> Dataset:
    """Return a file's content as a `Dataset` of raw numbers, or of what ``preprocessing`` makes of it."""
    y, names = encode(raw, classes)
    X, features = raw.X, raw.features
    with about(raw.path):
        if preprocessing is not None:
            X, features = preprocessing(X, raw.words or (None,) * X.shape[1]), preprocessing.features
        return Dataset(
            X,
            y,
            names,
            shape=raw.shape,
            features=features,
            name=stem(raw.path),
            part=part,
            preprocessing=preprocessing,
        )


def extra_columns(path: PathLike, wanted: Sequence[str], known: Sequence[str]) -> tuple[str, ...]:
    """The columns of a table with a header that are neither a model's features nor otherwise known."""
    kind = _kind(path)
    if kind not in _ALL_TABLES:
        return ()
    names = header_names(Path(path)) if kind == "parquet" else first_cells(Path(path))
    if not set(wanted) <= set(names):
        return ()
    return tuple(name for name in names if name not in (*wanted, *known))


def _read_known(
    path: Path,
    preprocessing: Preprocessing,
    target: Target = None,
    classes: Sequence[str] | None = None,
    labelled: bool = True,
    ignore: Sequence[str] = (),
    marks: Marks = NO_MARKS,
) -> Raw:
    if _kind(path) == "parquet":
        return read_known_parquet(path, preprocessing, None, target, classes, labelled, marks)
    if labelled:
        return read_known_table(path, target, preprocessing, classes, marks)
    return read_known_features(path, preprocessing, ignore, marks)


def stem(path: Path) -> str:
    """Return a file's name without its endings."""
    return path.name.removesuffix(".gz").removesuffix(path.suffix if path.suffix != ".gz" else "")


def _kind(path: PathLike) -> str:
    place = Path(path)
    if place.suffix.lower() in _TABLES:
        return "table"
    if place.suffix.lower() in (".parquet", ".pq"):
        return "parquet"
    if place.suffix.lower() == ".npz":
        return "npz"
    if is_idx(place):
        return "idx"
    raise DataError(
        f"{place} must be a .csv, .tsv, .npz or .parquet file, or an idx file of pictures "
        f"(...-images-idx3-ubyte); got {place.suffix or 'no ending'!r}. Convert it to one of these."
    )


def _picked(raw: Raw, features: Sequence[str] | None) -> Raw:
    """Choose columns by name, where both the file and the model have names."""
    if features is None or raw.features is None or tuple(features) == raw.features:
        return raw
    with about(raw.path):
        positions = pick_features(features, raw.features)
    return Raw(raw.path, raw.X[:, positions], raw.labels, raw.classes, tuple(features))


def _check_finite(raw: Raw) -> None:
    finite = np.isfinite(raw.X)
    if not finite.all():
        row, column = (int(index) for index in np.argwhere(~finite)[0])
        raise raw.error(
            f"features must be finite; got {raw.X[row, column]} at row {row}, column {column}. "
            "Fill in or drop that sample."
        )
