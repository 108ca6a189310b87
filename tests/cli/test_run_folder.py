"""What a training run leaves behind."""

from __future__ import annotations

import json
import re
from datetime import datetime

import pytest
from matplotlib.image import imread

import chainrule
from chainrule import Network, datasets
from tests.cli.commandline import FILES


@pytest.fixture(scope="module")
def run(plain_train):
    _, folder = plain_train
    (found,) = (folder / "runs").iterdir()
    return found


def test_exactly_these_files(run, kinds, pets):
    for folder in (run, kinds, pets):
        assert {path.name for path in folder.iterdir()} == FILES


def test_figures_are_pictures(run, pets):
    for folder in (run, pets):
        for path in folder.glob("*.png"):
            height, width, _ = imread(path).shape
            assert min(height, width) > 200


def test_history_has_a_line_for_each_epoch(run):
    records = [json.loads(line) for line in (run / "history.jsonl").read_text().splitlines()]
    assert [record["epoch"] for record in records] == list(range(1, 31))
    assert records[-1]["loss"] < records[0]["loss"] / 5
    assert set(records[0]) == {
        "epoch", "loss", "accuracy", "val_loss", "val_accuracy", "learning_rate", "seconds",
    }  # fmt: skip


def test_run_json_tells_how_to_do_it_again(run):
    about = json.loads((run / "run.json").read_text(encoding="utf-8"))
    training, test = datasets.load("digits")
    assert about["data"] == {
        "name": "digits",
        "checksum": training.checksum(),
        "samples": len(training),
        "test": len(test),
    }
    assert about["status"] == "finished"
    assert about["options"]["seed"] == 0
    assert about["options"]["layers"] == [64, 30, 10]
    assert about["options"]["learning_rate"] == 0.5
    assert about["versions"]["chainrule"] == chainrule.__version__
    assert set(about["versions"]) >= {"python", "platform", "numpy", "scipy", "scikit-learn"}
    started, ended = (datetime.fromisoformat(about[key]) for key in ("started", "ended"))
    assert started <= ended
    assert started.tzinfo is not None


def test_test_figures_are_those_of_the_model(run, plain_train):
    about = json.loads((run / "run.json").read_text(encoding="utf-8"))
    evaluation = Network.load(run / "model.safetensors").evaluate(datasets.load("digits")[1])
    assert about["test"] == {"loss": evaluation.loss, "accuracy": evaluation.accuracy, "samples": 360}
    said = re.search(r"test accuracy ([\d.]+) %, cross-entropy ([\d.]+) \(360 samples\)", plain_train[0].out)
    assert said.groups() == (f"{100 * evaluation.accuracy:.2f}", f"{evaluation.loss:.4f}")


@pytest.mark.usefixtures("no_figures")
def test_an_empty_folder_is_taken(here, data, tmp_path):
    (tmp_path / "run").mkdir()
    assert here("train", data / "kinds.csv", "--epochs", 1, "--run", "run").code == 0
    assert (tmp_path / "run" / "model.safetensors").is_file()
