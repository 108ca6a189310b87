"""The training loop: epochs, shuffled mini-batches, one gradient step each, and what happened on the way.

`train` is a generator. It yields a `BatchEnd` after every step and an `EpochEnd` after every epoch,
each with the parameters as they stand; the caller decides what to keep, show or stop.
Data come in blocks. Samples that are all at hand are one block, on which one trainer works from beginning to
end. Of a stream each block gets a trainer, which takes over parameters and moments unchanged.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterator
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from chainrule.engines.base import Engine, Examples, Masks, Task
from chainrule.engines.reference import first_moments
from chainrule.equations.network import Architecture
from chainrule.errors import InputError, TrainingDiverged
from chainrule.history import EpochRecord, History
from chainrule.training.data import TrainingData
from chainrule.training.events import BatchEnd, EpochEnd, Event
from chainrule.training.pace import Pace
from chainrule.training.plan import Plan
from chainrule.training.randomness import dropout_masks, epoch_randomness
from chainrule.training.score import score
from chainrule.training.state import Position, TrainingState, check_start
from chainrule.types import Params

MASK_NUMBERS = 4_000_000
"""Numbers in the dropout masks that are drawn at a time."""

CHECKED_ROWS = 64
"""Rows looked at after the last step on a block, which no other loss would follow."""


def train(
    engine: Engine,
    net: Architecture,
    params: Params,
    data: TrainingData,
    plan: Plan,
    every_step: bool = False,
    start: TrainingState | None = None,
) -> Iterator[Event]:
    """Train by mini-batch gradient descent, yielding an event now and then, and after each epoch.

    Epoch e draws the order of blocks, of the rows in them, and its dropout masks from (plan.seed, e) alone:
    the same seed gives the same bits, and a second run that starts at epoch e sees the samples in the order a
    longer run would have. With ``every_step`` an event comes after each step, else about every
    `CHUNK_SECONDS`, and less often where copying many parameters takes long.

    With ``start`` it begins there, and ``params`` do not count. Whatever event the state comes from, the
    rest of the run has the same bits as if it had never stopped; blocks that the epoch has behind it are
    read again, but not trained on. A state counts epochs as ``plan.first_epoch`` does: to go on by one more
    epoch after a state, plan 1 epoch, the first being ``state.at.epoch``.

    Raises:
        TrainingDiverged: the loss of a mini-batch, or of the validation data, is NaN or infinite. The
            parameters yielded last but one are the last ones known to be good.
        InputError: ``start`` comes from another optimiser or lies outside the plan; or the blocks have not
            as many samples as announced.
        Unsupported: the engine cannot run this.
    """
    first = first_moments(plan.optimizer, params)
    start = start or TrainingState(params, first, Position(plan.first_epoch))
    run = _Run(engine, net, data, plan, every_step, start)
    check_start(start, first, start.at.epoch - plan.first_epoch, plan.epochs, run.batches)
    run.take_up(data.source.first, start)  # refuses now what the engine cannot run
    return run.epochs(start)


class _Part(NamedTuple):
    """The part of an epoch that is on one block."""

    number: int
    """The epoch's, counted from 1."""
    started: float
    """When the epoch began, by the clock."""
    masks: np.random.Generator
    order: NDArray[np.intp]
    """The rows of all mini-batches."""
    before: int
    """Mini-batches of the epoch before these."""
    stop: int
    """Mini-batches of the epoch when these are done."""


class _Run:
    """A training run under way: the trainer, the block that it works on, and the history."""

    def __init__(
        self,
        engine: Engine,
        net: Architecture,
        data: TrainingData,
        plan: Plan,
        every_step: bool,
        start: TrainingState,
    ) -> None:
        self.engine, self.data, self.plan = engine, data, plan
        self.size = min(plan.batch_size, data.n)
        self.batches = -(-data.n // self.size)
        self.task = Task(
            net, plan.optimizer, plan.penalty, plan.dropout, plan.label_smoothing, self.size, plan.clip_norm
        )
        self.widths = tuple(len(layer.b) for layer in start.params)[:-1] if plan.dropout else ()
        self.pace = Pace(every_step, start.params, self.size)
        self.history = History()

    def take_up(self, block: Examples, state: TrainingState) -> None:
        """Let a trainer go on from a state, on another block."""
        self.block = block
        self.trainer = self.engine.trainer(self.task, state.params, state.moments, block)

    def epochs(self, start: TrainingState) -> Iterator[Event]:
        """All epochs that are left."""
        at, known = start.at, lambda: start.params
        for number in range(at.epoch - self.plan.first_epoch + 1, self.plan.epochs + 1):
            started = time.perf_counter() - at.seconds
            end = yield from self._epoch(number, at, started, known)
            val_loss, val_accuracy = self._validation(end)
            seconds = time.perf_counter() - started
            record = EpochRecord(
                number, end.loss, end.accuracy, val_loss, val_accuracy, end.learning_rate, seconds
            )
            self.history.records.append(record)
            at, known = Position(at.epoch + 1), end.snapshot
            yield EpochEnd(record, end, self._state(end.snapshot, at))

    def _epoch(
        self, number: int, at: Position, started: float, known: Callable[[], Params]
    ) -> Generator[BatchEnd, None, BatchEnd]:
        """The rest of a pass over all blocks; returns its last event.

        ``known`` gives the parameters at its beginning, which are there already and need not be copied again.
        """
        random = epoch_randomness(self.plan.seed, at.epoch)
        if at.masks is not None:
            random.masks.bit_generator.state = at.masks
        end, seen, before = self._event(number, at, known), 0, 0
        for examples, rows in self.data.source.blocks(random.blocks, self.size):
            order = rows[random.order.permutation(len(rows))] if self.plan.shuffle else rows
            part = _Part(number, started, random.masks, order, before, before + -(-len(rows) // self.size))
            seen, before = seen + len(rows), part.stop
            if part.stop > at.batch or seen == self.data.n:
                if examples is not self.block:
                    self.take_up(examples, TrainingState(end.params, self.trainer.moments()))
                at, end = yield from self._steps(part, at, end)
        return end

    def _steps(
        self, part: _Part, at: Position, end: BatchEnd
    ) -> Generator[BatchEnd, None, tuple[Position, BatchEnd]]:
        """The rest of a block's mini-batches; returns where that leads, and the last event."""
        while at.batch < part.stop:
            at = self._take(part, at, end)
            if at.batch == part.stop or self.pace.event_is_due:
                over = part.number == self.plan.epochs and at.batch == self.batches
                with self.pace.event():
                    end = self._event(part.number, at, self.trainer.snapshot(last=over))
                yield end
        last = part.order[(part.stop - part.before - 1) * self.size :][:CHECKED_ROWS]
        if not np.isfinite(self._score(Examples(*(column[last] for column in self.block)))[0]):
            raise self._diverged(end, last)
        return at, end

    def _take(self, part: _Part, at: Position, end: BatchEnd) -> Position:
        """Take as many steps as the pace allows."""
        size, n, first = self.size, len(part.order), at.batch - part.before
        count = self.pace.next(part.stop - at.batch, self._most)
        etas = self.plan.learning_rates(part.number, at.batch, at.batch + count, self.batches)
        rows = np.minimum(size, n - size * np.arange(first, first + count))
        steps = self.trainer.take(part.order, first, etas, self._masks(part.masks, rows))
        self.pace.took(count)
        wrong = ~np.isfinite(steps.losses)
        if wrong.any():
            failed = int(wrong.argmax())
            end = replace(end, batch=at.batch + failed + 1, learning_rate=float(etas[failed]))
            raise self._diverged(end, part.order[(first + failed) * size :][:size])
        return at._replace(
            batch=at.batch + count,
            loss=_add(at.loss, steps.losses * rows),
            hits=at.hits + float(steps.hits.sum()),
            seconds=time.perf_counter() - part.started,
            masks=part.masks.bit_generator.state if self.widths else None,
        )

    def _event(self, number: int, at: Position, snapshot: Callable[[], Params]) -> BatchEnd:
        """The event at a position."""
        samples = min(at.batch * self.size, self.data.n)
        means = at.loss / max(samples, 1), at.hits / max(samples, 1)
        eta = self.plan.learning_rate
        if at.batch:
            eta = float(self.plan.learning_rates(number, at.batch - 1, at.batch, self.batches)[0])
        state = self._state(snapshot, at)
        return BatchEnd(number, at.batch, self.batches, samples, *means, eta, snapshot, state)

    def _state(self, snapshot: Callable[[], Params], at: Position) -> Callable[[], TrainingState]:
        """What gives the state as it stands. Moments are copied when asked for, so it must be soon."""
        begun = self.pace.begun

        def state() -> TrainingState:
            if self.pace.begun != begun:
                raise InputError(
                    "a state must be asked for before training goes on; it has gone on. Ask earlier."
                )
            return TrainingState(snapshot(), self.trainer.moments(), at)

        return state

    def _validation(self, end: BatchEnd) -> tuple[float | None, float | None]:
        """Loss and accuracy of what is held out."""
        if self.data.held_out is None:
            return None, None
        found = self._score(self.data.held_out)
        if not np.isfinite(found[0]):
            raise self._diverged(end, slice(CHECKED_ROWS))
        return found

    def _score(self, examples: Examples) -> tuple[float, float]:
        return score(self.task.net, self.trainer.logits(examples.X), examples)

    @property
    def _most(self) -> int:
        """How many steps' dropout masks may be drawn at a time."""
        numbers = self.size * sum(self.widths)
        return max(1, MASK_NUMBERS // numbers) if numbers else self.data.n

    def _masks(self, rng: np.random.Generator, rows: NDArray[np.intp]) -> list[Masks] | None:
        """The dropout masks of some steps, or None."""
        if not self.widths:
            return None
        dtype = self.block.Y.dtype
        return [dropout_masks(rng, self.plan.dropout, self.widths, n, dtype) for n in rows.tolist()]

    def _diverged(self, at: BatchEnd, rows: Any) -> TrainingDiverged:
        largest_input = float(np.abs(self.block.X[rows]).max())
        largest_weight = max(float(np.abs(layer.W).max()) for layer in at.params)
        if largest_input > 1e3:
            cause = f"the inputs are large (up to {largest_input:.3g}). Scale them to about −1…1 first"
        else:
            cause = (
                f"the learning rate {at.learning_rate:g} is too large (weights have grown to "
                f"{largest_weight:.3g}). Try {at.learning_rate / 10:g}"
            )
        return TrainingDiverged(
            f"the loss must stay finite; it became NaN or infinite in epoch {at.epoch}, mini-batch "
            f"{at.batch}. Most likely {cause}. The network keeps its last good parameters.",
            epoch=at.epoch,
            batch=at.batch,
            history=self.history,
        )


def _add(total: float, values: NDArray[np.float64]) -> float:
    """The sum in one order, whatever parts the values come in."""
    return float(np.add.accumulate(np.concatenate(([total], values)))[-1])
