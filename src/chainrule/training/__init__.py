"""Training: the plan, the loop over epochs and mini-batches, checkpoints, and going on from one."""

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
