import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.model_selection import train_test_split

from chainrule.datasets.preparing.splitting import split_indices
from chainrule.errors import InputError


@given(st.lists(st.integers(0, 3), min_size=2, max_size=60), st.floats(0.01, 0.5), st.integers(0, 2**40))
def test_a_split_is_a_partition(y, fraction, seed):
    rest, held_out = split_indices(np.array(y), fraction, seed)
    assert sorted([*rest, *held_out]) == list(range(len(y)))
    assert len(rest)
    assert len(held_out)


def test_each_class_keeps_its_share():
    y = np.repeat([0, 1, 2], [60, 30, 10])
    rest, held_out = split_indices(y, 0.2, 0)
    np.testing.assert_array_equal(np.bincount(y[held_out]), [12, 6, 2])
    np.testing.assert_array_equal(np.bincount(y[rest]), [48, 24, 8])


def test_it_is_the_split_of_scikit_learn():
    y = np.arange(50) % 3
    expected = train_test_split(np.arange(50), test_size=0.3, stratify=y, random_state=4)
    for part, other in zip(split_indices(y, 0.3, 4), expected, strict=True):
        np.testing.assert_array_equal(part, other)


def test_a_class_with_one_member_is_split_at_random():
    rest, held_out = split_indices(np.array([0] * 9 + [1]), 0.3, 0)
    assert (len(rest), len(held_out)) == (7, 3)


def test_rows_of_labels_are_split_at_random():
    rest, held_out = split_indices(np.eye(10, dtype=np.uint8), 0.5, 0)
    assert (len(rest), len(held_out)) == (5, 5)


def test_rounding_is_not_fooled_by_floats():
    assert len(split_indices(np.zeros(100), 0.07, 0)[1]) == 7


def test_seeds():
    y, rng = np.zeros(50), np.random.default_rng(0)

    def held(seed):
        return tuple(split_indices(y, 0.5, seed)[1])

    assert held(3) == held(3) != held(4)
    assert held(rng) != held(rng)
    assert held(None) != held(None)
    assert held(2**50) == held(2**50)


@pytest.mark.parametrize("fraction", [0, 1, -0.2, 1.5, float("nan"), "half", None])
def test_refuses_what_is_no_fraction(fraction, refuses):
    with refuses(InputError, "between 0 and 1", f"got {fraction!r}", "Pass for example 0.2"):
        split_indices(np.zeros(10), fraction, 0)


@pytest.mark.parametrize(("n", "fraction"), [(1, 0.5), (2, 0.9)])
def test_refuses_an_empty_part(n, fraction, refuses):
    with refuses(InputError, "both parts", f"of {n} held out", "Choose another fraction"):
        split_indices(np.zeros(n), fraction, 0)


def test_refuses_what_is_no_seed(refuses):
    with refuses(InputError, "seed must be", "got -1", "Pass for example seed=0"):
        split_indices(np.zeros(10), 0.5, -1)
