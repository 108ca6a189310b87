"""`Network.fit`: check the data and options, run the loop, keep the best, and record what was done."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

from chainrule.datasets import Dataset, Scaling
from chainrule.datasets.streams.parquet_stream import ParquetStream
from chainrule.engines.base import Unsupported, listening
from chainrule.engines.choice import choose, fall_back
from chainrule.equations.heads import Head
from chainrule.errors import InputError, TrainingDiverged
from chainrule.history import History
from chainrule.model.dataspec import DataSpec
from chainrule.model.feedforward import FeedForward
from chainrule.model.names import names_of
from chainrule.model.weights import as_pos_weighted, check_takes_pos_weight
from chainrule.training.data import TrainingData, Weights, training_data
from chainrule.training.events import Event
from chainrule.training.keeper import Keeper
from chainrule.training.loop import train
from chainrule.training.plan import FitOptions, Plan, plan_of
from chainrule.training.progress import ProgressBar
from chainrule.training.resume import Saver, describe, opened, options_of, over
from chainrule.training.state import TrainingState


def fit(network: FeedForward, data: Any, y: Any, options: FitOptions) -> History:
    """Train ``network`` in place. See `Network.fit` for the arguments."""
    plan = plan_of(options, network)
    before = network.head, network.data
    try:
        network.head = _head(network, options.pos_weight)
        return _fit(network, data, y, options, plan)
    except InputError:
        network.head, network.data = before
        raise


def _head(network: FeedForward, pos_weight: Any) -> Head:
    """The output head, with the weights of labels that are on."""
    if pos_weight is None:
        return network.head
    check_takes_pos_weight(network.head)
    return as_pos_weighted(pos_weight, network.dtype, network.layers[-1])


def _fit(network: FeedForward, data: Any, y: Any, options: FitOptions, plan: Plan) -> History:
    keeper = Keeper(network, plan.patience, options.on_epoch, options.on_batch)
    with opened(options.checkpoint, options.resume) as saver:
        found = saver.found
        if found is not None:
            seed = found.run["options"]["seed"] if options.seed is None else plan.seed
            plan = plan._replace(seed=seed, first_epoch=found.run["first_epoch"])
        network.data = _spec(network, data, y)
        weights = Weights(options.sample_weight, options.class_weight)
        given = training_data(network, data, y, weights, options.validation, plan.seed)
        saver.describe(partial(describe, network, plan, given))
        if found is not None:
            keeper.restore(found)
        if not (found and over(found, plan.epochs)):
            _train(keeper, saver, given, plan, options.progress)
        return _ended(keeper, plan, given.n)


def _spec(network: FeedForward, data: Any, y: Any) -> DataSpec | None:
    """What the data say of themselves: all that a `Dataset` knows, or the class names in y."""
    if isinstance(data, Dataset | ParquetStream):
        return DataSpec.of(data)
    if network.data is not None:
        return network.data
    labels = data[1] if y is None and isinstance(data, tuple) and len(data) == 2 else y
    names = None if labels is None else names_of(labels, network.layers[-1])
    return None if names is None else DataSpec("", names, None, None, Scaling.identity())


def run(
    network: FeedForward,
    plan: Plan,
    given: TrainingData,
    *,
    on_epoch: Sequence[Callable[..., Any]] = (),
    progress: bool | None = None,
    start: TrainingState | None = None,
) -> tuple[History, Callable[[], TrainingState] | None]:
    """Train by a plan on checked data, perhaps from a state on; with what gives the state at the end."""
    keeper, saver = Keeper(network, on_epoch=on_epoch), Saver(start=start)
    _train(keeper, saver, given, plan, progress)
    history = _ended(keeper, plan, given.n)
    return history, None if history.stopped == "interrupted" else saver.state


def _train(keeper: Keeper, saver: Saver, given: TrainingData, plan: Plan, progress: bool | None) -> None:
    """Run the loop to its end, whatever that is."""
    start = saver.start
    with ProgressBar(plan.epochs, progress, _samples_done(plan, start, given.n)) as bar:
        with listening(bar.hear):
            keeper.history.engine, events = _begin(keeper, given, plan, start)
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
            keeper.network.params, error.history = keeper.last_good(), keeper.history
            keeper.history.stopped = "diverged"
            _record(keeper, plan, given.n)
            raise
        saver.end(keeper)


def _samples_done(plan: Plan, start: TrainingState | None, n: int) -> int:
    if start is None:
        return 0
    return (start.at.epoch - plan.first_epoch) * n + min(start.at.batch * plan.batch_size, n)


def _begin(
    keeper: Keeper, given: TrainingData, plan: Plan, start: TrainingState | None
) -> tuple[str, Iterator[Event]]:
    """Training on the network's engine, or on the reference if that one cannot; and the engine's name."""
    network = keeper.network
    what = network.architecture, network.params, given, plan, keeper.every_step, start
    engine = choose(network.engine, network.threads).engine
    try:
        return engine.name, train(engine, *what)
    except Unsupported as reason:
        engine = fall_back(network.engine, str(reason))
        return engine.name, train(engine, *what)


def _ended(keeper: Keeper, plan: Plan, n: int) -> History:
    """Give the network its parameters and its record."""
    keeper.finish()
    _record(keeper, plan, n)
    return keeper.history


def _record(keeper: Keeper, plan: Plan, n: int) -> None:
    """Remember in the network what was done, as JSON can hold it."""
    history = keeper.history
    keeper.network.training.append(
        {
            **options_of(plan, n),
            "epochs_done": len(history),
            "stopped": history.stopped,
            "best_epoch": history.best_epoch,
            "last": history[-1]._asdict() if len(history) else None,
        }
    )
