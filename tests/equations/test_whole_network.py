"""Forward, backward and their gradients through whole networks of any depth, width and batch."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from chainrule.engines.reference import NUMPY
from chainrule.equations import network as equations
from chainrule.equations.activations import ACTIVATIONS, d_sigmoid
from chainrule.equations.affine import input_gradient, weight_gradient
from chainrule.equations.heads import HEADS
from chainrule.equations.penalty import Penalty
from chainrule.types import ByLayer, Layer
from tests.equations.calculus import TOLERANCE, Problem, loud

NEAR = {"rtol": 1e-10, "atol": 1e-12}


@st.composite
def problems(draw, **fixed):
    depth = draw(st.integers(1, 4))
    head = draw(st.sampled_from(list(HEADS)))
    widths = draw(st.lists(st.integers(1, 5), min_size=depth + 1, max_size=depth + 1))
    hidden = draw(st.lists(st.sampled_from(list(ACTIVATIONS)), min_size=depth - 1, max_size=depth - 1))
    options = {
        "batch": draw(st.integers(1, 4)),
        "seed": draw(st.integers(0, 2**32 - 1)),
        "weighted": draw(st.booleans()),
        "masked": draw(st.booleans()),
        "penalty": Penalty(draw(st.sampled_from([0.0, 0.3])), draw(st.sampled_from([0.0, 0.7]))),
    }
    return Problem(widths, hidden, head, **{**options, **fixed})


@settings(max_examples=150)
@given(problem=problems())
def test_gradient_in_every_weight_and_bias(problem):
    assume(problem.is_smooth())
    assert problem.is_gradient(problem.gradients())


@pytest.mark.parametrize("head", HEADS)
@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_gradient_of_every_combination(activation, head, masked):
    """Whatever Hypothesis happens to draw, these are always there."""
    problem = next(
        p
        for seed in range(20)
        if (
            p := Problem(
                [2, 3, 4, 2], [activation] * 2, head, seed=seed, masked=masked, penalty=Penalty(0.1, 0.2)
            )
        ).is_smooth()
    )
    assert problem.is_gradient(problem.gradients())


class TestMutants:
    """The checker checked: on a square network each wrong rule has the right shapes, and must be rejected."""

    problem = Problem(
        [3, 3, 3, 3],
        ["tanh", "sigmoid"],
        "softmax",
        batch=3,
        seed=3,
        weighted=True,
        masked=True,
        penalty=Penalty(0.2, 0.3),
    )

    def rejects(self):
        return not self.problem.is_gradient(self.problem.gradients())

    def test_the_right_rules_are_accepted(self):
        assert not self.rejects()

    @pytest.mark.parametrize(
        "mutant",
        [
            pytest.param(mutant, id=name)
            for name, mutant in {
                "no derivative": lambda xp, phi, d, W, z, a, r: input_gradient(d, W) * r,
                "sign": lambda xp, phi, d, W, z, a, r: (
                    -equations.dropout(d @ W, r) * phi.d_phi(xp, z, phi.phi(xp, z))
                ),
                "φ for φ'": lambda xp, phi, d, W, z, a, r: d @ W * r * phi.phi(xp, z),
                "transpose": lambda xp, phi, d, W, z, a, r: d @ W.T * r * phi.d_phi(xp, z, phi.phi(xp, z)),
                "no mask": lambda xp, phi, d, W, z, a, r: d @ W * phi.d_phi(xp, z, phi.phi(xp, z)),
                "mask not scaled": lambda xp, phi, d, W, z, a, r: (
                    d @ W * (r > 0) * phi.d_phi(xp, z, phi.phi(xp, z))
                ),
                "φ' of the masked a": lambda xp, phi, d, W, z, a, r: d @ W * r * phi.d_phi(xp, z, a),
                "wrong activation": lambda xp, phi, d, W, z, a, r: (
                    d @ W * r * d_sigmoid(xp, z, phi.phi(xp, z))
                ),
                "diagonal": lambda xp, phi, d, W, z, a, r: (
                    d * np.diag(W) * r * phi.d_phi(xp, z, phi.phi(xp, z))
                ),
                "first sample": lambda xp, phi, d, W, z, a, r: np.repeat(
                    (d @ W * r * phi.d_phi(xp, z, phi.phi(xp, z)))[:1], len(z), axis=0
                ),
            }.items()
        ],
    )
    def test_hidden_error(self, monkeypatch, mutant):
        monkeypatch.setattr(equations, "hidden_error", mutant)
        assert self.rejects()

    def test_wrong_layers_weights(self, monkeypatch):
        """δ^L from W^L in place of W^{L+1}."""
        W = [layer.W for layer in self.problem.params]
        right = equations.hidden_error

        def mutant(xp, phi, delta_next, W_next, z, a, mask=None):
            before = next(W[i - 1] for i in range(1, 3) if W[i] is W_next)
            return right(xp, phi, delta_next, before, z, a, mask)

        monkeypatch.setattr(equations, "hidden_error", mutant)
        assert self.rejects()

    @pytest.mark.parametrize(
        "mutant",
        [
            lambda delta, a: a.T @ delta,
            lambda delta, a: weight_gradient(delta, a) / len(a),
            lambda delta, a: -weight_gradient(delta, a),
            lambda delta, a: weight_gradient(delta, np.roll(a, 1, axis=0)),
            lambda delta, a: weight_gradient(delta, a > 0),
        ],
    )
    def test_weight_gradient(self, monkeypatch, mutant):
        monkeypatch.setattr(equations, "weight_gradient", mutant)
        assert self.rejects()

    @pytest.mark.parametrize(
        "mutant",
        [
            lambda xp, delta: delta.mean(axis=0),
            lambda xp, delta: delta[0],
            lambda xp, delta: -delta.sum(axis=0),
            lambda xp, delta: 0 * delta[0],
        ],
    )
    def test_bias_gradient(self, monkeypatch, mutant):
        monkeypatch.setattr(equations, "bias_gradient", mutant)
        assert self.rejects()

    @pytest.mark.parametrize(
        "mutant",
        [
            lambda xp, head, z, a, y, w: a - y,  # the sample weights forgotten
            lambda xp, head, z, a, y, w: (a - y) / len(y),
            lambda xp, head, z, a, y, w: (a - y) * w[::-1, None],
            lambda xp, head, z, a, y, w: (a - y) * a * (1 - a) * w[:, None],
            lambda xp, head, z, a, y, w: (y - a) * w[:, None],
        ],
    )
    def test_output_error(self, monkeypatch, mutant):
        monkeypatch.setattr(equations, "output_error", mutant)
        assert self.rejects()

    @pytest.mark.parametrize(
        "mutant",
        [
            lambda xp, p, W: 0 * W,
            lambda xp, p, W: -p.l1 * np.sign(W) - p.l2 * W,
            lambda xp, p, W: p.l1 * np.sign(W) + 2 * p.l2 * W,
        ],
    )
    def test_penalty_gradient(self, monkeypatch, mutant):
        monkeypatch.setattr(equations, "penalty_gradient", mutant)
        assert self.rejects()

    @pytest.mark.parametrize("L", [1, 2, 3])
    @pytest.mark.parametrize("field", ["dW", "db"])
    def test_one_small_slip_in_one_tensor(self, L, field):
        """One entry off by a thousandth part of the gradient's length is seen."""
        g = self.problem.gradients()
        tensors = [t.copy() for t in getattr(g, field)]
        tensors[L - 1].flat[0] += 1e-3 * np.linalg.norm(tensors[L - 1])
        assert not self.problem.is_gradient(g._replace(**{field: ByLayer(tensors)}))


def test_trap_in_a_whole_network():
    """σ'(z) too many: another gradient for cross-entropy, the right one for the quadratic cost."""
    problem = Problem([4, 5, 3], ["sigmoid"], "sigmoid", batch=4, seed=1)
    right, head = problem.gradients(), problem.net.head
    trapped = head._replace(delta=lambda xp, z, a, y: (a - y) * d_sigmoid(xp, z, a))
    problem.net = problem.net._replace(head=trapped)
    wrong = problem.gradients()
    assert not problem.is_gradient(wrong)
    for a, b in zip(right.dW, wrong.dW, strict=True):
        assert np.linalg.norm(a - b) > 0.1 * np.linalg.norm(a)
    problem.net = problem.net._replace(head=HEADS["quadratic"])
    assert problem.is_gradient(wrong)


@given(problem=problems(weighted=False, penalty=Penalty(), masked=False))
def test_gradient_of_a_batch_is_the_mean_of_its_samples(problem):
    whole = problem.gradients()
    x, y, n = problem.x, problem.y, len(problem.x)
    problem.w = np.ones(1)
    singles = []
    for i in range(n):
        problem.x, problem.y = x[[i]], y[[i]]
        singles.append(problem.gradients())
    for L in range(1, problem.params.last + 1):
        np.testing.assert_allclose(whole.dW[L], sum(g.dW[L] for g in singles) / n, **NEAR)
        np.testing.assert_allclose(whole.db[L], sum(g.db[L] for g in singles) / n, **NEAR)
        np.testing.assert_allclose(whole.delta[L], np.vstack([g.delta[L] for g in singles]) / n, **NEAR)


@given(problem=problems(masked=False), data=st.data())
def test_order_of_the_samples_does_not_matter(problem, data):
    loss, g = problem.loss(problem.params), problem.gradients()
    order = np.array(data.draw(st.permutations(range(len(problem.x)))))
    problem.x, problem.y, problem.w = problem.x[order], problem.y[order], problem.w[order]
    np.testing.assert_allclose(problem.loss(problem.params), loss, **NEAR)
    for a, b in zip(problem.gradients().dW, g.dW, strict=True):
        np.testing.assert_allclose(a, b, **NEAR)


@given(problem=problems(weighted=True, masked=False))
def test_weight_2_is_the_sample_twice(problem):
    doubled = problem.w.copy()
    doubled[0] *= 2
    problem.w, once = doubled, problem.w
    heavy = problem.loss(problem.params), problem.gradients()
    twice = np.r_[np.arange(len(once)), 0]
    problem.x, problem.y, problem.w = problem.x[twice], problem.y[twice], once[twice]
    np.testing.assert_allclose(problem.loss(problem.params), heavy[0], **NEAR)
    for a, b in zip(problem.gradients().dW, heavy[1].dW, strict=True):
        np.testing.assert_allclose(a, b, **NEAR)


@given(problem=problems(masked=True))
def test_a_dropped_neuron_learns_nothing(problem):
    """Its weights and bias get no gradient, and it gives none to the layer after it."""
    problem.penalty = Penalty()
    problem.masks = problem.masks.map(lambda r: r * (np.arange(r.shape[1]) > 0))
    g = problem.gradients()
    for L in range(1, problem.params.last):
        assert not g.dW[L][0].any()
        assert not g.db[L][0].any()
        assert not g.dW[L + 1][:, 0].any()


@given(problem=problems(masked=False))
def test_masks_of_ones_change_nothing(problem):
    plain = problem.gradients()
    problem.masks = ByLayer(np.ones_like(d) for d in list(plain.delta)[:-1])
    for a, b in zip(problem.gradients().dW, plain.dW, strict=True):
        np.testing.assert_allclose(a, b, **TOLERANCE["float64"])


@settings(max_examples=50)
@given(problem=problems())
@example(problem=Problem([1, 1], [], "quadratic", batch=1))
def test_float32_stays_and_agrees_with_float64(problem):
    def cast(tree):
        return None if tree is None else np.float32(tree)

    loss, g = problem.loss(problem.params), problem.gradients()
    problem.params = problem.params.map(lambda layer: Layer(*map(cast, layer)))
    problem.x, problem.y, problem.w = map(cast, (problem.x, problem.y, problem.w))
    problem.masks = problem.masks and problem.masks.map(cast)
    assume(problem.is_smooth())
    single = problem.gradients()
    assert problem.loss(problem.params).dtype == np.float32
    assert float(problem.loss(problem.params)) == pytest.approx(float(loss), rel=1e-4, abs=1e-4)
    for low, high in zip(single, g, strict=True):
        for a, b in zip(low, high, strict=True):
            assert a.dtype == np.float32
            scale = max(1.0, np.abs(b).max())
            np.testing.assert_allclose(a / scale, b / scale, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("head", HEADS)
def test_saturated_network_is_silent_and_finite(activation, head, dtype):
    problem = Problem([2, 3, 3], [activation], head, seed=5)
    problem.params = problem.params.map(lambda layer: Layer(*(dtype(100 * t) for t in layer)))
    problem.x, problem.w = dtype(100 * problem.x), dtype(problem.w)
    problem.y = dtype(np.eye(3))
    with loud():
        g = problem.gradients()
        assert np.isfinite(problem.loss(problem.params))
    assert all(np.isfinite(t).all() and t.dtype == dtype for part in g for t in part)


def test_shapes_and_numbering():
    problem = Problem([2, 4, 3], ["relu"], "softmax", batch=5)
    cache = equations.forward(NUMPY, problem.net, problem.params, problem.x)
    assert cache.a[0] is problem.x
    assert [z.shape for z in cache.z] == [(5, 4), (5, 3)]
    assert [a.shape for a in cache.a] == [(5, 2), (5, 4), (5, 3)]
    g = problem.gradients()
    assert [d.shape for d in g.delta] == [(5, 4), (5, 3)]
    assert [w.shape for w in g.dW] == [(4, 2), (3, 4)]
    assert [b.shape for b in g.db] == [(4,), (3,)]
    assert (cache.a.first, cache.z.first, g.dW.first) == (0, 1, 1)
