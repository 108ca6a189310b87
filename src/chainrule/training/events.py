"""What training tells on its way: an event after some steps, and one after each epoch."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias

from chainrule.history import EpochRecord
from chainrule.training.state import TrainingState
from chainrule.types import Params


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
