"""Checkpoints: all that a stopped training run needs to go on to the same bits.

Two files take turns, ``checkpoint.safetensors`` and ``checkpoint-other.safetensors``. A new checkpoint takes
the place of the older one, wholly or not at all: whenever the process is killed, the newer one stands.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from chainrule.checks import as_real, as_whole
from chainrule.equations.optimizers import Moments
from chainrule.errors import CheckpointWarning, InputError, ModelFileError
from chainrule.files.schema import (
    ANYTHING,
    TEXT,
    check,
    items,
    mapping,
    number,
    one_of,
    or_none,
    record,
    whole,
)
from chainrule.files.tensors import Tensors, read_model, write_model
from chainrule.history import EpochRecord
from chainrule.training.state import Position, TrainingState
from chainrule.types import ByLayer, Layer, Params

SLOTS = ("checkpoint.safetensors", "checkpoint-other.safetensors")

OVER = ("finished", "early stopping", "callback")
"""How a run ends that has nothing left to do."""

SECONDS = 30.0
"""How often a checkpoint is written, if nothing else is asked for."""


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


def checked(value: Any) -> Checkpoints:
    """What `Network.fit` was given, if it can be right."""
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


CHECKPOINT = record(
    {
        "kind": one_of("checkpoint"),
        "number": whole(0),
        "at": record(
            {"epoch": whole(0), "batch": whole(0)},
            dict.fromkeys(("loss", "hits", "seconds"), number(nan=True)),
        ),
        "steps": whole(0),
        "records": items(
            items(or_none(number(nan=True)), len(EpochRecord._fields), len(EpochRecord._fields))
        ),
        "best": or_none(items(number(nan=True), 2, 2)),
        "stopped": TEXT,
        "run": mapping(ANYTHING),
    }
)
"""What the description in a checkpoint must hold."""


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
        check("its description", about, CHECKPOINT)
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


def find(folder: Path) -> Checkpoint | None:
    """The newest good checkpoint in a folder; a damaged one is passed over, with a warning.

    Raises:
        ModelFileError: there are checkpoints, and all are damaged.
    """
    found = newest(folder)
    return None if found is None else found[0]


def newest(folder: Path) -> tuple[Checkpoint, int] | None:
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
    last = max(good, key=lambda found: found[0].number)
    for damage in bad:
        warnings.warn(f"{damage} Going on from the other one: {last[0].place}.", CheckpointWarning, 2)
    return last
