"""What is kept of a training run: parameters, history, and the best so far."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import isnan
from typing import Any

import numpy as np

from chainrule.errors import InputError
from chainrule.history import History
from chainrule.model.feedforward import FeedForward
from chainrule.training.checkpoints import OVER, Best, Checkpoint
from chainrule.training.events import BatchEnd, EpochEnd, Event
from chainrule.types import Params


class Keeper:
    """Takes each event of training: keeps the parameters, the history and the best so far."""

    def __init__(
        self,
        network: FeedForward,
        patience: int | None = None,
        on_epoch: Any = (),
        on_batch: Any = (),
    ) -> None:
        self.network = network
        self.history = History()
        self.best: Best | None = None
        self._first = network.params
        self._events: tuple[BatchEnd | None, BatchEnd | None] = None, None
        self._patience = patience
        self._on_epoch = several(on_epoch)
        self._on_batch = several(on_batch)

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
        stop = any_stops(callbacks, event)
        if stop:
            self.history.stopped = "callback"
        return stop

    def _is_late(self, event: EpochEnd) -> bool:
        if self._patience is None or event.record.val_loss is None:
            return False
        if self.best is None or event.record.val_loss < self.best.loss or isnan(self.best.loss):
            self.best = Best(event.record.val_loss, event.record.epoch, event.params)
        return event.record.epoch - self.best.epoch >= self._patience

    def finish(self) -> None:
        """Give the network the last parameters; with early stopping those of the lowest validation loss."""
        last = self._events[1]
        if last is not None:
            self.network.params = last.params
        if self.best is not None:
            self.network.params = self.best.params


def several(callbacks: Any) -> Sequence[Callable[..., Any]]:
    """A function, or several, as a list.

    Raises:
        InputError: something else.
    """
    found = [callbacks] if callable(callbacks) else callbacks
    if not isinstance(found, Sequence) or not all(map(callable, found)):
        raise InputError(f"a callback must be a function, or a list of functions; got {callbacks!r}.")
    return found


def any_stops(callbacks: Sequence[Callable[..., Any]], event: Any) -> bool:
    """Call each of them with an event; return whether one of them answered True."""
    answers = [callback(event) for callback in callbacks]
    return any(isinstance(answer, bool | np.bool_) and answer for answer in answers)
