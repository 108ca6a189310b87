"""H1 to H4, B1, Q1, Q2 and S1: outputs, losses of the logits, and their gradients."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from chainrule.engines.reference import NUMPY
from chainrule.equations.activations import sigmoid
from chainrule.equations.heads import (
    HEADS,
    categorical_cross_entropy,
    log_softmax,
    multi_label_cross_entropy,
    quadratic_cost,
    smooth_labels,
    softmax,
)
from tests.equations.calculus import TOLERANCE, is_vjp, loud, soft_labels

every_head = pytest.mark.parametrize("head", HEADS.values(), ids=HEADS.keys())
every_dtype = pytest.mark.parametrize("dtype", [np.float32, np.float64])
logits = arrays(
    np.float64, array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=5), elements=st.floats(-8, 8)
)
NEAR = {"rtol": 1e-10, "atol": 1e-12}


def labels(z, head, seed=0):
    return soft_labels(np.random.default_rng(seed), *z.shape, head)


def accepts(head, z, y, delta=None):
    """Whether δ is the gradient in the logits of each sample's loss."""
    a = head.predict(NUMPY, z)
    d = (delta or (lambda z, a, y: head.delta(NUMPY, z, a, y)))(z, a, y)
    return is_vjp(lambda z: head.loss(NUMPY, z, y), lambda v: v[:, None] * d, z)


@every_head
@given(z=logits, seed=st.integers(0, 99), epsilon=st.floats(0, 0.9))
def test_delta_is_the_gradient_of_the_loss(head, z, seed, epsilon):
    y = labels(z, head, seed)
    assert accepts(head, z, y)
    hard = np.eye(z.shape[1])[np.arange(len(z)) % z.shape[1]]
    assert accepts(head, z, hard)
    assert accepts(head, z, smooth_labels(hard, epsilon, head.uninformed(z.shape[1])))


@every_head
def test_wrong_errors_are_rejected(head):
    z = np.random.default_rng(1).standard_normal((3, 3))
    y = labels(z, head)
    assert accepts(head, z, y)
    right = head.delta(NUMPY, z, head.predict(NUMPY, z), y)
    mutants = [
        lambda z, a, y: -right,
        lambda z, a, y: right * a * (1 - a),  # one σ' too many
        lambda z, a, y: right / (a * (1 - a)),  # one too few
        lambda z, a, y: right / len(y),
        lambda z, a, y: right.T,
        lambda z, a, y: a - np.roll(y, 1, axis=1),
        lambda z, a, y: -y / a,  # ∂J/∂a, the chain rule forgotten
        lambda z, a, y: np.where(y == y.max(axis=1, keepdims=True), right, 0),
    ]
    assert not any(accepts(head, z, y, mutant) for mutant in mutants)


def test_trap_extra_factor():
    """(a − y) σ'(z) is the gradient of the quadratic cost, and nowhere near that of cross-entropy."""
    z = np.random.default_rng(2).standard_normal((4, 3))
    cross_entropy, quadratic = HEADS["sigmoid"], HEADS["quadratic"]
    y = labels(z, cross_entropy)

    def trap(z, a, y):
        return (a - y) * a * (1 - a)

    assert accepts(quadratic, z, y, trap)
    assert not accepts(cross_entropy, z, y, trap)
    a = sigmoid(NUMPY, z)
    right = cross_entropy.delta(NUMPY, z, a, y)
    assert np.linalg.norm(trap(z, a, y) - right) > 0.5 * np.linalg.norm(right)
    assert not accepts(quadratic, z, y, lambda z, a, y: a - y)


@given(z=logits)
def test_softmax_jacobian(z):
    """∂a/∂z = diag(a) − a aᵀ, of which the diagonal alone is not enough."""
    a = softmax(NUMPY, z)
    assert is_vjp(lambda z: softmax(NUMPY, z), lambda v: a * (v - np.sum(a * v, axis=1, keepdims=True)), z)


def test_softmax_diagonal_alone_is_rejected():
    z = np.random.default_rng(3).standard_normal((2, 3))
    a = softmax(NUMPY, z)
    assert not is_vjp(lambda z: softmax(NUMPY, z), lambda v: a * (1 - a) * v, z)


@given(z=logits, seed=st.integers(0, 99))
def test_b1_is_the_chain_rule_through_the_jacobian(z, seed):
    """(diag(a) − a aᵀ)ᵀ (−y/a) = a − y, where Σ y = 1."""
    a, y = softmax(NUMPY, z), labels(z, HEADS["softmax"], seed)
    for a_i, y_i in zip(a, y, strict=True):
        jacobian = np.diag(a_i) - np.outer(a_i, a_i)
        np.testing.assert_allclose(jacobian.T @ (-y_i / a_i), a_i - y_i, rtol=1e-9, atol=1e-11)


@given(z=logits, shift=st.floats(-100, 100))
def test_softmax_is_a_distribution_and_blind_to_shifts(z, shift):
    a = softmax(NUMPY, z)
    assert (a > 0).all()
    np.testing.assert_allclose(a.sum(axis=1), 1, **TOLERANCE["float64"])
    np.testing.assert_allclose(softmax(NUMPY, z + shift), a, **NEAR)
    np.testing.assert_allclose(np.exp(log_softmax(NUMPY, z)), a, **NEAR)
    largest = np.take_along_axis(a, z.argmax(axis=1)[:, None], axis=1)
    assert (largest[:, 0] == a.max(axis=1)).all()


@given(z=logits, seed=st.integers(0, 99))
def test_losses_are_the_textbook_ones_at_moderate_logits(z, seed):
    e = np.exp(z)
    a = e / e.sum(axis=1, keepdims=True)
    y = labels(z, HEADS["softmax"], seed)
    np.testing.assert_allclose(categorical_cross_entropy(NUMPY, z, y), -(y * np.log(a)).sum(axis=1), **NEAR)
    s = 1 / (1 + np.exp(-z))
    y = labels(z, HEADS["sigmoid"], seed)
    textbook = -(y * np.log(s) + (1 - y) * np.log(1 - s)).sum(axis=1)
    np.testing.assert_allclose(multi_label_cross_entropy(NUMPY, z, y), textbook, **NEAR)
    np.testing.assert_allclose(quadratic_cost(NUMPY, z, y), ((s - y) ** 2).sum(axis=1) / 2, **NEAR)


@given(z=logits, seed=st.integers(0, 99))
def test_several_labels_are_a_sum_of_single_ones(z, seed):
    y = labels(z, HEADS["sigmoid"], seed)
    single = [multi_label_cross_entropy(NUMPY, z[:, [k]], y[:, [k]]) for k in range(z.shape[1])]
    np.testing.assert_allclose(multi_label_cross_entropy(NUMPY, z, y), sum(single), **NEAR)


@given(
    z=arrays(np.float64, st.tuples(st.integers(1, 4), st.just(2)), elements=st.floats(-20, 20)),
    seed=st.integers(0, 99),
)
def test_two_classes_are_the_sigmoid_of_the_difference(z, seed):
    difference = z[:, [1]] - z[:, [0]]
    np.testing.assert_allclose(softmax(NUMPY, z)[:, [1]], sigmoid(NUMPY, difference), **NEAR)
    y = labels(z, HEADS["softmax"], seed)
    np.testing.assert_allclose(
        categorical_cross_entropy(NUMPY, z, y),
        multi_label_cross_entropy(NUMPY, difference, y[:, [1]]),
        **NEAR,
    )


@every_dtype
def test_saturated_softmax(dtype):
    z = np.array([[1e4, -1e4, 0], [1e4, -1e4, 0], [-1e4, -1e4, -1e4], [1e4, 1e4, -1e4]], dtype)
    y = np.array([[1, 0, 0], [0, 1, 0], [1, 0, 0], [0, 0, 1]], dtype)
    a, J, delta = everything(HEADS["softmax"], z, y)
    assert a.tolist() == [[1, 0, 0], [1, 0, 0], [dtype(1 / 3)] * 3, [0.5, 0.5, 0]]
    np.testing.assert_allclose(J, [0, 2e4, np.log(3), 2e4 + np.log(2)], rtol=1e-6)
    assert delta[:2].tolist() == [[0, 0, 0], [1, -1, 0]]
    assert delta[3].tolist() == [0.5, 0.5, -1]


@every_dtype
def test_saturated_sigmoid(dtype):
    z = np.array([[1e4, -1e4], [1e4, -1e4], [1e4, 0]], dtype)
    y = np.array([[1, 0], [0, 1], [0, 1]], dtype)
    a, J, delta = everything(HEADS["sigmoid"], z, y)
    assert a.tolist() == [[1, 0], [1, 0], [1, 0.5]]
    np.testing.assert_allclose(J, [0, 2e4, 1e4 + np.log(2)], rtol=1e-6)
    assert delta.tolist() == [[0, 0], [1, -1], [1, -0.5]]


@every_dtype
def test_saturated_quadratic_stalls(dtype):
    """What the factor σ' does: the answer is wholly wrong, and the gradient is 0."""
    z, y = np.array([[1e4, -1e4]], dtype), np.array([[0, 1]], dtype)
    a, J, delta = everything(HEADS["quadratic"], z, y)
    assert (a.tolist(), J.tolist(), delta.tolist()) == ([[1, 0]], [1], [[0, 0]])


def everything(head, z, y):
    """Outputs, loss and error, loudly, in the dtype that came in."""
    with loud():
        a = head.predict(NUMPY, z)
        J, delta = head.loss(NUMPY, z, y), head.delta(NUMPY, z, a, y)
    assert {a.dtype, J.dtype, delta.dtype} == {z.dtype}
    assert (a.shape, J.shape, delta.shape) == (z.shape, z.shape[:1], z.shape)
    assert np.isfinite(J).all()
    return a, J, delta


@every_dtype
def test_no_probability_is_clipped(dtype):
    """A clip at 1e-7 or 1e-15 would hold the loss at 16 or 35; it must grow with the logit."""
    z = np.array([[0, gap] for gap in (20, 50, 80)], dtype)
    y = np.array([[1, 0]] * 3, dtype)
    np.testing.assert_allclose(categorical_cross_entropy(NUMPY, z, y), [20, 50, 80], rtol=1e-6)
    np.testing.assert_allclose(softmax(NUMPY, z)[:, 0], np.exp([-20.0, -50, -80]), rtol=1e-5)
    z, y = z[:, 1:], np.zeros((3, 1), dtype)
    np.testing.assert_allclose(multi_label_cross_entropy(NUMPY, z, y), [20, 50, 80], rtol=1e-6)
    np.testing.assert_allclose(sigmoid(NUMPY, -z)[:, 0], np.exp([-20.0, -50, -80]), rtol=1e-5)


@every_head
@every_dtype
@pytest.mark.parametrize("epsilon", [0.0, 0.1])
def test_smoothing_keeps_dtype_and_what_sums_to_1(head, dtype, epsilon):
    K = 4
    y = np.eye(K, dtype=dtype)
    smooth = smooth_labels(y, epsilon, head.uninformed(K))
    assert smooth.dtype == dtype
    low = epsilon / K if head.distribution else epsilon / 2
    np.testing.assert_allclose(smooth, np.where(y == 1, 1 - epsilon + low, low), rtol=1e-6)
    if head.distribution:
        np.testing.assert_allclose(smooth.sum(axis=1), 1, rtol=1e-6)


@every_head
def test_loss_is_lowest_where_the_output_is_the_target(head):
    """So cross-entropy's least value is the entropy of y, and the quadratic cost's is 0."""
    rng = np.random.default_rng(4)
    z = rng.standard_normal((50, 3))
    y = np.repeat(head.predict(NUMPY, z[:1]), 50, axis=0)
    J = head.loss(NUMPY, z, y)
    assert J.argmin() == 0
    assert (J[1:] > J[0] + 1e-4).all()
    assert head.delta(NUMPY, z, head.predict(NUMPY, z), y)[0] == pytest.approx(0, abs=1e-15)
