"""Checkpoints: all that a stopped training run needs to go on to the same bits.

Two files take turns, ``checkpoint.safetensors`` and ``checkpoint-other.safetensors``. A new checkpoint takes
the place of the older one, wholly or not at all: whenever the process is killed, the newer one stands.
"""

from __future__ import annotations

import os
import time
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple

from chainrule.checks import as_real, as_whole
from chainrule.equations.optimizers import Moments
from chainrule.errors import CheckpointWarning, InputError, ModelFileError, StorageError
from chainrule.files.locks import held
from chainrule.files.tensors import Tensors, read_model, write_model
from chainrule.history import EpochRecord
from chainrule.training.state import Position, TrainingState
from chainrule.types import ByLayer, Layer, Params

SLOTS = ("checkpoint.safetensors", "checkpoint-other.safetensors")

OVER = ("finished", "early stopping", "callback")
"""How a run ends that has nothing left to do."""

SECONDS = 30.0
"""How often a checkpoint is written, if nothing else is asked for."""

SHARE = 0.01
"""What writing by the clock may cost: where it takes longer, it comes less often."""


class Checkpoints(NamedTuple):
    """Where, and how often, `Network.fit` writes checkpoints.

    ``seconds``: at most so far apart, unless writing would take more than `SHARE` of the time.
    ``batches``: at most this many mini-batches apart, whatever it costs.
    """

    folder: str | os.PathLike[str]
    seconds: float = SECONDS
    batches: int | None = None


class Best(NamedTuple):
    """What early stopping goes back to: the lowest validation loss, its epoch and its parameters."""

    loss: float
    epoch: int
    params: Params


class Checkpoint(NamedTuple):
    """What one file holds."""

    state: TrainingState
    records: tuple[EpochRecord, ...]
    """The history so far."""
    best: Best | None
    stopped: str
    """How the run ended; empty while it goes on."""
    run: Mapping[str, Any]
    """What run it is: see `chainrule.training.resume`."""
    number: int = 0
    """How many were written before."""

    @property
    def place(self) -> str:
        """Where it is, in words."""
        if self.stopped and self.stopped != "interrupted":
            return f"the end ({self.stopped})"
        done, batch = len(self.records), self.state.at.batch
        return f"epoch {done + 1}, mini-batch {batch}" if batch else f"the end of epoch {done}"


def _checked(value: Any) -> Checkpoints:
    if not isinstance(value, Checkpoints):
        if not isinstance(value, str | os.PathLike):
            raise InputError(f"checkpoint must be a folder, or Checkpoints(folder, …); got {value!r}.")
        value = Checkpoints(value)
    folder = Path(value.folder)
    if folder.exists() and not folder.is_dir():
        raise InputError(f"checkpoints must get a folder; {folder} is a file. Name another place.")
    return Checkpoints(
        folder,
        as_real("seconds", value.seconds, at_least=0),
        None if value.batches is None else as_whole("batches", value.batches),
    )


def write_checkpoint(path: str | os.PathLike[str], checkpoint: Checkpoint) -> None:
    """Write one file, wholly or not at all.

    Raises:
        StorageError: the disk refused; what stood at ``path`` before is untouched.
    """
    state, best = checkpoint.state, checkpoint.best
    about = {
        "kind": "checkpoint",
        "number": checkpoint.number,
        "at": state.at._asdict(),
        "steps": int(state.moments[1].W.t),
        "records": checkpoint.records,
        "best": None if best is None else [best.loss, best.epoch],
        "stopped": checkpoint.stopped,
        "run": checkpoint.run,
    }
    tensors = _tensors("", state.params)
    for name in ("first", "second"):
        if getattr(state.moments[1].W, name) is not None:
            tensors |= _tensors(f"{name}.", state.moments.map(_part(name)))
    if best is not None:
        tensors |= _tensors("best.", best.params)
    write_model(path, tensors, about)


def read_checkpoint(path: str | os.PathLike[str]) -> Checkpoint:
    """Read what `write_checkpoint` wrote.

    Raises:
        ModelFileError: no such file, truncated, altered, or no checkpoint.
    """
    tensors, about = read_model(path)
    try:
        if about["kind"] != "checkpoint":
            raise ValueError(f"its kind is {about['kind']!r}")
        params = _layers("", tensors)
        moments = {name: _layers(f"{name}.", tensors) for name in ("first", "second")}
        best = about["best"]
        return Checkpoint(
            TrainingState(params, _moments(int(about["steps"]), params, moments), Position(**about["at"])),
            tuple(EpochRecord(*record) for record in about["records"]),
            None if best is None else Best(best[0], best[1], _layers("best.", tensors)),
            about["stopped"],
            about["run"],
            about["number"],
        )
    except (LookupError, TypeError, ValueError) as error:
        raise ModelFileError(
            f"{os.fspath(path)} must be a checkpoint; its description does not fit: {error}. "
            "Name the folder that training wrote its checkpoints to."
        ) from error


def _part(name: str) -> Callable[[Layer], Layer]:
    return lambda of: Layer(getattr(of.W, name), getattr(of.b, name))


def _tensors(prefix: str, layers: ByLayer[Layer]) -> Tensors:
    return {
        f"{prefix}{name}{L}": value
        for L, layer in layers.items()
        for name, value in zip("Wb", layer, strict=True)
    }


def _layers(prefix: str, tensors: Tensors) -> ByLayer[Layer]:
    H = sum(name.startswith(f"{prefix}W") for name in tensors)
    return ByLayer(Layer(tensors[f"{prefix}W{L}"], tensors[f"{prefix}b{L}"]) for L in range(1, H + 1))


def _moments(t: int, params: Params, kept: Mapping[str, ByLayer[Layer]]) -> ByLayer[Layer]:
    there = {name: layers for name, layers in kept.items() if len(layers)}
    return ByLayer(
        Layer(*(Moments(t, **{name: layers[L][side] for name, layers in there.items()}) for side in (0, 1)))
        for L in range(1, len(params) + 1)
    )


@contextmanager
def opened(checkpoint: Any, resume: bool) -> Iterator[Keeping | None]:
    """Hold the folder of a run, which is the run's own, and find what it has; None where there is to be none.

    Raises:
        InputError: it has a checkpoint, and nobody asked to go on from it; or there is none to go on from.
        FolderBusy: another process is training there.
        ModelFileError: there are checkpoints, and all are damaged.
        StorageError: the disk refuses.
    """
    if checkpoint is None:
        if resume:
            raise InputError(
                "resume needs the folder of the checkpoints; got none. Pass checkpoint='folder'."
            )
        yield None
        return
    checkpoints = _checked(checkpoint)
    folder = Path(checkpoints.folder)
    with held(folder):
        for left in folder.glob(".chainrule-*"):  # by a process killed while it wrote
            with suppress(OSError):
                left.unlink()
        newest = _newest(folder)
        if newest and not resume:
            raise InputError(
                f"checkpoints of a new run must get a folder without any; {folder} has one, "
                f"{newest[0].place}. Pass resume=True to go on from it, or name another folder."
            )
        yield Keeping(checkpoints, newest)


def find(folder: Path) -> Checkpoint | None:
    """The newest good checkpoint in a folder; a damaged one is passed over, with a warning.

    Raises:
        ModelFileError: there are checkpoints, and all are damaged.
    """
    newest = _newest(folder)
    return None if newest is None else newest[0]


def _newest(folder: Path) -> tuple[Checkpoint, int] | None:
    """The newest good checkpoint, and which of the two files holds it."""
    good: list[tuple[Checkpoint, int]] = []
    bad: list[str] = []
    for slot, name in enumerate(SLOTS):
        if (folder / name).exists():
            try:
                good.append((read_checkpoint(folder / name), slot))
            except ModelFileError as error:
                bad.append(str(error))
    if bad and not good:
        raise ModelFileError(
            f"a checkpoint in {folder} must be whole; none is: {' '.join(bad)} Remove them to begin again."
        )
    if not good:
        return None
    newest = max(good, key=lambda found: found[0].number)
    for damage in bad:
        warnings.warn(f"{damage} Going on from the other one: {newest[0].place}.", CheckpointWarning, 2)
    return newest


class Keeping:
    """Writes the checkpoints of one run when they are due, each in place of the older one."""

    def __init__(self, checkpoints: Checkpoints, found: tuple[Checkpoint, int] | None) -> None:
        self.found = found[0] if found else None
        self._every = checkpoints
        self._folder = Path(checkpoints.folder)
        self._slot = 1 - found[1] if found else 0
        self._number = 0 if self.found is None else self.found.number + 1
        self._written_at = time.monotonic()
        self._took = 0.0
        self._steps = 0
        self._refused = False

    def due(self, steps: int) -> bool:
        """Whether to write now, after this many mini-batches of the run."""
        if self._every.batches is not None and steps - self._steps >= self._every.batches:
            return True
        apart = max(self._every.seconds, self._took / SHARE)
        return time.monotonic() - self._written_at >= apart

    def write(self, checkpoint: Checkpoint, steps: int) -> None:
        """Write. A disk that refuses is asked again when the next one is due: training goes on."""
        started = time.monotonic()
        try:
            write_checkpoint(self._folder / SLOTS[self._slot], checkpoint._replace(number=self._number))
            self._slot, self._number, self._refused = 1 - self._slot, self._number + 1, False
        except StorageError as error:
            if not self._refused:
                warnings.warn(
                    f"no checkpoint could be written, and training goes on: {error} The last good one stays.",
                    CheckpointWarning,
                    2,
                )
            self._refused = True
        self._steps, self._written_at = steps, time.monotonic()
        self._took = self._written_at - started

    def end(self, checkpoint: Checkpoint, steps: int, alone: bool) -> None:
        """Write the last one; of a run that is over leave it ``alone``, under the first name."""
        self.write(checkpoint, steps)
        if alone and not self._refused:
            last, older = self._folder / SLOTS[1 - self._slot], self._folder / SLOTS[self._slot]
            with suppress(OSError):
                if self._slot == 0:
                    os.replace(last, older)
                else:
                    older.unlink(missing_ok=True)
                self._slot = 1
