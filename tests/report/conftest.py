from __future__ import annotations

import json
from math import inf

import numpy as np
import pytest

from chainrule import Network, datasets
from chainrule.runs.folder import Run
from chainrule.runs.records import GradientRecorder, keep_predictions


@pytest.fixture(scope="session", autouse=True)
def unhurried():
    """Let recording take what it takes, on a machine however slow."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("chainrule.runs.records.FREE_SECONDS", inf)
        yield


@pytest.fixture(scope="session")
def run_of(tmp_path_factory):
    """Make a run folder as ``chainrule train`` does, without the pictures."""

    def make(data, layers, *, name="run", target=None, epochs=6, status="finished", **options):
        folder = tmp_path_factory.mktemp("runs") / name
        training, test = datasets.load(data, target=target)
        hidden, initializer = options.pop("hidden", "sigmoid"), options.pop("initializer", "xavier")
        output = options.pop("output", "sigmoid" if training.multi_label else "softmax")
        network = Network(layers, hidden=hidden, initializer=initializer, output=output, seed=0)
        about = {
            "data": {
                "name": str(data),
                "checksum": training.checksum(),
                "samples": len(training),
                "test": len(test),
            },
            "options": {
                "layers": layers, "hidden": hidden, "output": output, "initializer": initializer,
                "optimizer": "sgd", "epochs": epochs, "learning_rate": 0.5, "target": target, "loss": None,
                **options,
            },
        }  # fmt: skip
        run = Run(folder, about, 1000)
        recorder = GradientRecorder(network, training, folder)
        network.fit(training, epochs=epochs, validation=0.2, on_epoch=[run.epoch, recorder], progress=False)
        evaluation = network.evaluate(test)
        run.keep(network)
        keep_predictions(folder, network, test, evaluation)
        figures = {"loss": evaluation.loss, "accuracy": evaluation.accuracy, "samples": evaluation.n}
        run.end(status, test=figures, engine="llvm")
        return folder

    return make


@pytest.fixture(scope="session")
def digits(run_of):
    return run_of("digits", [64, 20, 10], name="first-of-all")


@pytest.fixture(scope="session")
def several(run_of):
    return run_of("two-digits", [200, 16, 10], epochs=2)


@pytest.fixture(scope="session")
def csv(tmp_path_factory):
    """A table in which ``u`` decides everything, ``v`` nothing."""
    path = tmp_path_factory.mktemp("tables") / "kinds.csv"
    rng = np.random.default_rng(0)
    X = rng.normal(size=(300, 3))
    lines = ["u,v,w,kind", *(f"{u:.4f},{v:.4f},{w:.4f},{'yes' if u > 0 else 'no'}" for u, v, w in X)]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


@pytest.fixture(scope="session")
def kinds(run_of, csv):
    return run_of(csv, [3, 8, 2], epochs=20)


@pytest.fixture
def copied(tmp_path):
    """A copy of a run folder that a test may spoil, and a way to change its run.json."""
    import shutil

    def copy(folder, **changes):
        new = tmp_path / "copy"
        shutil.copytree(folder, new)
        about = json.loads((new / "run.json").read_text())
        about.update(changes)
        (new / "run.json").write_text(json.dumps(about))
        return new

    return copy
