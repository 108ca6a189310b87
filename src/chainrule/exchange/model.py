"""What an export writes down: a network's functions by name and tag, its arrays, and what they stand for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from chainrule.calculus.graph import AS_COLUMN, REDUCTIONS, Node, Recorder, schedule
from chainrule.datasets.preparing.notation import PLAIN
from chainrule.datasets.preparing.preprocessing import Input
from chainrule.equations.activations import ACTIVATIONS, Activation
from chainrule.equations.heads import Head
from chainrule.equations.network import Architecture, forward
from chainrule.errors import InputError
from chainrule.model.feedforward import FeedForward, chain
from chainrule.types import ByLayer, Forward, Layer


class Function(NamedTuple):
    """An activation or the output of a head, recorded. ``about`` says what it is, where a name does not.

    ``inputs``: what it takes, one letter each.
    """

    name: str
    tag: str
    body: Node
    about: str = ""
    inputs: str = "z"


class Model(NamedTuple):
    """A network as an export sees it.

    ``functions[L]`` is layer L's. ``columns`` are what a row of raw data holds, ``named`` by the
    training data or numbered; a column of numbers without a fill must not have gaps. ``shift`` and ``scale``
    are None where inputs are taken as they are.
    """

    widths: tuple[int, ...]
    functions: ByLayer[Function]
    layers: ByLayer[Layer]
    classes: tuple[str, ...]
    columns: tuple[Input, ...]
    named: bool
    shift: np.ndarray | None
    scale: np.ndarray | None
    multi_label: bool
    two_classes: bool
    """Whether the one output is the probability of the second of two classes."""
    dtype: str
    title: str
    threshold: tuple[float, ...] | None = None
    """Probability above which each label is on, or of two classes the second is taken; None for ½."""

    @property
    def distinct(self) -> list[Function]:
        """Every function once, in the order of the layers."""
        return list({function.name: function for function in self.functions}.values())

    @property
    def is_table(self) -> bool:
        """Whether rows have gaps to fill or categories to encode."""
        return any(column.fill is not None or column.categories is not None for column in self.columns)

    @property
    def has_words(self) -> bool:
        """Whether a row may hold words: then a table needs a header, as in training."""
        return any(column.categories is not None for column in self.columns)

    @property
    def features(self) -> tuple[str, ...] | None:
        """The names of the columns; None where the training data had none."""
        return tuple(column.name for column in self.columns) if self.named else None

    @property
    def expects(self) -> str:
        """What a row of inputs holds."""
        n = len(self.columns)
        if self.is_table:
            done = "gaps are filled, categories encoded and numbers scaled here"
            return f"{n} columns a row, as in the training data; {done}"
        what = "number" if n == 1 else "numbers"
        if self.shift is None:
            return f"{n} {what} a row, taken as they are"
        return f"{n} {what} a row, raw as in the training data; they are scaled here"


def described(network: FeedForward) -> Model:
    """The model of a network.

    Raises:
        InputError: a function that cannot be exported, or parameters that are not finite.
    """
    for L, layer in network.params.items():
        if not all(np.isfinite(theta).all() for theta in layer):
            raise InputError(
                f"parameters must be finite to be exported; those of layer {L} are not. Train it again."
            )
    spec = network.data
    scaling = None if spec is None or spec.scaling.is_identity else spec.scaling
    return Model(
        widths=network.layers,
        functions=_functions(network),
        layers=network.params,
        classes=network.classes,
        columns=_columns(network),
        named=spec is not None and spec.features is not None,
        shift=None if scaling is None else np.asarray(scaling.shift),
        scale=None if scaling is None else np.asarray(scaling.scale),
        multi_label=network.multi_label,
        two_classes=network.two_classes,
        dtype=network.dtype.name,
        title=chain(network),
        threshold=network.threshold,
    )


def _columns(network: FeedForward) -> tuple[Input, ...]:
    """What a row of raw data holds: a table's columns, or numbers."""
    spec = network.data
    if spec is not None and spec.preprocessing is not None:
        return spec.preprocessing.inputs
    names = spec.features if spec is not None else None
    return tuple(map(Input, names or (f"column {j + 1}" for j in range(network.layers[0]))))


def refuse_notation(model: Model) -> None:
    """Refuse a model of numbers that a file of C or Python would read otherwise: 1.200 as 1.2, say.

    Raises:
        InputError: a column whose numbers or gaps are written in a way of its own.
    """
    own = next((column for column in model.columns if column.notation != PLAIN), None)
    if own is not None:
        how = str(own.notation).removeprefix("with ") if own.notation[:3] != PLAIN[:3] else "signs of its own"
        raise InputError(
            "a table must have a decimal point and the usual signs for a missing value to be read by an "
            f"exported C or Python file; column {own.name!r} has {how}. Export to ONNX, which takes numbers, "
            "or train on a table that is written plainly."
        )


def pass_forward(model: Model) -> Forward:
    """What `chainrule.equations.network.forward` computes, with every φ left as a call by its name."""
    xp = Recorder()

    def called(function: Function) -> Activation:
        return Activation(function.name, lambda _, z: xp.call(function.name, z), _not_asked)

    *hidden, last = map(called, model.functions)
    head = Head(last.name, last.phi, _not_asked, _not_asked, loss_name="")
    params = ByLayer(Layer(xp.symbol(f"W{L}"), xp.symbol(f"b{L}")) for L, _ in model.layers.items())
    return forward(xp, Architecture(ByLayer(hidden), head), params, xp.symbol("a0"))


def _not_asked(*arguments: object) -> object:
    raise AssertionError("a forward pass asks for no derivative and no loss")


def record(what: str, body: Callable[..., Any], inputs: str = "z", each_row: bool = False) -> Node:
    """What ``body(xp, z)`` computes, or another body of other ``inputs``; ``each_row``: one number a row.

    Raises:
        InputError: a body that uses more than the namespace of the equations, or joins samples.
    """
    xp = Recorder()
    symbols = [xp.symbol(letter) for letter in inputs]
    try:
        made = body(xp, *symbols)
        if isinstance(made, int | float):
            made = made * xp.ones_like(symbols[0])
        if isinstance(made, Node):
            _require_rows_apart(made, each_row)
    except (AttributeError, TypeError, ValueError) as error:
        raise InputError(
            f"{what} must be written with xp and operators alone to be exported; it uses {error}. "
            "Write it over xp, or as a formula."
        ) from error
    if not isinstance(made, Node):
        raise InputError(f"{what} must return an array to be exported; it returns {made!r}. Return one.")
    return made


def _require_rows_apart(made: Node, each_row: bool = False) -> None:
    for node in schedule(made):
        if node.op == AS_COLUMN:
            raise TypeError(node.op)
        axis, keepdims = node.along or (None, False)
        if node.op in REDUCTIONS and (axis not in (1, -1) or not (keepdims or each_row)):
            raise TypeError(f"xp.{node.op} without axis=1, keepdims=True")


def _functions(network: FeedForward) -> ByLayer[Function]:
    found: dict[Activation, Function] = {}
    functions = []
    for activation in network.hidden:
        if activation not in found:
            found[activation] = _of_activation(activation, len(found) + 1)
        functions.append(found[activation])
    taken = {function.name for function in functions}
    return ByLayer([*functions, _of_head(network.head, taken)])


def _of_activation(activation: Activation, number: int) -> Function:
    body = record(f"the activation {activation.name!r}", activation.phi)
    if ACTIVATIONS.get(activation.name) == activation:
        return Function(activation.name, "F2", body)
    return Function(f"phi_{number}", "F2", body, activation.name)


def _of_head(head: Head, taken: set[str]) -> Function:
    body = record(f"the output {head.name!r}", head.predict)
    link = getattr(head, "formulas", None)
    name = head.predict.__name__ if head.predict.__name__ in ("softmax", "sigmoid") else "output"
    if name in taken:
        name = f"{name}_output"
    return Function(name, head.printed.a.tag or "F2", body, f"a = {link[0]}" if link else "")
