"""PyTorch with forward, backward and update as one compiled function: faster than its usual loops."""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F

from benchmarks.speed.data import epoch_order
from benchmarks.speed.peers.base import Parameters, Predictor, Task, Trainer


class PyTorchStep:
    """One setting; it predicts as PyTorch does, so not here."""

    def training(self) -> tuple[str, ...]:
        return ("compiled step",)

    def trainer(self, task: Task, setting: str) -> Trainer:
        return CompiledStep(task)

    def prediction(self) -> tuple[str, ...]:
        return ()

    def predictor(self, parameters: Parameters, setting: str) -> Predictor:
        raise NotImplementedError("a compiled step trains only")

    def forget(self) -> None:
        torch.compiler.reset()


class CompiledStep:
    """Forward, backward and update as one compiled function of the parameters."""

    def __init__(self, task: Task) -> None:
        self.task = task
        self.X, self.y = (torch.from_numpy(part) for part in task.samples)
        self.step = torch.compile(adam_step if task.optimizer == "adam" else sgd_step, dynamic=False)

    def reset(self) -> None:
        self.theta = [torch.from_numpy(array.copy()) for pair in self.task.parameters for array in pair]
        self.m, self.v = ([torch.zeros_like(p) for p in self.theta] for _ in range(2))
        self.t, self.epoch = torch.zeros(()), 0

    def run(self, epochs: int) -> None:
        rate = self.task.learning_rate
        for _ in range(epochs):
            order = torch.from_numpy(epoch_order(self.task.seed, self.epoch, len(self.X)))
            with torch.no_grad():
                for rows in order.split(self.task.batch):
                    self.step(self.theta, self.m, self.v, self.t, self.X, self.y, rows, rate)
            self.epoch += 1

    def parameters(self) -> Parameters:
        arrays = [theta.numpy() for theta in self.theta]
        return list(zip(arrays[::2], arrays[1::2], strict=True))


def functional_loss(theta: list[Any], x: Any, y: Any) -> Any:
    """Cross-entropy as a function of the parameters."""
    for W, b in zip(theta[:-2:2], theta[1:-2:2], strict=True):
        x = torch.sigmoid(F.linear(x, W, b))
    return F.cross_entropy(F.linear(x, theta[-2], theta[-1]), y)


def sgd_step(theta: list[Any], m: Any, v: Any, t: Any, X: Any, y: Any, rows: Any, rate: float) -> None:
    """One step of gradient descent, in place."""
    g = torch.func.grad(functional_loss)(theta, X[rows], y[rows])
    for p, d in zip(theta, g, strict=True):
        p.sub_(rate * d)


def adam_step(theta: list[Any], m: Any, v: Any, t: Any, X: Any, y: Any, rows: Any, rate: float) -> None:
    """One step of Adam, in place."""
    g = torch.func.grad(functional_loss)(theta, X[rows], y[rows])
    t.add_(1)
    c1, c2 = 1 - 0.9**t, 1 - 0.999**t
    for p, d, mi, vi in zip(theta, g, m, v, strict=True):
        mi.mul_(0.9).add_(0.1 * d)
        vi.mul_(0.999).add_(0.001 * d * d)
        p.sub_(rate * (mi / c1) / ((vi / c2).sqrt() + 1e-8))


def peer(threads: int | None) -> PyTorchStep:
    """PyTorch with so many threads."""
    torch.set_num_threads(threads or torch.get_num_threads())
    return PyTorchStep()
