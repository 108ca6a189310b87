"""P1 and P2, their gradients, and what is left alone."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chainrule.engines.reference import NUMPY
from chainrule.equations.penalty import (
    Penalty,
    d_l1_penalty,
    l1_penalty,
    l2_penalty,
    penalty_gradient,
    penalty_value,
)
from tests.equations.calculus import is_vjp, loud

strengths = st.floats(0, 5)


def weights(seed, n=3, m=2):
    """Away from the kink of |W| at 0."""
    rng = np.random.default_rng(seed)
    return rng.choice([-1, 1], (n, m)) * rng.uniform(0.1, 2, (n, m))


def accepts(penalty, W, gradient=penalty_gradient):
    g = gradient(NUMPY, penalty, W)
    return is_vjp(lambda W: penalty_value(NUMPY, penalty, W), lambda v: v * g, W)


@given(l1=strengths, l2=strengths, seed=st.integers(0, 99), n=st.integers(1, 4), m=st.integers(1, 4))
def test_gradient(l1, l2, seed, n, m):
    assert accepts(Penalty(l1, l2), weights(seed, n, m))


@pytest.mark.parametrize(
    "mutant",
    [
        lambda xp, p, W: p.l1 * W + p.l2 * np.sign(W),
        lambda xp, p, W: p.l1 * np.sign(W) + 2 * p.l2 * W,
        lambda xp, p, W: p.l1 * np.abs(W) + p.l2 * W,
        lambda xp, p, W: -p.l1 * np.sign(W) - p.l2 * W,
        lambda xp, p, W: p.l2 * W,
        lambda xp, p, W: p.l1 * np.sign(W),
    ],
)
def test_wrong_gradients_are_rejected(mutant):
    assert not accepts(Penalty(0.3, 0.7), weights(0), mutant)


def test_values_by_hand():
    W = np.array([[3.0, -4.0], [0.0, 1.0]])
    assert l1_penalty(NUMPY, W) == 8
    assert l2_penalty(NUMPY, W) == 13
    assert penalty_value(NUMPY, Penalty(0.5, 2.0), W) == 0.5 * 8 + 2.0 * 13
    assert d_l1_penalty(NUMPY, W).tolist() == [[1, -1], [0, 1]]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_dtype_stays(dtype):
    W = weights(1).astype(dtype)
    with loud():
        assert penalty_value(NUMPY, Penalty(0.1, 0.2), W).dtype == dtype
        assert penalty_gradient(NUMPY, Penalty(0.1, 0.2), W).dtype == dtype


def test_truth_value():
    assert not Penalty()
    assert Penalty(l1=0.1)
    assert Penalty(l2=0.1)


def test_truth_value_of_numpy_strengths():
    assert Penalty(l1=np.float64(0.1))
    assert not Penalty(l1=np.float64(0), l2=np.float64(0))
