"""Every optimiser against a loop written from its paper, in plain floats; purity and fixed points."""

from __future__ import annotations

import copy
import math
import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chainrule.checks import as_one_of
from chainrule.engines.reference import NUMPY
from chainrule.equations.optimizers import (
    OPTIMIZERS,
    Optimizer,
    adam,
    adamw,
    clip_by_value,
    descend,
    momentum,
    nesterov,
    rmsprop,
    sgd,
)
from chainrule.errors import InputError

every_optimizer = pytest.mark.parametrize("name", OPTIMIZERS)
gradients = st.lists(st.floats(-3, 3), min_size=1, max_size=8)


def run(optimizer, theta, gs, rate=0.1):
    """The places visited by one number under these gradients."""
    theta, state, path = np.array([theta]), optimizer.init(NUMPY, np.array([theta])), []
    for g in gs:
        direction, state = optimizer.update(NUMPY, np.array([g]), state)
        theta = descend(theta, direction, rate, optimizer.weight_decay)
        path.append(theta[0])
    return path


def papers_sgd(theta, gs, rate):
    for g in gs:
        theta -= rate * g
        yield theta


def papers_momentum(theta, gs, rate, mu=0.9):
    """Polyak: θ_{t+1} = θ_t − η g + μ (θ_t − θ_{t−1})."""
    before = theta
    for g in gs:
        theta, before = theta - rate * g + mu * (theta - before), theta
        yield theta


def papers_rmsprop(theta, gs, rate, rho=0.9, epsilon=1e-8):
    mean_square = 0.0
    for g in gs:
        mean_square = rho * mean_square + (1 - rho) * g**2
        theta -= rate * g / (math.sqrt(mean_square) + epsilon)
        yield theta


def papers_adam(theta, gs, rate, b1=0.9, b2=0.999, epsilon=1e-8, decay=0.0):
    """Algorithm 1 of Kingma & Ba; with decay, line 12 of algorithm 2 of Loshchilov & Hutter."""
    m = v = 0.0
    for t, g in enumerate(gs, 1):
        m = b1 * m + (1 - b1) * g
        v = b2 * v + (1 - b2) * g**2
        theta -= rate * ((m / (1 - b1**t)) / (math.sqrt(v / (1 - b2**t)) + epsilon) + decay * theta)
        yield theta


@pytest.mark.parametrize(
    ("optimizer", "paper", "options"),
    [
        (sgd(), papers_sgd, {}),
        (momentum(), papers_momentum, {}),
        (momentum(0.5), papers_momentum, {"mu": 0.5}),
        (rmsprop(), papers_rmsprop, {}),
        (rmsprop(0.5, 1e-3), papers_rmsprop, {"rho": 0.5, "epsilon": 1e-3}),
        (adam(), papers_adam, {}),
        (adam(0.5, 0.9, 1e-4), papers_adam, {"b1": 0.5, "b2": 0.9, "epsilon": 1e-4}),
        (adamw(), papers_adam, {"decay": 0.01}),
        (adamw(weight_decay=0.3), papers_adam, {"decay": 0.3}),
    ],
)
@given(theta=st.floats(-2, 2), gs=gradients, rate=st.floats(1e-4, 1))
def test_steps_are_the_papers(optimizer, paper, options, theta, gs, rate):
    assert run(optimizer, theta, gs, rate) == pytest.approx([*paper(theta, gs, rate, **options)], rel=1e-9)


@given(theta=st.floats(-2, 2), mu=st.floats(0, 0.99), rate=st.floats(1e-3, 0.3))
def test_nesterov_is_sutskevers_look_ahead(theta, mu, rate):
    """v ← μ v − η ∇f(θ + μ v), θ ← θ + v. Ours is at φ = θ + μ v, and takes ∇f there."""

    def slope(x):
        return 3 * x + math.cos(x)

    optimizer = nesterov(mu)
    phi, state = np.array([theta]), optimizer.init(NUMPY, np.array([theta]))
    v = 0.0
    for _ in range(6):
        v = mu * v - rate * slope(theta + mu * v)
        theta = theta + v
        direction, state = optimizer.update(NUMPY, np.array([slope(phi[0])]), state)
        phi = descend(phi, direction, rate)
        assert phi[0] == pytest.approx(theta + mu * v, rel=1e-9, abs=1e-12)


@every_optimizer
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_pure_and_of_one_dtype(name, dtype):
    optimizer = OPTIMIZERS[name]()
    theta, g = np.array([[1, -2]], dtype), np.array([[0.5, 0.25]], dtype)
    state = optimizer.init(NUMPY, theta)
    for _ in range(3):
        direction, new = optimizer.update(NUMPY, g, state)
        again, _ = optimizer.update(NUMPY, g, state)
        moved = descend(theta, direction, 0.1, optimizer.weight_decay)
        assert (direction == again).all()
        assert {direction.dtype, moved.dtype} == {np.dtype(dtype)}
        moments = [m for m in (new.first, new.second) if m is not None]
        assert all(m.dtype == dtype and m.shape == theta.shape for m in moments)
        state = new
    assert theta.tolist() == [[1, -2]]
    assert g.tolist() == [[0.5, 0.25]]
    old = [m.copy() for m in (state.first, state.second) if m is not None]
    optimizer.update(NUMPY, g, state)
    assert all((a == b).all() for a, b in zip(old, (state.first, state.second), strict=False))


@every_optimizer
def test_zero_gradient_from_rest_does_not_move(name):
    path = run(OPTIMIZERS[name]()._replace(weight_decay=0.0), 1.5, [0.0] * 4)
    assert path == [1.5] * 4


def test_weight_decay_alone_shrinks():
    assert run(adamw(weight_decay=0.5), 1.0, [0.0] * 2) == pytest.approx([0.95, 0.95**2])


def test_momentum_goes_on_after_the_gradient_ends():
    assert run(momentum(0.5), 0.0, [1.0, 0.0, 0.0]) == pytest.approx([-0.1, -0.15, -0.175])


@given(scale=st.floats(1e-3, 1e3))
def test_adams_first_step_is_the_rate_whatever_the_scale(scale):
    assert run(adam(), 0.0, [scale])[0] == pytest.approx(-0.1, rel=1e-4)


@every_optimizer
def test_finds_the_bottom_of_a_bowl(name):
    optimizer = OPTIMIZERS[name]()._replace(weight_decay=0.0)
    theta = np.array([2.0, -1.0])
    state = optimizer.init(NUMPY, theta)
    for step in range(300):
        direction, state = optimizer.update(NUMPY, theta * [1, 3], state)
        theta = descend(theta, direction, 0.1 * 0.98**step)
    assert np.abs(theta).max() < 0.02


@every_optimizer
def test_by_name_with_the_usual_options(name):
    optimizer = as_one_of("optimizer", name, Optimizer, OPTIMIZERS)
    assert optimizer.name == name
    assert optimizer.learning_rate > 0
    assert as_one_of("optimizer", optimizer, Optimizer, OPTIMIZERS) is optimizer
    assert optimizer.weight_decay == dict(optimizer.options).get("weight_decay", 0)


@pytest.mark.parametrize(
    ("make", "name"),
    [
        (lambda: momentum(1.0), "mu"),
        (lambda: momentum(-0.1), "mu"),
        (lambda: nesterov(float("nan")), "mu"),
        (lambda: rmsprop(1.5), "rho"),
        (lambda: adam(beta_1=1.0), "beta_1"),
        (lambda: adam(beta_2=-1), "beta_2"),
        (lambda: adamw(weight_decay=-0.1), "weight_decay"),
        (lambda: adamw(weight_decay=float("nan")), "weight_decay"),
    ],
)
def test_impossible_options(make, name):
    with pytest.raises(InputError, match=f"^{name} must .*; got "):
        make()


@pytest.mark.parametrize("make", [rmsprop, adam, adamw])
@pytest.mark.parametrize("epsilon", [0.0, -1.0])
def test_epsilon_must_be_above_0(make, epsilon):
    with pytest.raises(InputError, match="epsilon must"):
        make(epsilon=epsilon)


OBJECTS = {
    **{name: make() for name, make in OPTIMIZERS.items()},
    "with options": adam(0.8, 0.95, 1e-6),
    "another rate": momentum(0.5)._replace(learning_rate=0.3),
    "clipped": clip_by_value(adamw(weight_decay=0.1), 0.2),
    "clipped twice": clip_by_value(clip_by_value(rmsprop(), 0.5), 0.2),
}


@pytest.mark.parametrize(
    "through", [lambda o: pickle.loads(pickle.dumps(o)), copy.deepcopy], ids=["pickle", "copy"]
)
@pytest.mark.parametrize("optimizer", OBJECTS.values(), ids=OBJECTS)
def test_pickled_it_takes_the_same_steps(optimizer, through):
    back = through(optimizer)
    assert (back.name, back.options) == (optimizer.name, optimizer.options)
    assert (back.learning_rate, back.weight_decay) == (optimizer.learning_rate, optimizer.weight_decay)
    gs = [1.0, -2.0, 0.5]
    assert run(back, 0.3, gs) == run(optimizer, 0.3, gs)
