"""A compiled Keras model of ``Dense`` layers: its own loss, and the gradients of its backend.

Written against the documented API of Keras 3; with another backend than these two it is refused.
"""

from __future__ import annotations

from collections.abc import Sequence
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
    backend = keras.backend.backend()
    if backend not in ("tensorflow", "torch"):
        raise InputError(f"Keras must run on TensorFlow or PyTorch here; got {backend}. Set KERAS_BACKEND.")
    widths = (dense[0].kernel.shape[0], *(layer.units for layer in dense))

    def put(weights: Any, biases: Any) -> None:
        for layer, W, b in zip(dense, weights, biases, strict=True):
            layer.kernel.assign(W)
            layer.bias.assign(b)

    def value(x: Any, y: Any) -> Any:
        return thing.compute_loss(x=x, y=y, y_pred=thing(x, training=False))

    def gradients(weights: Any, biases: Any, x: Any, y: Any) -> Any:
        put(weights, biases)
        found = _slopes(backend, dense, value, keras.ops.convert_to_tensor(x), keras.ops.convert_to_tensor(y))
        return found[0::2], found[1::2]

    def loss(weights: Any, biases: Any, x: Any, y: Any) -> float:
        put(weights, biases)
        return float(value(keras.ops.convert_to_tensor(x), keras.ops.convert_to_tensor(y)))

    return Adapted(gradients, loss, tuple(int(n) for n in widths))


def _slopes(backend: str, dense: Any, value: Any, x: Any, y: Any) -> list[Any]:
    variables = [variable for layer in dense for variable in (layer.kernel, layer.bias)]
    if backend == "tensorflow":
        import tensorflow

        with tensorflow.GradientTape() as tape:
            total = value(x, y)
        return [np.asarray(g) for g in tape.gradient(total, [v.value for v in variables])]
    for variable in variables:
        variable.value.grad = None
    value(x, y).backward()
    return [variable.value.grad.detach().cpu().numpy().copy() for variable in variables]
