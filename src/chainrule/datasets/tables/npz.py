"""NumPy archives: X and y, or the four arrays of Keras' data sets."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

import numpy as np

from chainrule.datasets.tables.raw import Array, Raw, readable
from chainrule.errors import DataError

Part = Literal["train", "test"]

_KNOWN = ("X", "x", "y", "classes", "features", "x_train", "y_train", "x_test", "y_test")


def read_npz(path: Path, part: Part = "train", *, labelled: bool = True) -> Raw:
    """Read an archive with X and y (and perhaps ``classes`` and ``features``), or x_train, y_train, ....

    X is (N, n), or pictures (N, h, w) or (N, h, w, 1), which are flattened. y is whole numbers, texts, or
    rows of 0 and 1 (N, K) for samples with several labels. Nothing pickled is ever loaded.

    Raises:
        DataError: the file is damaged or foreign, or its arrays are not of this form.
    """
    content = _content(path)
    key_X, key_y = _keys(path, content, part, labelled)
    X, shape = _samples(path, content[key_X])
    raw = Raw(
        path,
        X,
        classes=_names(path, content, "classes"),
        features=_names(path, content, "features"),
        shape=shape,
        labels=_labels(path, content[key_y]) if labelled else None,
    )
    _check_agreement(raw)
    return raw


def has_test_part(path: Path) -> bool:
    """Return whether the archive brings its own test part."""
    with _archive(path) as archive:
        return {"x_train", "x_test"} <= set(archive.files)


@contextmanager
def _archive(path: Path) -> Iterator[Any]:
    try:
        with readable(path), path.open("rb") as file, np.load(file, allow_pickle=False) as archive:
            yield archive
    except DataError:
        raise
    except Exception as error:  # a damaged archive may fail in zipfile, zlib, struct, numpy, ...
        raise DataError(
            f"{path} must be a NumPy archive without pickled objects; got {type(error).__name__}: {error}. "
            "Write it with numpy.savez(path, X=X, y=y) from arrays of numbers or texts."
        ) from error


def _content(path: Path) -> dict[str, Array]:
    with _archive(path) as archive:
        return {name: archive[name] for name in archive.files if name in _KNOWN}


def _keys(path: Path, content: dict[str, Array], part: Part, labelled: bool) -> tuple[str, str]:
    for key_X, key_y in (("X", "y"), ("x", "y"), (f"x_{part}", f"y_{part}")):
        if key_X in content and (key_y in content or not labelled):
            return key_X, key_y
    raise DataError(
        f"{path} must hold the arrays X and y (or x_train, y_train, x_test and y_test); "
        f"got {', '.join(content) or 'none of them'}. Write it with numpy.savez(path, X=X, y=y)."
    )


def _samples(path: Path, X: Array) -> tuple[Array, tuple[int, int] | None]:
    if X.ndim == 4 and X.shape[3] == 1:
        X = X[..., 0]
    if X.ndim not in (2, 3) or X.dtype.kind not in "biuf" or not X.size:
        raise DataError(
            f"{path}: X must be numbers of shape (N, n), or (N, h, w) for pictures; "
            f"got {X.dtype} of shape {X.shape}. Flatten each sample to a row of numbers."
        )
    shape = (X.shape[1], X.shape[2]) if X.ndim == 3 else None
    rows = X.reshape(len(X), -1)
    with np.errstate(invalid="ignore"):  # NaN that signals; training refuses NaN and names its place
        return (rows if rows.dtype == np.uint8 else rows.astype(np.float64)), shape


def _labels(path: Path, y: Array) -> Array | list[str]:
    if y.ndim == 2 and y.shape[1] == 1:
        y = y[:, 0]
    if y.ndim == 1 and y.dtype.kind in "US":
        return _texts(path, "y", y)
    whole = y.dtype.kind in "biu" or (y.dtype.kind == "f" and bool(np.all(y == np.floor(y))))
    if y.ndim not in (1, 2) or not whole or not np.all(np.isfinite(y)) or not _fits(y):
        raise DataError(
            f"{path}: y must be whole numbers or texts (N,), or rows of 0 and 1 (N, K); "
            f"got {y.dtype} of shape {y.shape}. Number the classes from 0, or store their names."
        )
    return y.astype(np.int64)


def _names(path: Path, content: dict[str, Array], key: str) -> tuple[str, ...] | None:
    if key not in content:
        return None
    names = content[key]
    if names.ndim != 1 or names.dtype.kind not in "USiu":
        raise DataError(
            f"{path}: {key} must be a row of names; got {names.dtype} of shape {names.shape}. "
            f"Store numpy.array of the names as {key}."
        )
    return tuple(_texts(path, key, names))


def _fits(y: Array) -> bool:
    """Whether all numbers are within those of 64 bits."""
    if y.dtype.kind == "u":
        return bool(np.all(y <= np.iinfo(np.int64).max))
    return y.dtype.kind in "bi" or bool(np.all(np.abs(y.astype(np.float64)) < 2.0**63))


def _texts(path: Path, key: str, names: Array) -> list[str]:
    try:
        found = names.tolist()
    except (SystemError, ValueError) as error:  # four bytes of a text that are no character
        raise DataError(f"{path}: {key} must be texts; got invalid characters. Write it again.") from error
    return [name.decode("utf-8", "replace") if isinstance(name, bytes) else str(name) for name in found]


def _check_agreement(raw: Raw) -> None:
    if raw.labels is not None and len(raw.labels) != len(raw.X):
        raise raw.error(
            f"X and y must have equally many rows; got {len(raw.X)} and {len(raw.labels)}. "
            "Store one label for each sample."
        )
    if raw.features is not None and len(raw.features) != raw.X.shape[1]:
        raise raw.error(
            f"features must name each of the {raw.X.shape[1]} columns of X; got {len(raw.features)} names. "
            "Store one name for each column."
        )
