"""Training: the plan, the loop over epochs and mini-batches, checkpoints, and going on from one."""

from chainrule.training.checkpoints import (
    Best,
    Checkpoint,
    Checkpoints,
    find,
    read_checkpoint,
    write_checkpoint,
)
from chainrule.training.loop import BatchEnd, EpochEnd, Plan, train
from chainrule.training.state import Position, TrainingState

__all__ = [
    "BatchEnd",
    "Best",
    "Checkpoint",
    "Checkpoints",
    "EpochEnd",
    "Plan",
    "Position",
    "TrainingState",
    "find",
    "read_checkpoint",
    "train",
    "write_checkpoint",
]
