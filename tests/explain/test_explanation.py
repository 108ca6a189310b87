"""The numbers of an explanation are those of the forward and the backward pass, and their terms add up."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chainrule import InputError, Network, datasets
from chainrule.equations.activations import ACTIVATIONS
from chainrule.explain.blocks import top

TOLERANCE = {"float32": 2e-6, "float64": 1e-14}
HEADS = {"softmax": 3, "sigmoid": np.array([1, 0, 0, 1]), "quadratic": 2}


def explained(layers=(5, 7, 6, 4), output="softmax", hidden="tanh", dtype="float64", seed=3):
    network = Network(layers, hidden=hidden, output=output, dtype=dtype, seed=seed, initializer="xavier")
    x = np.random.default_rng(seed).normal(size=layers[0])
    y = HEADS[output] if layers[-1] == 4 else np.arange(layers[-1]) % 2 if output == "sigmoid" else 1
    return network, x, y, network.explain(x, y)


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("output", HEADS)
@pytest.mark.parametrize("hidden", ACTIVATIONS)
def test_the_numbers_are_those_of_the_network(output, hidden, dtype):
    network, x, y, e = explained(output=output, hidden=hidden, dtype=dtype)
    forward = network.forward(x)
    backward = network.backward(forward, y)
    assert e.loss == network.loss(x, y)
    assert e.dtype == np.dtype(dtype)
    np.testing.assert_array_equal(e.x, forward.a[0][0])
    for L in (1, 2, 3):
        np.testing.assert_array_equal(e.z[L], forward.z[L][0])
        np.testing.assert_array_equal(e.a[L], forward.a[L][0])
        np.testing.assert_array_equal(e.delta[L], backward.delta[L][0])
        np.testing.assert_array_equal(e.dW[L], backward.dW[L])
        np.testing.assert_array_equal(e.db[L], backward.db[L])
        assert e.z[L].dtype == e.delta[L].dtype == np.dtype(dtype)


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("output", HEADS)
def test_terms_add_up(output, dtype):
    _, _, _, e = explained(output=output, dtype=dtype)
    near = {"rtol": TOLERANCE[dtype], "atol": TOLERANCE[dtype]}
    for L in (1, 2, 3):
        for j in range(len(e.z[L])):
            np.testing.assert_allclose(e.terms(L, j).sum() + e.params[L].b[j], e.z[L][j], **near)
            np.testing.assert_allclose(e.delta[L][j] * e.a[L - 1], e.dW[L][j], **near)
    for L in (0, 1, 2):
        for j in range(len(e.a[L])):
            np.testing.assert_allclose(e.back_terms(L, j).sum(), e.d_a[L][j], **near)
    for L in (1, 2):
        np.testing.assert_allclose(e.d_a[L] * e.d_phi[L], e.delta[L], **near)


@pytest.mark.parametrize("output", HEADS)
def test_the_gradient_of_the_input_is_the_slope_in_the_input(output):
    network, x, y, e = explained(output=output)
    for k in range(5):
        h = 1e-6 * np.eye(5)[k]
        slope = (network.loss(x + h, y) - network.loss(x - h, y)) / 2e-6
        assert e.d_a[0][k] == pytest.approx(slope, rel=1e-6, abs=1e-9)


@given(st.lists(st.floats(-1e3, 1e3), min_size=1, max_size=30), st.integers(1, 12))
def test_shown_and_rest_are_the_whole(values, count):
    array = np.array(values)
    found = top(array, count)
    assert sum(values) == pytest.approx(array[list(found.places)].sum() + found.rest, abs=1e-9)
    sizes = np.abs(array[list(found.places)])
    assert (np.diff(sizes) <= 0).all()
    assert np.delete(np.abs(array), found.places).max(initial=0) <= sizes[-1]
    assert 0 <= found.share <= 1
    assert (found.share == 1) == (not np.delete(array, found.places).any())


def test_zeros_are_not_shown_as_large():
    assert top(np.array([0.0, 2.0, 0.0, -3.0]), 3).places == (3, 1)
    assert top(np.zeros(4), 3) == ((0,), 0.0, 1.0)


def test_training_on_leaves_the_explanation_as_it_was():
    network, x, y, e = explained()
    before = str(e)
    for L in (1, 2, 3):
        network.W[L] = 2 * network.W[L]
    network.gradient_descent(([x], [y]), 1.0)
    assert str(e) == before
    assert str(network.explain(x, y)) != before


def test_a_prediction_is_told():
    network = Network.from_parameters([(np.eye(3), np.zeros(3))])
    right, wrong = network.explain([1, 3, 2], 1), network.explain([1, 3, 2], 2)
    assert (right.predicted, right.target, right.correct) == (1, 1, True)
    assert (wrong.predicted, wrong.target, wrong.correct) == (1, 2, False)
    assert "true class 1; predicted class 1 with probability 0.66524: right\n" in str(right)
    assert "true class 2; predicted class 1 with probability 0.66524: WRONG (class 2 got 0.24473)" in str(
        wrong
    )


def test_names_of_the_data_are_used():
    X, y = np.eye(3), np.arange(3)
    data = datasets.Dataset(X, y, ("ant", "bee", "cat"), features=("u", "v", "w"), name="kinds")
    network = Network([3, 3], seed=0)
    network.fit(data, epochs=200, learning_rate=1.0, progress=False)
    text = str(network.explain(data.X[1], data.y[1], sample="the bee"))
    assert text.splitlines()[1] == "the bee"
    assert "true class 1 'bee'; predicted class 1 'bee' with probability" in text
    assert "3  w            0" in text


@pytest.mark.parametrize(
    ("a", "y", "said"),
    [
        ([3.0, -3.0], [1, 0], "true: label 0; predicted: label 0: right"),
        ([3.0, 3.0], [0, 0], "true: no label; predicted: labels 0, 1: WRONG"),
        ([-3.0, -3.0], [1, 1], "true: labels 0, 1; predicted: no label: WRONG"),
    ],
)
def test_several_labels(a, y, said):
    network = Network.from_parameters([(np.eye(2), np.zeros(2))], output="sigmoid")
    assert said in str(network.explain(a, y))


@pytest.mark.parametrize(("x", "said"), [(2.0, "label 0 on: right"), (-2.0, "predicted: label off: WRONG")])
def test_one_output(x, said):
    network = Network.from_parameters([([[1.0]], [0.0])], output="sigmoid")
    e = network.explain([x], 1)
    assert said in str(e)
    assert e.loss == pytest.approx(np.log1p(np.exp(-x)))


def test_targets_that_are_no_classes():
    network = Network([2, 2], output="quadratic", seed=0)
    assert "largest target, 0.99, at class 1; predicted class" in str(network.explain([1, 2], [0.01, 0.99]))


@pytest.mark.parametrize("output", HEADS)
def test_saturated_outputs(output):
    network = Network.from_parameters([(1e4 * np.eye(4), np.zeros(4))], output=output, dtype="float32")
    e = network.explain([-1, -1, 1, -1], HEADS[output])
    assert np.isfinite(e.loss)
    assert "nan" not in str(e) + str(e.weight(1, 0, 0))


def test_json_holds_every_number():
    _, _, _, e = explained()
    found = json.loads(json.dumps(e.to_dict()))
    assert found["input_gradient"] == e.d_a[0].tolist()
    assert [layer["activation"] for layer in found["layers"]] == ["tanh", "tanh", "softmax"]
    for L, layer in enumerate(found["layers"], 1):
        for name in ("z", "a", "delta", "dW", "db"):
            assert layer[name] == getattr(e, name)[L].tolist()
    assert found["layers"][2]["d_phi"] is None


@pytest.mark.parametrize(
    ("x", "y", "said"),
    [
        (np.zeros((2, 5)), [0, 1], "explain must get one sample; got 2"),
        (np.zeros(4), 0, "X must have 5 columns"),
        (np.zeros(5), 4, "labels must be 0…3 for 4 outputs; got 4"),
        ([0, 0, np.nan, 0, 0], 0, "X must be finite"),
    ],
)
def test_errors(x, y, said):
    network, *_ = explained()
    with pytest.raises(InputError, match=said):
        network.explain(x, y)
