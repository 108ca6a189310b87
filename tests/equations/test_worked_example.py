"""The 2-2-2 net of M. Mazur, "A Step by Step Backpropagation Example" (2015), to the digits printed there."""

from __future__ import annotations

import numpy as np
import pytest

from chainrule import Network

X, Y = [0.05, 0.10], [0.01, 0.99]
RATE = 0.5


@pytest.fixture
def net():
    """Quadratic cost; both neurons of a layer have the same bias."""
    return Network.from_parameters(
        [([[0.15, 0.20], [0.25, 0.30]], [0.35, 0.35]), ([[0.40, 0.45], [0.50, 0.55]], [0.60, 0.60])],
        output="quadratic",
    )


def printed(*digits):
    """Numbers as printed there: right to half a unit in the ninth decimal, or so."""
    return pytest.approx(np.array(digits), abs=6e-9)


def test_forward(net):
    z, a = net.forward(X)
    assert z[1][0] == printed(0.3775, 0.3925)
    assert a[1][0] == printed(0.593269992, 0.596884378)
    assert z[2][0] == printed(1.105905967, 1.2249214)
    assert a[2][0] == printed(0.75136507, 0.772928465)


def test_error(net):
    assert net.loss(X, Y) == pytest.approx(0.298371109, abs=5e-10)


def test_gradients(net):
    g = net.gradients(X, Y)
    assert g.dW[2][0] == printed(0.082167041, 0.08266763)
    assert g.dW[1][0, 0] == pytest.approx(0.000438568, abs=5e-10)
    assert g.delta[2][0, 0] == pytest.approx(0.138498562, abs=5e-10)


def test_one_step(net):
    """The page moves the weights alone; the biases, which it leaves, move here too."""
    before = net.loss(X, Y)
    assert net.gradient_descent([(np.c_[X], np.c_[Y])], RATE) == before
    assert net.W[1].ravel() == printed(0.149780716, 0.19956143, 0.24975114, 0.29950229)
    assert net.W[2].ravel() == printed(0.35891648, 0.408666186, 0.511301270, 0.561370121)
    assert net.loss(X, Y) < before


def test_ten_thousand_steps_of_the_weights_alone(net):
    """There the error falls to 0.0000351085 and the outputs come to 0.015912196 and 0.984065734."""
    for _ in range(10_000):
        g = net.gradients(X, Y)
        for L in (1, 2):
            net.W[L] = net.W[L] - RATE * g.dW[L]
    # How the page counts its steps is not said; one of them changes the error by a ten-thousandth part.
    assert net.loss(X, Y) == pytest.approx(0.0000351085, rel=5e-4)
    assert net.predict_proba(X)[0] == pytest.approx(np.array([0.015912196, 0.984065734]), abs=2e-6)
