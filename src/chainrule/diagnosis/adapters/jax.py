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
    """The function ``gradients(params, x, y)`` of a loss, to be handed to `chainrule.diagnose`.

    Raises:
        InputError: JAX is not installed.
    """
    with needed("jax"):
        import jax

    def gradients(params: Any, x: Any, y: Any) -> Any:
        if not isinstance(params, list) or not isinstance(params[0], tuple):
            raise TypeError("params are a list of (W, b)")
        with jax.enable_x64(True):
            given = [(jax.numpy.asarray(W), jax.numpy.asarray(b)) for W, b in params]
            found = jax.grad(loss)(given, jax.numpy.asarray(x), jax.numpy.asarray(y))
            return [(np.asarray(W), np.asarray(b)) for W, b in found]

    return gradients
