"""``chainrule train`` with weights of classes, of samples (a column) and of labels."""

from __future__ import annotations

import json

import numpy as np
import pytest

from chainrule import Network


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    """``weighted.csv``: two numbers, a weight, a word with gaps, and the class."""
    path = tmp_path_factory.mktemp("weights") / "weighted.csv"
    rng = np.random.default_rng(0)
    lines = ["u,v,times,colour,kind"]
    for u, v in rng.normal(size=(60, 2)):
        lines.append(
            f"{u:.3f},{v:.3f},{rng.integers(1, 5)},{rng.choice(['red', '', 'blue'])},"
            f"{'no' if u < 1 else 'yes'}"
        )
    path.write_text("\n".join(lines) + "\n")
    return path


def parameters(folder):
    return Network.load(folder / "model.safetensors").W[1]


@pytest.mark.usefixtures("no_figures")
def test_weights_of_classes_and_samples(here, table, tmp_path):
    usual = ("train", table, "--epochs", 1, "--sample-weight", "times")
    for name, more in {
        "one": (),
        "two": ("--class-weight", "no=1,yes=5"),
        "three": ("--class-weight", "balanced"),
    }.items():
        done = here(*usual, "--run", name, *more)
        assert done.code == 0, done.err
        assert "48 samples, 5 features, 2 classes" in done.out  # u, v, and three of the colour
        assert "times" not in Network.load(tmp_path / name / "model.safetensors").data.features
    W = [parameters(tmp_path / name) for name in ("one", "two", "three")]
    assert len({w.tobytes() for w in W}) == 3
    assert json.loads((tmp_path / "two" / "run.json").read_text())["options"]["class_weight"] == "no=1,yes=5"
    assert here("predict", "two", table).out.startswith("class,p(no),p(yes)\n")


@pytest.mark.usefixtures("no_figures")
def test_weights_of_labels(here, data, tmp_path):
    usual = ("train", data / "pets.csv", "--target", "cat,dog", "--epochs", 1, "--engine", "reference")
    done = here(*usual, "--pos-weight", "2,0.5", "--run", "run")
    assert done.code == 0, done.err
    head = Network.load(tmp_path / "run" / "model.safetensors").head
    assert head.pos_weight.tolist() == [2, 0.5]


WRONG = {
    "a class that is not there": (
        ("--class-weight", "no=1,ye=5"),
        "must name classes of y, ['no', 'yes']; got ['ye']",
    ),
    "no number": (("--class-weight", "no=much"), "--class-weight must have a number here; got 'much'"),
    "nan": (("--class-weight", "no=nan"), "got nan for class 'no'"),
    "no such column": (("--sample-weight", "time"), "got 'time'. Did you mean 'times'?"),
    "the label": (("--sample-weight", "kind"), "stands last, name the label column with --target"),
    "words": (("--sample-weight", "colour"), "'colour' holds words"),
    "negative": (("--sample-weight", "u"), "weights must be numbers of 0 or more; got"),
    "one class a sample": (("--pos-weight", "2"), "Use class_weight instead"),
    "no number of a label": (("--pos-weight", "2;3"), "--pos-weight must have a number here; got '2;3'"),
}


@pytest.mark.parametrize(("options", "message"), WRONG.values(), ids=WRONG)
def test_weights_that_cannot_be_right(here, table, tmp_path, options, message):
    done = here("train", table, "--run", "run", *options)
    assert (done.code, message in done.err) == (1, True), done.err
    assert not (tmp_path / "run").exists()


def test_a_known_set_has_no_column_of_weights(here):
    done = here("train", "digits", "--sample-weight", "w", "--run", "run")
    assert (done.code, "--sample-weight must be left out for digits" in done.err) == (1, True)
