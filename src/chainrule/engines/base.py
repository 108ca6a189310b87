"""What an engine is: something that takes steps of training, and predicts.

Every engine computes the same thing, in its own order of operations: `reference` by the equations as they
stand, `llvm` by machine code made of them. The training loop decides the order of the samples, the learning
rates and the dropout masks, so that these are the same whatever runs.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from typing import Any, NamedTuple, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from chainrule.equations.network import Architecture
from chainrule.equations.optimizers import Optimizer
from chainrule.equations.penalty import Penalty
from chainrule.types import ByLayer, Layer, Params

Floats: TypeAlias = NDArray[np.floating[Any]]
Masks: TypeAlias = ByLayer[Floats]


class Examples(NamedTuple):
    """Checked rows: X (N, n_0), targets Y (N, K), and sample weights (N,) relative to their mean."""

    X: Floats
    Y: Floats
    weight: Floats


class Task(NamedTuple):
    """What is trained, and how one step is taken."""

    net: Architecture
    optimizer: Optimizer
    penalty: Penalty
    dropout: float
    label_smoothing: float
    batch_size: int
    clip_norm: float = 0.0


class Steps(NamedTuple):
    """What came of some steps: the mean loss of each mini-batch just before it, and its right samples."""

    losses: NDArray[np.float64]
    hits: NDArray[np.float64]


class Trainer(Protocol):
    """Parameters on their way: it holds them, and the optimiser's moments, in a form of its own."""

    def take(
        self, order: NDArray[np.intp], first: int, etas: NDArray[np.float64], masks: Sequence[Masks] | None
    ) -> Steps:
        """Take ``len(etas)`` steps, beginning with mini-batch number ``first`` of the epoch.

        Args:
            order: the epoch's samples, in the order they come.
            first: number of the first mini-batch, from 0.
            etas: the learning rate of each step.
            masks: the dropout masks of each step, or None.
        """
        ...

    def snapshot(self, last: bool = False) -> Callable[[], Params]:
        """The parameters as they stand; later steps do not change what the function returns.

        After the ``last`` steps there are none, and nothing need be copied until the function is called.
        """
        ...

    def moments(self) -> ByLayer[Layer]:
        """The optimiser's state of every W and b."""
        ...

    def logits(self, X: Floats) -> Floats:
        """z^H of some rows, by the parameters as they stand. Shapes: X (N, n_0) → (N, n_H)."""
        ...


class Engine(Protocol):
    """A way of running the equations."""

    @property
    def name(self) -> str:
        """What people call it."""
        ...

    def trainer(self, task: Task, params: Params, moments: ByLayer[Layer], examples: Examples) -> Trainer:
        """Begin training from these parameters.

        Raises:
            Unsupported: this engine cannot run something in the task; the message says what.
        """
        ...

    def outputs(
        self, net: Architecture, params: Params, X: Floats, logits: bool = False
    ) -> tuple[Floats, bool]:
        """a^H, or z^H, of some rows, and whether all inputs were finite. Shapes: X (N, n_0) → (N, n_H).

        Raises:
            Unsupported: this engine cannot run something in the network.
        """
        ...

    def few(self, net: Architecture, params: Params) -> Few | None:
        """A short way for a few rows, if this engine has one.

        Raises:
            Unsupported: this engine cannot run something in the network.
        """
        ...


class Few(Protocol):
    """Predicts up to ``most`` rows at once, by parameters that it reads where they are."""

    most: int

    def outputs(self, X: Floats) -> tuple[Floats, bool]:
        """a^H of some rows, and whether all inputs were finite. X: contiguous, of the parameters' dtype."""
        ...


class Unsupported(Exception):
    """An engine cannot run this; another one can."""


@cache
def available_threads() -> int:
    """How many processors this program may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


Listener: TypeAlias = Callable[[float | None], None]
"""Is told of a wait: None when it begins, and the seconds it took when it is over."""

_listener: ContextVar[Listener | None] = ContextVar("listener", default=None)


@contextmanager
def listening(listener: Listener) -> Iterator[None]:
    """Be told when an engine has to generate code first; what it finds in its cache is no wait."""
    before = _listener.set(listener)
    try:
        yield
    finally:
        _listener.reset(before)


def tell(seconds: float | None) -> None:
    """Tell the listener, if there is one."""
    listener = _listener.get()
    if listener is not None:
        listener(seconds)
