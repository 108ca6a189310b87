"""A loss written for JAX, ``loss(params, x, y)`` with params [(W, b), …]: `jax.grad` of it.

from chainrule.diagnosis.adapters.jax import functions
diagnose(functions(loss), layers=[3, 4, 2], output="softmax")
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from chainrule.checks import needed


def functions(loss: Callable[..., Any]) -> Callable[..., Any]:
    """The function ``gradients(params, x, y)`` of a loss, which it has beside it, for `chainrule.diagnose`.

    Raises:
        InputError: JAX is not installed.
    """
    with needed("jax"):
        import jax

    def gradients(params: Any, x: Any, y: Any) -> Any:
        with jax.enable_x64(True):
            found = jax.grad(loss)(*arrays(params, x, y))
            return [(np.asarray(W), np.asarray(b)) for W, b in found]

    def value(params: Any, x: Any, y: Any) -> float:
        with jax.enable_x64(True):
            return float(loss(*arrays(params, x, y)))

    def arrays(params: Any, *data: Any) -> Any:
        if not isinstance(params, list) or not isinstance(params[0], tuple):
            raise TypeError("params are a list of (W, b)")
        given = [(jax.numpy.asarray(W), jax.numpy.asarray(b)) for W, b in params]
        return given, *map(jax.numpy.asarray, data)

    gradients.loss = value  # type: ignore[attr-defined]
    return gradients
