"""A network from a ``torch.nn.Sequential``, and a ``Sequential`` from a network."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from chainrule.errors import InputError
from chainrule.model.feedforward import FeedForward, Kind

MODULES: dict[str, tuple[str, dict[str, Any]]] = {
    "Sigmoid": ("sigmoid", {}),
    "Tanh": ("tanh", {}),
    "ReLU": ("relu", {}),
    "Hardswish": ("hardswish", {}),
    "LeakyReLU": ("leaky_relu", {"negative_slope": 0.01}),
    "ELU": ("elu", {"alpha": 1.0}),
    "Softplus": ("softplus", {"beta": 1.0}),
    "SiLU": ("silu", {}),
    "GELU": ("gelu", {"approximate": "none"}),
    "Mish": ("z*tanh(softplus(z))", {}),
    "Identity": ("identity", {}),
}
"""torch's activations: our name or formula, and the settings for which both are the same."""

ENDS = {"Softmax": "softmax", "LogSoftmax": "softmax", "Sigmoid": "sigmoid"}
"""What may stand behind the last Linear, and the head it belongs to."""
ALSO = {"sigmoid": "quadratic"}
"""The head that has the same outputs, and another loss."""
IDLE = ("Dropout", "Flatten")
"""What does nothing to rows when a network predicts."""


def from_torch(kind: type[Kind], module: Any, output: str | None = None, **options: Any) -> Kind:
    """A network of that kind, with the weights of a ``Sequential`` of Linear layers and activations.

    Raises:
        InputError: another module in it, or an ``output`` that contradicts its end.
    """
    pairs, hidden, end = _read(list(_flat(module)))
    found = ENDS[end] if end else None
    if output is not None and found is not None and output not in (found, ALSO.get(found)):
        raise InputError(
            f"output must be {found!r}, for the module ends with {end}; got {output!r}. Leave it out."
        )
    dtype = "float64" if str(pairs[0].weight.dtype) == "torch.float64" else "float32"
    return kind.from_parameters(
        [(_numbers(linear.weight), _bias(linear)) for linear in pairs],
        hidden=hidden,
        output=output or found or "softmax",
        **{"dtype": dtype, **options},
    )


def _flat(module: Any) -> Iterator[Any]:
    """The parts of a Sequential, nested ones too, without those that are idle."""
    if type(module).__name__ == "Sequential":
        for part in module:
            yield from _flat(part)
    elif type(module).__name__ not in IDLE:
        yield module


def _read(parts: list[Any]) -> tuple[list[Any], list[str], str | None]:
    """The Linear layers, the activations between them, and the kind of the end if there is one."""
    end = type(parts[-1]).__name__ if parts and type(parts[-1]).__name__ in ENDS else None
    linear: list[Any] = []
    hidden: list[str] = []
    for part in parts[: len(parts) - bool(end)]:
        if type(part).__name__ == "Linear":
            if len(hidden) < len(linear):
                hidden.append("identity")
            linear.append(part)
        elif len(linear) == len(hidden) + 1:
            hidden.append(_activation(part))
        else:
            _refuse(part, "it stands where a Linear layer must")
    if not linear or len(hidden) != len(linear) - 1:
        _refuse(parts[-1] if parts else None, "it stands behind the last Linear layer")
    return linear, hidden, end


def _activation(part: Any) -> str:
    name, settings = MODULES.get(type(part).__name__, (None, {}))
    if name is None:
        _refuse(part, "no such layer is known here")
    for setting, value in settings.items():
        if getattr(part, setting) != value:
            _refuse(part, f"{setting} must be {value}")
    return str(name)


def _refuse(part: Any, why: str) -> None:
    raise InputError(
        "a module must be a torch.nn.Sequential of Linear layers, each but the last followed by one of "
        f"{', '.join(MODULES)}, with {', '.join(ENDS)} or nothing at the end; got {part!r}: {why}. "
        "Build such a Sequential, or pass the weights to Network.from_parameters."
    )


def _numbers(tensor: Any) -> Any:
    return tensor.detach().cpu().double().numpy()


def _bias(linear: Any) -> Any:
    return np.zeros(linear.out_features) if linear.bias is None else _numbers(linear.bias)


def to_torch(network: FeedForward) -> Any:
    """A ``torch.nn.Sequential`` whose outputs are the network's probabilities, from inputs scaled as here.

    Raises:
        InputError: torch is not installed, or an activation or a head that it does not have.
    """
    try:
        import torch
    except ImportError as error:
        raise InputError(
            "to_torch must find the package torch; it is not installed. pip install 'chainrule[torch]'."
        ) from error
    kinds = {ours: (kind, settings) for kind, (ours, settings) in MODULES.items()}
    for name in (activation.name for activation in network.hidden):
        if name not in kinds:
            raise InputError(f"torch has {', '.join(kinds)}; got {name!r}. Export to ONNX instead.")
    ends = {"softmax": lambda: torch.nn.Softmax(dim=1), "sigmoid": torch.nn.Sigmoid}
    ends["quadratic"] = torch.nn.Sigmoid
    if network.head.name not in ends:
        raise InputError(
            f"torch's output must be one of {', '.join(ends)}; got {network.head.name!r}. Export to ONNX."
        )
    parts: list[Any] = []
    for L, layer in network.params.items():
        parts.append(_linear(torch, layer))
        if len(network.params) != L:
            kind, settings = kinds[network.hidden[L].name]
            parts.append(getattr(torch.nn, kind)(**settings))
    return torch.nn.Sequential(*parts, ends[network.head.name]()).eval()


def _linear(torch: Any, layer: Any) -> Any:
    W = torch.tensor(np.ascontiguousarray(layer.W))
    linear = torch.nn.Linear(W.shape[1], W.shape[0], dtype=W.dtype)
    with torch.no_grad():
        linear.weight.copy_(W)
        linear.bias.copy_(torch.tensor(np.ascontiguousarray(layer.b)))
    return linear
