"""What a competitor has to offer: settings, something that trains, something that predicts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, Protocol

from numpy.typing import NDArray

from benchmarks.speed.data import Samples

Array = NDArray[Any]
Parameters = list[tuple[Array, Array]]
"""(W, b) of every layer, W of shape (n_L, n_{L-1})."""
Predictor = Callable[[Array], Array]
"""From X (N, n_0), a NumPy array, to the probabilities (N, K), a NumPy array."""


class Task(NamedTuple):
    """Everything that decides a training run: sigmoid layers, softmax, cross-entropy, float32."""

    layers: tuple[int, ...]
    batch: int
    optimizer: str
    learning_rate: float
    parameters: Parameters
    samples: Samples
    seed: int = 0


class Trainer(Protocol):
    """Trains; only `run` is timed."""

    def reset(self) -> None:
        """Go back to the initial parameters and moments."""

    def run(self, epochs: int) -> float | None:
        """Train for so many epochs, and return when the last number is computed.

        Whoever has to prepare data within this call returns the seconds of the epochs themselves: the others
        have moved and converted theirs before.
        """

    def parameters(self) -> Parameters:
        """The parameters as they are now."""


class Peer(Protocol):
    """A library, with the settings in which it is tried."""

    def training(self) -> tuple[str, ...]:
        """Names of the settings for training."""

    def trainer(self, task: Task, setting: str) -> Trainer:
        """Something that trains in that setting."""

    def prediction(self) -> tuple[str, ...]:
        """Names of the settings for prediction."""

    def predictor(self, parameters: Parameters, setting: str) -> Predictor:
        """Something that predicts in that setting."""

    def forget(self) -> None:
        """Let go of whatever the library keeps of networks before."""


class Multiplier(Protocol):
    """A library whose matrix product is measured."""

    def multiply(self, A: Array, B: Array) -> Callable[[], object]:
        """Something that computes A B, and returns when that is done."""
