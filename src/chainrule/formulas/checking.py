"""A formula's functions compared with exact numbers over ±1000, in float32 and float64."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import mpmath
import numpy as np
import sympy as sp
from numpy.typing import NDArray

from chainrule.engines.reference import NUMPY
from chainrule.formulas import exact
from chainrule.formulas.functions import Z

MAX_Z = 1000.0
"""Formulas are checked for |z| up to this."""


def _points() -> NDArray[np.float32]:
    near = np.concatenate([np.linspace(0, 4, 33), np.linspace(4.3, 20, 30)])
    far = np.geomspace(21, MAX_Z, 30)
    small = np.geomspace(1e-12, 0.1, 12)
    random = np.random.default_rng(0).uniform(0, 30, 20)
    above = np.concatenate([near, far, small, random]).astype(np.float32)
    return np.unique(np.concatenate([above, -above]) + np.float32(0))


POINTS = _points()
"""Where formulas are checked: numbers that float32 holds exactly, so that both precisions see the same z."""


class ExactValues(NamedTuple):
    """Exact values at some points, as float64; ``overflows`` marks those too large for float32."""

    z: NDArray[np.float32]
    value: NDArray[np.float64]
    slope: NDArray[np.float64]
    overflows: NDArray[np.bool_]


class LargestError(NamedTuple):
    """The largest error, relative where the number is above 1 and absolute below, and where it is."""

    error: float
    z: float
    got: float
    exact: float

    def __str__(self) -> str:
        return f"{self.got:.6g} at z = {self.z:g} where the exact number is {self.exact:.6g}"


def exact_values(
    term: Any, z: Sequence[float] | NDArray[Any] = POINTS, x: sp.Symbol = Z, **others: float
) -> ExactValues:
    """Exact value and derivative of the term in ``x`` at every point, other symbols held at given numbers.

    Raises:
        exact.Undefined: the term or its derivative has no value at one of them, which the message names.
    """
    fixed = {sp.Symbol(name, real=True): value for name, value in others.items()}
    found = [_exact(term, {x: float(point), **fixed}, x) for point in z]
    value, slope = (np.array(column, np.float64) for column in zip(*found, strict=True))
    largest = np.finfo(np.float32).max
    overflows = ~((np.abs(value) <= largest) & (np.abs(slope) <= largest))
    return ExactValues(np.asarray(z, np.float32), value, slope, overflows)


def _exact(term: Any, at: dict[sp.Symbol, float], x: sp.Symbol) -> tuple[float, float]:
    try:
        found = exact.evaluate(term, at, x)
    except exact.TooLarge:
        return np.inf, np.inf
    except exact.Undefined as error:
        raise exact.Undefined(f"at {x} = {at[x]:g} there is {error}") from error
    return _rounded(found.value), _rounded(found.slope)


def _rounded(number: Any) -> float:
    return float(number) if abs(number) < mpmath.mpf("1e308") else float(mpmath.sign(number) * mpmath.inf)


def largest_error(
    got: NDArray[Any], z: NDArray[Any], exact_: NDArray[np.float64], overflows: NDArray[np.bool_]
) -> LargestError:
    """The largest error of computed numbers; points beyond float32 are left out, NaN counts as infinite."""
    got = np.broadcast_to(np.asarray(got, np.float64), exact_.shape)
    with np.errstate(invalid="ignore", over="ignore"):
        error = np.abs(got - exact_) / np.maximum(1, np.abs(exact_))
    error = np.where(overflows, 0, np.where(np.isfinite(got), error, np.inf))
    i = int(np.argmax(error))
    return LargestError(float(error[i]), float(z[i]), float(got[i]), float(exact_[i]))


def largest_errors(
    function: Callable[..., Any], known: ExactValues, slopes: bool, **others: NDArray[Any]
) -> dict[str, LargestError]:
    """The largest error of ``function(xp, z, …)`` in both precisions, against values or slopes.

    Further arguments, such as a, are exact numbers too, rounded to the precision.
    """
    right = known.slope if slopes else known.value
    found = {}
    for name in ("float32", "float64"):
        with np.errstate(over="ignore"):  # such points are left out
            arrays = [x.astype(name) for x in (known.z, *others.values())]
        found[name] = largest_error(run(function, *arrays), known.z, right, known.overflows)
    return found


def run(function: Callable[..., Any], *arrays: NDArray[Any]) -> NDArray[Any]:
    """Run a function of ``xp`` in NumPy, in the precision of its arrays, whatever overflows."""
    with np.errstate(all="ignore"):
        out: NDArray[Any] = np.asarray(function(NUMPY, *arrays))
    if out.dtype != arrays[0].dtype:
        raise TypeError(f"{arrays[0].dtype} must stay {arrays[0].dtype}; it became {out.dtype}")
    return out


def score(errors: dict[str, LargestError]) -> float:
    """How inaccurate a form is: the larger of both errors, in powers of ten above a hundred roundings."""
    excess = (errors[name].error / (1e2 * float(np.finfo(name).eps)) for name in errors)
    return round(float(np.log10(max(1.0, *excess))), 1)
