"""From raw numbers to a network's inputs: subtract a shift, divide by a scale."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from chainrule.checks import as_array
from chainrule.errors import InputError

FloatArray = npt.NDArray[np.float64]

_BLOCK = 1 << 20  # numbers scaled at once: float64 copies of a whole picture set would not be small


@dataclass(frozen=True, eq=False)
class Scaling:
    """The map x -> (x - shift) / scale, by column or one for all columns.

    Attributes:
        shift: what is subtracted, float64 of shape () or (n,).
        scale: what is then divided by, float64 of shape () or (n,), above zero.

    Raises:
        InputError: a shift or scale is not finite, has a wrong shape, or a scale is not above zero.
    """

    shift: FloatArray | float = 0.0
    scale: FloatArray | float = 1.0

    def __post_init__(self) -> None:
        shift, scale = _finite("shift", self.shift), _finite("scale", self.scale)
        if not np.all(scale > 0):
            raise InputError(
                f"a scale must be above zero; got {scale.min()}. Use 1 for a column that does not vary."
            )
        if shift.ndim and scale.ndim and shift.shape != scale.shape:
            raise InputError(
                f"shift and scale must have equally many columns; got {shift.size} and {scale.size}. "
                "Pass one number for each column in both, or a single number."
            )
        object.__setattr__(self, "shift", shift)
        object.__setattr__(self, "scale", scale)

    @classmethod
    def identity(cls) -> Scaling:
        """Return the scaling that leaves every number as it is."""
        return cls(0.0, 1.0)

    @classmethod
    def standard(cls, X: npt.ArrayLike) -> Scaling:
        """Return the scaling that gives each column of ``X`` mean 0 and standard deviation 1.

        A column that does not vary gets scale 1. Columns are first divided by a power of two and moved by
        their first entry, both exact, so that no square overflows or underflows and a constant column
        has a deviation of exactly zero.

        Shapes: X (N, n), all finite.
        """
        raw = _numbers(X)
        if raw.ndim != 2 or raw.size == 0:
            raise InputError(
                f"X must be a table (N, n) with at least one row and column; got shape {raw.shape}. "
                "Put one sample on each row."
            )
        unit = raw.astype(np.float64)
        if not np.isfinite(unit).all():
            raise InputError("X must be finite; got nan or inf. Fill the gaps or drop those rows first.")
        _, exponent = np.frexp(np.abs(unit).max(axis=0))
        unit = np.ldexp(unit, -exponent)
        first = unit[0].copy()
        unit -= first
        shift = np.ldexp(first + unit.mean(axis=0), exponent)
        scale = np.ldexp(unit.std(axis=0), exponent)
        return cls(shift, np.where(scale > 0, scale, 1.0))

    @property
    def n_features(self) -> int | None:
        """The number of columns it was made for; None when it fits any."""
        sizes = [part.size for part in (np.asarray(self.shift), np.asarray(self.scale)) if part.ndim]
        return sizes[0] if sizes else None

    @property
    def is_identity(self) -> bool:
        """Whether every number stays as it is."""
        return bool(np.all(self.shift == 0) and np.all(self.scale == 1))

    def __call__(self, X_raw: npt.ArrayLike, dtype: npt.DTypeLike = np.float32) -> npt.NDArray[Any]:
        """Return (X_raw - shift) / scale, computed in float64 and stored as ``dtype``.

        Shapes: X_raw (N, n) or one sample (n,).

        Raises:
            InputError: ``X_raw`` is not made of numbers, or has another number of columns.
        """
        raw = _numbers(X_raw)
        self._check_width(raw)
        table = np.atleast_2d(raw)
        out = np.empty(table.shape, dtype)
        rows = max(1, _BLOCK // max(1, table.shape[1]))
        for start in range(0, len(table), rows):
            out[start : start + rows] = self._scaled(table[start : start + rows], out.dtype)
        return out.reshape(raw.shape)

    def _scaled(self, raw: npt.NDArray[Any], dtype: np.dtype[Any]) -> npt.NDArray[Any]:
        values = raw.astype(np.float64)
        with np.errstate(over="ignore", invalid="ignore"):
            out = (values - self.shift) / self.scale
            if not np.isfinite(out).all():  # x - shift may pass the largest float; half of it cannot
                halved = (values / 2 - np.divide(self.shift, 2)) / self.scale * 2
                out = np.where(np.isfinite(out), out, halved)
            return out.astype(dtype)

    def _check_width(self, raw: npt.NDArray[Any]) -> None:
        if raw.ndim not in (1, 2):
            raise InputError(
                f"X must have shape (N, n), or (n,) for one sample; got {raw.shape}. "
                "Flatten pictures to rows."
            )
        width = self.n_features
        if width is not None and raw.shape[-1] != width:
            raise InputError(
                f"X must have {width} columns, as the scaling has; got {raw.shape[-1]}. "
                "Pass the features it was made for, in the same order."
            )

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Scaling):
            return NotImplemented
        return np.array_equal(self.shift, other.shift) and np.array_equal(self.scale, other.scale)

    def __hash__(self) -> int:
        return hash((np.asarray(self.shift).tobytes(), np.asarray(self.scale).tobytes()))


def _numbers(X: npt.ArrayLike) -> npt.NDArray[Any]:
    array = as_array("X", X)
    if array.dtype.kind not in "biuf":
        raise InputError(
            f"X must be numbers; got {array.dtype}. Encode text and categories as numbers first."
        )
    return array


def _finite(what: str, value: npt.ArrayLike) -> FloatArray:
    try:
        array = np.array(value, np.float64)
    except (TypeError, ValueError) as error:
        raise InputError(
            f"{what} must be a number or one number for each column; got {value!r}. Pass floats."
        ) from error
    if array.ndim > 1 or not array.size or not np.isfinite(array).all():
        raise InputError(
            f"{what} must be a finite number, or one for each column; got shape {array.shape} "
            f"with {np.count_nonzero(~np.isfinite(array))} not finite. Pass a float or a 1-D array."
        )
    array.flags.writeable = False
    return array


PIXELS = Scaling(0.0, 255.0)
"""Bytes 0...255 to the interval from 0 to 1."""
