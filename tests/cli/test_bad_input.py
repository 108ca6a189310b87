"""Bad input: one clear message, exit code 1, and nothing written."""

from __future__ import annotations

import os

import numpy as np
import pytest

from tests.cli.commandline import chainrule, snapshot

TABLES = {
    "empty.csv": "",
    "header.csv": "u,v,kind\n",
    "infinite.csv": "u,v,kind\n1,2,ant\n3,inf,bee\n",
    "void.csv": "u,v,kind\n1,,ant\n3,,bee\n",
    "text.csv": "u,v,kind\n1,2,ant\n3,red,bee\n",
    "ragged.csv": "u,v,kind\n1,2,ant\n3,4,5,bee\n",
    "narrow.csv": "kind\nant\nbee\n",
    "unlabelled.csv": "u,v,w,kind\n1,2,3,ant\n4,5,6,\n",
    "wide.csv": "1,2,3,4,5\n1,2,3,4,5\n",
    "dragon.csv": "u,v,w,kind\n1,2,3,ant\n4,5,6,dragon\n",
    "halves.csv": "u,v,w,cat,dog\n1,2,3,0,1\n4,5,6,0.5,1\n",
    "one.csv": "u,v,kind\n1,2,ant\n",
    "two.csv": "u,v,kind\n1,2,ant\n3,4,bee\n",
    "picture.txt": "hello",
    "damaged.npz": "PK\x03\x04 not an archive",
    "file": "I am a file",
}


@pytest.fixture
def refused(here, tmp_path):
    """Run a command that must be refused: the whole message is as said, and the folder as it was."""
    for name, text in TABLES.items():
        (tmp_path / name).write_text(text)
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "notes.txt").write_text("mine")
    rng = np.random.default_rng(0)
    np.savez(tmp_path / "halves.npz", X=rng.random((20, 3)), y=np.full((20, 2), 0.5))
    np.savez(tmp_path / "twos.npz", X=rng.random((20, 3)), y=np.full((20, 2), 2))
    np.savez(tmp_path / "none.npz", X=np.empty((0, 3)), y=np.empty(0, int))

    def check(*args, says):
        before = snapshot(tmp_path)
        done = here(*args)
        assert done.code == 1, done
        assert done.err.startswith("Error: ")
        for part in says:
            assert part in done.err
        assert "Traceback" not in done.err
        assert len(done.err.splitlines()) == 1
        assert snapshot(tmp_path) == before

    return check


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("digit", ["must be one of digits, mnist", "got 'digit'", "Did you mean 'digits'?"]),
        ("fashionmnist", ["Did you mean 'fashion-mnist'?"]),
        ("missing.csv", ["or an existing file; got 'missing.csv'", "Check the spelling"]),
        ("empty.csv", ["must have lines; got an empty file"]),
        ("header.csv", ["must have samples; got a header line only"]),
        ("infinite.csv", ["must be finite; column 'v' holds inf on line 3", "drop the line"]),
        ("void.csv", ["must hold something; 'v' is empty in every row", "--drop"]),
        ("text.csv", ["column 'v' holds 'red' on line 3, and 1 of its 2 cells are numbers", "--categorical"]),
        ("ragged.csv", ["must have 3 cells", "got 4 on line 3"]),
        ("narrow.csv", ["a feature column and a label column; got 1 column"]),
        ("unlabelled.csv", ["must have a label; column 'kind' is empty on line 3"]),
        ("one.csv", ["both parts of a split must have samples"]),
        ("two.csv", ["validation must leave samples on both sides; got 0.1 of 1 samples"]),
        ("picture.txt", ["must be a .csv, .tsv, .npz or .parquet file", "got '.txt'"]),
        ("damaged.npz", ["must be a NumPy archive"]),
        ("halves.npz", ["y must be whole numbers or texts (N,), or rows of 0 and 1"]),
        ("twos.npz", ["must hold 0 or 1; got 2 at row 0"]),
        ("none.npz", ["got float64 of shape (0, 3)"]),
        ("full", ["must be a .csv"]),
    ],
)
def test_data(refused, name, says):
    refused("train", name, says=says)


@pytest.mark.parametrize(
    ("option", "value", "says"),
    [
        ("hidden", "reluu", ["hidden must be one of sigmoid, tanh", "got 'reluu'", "Did you mean 'relu'?"]),
        ("hidden", "tanh,relu", ["one for each of the 1 hidden layers; got 2"]),
        ("optimizer", "adm", ["must be one of sgd, momentum", "got 'adm'", "Did you mean 'adam'?"]),
        ("output", "softmx", ["must be one of softmax, sigmoid, quadratic", "Did you mean 'softmax'?"]),
        ("schedule", "cosin", ["must be one of constant, step", "Did you mean 'cosine'?"]),
        ("initializer", "xaver", ["must be one of normal, lecun", "Did you mean 'xavier'?"]),
        ("dropout", 1.5, ["must be at least 0 and below 1; got 1.5"]),
        ("dropout", "nan", ["dropout must be at least 0 and below 1; got nan"]),
        ("label-smoothing", 1, ["must be at least 0 and below 1; got 1.0"]),
        ("epochs", 0, ["epochs must be a whole number of 1 or more; got 0"]),
        ("batch-size", 0, ["must be a whole number of 1 or more; got 0"]),
        ("learning-rate", -1, ["must be above 0; got -1.0"]),
        ("learning-rate", "nan", ["must be above 0; got nan"]),
        ("learning-rate", "inf", ["must be above 0; got inf"]),
        ("l1", -1, ["l1 must be at least 0; got -1.0"]),
        ("l2", "nan", ["l2 must be at least 0; got nan"]),
        ("warm-up", -1, ["warm-up must be at least 0; got -1"]),
        ("warm-up", "nan", ["warm-up must be at least 0; got nan"]),
        ("seed", -1, ["seed must be a whole number of 0 or more", "got -1"]),
        ("patience", 0, ["patience must be a whole number of 1 or more; got 0"]),
        ("validation", 1.5, ["validation must be above 0 and below 1; got 1.5"]),
        ("validation", -0.5, ["validation must be above 0 and below 1; got -0.5"]),
        ("test-fraction", 2, ["must be a number between 0 and 1; got 2.0"]),
        ("target", "sort", ["must be one of the columns u, v, w, kind; got 'sort'"]),
        ("target", "kind,kind", ["must name distinct columns"]),
        ("layers", "5-4-3", ["first layer must have width 3", "got 5 in 5-4-3", "Write 3-5-4-3"]),
        ("layers", "3-5-4", ["last layer must have width 3", "got 4 in 3-5-4", "Write 3-5-4-3"]),
        ("run", "full", ["folder of its own; full is not empty", "Name another with --run"]),
        ("run", "file", ["folder of its own; file is a file"]),
        ("run", "file/run", ["must be writable", "a part of that path is a file"]),
    ],
)
def test_options(refused, data, option, value, says):
    refused("train", data / "kinds.csv", f"--{option}={value}", says=says)


def test_what_does_not_go_together(refused, data):
    refused("train", data / "kinds.csv", "--patience", 3, "--validation", 0, says=["needs validation data"])
    refused(
        "train",
        data / "pets.csv",
        "--target",
        "cat,dog",
        "--output",
        "softmax",
        says=["Use output='sigmoid'"],
    )
    refused(
        "train",
        "halves.csv",
        "--target",
        "cat,dog",
        says=["must hold 0 or 1; column 'cat' holds '0.5' on line 3"],
    )
    refused("train", "--target", "kind", says=["--target must be left out for digits"])
    refused("train", "mnist", "--test-fraction", 0.3, says=["--test-fraction must be left out for mnist"])
    refused("train", data / "kinds.npz", "--target", "kind", says=["target must be left out"])


@pytest.mark.skipif(hasattr(os, "geteuid") and os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_one_may_not_write_to(refused, data, tmp_path):
    (tmp_path / "locked").mkdir(mode=0o500)
    refused("train", data / "kinds.csv", "--run", "locked/run", says=["writing there is not permitted"])


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("missing.csv", ["must be an existing file; found none"]),
        ("digits", ["digits"]),
        ("wide.csv", ["must have the model's 3 features; got 4 columns beside the label"]),
        (
            "dragon.csv",
            ["must be one of the classes ant, bee, cat; got 'dragon' on line 3", "Fix that label"],
        ),
        ("two.csv", ["must have the model's features; 'w' not found among u, v, kind"]),
        ("header.csv", ["features"]),
        ("empty.csv", ["got an empty file"]),
        ("none.npz", ["shape (0, 3)"]),
    ],
)
def test_evaluate(refused, kinds, name, says):
    refused("evaluate", kinds, name, says=says)


def test_evaluate_labels_out_of_range(refused, kinds, tmp_path):
    np.savez(tmp_path / "seven.npz", X=np.ones((2, 3)), y=np.array([0, 7]))
    refused("evaluate", kinds, "seven.npz", says=["must be one of the classes ant, bee, cat; got '7' on row"])


def test_evaluate_without_data(refused, kinds):
    refused("evaluate", kinds, says=["data must be named", "Give a file: chainrule evaluate MODEL DATA"])


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("missing.csv", ["must be an existing file; found none"]),
        ("wide.csv", ["must have the model's 3 features; got 5 columns"]),
        ("two.csv", ["'w' not found among u, v, kind"]),
        ("empty.csv", ["got an empty file"]),
        ("none.npz", ["shape (0, 3)"]),
        ("picture.txt", ["must be a .csv, .tsv, .npz or .parquet file"]),
    ],
)
def test_predict(refused, kinds, name, says):
    refused("predict", kinds, name, "-o", "said.csv", says=says)


def test_predict_nowhere(refused, kinds, data):
    refused(
        "predict", kinds, data / "kinds.csv", "-o", "file/said.csv", says=["file/said.csv must be writable"]
    )
    refused("predict", kinds, data / "kinds.csv", "-o", "full", says=["full must be writable", "is a folder"])


@pytest.mark.parametrize("command", [["evaluate"], ["predict", "x.csv"]])
def test_damaged_models(refused, kinds, tmp_path, command):
    name, *rest = command
    whole = (kinds / "model.safetensors").read_bytes()
    damaged = {
        "short": whole[: len(whole) // 2],
        "changed": whole[:-8] + b"\0" * 8,
        "foreign": b"PK\x03\x04",
        "nothing": b"",
    }
    for kind, content in damaged.items():
        (tmp_path / kind).write_bytes(content)
        refused(name, kind, *rest, says=[f"{kind} must", "take it from its source again"])
    refused(name, "missing", *rest, says=["must exist at missing; found none"])
    refused(name, "full", *rest, says=["found none"])


def test_a_process_ends_so_too(kinds, data, tmp_path):
    for arguments in (
        ["train", "digit"],
        ["train", data / "kinds.csv", "--dropout", 1.5],
        ["evaluate", kinds, "x.csv"],
    ):
        done = chainrule(*arguments, cwd=tmp_path)
        assert done.code == 1
        assert done.err.startswith("Error: ")
        assert len(done.err.splitlines()) == 1
        assert not any(tmp_path.iterdir())


def test_data_folder_that_is_not_there(tmp_path):
    done = chainrule("train", "mnist", cwd=tmp_path, CHAINRULE_DATA=str(tmp_path / "nowhere"))
    assert done.code == 1
    assert "CHAINRULE_DATA must be an existing folder" in done.err
    assert not any(tmp_path.iterdir())
