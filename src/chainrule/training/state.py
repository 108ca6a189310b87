"""Where a training run stands: all that the rest depends on besides plan, data and engine."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from chainrule.errors import InputError
from chainrule.types import ByLayer, Layer, Params


class Position(NamedTuple):
    """How far training has come, and the sums of the epoch under way."""

    epoch: int = 0
    """Epochs that are done, those of earlier runs of the same network among them."""
    batch: int = 0
    """Mini-batches done of the epoch under way."""
    loss: float = 0.0
    """Sum of their samples' losses."""
    hits: float = 0.0
    """How many of their samples were right."""
    seconds: float = 0.0
    """What they took."""
    masks: Mapping[str, Any] | None = None
    """State of the generator of dropout masks; None at the beginning of an epoch, or without dropout."""


class TrainingState(NamedTuple):
    """Parameters, the optimiser's moments of each, and the position. Nothing in it is changed later."""

    params: Params
    moments: ByLayer[Layer]
    at: Position = Position()


def check_start(start: TrainingState, first: ByLayer[Layer], done: int, epochs: int, batches: int) -> None:
    """Check that a run of ``epochs`` epochs of ``batches`` mini-batches can begin at a state.

    ``first`` are the optimiser's moments before any step; ``done`` epochs of this run lie behind the state.

    Raises:
        InputError: it comes from another optimiser, or lies outside the run.
    """
    if _kept(start.moments) != _kept(first):
        raise InputError(
            f"a state must hold the moments of the run's optimiser, {_kept(first)}; it holds "
            f"{_kept(start.moments)}. Go on with the optimiser that the state comes from."
        )
    if not (0 <= done <= epochs and 0 <= start.at.batch <= batches):
        raise InputError(
            f"a state must lie inside the run of {epochs} epochs of {batches} mini-batches; it has {done} "
            f"epochs and {start.at.batch} mini-batches behind it. Make first_epoch, epochs, batch_size fit."
        )


def _kept(moments: ByLayer[Layer]) -> list[str]:
    """Names of the moments that are kept of each parameter."""
    return [name for name in ("first", "second") if getattr(moments[1].W, name) is not None]
