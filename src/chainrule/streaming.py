"""The training loop over data that come in blocks: the same steps as `chainrule.training`, block after block.

A block's rows are shuffled; what is left of it when no whole mini-batch remains is joined to the next.
Parameters and moments go from block to block unchanged: one block of all samples trains to the same bits.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterator
from dataclasses import replace
from typing import NamedTuple

import numpy as np
from numpy.random import Generator as Random
from numpy.typing import NDArray

from chainrule import training
from chainrule.engines.base import Engine, Examples, Floats, Task
from chainrule.engines.reference import first_moments
from chainrule.equations.network import Architecture
from chainrule.errors import InputError
from chainrule.history import EpochRecord, History
from chainrule.state import Position, TrainingState
from chainrule.training import BatchEnd, EpochEnd, Event, Plan, _Pace, _Run
from chainrule.types import ByLayer, Layer, Params


class Source(NamedTuple):
    """Where blocks come from.

    Attributes:
        rows: samples of an epoch.
        blocks: gives them, in an order that the generator may decide.
    """

    rows: int
    blocks: Callable[[Random], Iterator[Examples]]


class _Course(NamedTuple):
    """What stays the same through a training run."""

    engine: Engine
    task: Task
    source: Source
    plan: Plan
    history: History
    pace: _Pace
    widths: tuple[int, ...]


class _At(NamedTuple):
    """How far an epoch has come."""

    params: Params
    moments: ByLayer[Layer]
    batch: int = 0
    samples: int = 0
    loss: float = 0.0
    hits: float = 0.0


def train_stream(
    engine: Engine,
    net: Architecture,
    params: Params,
    source: Source,
    plan: Plan,
    validation: Examples | None = None,
    every_step: bool = False,
) -> Iterator[Event]:
    """Train by mini-batch gradient descent on blocks, yielding events as `training.train` does.

    Epoch e draws the order of blocks, of the rows in them, and dropout masks from (plan.seed, e) alone.

    Raises:
        TrainingDiverged: the loss of a mini-batch, or of the validation data, is NaN or infinite.
        InputError: the blocks have not as many samples as announced.
        Unsupported: the engine cannot run this.
    """
    size = min(plan.batch_size, source.rows)
    task = Task(net, plan.optimizer, plan.penalty, plan.dropout, plan.label_smoothing, size, plan.clip_norm)
    pace = _Pace(every_step, training._first_steps(params, size))
    widths = tuple(len(layer.b) for layer in params)[:-1]
    course = _Course(engine, task, source, plan, History(), pace, widths)
    moments = first_moments(plan.optimizer, params)
    nothing = Examples(*(np.empty(shape, params[1].W.dtype) for shape in _shapes(params)))
    engine.trainer(task, params, moments, nothing)  # refuses now what it cannot run
    return _epochs(course, _At(params, moments), validation)


def _shapes(params: Params) -> tuple[tuple[int, ...], ...]:
    widths = [params[1].W.shape[1], *(len(layer.b) for layer in params)]
    return (1, widths[0]), (1, widths[-1]), (1,)


def _epochs(course: _Course, at: _At, validation: Examples | None) -> Iterator[Event]:
    plan = course.plan
    for number in range(1, plan.epochs + 1):
        started = time.perf_counter()
        at = at._replace(batch=0, samples=0, loss=0.0, hits=0.0)
        at, end, run = yield from _epoch(course, number, at)
        val_loss, val_accuracy = training._score(run, validation) if validation else (None, None)
        if val_loss is not None and not np.isfinite(val_loss):
            raise training._diverged(end, run.examples.X, course.history)
        record = EpochRecord(
            number,
            end.loss,
            end.accuracy,
            val_loss,
            val_accuracy,
            end.learning_rate,
            time.perf_counter() - started,
        )
        course.history.records.append(record)
        state = TrainingState(at.params, at.moments, Position(plan.first_epoch + number))
        yield EpochEnd(record, end, lambda state=state: state)  # type: ignore[misc]


def _epoch(course: _Course, number: int, at: _At) -> Generator[BatchEnd, None, tuple[_At, BatchEnd, _Run]]:
    """One pass over all blocks."""
    plan, size, source = course.plan, course.task.batch_size, course.source
    epoch = plan.first_epoch + number - 1
    block_rng, order_rng, mask_rng = (
        np.random.default_rng(np.random.SeedSequence(plan.seed, spawn_key=(epoch, stream)))
        for stream in (3, 0, 1)
    )
    end, run = None, None
    for block in joined(source.blocks(block_rng), size, source.rows):
        _check_count(at.samples + len(block.X) <= source.rows, source, "more")
        trainer = course.engine.trainer(course.task, at.params, at.moments, block)
        run = _Run(trainer, course.task, course.widths, block, plan, course.history, course.pace)
        at, end = yield from _block(course, run, number, at, order_rng.permutation(len(block.X)), mask_rng)
    _check_count(at.samples == source.rows, source, str(at.samples))
    assert end is not None
    assert run is not None
    return at, end, run


def _check_count(good: bool, source: Source, gave: str) -> None:
    if not good:
        raise InputError(
            f"a stream must give as many samples as its length says, {source.rows}; it gave {gave}. "
            "Let len() and blocks() agree."
        )


def _block(
    course: _Course, run: _Run, number: int, at: _At, order: NDArray[np.intp], mask_rng: Random
) -> Generator[BatchEnd, None, tuple[_At, BatchEnd]]:
    """All mini-batches of a block."""
    size, n, total = course.task.batch_size, len(order), -(-course.source.rows // course.task.batch_size)
    done, batches, before = 0, -(-n // size), at.batch
    end = _event(run, number, at, total)
    while done < batches:
        stop = done + run.pace.next(batches - done, training._most(run))
        etas = training.learning_rates(run.plan, number, before + done, before + stop, total)
        rows = np.minimum(size, n - size * np.arange(done, stop))
        steps = run.trainer.take(order, done, etas, training._masks(run, mask_rng, rows))
        run.pace.took(stop - done)
        wrong = ~np.isfinite(steps.losses)
        if wrong.any():
            failed = done + int(wrong.argmax())
            end = replace(end, batch=before + failed + 1)
            raise training._diverged(end, run.examples.X[order[failed * size :][:size]], run.history)
        at = at._replace(
            batch=before + stop,
            samples=at.samples + int(rows.sum()),
            loss=training._add(at.loss, steps.losses * rows),
            hits=at.hits + float(steps.hits.sum()),
        )
        done, end = stop, _event(run, number, at, total)
        yield end
    last = order[(batches - 1) * size :][: training.CHECKED_ROWS]
    value, _ = training._score(run, Examples(*(part[last] for part in run.examples)))
    if not np.isfinite(value):
        raise training._diverged(end, run.examples.X[last], run.history)
    return at._replace(params=end.params, moments=run.trainer.moments()), end


def _event(run: _Run, number: int, at: _At, total: int) -> BatchEnd:
    means = at.loss / max(at.samples, 1), at.hits / max(at.samples, 1)
    first = max(at.batch - 1, 0)
    eta = float(training.learning_rates(run.plan, number, first, first + 1, total)[0])
    return BatchEnd(number, at.batch, total, at.samples, *means, eta, run.trainer.snapshot(), _no_state)


def _no_state() -> TrainingState:
    raise InputError(
        "training on a stream can be taken up after an epoch only; it is in the midst of one. "
        "Ask at the end of an epoch."
    )


def joined(blocks: Iterator[Examples], size: int, rows: int) -> Iterator[Examples]:
    """The same rows in blocks of whole mini-batches; only the last of ``rows`` may end with a smaller one."""
    left: Examples | None = None
    seen = 0
    for block in blocks:
        whole = block if left is None else Examples(*map(_stacked, left, block))
        seen += len(block.X)
        count = len(whole.X) if seen == rows else len(whole.X) // size * size
        if count:
            yield Examples(*(part[:count] for part in whole))
        left = Examples(*(part[count:].copy() for part in whole)) if count < len(whole.X) else None
    if left is not None:
        yield left


def _stacked(first: Floats, second: Floats) -> Floats:
    return np.concatenate((first, second))
