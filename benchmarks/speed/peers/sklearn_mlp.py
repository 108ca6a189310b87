"""scikit-learn's MLPClassifier: `partial_fit` over rows already in order.

Without shuffling `partial_fit` takes the rows as they come, so they are put in the epoch's order first, all
at once; that is faster than its own shuffling, which indexes each mini-batch anew. ``fit(max_iter=1,
warm_start=True)`` does the same arithmetic, checks more, and warns.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.neural_network import MLPClassifier

from benchmarks.speed.data import epoch_order
from benchmarks.speed.peers.base import Array, Parameters, Predictor, Task


class ScikitLearn:
    """One setting: no penalty, no momentum, no early stopping."""

    def training(self) -> tuple[str, ...]:
        return ("partial_fit",)

    def trainer(self, task: Task, setting: str) -> PartialFit:
        return PartialFit(task)

    def prediction(self) -> tuple[str, ...]:
        return ("predict_proba",)

    def predictor(self, parameters: Parameters, setting: str) -> Predictor:
        model = classifier([len(parameters[0][0][0]), *(len(b) for _, b in parameters)], 32, "sgd", 0.1)
        start(model, parameters, np.zeros((32, len(parameters[0][0][0])), np.float32))
        predict: Predictor = model.predict_proba
        return predict

    def forget(self) -> None:
        pass


class PartialFit:
    """Passes over the rows by `partial_fit`."""

    def __init__(self, task: Task) -> None:
        self.task, self.epoch = task, 0

    def reset(self) -> None:
        task = self.task
        self.model = classifier(task.layers, task.batch, task.optimizer, task.learning_rate)
        # Its ε stands beside √v, the others' beside √v̂: this one is the same half-way through the epoch.
        self.model.epsilon = 1e-8 * (1 - 0.999 ** (len(task.samples.X) / task.batch / 2)) ** 0.5
        start(self.model, task.parameters, task.samples.X[: task.batch])
        self.epoch = 0

    def run(self, epochs: int) -> None:
        X, y = self.task.samples
        for _ in range(epochs):
            order = epoch_order(self.task.seed, self.epoch, len(X))
            self.model.partial_fit(X[order], y[order])
            self.epoch += 1

    def parameters(self) -> Parameters:
        pairs = zip(self.model.coefs_, self.model.intercepts_, strict=True)
        return [(np.array(W.T), np.array(b)) for W, b in pairs]


def classifier(layers: Any, batch: int, optimizer: str, learning_rate: float) -> Any:
    """A classifier that does what the others do."""
    return MLPClassifier(
        tuple(layers[1:-1]),
        activation="logistic",
        solver=optimizer,
        alpha=0.0,
        batch_size=batch,
        learning_rate_init=learning_rate,
        momentum=0.0,
        nesterovs_momentum=False,
        shuffle=False,
        random_state=0,
    )


def start(model: Any, parameters: Parameters, X: Array) -> None:
    """Let it make its arrays from one mini-batch, then fill them with ours and forget the step."""
    K = len(parameters[-1][1])
    model.partial_fit(X, np.arange(len(X)) % K, classes=np.arange(K))
    model.coefs_ = [np.array(W.T, order="C") for W, _ in parameters]
    model.intercepts_ = [np.array(b) for _, b in parameters]
    del model._optimizer


def peer(threads: int | None) -> ScikitLearn:
    """scikit-learn; its threads are set in the environment."""
    return ScikitLearn()
