"""Going on from a checkpoint: whether it belongs to the run that is asked for, and writing the next ones."""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from functools import cache
from typing import Any

from chainrule.errors import CheckpointWarning, InputError
from chainrule.model.feedforward import FeedForward
from chainrule.training.checkpoints import OVER, Checkpoint, Keeping
from chainrule.training.data import TrainingData, checksum
from chainrule.training.events import BatchEnd, Event
from chainrule.training.interrupts import noted
from chainrule.training.keeper import Keeper
from chainrule.training.plan import Plan
from chainrule.training.state import TrainingState

STEADY = ("constant", "warm-up + constant")
"""Schedules that do not depend on how many epochs there will be."""


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


class Saver:
    """Writes checkpoints of a run while it goes on; without a folder it does nothing.

    ``describe`` gives what they say of the run. It reads all of the data, and is not called before the
    first checkpoint is due. ``start`` is where to begin without a folder; ``state`` gives the last one.
    """

    def __init__(
        self,
        keeping: Keeping | None,
        describe: Callable[[], dict[str, Any]],
        start: TrainingState | None = None,
    ) -> None:
        self._keeping, self._start = keeping, start
        self._describe: Callable[[], dict[str, Any]] = cache(describe)
        self.state: Callable[[], TrainingState] | None = None
        self._steps = 0

    @property
    def start(self) -> TrainingState | None:
        """The state to begin at, if there is one."""
        found = self._keeping.found if self._keeping else None
        return self._start if found is None else found.state

    def check(self, found: Checkpoint) -> None:
        """Check that a checkpoint is one of this run, and let the next ones say what it says."""
        asked = self._describe()
        check_same(found, asked)
        about = {**found.run, "options": asked["options"]}
        self._describe = lambda: about

    def check_engine(self, engine: str) -> None:
        """Warn where another engine goes on."""
        before = self._keeping.found.run["engine"] if self._keeping and self._keeping.found else engine
        if engine != before:
            warnings.warn(
                f"the run was trained by the engine {before}, and goes on by {engine}: its numbers "
                f"will agree to rounding, not to the bit. Pass engine={before!r} to the network for those.",
                CheckpointWarning,
                2,
            )

    def interrupts(self) -> AbstractContextManager[Callable[[], bool]]:
        """With checkpoints Ctrl-C waits for the next event, so that its state can be written."""
        return noted() if self._keeping else nullcontext(lambda: False)

    def note(self, event: Event) -> None:
        """Remember where the state is to be had."""
        self.state = event.state
        if isinstance(event, BatchEnd):
            self._steps = (event.epoch - 1) * event.batches + event.batch

    def save(self, keeper: Keeper) -> None:
        """Write what stands after the last event, if it is time."""
        if self._keeping is not None and self.state is not None and self._keeping.due(self._steps):
            self._keeping.write(self._checkpoint(self.state(), keeper, ""), self._steps)

    def end(self, keeper: Keeper) -> None:
        """Write where and how the run ended."""
        if self._keeping is None:
            return
        try:
            state = self.state() if self.state else self.start
        except InputError:  # a second Ctrl-C in the middle of a step: what was written before stands
            return
        if state is not None:
            stopped = keeper.history.stopped
            self._keeping.end(self._checkpoint(state, keeper, stopped), self._steps, stopped in OVER)

    def _checkpoint(self, state: TrainingState, keeper: Keeper, stopped: str) -> Checkpoint:
        about = {**self._describe(), "engine": keeper.history.engine}
        return Checkpoint(state, tuple(keeper.history), keeper.best, stopped, about)
