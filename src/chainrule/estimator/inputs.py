"""What users hand in: labels without gaps, no points in time, validation data like the training data."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from math import isnan
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from chainrule.errors import DataWarning, InputError

FAR, WIDER = 4.0, 10.0
"""Standard deviations between the means of a column, and the ratio of its deviations, that no split makes."""
MOST = 3
"""Columns that a message names."""


def check_no_gaps(y: Any) -> None:
    """Refuse labels that are missing: None, NaN beside texts, pandas' NA, a null.

    Raises:
        InputError: the first of them, with its row.
    """
    values = _objects(y)
    for row, value in enumerate(values):
        if _is_missing(value):
            raise InputError(
                f"labels must not be missing; got {value} at row {row}. Drop that row, or name its class."
            )


def _objects(y: Any) -> list[Any]:
    """The labels one by one, where their kind can hold a gap beside NaN among numbers."""
    if hasattr(y, "columns") and hasattr(y, "shape"):  # a frame: rows of labels, or one column
        rows = y.rows() if hasattr(y, "rows") else y.to_numpy(object).tolist()
        return [next((value for value in row if _is_missing(value)), row[0]) for row in rows if len(row)]
    dtype = getattr(y, "dtype", None)
    if hasattr(y, "to_list") and not isinstance(dtype, np.dtype):  # polars, and pandas' own kinds
        return list(y.to_list())
    if isinstance(y, list | tuple):
        return [] if y and np.ndim(y[0]) else list(y)
    plain = isinstance(dtype, np.dtype) and dtype.kind == "O"
    if plain and getattr(y, "ndim", 0) == 2:
        return [next((value for value in row if _is_missing(value)), 0) for row in y]
    return list(y) if plain and getattr(y, "ndim", 0) == 1 else []


def _is_missing(value: Any) -> bool:
    if value is None or type(value).__name__ in ("NAType", "NaTType"):
        return True
    return isinstance(value, float | np.floating) and isnan(value)


def check_known(name: str, y: NDArray[Any], classes: NDArray[Any]) -> None:
    """Make sure that labels are among the classes that are trained on.

    Raises:
        InputError: the first that is not.
    """
    unknown = ~np.isin(y, classes)
    if unknown.any():
        row = int(unknown.argmax())
        got = y[row : row + 1].tolist()[0]
        raise InputError(
            f"{name} must hold classes of the training data, {classes.tolist()}; got {got!r} at row {row}. "
            "Leave that row out, or add samples of that class to the training data."
        )


def check_no_times(X: Any) -> None:
    """Refuse points in time and durations, which would count as nanoseconds.

    Raises:
        InputError: the first such column.
    """
    kinds = getattr(X, "dtypes", None)
    named = list(zip(X.columns, kinds, strict=True)) if hasattr(X, "columns") and kinds is not None else []
    whole = getattr(X, "dtype", None)
    columns = named or ([("X", whole)] if whole is not None else [])
    for name, kind in columns:
        if getattr(kind, "kind", "") in ("M", "m") or str(kind).startswith(
            ("Date", "Duration", "Time", "period")
        ):
            raise InputError(
                f"columns must hold numbers; {name!r} holds times ({kind}). Make numbers of them: the days "
                "since a date, say, or hour, weekday and month as columns of their own."
            )


def validation_parts(data: Any, X: Any, y: Any, weight: Any) -> Any:
    """Validation data as one, however they were given.

    Raises:
        InputError: they were given twice, or in part.
    """
    if X is None and y is None and weight is None:
        return data
    if data is not None:
        raise InputError("validation data must be given once; got validation_data and X_val. Leave one out.")
    if X is None or y is None:
        got = "y_val" if X is None and y is not None else "X_val" if X is not None else "sample_weight_val"
        raise InputError(f"X_val and y_val must be given together; got {got} alone.")
    return (X, y) if weight is None else (X, y, weight)


def warn_if_far(X: Any, X_val: Any, names: Sequence[str] | None) -> None:
    """Warn of validation data whose columns lie far from those trained on: they were not scaled alike."""
    if sparse.issparse(X) or sparse.issparse(X_val):
        return
    mean, deviation = _moments(X)
    theirs, their_deviation = _moments(X_val)
    used = (deviation > 0) & np.isfinite(theirs)
    with np.errstate(all="ignore"):
        apart = np.abs(theirs - mean) / deviation
        ratio = np.maximum(their_deviation / deviation, deviation / their_deviation)
    far = used & ((apart > FAR) | ((ratio > WIDER) & (their_deviation > 0)))
    if not used.any() or 2 * far.sum() <= used.sum():
        return
    column = int(far.argmax())
    name = f"column {column}" if names is None else repr(str(names[column]))
    warnings.warn(
        f"validation data lie far from the training data in {far.sum()} of {used.sum()} columns; {name} is "
        f"{theirs[column]:.3g} ± {their_deviation[column]:.2g} there, and {mean[column]:.3g} ± "
        f"{deviation[column]:.2g} in training. Were they scaled alike? The last step of a Pipeline gets "
        "validation data as they are: pass pipe[:-1].transform(X_val), or X_val with transform_input.",
        DataWarning,
        stacklevel=5,
    )


def _moments(X: Any) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    with np.errstate(all="ignore"):
        return X.mean(axis=0, dtype=np.float64), X.std(axis=0, dtype=np.float64)
