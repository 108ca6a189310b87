"""A network from a PyTorch module that is a chain of layers, and a ``Sequential`` from a network."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from chainrule.checks import needed
from chainrule.errors import InputError
from chainrule.exchange.chain import (
    GELU_TANH,
    MISH,
    Affine,
    End,
    Phi,
    Piece,
    Refused,
    Source,
    compare,
    formula_or_name,
    leaky,
    leaky_slope,
    network_of,
    normalization,
    slopes,
)
from chainrule.exchange.torch_trace import traced
from chainrule.model.feedforward import FeedForward, Kind
from chainrule.model.validate import Floats

ACTIVATIONS: list[tuple[str, dict[str, Any], str]] = [
    ("Sigmoid", {}, "sigmoid"),
    ("Tanh", {}, "tanh"),
    ("ReLU", {}, "relu"),
    ("Hardswish", {}, "hardswish"),
    ("ELU", {"alpha": 1.0}, "elu"),
    ("Softplus", {"beta": 1.0, "threshold": 20.0}, "softplus"),
    ("SiLU", {}, "silu"),
    ("GELU", {"approximate": "none"}, "gelu"),
    ("GELU", {"approximate": "tanh"}, GELU_TANH),
    ("Mish", {}, MISH),
    ("Identity", {}, "identity"),
]
"""torch's activations: the settings for which both are the same, and our name or formula."""

ENDS = {"Softmax": End("softmax"), "LogSoftmax": End("softmax", log=True)}
"""What may stand behind the last Linear only. Sigmoid may be an activation, too."""

IDLE = ("Dropout", "AlphaDropout", "Flatten", "Identity")
"""What does nothing to rows when a network predicts."""

KNOWN = sorted({"LeakyReLU", "PReLU", *(name for name, _, _ in ACTIVATIONS)})

MUST = (
    f"a module must be a chain of Linear layers, each but the last followed by one of {', '.join(KNOWN)}, "
    f"with {', '.join(ENDS)}, Sigmoid or nothing at the end, and BatchNorm1d, {', '.join(IDLE)} anywhere"
)

OWN_HOOKS = ("torch.nn.utils.weight_norm", "torch.nn.utils.spectral_norm")
"""Where the hooks come from that compute a weight before each call."""


def from_torch(kind: type[Kind], module: Any, output: Any = None, **options: Any) -> Kind:
    """A network of that kind, with the weights of a module that is a chain of Linear layers and activations.

    The module's code is followed by ``torch.fx``, its outputs are compared on random rows.

    Raises:
        InputError: another layer in it, a hook, outputs that differ, or an ``output`` that contradicts them.
    """
    with needed("torch"):
        import torch
    if not isinstance(module, torch.nn.Module):
        raise InputError(
            f"from_torch must be given a torch.nn.Module; got {type(module).__name__}. A state_dict says "
            "nothing of the activations: load it into its module first."
        )
    module = getattr(module, "_orig_mod", module)  # what torch.compile was given
    with _predicting(torch, module):
        parts = traced(module)
        first = next((part for part in parts if _kind(part) is torch.nn.Linear), None)
        dtype = torch.float32 if first is None else first.weight.dtype

        def outputs(rows: Floats) -> Any:
            device = None if first is None else first.weight.device
            found = _called(module, torch.as_tensor(rows).to(device, dtype))
            return _numbers(found)

        if dtype.is_floating_point and first is not None:  # a weight that a hook makes is made now
            outputs(np.zeros((2, first.in_features)))
        pieces = ((part, _piece(part)) for part in _without_hooks(module, parts))
        name = str(dtype).removeprefix("torch.")
        return network_of(kind, Source(pieces, outputs, name, MUST), output, **options)


@contextmanager
def _predicting(torch: Any, module: Any) -> Iterator[None]:
    """The module as it predicts, and afterwards as it was."""
    modes = {part: part.training for part in module.modules()}
    module.eval()
    try:
        with torch.no_grad():
            yield
    finally:
        for part, training in modes.items():
            part.training = training


def _called(module: Any, x: Any) -> Any:
    try:
        return module(x)
    except Exception as error:
        raise InputError(
            f"the module must take rows of shape {tuple(x.shape)}; it raised {type(error).__name__}: "
            f"{error}. Mend it first."
        ) from error


def _without_hooks(module: Any, parts: list[Any]) -> Iterator[Any]:
    """The parts, if none has a hook, or a method forward of its own: either may compute anything."""
    from torch.nn.utils.prune import BasePruningMethod

    yield from parts
    for part in module.modules():
        for hook in [*part._forward_hooks.values(), *part._forward_pre_hooks.values()]:
            if not isinstance(hook, BasePruningMethod) and type(hook).__module__ not in OWN_HOOKS:
                name = getattr(hook, "__name__", repr(hook))
                raise Refused(part, f"it has the hook {name}, which may compute anything; remove it")
        if "forward" in vars(part):
            raise Refused(part, "its method forward was replaced")


def _kind(part: Any) -> Any:
    """The class of a layer, with or without parametrizations."""
    from torch.nn.utils.parametrize import type_before_parametrizations

    return type_before_parametrizations(part) if hasattr(part, "_modules") else type(part)


def _piece(part: Any) -> Piece | None:
    """What a layer does when it predicts."""
    from torch import nn

    found = _kind(part)
    name = found.__name__
    if "quantized" in found.__module__:
        raise Refused(part, "its weights are quantised; take the module from before")
    if getattr(nn, name, None) is not found:
        raise Refused(part, "it is no layer of torch.nn")
    if name == "Linear":
        return Affine(_weights(part, part.weight), _bias(part))
    if name == "BatchNorm1d":
        if part.running_mean is None:
            raise Refused(part, "it must have running means; it predicts by those of each batch")
        terms = (None if term is None else _numbers(term) for term in (part.weight, part.bias))
        return normalization(_numbers(part.running_mean), _numbers(part.running_var), part.eps, *terms)
    if name in ENDS:
        if part.dim not in (1, -1, None):
            raise Refused(part, "dim must be 1, over the outputs of a sample")
        return ENDS[name]
    if name == "PReLU":
        return slopes(_numbers(part.weight))
    if name == "LeakyReLU":
        return leaky(part.negative_slope)
    return None if name in IDLE else _activation(part, name)


def _activation(part: Any, name: str) -> Phi:
    known = [(settings, ours) for theirs, settings, ours in ACTIVATIONS if theirs == name]
    for settings, ours in known:
        if all(getattr(part, setting) == value for setting, value in settings.items()):
            return Phi(ours)
    needs = [
        ", ".join(f"{setting}={value!r}" for setting, value in settings.items()) for settings, _ in known
    ]
    raise Refused(part, f"it must have {' or '.join(needs)}" if known else "no such layer is known here")


def _weights(part: Any, tensor: Any) -> Floats:
    import torch

    if type(tensor) not in (torch.Tensor, torch.nn.Parameter) or not tensor.is_floating_point():
        kind = type(tensor).__name__ if tensor.is_floating_point() else tensor.dtype
        raise Refused(part, f"its weights must be plain numbers; they are {kind}")
    return _numbers(tensor)


def _numbers(tensor: Any) -> Floats:
    found: Floats = tensor.detach().cpu().double().numpy()
    return found


def _bias(linear: Any) -> Floats:
    return np.zeros(linear.out_features) if linear.bias is None else _weights(linear, linear.bias)


def to_torch(network: FeedForward) -> Any:
    """A ``torch.nn.Sequential`` whose outputs are the network's probabilities, from inputs scaled as here.

    Raises:
        InputError: torch is not installed, or an activation or an output activation that it does not have.
    """
    with needed("torch"):
        import torch
    ends = {"softmax": lambda: torch.nn.Softmax(dim=1), "sigmoid": torch.nn.Sigmoid}
    if network.head.link not in ends:
        raise InputError(
            f"torch's output must be one of {', '.join(ends)}; got {network.head.name!r}. Export to ONNX."
        )
    parts: list[Any] = []
    for L, layer in network.params.items():
        parts.append(_linear(torch, layer))
        if len(network.params) != L:
            parts.append(_module(torch, network.hidden[L]))
    module = torch.nn.Sequential(*parts, ends[network.head.link]()).eval()
    compare(network, End(network.head.link), lambda rows: _outputs_of(module, rows), 0.0)
    return module


def _outputs_of(module: Any, rows: Floats) -> Floats:
    import torch

    return _numbers(module(torch.as_tensor(rows).to(module[0].weight.dtype)))


def _module(torch: Any, activation: Any) -> Any:
    name = formula_or_name(activation)
    slope = 0.01 if name == "leaky_relu" else leaky_slope(name)
    if slope is not None:
        return torch.nn.LeakyReLU(slope)
    known = {ours: (kind, settings) for kind, settings, ours in ACTIVATIONS}
    if name not in known:
        raise InputError(f"torch has {', '.join(KNOWN)}; got {activation.name!r}. Export to ONNX instead.")
    kind, settings = known[name]
    return getattr(torch.nn, kind)(**settings)


def _linear(torch: Any, layer: Any) -> Any:
    W = torch.tensor(np.ascontiguousarray(layer.W))
    linear = torch.nn.Linear(W.shape[1], W.shape[0], dtype=W.dtype)
    with torch.no_grad():
        linear.weight.copy_(W)
        linear.bias.copy_(torch.tensor(np.ascontiguousarray(layer.b)))
    return linear
