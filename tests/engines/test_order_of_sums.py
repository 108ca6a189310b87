"""Sums of Eq. F1, but of a few rows, are taken in one order: what an export must do to round alike."""

from __future__ import annotations

import numpy as np
import pytest

from chainrule import Network
from chainrule.engines.llvm.engine import LlvmEngine
from chainrule.equations.affine import TERMS
from tests.engines.compiled import TARGETS, name_of


def affine(a, W, b, terms=TERMS):
    """W a + b, product by product, each exact in float64; the sum is rounded to float32.

    It is rounded to float64 before, which makes a difference once in some hundred million sums.
    """
    z = np.broadcast_to(b, (len(a), len(b)))
    for first in range(0, W.shape[1], terms):
        total = np.zeros_like(z)
        for k in range(first, min(first + terms, W.shape[1])):
            total = (total + a[:, k, None].astype(float) * W[:, k].astype(float)).astype(np.float32)
        z = total + z
    return z


def logits(n_in, n_out, rows, target):
    """Those of a layer with random numbers, and what they are made of."""
    rng = np.random.default_rng([n_in, n_out, rows])
    network = Network([n_in, n_out], output="sigmoid", seed=n_in, dtype="float32", initializer="normal")
    X = rng.normal(size=(rows, n_in)).astype(np.float32)
    z, _ = LlvmEngine(1, target).outputs(network.architecture, network.params, X, logits=True)
    return z, (X, *network.params[1])


@pytest.mark.parametrize("target", TARGETS, ids=name_of)
@pytest.mark.parametrize("n_out", [1, 10, 33, 150])
@pytest.mark.parametrize("n_in", [1, 31, 255, 256, 257, 784])
def test_bit_by_bit(n_in, n_out, target):
    for rows in (1, 2, 11, 130):
        z, parts = logits(n_in, n_out, rows, target)
        assert np.array_equal(z, affine(*parts)), rows


def test_another_order_gives_other_bits():
    z, parts = logits(784, 10, 130, None)
    assert not np.array_equal(z, affine(*parts, terms=TERMS - 1))


def test_rows_that_are_more_than_stay_in_a_cache():
    z, parts = logits(300, 3, 1200, None)
    assert np.array_equal(z, affine(*parts))
