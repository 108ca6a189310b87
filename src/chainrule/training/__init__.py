"""Training: the plan, the loop over epochs and mini-batches, checkpoints, and going on from one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chainrule.about import names_of

if TYPE_CHECKING:  # what is imported as itself, type checkers take for exported
    from chainrule.training.checkpoints import Best as Best
    from chainrule.training.checkpoints import Checkpoint as Checkpoint
    from chainrule.training.checkpoints import Checkpoints as Checkpoints
    from chainrule.training.checkpoints import find as find
    from chainrule.training.checkpoints import read_checkpoint as read_checkpoint
    from chainrule.training.checkpoints import write_checkpoint as write_checkpoint
    from chainrule.training.data import TrainingData as TrainingData
    from chainrule.training.data import Whole as Whole
    from chainrule.training.events import BatchEnd as BatchEnd
    from chainrule.training.events import EpochEnd as EpochEnd
    from chainrule.training.loop import train as train
    from chainrule.training.plan import Plan as Plan
    from chainrule.training.state import Position as Position
    from chainrule.training.state import TrainingState as TrainingState

_HOME = {
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
}

__all__ = [*_HOME]

__getattr__, __dir__ = names_of(__name__, _HOME)
