"""Pickles of networks name no class that a later version may have moved or changed."""

from __future__ import annotations

import copy
import pickle
import pickletools

import numpy as np
import pytest

import chainrule
from chainrule import Activation, Dataset, Head, Network
from chainrule.datasets import Scaling
from chainrule.errors import ModelFileError
from chainrule.model.pickling import FORMAT
from tests.model.test_model_files import FOLDER, TOLERANCE, networks

X = np.random.default_rng(0).normal(size=(20, 4))


PICKLES = sorted(FOLDER.glob("*/*.pickle"))


@pytest.mark.parametrize("path", PICKLES, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_pickles_of_every_version_are_read(path):
    with np.load(path.parent / "outputs.npz") as known:
        inputs, expected = known["X"], known[path.stem]
    network = pickle.loads(path.read_bytes())
    assert np.abs(network.predict_proba(inputs) - expected).max() <= TOLERANCE[network.dtype.name]


def test_the_running_version_has_its_pickles():
    assert {path.stem for path in PICKLES if path.parent.name == chainrule.__version__} == set(networks())


def trained():
    network = Network([4, 5, 3], hidden="gelu", seed=0, dtype="float32")
    data = Dataset(
        X, np.arange(20) % 3, ("α", "b", "c"), features=tuple("uvwx"), name="flowers", shape=(2, 2)
    )
    scaling = Scaling(np.array([0.5, 0, -1, 3]), np.array([1.0, 2, 0.25, 8]))
    network.fit(data.scaled(scaling), epochs=1, progress=False)
    network.nickname = "own"
    return network


def names_in(content):
    """Everything that unpickling looks up by its name."""
    texts, found = [], set()
    for operation, argument, _ in pickletools.genops(content):
        texts += [argument] if isinstance(argument, str) else []
        if operation.name == "STACK_GLOBAL":
            found.add(".".join(texts[-2:]))
    return found


def test_nothing_of_ours_is_named_but_the_class():
    content = pickle.dumps(trained())
    assert b"chainrule.network" in content
    assert content.count(b"chainrule") == 1
    assert {name for name in names_in(content) if not name.startswith(("numpy", "_", "dtype"))} == {
        "chainrule.network.Network"
    }


@pytest.mark.parametrize(
    "way", [copy.copy, copy.deepcopy, lambda network: pickle.loads(pickle.dumps(network))]
)
def test_everything_comes_back(way):
    network = trained()
    again = way(network)
    before, after = dict(network.__dict__), dict(again.__dict__)
    for attributes in (before, after):
        attributes.pop("_prepared", None)
        data = attributes.pop("data")
        attributes["scaling"] = [
            np.asarray(side).tolist() for side in (data.scaling.shift, data.scaling.scale)
        ]
        attributes["hidden"] = [*attributes["hidden"]]
        attributes["named"] = data._replace(scaling=None)
        attributes["params"] = [(W.tolist(), b.tolist()) for W, b in attributes["params"]]
    assert after == before
    assert again.hidden[1] is network.hidden[1]
    assert again.predict_proba(X).tobytes() == network.predict_proba(X).tobytes()


def test_own_activations_and_heads():
    swish = Activation.from_formula("z*sigmoid(z)", name="swish")
    focal = Head.from_formulas("softmax", "-y*(1-a)**2*log(a)", name="focal")
    network = Network([4, 3, 3], seed=6, hidden=[swish], output=focal)
    again = pickle.loads(pickle.dumps(network))
    np.testing.assert_array_equal(again.predict_proba(X), network.predict_proba(X))
    assert again.head.formulas == focal.formulas


def test_a_format_of_the_future_is_refused():
    state = {**Network([4, 3], seed=0).__getstate__(), "pickle": FORMAT + 1}
    with pytest.raises(ModelFileError, match="Upgrade chainrule to read it"):
        Network.__new__(Network).__setstate__(state)


def test_a_pickle_without_a_format_is_taken_as_it_is():
    network = Network([4, 3], seed=0)
    again = Network.__new__(Network)
    again.__setstate__(dict(network.__dict__))
    np.testing.assert_array_equal(again.predict_proba(X), network.predict_proba(X))
