"""Run folders: everything one training run leaves behind, written as it comes to be known.

- ``run.json``: every option, versions, seed, checksum of the data, and how it ended
- ``history.jsonl``: a line for each epoch, written when the epoch ends
- ``checkpoint.safetensors``: what ``chainrule train --resume`` goes on from
- ``gradients.jsonl``: the gradient's norm by layer, for the report
- ``model.safetensors``: the network
- ``predictions.npz``: what it says of the test part, for the report
- ``curves.png``: loss and accuracy by epoch
- ``confusion.png``: which class is taken for which
- ``mistakes.png``: the worst misclassified samples
- ``weights.png``: first-layer weights, as pictures where the data are pictures
"""

from __future__ import annotations

import errno
import json
import os
import platform
import shutil
import sys
import tempfile
from contextlib import suppress
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from chainrule.errors import DataError, InputError, StorageError
from chainrule.files.atomic import atomic_write, storage_errors
from chainrule.runs.written import NEEDED, read_about

if TYPE_CHECKING:
    from chainrule.datasets import Dataset
    from chainrule.evaluation import Evaluation
    from chainrule.history import EpochRecord, History
    from chainrule.network import Network

ROOM_FOR_FIGURES = 8_000_000
"""Bytes that the figures and records of a run may take."""


class FolderTaken(InputError):
    """A run folder that holds something already."""


class Run:
    """One run folder. Making it checks that the disk will take what training is about to produce."""

    def __init__(
        self,
        folder: str | os.PathLike[str],
        about: dict[str, Any],
        model_bytes: int,
        checkpoint_bytes: int = 0,
    ) -> None:
        """Make the folder and write ``run.json``.

        Raises:
            FolderTaken: the folder holds something already.
            InputError: it is a file.
            StorageError: the disk refuses. Nothing is left behind.
        """
        self.folder = Path(folder)
        if self.folder.exists() and not self.folder.is_dir():
            raise InputError(
                f"a run must get a folder of its own; {self.folder} is a file. Name another place with --run."
            )
        if self.folder.is_dir() and any(self.folder.iterdir()):
            raise _taken(self.folder)
        self._made = _make_folder(self.folder)
        self._history: list[str] = []
        self._written = 0
        self.resumed = self.kept = False
        try:
            _claim(self.folder)
            _check_room(self.folder, 2 * model_bytes + 3 * checkpoint_bytes + ROOM_FOR_FIGURES)
            self._about = {"started": _now(), "status": "running", **about, "versions": _versions()}
            self._write_about()
        except FolderTaken:
            raise
        except BaseException:
            self.discard()
            raise

    @classmethod
    def again(cls, folder: str | os.PathLike[str]) -> Run:
        """The run in a folder, to be gone on with. Nothing is written before its next epoch is over.

        Raises:
            DataError: there is none, or what it says of itself cannot be read.
        """
        run = cls.__new__(cls)
        run.kept = False
        run.folder, run._made, run._history, run._written, run.resumed = Path(folder), [], [], 0, True
        path = run.folder / "run.json"
        if not path.is_file():
            raise DataError(
                f"a run folder must hold run.json as chainrule train wrote it; {path} is none. "
                "Name the folder that training called its run folder."
            )
        run._about = read_about(path)
        missing = [*({"versions"} - set(run._about)), *(set(NEEDED) - set(run._about["options"]))]
        if missing:
            raise DataError(
                f"{path} must say all that the run began with, to be resumed; missing is "
                f"{', '.join(sorted(missing))}. Start the run again."
            )
        return run

    @property
    def about(self) -> dict[str, Any]:
        """What ``run.json`` says."""
        return self._about

    @property
    def other_versions(self) -> list[str]:
        """Which programs are not those that the run began with, in words."""
        then, now = self._about["versions"], _versions()
        return [f"{name} is {now[name]}, was {then[name]}" for name in then if now.get(name) != then[name]]

    def discard(self) -> None:
        """Take back the folder of a run that never began."""
        if self.resumed:
            return
        (self.folder / "run.json").unlink(missing_ok=True)
        with suppress(OSError):  # another run may have put its folder into one of these meanwhile
            for path in self._made:
                path.rmdir()

    def epoch(self, record: EpochRecord) -> None:
        """Add an epoch to ``history.jsonl``. A disk that refuses is asked again later: training goes on."""
        with suppress(StorageError):
            if self.resumed and not self._written:
                self._take_up(record.epoch)
        self._history.append(_line(record))
        with suppress(StorageError):
            self._write_history()

    def _take_up(self, epoch: int) -> None:
        """Keep the lines of the epochs before, drop those that come again, and say that the run goes on."""
        path = self.folder / "history.jsonl"
        lines = path.read_bytes().splitlines(keepends=True) if path.exists() else []
        kept = b"".join(line for line in lines[: epoch - 1] if line.endswith(b"\n"))
        atomic_write(path, kept)
        self._written = len(kept)
        self._about.update(status="running", resumed=[*self._about.get("resumed", []), _now()])
        self._write_about()

    def _write_history(self) -> None:
        path = self.folder / "history.jsonl"
        text = "".join(self._history).encode()
        with storage_errors(path), path.open("r+b" if self._written else "wb") as file:
            file.seek(self._written)
            file.write(text)
        self._written += len(text)
        self._history.clear()

    def end(self, status: str, history: History | None = None, **results: Any) -> None:
        """Write in ``run.json`` how it ended, and whatever of the history is not yet written."""
        if self.resumed and history is not None:
            atomic_write(self.folder / "history.jsonl", "".join(map(_line, history)))
        else:
            self._write_history()
        self._about.update(status=status, ended=_now(), **results)
        self._write_about()

    def stop(self) -> None:
        """Say in ``run.json`` that the run was stopped, if it does not say yet how it ended."""
        if self._about["status"] == "running" and (self.folder / "run.json").exists():
            with suppress(StorageError):
                self.end("stopped")

    @property
    def model(self) -> Path:
        """The file of the network."""
        return self.folder / "model.safetensors"

    def keep(self, network: Network) -> None:
        """Write the model. Where the run folder refuses it, it goes to the system's temporary folder.

        Raises:
            StorageError: the run folder refused; the message says where the model is.
        """
        try:
            network.save(self.model)
            self.kept = True
        except StorageError as error:
            raise StorageError(f"{error} {_rescued(network, self.folder.name)}") from error

    def draw(self, network: Network, history: History, test: Dataset, evaluation: Evaluation) -> None:
        """Write the figures.

        Raises:
            StorageError: the run folder refused; the model is there already.
        """
        from chainrule import plots

        figures = {
            "confusion": plots.confusion(evaluation),
            "mistakes": plots.mistakes(
                test.X,
                evaluation.y,
                network.predict_proba(test.X),
                test.classes,
                shape=test.shape,
                multi_label=network.multi_label,
            ),
            "weights": plots.weights(network.W[1], shape=test.shape),
        }
        if len(history):
            figures["curves"] = plots.curves(history, network.loss_name)
        for name, figure in figures.items():
            try:
                plots.save(figure, self.folder / f"{name}.png")
            except StorageError as error:
                raise StorageError(f"{error} The trained model is safe in {self.model}.") from error

    def _write_about(self) -> None:
        text = json.dumps(self._about, ensure_ascii=False, indent=2, default=str)
        atomic_write(self.folder / "run.json", text + "\n")


def _rescued(network: Network, name: str) -> str:
    """Write the model to the system's temporary folder, where only this user may read it, and say so."""
    refuge = ""
    try:
        handle, refuge = tempfile.mkstemp(".safetensors", f"{name}-")
        os.close(handle)
        network.save(refuge)
    except OSError as error:
        if refuge:
            os.unlink(refuge)
        return f"The temporary folder refused the model too ({error})."
    return f"The trained model is safe in {refuge}."


def begin(
    folder: str | os.PathLike[str] | None,
    data: str,
    about: dict[str, Any],
    model_bytes: int,
    checkpoint_bytes: int = 0,
) -> Run:
    """Make a run in ``folder``, or else in a new default folder, whatever else starts at the same time."""
    if folder is not None:
        return Run(folder, about, model_bytes, checkpoint_bytes)
    while True:
        with suppress(FolderTaken):
            return Run(default_folder(data), about, model_bytes, checkpoint_bytes)


def default_folder(data: str) -> Path:
    """A new folder ``runs/DATA-DATE-TIME`` below the current one."""
    stem = Path("runs") / f"{Path(data).stem}-{datetime.now():%Y%m%d-%H%M%S}"
    folder, count = stem, 1
    while folder.exists():
        count += 1
        folder = stem.with_name(f"{stem.name}-{count}")
    return folder


def _make_folder(folder: Path) -> list[Path]:
    """Make ``folder`` and its parents; return those that are new, innermost first."""
    new = [path for path in (folder, *folder.parents) if not path.exists()]
    with storage_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
    return new


def _claim(folder: Path) -> None:
    """Create ``run.json``, unless another run has just done so."""
    with storage_errors(folder):
        try:
            (folder / "run.json").open("x").close()
        except FileExistsError:
            taken = _taken(folder)
        else:
            return
    raise taken


def _taken(folder: Path) -> FolderTaken:
    return FolderTaken(
        f"a run must get a folder of its own; {folder} is not empty. "
        "Name another with --run, or remove that one first."
    )


def _line(record: EpochRecord) -> str:
    return json.dumps(record._asdict()) + "\n"


def _check_room(folder: Path, needed: int) -> None:
    free = shutil.disk_usage(folder).free
    if free < needed:
        with storage_errors(folder):
            raise OSError(errno.ENOSPC, f"{free / 1e6:.0f} MB free, a run needs up to {needed / 1e6:.0f} MB")


def _versions() -> dict[str, str]:
    packages = ("chainrule", "numpy", "scipy", "scikit-learn")
    return {
        "python": sys.version.split()[0],
        "platform": platform.platform(),
        **{name: version(name) for name in packages},
    }


def _now() -> str:
    return datetime.now().astimezone().isoformat(timespec="seconds")
