"""F1 with B3, B4 and the linear half of B2: an affine map and its transposes."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from chainrule.engines.reference import NUMPY
from chainrule.equations.affine import affine, bias_gradient, input_gradient, weight_gradient
from tests.equations.calculus import is_vjp

width = st.integers(1, 5)
seeds = st.integers(0, 2**32 - 1)


def draw(N, n, m, seed=0):
    """(a_prev, W, b) of a layer from m to n neurons."""
    rng = np.random.default_rng(seed)
    return rng.standard_normal((N, m)), rng.standard_normal((n, m)), rng.standard_normal(n)


def accepts(N, n, m, seed=0, dW=weight_gradient, db=bias_gradient, da=input_gradient):
    """Whether each of the three rules is the vector-Jacobian product of `affine` in its argument."""
    a, W, b = draw(N, n, m, seed)
    return (
        is_vjp(lambda W: affine(a, W, b), lambda v: dW(v, a), W),
        is_vjp(lambda b: affine(a, W, b), lambda v: db(NUMPY, v), b),
        is_vjp(lambda a: affine(a, W, b), lambda v: da(v, W), a),
    )


@given(N=st.integers(1, 4), n=width, m=width, seed=seeds)
def test_every_argument_has_its_vector_jacobian_product(N, n, m, seed):
    assert accepts(N, n, m, seed) == (True, True, True)


@given(N=st.integers(1, 4), n=width, m=width, seed=seeds)
def test_batch_is_its_samples_one_by_one(N, n, m, seed):
    """The text's columns, z = W a + b with δ aᵀ, summed over the batch."""
    a, W, b = draw(N, n, m, seed)
    v = np.random.default_rng(seed + 1).standard_normal((N, n))
    np.testing.assert_allclose(affine(a, W, b), [W @ row + b for row in a], rtol=1e-10, atol=1e-12)
    outer = sum(np.outer(v[i], a[i]) for i in range(N))
    np.testing.assert_allclose(weight_gradient(v, a), outer, rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(bias_gradient(NUMPY, v), sum(v), rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(input_gradient(v, W), [W.T @ row for row in v], rtol=1e-10, atol=1e-12)


def test_wrong_rules_are_rejected():
    """On a square layer, where a transpose has the right shape, and a batch of three."""
    assert accepts(3, 4, 4) == (True, True, True)
    for dW in (
        lambda v, a: a.T @ v,
        lambda v, a: v.T @ a / len(a),
        lambda v, a: -(v.T @ a),
        lambda v, a: np.outer(v[0], a[0]),
        lambda v, a: np.diag(np.diag(v.T @ a)),
    ):
        assert accepts(3, 4, 4, dW=dW) == (False, True, True)
    for db in (
        lambda xp, v: v.mean(axis=0),
        lambda xp, v: v[0],
        lambda xp, v: -v.sum(axis=0),
        lambda xp, v: v.sum(axis=1, keepdims=True)[0] * np.ones(4),
    ):
        assert accepts(3, 4, 4, db=db) == (True, False, True)
    for da in (lambda v, W: v @ W.T, lambda v, W: -(v @ W), lambda v, W: v * np.diag(W)):
        assert accepts(3, 4, 4, da=da) == (True, True, False)
