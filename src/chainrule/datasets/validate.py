"""What must hold for the parts of a `Dataset`; each check returns its part in the stored form."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from chainrule.checks import as_array
from chainrule.datasets.preparing.scaling import Scaling
from chainrule.errors import InputError

Array = npt.NDArray[Any]


def distinct_names(what: str, names: Sequence[str]) -> tuple[str, ...]:
    """Return the names as a tuple of distinct strings, at least one."""
    if isinstance(names, str) or not len(names):
        raise InputError(f"{what} must be a tuple of names; got {names!r}. Pass one name for each.")
    texts = tuple(str(name) for name in names)
    repeated = [name for name in texts if texts.count(name) > 1] if len(set(texts)) < len(texts) else []
    if repeated:
        raise InputError(f"{what} must have distinct names; got {repeated[0]!r} twice. Rename one of them.")
    return texts


def samples(X: npt.ArrayLike, features: Sequence[str] | None) -> Array:
    """Return the samples as a finite table (N, n_0): float64 stays, all other numbers become float32."""
    array = as_array("X", X)
    if array.dtype.kind not in "biuf":
        raise InputError(
            f"X must be numbers; got {array.dtype}. Encode text and categories as numbers first."
        )
    if array.ndim != 2:
        raise InputError(
            f"X must have shape (samples, features); got {array.shape}. Put one sample on each row; "
            "flatten pictures and pass their shape."
        )
    if 0 in array.shape:
        raise InputError(
            f"a data set must have at least one sample and one feature; got X of shape {array.shape}. "
            "Check how the samples were chosen."
        )
    with np.errstate(over="ignore"):
        array = np.ascontiguousarray(array, np.float64 if array.dtype == np.float64 else np.float32)
    _check_finite(array, features)
    return array


def _check_finite(X: Array, features: Sequence[str] | None) -> None:
    finite = np.isfinite(X)
    if finite.all():
        return
    row, column = (int(index) for index in np.argwhere(~finite)[0])
    name = f" ({features[column]!r})" if features and column < len(features) else ""
    raise InputError(
        f"X must be finite, as {X.dtype}; got {X[row, column]} at row {row}, column {column}{name}. "
        "Fill in or drop that sample."
    )


def labels(y: npt.ArrayLike, n_samples: int, n_classes: int) -> Array:
    """Return class numbers (N,) as int64, or rows of 0 and 1 (N, K) as uint8."""
    array = as_array("y", y)
    if array.ndim not in (1, 2) or array.dtype.kind not in "biuf":
        raise InputError(
            "y must be class numbers (N,) or rows of 0 and 1 (N, K); "
            f"got {array.dtype} of shape {array.shape}. Number the classes from 0 and pass their names."
        )
    if len(array) != n_samples:
        raise InputError(
            f"X and y must have equally many rows; got {n_samples} and {len(array)}. "
            "Pass one label for each sample."
        )
    return _label_rows(array, n_classes) if array.ndim == 2 else _class_numbers(array, n_classes)


def _class_numbers(y: Array, n_classes: int) -> Array:
    good = (y >= 0) & (y < n_classes) & (y == np.floor(y))
    if not good.all():
        row = int(np.argmin(good))
        raise InputError(
            f"labels must be 0...{n_classes - 1} for {n_classes} classes; got {y[row]} at row {row}. "
            "Fix that row, or pass one class name for each label that occurs."
        )
    return np.ascontiguousarray(y, np.int64)


def _label_rows(y: Array, n_classes: int) -> Array:
    if y.shape[1] != n_classes:
        raise InputError(
            f"rows of labels must have one entry for each of the {n_classes} classes; got {y.shape[1]}. "
            "Pass as many class names as y has columns."
        )
    good = (y == 0) | (y == 1)
    if not good.all():
        row, column = (int(index) for index in np.argwhere(~good)[0])
        raise InputError(
            f"rows of labels must hold 0 or 1; got {y[row, column]} at row {row}, column {column}. "
            "Write 1 where the label holds and 0 elsewhere."
        )
    return np.ascontiguousarray(y, np.uint8)


def weights(weight: npt.ArrayLike, n_samples: int) -> Array:
    """Return what each sample counts (N,) as float64."""
    array = np.asarray(weight)
    if array.shape != (n_samples,) or array.dtype.kind not in "biuf":
        raise InputError(
            f"weights must be {n_samples} numbers, one for each sample; got {array.dtype} of shape "
            f"{array.shape}. Pass None if all count alike."
        )
    good = np.isfinite(array) & (array >= 0)
    if not good.all():
        row = int(np.argmin(good))
        raise InputError(
            f"weights of samples must be finite and 0 or more; got {array[row]} at row {row}. Fix that row."
        )
    return array.astype(np.float64)


def description(
    n_features: int, shape: Sequence[int] | None, features: Sequence[str] | None, scaling: Scaling
) -> None:
    """Check that shape, feature names and scaling all describe samples of this width."""
    if shape is not None and (len(shape) != 2 or min(shape) < 1 or shape[0] * shape[1] != n_features):
        raise InputError(
            f"shape must be rows x columns of a picture with {n_features} pixels; got {tuple(shape)}. "
            "Pass the picture's shape, or None."
        )
    if features is not None and len(features) != n_features:
        raise InputError(
            f"features must name each of the {n_features} columns; got {len(features)} names. "
            "Pass as many names as X has columns, or None."
        )
    if not isinstance(scaling, Scaling):
        raise InputError(
            f"scaling must be a Scaling; got {type(scaling).__name__}. "
            "Pass Scaling.identity() for raw numbers."
        )
    if scaling.n_features not in (None, n_features):
        raise InputError(
            f"scaling must fit {n_features} columns; got {scaling.n_features}. "
            "Pass the scaling that made this X."
        )


def row_indices(indices: npt.ArrayLike, n_samples: int) -> Array:
    """Return chosen rows as whole numbers; a mask of bools becomes the rows where it is true."""
    rows = np.asarray(indices)
    if rows.dtype == bool and rows.shape == (n_samples,):
        rows = np.flatnonzero(rows)
    if rows.ndim != 1 or not rows.size or rows.dtype.kind not in "iu":
        raise InputError(
            f"indices must be whole numbers (at least one), or a mask of {n_samples} bools; "
            f"got shape {rows.shape} of {rows.dtype}. Pass the rows to keep."
        )
    outside = (rows < -n_samples) | (rows >= n_samples)
    if outside.any():
        raise InputError(
            f"indices must be below the {n_samples} samples; got {rows[outside][0]}. "
            f"Count rows from 0 to {n_samples - 1}."
        )
    return rows
