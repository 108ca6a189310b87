"""``chainrule check`` prints what `gradient_check` finds."""

from __future__ import annotations

import pytest

from chainrule import Network
from tests.cli.commandline import chainrule


def rows(text):
    """{tensor: the words of its line}."""
    lines = [line.split() for line in text.splitlines() if line.startswith(("dW[", "db["))]
    return {" ".join(words[:2] if words[1] == "penalty" else words[:1]): words for words in lines}


@pytest.mark.parametrize("file", ["", "model.safetensors"])
def test_a_trained_model(kinds, data, tmp_path, file):
    done = chainrule("check", kinds / file, data / "kinds.csv", cwd=tmp_path)
    assert done.code == 0, done.err
    found = rows(done.out)
    assert list(found) == ["dW[1]", "db[1]", "dW[2]", "db[2]"]
    assert all(words[-1] == "right" for words in found.values())
    assert done.out.splitlines()[-1].startswith("Right: the largest relative error is ")
    assert "float32 network was checked in float64" in done.out
    assert "on 20 samples" in done.out
    assert not any(tmp_path.iterdir())


@pytest.mark.usefixtures("no_figures")
def test_a_known_set_and_the_options(here):
    assert here("train", "--epochs", 1, "--run", "run").code == 0
    options = ["--samples", 7, "--entries", 5, "--seed", 3, "--l1", 0.01, "--l2", 0.1]
    done = here("check", "run", *options)
    assert (done.code, done.err) == (0, "")
    found = rows(done.out)
    assert found["dW[1]"][1:3] == ["5", "1,920"]
    assert found["dW[2] penalty"][-1] == "right"
    assert "on 7 samples" in done.out
    assert here("check", "run", *options).out == done.out
    assert here("check", "run", "digits", *options).out == done.out


def test_several_labels(pets, data, here):
    done = here("check", pets, data / "pets.csv")
    assert done.code == 0, done.err
    assert "Right" in done.out


def test_a_wrong_gradient_is_exit_code_1(kinds, data, here, monkeypatch):
    right = Network.gradients

    def twice(self, *args, **options):
        gradients = right(self, *args, **options)
        return gradients._replace(db=gradients.db.map(lambda g: 2 * g))

    monkeypatch.setattr(Network, "gradients", twice)
    done = here("check", kinds, data / "kinds.csv")
    assert done.code == 1
    assert "Wrong: db[" in done.out
    assert "twice what it should be" in done.out
    assert rows(done.out)["db[1]"][-1] == "wrong"
    assert rows(done.out)["dW[1]"][-1] == "right"


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--samples", 0], "samples must be a whole number of 1 or more; got 0"),
        (["--entries", 0], "entries must be a whole number of 1 or more; got 0"),
        (["--seed", -1], "seed must be"),
        (["--l2", -1], "l2 must be at least 0"),
    ],
)
def test_bad_options(kinds, data, here, options, said):
    done = here("check", kinds, data / "kinds.csv", *options)
    assert done.code == 1
    assert done.err.startswith("Error: ")
    assert said in done.err


def test_data_must_be_named(kinds, here):
    done = here("check", kinds)
    assert done.code == 1
    assert "chainrule check MODEL DATA" in done.err
