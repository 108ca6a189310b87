"""A compiled Keras model of ``Dense`` layers: its own loss, and the gradients of its backend.

A copy of it runs as it is, in single precision: that is how near its numbers must come, and differences
of its loss are not taken. Run with Keras 3.15 on PyTorch and on JAX.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from chainrule.diagnosis.adapters import Adapted
from chainrule.errors import InputError


def adapted(thing: Any, layers: Sequence[int] | None, criterion: Any = None) -> Adapted:
    """The model as functions: weights (in, out), samples as rows.

    Raises:
        InputError: not compiled, no Dense layers, or an unknown backend.
    """
    import keras

    dense = [layer for layer in thing.layers if isinstance(layer, keras.layers.Dense)]
    if not dense or not all(layer.built and layer.use_bias for layer in dense):
        raise InputError(
            "the model must have built Dense layers with biases; got none. Give it an Input first."
        )
    if not thing.compiled or thing.loss is None:
        raise InputError("the model must have its loss; it is not compiled. Call model.compile(loss=…).")
    backend = keras.backend.backend()
    if backend not in SLOPES:
        raise InputError(f"Keras must run on {', '.join(SLOPES)} here; got {backend}. Set KERAS_BACKEND.")
    widths = (dense[0].kernel.shape[0], *(layer.units for layer in dense))
    model = _copied(thing)
    dense = [layer for layer in model.layers if isinstance(layer, keras.layers.Dense)]
    variables = [variable for layer in dense for variable in (layer.kernel, layer.bias)]

    def value(x: Any, y: Any) -> Any:
        return model.compute_loss(x=x, y=y, y_pred=model(x, training=False))

    def put(weights: Any, biases: Any, *data: Any) -> list[Any]:
        for layer, W, b in zip(dense, weights, biases, strict=True):
            layer.kernel.assign(W)
            layer.bias.assign(b)
        return [keras.ops.convert_to_tensor(np.asarray(one, np.float32)) for one in data]

    def gradients(weights: Any, biases: Any, x: Any, y: Any) -> Any:
        found = SLOPES[backend](variables, value, *put(weights, biases, x, y))
        return found[0::2], found[1::2]

    def loss(weights: Any, biases: Any, x: Any, y: Any) -> float:
        return float(keras.ops.convert_to_numpy(value(*put(weights, biases, x, y))))

    def forward(weights: Any, biases: Any, x: Any) -> Any:
        (given,) = put(weights, biases, x)
        return np.asarray(keras.ops.convert_to_numpy(model(given, training=False)), np.float64)

    return Adapted(gradients, loss, tuple(int(n) for n in widths), forward, automatic=True)


def _copied(thing: Any) -> Any:
    """The same layers with the same loss, so that the weights of the model at hand are left alone."""
    import keras

    thing.compiled = False  # else the clone would be compiled from a description of the loss
    try:
        model = keras.models.clone_model(thing)
    finally:
        thing.compiled = True
    model.compile(loss=thing.loss)
    return model


def _by_tensorflow(variables: Any, value: Any, x: Any, y: Any) -> list[Any]:
    import tensorflow

    with tensorflow.GradientTape() as tape:
        total = value(x, y)
    return [np.asarray(g) for g in tape.gradient(total, [v.value for v in variables])]


def _by_torch(variables: Any, value: Any, x: Any, y: Any) -> list[Any]:
    for variable in variables:
        variable.value.grad = None
    value(x, y).backward()
    return [variable.value.grad.detach().cpu().numpy().copy() for variable in variables]


def _by_jax(variables: Any, value: Any, x: Any, y: Any) -> list[Any]:
    import jax
    import keras

    def total(values: Any) -> Any:
        with keras.StatelessScope(state_mapping=list(zip(variables, values, strict=True))):
            return value(x, y)

    return [np.asarray(g) for g in jax.grad(total)([variable.value for variable in variables])]


SLOPES: dict[str, Callable[..., list[Any]]] = {
    "tensorflow": _by_tensorflow, "torch": _by_torch, "jax": _by_jax,
}  # fmt: skip
"""The gradient of ``value`` in the variables, by backend."""
