"""A module of flax.nnx, ready to be called, with its layers asked on the way."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from chainrule.errors import InputError
from chainrule.exchange.flax_ready import Module, Weights, settings
from chainrule.exchange.probing import Recorder


def nnx_module(module: Any, state: Any, call: dict[str, Any]) -> Module:
    """A copy of the module, with that state if one is given, as it predicts.

    Raises:
        InputError: a state that does not belong to the module.
    """
    from flax import nnx

    try:
        if isinstance(module, nnx.GraphDef):
            module = nnx.merge(module, state)
        else:
            module = nnx.clone(module)
            if state is not None:
                nnx.update(module, state)
    except Exception as error:
        raise InputError(
            f"a module of flax.nnx must fit its state; {type(error).__name__}: {error}. Give the module "
            "alone, or what nnx.split returned."
        ) from error
    module.eval()
    layers = [
        _Layer(part, f"{type(part).__name__} {'/'.join(map(str, path))!r}")
        for path, part in nnx.iter_graph(module)
        if isinstance(part, nnx.Linear | nnx.BatchNorm | nnx.PReLU | nnx.Dropout)
    ]
    linear = [layer.part for layer in layers if isinstance(layer.part, nnx.Linear)]
    told = settings(type(module).__call__, call)
    return Module(
        lambda x: module(x, **told),
        lambda recorder, x: _recorded(recorder, lambda: module(x, **told), layers),
        _weights,
        lambda layer: layer.name,
        [part.in_features for part in linear],
        np.result_type(*(part.kernel[...] for part in linear)).name if linear else "float32",
    )


class _Layer(NamedTuple):
    """A layer, and its kind and path in the module: `nnx.jit` calls copies."""

    part: Any
    name: str


def _recorded(recorder: Recorder, call: Callable[[], Any], layers: list[_Layer]) -> Any:
    """The result of the copy, whose layers get a class that asks them."""
    kinds = [type(layer.part) for layer in layers]
    try:
        for layer, kind in zip(layers, kinds, strict=True):
            object.__setattr__(layer.part, "__class__", _asked(kind, layer.name, recorder))
        return call()
    finally:
        for layer, kind in zip(layers, kinds, strict=True):
            object.__setattr__(layer.part, "__class__", kind)


def _asked(kind: Any, name: str, recorder: Recorder) -> Any:
    def call(self: Any, *args: Any, **named: Any) -> Any:
        return recorder.call(_Layer(self, name), partial(kind.__call__, self), *args, **named)

    return type(kind.__name__, (kind,), {"__call__": call, "__module__": kind.__module__})


def _weights(layer: _Layer) -> Weights | None:
    from flax import nnx

    part = layer.part
    names = ("kernel", "bias", "scale", "mean", "var", "negative_slope")
    arrays = {name: _numbers(getattr(part, name, None)) for name in names}
    held = {name: array for name, array in arrays.items() if array is not None}
    if isinstance(part, nnx.Linear):
        return Weights("affine", held)
    if isinstance(part, nnx.BatchNorm):
        return Weights("normalization", held, part.epsilon, part.axis)
    return Weights("slopes", held) if isinstance(part, nnx.PReLU) else None


def _numbers(variable: Any) -> Any:
    return None if variable is None else np.asarray(variable[...], np.float64)
