import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from chainrule.datasets import Scaling
from chainrule.datasets.preparing.scaling import PIXELS
from chainrule.errors import InputError

TABLES = hnp.arrays(
    np.float64,
    hnp.array_shapes(min_dims=2, max_dims=2, max_side=8),
    elements=st.floats(allow_nan=False, allow_infinity=False),
)


def test_standard_gives_each_column_mean_0_and_deviation_1():
    X = np.random.default_rng(0).normal([1, -50, 1e6], [1, 0.01, 300], (200, 3))
    Z = Scaling.standard(X)(X, np.float64)
    np.testing.assert_allclose(Z.mean(axis=0), 0, atol=1e-12)
    np.testing.assert_allclose(Z.std(axis=0), 1, rtol=1e-12)


@pytest.mark.parametrize("value", [0.0, 0.1, -1 / 3, 1e300, 5e-324, 2.0**60 + 1])
def test_a_constant_column_gets_scale_1_and_becomes_0(value):
    X = np.full((7, 1), value)
    scaling = Scaling.standard(X)
    assert scaling.shift == value
    assert scaling.scale == 1
    assert not scaling(X).any()


@given(TABLES)
def test_standard_never_overflows(X):
    Z = Scaling.standard(X)(X)
    assert Z.dtype == np.float32
    assert np.isfinite(Z).all()
    assert np.abs(Z).max() <= np.sqrt(len(X)) * 1.001 + 1e-6


@pytest.mark.parametrize("unit", [1e-300, 1e-160, 1.0, 1e160, 1.7e308])
def test_standard_does_not_depend_on_the_unit(unit):
    X = np.array([[-1.0], [0.25], [0.5], [1.0]])
    scaled = Scaling.standard(X * unit)(X * unit)
    np.testing.assert_allclose(scaled, Scaling.standard(X)(X), rtol=1e-6)


@given(TABLES)
def test_identity_changes_nothing(X):
    np.testing.assert_array_equal(Scaling.identity()(X, np.float64), X)
    assert Scaling.identity().is_identity


def test_pixels_become_0_to_1():
    np.testing.assert_array_equal(PIXELS(np.array([[0, 51, 255]], np.uint8)), np.float32([[0, 0.2, 1]]))


def test_blocks_do_not_show():
    X = np.random.default_rng(0).normal(size=(1200, 1000))
    np.testing.assert_array_equal(Scaling(1.0, 3.0)(X), ((X - 1) / 3).astype(np.float32))


def test_one_sample():
    np.testing.assert_array_equal(Scaling([1.0, 2.0], 2.0)([3, 4]), [1, 1])


def test_scalings_with_equal_numbers_are_equal():
    assert Scaling([1, 2], 3) == Scaling([1.0, 2.0], 3.0)
    assert hash(Scaling([1, 2], 3)) == hash(Scaling([1.0, 2.0], 3.0))
    assert Scaling([1, 2], 3) != Scaling([1, 2], 4)
    assert Scaling() != "identity"


def test_numbers_are_float64_and_cannot_be_changed():
    scaling = Scaling(np.float32([1, 2]), 3)
    assert scaling.shift.dtype == scaling.scale.dtype == np.float64
    with pytest.raises(ValueError, match="read-only"):
        scaling.shift[0] = 5
    assert scaling.n_features == 2
    assert Scaling(1, 2).n_features is None


def test_refuses_what_is_no_scaling(refuses):
    with refuses(InputError, "scale must be above zero", "got 0.0", "Use 1"):
        Scaling(0.0, [1.0, 0.0])
    with refuses(InputError, "shift must be a finite number", "1 not finite", "Pass a float"):
        Scaling([0.0, np.nan], 1.0)
    with refuses(InputError, "scale must be a number", "got 'wide'", "Pass floats"):
        Scaling(0.0, "wide")
    with refuses(InputError, "equally many columns", "got 2 and 3", "Pass one number"):
        Scaling([0, 0], [1, 1, 1])


def test_refuses_what_cannot_be_scaled(refuses):
    with refuses(InputError, "must have 2 columns", "got 3", "same order"):
        Scaling([0, 0], 1)(np.zeros((4, 3)))
    with refuses(InputError, "X must be numbers", "got <U1", "Encode"):
        Scaling()(np.array([["a"]]))
    with refuses(InputError, "X must have shape (N, n)", "got (2, 2, 2)", "Flatten"):
        Scaling()(np.zeros((2, 2, 2)))
    with refuses(InputError, "must be a table", "got shape (0, 3)", "one sample on each row"):
        Scaling.standard(np.zeros((0, 3)))
    with refuses(InputError, "must be finite", "got nan", "Fill"):
        Scaling.standard([[1.0], [np.nan]])
