"""Initial weights have the variance of their source, and biases are 0 but for "normal" and "uniform"."""

from __future__ import annotations

import numpy as np
import pytest

from chainrule.model.initializers import INITIALIZERS

N_OUT, N_IN = 150, 400
VARIANCE = {
    "normal": 1,
    "lecun": 1 / N_IN,
    "xavier": 2 / (N_IN + N_OUT),
    "he": 2 / N_IN,
    "uniform": 2 / (N_IN + N_OUT),
}
WITHIN = {"uniform": (3**-0.5, 0.0)}
"""Shares within one deviation and outside two, where they are not those of a normal distribution."""

every_initializer = pytest.mark.parametrize("name", INITIALIZERS)


def draw(name, n_out=N_OUT, n_in=N_IN, seed=1):
    return INITIALIZERS[name](np.random.default_rng(seed), n_out, n_in)


def test_all_are_covered():
    assert set(VARIANCE) == set(INITIALIZERS)


@every_initializer
def test_weights_have_the_sources_variance_and_distribution(name):
    """60,000 numbers: the mean is known to sd/245, the variance to 0.6 %, so 5 σ is 3 %."""
    W = draw(name).W
    sd = VARIANCE[name] ** 0.5
    assert abs(W.mean()) < 5 * sd / W.size**0.5
    assert W.var() == pytest.approx(VARIANCE[name], rel=0.03)
    within, outside = WITHIN.get(name, (0.6827, 0.0455))
    assert np.mean(np.abs(W) < sd) == pytest.approx(within, abs=0.01)
    assert np.mean(np.abs(W) > 2 * sd) == pytest.approx(outside, abs=0.005)


@every_initializer
def test_biases(name):
    b = draw(name).b
    if name in ("normal", "uniform"):
        assert b.var() == pytest.approx(VARIANCE[name], rel=0.6)
    else:
        assert not b.any()


@pytest.mark.parametrize("name", ["lecun", "xavier", "he"])
def test_biases_are_not_minus_zero(name):
    assert not np.signbit(draw(name).b).any()


@every_initializer
def test_shapes_seeds_and_dtype(name):
    W, b = draw(name, 3, 2)
    assert (W.shape, b.shape, W.dtype, b.dtype) == ((3, 2), (3,), np.float64, np.float64)
    again, other = draw(name, 3, 2), draw(name, 3, 2, seed=2)
    assert (again.W == W).all()
    assert (other.W != W).all()


@pytest.mark.parametrize(("name", "n_in", "keeps"), [("lecun", 300, 1), ("he", 300, 0.5)])
def test_what_it_is_made_for(name, n_in, keeps):
    """LeCun keeps the variance of a linear layer, He the mean square of a ReLU layer."""
    rng = np.random.default_rng(0)
    x = rng.standard_normal((500, n_in))
    z = x @ draw(name, 300, n_in).W.T
    a = z if name == "lecun" else np.maximum(z, 0)
    assert np.mean(a**2) == pytest.approx(1, rel=0.05)
    assert np.var(z) * keeps == pytest.approx(1, rel=0.05)
