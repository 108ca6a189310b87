"""`Network.save` and `Network.load`: the same network to the bit, or a clear refusal."""

from __future__ import annotations

import errno
import os

import numpy as np
import pytest

from chainrule import InputError, ModelFileError, Network, StorageError
from chainrule.equations.activations import ACTIVATIONS, Activation
from chainrule.files.tensors import read_model, write_model

X = np.random.default_rng(0).standard_normal((8, 3))
Y = np.arange(8) % 2


def bits(network):
    return [(theta.dtype, theta.shape, theta.tobytes()) for layer in network.params for theta in layer]


def round_trip(network, path):
    network.save(path)
    return Network.load(path)


def trained_on_data(dtype="float64"):
    from chainrule import Dataset
    from chainrule.datasets import Scaling

    data = Dataset(X, Y, ("no", "yes"), features=("u", "v", "w"), name="Blüten")
    data = data.scaled(Scaling(np.array([0.1, 0.2, 0.3]), np.array([1.0, 2.0, 3.0])))
    network = Network([3, 4, 2], seed=0, dtype=dtype)
    network.fit(data, epochs=2, progress=False, validation=0.25, patience=1, schedule="cosine")
    return network


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("output", ["softmax", "sigmoid", "quadratic"])
def test_round_trip(tmp_path, dtype, output):
    network = Network(
        [3, 5, 4, 2], hidden=["gelu", "relu"], output=output, initializer="he", seed=9, dtype=dtype
    )
    read = round_trip(network, tmp_path / "model")
    assert bits(read) == bits(network)
    assert repr(read) == repr(network)
    assert (read.seed, read.initializer, read.dtype) == (9, "he", network.dtype)
    assert (read.data, read.training) == (None, [])
    assert read.predict_proba(X).tobytes() == network.predict_proba(X).tobytes()


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_every_activation(tmp_path, name):
    assert round_trip(Network([3, 2, 2], hidden=name), tmp_path / "m").hidden[1] is ACTIVATIONS[name]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_round_trip_of_names_scaling_and_record(tmp_path, dtype):
    network = trained_on_data(dtype)
    read = round_trip(network, tmp_path / "model")
    assert bits(read) == bits(network)
    assert read.training == network.training
    assert read.classes == ("no", "yes")
    for field in ("name", "classes", "features", "shape"):
        assert getattr(read.data, field) == getattr(network.data, field)
    for field in ("shift", "scale"):
        a, b = (np.asarray(getattr(n.data.scaling, field)) for n in (read, network))
        assert (a.dtype, a.tobytes()) == (b.dtype, b.tobytes())
    assert round_trip(read, tmp_path / "again").training == network.training


def test_training_goes_on_after_loading(tmp_path):
    here = Network([3, 4, 2], seed=0)
    here.fit(X, Y, epochs=2, progress=False)
    there = round_trip(here, tmp_path / "model")
    for network in (here, there):
        network.fit(X, Y, epochs=2, progress=False)
    assert bits(here) == bits(there)


@pytest.mark.parametrize(
    "order", [np.asfortranarray, lambda W: np.repeat(W, 2, axis=1)[:, ::2], lambda W: W.T]
)
def test_weights_from_any_memory_order(tmp_path, order):
    W = order(np.arange(9.0).reshape(3, 3))
    network = Network.from_parameters([(W, np.zeros(3))])
    assert round_trip(network, tmp_path / "m").W[1].tolist() == W.tolist()
    network.params = network.params.map(lambda layer: layer._replace(W=W))
    assert round_trip(network, tmp_path / "m").W[1].tolist() == W.tolist()


def test_numbers_at_the_edge(tmp_path):
    W = np.array([[1.7e308, -1.7e308, -0.0], [5e-324, -5e-324, 0.0]])
    network = Network([3, 2])
    network.W[1][...] = W
    assert bits(round_trip(network, tmp_path / "m")) == bits(network)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_numbers_that_are_none_are_neither_written_nor_read(tmp_path, monkeypatch, value):
    network = Network([3, 2], seed=0)
    network.W[1][1, 2] = value
    with pytest.raises(InputError, match=rf"W1 must be finite; W1\[1, 2\] is {value}.*learning rate"):
        network.save(tmp_path / "m")
    assert not (tmp_path / "m").exists()
    monkeypatch.setattr("chainrule.model.serialization._check_finite", lambda *_: None)
    network.save(tmp_path / "m")
    monkeypatch.undo()
    with pytest.raises(ModelFileError, match=r"W1 must be finite; W1\[1, 2\] is"):
        Network.load(tmp_path / "m")


def test_own_activations_are_refused(tmp_path):
    cube = Activation("cube", lambda xp, z: z**3, lambda xp, z, a: 3 * z**2)
    for hidden in (cube, cube._replace(name="relu")):
        with pytest.raises(InputError, match=r"built-in activations.*no code is stored"):
            Network([3, 2, 2], hidden=hidden).save(tmp_path / "m")
    assert not (tmp_path / "m").exists()


@pytest.mark.parametrize("call", ["fsync", "replace"])
@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EACCES])
def test_a_failed_save_leaves_the_old_model(tmp_path, monkeypatch, call, code):
    old, new = Network([3, 2], seed=0), Network([3, 2], seed=1)
    path = tmp_path / "model"
    old.save(path)

    def fail(*args, **kwargs):
        raise OSError(code, os.strerror(code))

    with monkeypatch.context() as broken:
        broken.setattr(os, call, fail)
        with pytest.raises(StorageError, match="must be writable"):
            new.save(path)
    assert bits(Network.load(path)) == bits(old)
    assert os.listdir(tmp_path) == ["model"]


def test_a_path_through_a_file(tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(StorageError, match="must be writable"):
        Network([3, 2]).save(tmp_path / "file" / "model")


def test_damaged_files_are_refused(tmp_path):
    """Truncations and flipped bits of a whole model: refused, or the identical network."""
    path = tmp_path / "model"
    network = trained_on_data()
    network.save(path)
    content = path.read_bytes()
    for length in np.linspace(0, len(content) - 1, 30).astype(int):
        path.write_bytes(content[:length])
        with pytest.raises(ModelFileError):
            Network.load(path)
    for position in np.random.default_rng(1).choice(8 * len(content), 120, replace=False):
        damaged = bytearray(content)
        damaged[position // 8] ^= 1 << position % 8
        path.write_bytes(damaged)
        try:
            read = Network.load(path)
        except ModelFileError:
            continue
        assert bits(read) == bits(network)
        assert read.training == network.training


def changed(path, tensors=None, drop=(), **about):
    """A file with a right checksum whose description does not fit."""
    old_tensors, old_about = read_model(path)
    description = {k: v for k, v in {**old_about, **about}.items() if k not in drop}
    kept = {k: v for k, v in {**old_tensors, **(tensors or {})}.items() if k not in drop}
    write_model(path, kept, description)


@pytest.mark.parametrize(
    "change",
    [
        {"drop": ["layers"]},
        {"drop": ["training"]},
        {"drop": ["W1"]},
        {"drop": ["b2"]},
        {"drop": ["scaling.shift"]},
        {"layers": 5},
        {"layers": [3, 4, 4, 2]},
        {"layers": []},
        {"hidden": ["rleu"]},
        {"hidden": ["relu", "relu"]},
        {"output": "softmin"},
        {"initializer": "?"},
        {"dtype": "int8"},
        {"seed": -1},
        {"data": {}},
        {"data": None},
        {"tensors": {"W1": np.zeros(3)}},
        {"tensors": {"W1": np.zeros((5, 3))}},
        {"tensors": {"b1": np.zeros(9)}},
    ],
    ids=str,
)
def test_descriptions_that_do_not_fit(tmp_path, change):
    path = tmp_path / "model"
    trained_on_data().save(path)
    changed(path, **change)
    with pytest.raises(ModelFileError, match=r"must describe a network.*does not fit"):
        Network.load(path)


@pytest.mark.parametrize(
    "change",
    [
        {"layers": [3, 7, 2]},
        {"layers": "abc"},
        {"dtype": "float32"},
        {"training": 5},
        {"training": [{}]},
        {"tensors": {"W9": np.zeros((2, 2))}},
        {"classes": ["a"]},
        {"classes": "no"},
        {"shape": []},
    ],
    ids=str,
)
def test_descriptions_that_contradict_the_tensors(tmp_path, change):
    path = tmp_path / "model"
    trained_on_data().save(path)
    if not {"classes", "shape"}.isdisjoint(change):
        change = {"data": {**read_model(path)[1]["data"], **change}}
    changed(path, **change)
    with pytest.raises(ModelFileError):
        Network.load(path)
