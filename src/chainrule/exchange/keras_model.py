"""A network from a Keras model that is a chain of layers."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from functools import partial
from math import prod
from typing import Any

import numpy as np

from chainrule.checks import needed
from chainrule.errors import InputError
from chainrule.exchange.chain import EPSILONS, Piece, Refused, Source, network_of, normalization
from chainrule.exchange.matching import matched
from chainrule.exchange.probing import PROBES, Named, Recorder, Step, affine, probe, scaled, sloped
from chainrule.model.feedforward import Kind
from chainrule.model.validate import Floats

MUST = (
    "a model must be a chain of Dense layers with one activation between each two, and softmax, sigmoid or "
    "nothing at the end; layers that do nothing, or a line for each column, to predictions may stand anywhere"
)


def from_keras(kind: type[Kind], model: Any, output: Any = None, **options: Any) -> Kind:
    """A network of that kind, with the weights of a Keras model that is a chain of Dense layers.

    The model is run on random rows, and each layer is asked what it does; then the outputs are compared.

    Raises:
        InputError: no built model of Keras 3, another layer in it, outputs that differ, or an ``output`` that
            contradicts them.
    """
    with needed("keras"):
        import keras
    if not isinstance(model, keras.Layer):
        raise InputError(
            f"from_keras must be given a model of Keras 3; got {type(model).__name__}. A file is read by "
            "keras.models.load_model; a model of tf.keras 2 must be saved and loaded with Keras 3."
        )
    with _precise(keras):
        shape = _input_shape(model)
        layers = [layer for layer in model._flatten_layers() if _is_leaf(keras, layer)]

        def outputs(rows: Floats) -> Any:
            return _numbers(keras, _called(keras, model, rows.reshape(-1, *shape)))

        parts = _parts(keras, model, layers, shape)
        source = Source(parts, outputs, _dtype(model, layers), MUST, _rounding(keras))
        return network_of(kind, source, output, **options)


def _dtype(model: Any, layers: list[Any]) -> str:
    """The shortest type on the way."""
    types = {str(x.dtype) for x in getattr(model, "inputs", None) or []}
    for layer in [model, *layers]:
        types |= {layer.compute_dtype, layer.variable_dtype}
    return next((name for name in ("bfloat16", "float16", "float32") if name in types), "float64")


def _rounding(keras: Any) -> float:
    """The least rounding error. Keras 3.15 multiplies float64 in float32 on some backends (keras#23704)."""
    return EPSILONS[str(keras.backend.result_type("float64", "float64"))]


def _precise(keras: Any) -> Any:
    """Products in full precision, where the backend would round on some machines."""
    if keras.backend.backend() != "jax":
        return nullcontext()
    import jax

    return jax.default_matmul_precision("highest")


def _is_leaf(keras: Any, layer: Any) -> bool:
    """Whether a layer is asked as a whole: a Dense layer, and all others without layers inside."""
    return isinstance(layer, keras.layers.Dense) or not layer._flatten_layers(include_self=False)


def _input_shape(model: Any) -> tuple[int, ...]:
    """The shape of one sample."""
    if not model.built:
        raise InputError(
            f"the model must have weights; {_shown(model)} is not built. Begin it with keras.Input((n,)), or "
            "call it once."
        )
    inputs = getattr(model, "inputs", None)
    if inputs and len(inputs) > 1:
        raise InputError(f"{MUST}; got {_shown(model)} with {len(inputs)} inputs.")
    shape = inputs[0].shape if inputs else (model.get_build_config() or {}).get("input_shape")
    if (
        not isinstance(shape, tuple | list)
        or len(shape) < 2
        or not all(isinstance(n, int) for n in shape[1:])
    ):
        raise InputError(
            f"the shape of a sample must be known; {_shown(model)} was built for {shape}. Begin it with "
            "keras.Input((n,))."
        )
    if inputs and "float" not in str(inputs[0].dtype):
        raise InputError(
            f"the inputs must be floats, which the random rows are; {_shown(model)} takes {inputs[0].dtype}. "
            "Put its layers behind a keras.Input without dtype."
        )
    return tuple(shape[1:])


def _parts(keras: Any, model: Any, layers: list[Any], shape: tuple[int, ...]) -> Iterator[Any]:
    """The chain's parts. The model is run when the first is taken."""
    quantised = [layer for layer in layers if getattr(layer, "quantization_mode", None)]
    if quantised:
        part = quantised[0]
        mode = part.quantization_mode
        raise Refused(Named(_shown(part)), f"its weights are quantised ({mode}); take the model from before")

    def like(numbers: Floats, tensor: Any) -> Any:
        return keras.ops.convert_to_tensor(numbers, dtype=keras.backend.standardize_dtype(tensor.dtype))

    recorder = Recorder(like, partial(_numbers, keras), _rounding(keras))
    rows = probe((PROBES, prod(shape)), 0)
    with _asked(layers, recorder):
        result = _called(keras, model, rows.reshape(-1, *shape))
    yield from recorder.parts(rows, result, _shown, partial(_explained, keras))


@contextmanager
def _asked(layers: list[Any], recorder: Recorder) -> Iterator[None]:
    """Calls of the layers go through the recorder; afterwards they are as before."""
    kinds = [(layer, type(layer)) for layer in layers]
    try:
        for layer, kind in kinds:
            object.__setattr__(layer, "__class__", _recorded(kind, recorder))
        yield
    finally:
        for layer, kind in kinds:
            object.__setattr__(layer, "__class__", kind)


def _recorded(kind: Any, recorder: Recorder) -> Any:
    def call(self: Any, *args: Any, **named: Any) -> Any:
        return recorder.call(self, partial(kind.__call__, self), *args, **named)

    return type(kind.__name__, (kind,), {"__call__": call, "__module__": kind.__module__})


def _called(keras: Any, model: Any, rows: Floats) -> Any:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of what random rows overflow, and of backends' own old calls
            return model(keras.ops.convert_to_tensor(rows, dtype=model.compute_dtype), training=False)
    except Exception as error:
        raise InputError(
            f"the model must take rows of shape {rows.shape}; it raised "
            f"{type(error).__name__}: {error}. Mend it first."
        ) from error


def _numbers(keras: Any, tensor: Any) -> Floats:
    return np.asarray(keras.ops.convert_to_numpy(tensor), np.float64)


def _explained(keras: Any, step: Step) -> tuple[list[Piece | None], Any, Any] | None:
    """What the weights of a layer say that it does. LoRA's matrices are part of a layer's ``kernel``."""
    part, numbers = step.part, partial(_numbers, keras)
    name = Named(_shown(part))
    if isinstance(part, keras.layers.Dense):
        W = numbers(part.kernel).T
        b = np.zeros(len(W)) if part.bias is None else numbers(part.bias)
        layer, z, sums = affine(W, b, step.given, name)
        if part.activation is None:
            return [layer], z, sums
        return [layer, _activation(keras, part, len(W), step)], _through(keras, part, z, step), sums
    if isinstance(part, keras.layers.BatchNormalization):
        terms = part.moving_mean, part.moving_variance, part.gamma, part.beta
        mean, variance, gamma, beta = (
            None if term is None else _along(part.axis, numbers(term), step) for term in terms
        )
        line = normalization(mean, variance, part.epsilon, gamma, beta)
        return scaled(line, step.given)
    if type(part) is keras.layers.PReLU:
        return sloped(numbers(part.alpha), step.given)
    return None


def _along(axis: int, values: Floats, step: Step) -> Floats:
    """Values along one axis of a sample."""
    shape = [1] * step.given.ndim
    shape[axis] = len(values)
    along: Floats = values.reshape(shape)[0]
    return along


def _activation(keras: Any, dense: Any, n: int, step: Step) -> Piece | None:
    """The activation of a Dense layer, asked by itself."""
    z = probe((PROBES, n), 1)
    part = Named(f"the activation of {_shown(dense)}")
    sent = _tensor(keras, z, step)
    return matched(part, _numbers(keras, sent), _numbers(keras, dense.activation(sent)), step.epsilon)


def _through(keras: Any, dense: Any, z: Floats, step: Step) -> Floats:
    return _numbers(keras, dense.activation(_tensor(keras, z, step)))


def _tensor(keras: Any, z: Floats, step: Step) -> Any:
    return keras.ops.convert_to_tensor(z, dtype=step.part.compute_dtype)


def _shown(layer: Any) -> str:
    """A layer by its class and name."""
    return f"{type(layer).__name__} {layer.name!r}"
