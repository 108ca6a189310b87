"""`Head.from_formulas`: δ = ∂J/∂z derived for any link and loss, and B1 found again where it belongs."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest

from chainrule import Head, InputError, Network, gradient_check
from chainrule.engines.reference import NUMPY
from chainrule.equations.heads import HEADS

CROSS_ENTROPY = "-(y*log(a)+(1-y)*log(1-a))"
BUILT_IN = {
    "softmax": ("softmax", "-y*log(a)"),
    "sigmoid": ("1/(1+exp(-z))", CROSS_ENTROPY),
    "quadratic": ("1/(1+exp(-z))", "(a-y)**2/2"),
}
OTHERS = {
    "focal": ("softmax", "-y*(1-a)**2*log(a)"),
    "quadratic over softmax": ("softmax", "(a-y)**2/2"),
    "focal, multi-label": ("sigmoid(z)", "-y*(1-a)**2*log(a)-(1-y)*a**2*log(1-a)"),
    "tanh link": ("(1+tanh(z))/2", CROSS_ENTROPY),
    "cauchit": ("1/2+atan(z)/pi", CROSS_ENTROPY),
    "absolute": ("sigmoid(z)", "sqrt((a-y)**2+0.01)"),
    "generalised": ("softmax", "y*(1-a**0.7)/0.7"),
}
ALL = {**BUILT_IN, **OTHERS}
RNG = np.random.default_rng(0)


def logits(scale, dtype="float64"):
    return (scale * RNG.standard_normal((6, 4))).astype(dtype)


def targets(head, dtype="float64"):
    if head.distribution:
        return np.eye(4, dtype=dtype)[RNG.integers(0, 4, 6)]
    return RNG.integers(0, 2, (6, 4)).astype(dtype)


@pytest.fixture(scope="module")
def heads():
    return {name: Head.from_formulas(*texts) for name, texts in ALL.items()}


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("scale", [1, 1000])
@pytest.mark.parametrize("name", BUILT_IN)
def test_the_textbook_formulas_are_the_built_in_heads(heads, name, scale, dtype):
    own, ours = heads[name], HEADS[name]
    z, y = logits(scale, dtype), targets(ours, dtype)
    a = ours.predict(NUMPY, z)
    eps = np.finfo(dtype).eps
    np.testing.assert_allclose(own.predict(NUMPY, z), a, rtol=4 * eps, atol=eps)
    np.testing.assert_allclose(own.loss(NUMPY, z, y), ours.loss(NUMPY, z, y), rtol=8 * eps, atol=8 * eps)
    np.testing.assert_allclose(own.delta(NUMPY, z, a, y), ours.delta(NUMPY, z, a, y), atol=8 * eps)
    assert own.distribution == ours.distribution


def test_b1_is_derived(heads):
    """From the loss of H4 and the sigmoid of H3, by rules alone: δ = a − y."""
    assert "def delta(xp, z, a, y):\n    return a - y\n" in heads["sigmoid"].source
    assert heads["sigmoid"].derivation().lines[-1].to_text() == "a - y"
    assert heads["quadratic"].derivation().lines[-1].to_text() == "a*(1 - a)*(a - y)"
    assert heads["softmax"].derivation().lines[-1].to_text() == "-y"
    assert "δ_k = " in str(heads["softmax"].derivation())


@pytest.mark.parametrize("name", ALL)
def test_delta_is_the_gradient_of_the_loss(heads, name):
    """By differences of the very function that reports the loss."""
    head = heads[name]
    z, y, h = logits(2), targets(head), 1e-6
    delta = head.delta(NUMPY, z, head.predict(NUMPY, z), y)
    for m in range(4):
        e = np.zeros(4)
        e[m] = h
        slope = (head.loss(NUMPY, z + e, y) - head.loss(NUMPY, z - e, y)) / (2 * h)
        np.testing.assert_allclose(delta[:, m], slope, rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", ALL)
def test_nothing_overflows_at_huge_logits(heads, name, dtype):
    head = heads[name]
    z, y = logits(1000, dtype), targets(head, dtype)
    with np.errstate(all="raise", under="ignore"):
        a = head.predict(NUMPY, z)
        values = (a, head.loss(NUMPY, z, y), head.delta(NUMPY, z, a, y))
    assert all(np.isfinite(value).all() and value.dtype == dtype for value in values)


@pytest.mark.parametrize("name", ALL)
def test_accuracy_over_whole_rows(heads, name):
    accuracy = heads[name].accuracy
    assert accuracy.value["float64"].error < 1e-13
    assert accuracy.slope["float64"].error < 1e-13
    assert accuracy.slope["float32"].error < 1e-4
    assert "largest error in float64: J " in str(accuracy)


@pytest.mark.parametrize("name", ALL)
def test_networks_with_it_pass_the_gradient_check(heads, name):
    network = Network([3, 5, 4], hidden="tanh", output=heads[name], seed=0)
    x = RNG.standard_normal((6, 3))
    assert gradient_check(network, x, targets(heads[name]), l2=0.1).passed


def test_a_wrong_delta_is_found(heads):
    wrong = heads["focal"]._replace(delta=lambda xp, z, a, y: a - y)
    network = Network([3, 5, 4], output=wrong, seed=0)
    assert not gradient_check(network, RNG.standard_normal((6, 3)), targets(wrong)).passed


X = RNG.standard_normal((60, 3))
Y = (X[:, 0] > 0).astype(int)


def test_it_trains_and_is_saved(heads, tmp_path):
    focal = Head.from_formulas(*OTHERS["focal"], name="focal loss")
    network = Network([3, 6, 2], output=focal, seed=0)
    network.fit(X, Y, epochs=40, learning_rate=1.0, label_smoothing=0.05, progress=False)
    evaluation = network.evaluate(X, Y)
    assert evaluation.accuracy > 0.9
    assert "focal loss" in str(evaluation)
    network.save(tmp_path / "model")
    read = Network.load(tmp_path / "model")
    assert read.head.formulas == OTHERS["focal"]
    assert read.predict_proba(X).tobytes() == network.predict_proba(X).tobytes()
    assert read.loss(X, Y) == network.loss(X, Y)


def test_several_labels():
    own = Head.from_formulas("sigmoid(z)", CROSS_ENTROPY, multi_label=True)
    labels = np.column_stack([Y, 1 - Y, X[:, 1] > 0]).astype(float)
    ours, theirs = (Network([3, 5, 3], output=output, seed=0) for output in (own, "sigmoid"))
    for network in (ours, theirs):
        network.fit(X, labels, epochs=3, progress=False)
        assert network.multi_label
    np.testing.assert_allclose(ours.predict_proba(X), theirs.predict_proba(X), rtol=1e-12)


def test_copies(heads):
    network = Network([3, 5, 4], output=heads["cauchit"], seed=0)
    for other in (copy.deepcopy(network), pickle.loads(pickle.dumps(network))):
        assert other.predict_proba(X).tobytes() == network.predict_proba(X).tobytes()
        assert other.head.formulas == OTHERS["cauchit"]


REFUSED = {
    "link above 1": (("2*sigmoid(z)", "(a-y)**2"), r"values from 0 to 1.*2\*sigmoid\(z\) is 1"),
    "link below 0": (("tanh(z)", "(a-y)**2"), "values from 0 to 1.* is -1 at z = -1000"),
    "loss without a": (("softmax", "y**2"), "must depend on a"),
    "loss of z": (("softmax", "z*y"), "one of a, y, pi, e; got 'z'"),
    "link of a": (("1/(1+exp(-a))", "a"), "one of z, pi, e; got 'a'"),
    "infinite loss": (("min(max(z, 0), 1)", "-y*log(a)"), "must be finite.*y = 1 at z = -1000"),
    "binary over softmax": (("softmax", CROSS_ENTROPY), "must be finite.*at s = 0"),
    "several labels by softmax": (("softmax", "-y*log(a)", True), "multi_label must be False"),
    "attack": (("__import__(z)", "-y*log(a)"), "column 1"),
}


@pytest.mark.parametrize(("texts", "why"), REFUSED.values(), ids=REFUSED.keys())
def test_no_head(texts, why):
    link, loss, *rest = texts
    with pytest.raises(InputError, match=why):
        Head.from_formulas(link, loss, multi_label=bool(rest))


def test_a_head_that_is_none():
    with pytest.raises(InputError, match="output must be one of"):
        Network([3, 2], output="softmx")
    own = Head(*HEADS["softmax"])
    with pytest.raises(InputError, match="must be made from formulas"):
        own.derivation()
    with pytest.raises(InputError, match="no code is stored"):
        Network([3, 2], output=own._replace(name="mine"), seed=0).save("nowhere")
