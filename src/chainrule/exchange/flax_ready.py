"""What is known of a Flax module that is ready to be called, of Linen or of NNX."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any, NamedTuple

from chainrule.exchange.probing import Recorder
from chainrule.model.validate import Floats

PREDICTING = {
    **dict.fromkeys(("train", "training", "is_training"), False),
    **dict.fromkeys(("deterministic", "use_running_average", "eval"), True),
}
"""Arguments of modules that say whether they predict."""


class Weights(NamedTuple):
    """What a layer holds: its kind, arrays by name, and what belongs to normalization."""

    kind: str
    arrays: dict[str, Floats]
    epsilon: float = 0.0
    axis: Any = -1


class Module(NamedTuple):
    """A Flax module that is ready to be called."""

    call: Callable[[Any], Any]
    """Its outputs for rows."""
    recorded: Callable[[Recorder, Any], Any]
    """The same, with its layers asked."""
    weights: Callable[[Any], Weights | None]
    """What a layer holds that was asked; None for Dropout."""
    shown: Callable[[Any], str]
    widths: list[int]
    """How many numbers its layers take, in any order."""
    dtype: str


def settings(call: Any, given: dict[str, Any]) -> dict[str, Any]:
    """The arguments with which a module predicts: those given, and those whose name says what they are."""
    names = inspect.signature(call).parameters
    return {**{name: value for name, value in PREDICTING.items() if name in names}, **given}
