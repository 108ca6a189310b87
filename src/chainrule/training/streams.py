"""The training loop over data that come in blocks: the steps of `chainrule.training.loop`, block by block.

A block's rows are shuffled; what is left of it when no whole mini-batch remains is joined to the next.
Parameters and moments go from block to block unchanged: one block of all samples trains to the same bits.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterator
from typing import NamedTuple

import numpy as np
from numpy.random import Generator as Random

from chainrule.engines.base import Engine, Examples, Floats, Task
from chainrule.engines.reference import first_moments
from chainrule.equations.network import Architecture
from chainrule.errors import InputError
from chainrule.history import EpochRecord, History
from chainrule.training import loop
from chainrule.training.loop import BatchEnd, EpochEnd, Event, Plan, _Pace, _Run, _Stretch
from chainrule.training.state import Position, TrainingState, check_start
from chainrule.types import Params


class Source(NamedTuple):
    """Where blocks come from.

    Attributes:
        rows: samples of an epoch.
        blocks: gives them, in an order that the generator may decide, and nothing else.
        checksum: what is another for other samples, so far as the stream can say.
    """

    rows: int
    blocks: Callable[[Random], Iterator[Examples]]
    checksum: Callable[[], str] = str


class _Course(NamedTuple):
    """What stays the same through a training run."""

    engine: Engine
    task: Task
    source: Source
    plan: Plan
    history: History
    pace: _Pace
    widths: tuple[int, ...]

    def run(self, state: TrainingState, block: Examples) -> _Run:
        """Training on one block."""
        trainer = self.engine.trainer(self.task, state.params, state.moments, block)
        return _Run(
            trainer, self.task, self.widths, block, self.plan, self.history, self.pace, self.source.rows
        )


def train_stream(
    engine: Engine,
    net: Architecture,
    params: Params,
    source: Source,
    plan: Plan,
    validation: Examples | None = None,
    every_step: bool = False,
    start: TrainingState | None = None,
) -> Iterator[Event]:
    """Train by mini-batch gradient descent on blocks, yielding events as `loop.train` does.

    Epoch e draws the order of blocks, of the rows in them, and dropout masks from (plan.seed, e) alone.
    With ``start`` it begins there, as `loop.train` does: blocks that the epoch has behind it are read
    again, but not trained on.

    Raises:
        TrainingDiverged: the loss of a mini-batch, or of the validation data, is NaN or infinite.
        InputError: the blocks have not as many samples as announced; or ``start`` comes from another
            optimiser or lies outside the plan.
        Unsupported: the engine cannot run this.
    """
    size = min(plan.batch_size, source.rows)
    task = Task(net, plan.optimizer, plan.penalty, plan.dropout, plan.label_smoothing, size, plan.clip_norm)
    pace = loop.first_pace(every_step, params, size)
    widths = tuple(len(layer.b) for layer in params)[:-1]
    course = _Course(engine, task, source, plan, History(), pace, widths)
    first = first_moments(plan.optimizer, params)
    state = start or TrainingState(params, first, Position(plan.first_epoch))
    done = state.at.epoch - plan.first_epoch
    check_start(state, first, done, plan.epochs, -(-source.rows // size))
    nothing = Examples(*(np.empty(shape, params[1].W.dtype) for shape in _shapes(params)))
    course.run(state, nothing)  # refuses now what the engine cannot run
    return _epochs(course, state, validation)


def _shapes(params: Params) -> tuple[tuple[int, ...], ...]:
    widths = [params[1].W.shape[1], *(len(layer.b) for layer in params)]
    return (1, widths[0]), (1, widths[-1]), (1,)


def _epochs(course: _Course, state: TrainingState, validation: Examples | None) -> Iterator[Event]:
    plan = course.plan
    for number in range(state.at.epoch - plan.first_epoch + 1, plan.epochs + 1):
        started = time.perf_counter() - state.at.seconds
        state, end, run = yield from _epoch(course, number, state, started)
        val_loss, val_accuracy = loop._score(run, validation) if validation else (None, None)
        if val_loss is not None and not np.isfinite(val_loss):
            raise loop._diverged(end, run.examples.X, course.history)
        seconds = time.perf_counter() - started
        record = EpochRecord(
            number, end.loss, end.accuracy, val_loss, val_accuracy, end.learning_rate, seconds
        )
        course.history.records.append(record)
        state = state._replace(at=Position(state.at.epoch + 1))
        yield EpochEnd(record, end, lambda state=state: state)  # type: ignore[misc]


def _epoch(
    course: _Course, number: int, state: TrainingState, started: float
) -> Generator[BatchEnd, None, tuple[TrainingState, BatchEnd, _Run]]:
    """The rest of a pass over all blocks."""
    source, size = course.source, course.task.batch_size
    block_rng, order_rng, mask_rng = (
        np.random.default_rng(np.random.SeedSequence(course.plan.seed, spawn_key=(state.at.epoch, stream)))
        for stream in (3, 0, 1)
    )
    if state.at.masks is not None:
        mask_rng.bit_generator.state = state.at.masks
    samples, before = 0, 0
    end, run = None, None
    for block in joined(source.blocks(block_rng), size, source.rows):
        samples += len(block.X)
        _check_count(samples <= source.rows, source, "more")
        order, stop = order_rng.permutation(len(block.X)), before + -(-len(block.X) // size)
        if stop > state.at.batch or samples == source.rows:
            run = course.run(state, block)
            stretch = _Stretch(order, before, mask_rng, started)
            known = loop._as_given(state.params)
            at, end = yield from loop._steps(run, number, state.at, stretch, known)
            state = TrainingState(end.params, run.trainer.moments(), at)
        before = stop
    _check_count(samples == source.rows, source, str(samples))
    assert end is not None
    assert run is not None
    return state, end, run


def _check_count(good: bool, source: Source, gave: str) -> None:
    if not good:
        raise InputError(
            f"a stream must give as many samples as its length says, {source.rows}; it gave {gave}. "
            "Let len() and blocks() agree."
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
