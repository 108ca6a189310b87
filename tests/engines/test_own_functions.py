"""Functions of people's own: compiled, or refused and run by the reference; never silently something else."""

from __future__ import annotations

import copy
import pickle
import threading

import numpy as np
import pytest

from chainrule import Network
from chainrule.engines.llvm.engine import LlvmEngine
from chainrule.engines.reference import first_moments
from chainrule.equations.activations import Activation
from chainrule.equations.optimizers import Moments, Optimizer
from chainrule.errors import EngineWarning, InputError
from chainrule.types import ByLayer, Layer
from tests.engines.claims import examples, parameters, task

SCALE = 1.0
X = np.random.default_rng(0).normal(size=(40, 3))
Y = np.arange(40) % 2


def scaled(xp, z):
    return SCALE * xp.tanh(z)


def d_scaled(xp, z, a):
    return SCALE * (1 - xp.tanh(z) ** 2)


def optimizer(update):
    return Optimizer("own", lambda xp, theta: Moments(0), update, learning_rate=0.1)


def doubled_at_first(xp, g, state):
    return (2 * g if state.t == 0 else g), Moments(state.t + 1)


REFUSED = {
    "the number of the step": doubled_at_first,
    "if the number of the step": lambda xp, g, state: (g if state.t else 2 * g, Moments(state.t + 1)),
    "a maximum by NumPy": lambda xp, g, state: (g / (1 + np.max(np.abs(g))), state),
    "a norm": lambda xp, g, state: (g / (1 + np.linalg.norm(g)), state),
    "a mean by NumPy": lambda xp, g, state: (g - np.mean(g), state),
    "a sum over a whole array": lambda xp, g, state: (g / (1 + xp.sum(g * g)), state),
    "a mask as a number": lambda xp, g, state: (g * (g != 0), state),
}


@pytest.mark.parametrize("update", REFUSED.values(), ids=REFUSED)
def test_what_vectors_cannot_do_runs_on_the_reference(update):
    own = optimizer(update)
    fast, slow = (Network([3, 4, 2], seed=0, engine=engine) for engine in ("auto", "reference"))
    with pytest.warns(EngineWarning, match="slower reference engine"):
        fast.fit(X, Y, epochs=2, optimizer=own)
    slow.fit(X, Y, epochs=2, optimizer=own)
    np.testing.assert_array_equal(fast.W[1], slow.W[1])
    with pytest.raises(InputError, match="engine='llvm' cannot run"):
        Network([3, 4, 2], seed=0, engine="llvm").fit(X, Y, epochs=1, optimizer=own)


def test_equal_and_unequal_are_compiled():
    def phi(xp, z):
        return xp.where(z == 0, 5, xp.where(z != 1, z, -3))

    activation = Activation("own", phi, lambda xp, z, a: xp.ones_like(z))
    outputs = []
    for engine in ("llvm", "reference"):
        network = Network([2, 2, 2], hidden=activation, seed=0, engine=engine)
        network.W[1], network.b[1] = np.eye(2), np.zeros(2)
        outputs.append(network.predict_proba([[0.0, 1.0], [0.5, 0.0], [1.0, 1.0]]))
    np.testing.assert_allclose(*outputs, rtol=1e-12)


def test_a_changed_constant_makes_new_code(monkeypatch):
    for value in (1.0, 2.0):
        monkeypatch.setitem(globals(), "SCALE", value)
        pair = [
            Network([3, 4, 2], hidden=Activation("own", scaled, d_scaled), seed=0, engine=engine)
            for engine in ("llvm", "reference")
        ]
        for network in pair:
            network.fit(X, Y, epochs=2)
        np.testing.assert_allclose(pair[0].predict_proba(X), pair[1].predict_proba(X), rtol=1e-10)


def test_copies_predict_after_the_original_has():
    network = Network([3, 4, 2], seed=0, engine="llvm")
    outputs = network.predict_proba(X[:2])
    for clone in (copy.deepcopy(network), pickle.loads(pickle.dumps(network))):
        np.testing.assert_array_equal(clone.predict_proba(X[:2]), outputs)


@pytest.mark.parametrize("kind", ["strided", "another dtype"])
def test_parameters_that_do_not_lie_in_a_row_predict_the_same(kind):
    network = Network([3, 4, 2], seed=0, engine="llvm")
    outputs = network.predict_proba(X[:2])
    if kind == "strided":
        network.params = ByLayer(Layer(layer.W, np.repeat(layer.b, 2)[::2]) for layer in network.params)
    else:
        first, last = network.params
        network.params = ByLayer([first, Layer(last.W.astype(np.float32), last.b)])
    np.testing.assert_allclose(network.predict_proba(X[:2]), outputs, rtol=1e-6)


def test_parameters_changed_in_place_are_seen():
    network = Network([3, 4, 2], seed=0, engine="llvm")
    network.predict_proba(X[:2])
    network.W[1][0, 0] = 5
    reference = copy.deepcopy(network)
    reference.engine = "reference"
    for rows in (X[:2], X):
        np.testing.assert_allclose(network.predict_proba(rows), reference.predict_proba(rows), rtol=1e-12)


def test_an_interrupt_before_the_first_thread_sets_off_leaves_no_thread_waiting(monkeypatch):
    what, params, data = task([9, 33, 3]), parameters([9, 33, 3]), examples([9, 33, 3], 30)
    trainer = LlvmEngine(3).trainer(what, params, first_moments(what.optimizer, params), data)
    real = trainer._program.train

    def interrupted(address, thread):
        if thread == 0:
            raise KeyboardInterrupt
        real(address, thread)

    trainer._program = trainer._program._replace(train=interrupted)
    before = threading.active_count()
    with pytest.raises(KeyboardInterrupt):
        trainer.take(np.arange(30), 0, np.full(3, 0.1), None)
    assert threading.active_count() == before
