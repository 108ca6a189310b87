"""Training: the plan, the loop over epochs and mini-batches, checkpoints, and going on from one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chainrule.about import names_of

if TYPE_CHECKING:
    from chainrule.training.checkpoints import (
        Best,
        Checkpoint,
        Checkpoints,
        find,
        read_checkpoint,
        write_checkpoint,
    )
    from chainrule.training.data import TrainingData, Whole
    from chainrule.training.events import BatchEnd, EpochEnd
    from chainrule.training.loop import train
    from chainrule.training.plan import Plan
    from chainrule.training.state import Position, TrainingState

__all__ = [
    "BatchEnd",
    "Best",
    "Checkpoint",
    "Checkpoints",
    "EpochEnd",
    "Plan",
    "Position",
    "TrainingData",
    "TrainingState",
    "Whole",
    "find",
    "read_checkpoint",
    "train",
    "write_checkpoint",
]

__getattr__, __dir__ = names_of(
    __name__,
    {
        "BatchEnd": "training.events",
        "Best": "training.checkpoints",
        "Checkpoint": "training.checkpoints",
        "Checkpoints": "training.checkpoints",
        "EpochEnd": "training.events",
        "Plan": "training.plan",
        "Position": "training.state",
        "TrainingData": "training.data",
        "TrainingState": "training.state",
        "Whole": "training.data",
        "find": "training.checkpoints",
        "read_checkpoint": "training.checkpoints",
        "train": "training.loop",
        "write_checkpoint": "training.checkpoints",
    },
)
