"""What ``chainrule train`` trains, and what each option does to it."""

from __future__ import annotations

import json
import re

import numpy as np
import pytest

from chainrule import InputError, Network
from chainrule.cli.options import complete_layers
from chainrule.cli.train import train
from tests.cli.commandline import FILES, chainrule


def about(folder):
    return json.loads((folder / "run.json").read_text(encoding="utf-8"))


def model(folder):
    return Network.load(folder / "model.safetensors")


def same_bits(one, other):
    return all(
        np.array_equal(a, b)
        for mine, its in zip(one.params, other.params, strict=True)
        for a, b in zip(mine, its, strict=True)
    )


def test_no_arguments_learn_digits(plain_train):
    done, folder = plain_train
    assert (done.code, done.err) == (0, "")
    accuracy = re.search(r"test accuracy ([\d.]+) %", done.out)
    assert float(accuracy[1]) > 93
    (run,) = (folder / "runs").iterdir()
    assert {path.name for path in run.iterdir()} == FILES
    assert f"run folder: runs/{run.name}" in done.out.replace("\\", "/")
    assert re.fullmatch(r"digits-\d{8}-\d{6}", run.name)


def test_the_same_command_gives_the_same_bits(plain_train, tmp_path):
    _, folder = plain_train
    (run,) = (folder / "runs").iterdir()
    assert chainrule("train", "--run", "again", cwd=tmp_path).code == 0
    assert same_bits(model(run), model(tmp_path / "again"))
    assert about(run)["data"] == about(tmp_path / "again")["data"]
    assert about(run)["test"] == about(tmp_path / "again")["test"]


def test_two_digits_are_multi_label(here, tmp_path):
    done = here("train", "two-digits", "--epochs", 1, "--run", "run")
    assert done.code == 0
    assert "several to a sample" in done.out
    assert "subset accuracy" in done.out
    assert about(tmp_path / "run")["options"]["output"] == "sigmoid"
    assert {path.name for path in (tmp_path / "run").iterdir()} == FILES


def test_table_with_names(kinds):
    network = model(kinds)
    assert network.layers == (3, 30, 3)
    assert network.classes == ("ant", "bee", "cat")
    assert network.data.features == ("u", "v", "w")
    assert about(kinds)["test"]["accuracy"] > 0.9


def test_table_with_several_labels(pets):
    network = model(pets)
    assert network.head.name == "sigmoid"
    assert network.classes == ("cat", "dog")
    assert network.data.target == "cat,dog"


@pytest.mark.usefixtures("no_figures")
@pytest.mark.parametrize(
    ("name", "layers"),
    [("kinds.npz", (3, 30, 3)), ("toy-images-idx3-ubyte", (16, 30, 3)), ("pets.npz", (3, 30, 2))],
)
def test_other_files(here, data, tmp_path, name, layers):
    done = here("train", data / name, "--run", "run")
    assert done.code == 0, done.err
    assert model(tmp_path / "run").layers == layers
    assert about(tmp_path / "run")["test"]["accuracy"] > 0.8


@pytest.mark.parametrize("output", ["sigmoid", "quadratic"])
def test_other_heads_on_single_labels(here, data, tmp_path, output):
    done = here("train", data / "kinds.csv", "--output", output, "--run", "run")
    assert done.code == 0, done.err
    assert {path.name for path in (tmp_path / "run").iterdir()} == FILES
    assert model(tmp_path / "run").head.name == output


OPTIONS = {
    # option: (arguments, its value in run.json, what it does to the model)
    "layers": (("5-4",), [3, 5, 4, 3], lambda net: net.layers == (3, 5, 4, 3)),
    "hidden": (("tanh",), "tanh", lambda net: [phi.name for phi in net.hidden] == ["tanh"]),
    "output": (("sigmoid",), "sigmoid", lambda net: net.head.name == "sigmoid"),
    "loss": (("(a-y)**2",), "(a-y)**2", lambda net: net.head.formulas == ("softmax", "(a-y)**2")),
    "initializer": (("he",), "he", lambda net: net.initializer == "he"),
    "optimizer": (("adamw",), "adamw", lambda net: net.training[0]["optimizer"]["weight_decay"] == 0.01),
    "learning_rate": (("0.25",), 0.25, lambda net: net.training[0]["learning_rate"] == 0.25),
    "schedule": (("cosine",), "cosine", lambda net: net.training[0]["schedule"]["name"] == "cosine"),
    "warm_up": (("1.5",), 1.5, lambda net: net.training[0]["schedule"]["warm_up"] == 1.5),
    "batch_size": (("7",), 7, lambda net: net.training[0]["batch_size"] == 7),
    "epochs": (("2",), 2, lambda net: net.training[0]["epochs_done"] == 2),
    "l1": (("0.01",), 0.01, lambda net: net.training[0]["l1"] == 0.01),
    "l2": (("0.01",), 0.01, lambda net: net.training[0]["l2"] == 0.01),
    "dropout": (("0.3",), 0.3, lambda net: net.training[0]["dropout"] == 0.3),
    "label_smoothing": (("0.1",), 0.1, lambda net: net.training[0]["label_smoothing"] == 0.1),
    "clip_norm": (("0.01",), 0.01, lambda net: net.training[0]["clip_norm"] == 0.01),
    "clip_value": (("0.001",), 0.001, lambda net: net.training[0]["optimizer"]["clip_value"] == 0.001),
    "validation": (("0.25",), 0.25, lambda net: net.training[0]["samples"] == 54),
    "patience": (("2",), 2, lambda net: net.training[0]["patience"] == 2),
    "seed": (("7",), 7, lambda net: net.seed == 7),
    "dtype": (("float64",), "float64", lambda net: net.W[1].dtype == np.float64),
    "target": (("kind",), "kind", lambda net: net.data.target == "kind"),
    "categorical": (("w",), "w", lambda net: net.data.preprocessing.categorical == ("w",)),
    "drop": (("w",), "w", lambda net: net.data.features == ("u", "v")),
    "class_weight": (("ant=3",), "ant=3", lambda net: net.head.name == "softmax"),
    "test_fraction": (("0.5",), 0.5, lambda net: net.training[0]["samples"] == 41),
}


@pytest.fixture(scope="module")
def usual(data, tmp_path_factory):
    folder = tmp_path_factory.mktemp("usual")
    assert chainrule("train", data / "kinds.csv", "--epochs", 3, "--run", "run", cwd=folder).code == 0
    return model(folder / "run")


@pytest.mark.usefixtures("no_figures")
@pytest.mark.filterwarnings("ignore:.*clip_norm:chainrule.errors.EngineWarning")
@pytest.mark.parametrize("option", OPTIONS)
def test_every_option(here, data, tmp_path, usual, option):
    values, recorded, holds = OPTIONS[option]
    epochs = () if option == "epochs" else ("--epochs", 3)
    done = here(
        "train", data / "kinds.csv", *epochs, f"--{option.replace('_', '-')}", *values, "--run", "run"
    )
    assert done.code == 0, done.err
    assert about(tmp_path / "run")["options"][option] == recorded
    network = model(tmp_path / "run")
    assert holds(network)
    if option not in ("patience", "target"):
        assert network.layers != usual.layers or not same_bits(network, usual)


def test_no_option_is_forgotten(kinds):
    named = {param.name for param in train.params if param.param_type_name == "option"}
    # Engines change no more than the last bits: test_engine_options.py; streams: test_stream.py; when a
    # checkpoint is written changes nothing at all: test_resume.py; other weights: test_weights.py; how
    # a table writes numbers: test_written_numbers.py.
    elsewhere = {"engine", "threads", "stream", "checkpoint_seconds", "sample_weight", "pos_weight"}
    elsewhere |= {"decimal", "thousands", "missing"}
    assert named == {*OPTIONS, *elsewhere, "folder", "resume", "progress"}
    assert set(about(kinds)["options"]) == {*OPTIONS, *elsewhere}


@pytest.mark.usefixtures("no_figures")
def test_options_that_were_not_given_are_recorded_too(here, data, tmp_path):
    here("train", data / "kinds.csv", "--optimizer", "adam", "--epochs", 1, "--run", "run")
    options = about(tmp_path / "run")["options"]
    assert options["learning_rate"] == 0.001
    assert (options["output"], options["layers"]) == ("softmax", [3, 30, 3])


@pytest.mark.usefixtures("no_figures")
@pytest.mark.parametrize(
    ("given", "layers"),
    [
        ("30", (3, 30, 3)),
        ("3-8-3", (3, 8, 3)),
        ("3-3", (3, 3)),
        ("8-9", (3, 8, 9, 3)),
        ("3", (3, 3, 3)),  # one width is a hidden layer, also where it is the number of features
        ("3-3-3", (3, 3, 3)),
    ],
)
def test_layers_are_completed(here, data, tmp_path, given, layers):
    assert here("train", data / "kinds.csv", "--layers", given, "--epochs", 1, "--run", "run").code == 0
    assert model(tmp_path / "run").layers == layers


@pytest.mark.parametrize("features", [29, 30, 31])
def test_the_default_layers_fit_every_table(features):
    """30 hidden neurons, also where there are 30 features or classes."""
    for classes in (2, 30):
        assert complete_layers((30,), features, classes, "t.csv") == [features, 30, classes]


def test_an_end_that_does_not_fit_is_told_both_ways_out():
    with pytest.raises(InputError, match=r"got 20 in 30-20\. Write 30-20-2, or 30-30-20-2 if all of these"):
        complete_layers((30, 20), 30, 2, "t.csv")
    with pytest.raises(InputError, match=r"got 20 in 20-2\. Write 30-20-2, or 30-20-2-2 if all of these"):
        complete_layers((20, 2), 30, 2, "t.csv")


@pytest.mark.usefixtures("no_figures")
@pytest.mark.parametrize("given", ["tanh,relu", "tanh, relu"])
def test_an_activation_for_each_layer(here, data, tmp_path, given):
    done = here(
        "train", data / "kinds.csv", "--layers", "5-4", "--hidden", given, "--epochs", 1, "--run", "run"
    )
    assert done.code == 0, done.err
    assert [phi.name for phi in model(tmp_path / "run").hidden] == ["tanh", "relu"]


@pytest.mark.usefixtures("no_figures")
def test_patience_stops_early_and_keeps_the_best(here, data, tmp_path):
    done = here(
        "train", data / "kinds.csv", "--patience", 2, "--learning-rate", 20, "--epochs", 400, "--run", "run"
    )
    assert done.code == 0
    best = model(tmp_path / "run").training[0]["best_epoch"]
    assert f"stopped early; epoch {best} was best and is kept" in done.out
    assert about(tmp_path / "run")["status"] == "early stopping"
    assert len((tmp_path / "run" / "history.jsonl").read_text().splitlines()) == best + 2


@pytest.mark.usefixtures("no_figures")
def test_without_validation_all_samples_train(here, data, tmp_path):
    assert here("train", data / "kinds.csv", "--validation", 0, "--epochs", 2, "--run", "run").code == 0
    assert model(tmp_path / "run").training[0]["samples"] == 72
    records = [json.loads(line) for line in (tmp_path / "run" / "history.jsonl").read_text().splitlines()]
    assert [record["val_loss"] for record in records] == [None, None]


@pytest.mark.usefixtures("no_figures")
@pytest.mark.parametrize(("option", "shown"), [("--progress", True), ("--no-progress", False), (None, False)])
def test_the_bar_goes_to_standard_error(here, data, option, shown):
    done = here("train", data / "kinds.csv", "--epochs", 3, *([option] if option else []), "--run", "run")
    assert ("epoch 3/3" in done.err) == shown
    assert "epoch 3/3" not in done.out


@pytest.mark.usefixtures("no_figures")
def test_worse_than_guessing_is_said(here, data):
    done = here(
        "train", data / "kinds.csv", "--learning-rate", 1e4, "--hidden", "tanh", "--epochs", 2, "--run", "run"
    )
    assert done.code == 0
    assert "worse than guessing" in done.out
