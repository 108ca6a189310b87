"""The equations as a graph of operations: a body that is run over a `Recorder` leaves a `Node`.

Exports write the graph in other languages, and the derivation turns it into terms that it prints and
differentiates. Equal operations on equal arguments are one node: what a body names once is computed once.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any, TypeAlias

Argument: TypeAlias = "Node | float | str"
Along: TypeAlias = tuple[int | None, bool] | None

ELEMENTWISE = (
    "exp", "expm1", "log", "log1p", "tanh", "erf", "sin", "cos", "arctan", "arcsinh", "sqrt", "abs", "sign",
    "maximum", "minimum", "where", "ones_like",
)  # fmt: skip
REDUCTIONS = ("sum", "max")
BRANCHING = ("where", "maximum", "minimum")
AS_COLUMN = "[:, None]"
"""The operation that spreads a number for each sample over the sample's row."""


def _binary(op: str) -> Callable[[Node, Any], Any]:
    return lambda self, other: self.recorder.node(op, self, other)


def _reflected(op: str) -> Callable[[Node, Any], Any]:
    return lambda self, other: self.recorder.node(op, other, self)


class Node:
    """One operation and its arguments. ``along``: axis and keepdims of a sum or maximum.

    ``narrow``: one number for each sample, not one for each neuron. A symbol has its name as the
    only argument, ``call`` the name of a function as the first.
    """

    __slots__ = ("along", "args", "narrow", "op", "recorder")
    __array_ufunc__ = None
    __iter__ = None

    def __init__(self, recorder: Recorder, op: str, args: tuple[Argument, ...], along: Along) -> None:
        self.recorder, self.op, self.args, self.along = recorder, op, args, along
        nodes = self.nodes
        self.narrow: bool = op in REDUCTIONS or (bool(nodes) and all(node.narrow for node in nodes))

    @property
    def nodes(self) -> list[Node]:
        """The arguments that are nodes."""
        return [arg for arg in self.args if isinstance(arg, Node)]

    @property
    def T(self) -> Node:
        """The transpose."""
        return self.recorder.node("T", self)

    def __neg__(self) -> Node:
        return self.recorder.node("neg", self)

    def __getitem__(self, key: Any) -> Node:
        if key != (slice(None), None):
            raise TypeError(f"an index [{key!r}], where only [:, None] is known")
        return self.recorder.node(AS_COLUMN, self)

    def __bool__(self) -> bool:
        raise TypeError("a node holds many numbers: use xp.where, not if")

    __add__, __radd__ = _binary("+"), _reflected("+")
    __sub__, __rsub__ = _binary("-"), _reflected("-")
    __mul__, __rmul__ = _binary("*"), _reflected("*")
    __truediv__, __rtruediv__ = _binary("/"), _reflected("/")
    __pow__, __rpow__ = _binary("**"), _reflected("**")
    __matmul__ = _binary("@")
    __lt__, __le__, __gt__, __ge__ = map(_binary, ("<", "<=", ">", ">="))
    __eq__, __ne__ = _binary("=="), _binary("!=")
    __hash__ = object.__hash__


class Recorder:
    """A namespace whose functions write themselves down."""

    def __init__(self) -> None:
        self._known: dict[tuple[Any, ...], Node] = {}

    def node(self, op: str, *args: Any, along: Along = None) -> Node:
        """The node of this operation, the same for the same arguments."""
        for arg in args:
            if not isinstance(arg, Node | int | float | str):
                raise TypeError(f"a {type(arg).__name__} among its numbers")
        key = (op, along, *(id(arg) if isinstance(arg, Node) else repr(arg) for arg in args))
        if key not in self._known:
            self._known[key] = Node(self, op, args, along)
        return self._known[key]

    def symbol(self, name: str) -> Node:
        """An array that has a name."""
        return self.node("symbol", name)

    def call(self, name: str, *args: Node) -> Node:
        """A function that has a name, left as it is."""
        return self.node("call", name, *args)

    def __getattr__(self, name: str) -> Callable[..., Node]:
        if name in ELEMENTWISE:
            return lambda *args: self.node(name, *args)
        raise AttributeError(f"xp has no {name}")

    def sum(self, x: Node, axis: int | None = None, keepdims: bool = False) -> Node:
        """Σ along an axis, or over everything."""
        return self.node("sum", x, along=(axis, keepdims))

    def max(self, x: Node, axis: int | None = None, keepdims: bool = False) -> Node:
        """The maximum along an axis, or of everything."""
        return self.node("max", x, along=(axis, keepdims))


def schedule(result: Node) -> list[Node]:
    """Every node that the result needs, each after what it is made of."""
    order: dict[Node, None] = {}
    waiting: list[tuple[Node, Iterator[Node]]] = [(result, iter(result.nodes))]
    while waiting:
        node, rest = waiting[-1]
        following = next((arg for arg in rest if arg not in order), None)
        if following is None:
            order[node] = None
            waiting.pop()
        else:
            waiting.append((following, iter(following.nodes)))
    return list(order)


def shared(result: Node) -> list[Node]:
    """The nodes that are needed more than once, symbols aside, in the order of computing."""
    order = schedule(result)
    uses = Counter(arg for node in order for arg in node.nodes)
    return [node for node in order if uses[node] > 1 and node.op != "symbol"]
