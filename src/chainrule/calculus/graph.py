"""The equations as a list of operations: a body that is run over a `Recorder` leaves a graph of `Node`.

Equal operations on equal arguments are one node, so that what a body names once is computed once.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any, TypeAlias

from chainrule.errors import InputError

Argument: TypeAlias = "Node | float | str"

ELEMENTWISE = (
    "exp", "expm1", "log", "log1p", "tanh", "erf", "sin", "cos", "arctan", "arcsinh", "sqrt", "abs", "sign",
    "maximum", "minimum", "where", "ones_like",
)  # fmt: skip
REDUCTIONS = ("sum", "max")
BRANCHING = ("where", "maximum", "minimum")


def _binary(op: str) -> Callable[[Node, Any], Any]:
    return lambda self, other: self.recorder.node(op, self, other)


def _reflected(op: str) -> Callable[[Node, Any], Any]:
    return lambda self, other: self.recorder.node(op, other, self)


class Node:
    """One operation and what it is done to. ``narrow``: one number for each sample, not one for each neuron.

    A symbol has its name as the only argument, ``call`` the name of a function as the first.
    """

    __slots__ = ("args", "narrow", "op", "recorder")
    __array_ufunc__ = None

    def __init__(self, recorder: Recorder, op: str, args: tuple[Argument, ...], narrow: bool) -> None:
        self.recorder, self.op, self.args, self.narrow = recorder, op, args, narrow

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

    def node(self, op: str, *args: Any) -> Node:
        """The node of this operation, the same for the same arguments."""
        for arg in args:
            if not isinstance(arg, Node | int | float | str):
                raise TypeError(f"a {type(arg).__name__} among its numbers")
        key = (op, *(id(arg) if isinstance(arg, Node) else repr(arg) for arg in args))
        if key not in self._known:
            nodes = [arg for arg in args if isinstance(arg, Node)]
            narrow = op in REDUCTIONS or (bool(nodes) and all(node.narrow for node in nodes))
            self._known[key] = Node(self, op, args, narrow)
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
        """Σ along a sample's row."""
        return self._reduced("sum", x, axis, keepdims)

    def max(self, x: Node, axis: int | None = None, keepdims: bool = False) -> Node:
        """The largest of a sample's row."""
        return self._reduced("max", x, axis, keepdims)

    def _reduced(self, op: str, x: Node, axis: int | None, keepdims: bool) -> Node:
        if axis not in (1, -1) or not keepdims:
            raise TypeError(f"xp.{op} without axis=1, keepdims=True")
        return self.node(op, x)


def record(what: str, body: Callable[..., Any], *symbols: str) -> Node:
    """What ``body(xp, *symbols)`` computes.

    Raises:
        InputError: a body that uses more than the namespace of the equations.
    """
    recorder = Recorder()
    try:
        made = body(recorder, *map(recorder.symbol, symbols))
    except (AttributeError, TypeError, ValueError) as error:
        raise InputError(
            f"{what} must be written with xp and operators alone to be exported; it uses {error}. "
            "Write it over xp, or as a formula."
        ) from error
    if isinstance(made, int | float):
        made = made * recorder.node("ones_like", recorder.symbol(symbols[0]))
    if not isinstance(made, Node):
        raise InputError(f"{what} must return an array to be exported; it returns {made!r}. Return one.")
    return made


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
