"""PyTorch as people train with it, in four settings; the data are tensors, indexed by a permutation."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from benchmarks.speed.data import epoch_order
from benchmarks.speed.peers.base import Array, Parameters, Predictor, Task, Trainer


class PyTorch:
    """Eager with three forms of its optimisers, and with a compiled loss."""

    def training(self) -> tuple[str, ...]:
        return ("eager", "foreach", "fused", "compiled")

    def trainer(self, task: Task, setting: str) -> Trainer:
        return Steps(task, setting)

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
