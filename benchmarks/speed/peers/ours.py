"""chainrule: `Network.fit` and `Network.predict_proba`, as anybody calls them."""

from __future__ import annotations

from inspect import signature
from typing import Any

import numpy as np

from benchmarks.speed.peers.base import Array, Parameters, Predictor, Task
from chainrule.network import Network


class Ours:
    """The engine that is asked for, and as many threads as it picks unless told."""

    def __init__(self, engine: str, threads: int | None) -> None:
        known = signature(Network.__init__).parameters
        asked: dict[str, Any] = {"engine": engine} | ({} if threads is None else {"threads": threads})
        self.options = {name: value for name, value in asked.items() if name in known}

    def training(self) -> tuple[str, ...]:
        return ("fit",)

    def trainer(self, task: Task, setting: str) -> Fit:
        return Fit(task, self.options)

    def prediction(self) -> tuple[str, ...]:
        return ("predict_proba",)

    def predictor(self, parameters: Parameters, setting: str) -> Predictor:
        return Network.from_parameters(parameters, dtype="float32", **self.options).predict_proba

    def forget(self) -> None:
        pass


class Fit:
    """One call of `Network.fit`; the time of its epochs is its history's, loss and accuracy included."""

    def __init__(self, task: Task, options: dict[str, Any]) -> None:
        self.task, self.options = task, options

    def reset(self) -> None:
        self.network = Network.from_parameters(self.task.parameters, dtype="float32", **self.options)

    def run(self, epochs: int) -> float:
        task = self.task
        history = self.network.fit(
            task.samples.X,
            task.samples.y,
            epochs=epochs,
            batch_size=task.batch,
            optimizer=task.optimizer,
            learning_rate=task.learning_rate,
            seed=task.seed,
            progress=False,
        )
        return sum(record.seconds for record in history)

    def parameters(self) -> Parameters:
        return [(_copy(W), _copy(b)) for W, b in zip(self.network.W, self.network.b, strict=True)]


def _copy(theta: Array) -> Array:
    return np.array(theta)


def peer(threads: int | None) -> Ours:
    """The engine that chainrule picks."""
    return Ours("auto", threads)
