"""What a PyTorch module does to its input, one layer after the other: ``torch.fx`` follows its code."""

from __future__ import annotations

from typing import Any

from chainrule.errors import InputError

FUNCTIONS: dict[str, tuple[str, tuple[str, ...]]] = {
    "relu": ("ReLU", ("inplace",)),
    "sigmoid": ("Sigmoid", ()),
    "tanh": ("Tanh", ()),
    "silu": ("SiLU", ("inplace",)),
    "gelu": ("GELU", ()),
    "mish": ("Mish", ("inplace",)),
    "hardswish": ("Hardswish", ("inplace",)),
    "elu": ("ELU", ("alpha", "inplace")),
    "leaky_relu": ("LeakyReLU", ("negative_slope", "inplace")),
    "softplus": ("Softplus", ("beta", "threshold")),
    "softmax": ("Softmax", ("dim",)),
    "log_softmax": ("LogSoftmax", ("dim",)),
}
"""Functions that are layers, with the arguments behind the input in order."""

RESHAPING = ("flatten", "view", "reshape", "contiguous", "float", "double")
"""Functions that leave rows as they are; the comparison of outputs finds what they are not left."""


class Unknown:
    """A call that is no layer."""

    def __init__(self, text: str) -> None:
        self._text = text

    def __repr__(self) -> str:
        return self._text


def traced(module: Any) -> list[Any]:
    """The layers and functions on the way of the input, functions as layers with the same settings.

    Raises:
        InputError: code that cannot be followed.
    """
    from torch import fx, nn

    root = nn.Sequential(module)
    try:
        graph = fx.Tracer().trace(root)
    except Exception as error:
        raise InputError(
            "the code of a module must be a plain chain of calls, which does not depend on its input; "
            f"torch.fx cannot follow it: {error}. Build a torch.nn.Sequential of the layers."
        ) from error
    (end,) = (node for node in graph.nodes if node.op == "output")
    node, parts = end.args[0], []
    if not isinstance(node, fx.Node):
        return [Unknown(f"outputs in a {type(node).__name__}")]
    while node.op != "placeholder":
        parts.append(_part(root, node))
        before = node.args[0] if node.args else node.kwargs.get("input")
        if not isinstance(before, fx.Node):
            return [_call(node)]
        node = before
    return parts[::-1]


def _part(root: Any, node: Any) -> Any:
    """One call as a layer."""
    from torch import nn

    if node.op == "call_module":
        return root.get_submodule(node.target)
    name, rest = _name(node), node.args[1:]
    if name in RESHAPING or (name == "dropout" and not {"training": True, **node.kwargs}["training"]):
        return nn.Identity()
    kind, order = FUNCTIONS.get(name, ("", ()))
    given = dict(zip(order, rest, strict=False)) | dict(node.kwargs)
    settings = {key: value for key, value in given.items() if key not in ("input", "_stacklevel")}
    if settings.get("dtype", 0) is None:
        del settings["dtype"]
    others = [other for other in node.all_input_nodes if other is not node.args[0]]
    if not kind or len(rest) > len(order) or others:
        return _call(node)
    try:
        return getattr(nn, kind)(**settings)
    except TypeError:
        return Unknown(f"the call of {name} with {settings}")


def _call(node: Any) -> Unknown:
    return Unknown(f"the call of {getattr(node.target, '__name__', node.target)}")


def _name(node: Any) -> str:
    """The name of torch's own function or method; of any other function nothing."""
    import torch

    if node.op == "call_method":
        return str(node.target)
    name = getattr(node.target, "__name__", "")
    homes = torch, torch.nn.functional
    return name if any(getattr(home, name, None) is node.target for home in homes) else ""
