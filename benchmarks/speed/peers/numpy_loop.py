"""NumPy, as a careful programmer writes it: whole mini-batches, nothing computed twice, updates in place.

In float64 the same loop is what every competitor's result is held to.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from benchmarks.speed.data import epoch_order
from benchmarks.speed.peers.base import Array, Parameters, Predictor, Task


class NumPy:
    """One setting: there is not much to choose."""

    def __init__(self, dtype: str = "float32") -> None:
        self.dtype = dtype

    def training(self) -> tuple[str, ...]:
        return ("loop",)

    def trainer(self, task: Task, setting: str) -> Loop:
        return Loop(task, self.dtype)

    def prediction(self) -> tuple[str, ...]:
        return ("products",)

    def predictor(self, parameters: Parameters, setting: str) -> Predictor:
        def predict(X: Array) -> Array:
            return outputs(parameters, X)

        return predict

    def multiply(self, A: Array, B: Array) -> Callable[[], object]:
        return partial(np.matmul, A, B, out=A @ B)

    def forget(self) -> None:
        pass


class Loop:
    """Mini-batches, forward, backward, update."""

    def __init__(self, task: Task, dtype: str) -> None:
        self.task, self.dtype = task, dtype
        self.X = task.samples.X.astype(dtype, copy=False)
        self.Y = np.eye(task.layers[-1], dtype=dtype)[task.samples.y]

    def reset(self) -> None:
        self.W, self.b = ([pair[k].astype(self.dtype) for pair in self.task.parameters] for k in (0, 1))
        self.t, self.epoch = 0, 0
        self.moments: list[Any] = [(np.zeros_like(p), np.zeros_like(p)) for p in (*self.W, *self.b)]

    def run(self, epochs: int) -> None:
        for _ in range(epochs):
            order = epoch_order(self.task.seed, self.epoch, len(self.X))
            for start in range(0, len(order), self.task.batch):
                rows = order[start : start + self.task.batch]
                self._step(self.X[rows], self.Y[rows])
            self.epoch += 1

    def parameters(self) -> Parameters:
        return list(zip(self.W, self.b, strict=True))

    def _step(self, x: Array, y: Array) -> None:
        a = [x]
        for W, b in zip(self.W[:-1], self.b[:-1], strict=True):
            a.append(sigmoid(a[-1] @ W.T + b))
        delta = softmax(a[-1] @ self.W[-1].T + self.b[-1])
        delta -= y
        delta /= len(x)
        dW, db = [], []
        for L in reversed(range(len(self.W))):
            dW.append(delta.T @ a[L])
            db.append(delta.sum(axis=0))
            if L:
                delta = delta @ self.W[L]
                delta *= a[L] * (1 - a[L])
        self._update((*dW[::-1], *db[::-1]))

    def _update(self, gradients: tuple[Array, ...]) -> None:
        rate = self.task.learning_rate
        self.t += 1
        for theta, g, (m, v) in zip((*self.W, *self.b), gradients, self.moments, strict=True):
            if self.task.optimizer == "adam":
                g = adam_direction(g, m, v, self.t)
            g *= rate
            theta -= g


def adam_direction(g: Array, m: Array, v: Array, t: int) -> Array:
    """Update both moments in place; return m̂ / (√v̂ + ε)."""
    m *= 0.9
    m += (1 - 0.9) * g
    v *= 0.999
    v += (1 - 0.999) * (g * g)
    root = np.sqrt(v)
    root *= 1 / np.sqrt(1 - 0.999**t)
    root += 1e-8
    direction: Array = m / root
    direction *= 1 / (1 - 0.9**t)
    return direction


def sigmoid(z: Array) -> Array:
    """1 / (1 + exp(−z)), in the array of z. Where exp overflows the quotient is 0, as it should be."""
    with np.errstate(over="ignore"):
        np.negative(z, out=z)
        np.exp(z, out=z)
    z += 1
    return np.reciprocal(z, out=z)


def softmax(z: Array) -> Array:
    """exp(z − max z) over its sum, in the array of z."""
    z -= z.max(axis=1, keepdims=True)
    np.exp(z, out=z)
    z /= z.sum(axis=1, keepdims=True)
    return z


def outputs(parameters: Parameters, X: Array) -> Array:
    """The probabilities of every class, (N, K)."""
    a = X
    for W, b in parameters[:-1]:
        a = sigmoid(a @ W.T + b)
    W, b = parameters[-1]
    return softmax(a @ W.T + b)


def peer(threads: int | None) -> NumPy:
    """NumPy; its threads are set in the environment."""
    return NumPy()
