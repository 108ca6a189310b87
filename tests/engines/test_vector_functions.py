"""The functions of `xp` in vectors: their errors in units in the last place, and the ends of the range."""

from __future__ import annotations

import mpmath
import numpy as np
import pytest

from chainrule.engines.llvm.writer.vector_functions import VECTORS
from chainrule.engines.reference import NUMPY
from tests.engines.compiled import DTYPES, TARGETS, elementwise, name_of

UNITS = {
    "exp": 1.5, "expm1": 3, "log": 2, "log1p": 3, "tanh": 3, "sqrt": 0.5001, "sin": 1, "cos": 1,
    "arctan": 1, "arcsinh": 2,
}  # fmt: skip
"""The largest error of each function, in units in the last place."""

ZERO_BELOW = {np.float32: -86.98, np.float64: -708.04}
"""Where the exponential turns to 0: a little before the last number with a full mantissa."""

Long = np.longdouble


def wide(dtype):
    """Numbers of every size: from −700 to 700, near 0, and of every power of ten there is."""
    rng, info = np.random.default_rng(5), np.finfo(dtype)
    end = ZERO_BELOW[dtype]
    powers = 10.0 ** rng.uniform(np.log10(info.tiny), np.log10(info.max), 20_000)
    parts = [rng.uniform(end, -end, 20_000), rng.uniform(-2, 2, 20_000), powers, -powers]
    return np.concatenate(parts).astype(dtype)


def units(got, exact):
    """The distance in units of the last place of the exact number; 0 where both are the same or NaN."""
    rounded = exact.astype(got.dtype)
    unit = np.spacing(np.maximum(np.abs(rounded), np.finfo(got.dtype).tiny)).astype(Long)
    same = (got == rounded) | (np.isnan(got) & np.isnan(rounded))
    return np.where(same, 0, np.abs(got.astype(Long) - exact) / unit).astype(float)


def ends(dtype):
    info = np.finfo(dtype)
    numbers = [
        0,
        info.smallest_subnormal,
        info.tiny,
        info.eps,
        1,
        1.5,
        1e4,
        np.sqrt(info.max),
        info.max,
        np.inf,
    ]
    return np.array([*numbers, *(-n for n in numbers), np.nan], dtype)


@pytest.mark.parametrize("target", TARGETS, ids=name_of)
@pytest.mark.parametrize("dtype", DTYPES, ids=name_of)
@pytest.mark.parametrize("name", UNITS)
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_errors_stay_below_some_units_in_the_last_place(name, dtype, target):
    x = np.concatenate((wide(dtype), ends(dtype)))
    if name == "exp":
        x = x[~(x < ZERO_BELOW[dtype])]
    got = elementwise(getattr(VECTORS, name), target, dtype)(x)
    error = units(got, getattr(np, name)(x.astype(Long)))
    worst = np.argmax(np.where(np.isnan(error), np.inf, error))
    assert error[worst] <= UNITS[name], (x[worst], got[worst])


@pytest.mark.parametrize("dtype", DTYPES, ids=name_of)
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_long_double_is_itself_held_to_exact_numbers(dtype):
    """The yardstick of the test above, against 40 digits."""
    exact = {"arctan": "atan", "arcsinh": "asinh"}
    for name in UNITS:
        for x in np.abs(wide(dtype)[::4001]):
            value = getattr(np, name)(Long(x))
            if np.isfinite(value):
                with mpmath.workdps(40):
                    true = getattr(mpmath, exact.get(name, name))(mpmath.mpf(float(x)))
                    assert abs(mpmath.mpf(str(value)) / true - 1) < 1e-17, (name, x)


@pytest.mark.parametrize("target", TARGETS, ids=name_of)
@pytest.mark.parametrize("dtype", DTYPES, ids=name_of)
def test_the_exponential_ends_in_infinity_and_0(dtype, target):
    """Just below the largest number it is finite and right, just above it infinite, never NaN."""
    exp, expm1 = (elementwise(getattr(VECTORS, name), target, dtype) for name in ("exp", "expm1"))
    top = dtype(np.log(np.finfo(dtype).max))
    below = np.linspace(top - 1, np.nextafter(top, dtype(0)), 1000, dtype=dtype)
    above = np.array([np.nextafter(top, dtype(np.inf)) + dtype(1e-3), top + 1, 1e4, 1e30, np.inf], dtype)
    exact = np.exp(below.astype(Long))
    assert units(exp(below), exact).max() <= UNITS["exp"]
    assert units(expm1(below), exact).max() <= UNITS["expm1"]
    assert (exp(above) == np.inf).all()
    assert (expm1(above) == np.inf).all()
    low = np.array([2 * ZERO_BELOW[dtype], -1e4, -1e30, -np.inf], dtype)
    assert (exp(low) == 0).all()
    assert (expm1(low) == -1).all()


@pytest.mark.parametrize("dtype", DTYPES, ids=name_of)
def test_the_exponential_is_near_0_between_its_last_full_number_and_0(dtype):
    x = np.linspace(1.02 * ZERO_BELOW[dtype], ZERO_BELOW[dtype], 1000, dtype=dtype)
    got = elementwise(VECTORS.exp, TARGETS[-1], dtype)(x)
    assert (np.abs(got - np.exp(x)) <= 1.5 * np.finfo(dtype).tiny).all()


@pytest.mark.parametrize("dtype", DTYPES, ids=name_of)
@pytest.mark.parametrize("name", ["tanh", "sqrt", "log1p", "sin", "arctan", "arcsinh", "erf"])
def test_tiny_numbers_and_signed_zeros_come_out_as_they_should(name, dtype):
    """For x → 0 each is x to first order (√ apart), with x's sign."""
    tiny = np.finfo(dtype).tiny
    x = np.array([0.0, tiny / 8, tiny, 1e3 * tiny], dtype)
    x = x if name == "sqrt" else np.concatenate((x, -x))
    got = elementwise(getattr(VECTORS, name), TARGETS[-1], dtype)(x)
    np.testing.assert_allclose(got, getattr(NUMPY, name)(x), rtol=4 * np.finfo(dtype).eps, atol=0)
    if name != "log1p":  # whose 0 has no sign
        np.testing.assert_array_equal(np.signbit(got), np.signbit(x))


@pytest.mark.parametrize("dtype", DTYPES, ids=name_of)
@pytest.mark.parametrize("name", ["abs", "sign", "ones_like", "erf"])
def test_simple_functions_are_numpys(name, dtype):
    x = np.concatenate((wide(dtype)[::97], ends(dtype)))
    got = elementwise(getattr(VECTORS, name), TARGETS[-1], dtype)(x)
    np.testing.assert_allclose(got, getattr(NUMPY, name)(x), rtol=4 * np.finfo(dtype).eps)


@pytest.mark.parametrize("name", ["maximum", "minimum"])
@pytest.mark.parametrize("dtype", DTYPES, ids=name_of)
def test_the_larger_and_the_smaller_pass_nan_on(name, dtype):
    """As NumPy does; softmax of a NaN must not look like a probability."""
    x, function = ends(dtype), getattr(VECTORS, name)
    for of in (lambda v: function(v, 1.25), lambda v: function(1.25, v)):
        got = elementwise(of, TARGETS[-1], dtype)(x)
        np.testing.assert_array_equal(got, getattr(np, name)(x, dtype(1.25)))
    both = elementwise(lambda v: function(v, -v), TARGETS[-1], dtype)(x)
    np.testing.assert_array_equal(both, getattr(np, name)(x, -x))


@pytest.mark.parametrize("n", [-3, -1, 0, 1, 2, 3, 7, 64, 0.5, 1.5, -0.5, 65])
@pytest.mark.parametrize("dtype", DTYPES, ids=name_of)
def test_powers(n, dtype):
    x = np.random.default_rng(2).uniform(0.4, 2.1, 2000).astype(dtype)
    got = elementwise(lambda v: v**n, TARGETS[-1], dtype)(x)
    assert units(got, x.astype(Long) ** n).max() <= 1.5 + abs(
        n
    )  # half a unit for each product, doubled by each square
