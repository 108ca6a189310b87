"""A module of flax.linen and its variables, ready to be called, with its layers asked on the way."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from chainrule.errors import InputError
from chainrule.exchange.flax_ready import Module, Weights, settings
from chainrule.exchange.probing import Recorder


def linen_module(module: Any, variables: Any, call: dict[str, Any]) -> Module:
    """The module with its variables.

    Raises:
        InputError: no variables, or none that hold parameters.
    """
    import jax

    if variables is None and module.scope is not None:
        module, variables = module.unbind()
    collections = _collections(variables)
    told = settings(type(module).__call__, call)
    kernels = [
        leaf
        for path, leaf in jax.tree_util.tree_leaves_with_path(collections["params"])
        if getattr(path[-1], "key", "") == "kernel" and np.ndim(leaf) == 2
    ]

    def apply(x: Any) -> Any:
        return module.apply(collections, x, **told)

    return Module(
        apply,
        lambda recorder, x: _recorded(recorder, apply, x),
        _weights,
        _shown,
        [len(kernel) for kernel in kernels],
        np.result_type(*kernels).name if kernels else "float32",
    )


def _collections(variables: Any) -> dict[str, Any]:
    """Variables by collection, of all that people call so: a state of training, variables, or parameters."""
    from flax import linen
    from flax.core import unfreeze

    if hasattr(variables, "params") and not isinstance(variables, Mapping):  # a TrainState
        found = {"params": variables.params}
        stats = getattr(variables, "batch_stats", None)
        variables = found if stats is None else {**found, "batch_stats": stats}
    if not isinstance(variables, Mapping):
        raise InputError(
            "a module of flax.linen must come with its variables, which hold the weights; got "
            f"{type(variables).__name__}. Give what init or training returned as the second argument."
        )
    plain: dict[str, Any] = linen.meta.unbox(unfreeze(variables))
    return plain if "params" in plain else {"params": plain}


def _recorded(recorder: Recorder, apply: Any, x: Any) -> Any:
    from flax import linen

    asked = linen.Dense, linen.BatchNorm, linen.PReLU, linen.Dropout

    def interceptor(function: Any, args: Any, named: Any, context: Any) -> Any:
        if context.method_name != "__call__" or not isinstance(context.module, asked):
            return function(*args, **named)
        return recorder.call(_Layer(context.module), function, *args, **named)

    with linen.intercept_methods(interceptor):
        return apply(x)


class _Layer:
    """A module while it is bound: afterwards its variables are gone."""

    def __init__(self, module: Any) -> None:
        self.module = module
        found = module.variables
        self.arrays: dict[str, Any] = {
            name: np.asarray(value, np.float64)
            for collection in ("params", "batch_stats")
            for name, value in found.get(collection, {}).items()
        }
        self.name = f"{type(module).__name__} {'/'.join(module.path)!r}"


def _weights(layer: _Layer) -> Weights | None:
    from flax import linen

    module = layer.module
    if isinstance(module, linen.Dense):
        return Weights("affine", layer.arrays)
    if isinstance(module, linen.BatchNorm):
        return Weights("normalization", layer.arrays, module.epsilon, module.axis)
    return Weights("slopes", layer.arrays) if isinstance(module, linen.PReLU) else None


def _shown(layer: _Layer) -> str:
    return layer.name
