"""A run folder, read: settings, history, gradients, network, predictions, and the data if still there."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from chainrule import datasets
from chainrule.datasets import Dataset
from chainrule.errors import ChainruleError, InputError
from chainrule.escaping.terminal import argument, shell
from chainrule.evaluation import Evaluation, decide
from chainrule.history import EpochRecord, History
from chainrule.network import Network
from chainrule.runs.records import Norms, Predictions, by_epoch, predictions, read_norms, read_predictions
from chainrule.runs.written import EPOCH, lines_of, read_about

LEVELS = 4
"""Folders above a run in which a data file is looked for by its relative path."""

USUAL: dict[str, Any] = {
    "hidden": "sigmoid",
    "loss": None,
    "initializer": "xavier",
    "optimizer": "sgd",
    "schedule": "constant",
    "warm_up": 0.0,
    "batch_size": 10,
    "epochs": 30,
    "l1": 0.0,
    "l2": 0.0,
    "dropout": 0.0,
    "label_smoothing": 0.0,
    "validation": 0.1,
    "patience": None,
    "seed": 0,
    "dtype": "float32",
    "engine": "auto",
    "threads": None,
    "target": None,
    "test_fraction": None,
    "categorical": None,
    "drop": None,
    "clip_norm": None,
    "clip_value": None,
}
"""What ``chainrule train`` takes where nothing is said."""


class RunFolder(NamedTuple):
    """What a run left behind. ``test``: its test part, if it could be loaded and is still the same.

    ``notes`` says what is missing, and why.
    """

    path: Path
    about: dict[str, Any]
    history: History
    norms: list[Norms]
    network: Network | None
    predictions: Predictions | None
    test: Dataset | None
    notes: tuple[str, ...]

    @property
    def name(self) -> str:
        """The folder's own name."""
        return self.path.resolve().name

    @property
    def options(self) -> dict[str, Any]:
        """Every option of the run."""
        found: dict[str, Any] = self.about.get("options", {})
        return found

    @property
    def data(self) -> str:
        """The name of the data."""
        return str(self.about.get("data", {}).get("name", "?"))

    @property
    def status(self) -> str:
        """How the run ended."""
        return str(self.about.get("status", "?"))

    @property
    def seconds(self) -> float:
        """Seconds of training, all epochs together."""
        return float(sum(self.history.column("seconds")))

    def evaluation(self) -> Evaluation | None:
        """The test, from the predictions that were kept; None without them."""
        if self.predictions is None or self.network is None:
            return None
        network, (y, p) = self.network, self.predictions[:2]
        loss = self.about.get("test", {}).get("loss", float("nan"))
        said = decide(p, network.multi_label, network.threshold)
        return Evaluation(y, said, float(loss), network.loss_name, network.classes, network.multi_label)


def open_run(folder: str | os.PathLike[str], *, with_data: bool = True) -> RunFolder:
    """Read a run folder.

    Args:
        folder: what ``chainrule train`` wrote.
        with_data: load the data again, by the name and the options that the run recorded.

    Raises:
        InputError: it is no run folder.
        DataError: ``run.json`` or the predictions are damaged.
        ModelFileError: the model is damaged.
    """
    path = Path(folder)
    about = _about(path)
    notes: list[str] = []
    network = _network(path, notes)
    test = _test(path, about, notes) if with_data and network is not None else None
    kept = read_predictions(path)
    if kept is None and network is not None and test is not None:
        evaluation = network.evaluate(test)
        kept, about = predictions(network, test, evaluation), _with_loss(about, evaluation.loss)
    if kept is None and with_data:
        notes.append("The folder holds no predictions, so all figures of the test are missing.")
    history = History(_history(path, notes), str(about.get("status", "")))
    return RunFolder(path, about, history, read_norms(path), network, kept, test, tuple(notes))


def _with_loss(about: dict[str, Any], loss: float) -> dict[str, Any]:
    return {**about, "test": {"loss": loss, **about.get("test", {})}}


def _about(path: Path) -> dict[str, Any]:
    if not (path / "run.json").is_file():
        raise InputError(
            f"RUN must be a folder that chainrule train wrote, with run.json in it; got {path}. "
            "Train one with: chainrule train DATA --run DIR."
        )
    return read_about(path / "run.json")


def _history(path: Path, notes: list[str]) -> list[EpochRecord]:
    if not (path / "history.jsonl").is_file():
        notes.append("history.jsonl is missing, so there are no curves.")
        return []
    fields = EpochRecord._fields
    lines = lines_of(path / "history.jsonl", EPOCH)
    return by_epoch(EpochRecord(*(entry[name] for name in fields)) for entry in lines)


def _network(path: Path, notes: list[str]) -> Network | None:
    if not (path / "model.safetensors").is_file():
        notes.append("model.safetensors is missing: the run was killed, or is still under way.")
        return None
    return Network.load(path / "model.safetensors")


def _test(path: Path, about: dict[str, Any], notes: list[str]) -> Dataset | None:
    """The test part, loaded as in training; None, and a note, if it is gone or no longer the same."""
    data, options = about.get("data", {}), about.get("options", {})
    name = str(data.get("name"))
    if data.get("streamed"):
        notes.append(
            f"{name} was streamed and is not read again: this report rests on what the run folder holds."
        )
        return None
    try:
        training, test = _load(path, name, data.get("path"), options)
    except (ChainruleError, OSError, ImportError) as error:
        notes.append(f"The data could not be loaded again: {error}")
        return None
    if training.checksum() != data.get("checksum"):
        notes.append(
            f"{name} is no longer what the run was trained on (its checksum differs), so this report rests "
            "on what the run folder holds."
        )
        return None
    return test


def _load(path: Path, name: str, place: str | None, options: dict[str, Any]) -> tuple[Dataset, Dataset]:
    known = {
        key: options[key]
        for key in ("target", "test_fraction", "categorical", "drop")
        if options.get(key) is not None
    }
    if name in datasets.names():
        return datasets.load(name)
    places = [Path(place or name), Path(name), *(parent / name for parent in path.resolve().parents[:LEVELS])]
    found = next((place for place in places if place.exists()), Path(name))
    return datasets.load(found, **known)


def command_line(run: RunFolder) -> str:
    """The ``chainrule train`` line that does the run again."""
    options = run.options
    words = [
        "chainrule",
        "train",
        argument(run.data),
        "--layers",
        "-".join(map(str, options.get("layers", ()))),
    ]
    if options.get("output") not in (None, "softmax"):
        words += ["--output", str(options["output"])]
    for name, usual in USUAL.items():
        if options.get(name, usual) != usual:
            words += [f"--{name.replace('_', '-')}", f"{options[name]}"]
    if options.get("learning_rate") is not None:
        words += ["--learning-rate", f"{options['learning_rate']:g}"]
    return shell(words)


def finite(values: Any) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Numbers with NaN in the place of None."""
    return np.array([np.nan if value is None else value for value in values], np.float64)
