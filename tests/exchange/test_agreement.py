"""What is exported computes what the network computes, to 1e-6 in float32 on whole test sets."""

from __future__ import annotations

import numpy as np
import pytest
from exported import FORMULA, WAYS, by_numpy, digits_network, needs_compiler

from chainrule import DataError, Head, Network, datasets
from chainrule.dataspec import DataSpec
from chainrule.equations.activations import ACTIVATIONS

TOLERANCE = 1e-6
EVERY_WAY = [pytest.param(way, marks=needs_compiler if way == "c" else ()) for way in WAYS]

CASES = {
    **{name: ([64, 12, 10], {"hidden": name}) for name in ACTIVATIONS},
    "formula": ([64, 12, 10], {"hidden": FORMULA}),
    "branches": ([64, 12, 10], {"hidden": "where(z > 1, log(1+z**2), atan(z)*log(2)*4/pi)"}),
    "deep": ([64, 12, 9, 8, 10], {"hidden": ["relu", "tanh", "relu"]}),
    "no hidden layer": ([64, 10], {}),
    "sigmoid outputs": ([64, 12, 10], {"output": "sigmoid", "hidden": "sigmoid"}),
    "quadratic": ([64, 12, 10], {"output": "quadratic", "hidden": "tanh"}),
    "binary": ([64, 12, 1], {"output": "sigmoid"}),
    "multi-label": ([64, 12, 5], {"output": "sigmoid", "hidden": "relu"}),
}


@pytest.mark.parametrize("way", EVERY_WAY)
@pytest.mark.parametrize("case", CASES)
def test_digits(case, way):
    layers, options = CASES[case]
    network, raw, scaled = digits_network(layers, **options)
    assert np.abs(WAYS[way](network, raw) - network.predict_proba(scaled)).max() < TOLERANCE


@pytest.mark.parametrize("way", EVERY_WAY)
@pytest.mark.parametrize("link", ["softmax", "1/(1+exp(-z))", "(1+tanh(z))/2"])
def test_heads_of_formulas(link, way):
    head = Head.from_formulas(link, "(a-y)**2/2")
    network, raw, scaled = digits_network([64, 8, 10], output=head, hidden="tanh")
    assert np.abs(WAYS[way](network, raw) - network.predict_proba(scaled)).max() < TOLERANCE


def test_the_numpy_file_of_a_float64_network_is_float64():
    network, raw, _ = digits_network([64, 12, 10], dtype="float64", hidden="gelu")
    X = network.data.scaling(raw, np.float64)
    assert np.abs(by_numpy(network, raw) - network.predict_proba(X)).max() < 1e-14


@pytest.mark.parametrize("way", EVERY_WAY)
def test_saturated_outputs(way):
    """Logits of ±1e4: neither NaN nor infinity, and the same answer."""
    network = Network([2, 3, 4], hidden="relu", dtype="float32", seed=0)
    network.W[1] = network.W[1] * 1e3
    X = np.array([[10.0, -10], [-10, 10], [0, 0], [30, 30]], np.float32)
    a = WAYS[way](network, X)
    assert np.isfinite(a).all()
    assert np.abs(a - network.predict_proba(X)).max() < TOLERANCE


@pytest.mark.parametrize("way", EVERY_WAY)
def test_agreement_is_not_for_free(way):
    """The comparison sees one weight that differs by a thousandth."""
    network, raw, scaled = digits_network([64, 12, 10], hidden="tanh")
    said = WAYS[way](network, raw)
    network.W[2][3, 4] += 0.001
    assert np.abs(said - network.predict_proba(scaled)).max() > TOLERANCE


@pytest.fixture(scope="module")
def mnist():
    """MNIST, or the reason why it is not here."""
    try:
        return datasets.load("mnist")
    except DataError as error:
        pytest.skip(f"MNIST is not here: {error}")


@pytest.mark.slow
@pytest.mark.parametrize("way", EVERY_WAY)
@pytest.mark.parametrize(
    ("options", "rounding"),
    [
        ({"initializer": "xavier"}, 2e-6),
        ({"initializer": "xavier", "hidden": "relu", "output": "sigmoid"}, 2e-6),
        ({"initializer": "normal"}, 1e-5),
    ],
    ids=["softmax", "sigmoid", "N(0, 1)"],
)
def test_mnist(mnist, way, options, rounding):
    """To 1e-6 beside the network's own rounding: how far its float32 is from its parameters in float64.

    A float32 sum of 784 products is known to no more than that, whoever takes it; an export by NumPy or
    ONNX rounds as much once more, in another order.
    """
    train, test = mnist
    network = Network([784, 30, 10], seed=0, dtype="float32", **options)
    network.fit(train.X[:20000], train.y[:20000], epochs=1, learning_rate=0.1, progress=False)
    network.data = DataSpec.of(train)
    ours = network.predict_proba(test.X)
    said = WAYS[way](network, np.round(test.X * train.scaling.scale))
    own = np.abs(ours - in_float64(network).predict_proba(test.X)).max()
    assert own < rounding
    assert np.abs(said - ours).max() < TOLERANCE + own
    if way == "c":  # which computes in float64, so that only the weights are rounded, and they are float32
        assert np.abs(said - in_float64(network).predict_proba(test.X)).max() < TOLERANCE / 5


def in_float64(network):
    """The same parameters, computed with in float64."""
    parameters = [(layer.W.astype(float), layer.b.astype(float)) for layer in network.params]
    return Network.from_parameters(parameters, hidden=list(network.hidden), output=network.head)
