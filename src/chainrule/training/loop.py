"""The training loop: epochs, shuffled mini-batches, one gradient step each, and what happened on the way.

`train` is a generator. It yields a `BatchEnd` after every step and an `EpochEnd` after every epoch,
each with the parameters as they stand; whoever iterates decides what to keep, show or stop.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from chainrule.engines.base import Engine, Examples, Floats, Masks, Task, Trainer
from chainrule.engines.reference import NUMPY, first_moments
from chainrule.equations.network import Architecture
from chainrule.equations.optimizers import Optimizer
from chainrule.equations.penalty import Penalty
from chainrule.errors import InputError, TrainingDiverged
from chainrule.evaluation import correct
from chainrule.history import EpochRecord, History
from chainrule.training.schedules import Schedule
from chainrule.training.state import Position, TrainingState, check_start
from chainrule.types import ByLayer, Params

CHUNK_SECONDS = 0.2
"""How long an engine is left to itself, so that a progress bar moves and Ctrl-C is heard.

It may be half as long again, and longer where a copy of the parameters takes long.
"""

SNAPSHOT_SHARE = 0.02
"""How much of the time may go into copies of the parameters, one for each event."""

COPIED_A_SECOND = 1e9
"""Bytes of parameters that are copied in a second, before it is known: into memory not used so far."""

LONGEST_FIRST_CHUNK = 1.0
"""How long it is left to itself at first at most, however many parameters there are."""

FIRST_OPERATIONS = 2e9
"""Operations of the first steps, some hundredths of a second's, before it is known how long a step takes."""

FIRST_STEPS = 400
"""The most of them: however small it is, a step of the reference takes some ten thousandths of a second."""

MASK_NUMBERS = 4_000_000
"""Numbers in the dropout masks that are drawn at a time."""

CHECKED_ROWS = 64
"""Rows looked at after the last step of an epoch, which no other loss would follow."""


class Plan(NamedTuple):
    """Everything that decides a training run besides the data and the initial parameters."""

    epochs: int
    batch_size: int
    learning_rate: float
    optimizer: Optimizer
    schedule: Schedule
    penalty: Penalty
    dropout: float
    label_smoothing: float
    seed: int
    first_epoch: int
    """Epochs this network has seen before: the order of the samples goes on from there."""
    clip_norm: float = 0.0
    """Longest gradient, of all parameters together; 0 for any."""
    shuffle: bool = True
    """Whether each epoch has an order of its own."""


@dataclass(frozen=True)
class BatchEnd:
    """After one step, or several: running means of the epoch so far, and the new parameters."""

    epoch: int
    batch: int
    batches: int
    samples: int
    loss: float
    accuracy: float
    learning_rate: float
    snapshot: Callable[[], Params]
    state: Callable[[], TrainingState]
    """The state after this step, from which `train` can go on; ask for it before training goes on."""

    @cached_property
    def params(self) -> Params:
        """The parameters after this step."""
        return self.snapshot()


@dataclass(frozen=True)
class EpochEnd:
    """After one epoch: its line of the history, and the parameters."""

    record: EpochRecord
    last: BatchEnd
    state: Callable[[], TrainingState]
    """The state after this epoch, from which `train` can go on; ask for it before training goes on."""

    @property
    def params(self) -> Params:
        """The parameters after this epoch."""
        return self.last.params


Event: TypeAlias = BatchEnd | EpochEnd


def train(
    engine: Engine,
    net: Architecture,
    params: Params,
    examples: Examples,
    plan: Plan,
    validation: Examples | None = None,
    every_step: bool = False,
    start: TrainingState | None = None,
    rows: NDArray[np.intp] | None = None,
) -> Iterator[Event]:
    """Train by mini-batch gradient descent, yielding an event now and then, and after each epoch.

    Epoch e draws its order and its dropout masks from (plan.seed, e) alone: the same seed gives the same
    bits, and a second run that starts at epoch e sees the samples in the order a longer run would have.
    With ``every_step`` an event comes after each step, else about every `CHUNK_SECONDS`, and less often where
    there are so many parameters that copying them takes long.

    With ``rows`` it trains on these rows of the examples alone, as if they were all; they are not copied.

    With ``start`` it begins there, and ``params`` do not count. Whatever event the state comes from, the
    rest of the run has the same bits as if it had never stopped. A state counts epochs as
    ``plan.first_epoch`` does: to go on by one more epoch after a state, plan 1 epoch, the first being
    ``state.at.epoch``.

    Raises:
        TrainingDiverged: the loss of a mini-batch, or of the validation data, is NaN or infinite. The
            parameters yielded last but one are the last ones known to be good.
        InputError: ``start`` comes from another optimiser or lies outside the plan.
        Unsupported: the engine cannot run this.
    """
    n = len(examples.X) if rows is None else len(rows)
    task = Task(
        net,
        plan.optimizer,
        plan.penalty,
        plan.dropout,
        plan.label_smoothing,
        min(plan.batch_size, n),
        plan.clip_norm,
    )
    first = first_moments(plan.optimizer, params)
    start = start or TrainingState(params, first, Position(plan.first_epoch))
    done, batches = start.at.epoch - plan.first_epoch, -(-n // task.batch_size)
    check_start(start, first, done, plan.epochs, batches)
    trainer = engine.trainer(task, start.params, start.moments, examples)
    widths = tuple(len(layer.b) for layer in params)[:-1]
    pace = first_pace(every_step, params, task.batch_size)
    run = _Run(trainer, task, widths, examples, plan, History(), pace, n, rows)
    return _epochs(run, validation, start)


def first_pace(every_step: bool, params: Params, batch_size: int) -> _Pace:
    """The pace to begin with; a step is about three products of each layer."""
    operations = 6 * batch_size * sum(layer.W.size for layer in params)
    steps = max(1, min(FIRST_STEPS, int(FIRST_OPERATIONS / operations)))
    seconds = sum(layer.W.nbytes for layer in params) / COPIED_A_SECOND
    return _Pace(every_step, steps, min(_chunk(seconds), LONGEST_FIRST_CHUNK))


def _chunk(copying: float) -> float:
    """Seconds between two events, if a copy of the parameters takes so long."""
    return max(CHUNK_SECONDS, copying / SNAPSHOT_SHARE)


class _Run(NamedTuple):
    """What stays the same through a training run."""

    trainer: Trainer
    task: Task
    hidden_widths: tuple[int, ...]
    examples: Examples
    plan: Plan
    history: History
    pace: _Pace
    n: int
    """Samples of an epoch."""
    rows: NDArray[np.intp] | None = None
    """Those of the examples that are trained on, where it is not all."""


class _Stretch(NamedTuple):
    """Mini-batches of an epoch one after another: a whole epoch, or one block of a stream."""

    order: NDArray[np.intp]
    """The samples of all mini-batches, by their place among the examples."""
    before: int
    """Mini-batches of the epoch before these."""
    mask_rng: np.random.Generator
    started: float
    """When the epoch began, by the clock."""


def _epochs(run: _Run, validation: Examples | None, start: TrainingState) -> Iterator[Event]:
    at, known = start.at, _as_given(start.params)
    for number in range(at.epoch - run.plan.first_epoch + 1, run.plan.epochs + 1):
        started = time.perf_counter() - at.seconds
        end = yield from _epoch(run, number, at, started, known)
        val_loss, val_accuracy = _score(run, validation) if validation else (None, None)
        if val_loss is not None and not np.isfinite(val_loss):
            raise _diverged(end, run.examples.X[:CHECKED_ROWS], run.history)
        seconds = time.perf_counter() - started
        record = EpochRecord(
            number, end.loss, end.accuracy, val_loss, val_accuracy, end.learning_rate, seconds
        )
        run.history.records.append(record)
        at, known = Position(at.epoch + 1), end.snapshot
        yield EpochEnd(record, end, _state(run, end.snapshot, at))


def _state(run: _Run, snapshot: Callable[[], Params], at: Position) -> Callable[[], TrainingState]:
    """What gives the state as it stands. Moments are copied when asked for, so it must be soon."""
    begun = run.pace.begun

    def state() -> TrainingState:
        if run.pace.begun != begun:
            raise InputError(
                "a state must be asked for before training goes on; it has gone on. Ask earlier."
            )
        return TrainingState(snapshot(), run.trainer.moments(), at)

    return state


class _Pace:
    """How many steps to take at a time, from how long the last ones took."""

    def __init__(self, every_step: bool, first: int, chunk: float) -> None:
        self._every_step = every_step
        self._count = first
        self._started = 0.0
        self._chunk = chunk
        self._since_event = 0.0
        self.begun = 0

    def next(self, left: int, most: int) -> int:
        """How many of the steps that are left: no small rest, whose event would cost as much as any."""
        self._started = time.perf_counter()
        self.begun += 1
        count = left if left <= self._count * 3 // 2 else self._count
        return 1 if self._every_step else min(count, most)

    def took(self, count: int) -> None:
        seconds = max(time.perf_counter() - self._started, 1e-9)
        self._count = max(1, min(8 * self._count, int(count * self._chunk / seconds)))
        self._since_event += seconds

    @property
    def event_is_due(self) -> bool:
        """Not after few steps, such as those at the beginning that show how long a step takes."""
        return self._every_step or self._since_event > self._chunk / 2

    @contextmanager
    def event(self) -> Iterator[None]:
        """Around what an event takes: where parameters are many, events are rarer."""
        started, self._since_event = time.perf_counter(), 0.0
        yield
        self._chunk = _chunk(time.perf_counter() - started)


def _as_given(params: Params) -> Callable[[], Params]:
    return lambda: params


def _epoch(
    run: _Run, number: int, at: Position, started: float, known: Callable[[], Params]
) -> Generator[BatchEnd, None, BatchEnd]:
    """The rest of a pass over the shuffled examples; returns its last event."""
    plan = run.plan
    order, mask_rng = epoch_randomness(plan.seed, at.epoch, run.n)
    order = order if plan.shuffle else np.arange(run.n)
    order = order if run.rows is None else run.rows[order]
    if at.masks is not None:
        mask_rng.bit_generator.state = at.masks
    _, end = yield from _steps(run, number, at, _Stretch(order, 0, mask_rng, started), known)
    return end


def _steps(
    run: _Run, number: int, at: Position, stretch: _Stretch, known: Callable[[], Params]
) -> Generator[BatchEnd, None, tuple[Position, BatchEnd]]:
    """The rest of a stretch's mini-batches; returns where that leads, and the last event.

    ``known`` gives the parameters at its beginning, which are there already and need not be copied again.
    """
    plan, size, (order, before, mask_rng, started) = run.plan, run.task.batch_size, stretch
    n, batches = len(order), -(-run.n // size)
    stop = before + -(-n // size)
    end = _batch_end(run, number, at, batches, known)
    while at.batch < stop:
        first = at.batch - before
        count = run.pace.next(stop - at.batch, _most(run))
        etas = learning_rates(plan, number, at.batch, at.batch + count, batches)
        rows = np.minimum(size, n - size * np.arange(first, first + count))
        steps = run.trainer.take(order, first, etas, _masks(run, mask_rng, rows))
        run.pace.took(count)
        wrong = ~np.isfinite(steps.losses)
        if wrong.any():
            failed = int(wrong.argmax())
            of_step = order[(first + failed) * size :][:size]
            end = replace(end, batch=at.batch + failed + 1, learning_rate=float(etas[failed]))
            raise _diverged(end, run.examples.X[of_step], run.history)
        at = at._replace(
            batch=at.batch + count,
            loss=_add(at.loss, steps.losses * rows),
            hits=at.hits + float(steps.hits.sum()),
            seconds=time.perf_counter() - started,
            masks=mask_rng.bit_generator.state if _drops(run) else None,
        )
        if at.batch < stop and not run.pace.event_is_due:
            continue
        over = number == plan.epochs and at.batch == batches
        with run.pace.event():
            end = _batch_end(run, number, at, batches, run.trainer.snapshot(last=over))
        yield end
    last = order[(stop - before - 1) * size :][:CHECKED_ROWS]
    value, _ = _score(run, Examples(*(part[last] for part in run.examples)))
    if not np.isfinite(value):
        raise _diverged(end, run.examples.X[last], run.history)
    return at, end


def _batch_end(
    run: _Run, number: int, at: Position, batches: int, snapshot: Callable[[], Params]
) -> BatchEnd:
    """The event at a position."""
    plan, samples = run.plan, min(at.batch * run.task.batch_size, run.n)
    means = at.loss / max(samples, 1), at.hits / max(samples, 1)
    eta = plan.learning_rate
    if at.batch:
        eta = float(learning_rates(plan, number, at.batch - 1, at.batch, batches)[0])
    return BatchEnd(number, at.batch, batches, samples, *means, eta, snapshot, _state(run, snapshot, at))


def _add(total: float, values: NDArray[np.float64]) -> float:
    """The sum in one order, whatever parts the values come in."""
    return float(np.add.accumulate(np.concatenate(([total], values)))[-1])


def _drops(run: _Run) -> bool:
    """Whether there are dropout masks."""
    return bool(run.plan.dropout and run.hidden_widths)


def _most(run: _Run) -> int:
    """How many steps' dropout masks may be drawn at a time."""
    numbers = run.task.batch_size * sum(run.hidden_widths)
    return max(1, MASK_NUMBERS // numbers) if run.plan.dropout and numbers else run.n


def _masks(run: _Run, rng: np.random.Generator, rows: NDArray[np.intp]) -> list[Masks] | None:
    """The dropout masks of some steps, or None."""
    if not _drops(run):
        return None
    dtype = run.examples.Y.dtype
    return [dropout_masks(rng, run.plan.dropout, run.hidden_widths, n, dtype) for n in rows.tolist()]


def learning_rates(plan: Plan, epoch: int, first: int, stop: int, batches: int) -> NDArray[np.float64]:
    """η of some steps: the schedule's share at the middle of each mini-batch, times the learning rate."""
    if plan.schedule.name == "constant":
        return np.full(stop - first, plan.learning_rate)
    middles = (epoch - 1 + (batch + 0.5) / batches for batch in range(first, stop))
    return np.array([plan.learning_rate * float(plan.schedule.share(m, plan.epochs)) for m in middles])


def epoch_randomness(seed: int, epoch: int, n: int) -> tuple[NDArray[np.intp], np.random.Generator]:
    """The order of the samples in one epoch, and the generator of its dropout masks."""
    order_rng, mask_rng = (
        np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(epoch, stream))) for stream in (0, 1)
    )
    return order_rng.permutation(n), mask_rng


def dropout_masks(
    rng: np.random.Generator, rate: float, widths: Sequence[int], n: int, dtype: np.dtype[Any]
) -> Masks:
    """Masks r^L for the hidden layers: 0 at ``rate``, else 1/(1 − rate). Eq. D1.

    Shapes: ``widths`` of the hidden layers → r[L] (n, n_L).
    """
    scale = dtype.type(1 - rate)
    return ByLayer((rng.random((n, width), np.float32) >= rate).astype(dtype) / scale for width in widths)


@np.errstate(over="ignore", invalid="ignore", divide="ignore")
def mean_loss(net: Architecture, z_H: Floats, examples: Examples) -> float:
    """Weighted mean loss from the logits, without penalty."""
    losses = net.head.loss(NUMPY, z_H, examples.Y)
    return float((losses * examples.weight).sum() / examples.weight.sum())


@np.errstate(over="ignore", invalid="ignore")
def _score(run: _Run, examples: Examples) -> tuple[float, float]:
    """Weighted mean loss, and accuracy, without dropout, smoothing or penalty."""
    net = run.task.net
    z_H = run.trainer.logits(examples.X)
    a_H = net.head.predict(NUMPY, z_H)
    return mean_loss(net, z_H, examples), float(correct(a_H, examples.Y, net.head.multi_label).mean())


def _diverged(at: BatchEnd, x: Floats, history: History) -> TrainingDiverged:
    largest_input = float(np.abs(x).max())
    largest_weight = max(float(np.abs(layer.W).max()) for layer in at.params)
    if largest_input > 1e3:
        cause = f"the inputs are large (up to {largest_input:.3g}). Scale them to about −1…1 first"
    else:
        cause = (
            f"the learning rate {at.learning_rate:g} is too large (weights have grown to "
            f"{largest_weight:.3g}). Try {at.learning_rate / 10:g}"
        )
    return TrainingDiverged(
        f"the loss must stay finite; it became NaN or infinite in epoch {at.epoch}, mini-batch {at.batch}. "
        f"Most likely {cause}. The network keeps its last good parameters.",
        epoch=at.epoch,
        batch=at.batch,
        history=history,
    )
