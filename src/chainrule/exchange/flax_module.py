"""A network from a Flax module that is a chain of layers: of Linen with its variables, or of NNX."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

import numpy as np

from chainrule.checks import needed
from chainrule.errors import InputError
from chainrule.exchange.chain import Piece, Refused, Source, network_of, normalization
from chainrule.exchange.flax_linen import linen_module
from chainrule.exchange.flax_nnx import nnx_module
from chainrule.exchange.flax_ready import Module
from chainrule.exchange.probing import PROBES, Named, Recorder, Step, affine, probe, scaled, sloped
from chainrule.model.feedforward import Kind
from chainrule.model.validate import Floats

MUST = (
    "a module must be a chain of Dense or Linear layers with one activation between each two, and softmax, "
    "sigmoid or nothing at the end; BatchNorm and Dropout may stand anywhere"
)


def from_flax(
    kind: type[Kind],
    module: Any,
    variables: Any = None,
    output: Any = None,
    call: Mapping[str, Any] | None = None,
    **options: Any,
) -> Kind:
    """A network of that kind, with the weights of a Flax module that is a chain of Dense or Linear layers.

    The module is run on random rows, and each layer is asked what it does; then the outputs are compared.

    Raises:
        InputError: no such module, variables that do not belong to it, outputs that differ, or an ``output``
            that contradicts them.
    """
    with needed("flax"):
        import jax
        from flax import linen, nnx
    if isinstance(module, linen.Module):
        ready = linen_module(module, variables, dict(call or {}))
    elif isinstance(module, nnx.Module | nnx.GraphDef):
        ready = nnx_module(module, variables, dict(call or {}))
    else:
        raise InputError(
            f"from_flax must be given a module of flax.linen, with its variables, or of flax.nnx; got "
            f"{type(module).__name__}. Give the module itself, and the parameters behind it."
        )
    with jax.default_matmul_precision("highest"):
        recorder, rows, result = _asked(ready, _inputs(ready))
        parts = recorder.parts(rows, result, ready.shown, partial(_explained, ready))
        rounding = max(step.epsilon for step in recorder.steps) if recorder.steps else 0.0
        source = Source(parts, partial(_outputs, ready), ready.dtype, MUST, rounding)
        return network_of(kind, source, output, **options)


def _inputs(module: Module) -> int:
    """How many inputs the module takes: the first width of a layer with which it runs.

    Raises:
        InputError: none of them.
    """
    import jax.numpy as jnp

    errors = []
    for n in dict.fromkeys(module.widths):
        try:
            found = module.call(jnp.zeros((2, n), module.dtype))
        except Exception as error:
            what = str(error).strip().splitlines() or [""]
            errors.append(f"for {n} inputs it raised {type(error).__name__}: {what[0][:200]}")
        else:
            if not hasattr(found, "shape") or found.shape[:1] == (2,):
                return n
            errors.append(f"for {n} inputs it makes shape {found.shape} of 2 rows")
    why = "; ".join(errors[:3]) or "it has no Dense or Linear layer"
    raise InputError(
        f"{MUST}, and take rows of numbers; {why}. Build such a module; arguments that it needs to predict "
        "are given by call={'train': False}."
    )


def _outputs(module: Module, rows: Floats) -> Any:
    import jax.numpy as jnp

    return _numbers(module.call(jnp.asarray(rows, module.dtype)))


def _asked(module: Module, n: int) -> tuple[Recorder, Floats, Any]:
    """The module's layers asked, on which rows, and what came out at the end."""
    import jax
    import jax.numpy as jnp

    recorder = Recorder(lambda numbers, like: jnp.asarray(numbers, like.dtype), _numbers)
    rows = jnp.asarray(probe((PROBES, n), 0), module.dtype)
    try:
        with jax.disable_jit():  # within jit there are no numbers
            result = module.recorded(recorder, rows)
    except jax.errors.TracerArrayConversionError as error:
        raise InputError(
            "the layers of a module must see numbers; here they are traced, as by remat or scan. Take the "
            "module without."
        ) from error
    except Exception as error:
        raise InputError(
            f"the module must take rows of shape {rows.shape}; it raised "
            f"{type(error).__name__}: {error}. Mend it first."
        ) from error
    return recorder, _numbers(rows), result


def _numbers(x: Any) -> Floats:
    return np.asarray(x, np.float64)


def _explained(module: Module, step: Step) -> tuple[list[Piece | None], Any, Any] | None:
    """What the weights of a layer say that it does."""
    name, layer = Named(module.shown(step.part)), module.weights(step.part)
    if layer is None:
        return None
    if layer.kind == "affine":
        W = layer.arrays["kernel"]
        if W.ndim != 2:
            raise Refused(name, f"its weights must be a table; they have shape {W.shape}")
        b = layer.arrays.get("bias", np.zeros(W.shape[1]))
        piece, answer, sums = affine(W.T, b, step.given, name)
        return [piece], answer, sums
    if layer.kind == "normalization":
        if layer.axis not in (-1, 1, (-1,), (1,)) or step.given.ndim != 2:
            raise Refused(name, f"it must normalize each column of rows; axis is {layer.axis}")
        mean, variance, gamma, beta = (layer.arrays.get(term) for term in ("mean", "var", "scale", "bias"))
        return scaled(normalization(mean, variance, layer.epsilon, gamma, beta), step.given)
    return sloped(layer.arrays["negative_slope"], step.given)
