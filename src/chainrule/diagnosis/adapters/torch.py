"""A PyTorch module with its loss: autograd's gradients of the ``Linear`` layers, in double precision.

Autograd differentiates what the module computes, so what can be wrong is the loss: softmax taken twice, say.
Dropout is off, as in prediction (``eval``).
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from chainrule.diagnosis.adapters import Adapted
from chainrule.errors import InputError


def adapted(thing: Any, layers: Sequence[int] | None, criterion: Any = None) -> Adapted:
    """The module as functions: weights (out, in), samples as rows.

    Raises:
        InputError: no criterion, no Linear layer, or layers that do not follow each other.
    """
    import torch

    if criterion is None:
        raise InputError(
            "a PyTorch module must come with its loss; got none. Pass criterion=nn.CrossEntropyLoss()."
        )
    module, measure = copy.deepcopy(thing).double().eval(), _in_double(criterion)
    linear = [part for part in module.modules() if isinstance(part, torch.nn.Linear)]
    widths = tuple(part.in_features for part in linear[:1]) + tuple(part.out_features for part in linear)
    if not linear or any(part.bias is None for part in linear):
        raise InputError(
            "the module must have Linear layers with biases; got none. Only such networks are known here."
        )
    if any(a.out_features != b.in_features for a, b in pairwise(linear)):
        raise InputError(
            f"the Linear layers must follow each other; got widths {widths}. Register them in order."
        )

    def put(weights: Any, biases: Any) -> None:
        with torch.no_grad():
            for part, W, b in zip(linear, weights, biases, strict=True):
                part.weight.copy_(torch.as_tensor(W))
                part.bias.copy_(torch.as_tensor(b))

    def ask(weights: Any, biases: Any, x: Any, y: Any) -> Any:
        put(weights, biases)
        module.zero_grad()
        return measure(module(torch.as_tensor(x)), torch.as_tensor(y))

    def gradients(weights: Any, biases: Any, x: Any, y: Any) -> Any:
        ask(weights, biases, x, y).backward()
        return [part.weight.grad.numpy().copy() for part in linear], [
            part.bias.grad.numpy().copy() for part in linear
        ]

    def loss(weights: Any, biases: Any, x: Any, y: Any) -> float:
        return float(ask(weights, biases, x, y).detach())

    def forward(weights: Any, biases: Any, x: Any) -> Any:
        put(weights, biases)
        with torch.no_grad():
            return module(torch.as_tensor(x)).numpy()

    return Adapted(gradients, loss, widths, forward, automatic=True)


def _in_double(criterion: Any) -> Any:
    """The loss with its weights in double precision, on a copy."""
    import torch

    return copy.deepcopy(criterion).double() if isinstance(criterion, torch.nn.Module) else criterion
