"""What `Network.fit` is asked for, and the plan of a training run that is made of it."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from chainrule.checks import as_one_of, as_real, as_whole
from chainrule.equations.optimizers import OPTIMIZERS, Optimizer, clip_by_value
from chainrule.equations.penalty import Penalty
from chainrule.errors import InputError
from chainrule.history import EpochRecord
from chainrule.model.feedforward import FeedForward
from chainrule.model.validate import as_penalty, as_seed
from chainrule.training.events import BatchEnd
from chainrule.training.schedules import SCHEDULES, Schedule

if TYPE_CHECKING:
    from chainrule.training.checkpoints import Checkpoints


@dataclass(frozen=True, kw_only=True)
class FitOptions:
    """What `Network.fit` was given beside the data, under the same names and not yet checked."""

    epochs: int = 30
    batch_size: int = 10
    learning_rate: float | None = None
    optimizer: str | Optimizer = "sgd"
    schedule: str | Schedule = "constant"
    l1: float = 0.0
    l2: float = 0.0
    dropout: float = 0.0
    label_smoothing: float = 0.0
    clip_norm: float | None = None
    clip_value: float | None = None
    sample_weight: Any = None
    class_weight: Any = None
    pos_weight: Any = None
    validation: Any = None
    patience: int | None = None
    on_epoch: Callable[[EpochRecord], Any] | Sequence[Callable[[EpochRecord], Any]] = ()
    on_batch: Callable[[BatchEnd], Any] | Sequence[Callable[[BatchEnd], Any]] = ()
    seed: int | None = None
    checkpoint: str | os.PathLike[str] | Checkpoints | None = None
    resume: bool = False
    progress: bool | None = None
    shuffle: bool = True
    """Whether each epoch has an order of its own. `Network.fit` always shuffles."""


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
    patience: int | None = None
    """Epochs without a lower validation loss after which training stops; None for any number."""

    def learning_rates(self, epoch: int, first: int, stop: int, batches: int) -> NDArray[np.float64]:
        """η of some steps: the schedule's share at the middle of each mini-batch, times the learning rate."""
        if self.schedule.name == "constant":
            return np.full(stop - first, self.learning_rate)
        middles = (epoch - 1 + (batch + 0.5) / batches for batch in range(first, stop))
        return np.array([self.learning_rate * float(self.schedule.share(m, self.epochs)) for m in middles])


def plan_of(options: FitOptions, network: FeedForward) -> Plan:
    """The checked plan of training ``network``.

    Raises:
        InputError: an option that cannot be right.
    """
    optimizer = as_one_of("optimizer", options.optimizer, Optimizer, OPTIMIZERS)
    if options.clip_value is not None:
        optimizer = clip_by_value(optimizer, as_real("clip_value", options.clip_value, above=0))
    rate = optimizer.learning_rate if options.learning_rate is None else options.learning_rate
    return Plan(
        epochs=as_whole("epochs", options.epochs),
        batch_size=as_whole("batch_size", options.batch_size),
        learning_rate=as_real("learning_rate", rate, above=0),
        optimizer=optimizer,
        schedule=as_one_of("schedule", options.schedule, Schedule, SCHEDULES),
        penalty=as_penalty(options.l1, options.l2),
        dropout=as_real("dropout", options.dropout, at_least=0, below=1),
        label_smoothing=as_real("label_smoothing", options.label_smoothing, at_least=0, below=1),
        seed=network.seed if options.seed is None else as_seed(options.seed),
        first_epoch=sum(run["epochs_done"] for run in network.training),
        clip_norm=0.0 if options.clip_norm is None else as_real("clip_norm", options.clip_norm, above=0),
        shuffle=options.shuffle,
        patience=_patience(options.patience, options.validation),
    )


def _patience(patience: Any, validation: Any) -> int | None:
    if patience is None:
        return None
    if validation is None:
        raise InputError("patience needs validation data to watch; got none. Pass validation=0.1, say.")
    return as_whole("patience", patience)
