"""∂J/∂w = δ_j · a_k, held to differences; one step changes the loss by −η (∂J/∂w)², to first order."""

from __future__ import annotations

import numpy as np
import pytest

from chainrule import InputError, Network, gradient_check
from chainrule.equations import network as equations
from chainrule.equations.activations import ACTIVATIONS
from tests.explain.test_explanation import HEADS, explained

PLACES = [(1, 0, 0), (1, 6, 4), (2, 3, 5), (3, 2, 1)]


@pytest.mark.parametrize("place", PLACES, ids=str)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("output", HEADS)
def test_a_weight_is_the_entry_of_the_backward_pass(output, dtype, place):
    network, x, y, e = explained(output=output, dtype=dtype)
    L, j, k = place
    w, b = e.weight(L, j, k), e.bias(L, j)
    gradients = network.backward(network.forward(x), y)
    assert (w.gradient, b.gradient) == (gradients.dW[L][j, k], gradients.db[L][j])
    assert w.delta * w.a == pytest.approx(w.gradient, rel=1e-6 if dtype == "float32" else 1e-15)
    assert b.delta * b.a == b.gradient
    assert (w.value, b.value) == (network.W[L][j, k], network.b[L][j])
    for p in (w, b):
        assert p.check.verdict == "right"
        assert p.check.relative_error < 1e-7
        assert p.check.quotient == pytest.approx(p.check.gradient, rel=1e-4, abs=1e-8)
        assert p.gradient == pytest.approx(p.check.gradient, rel=1e-3 if dtype == "float32" else 1e-13)


@pytest.mark.parametrize("hidden", ACTIVATIONS)
def test_every_activation_is_checked_right(hidden):
    _, _, _, e = explained(hidden=hidden)
    for place in PLACES:
        assert e.weight(*place).check.verdict == "right", place


def test_rounding_is_named_where_it_explains_a_distance():
    """A saturated neuron: δ of 1e-14, beside a loss of 1."""
    W = [[30.0, 0.0], [0.5, 0.5]]
    network = Network.from_parameters([(W, [0.0, 0.0]), ([[1.0, 0.3], [-0.2, 0.4]], [0.1, 0.2])])
    p = network.explain([1.0, 0.5], 1).weight(1, 0, 0)
    assert p.check.verdict == "right"
    assert p.check.relative_error > 1e-7
    assert abs(p.gradient - p.check.limit) <= p.check.doubt
    assert "which rounding explains)" in " ".join(str(p).split())


def test_the_rounding_of_float32_is_told():
    p = Network([2, 2, 2], seed=1, dtype="float32").explain([6, 6], 0).weight(1, 0, 0)
    assert p.check.verdict == "right"
    assert p.check.relative_error < 1e-7 < abs(p.gradient / p.check.gradient - 1)
    assert f"The float32 gradient is off by {p.gradient - p.check.gradient:.2g}." in str(p)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_wrong_number_of_the_explanation_itself_is_found_out(dtype):
    """The equations are right; the gradient in the explanation is not."""
    _, _, _, e = explained(dtype=dtype)
    e.dW[2][3, 5] *= 1.05
    assert e.weight(2, 3, 5).check.verdict == "wrong"
    assert e.weight(2, 3, 4).check.verdict == "right"


def test_formulas_count_from_1_and_python_from_0():
    network, x, y, e = explained()
    p = e.weight(2, 3, 5)
    assert (p.name, p.place) == ("W^2_{4,6}", "W[2][3, 5]")
    assert (e.bias(1, 6).name, e.bias(1, 6).place) == ("b^1_7", "b[1][6]")
    wrong = network.gradients(x, y)
    wrong.dW[2][3, 5] += 1
    report = gradient_check(network, [x], [y], gradients=wrong, entries=1000)
    assert report.worst.place == f"d{p.place}"


@pytest.mark.parametrize("output", HEADS)
def test_a_small_step_changes_the_loss_as_the_slope_says(output):
    _, _, _, e = explained(output=output)
    step = e.weight(3, 2, 1, learning_rate=1e-4).step
    assert step.after == step.before - 1e-4 * e.dW[3][2, 1]
    assert step.predicted == -1e-4 * e.dW[3][2, 1] ** 2
    assert step.actual == pytest.approx(step.predicted, rel=1e-3)
    assert step.loss_before == pytest.approx(e.loss, rel=1e-14)


def test_the_error_of_the_prediction_is_of_second_order():
    _, _, _, e = explained()
    off = [e.weight(3, 2, 1, learning_rate=rate).step for rate in (1e-1, 1e-2, 1e-3)]
    errors = [abs(step.actual - step.predicted) for step in off]
    assert errors[0] / errors[1] == pytest.approx(100, rel=0.2)
    assert errors[1] / errors[2] == pytest.approx(100, rel=0.2)


def test_the_step_is_what_the_network_does_with_that_weight():
    network, x, y, e = explained()
    step = e.weight(1, 2, 3, learning_rate=0.5).step
    W = network.W[1].copy()
    W[2, 3] -= 0.5 * e.dW[1][2, 3]
    network.W[1] = W
    assert network.loss(x, y) == pytest.approx(step.loss_after, rel=1e-14)


def test_mazurs_weight():
    """M. Mazur, "A Step by Step Backpropagation Example" (2015): w5 from 0.4 to 0.35891648 at η = 0.5."""
    network = Network.from_parameters(
        [([[0.15, 0.20], [0.25, 0.30]], [0.35, 0.35]), ([[0.40, 0.45], [0.50, 0.55]], [0.60, 0.60])],
        output="quadratic",
    )
    p = network.explain([0.05, 0.10], [0.01, 0.99]).weight(2, 0, 0, learning_rate=0.5)
    assert p.gradient == pytest.approx(0.082167041, abs=5e-10)
    assert p.step.after == pytest.approx(0.35891648, abs=5e-9)
    assert "G1  W^2_{1,1} ← W^2_{1,1} − η ∂J/∂W^2_{1,1} = 0.4 − 0.5·0.082167041 = 0.35891648" in str(p)
    assert "One weight: W^2_{1,1} = 0.4, in Python W[2][0, 0]" in str(p)


@pytest.mark.parametrize(("L", "verdict"), [(1, "wrong"), (2, "wrong"), (3, "right")])
def test_a_wrong_equation_is_found_out(monkeypatch, L, verdict):
    """B2 without φ': what lies below the output layer is wrong, and said to be."""

    def without_slope(xp, activation, delta_next, W_next, z, a, mask=None):
        return delta_next @ W_next

    monkeypatch.setattr(equations, "hidden_error", without_slope)
    _, _, _, e = explained()
    for p in (e.weight(L, 1, 2), e.bias(L, 1)):
        assert p.check.verdict == verdict
        assert f": {verdict}" in " ".join(str(p).split())
    if verdict == "wrong":
        assert p.check.relative_error > 1e-2
        assert p.gradient != pytest.approx(p.check.quotient, rel=1e-2)
        assert p.step.actual != pytest.approx(p.step.predicted, rel=1e-2)


def test_the_wrong_output_error_is_found_out(monkeypatch):
    """(a − y) σ' belongs to the quadratic cost."""
    from chainrule.equations.heads import quadratic_error

    network = Network([5, 4], output="sigmoid", seed=0)
    network.head = network.head._replace(delta=quadratic_error)
    p = network.explain(np.arange(5), [0, 1, 1, 0]).weight(1, 1, 3)
    assert p.check.verdict == "wrong"


@pytest.fixture
def kinked():
    """z^1_1 = 0 stands on relu's kink; z^1_0 = 2 does not."""
    return Network.from_parameters(
        [([[1.0, 1.0], [1.0, -1.0]], [0.0, 0.0]), ([[0.5, 1.0], [-0.5, 0.25]], [0.0, 0.0])], hidden="relu"
    ).explain([1.0, 1.0], 1)


def test_a_kink_is_said(kinked):
    p = kinked.weight(1, 1, 0)
    assert (p.gradient, p.check.verdict) == (0, "right")
    low, high = p.check.sides
    assert (low, high) == pytest.approx((0, kinked.d_a[1][1]), abs=1e-9)
    assert p.check.crossed
    assert p.check.quotient == pytest.approx((low + high) / 2, rel=1e-4)
    assert "stands on a kink of φ, where the loss has two slopes" in str(p)


def test_no_kink_is_said_where_there_is_none(kinked):
    for p in (kinked.weight(1, 0, 0), kinked.weight(2, 0, 1)):
        assert p.check.sides is None
        assert not p.check.crossed
        assert "kink" not in str(p)


def test_a_step_over_a_kink_is_said():
    network = Network.from_parameters([([[1.0]], [-1 + 1e-7]), ([[1.0], [-1.0]], [0.0, 0.0])], hidden="relu")
    p = network.explain([1.0], 1).bias(1, 0)
    assert (p.check.verdict, p.check.sides, p.check.crossed) == ("right", None, True)
    assert p.check.quotient != pytest.approx(p.gradient, rel=0.1)
    assert "A step of h takes some z over a kink" in str(p)


def test_a_weight_without_effect_says_why(kinked):
    assert "δ^1_2 = 0: to first order this parameter changes nothing" in str(kinked.weight(1, 1, 0))
    assert "a^1_2 = 0: to first order this parameter changes nothing" in str(kinked.weight(2, 0, 1))


@pytest.mark.parametrize(
    ("method", "place", "said"),
    [
        ("weight", (0, 0, 0), "layers with weights must be 1…3; got 0"),
        ("weight", (4, 0, 0), "layers with weights must be 1…3; got 4"),
        ("weight", (1, 7, 0), "must have j = 0…6 and k = 0…4, its neurons and those of layer 0; got j = 7"),
        ("weight", (2, 0, 7), "must have j = 0…5 and k = 0…6"),
        ("weight", (2, -1, 0), "got j = -1"),
        ("weight", (2, 0.5, 0), "got j = 0.5"),
        ("bias", (-1, 0), "layers with weights must be 1…3; got -1"),
        ("bias", (3, 4), "a bias of layer 3 must have j = 0…3, its neurons; got j = 4"),
    ],
)
def test_there_is_no_such_weight(method, place, said):
    _, _, _, e = explained()
    with pytest.raises(InputError, match=said):
        getattr(e, method)(*place)


@pytest.mark.parametrize("rate", [0, -1, float("nan"), "fast"])
def test_learning_rate(rate):
    _, _, _, e = explained()
    with pytest.raises(InputError, match="learning_rate must be above 0"):
        e.weight(1, 0, 0, learning_rate=rate)
