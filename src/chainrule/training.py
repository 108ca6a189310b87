"""The training loop: epochs, shuffled mini-batches, one gradient step each, and what happened on the way.

`train` is a generator. It yields a `BatchEnd` after every step and an `EpochEnd` after every epoch,
each with the parameters as they stand; whoever iterates decides what to keep, show or stop.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from chainrule.engines.base import Engine, Examples, Floats, Masks, Task, Trainer
from chainrule.engines.reference import NUMPY, first_moments
from chainrule.equations.network import Architecture
from chainrule.equations.penalty import Penalty
from chainrule.errors import TrainingDiverged
from chainrule.evaluation import correct
from chainrule.history import EpochRecord, History
from chainrule.optimizers import Optimizer
from chainrule.schedules import Schedule
from chainrule.types import ByLayer, Params

CHUNK_SECONDS = 0.2
"""How long an engine is left to itself, so that a progress bar moves and Ctrl-C is heard."""

FIRST_OPERATIONS = 2e9
"""Operations of the first steps, some hundredths of a second's, before it is known how long a step takes."""

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

    @cached_property
    def params(self) -> Params:
        """The parameters after this step."""
        return self.snapshot()


@dataclass(frozen=True)
class EpochEnd:
    """After one epoch: its line of the history, and the parameters."""

    record: EpochRecord
    last: BatchEnd

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
) -> Iterator[Event]:
    """Train by mini-batch gradient descent, yielding an event now and then, and after each epoch.

    Epoch e draws its order and its dropout masks from (plan.seed, e) alone: the same seed gives the same
    bits, and a second run that starts at epoch e sees the samples in the order a longer run would have.
    With ``every_step`` an event comes after each step, else whenever `CHUNK_SECONDS` are over.

    Raises:
        TrainingDiverged: the loss of a mini-batch, or of the validation data, is NaN or infinite. The
            parameters yielded last but one are the last ones known to be good.
        Unsupported: the engine cannot run this.
    """
    task = Task(
        net,
        plan.optimizer,
        plan.penalty,
        plan.dropout,
        plan.label_smoothing,
        min(plan.batch_size, len(examples.X)),
    )
    trainer = engine.trainer(task, params, first_moments(plan.optimizer, params), examples)
    widths = tuple(len(layer.b) for layer in params)[:-1]
    pace = _Pace(every_step, max(1, int(FIRST_OPERATIONS / _operations(params, task.batch_size))))
    run = _Run(trainer, task, widths, examples, plan, History(), pace)
    return _epochs(run, validation, BatchEnd(0, 0, 0, 0, 0.0, 0.0, plan.learning_rate, lambda: params))


def _operations(params: Params, batch_size: int) -> int:
    """About how many operations a step takes: three products of each layer."""
    return int(6 * batch_size * sum(layer.W.size for layer in params))


class _Run(NamedTuple):
    """What stays the same through a training run."""

    trainer: Trainer
    task: Task
    hidden_widths: tuple[int, ...]
    examples: Examples
    plan: Plan
    history: History
    pace: _Pace


def _epochs(run: _Run, validation: Examples | None, end: BatchEnd) -> Iterator[Event]:
    for number in range(1, run.plan.epochs + 1):
        started = time.perf_counter()
        end = yield from _epoch(run, number, end)
        val_loss, val_accuracy = _score(run, validation) if validation else (None, None)
        if val_loss is not None and not np.isfinite(val_loss):
            raise _diverged(end, run.examples.X[:CHECKED_ROWS], run.history)
        seconds = time.perf_counter() - started
        record = EpochRecord(
            number, end.loss, end.accuracy, val_loss, val_accuracy, end.learning_rate, seconds
        )
        run.history.records.append(record)
        yield EpochEnd(record, end)


class _Pace:
    """How many steps to take at a time, from how long the last ones took."""

    def __init__(self, every_step: bool, first: int) -> None:
        self._every_step = every_step
        self._count = first
        self._started = 0.0

    def next(self, left: int, most: int) -> int:
        self._started = time.perf_counter()
        return 1 if self._every_step else min(left, self._count, most)

    def took(self, count: int) -> None:
        seconds = max(time.perf_counter() - self._started, 1e-9)
        self._count = max(1, min(8 * self._count, int(count * CHUNK_SECONDS / seconds)))


def _epoch(run: _Run, number: int, before: BatchEnd) -> Generator[BatchEnd, None, BatchEnd]:
    """One pass over the shuffled examples; returns its last event."""
    plan, n, size = run.plan, len(run.examples.X), run.task.batch_size
    order, mask_rng = epoch_randomness(plan.seed, plan.first_epoch + number - 1, n)
    batches = -(-n // size)
    end = BatchEnd(number, 0, batches, 0, 0.0, 0.0, plan.learning_rate, before.snapshot)
    total_loss = total_hits = 0.0
    while end.batch < batches:
        first, stop = end.batch, end.batch + run.pace.next(batches - end.batch, _most(run))
        etas = learning_rates(plan, number, first, stop, batches)
        rows = np.minimum(size, n - size * np.arange(first, stop))
        steps = run.trainer.take(order, first, etas, _masks(run, mask_rng, rows))
        run.pace.took(stop - first)
        wrong = ~np.isfinite(steps.losses)
        if wrong.any():
            at = first + int(wrong.argmax())
            of_step = order[at * size : (at + 1) * size]
            raise _diverged(replace(end, batch=at + 1), run.examples.X[of_step], run.history)
        total_loss += float(steps.losses @ rows)
        total_hits += float(steps.hits.sum())
        samples = end.samples + int(rows.sum())
        means = total_loss / samples, total_hits / samples
        end = BatchEnd(number, stop, batches, samples, *means, float(etas[-1]), run.trainer.snapshot())
        yield end
    last = order[(batches - 1) * size :][:CHECKED_ROWS]
    value, _ = _score(run, Examples(*(part[last] for part in run.examples)))
    if not np.isfinite(value):
        raise _diverged(end, run.examples.X[last], run.history)
    return end


def _most(run: _Run) -> int:
    """How many steps' dropout masks may be drawn at a time."""
    numbers = run.task.batch_size * sum(run.hidden_widths)
    return max(1, MASK_NUMBERS // numbers) if run.plan.dropout and numbers else len(run.examples.X)


def _masks(run: _Run, rng: np.random.Generator, rows: NDArray[np.intp]) -> list[Masks] | None:
    """The dropout masks of some steps, or None."""
    if not run.plan.dropout or not run.hidden_widths:
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
