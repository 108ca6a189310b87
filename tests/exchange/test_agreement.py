"""What is exported computes what the network computes, to 1e-6 in float32 on whole test sets."""

from __future__ import annotations

import functools

import numpy as np
import pytest

from chainrule import DataError, Head, Network, datasets
from chainrule.equations.activations import ACTIVATIONS
from chainrule.equations.affine import TERMS
from chainrule.model.dataspec import DataSpec
from tests.exchange.exported import FORMULA, WAYS, by_c, by_numpy, digits_network, names_of, needs_compiler

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


MNIST = {
    "Xavier": ([784, 30, 10], {"initializer": "xavier"}),
    "sigmoid outputs": ([784, 30, 10], {"initializer": "xavier", "hidden": "relu", "output": "sigmoid"}),
    "N(0, 1)": ([784, 30, 10], {"initializer": "normal"}),
    "N(0, 1), wide": ([784, 300, 100, 10], {"initializer": "normal"}),
    "N(0, 1), relu": ([784, 100, 10], {"initializer": "normal", "hidden": "relu"}),
}


@pytest.mark.slow
@pytest.mark.parametrize("way", EVERY_WAY)
@pytest.mark.parametrize("case", MNIST)
def test_mnist(mnist, way, case):
    """To 1e-6, though no float32 sum of 784 products is known that well: it is the same sum, cut alike.

    Where a library does not add up in the order of k, or rounds products first (`in_order`), it is as far
    from what the parameters say in float64 as the network's own float32 is, in another direction.
    """
    train, test = mnist
    layers, options = MNIST[case]
    network = Network(layers, seed=0, dtype="float32", **options)
    network.fit(train.X[:20000], train.y[:20000], epochs=1, learning_rate=0.1, progress=False)
    network.data = DataSpec.of(train)
    ours = network.predict_proba(test.X)
    said = WAYS[way](network, np.round(test.X * train.scaling.scale))
    own = np.abs(ours - in_float64(network).predict_proba(test.X)).max()
    assert own < 2e-5
    assert np.abs(said - ours).max() < TOLERANCE + (0 if in_order(way) else own)


@pytest.mark.slow
@needs_compiler
def test_c_in_double_precision(mnist):
    """It comes nearer to what the parameters say exactly than the network itself."""
    train, test = mnist
    network = Network([784, 30, 10], seed=0, dtype="float32", initializer="normal")
    network.data = DataSpec.of(train)
    said = by_c(network, np.round(test.X * train.scaling.scale), "-DREAL=double")
    assert np.abs(said - in_float64(network).predict_proba(test.X)).max() < TOLERANCE / 5


def test_another_order_is_noticed():
    """By what tells whether a library adds up in the order of k: a sum from the other end does not pass."""
    rng = np.random.default_rng(0)
    X, W = (rng.random((1000, TERMS)) / 4).astype(np.float32), rng.normal(size=(30, TERMS)).astype(np.float32)
    forth, back = (np.zeros((1000, 30), np.float32) for _ in range(2))
    for k in range(TERMS):
        forth += X[:, k, None] * W[:, k]
        back += X[:, -1 - k, None] * W[:, -1 - k]
    a = (1 / (1 + np.exp(-forth.astype(float)))).astype(np.float32)
    assert is_sigmoid(forth, a)
    assert not is_sigmoid(back, a)


def test_sums_cut_elsewhere_do_not_agree(mnist):
    """The comparison sees in which order sums are taken: what adds up all 784 products in one go fails it."""
    train, test = mnist
    network = Network([784, 30, 10], seed=0, dtype="float32", initializer="normal")
    network.data = DataSpec.of(train)
    names, raw = names_of(network), np.round(test.X * train.scaling.scale)
    if not in_order("numpy"):
        pytest.skip("this NumPy's BLAS does not add up in the order of k")
    ours = network.predict_proba(test.X)
    assert np.abs(names["predict_proba"](raw) - ours).max() < TOLERANCE
    names["affine"] = lambda a, W, b: a @ W.T + b
    assert np.abs(names["predict_proba"](raw) - ours).max() > TOLERANCE


@functools.cache
def in_order(way):
    """Whether what runs an export takes each sum of Eq. F1 in the order of k, each product added exactly.

    C does by its own text; of BLAS libraries it depends on the processor.
    """
    rng = np.random.default_rng(0)
    network = Network([TERMS, 30], output="sigmoid", seed=0, dtype="float32", initializer="normal")
    X = (rng.random((1000, TERMS)) / 4).astype(np.float32)
    W, b = network.params[1]
    z = np.zeros((len(X), len(b)), np.float32)
    for k in range(TERMS):  # a product of two float32 numbers is exact in float64
        z = (z + X[:, k, None].astype(float) * W[:, k].astype(float)).astype(np.float32)
    if way == "numpy":
        return np.array_equal(X @ W.T, z)
    if way == "onnx":
        return False  # its reference takes all terms at once
    return way == "c" or is_sigmoid(z + b, WAYS[way](network, X))


def is_sigmoid(z, a):
    """Whether a comes of this z: of one that is a few units in the last place away, it does not."""
    return np.abs(a - 1 / (1 + np.exp(-z.astype(float)))).max() < 2e-7


def in_float64(network):
    """The same parameters, computed with in float64."""
    parameters = [(layer.W.astype(float), layer.b.astype(float)) for layer in network.params]
    return Network.from_parameters(parameters, hidden=list(network.hidden), output=network.head)
