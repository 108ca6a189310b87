"""`Network.fit`: check the data and options, run the loop, keep the best, and record what was done."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from typing import Any

import numpy as np

from chainrule.checks import as_real, as_whole
from chainrule.datasets import Dataset
from chainrule.datasets.streams.parquet_stream import ParquetStream
from chainrule.engines.base import Engine, Unsupported, listening
from chainrule.engines.choice import choose, fall_back
from chainrule.equations.optimizers import as_optimizer, clip_by_value
from chainrule.errors import InputError, TrainingDiverged
from chainrule.history import History
from chainrule.model.dataspec import DataSpec
from chainrule.model.feedforward import FeedForward
from chainrule.model.validate import as_penalty, as_seed
from chainrule.training.checkpoints import Best, Checkpoint, Keeping, as_checkpoints, opened
from chainrule.training.data import Material, material
from chainrule.training.loop import BatchEnd, EpochEnd, Event, Plan, train
from chainrule.training.progress import ProgressBar
from chainrule.training.resume import OVER, Saver, describe, options_of, over
from chainrule.training.schedules import as_schedule
from chainrule.training.state import TrainingState
from chainrule.training.streams import Source, train_stream
from chainrule.types import Params


def fit(
    network: FeedForward,
    data: Any,
    y: Any,
    *,
    validation: Any,
    patience: int | None,
    sample_weight: Any,
    on_epoch: Sequence[Callable[..., Any]],
    on_batch: Sequence[Callable[..., Any]],
    checkpoint: Any,
    resume: bool,
    progress: bool | None,
    **options: Any,
) -> History:
    """Train ``network`` in place. See `Network.fit` for the arguments."""
    plan = _plan(network, **options)
    patience = _patience(patience, validation)
    callbacks = _several(on_epoch), _several(on_batch)
    with _opened(checkpoint, resume) as keeping:
        found = keeping.found if keeping else None
        if found is not None:
            seed = found.run["options"]["seed"] if options["seed"] is None else plan.seed
            plan = plan._replace(seed=seed, first_epoch=found.run["first_epoch"])
        given = material(network, data, y, sample_weight, validation, plan.seed)
        keeper = _Keeper(network, patience, *callbacks)
        saver = Saver(keeping, partial(describe, network, plan, patience, given))
        if found is not None:
            saver.check(found)
            keeper.restore(found)
        if isinstance(data, Dataset | ParquetStream):
            network.data = DataSpec.of(data)
        if not (found and over(found, plan.epochs)):
            _train(keeper, saver, given, plan, progress)
        keeper.finish()
    network.training.append(_record(plan, given.n, patience, keeper.history))
    return keeper.history


def run(
    network: FeedForward,
    plan: Plan,
    given: Material,
    *,
    on_epoch: Sequence[Callable[..., Any]] = (),
    progress: bool | None = None,
    start: TrainingState | None = None,
) -> tuple[History, Callable[[], TrainingState] | None]:
    """Train by a plan on checked data, perhaps from a state on; with what gives the state at the end."""
    keeper, saver = _Keeper(network, None, on_epoch, ()), Saver(None, dict, start)
    _train(keeper, saver, given, plan, progress)
    keeper.finish()
    network.training.append(_record(plan, given.n, None, keeper.history))
    return keeper.history, None if keeper.history.stopped == "interrupted" else saver.state


def _opened(checkpoint: Any, resume: bool) -> AbstractContextManager[Keeping | None]:
    """The folder of checkpoints, if there is to be one."""
    if checkpoint is None:
        if resume:
            raise InputError(
                "resume needs the folder of the checkpoints; got none. Pass checkpoint='folder'."
            )
        return nullcontext()
    return opened(as_checkpoints(checkpoint), resume)


def _train(
    keeper: _Keeper,
    saver: Saver,
    given: Material,
    plan: Plan,
    progress: bool | None,
) -> None:
    """Run the loop to its end, whatever that is."""
    network, start = keeper.network, saver.start
    with ProgressBar(plan.epochs, progress, _samples_done(plan, start, given.n)) as bar:
        with listening(bar.hear):
            keeper.history.engine, events = _begin(
                network, given, plan, every_step=keeper.every_step, start=start
            )
        saver.check_engine(keeper.history.engine)
        try:
            with saver.interrupts() as interrupted:
                for event in events:
                    bar.update(event)
                    saver.note(event)
                    stop = keeper.take(event)
                    if not stop and interrupted():
                        keeper.history.stopped, stop = "interrupted", True
                    if stop:
                        break
                    saver.save(keeper)
        except KeyboardInterrupt:
            keeper.history.stopped = "interrupted"
        except TrainingDiverged as error:
            _diverged(keeper, plan, given.n, error)
            raise
        saver.end(keeper)


def _diverged(keeper: _Keeper, plan: Plan, n: int, error: TrainingDiverged) -> None:
    """Keep the last good parameters, and remember the epochs that were done."""
    network, keeper.history.stopped = keeper.network, "diverged"
    network.params, error.history = keeper.last_good(), keeper.history
    network.training.append(_record(plan, n, keeper.patience, keeper.history))


def _samples_done(plan: Plan, start: TrainingState | None, n: int) -> int:
    if start is None:
        return 0
    return (start.at.epoch - plan.first_epoch) * n + min(start.at.batch * plan.batch_size, n)


def _begin(
    network: FeedForward, given: Material, plan: Plan, every_step: bool, start: TrainingState | None
) -> tuple[str, Iterator[Event]]:
    """Training on the network's engine, or on the reference if that one cannot; and the engine's name."""

    def begin(engine: Engine) -> Iterator[Event]:
        what = engine, network.architecture, network.params
        if isinstance(given.examples, Source):
            return train_stream(*what, given.examples, plan, given.held_out, every_step, start)
        return train(*what, given.examples, plan, given.held_out, every_step, start, given.rows)

    engine = choose(network.engine, network.threads).engine
    try:
        return engine.name, begin(engine)
    except Unsupported as reason:
        engine = fall_back(network.engine, str(reason))
        return engine.name, begin(engine)


class _Keeper:
    """Takes each event of training: keeps the parameters, the history and the best so far."""

    def __init__(
        self,
        network: FeedForward,
        patience: int | None,
        on_epoch: Sequence[Callable[..., Any]],
        on_batch: Sequence[Callable[..., Any]],
    ) -> None:
        self.network = network
        self.history = History()
        self._first = network.params
        self._events: tuple[BatchEnd | None, BatchEnd | None] = None, None
        self.patience = patience
        self._on_epoch = on_epoch
        self._on_batch = on_batch
        self.best: Best | None = None

    @property
    def every_step(self) -> bool:
        """Whether an event must come after every step."""
        return bool(self._on_batch)

    def restore(self, found: Checkpoint) -> None:
        """Be where a checkpoint was written."""
        network, ended = self.network, found.stopped
        network.params = self._first = found.state.params
        network.seed, network.training = found.run["network_seed"], list(found.run["training"])
        self.history = History(found.records, ended if ended in OVER else "finished")
        self.history.engine = found.run["engine"]
        self.best = found.best

    def take(self, event: Event) -> bool:
        """Return whether to stop."""
        if isinstance(event, BatchEnd):
            self._events = self._events[1], event
            if self._on_batch:
                self.network.params = event.params
            return self._call(self._on_batch, event)
        self.history.records.append(event.record)
        if self._on_epoch:
            self.network.params = event.params
        late = self._is_late(event)
        if self._call(self._on_epoch, event.record):
            return True
        if late:
            self.history.stopped = "early stopping"
        return late

    def last_good(self) -> Params:
        """The parameters before the last event: the loss after them was still finite."""
        before = self._events[0]
        return before.params if before else self._first

    def _call(self, callbacks: Sequence[Callable[..., Any]], event: Any) -> bool:
        answers = [callback(event) for callback in callbacks]
        stop = any(isinstance(answer, bool | np.bool_) and answer for answer in answers)
        if stop:
            self.history.stopped = "callback"
        return stop

    def _is_late(self, event: EpochEnd) -> bool:
        if self.patience is None or event.record.val_loss is None:
            return False
        if self.best is None or event.record.val_loss < self.best.loss:
            self.best = Best(event.record.val_loss, event.record.epoch, event.params)
        return event.record.epoch - self.best.epoch >= self.patience

    def finish(self) -> None:
        """Give the network the last parameters; with early stopping those of the lowest validation loss."""
        last = self._events[1]
        if last is not None:
            self.network.params = last.params
        if self.best is not None:
            self.network.params = self.best.params


def _plan(network: FeedForward, **options: Any) -> Plan:
    optimizer = as_optimizer(options["optimizer"])
    if options["clip_value"] is not None:
        optimizer = clip_by_value(optimizer, as_real("clip_value", options["clip_value"], above=0))
    clip_norm, rate = options["clip_norm"], options["learning_rate"]
    return Plan(
        epochs=as_whole("epochs", options["epochs"]),
        batch_size=as_whole("batch_size", options["batch_size"]),
        learning_rate=as_real("learning_rate", optimizer.learning_rate if rate is None else rate, above=0),
        optimizer=optimizer,
        schedule=as_schedule(options["schedule"]),
        penalty=as_penalty(options["l1"], options["l2"]),
        dropout=as_real("dropout", options["dropout"], at_least=0, below=1),
        label_smoothing=as_real("label_smoothing", options["label_smoothing"], at_least=0, below=1),
        seed=network.seed if options["seed"] is None else as_seed(options["seed"]),
        first_epoch=sum(run["epochs_done"] for run in network.training),
        clip_norm=0.0 if clip_norm is None else as_real("clip_norm", clip_norm, above=0),
    )


def _patience(patience: Any, validation: Any) -> int | None:
    if patience is None:
        return None
    if validation is None:
        raise InputError("patience needs validation data to watch; got none. Pass validation=0.1, say.")
    return as_whole("patience", patience)


def _several(callbacks: Any) -> Sequence[Callable[..., Any]]:
    several = [callbacks] if callable(callbacks) else callbacks
    if not isinstance(several, Sequence) or not all(map(callable, several)):
        raise InputError(f"a callback must be a function, or a list of functions; got {callbacks!r}.")
    return several


def _record(plan: Plan, n: int, patience: int | None, history: History) -> dict[str, Any]:
    """What was done, as JSON can hold it."""
    last = history[-1]._asdict() if len(history) else None
    return {
        **options_of(plan, n, patience),
        "epochs_done": len(history),
        "stopped": history.stopped,
        "best_epoch": history.best_epoch,
        "last": last,
    }
