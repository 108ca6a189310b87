"""Going on from a checkpoint: whether it belongs to the run that is asked for, and writing the next ones."""

from __future__ import annotations

import json
import os
import time
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from functools import cache
from pathlib import Path
from typing import Any

from chainrule.errors import CheckpointWarning, InputError, StorageError
from chainrule.files.locks import held
from chainrule.model.feedforward import FeedForward
from chainrule.training.checkpoints import (
    OVER,
    SLOTS,
    Checkpoint,
    Checkpoints,
    checked,
    newest,
    write_checkpoint,
)
from chainrule.training.data import TrainingData, checksum
from chainrule.training.events import BatchEnd, Event
from chainrule.training.interrupts import noted
from chainrule.training.keeper import Keeper
from chainrule.training.plan import Plan
from chainrule.training.state import TrainingState

STEADY = ("constant", "warm-up + constant")
"""Schedules that do not depend on how many epochs there will be."""

SHARE = 0.01
"""What writing by the clock may cost: where it takes longer, it comes less often."""


def options_of(plan: Plan, n: int) -> dict[str, Any]:
    """What a run was asked for, as JSON can hold it."""
    return {
        "samples": n,
        "epochs": plan.epochs,
        "batch_size": plan.batch_size,
        "learning_rate": plan.learning_rate,
        "optimizer": {"name": plan.optimizer.name, **dict(plan.optimizer.options)},
        "schedule": {"name": plan.schedule.name, **dict(plan.schedule.options)},
        **plan.penalty._asdict(),
        "dropout": plan.dropout,
        "label_smoothing": plan.label_smoothing,
        "clip_norm": plan.clip_norm,
        "shuffle": plan.shuffle,
        "patience": plan.patience,
        "seed": plan.seed,
    }


def describe(network: FeedForward, plan: Plan, given: TrainingData) -> dict[str, Any]:
    """What a checkpoint says of its run. Reads all of the data."""
    return {
        "network": {
            "layers": list(network.layers),
            "hidden": [getattr(phi, "formula", None) or phi.name for phi in network.hidden],
            "output": network.head.name,
            "dtype": network.dtype.name,
        },
        "options": options_of(plan, given.n),
        "data": {
            "checksum": given.source.checksum(),
            "validation": given.held_out and checksum(*given.held_out),
        },
        "network_seed": network.seed,
        "training": network.training,
        "first_epoch": plan.first_epoch,
    }


def check_same(found: Checkpoint, asked: Mapping[str, Any]) -> None:
    """Check that a checkpoint is one of the run that is asked for.

    More epochs may be asked for where the learning rate does not depend on their number.

    Raises:
        InputError: it is not; the message names what differs.
    """
    then, now = found.run, json.loads(json.dumps(asked))
    for part in ("network", "options", "data"):
        for name, value in now[part].items():
            before = then[part].get(name)
            if before != value and name != "epochs":
                raise _other(part, name, before, value)
    _check_epochs(found, then["options"], now["options"]["epochs"])


def _check_epochs(found: Checkpoint, then: Mapping[str, Any], epochs: int) -> None:
    before, name, done = then["epochs"], then["schedule"]["name"], len(found.records)
    if epochs != before and name not in STEADY:
        raise InputError(
            f"epochs must be {before}, as in the run that is resumed, for its schedule {name!r} depends on "
            f"them; got {epochs}. Leave them as they were, or start a new run."
        )
    if epochs < done or (epochs == done and found.state.at.batch):
        raise InputError(
            f"epochs must be more than the {done} that are done; got {epochs}. "
            "Ask for more, or start a new run."
        )


def _other(part: str, name: str, before: Any, value: Any) -> InputError:
    if part == "data":
        what = "the validation data" if name == "validation" else "the data"
        return InputError(
            f"{what} must be those of the run that is resumed; they are others. "
            "Take the same samples, labels and weights in the same order, or start a new run."
        )
    return InputError(
        f"{name} must be {_text(before)}, as in the run that is resumed; got {_text(value)}. "
        "Ask for the same, or start a new run."
    )


def _text(value: Any) -> str:
    if isinstance(value, Mapping):
        options = ", ".join(f"{name}={option}" for name, option in value.items() if name != "name")
        return f"{value['name']}({options})"
    return (
        "-".join(map(str, value))
        if isinstance(value, Sequence) and not isinstance(value, str)
        else str(value)
    )


def over(found: Checkpoint, epochs: int) -> bool:
    """Whether a run of this many epochs has nothing left to do."""
    return found.stopped in OVER and not (found.stopped == "finished" and epochs > len(found.records))


@contextmanager
def opened(checkpoint: Any, resume: bool) -> Iterator[Saver]:
    """Hold the folder of a run, which is the run's own, and find what it has.

    Without a checkpoint to write there is no folder, and what is given writes nothing.

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
        yield Saver()
        return
    checkpoints = checked(checkpoint)
    folder = Path(checkpoints.folder)
    with held(folder):
        for left in folder.glob(".chainrule-*"):  # by a process killed while it wrote
            with suppress(OSError):
                left.unlink()
        last = newest(folder)
        if last and not resume:
            raise InputError(
                f"checkpoints of a new run must get a folder without any; {folder} has one, "
                f"{last[0].place}. Pass resume=True to go on from it, or name another folder."
            )
        yield Saver(checkpoints, last)


class Saver:
    """Writes the checkpoints of one run when they are due, each in place of the older one.

    Without a folder it does nothing. ``found`` is the checkpoint to go on from, ``start`` the state to begin
    at; ``state`` gives the last one.
    """

    def __init__(
        self,
        every: Checkpoints | None = None,
        last: tuple[Checkpoint, int] | None = None,
        start: TrainingState | None = None,
    ) -> None:
        self.found = last[0] if last else None
        self.start = self.found.state if self.found else start
        self.state: Callable[[], TrainingState] | None = None
        self._every = every
        self._describe: Callable[[], dict[str, Any]] = dict
        self._slot = 1 - last[1] if last else 0
        self._number = 0 if self.found is None else self.found.number + 1
        self._written_at, self._took = time.monotonic(), 0.0
        self._steps = self._written_steps = 0
        self._refused = False

    def describe(self, describe: Callable[[], dict[str, Any]]) -> None:
        """Let checkpoints say this of the run, to which the one that was found must belong.

        ``describe`` reads all of the data, and is not called before the first checkpoint is due.
        """
        self._describe = cache(describe)
        if self.found is not None:
            asked = describe()
            check_same(self.found, asked)
            about = {**self.found.run, "options": asked["options"]}
            self._describe = lambda: about

    def check_engine(self, engine: str) -> None:
        """Warn where another engine goes on."""
        before = self.found.run["engine"] if self.found else engine
        if engine != before:
            warnings.warn(
                f"the run was trained by the engine {before}, and goes on by {engine}: its numbers "
                f"will agree to rounding, not to the bit. Pass engine={before!r} to the network for those.",
                CheckpointWarning,
                2,
            )

    def interrupts(self) -> AbstractContextManager[Callable[[], bool]]:
        """With checkpoints Ctrl-C waits for the next event, so that its state can be written."""
        return noted() if self._every else nullcontext(lambda: False)

    def note(self, event: Event) -> None:
        """Remember where the state is to be had."""
        self.state = event.state
        if isinstance(event, BatchEnd):
            self._steps = (event.epoch - 1) * event.batches + event.batch

    def save(self, keeper: Keeper) -> None:
        """Write what stands after the last event, if it is time."""
        if self._every is not None and self.state is not None and self._is_due(self._every):
            self._write(Path(self._every.folder), self.state(), keeper, "")

    def end(self, keeper: Keeper) -> None:
        """Write where and how the run ended; of one that is over, leave that alone, under the first name."""
        if self._every is None:
            return
        try:
            state = self.state() if self.state else self.start
        except InputError:  # a second Ctrl-C in the middle of a step: what was written before stands
            return
        folder, stopped = Path(self._every.folder), keeper.history.stopped
        if state is not None:
            self._write(folder, state, keeper, stopped)
            if stopped in OVER and not self._refused:
                with suppress(OSError):
                    if self._slot == 0:
                        os.replace(folder / SLOTS[1], folder / SLOTS[0])
                    else:
                        (folder / SLOTS[1]).unlink(missing_ok=True)

    def _is_due(self, every: Checkpoints) -> bool:
        if every.batches is not None and self._steps - self._written_steps >= every.batches:
            return True
        return time.monotonic() - self._written_at >= max(every.seconds, self._took / SHARE)

    def _write(self, folder: Path, state: TrainingState, keeper: Keeper, stopped: str) -> None:
        """Write. A disk that refuses is asked again when the next one is due: training goes on."""
        about = {**self._describe(), "engine": keeper.history.engine}
        made = Checkpoint(state, tuple(keeper.history), keeper.best, stopped, about, self._number)
        started = time.monotonic()
        try:
            write_checkpoint(folder / SLOTS[self._slot], made)
            self._slot, self._number, self._refused = 1 - self._slot, self._number + 1, False
        except StorageError as error:
            if not self._refused:
                warnings.warn(
                    f"no checkpoint could be written, and training goes on: {error} The last good one stays.",
                    CheckpointWarning,
                    2,
                )
            self._refused = True
        self._written_steps, self._written_at = self._steps, time.monotonic()
        self._took = self._written_at - started
