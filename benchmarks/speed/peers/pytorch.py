"""PyTorch in five settings; the data are tensors, indexed by a permutation (no DataLoader)."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from benchmarks.speed.data import epoch_order
from benchmarks.speed.peers.base import Array, Parameters, Predictor, Task


class PyTorch:
    """Eager with three forms of its optimisers, and compiled in two ways."""

    def training(self) -> tuple[str, ...]:
        return ("eager", "foreach", "fused", "compiled", "compiled step")

    def trainer(self, task: Task, setting: str) -> Any:
        return CompiledStep(task) if setting == "compiled step" else Steps(task, setting)

    def prediction(self) -> tuple[str, ...]:
        return ("inference_mode", "jit.trace", "compiled")

    def predictor(self, parameters: Parameters, setting: str) -> Predictor:
        model: Any = nn.Sequential(module(parameters), nn.Softmax(dim=1)).eval()
        if setting == "compiled":
            model = torch.compile(model, dynamic=True)
        elif setting == "jit.trace":
            model = traced(model, parameters)

        def predict(X: Array) -> Array:
            with torch.inference_mode():
                outputs: Array = model(torch.from_numpy(X)).numpy()
            return outputs

        return predict

    def multiply(self, A: Array, B: Array) -> Callable[[], object]:
        a, b = torch.from_numpy(A), torch.from_numpy(B)
        return partial(torch.mm, a, b, out=a @ b)

    def forget(self) -> None:
        torch.compiler.reset()  # else it gives up compiling after eight networks


class Steps:
    """`loss.backward()` and `optimizer.step()`, a mini-batch at a time."""

    def __init__(self, task: Task, setting: str) -> None:
        self.task, self.setting = task, setting
        self.X, self.y = (torch.from_numpy(part) for part in task.samples)
        self.model: Any = module(task.parameters)
        self.loss: Any = self._loss
        if setting == "compiled":
            self.loss = torch.compile(self._loss, dynamic=False)

    def reset(self) -> None:
        fill(self.model, self.task.parameters)
        form = {"foreach": {"foreach": True}, "fused": {"fused": True}, "compiled": {"fused": True}}
        options: dict[str, Any] = form.get(self.setting, {"foreach": False})
        make: Any = torch.optim.Adam if self.task.optimizer == "adam" else torch.optim.SGD
        self.optimizer = make(self.model.parameters(), lr=self.task.learning_rate, **options)
        self.epoch = 0

    def run(self, epochs: int) -> None:
        X, y, loss, optimizer = self.X, self.y, self.loss, self.optimizer
        for _ in range(epochs):
            order = torch.from_numpy(epoch_order(self.task.seed, self.epoch, len(X)))
            for rows in order.split(self.task.batch):
                optimizer.zero_grad()
                loss(X[rows], y[rows]).backward()
                optimizer.step()
            self.epoch += 1

    def parameters(self) -> Parameters:
        return [(layer.weight.detach().numpy(), layer.bias.detach().numpy()) for layer in linear(self.model)]

    def _loss(self, x: Any, y: Any) -> Any:
        return F.cross_entropy(self.model(x), y)


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


def module(parameters: Parameters) -> Any:
    """Linear and Sigmoid layers in turn, up to the logits."""
    layers: list[Any] = []
    for W, _ in parameters:
        layers += [nn.Linear(W.shape[1], W.shape[0]), nn.Sigmoid()]
    model = nn.Sequential(*layers[:-1])
    fill(model, parameters)
    return model


def linear(model: Any) -> list[Any]:
    """The layers with weights."""
    return [layer for layer in model if isinstance(layer, nn.Linear)]


def fill(model: Any, parameters: Parameters) -> None:
    """Copy the parameters in."""
    with torch.no_grad():
        for layer, (W, b) in zip(linear(model), parameters, strict=True):
            layer.weight.copy_(torch.from_numpy(np.ascontiguousarray(W)))
            layer.bias.copy_(torch.from_numpy(b))


def traced(model: Any, parameters: Parameters) -> Any:
    """Traced, and its parameters frozen into it."""
    import warnings

    with warnings.catch_warnings(), torch.inference_mode():
        warnings.simplefilter("ignore", DeprecationWarning)
        row = torch.zeros((1, parameters[0][0].shape[1]))
        return torch.jit.freeze(torch.jit.trace(model, row))


def peer(threads: int | None) -> PyTorch:
    """PyTorch with so many threads."""
    torch.set_num_threads(threads or torch.get_num_threads())
    return PyTorch()
