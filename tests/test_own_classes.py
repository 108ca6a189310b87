"""A subclass of `Network` is made, read, converted, copied and pickled as itself."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest
from sklearn.neural_network import MLPClassifier

from chainrule import Network, gradient_check
from chainrule.model.feedforward import FeedForward
from chainrule.model.serialization import load

X = np.random.default_rng(0).normal(size=(30, 3))
Y = np.arange(30) % 2


class Mine(Network):
    """A network of the user's, with a name and a method of its own."""

    name = "mine"

    def surest(self, x):
        """The row with the highest probability."""
        return int(self.predict_proba(x).max(axis=1).argmax())


@pytest.fixture
def mine():
    network = Mine([3, 4, 2], seed=1)
    network.fit(X, Y, epochs=1, progress=False)
    return network


def saved(network, tmp_path):
    network.save(tmp_path / "model.safetensors")
    return Mine.load(tmp_path / "model.safetensors")


WAYS = {
    "saved": saved,
    "copied": lambda network, _: copy.copy(network),
    "deep": lambda network, _: copy.deepcopy(network),
    "pickled": lambda network, _: pickle.loads(pickle.dumps(network)),
    "parameters": lambda network, _: Mine.from_parameters(network.params),
}


@pytest.mark.parametrize("way", WAYS)
def test_comes_back_as_itself(way, mine, tmp_path):
    again = WAYS[way](mine, tmp_path)
    assert type(again) is Mine
    assert again.surest(X) == mine.surest(X)
    assert repr(again) == "Mine(3 → 4 sigmoid → 2 softmax; 26 parameters, float64)"


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_from_sklearn():
    mlp = MLPClassifier((4,), max_iter=2, random_state=0).fit(X, Y)
    network = Mine.from_sklearn(mlp)
    assert type(network) is Mine
    np.testing.assert_allclose(network.predict_proba(X), mlp.predict_proba(X))


def test_the_class_below_is_read_and_checked_too(mine, tmp_path):
    mine.save(tmp_path / "model.safetensors")
    plain = load(FeedForward, tmp_path / "model.safetensors")
    assert type(plain) is FeedForward
    assert plain.loss(X, Y) == mine.loss(X, Y)
    assert gradient_check(plain, X, Y).passed
