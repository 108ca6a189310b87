"""A network as an ONNX model, which the runtimes of most languages and devices can run."""

from __future__ import annotations

import json
import re
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.about import VERSION
from chainrule.calculus.graph import Argument, Node, Recorder, schedule
from chainrule.datasets.preparing.preprocessing import Input
from chainrule.equations.network import Architecture, forward
from chainrule.errors import InputError
from chainrule.exchange.model import Model, described
from chainrule.model.feedforward import FeedForward
from chainrule.types import ByLayer, Layer

OPSET = 17
ML, ML_OPSET = "ai.onnx.ml", 3
IR_VERSION = 8

TAKEN = r"[abcxztW]\d*|W\d+\.T|label|probabilities|axis|shift|scale|class names|shape of .*"
"""What the graph calls its own tensors."""

OPERATORS = {
    "+": "Add", "-": "Sub", "*": "Mul", "/": "Div", "**": "Pow", "neg": "Neg", "@": "MatMul",
    "<": "Less", "<=": "LessOrEqual", ">": "Greater", ">=": "GreaterOrEqual", "==": "Equal",
    "exp": "Exp", "log": "Log", "tanh": "Tanh", "erf": "Erf", "sin": "Sin", "cos": "Cos", "arctan": "Atan",
    "arcsinh": "Asinh", "sqrt": "Sqrt", "abs": "Abs", "sign": "Sign", "maximum": "Max", "minimum": "Min",
    "where": "Where",
}  # fmt: skip
"""The operator of ONNX for each operation of the equations that has one."""


class Graph:
    """Collects ONNX nodes and initializers; a recorded `Node` becomes the name of a tensor."""

    def __init__(self, onnx: Any) -> None:
        self.onnx = onnx
        self.nodes: list[Any] = []
        self.arrays: dict[str, NDArray[Any]] = {}
        self.names: dict[Node, str] = {}
        self._numbers: dict[str, str] = {}

    def array(self, name: str, values: NDArray[Any]) -> str:
        """An initializer."""
        self.arrays[name] = values
        return name

    def add(self, operator: str, *inputs: str, name: str = "", **attributes: Any) -> str:
        """A node, and the name of what it makes."""
        made = name or f"t{len(self.nodes)}"
        self.nodes.append(self.onnx.helper.make_node(operator, list(inputs), [made], made, **attributes))
        return made

    def number(self, value: Argument) -> str:
        """A constant in float32."""
        assert isinstance(value, int | float)
        text = repr(float(value))
        if text not in self._numbers:
            self._numbers[text] = self.array(f"c{len(self._numbers)}", np.array(value, np.float32))
        return self._numbers[text]

    def value(self, value: Argument) -> str:
        """The name of an argument."""
        return self.names[value] if isinstance(value, Node) else self.number(value)

    def take(self, node: Node, name: str = "") -> None:
        """Write down a node whose arguments are written down."""
        if node in self.names:
            return
        self.names[node] = self._made(node, [self.value(arg) for arg in node.args], name)

    def _made(self, node: Node, inputs: list[str], name: str) -> str:
        if node.op in OPERATORS:
            return self.add(OPERATORS[node.op], *inputs, name=name)
        special = getattr(self, f"_{node.op}", None)
        if special is None:
            raise InputError(f"ONNX has no operator for {node.op}. Write the activation without it.")
        made: str = special(*inputs, name=name)
        return made

    def _T(self, x: str, name: str) -> str:
        if x in self.arrays:  # weights are turned here and now
            return self.array(f"{x}.T", np.ascontiguousarray(self.arrays.pop(x).T))
        return self.add("Transpose", x, name=name)

    def _expm1(self, x: str, name: str) -> str:
        """(e^x + 1) tanh(x/2), which is e^x − 1 and does not cancel."""
        half = self.add("Tanh", self.add("Mul", x, self.number(0.5)))
        return self.add("Mul", self.add("Add", self.add("Exp", x), self.number(1)), half, name=name)

    def _log1p(self, x: str, name: str) -> str:
        """log(1 + x), to within a unit in the last place of 1."""
        return self.add("Log", self.add("Add", x, self.number(1)), name=name)

    def _ones_like(self, x: str, name: str) -> str:
        one = self.onnx.numpy_helper.from_array(np.ones(1, np.float32))
        return self.add("ConstantOfShape", self.add("Shape", x), name=name, value=one)

    def _sum(self, x: str, name: str) -> str:
        axes = self.array("axis", np.array([1], np.int64))
        return self.add("ReduceSum", x, axes, name=name, keepdims=1)

    def _max(self, x: str, name: str) -> str:
        return self.add("ReduceMax", x, name=name, axes=[1], keepdims=1)


def onnx_file(network: FeedForward) -> bytes:
    """The ONNX model: raw inputs ``x`` (N, n_0) float32 → ``probabilities`` (N, K) and ``label``.

    A network of a table with gaps or categories has instead an input of its own for each column, by its name:
    numbers (N, 1) float32 with NaN for a gap, or text (N, 1) with "" for one. A category that no training row
    had gives 0 in all of its column's.

    ``label`` is int64: the number of the most probable class (N,), or 0 and 1 (N, K) for labels of their own.
    Where one output stands for two classes it is the class itself, as other converters of two classes give
    it: int64 if both names are whole numbers, else the name.

    Raises:
        InputError: onnx is not installed, or a network that cannot be exported.
    """
    try:
        import onnx
    except ImportError as error:
        raise InputError(
            "an export to ONNX needs the package onnx; it is not installed. pip install 'chainrule[onnx]'."
        ) from error
    import onnx.checker
    import onnx.helper
    import onnx.numpy_helper

    model, graph = described(network), Graph(onnx)
    _forward(graph, network, _inputs(graph, model))
    _label(graph, model)
    made = _made(onnx, graph, model)
    onnx.checker.check_model(made, full_check=True)
    content: bytes = made.SerializeToString()
    return content


def _inputs(graph: Graph, model: Model) -> str:
    """The name of a^0: the encoded inputs, scaled in float64 as in training."""
    x = graph.add("Concat", *(_encoded(graph, c) for c in model.columns), axis=1) if model.is_table else "x"
    if model.shift is None or model.scale is None:
        return x
    double, single = graph.onnx.TensorProto.DOUBLE, graph.onnx.TensorProto.FLOAT
    raw = graph.add("Cast", x, to=double)
    moved = graph.add("Sub", raw, graph.array("shift", model.shift))
    return graph.add("Cast", graph.add("Div", moved, graph.array("scale", model.scale)), name="a0", to=single)


def _encoded(graph: Graph, column: Input) -> str:
    """A column of a table as inputs of the network: gaps filled, or 0 and 1 for each category."""
    name = _input_name(column)
    if column.categories is None:
        assert column.fill is not None
        return graph.add("Where", graph.add("IsNaN", name), graph.number(column.fill), name)
    words = [category or "" for category in column.categories]
    hot = graph.add("OneHotEncoder", name, domain=ML, cats_strings=words, zeros=1)
    return graph.add("Reshape", hot, graph.array(f"shape of {name}", np.array([-1, len(words)], np.int64)))


def _input_name(column: Input) -> str:
    """The name of its input; what the network computes has names of its own, such as a1."""
    return f"column {column.name}" if re.fullmatch(TAKEN, column.name) else column.name


def _forward(graph: Graph, network: FeedForward, a0: str) -> None:
    """Run the forward pass of the equations over the recorder, and write down what it did."""
    xp = Recorder()
    net = Architecture(network.hidden, network.head)
    symbols = ByLayer(Layer(xp.symbol(f"W{L}"), xp.symbol(f"b{L}")) for L, _ in network.params.items())
    x = xp.symbol("a0")
    cache = forward(xp, net, symbols, x)
    graph.names[x] = a0
    H = len(network.params)
    for L, layer in network.params.items():
        for symbol, theta in zip(symbols[L], layer, strict=True):
            graph.names[symbol] = graph.array(str(symbol.args[0]), theta.astype(np.float32))
    names = {cache.a[L]: f"a{L}" for L in range(1, H)} | {cache.z[L]: f"z{L}" for L in range(1, H + 1)}
    names[cache.a[H]] = f"a{H}" if network.two_classes else "probabilities"
    for node in schedule(cache.a[H]):
        if node.op != "symbol":
            graph.take(node, names.get(node, ""))
    outputs = graph.names[cache.a[H]]
    if network.two_classes:
        first = graph.add("Sub", graph.number(1), outputs)
        graph.add("Concat", first, outputs, name="probabilities", axis=1)
    elif outputs != "probabilities":
        graph.add("Identity", outputs, name="probabilities")


def _label(graph: Graph, model: Model) -> None:
    if model.multi_label:
        on = graph.add("Greater", "probabilities", _bound(graph, model))
        graph.add("Cast", on, name="label", to=graph.onnx.TensorProto.INT64)
    elif model.two_classes:
        place = _second(graph, model)
        graph.add("Gather", graph.array("class names", _classes(model)), place, name="label")
    else:
        graph.add("ArgMax", "probabilities", name="label", axis=1, keepdims=0)


def _bound(graph: Graph, model: Model) -> str:
    """The probability above which a label is on: one, or one for each."""
    if model.threshold is None:
        return graph.number(0.5)
    bounds = model.threshold[0] if model.two_classes else model.threshold
    return graph.array("thresholds", np.array(bounds, np.float32))


def _second(graph: Graph, model: Model) -> str:
    """0 or 1, which of two classes it is."""
    if model.threshold is None:
        return graph.add("ArgMax", "probabilities", axis=1, keepdims=0)
    second = graph.add("Gather", "probabilities", graph.array("second", np.array(1)), axis=1)
    above = graph.add("Greater", second, _bound(graph, model))
    return graph.add("Cast", above, to=graph.onnx.TensorProto.INT64)


def _classes(model: Model) -> NDArray[Any]:
    """The classes as labels: whole numbers, if that is what all names are, else the names."""
    try:
        numbers = np.array([int(name) for name in model.classes], np.int64)
    except (ValueError, OverflowError):
        numbers = np.empty(0, np.int64)
    same = [str(number) for number in numbers.tolist()] == list(model.classes)
    return numbers if same else np.array(model.classes, object)


def _made(onnx: Any, graph: Graph, model: Model) -> Any:
    helper, kind = onnx.helper, onnx.TensorProto
    K = len(model.classes)
    label = ["N", K] if model.multi_label else ["N"]
    as_names = model.two_classes and _classes(model).dtype == object
    body = helper.make_graph(
        graph.nodes,
        "chainrule",
        [helper.make_tensor_value_info(name, of, ["N", n]) for name, of, n in _taken(kind, model)],
        [
            helper.make_tensor_value_info("probabilities", kind.FLOAT, ["N", K]),
            helper.make_tensor_value_info("label", kind.STRING if as_names else kind.INT64, label),
        ],
        [onnx.numpy_helper.from_array(values, name) for name, values in graph.arrays.items()],
    )
    made = helper.make_model(
        body,
        ir_version=IR_VERSION,
        opset_imports=[helper.make_opsetid("", OPSET), *[helper.make_opsetid(ML, ML_OPSET)] * model.is_table],
        producer_name="chainrule",
        producer_version=VERSION,
        doc_string=f"{model.title}. Input: {model.expects}.",
    )
    helper.set_model_props(made, _metadata(model))
    return made


def _taken(kind: Any, model: Model) -> list[tuple[str, int, int]]:
    """Name, type and width of each input."""
    if not model.is_table:
        return [("x", kind.FLOAT, model.widths[0])]
    return [(_input_name(c), kind.FLOAT if c.categories is None else kind.STRING, 1) for c in model.columns]


def _metadata(model: Model) -> dict[str, str]:
    """What a program that runs the model may want to know, as text; lists are JSON."""
    return {
        "chainrule": VERSION,
        "network": model.title,
        "classes": json.dumps(model.classes, ensure_ascii=False),
        "features": json.dumps(model.features, ensure_ascii=False),
        "multi_label": json.dumps(model.multi_label),
        "input": model.expects,
    }
