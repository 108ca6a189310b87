"""``chainrule predict`` writes what `Network.predict_proba` says."""

from __future__ import annotations

import csv
import io

import numpy as np
import pytest

from chainrule import Network, datasets
from tests.cli.commandline import chainrule


def table(text):
    header, *rows = csv.reader(io.StringIO(text))
    return header, [row[0] for row in rows], np.array([row[1:] for row in rows], float)


def probabilities(run, path):
    network = Network.load(run / "model.safetensors")
    X = datasets.read_features(path, n_features=3, features=network.data.features)
    return network.predict_proba(network.data.scaling(X, network.dtype))


def test_a_table_to_standard_output(kinds, data, tmp_path):
    done = chainrule("predict", kinds, data / "kinds.csv", cwd=tmp_path)
    assert (done.code, done.err) == (0, "")
    header, said, p = table(done.out)
    assert header == ["class", "p(ant)", "p(bee)", "p(cat)"]
    np.testing.assert_allclose(p, probabilities(kinds, data / "kinds.csv"), rtol=1e-5)
    np.testing.assert_allclose(p.sum(axis=1), 1, atol=1e-5)
    assert said == [("ant", "bee", "cat")[k] for k in p.argmax(axis=1)]
    assert not any(tmp_path.iterdir())


@pytest.mark.parametrize("place", ["said.csv", "new/said.csv"])
def test_to_a_file(here, kinds, data, tmp_path, place):
    on_screen = here("predict", kinds, data / "kinds.csv").out
    done = here("predict", kinds / "model.safetensors", data / "kinds.csv", "-o", place)
    assert (done.code, done.out) == (0, "")
    assert done.err == f"90 predictions written to {place}\n"
    assert (tmp_path / place).read_text() == on_screen


def test_columns_are_found_by_name(here, kinds, data):
    straight, turned = (here("predict", kinds, data / name) for name in ("kinds.csv", "turned.csv"))
    assert turned.code == 0, turned.err
    assert turned.out == straight.out


def test_without_a_header(here, kinds, data):
    assert here("predict", kinds, data / "bare.csv").out == here("predict", kinds, data / "kinds.csv").out


@pytest.mark.usefixtures("no_figures")
def test_a_model_without_names(here, data, tmp_path):
    here("train", data / "plain.csv", "--run", "run")
    done = here("predict", "run", data / "bare.csv")
    header, _, p = table(done.out)
    assert header == ["class", "p(0)", "p(1)", "p(2)"]
    np.testing.assert_allclose(p, probabilities(tmp_path / "run", data / "bare.csv"), rtol=1e-5)


def test_an_archive(here, kinds, data):
    _, said, p = table(here("predict", kinds, data / "kinds.npz").out)
    np.testing.assert_allclose(p, probabilities(kinds, data / "kinds.npz"), rtol=1e-5)
    assert len(said) == 90


def test_several_labels(here, pets, data):
    header, said, p = table(here("predict", pets, data / "pets.csv").out)
    assert header == ["labels", "p(cat)", "p(dog)"]
    np.testing.assert_allclose(p, probabilities(pets, data / "pets.csv"), rtol=1e-5)
    for labels, (cat, dog) in zip(said, p, strict=True):
        assert labels == " ".join(name for name, on in (("cat", cat > 0.5), ("dog", dog > 0.5)) if on)


@pytest.mark.usefixtures("no_figures")
def test_pictures_need_no_labels(here, data, tmp_path):
    here("train", data / "toy-images-idx3-ubyte", "--run", "run")
    (tmp_path / "new-images-idx3-ubyte").write_bytes((data / "toy-images-idx3-ubyte").read_bytes())
    _, said, p = table(here("predict", "run", "new-images-idx3-ubyte").out)
    assert p.shape == (90, 3)
    assert said[:3] == ["0", "1", "2"]
