"""The few shapes of data that pass between the equations, the engines and `Network`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, Generic, NamedTuple, Protocol, TypeAlias, TypeVar

T = TypeVar("T")
S = TypeVar("S")

Array: TypeAlias = Any
"""An array of whatever interpreter runs the equations: NumPy, JAX, or objects holding SymPy terms."""


class Namespace(Protocol):
    """The vocabulary `xp` of the equations: an interpreter is whatever speaks these functions.

    Besides them the equations use the operators ``+ - * / ** @``, comparison and ``.T`` of the
    arrays themselves, and nothing else.
    """

    exp: Callable[..., Array]
    expm1: Callable[..., Array]
    log: Callable[..., Array]
    log1p: Callable[..., Array]
    tanh: Callable[..., Array]
    erf: Callable[..., Array]
    sin: Callable[..., Array]
    cos: Callable[..., Array]
    arctan: Callable[..., Array]
    arcsinh: Callable[..., Array]
    sqrt: Callable[..., Array]
    abs: Callable[..., Array]
    sign: Callable[..., Array]
    maximum: Callable[..., Array]
    minimum: Callable[..., Array]
    where: Callable[..., Array]
    ones_like: Callable[..., Array]

    @property
    def sum(self) -> Callable[..., Array]: ...  # noqa: D102
    @property
    def max(self) -> Callable[..., Array]: ...  # noqa: D102


class ByLayer(Generic[T]):
    """An immutable sequence numbered as the text numbers layers: ``W[1]`` … ``W[H]``.

    ``first`` is the number of the first item: 1 for what a layer owns (W, b, z, δ), 0 for the
    activations, where a[0] is the input. Negative numbers count from the output layer: ``W[-1]`` is
    ``W[H]``. Iteration goes from the first layer to the last.
    """

    __slots__ = ("_items", "first")

    def __init__(self, items: Iterable[T], first: int = 1) -> None:
        self._items = tuple(items)
        self.first = first

    @property
    def last(self) -> int:
        """The number of the last layer."""
        return self.first + len(self._items) - 1

    def __getitem__(self, L: int) -> T:
        if not (self.first <= L <= self.last or -len(self) <= L < 0):
            raise IndexError(f"layers here are numbered {self.first} to {self.last}; got {L}")
        return self._items[L - self.first if L >= 0 else L]

    def __len__(self) -> int:
        return len(self._items)

    def __iter__(self) -> Iterator[T]:
        return iter(self._items)

    def items(self) -> Iterator[tuple[int, T]]:
        """Pairs of a layer's number and its item."""
        return enumerate(self._items, self.first)

    def map(self, function: Callable[[T], S]) -> ByLayer[S]:
        """Apply ``function`` to every item; the numbering stays."""
        return ByLayer((function(item) for item in self._items), self.first)

    def __repr__(self) -> str:
        return "\n".join(f"[{L}] {item!r}" for L, item in self.items())


class Layer(NamedTuple):
    """What layer L owns. Shapes: W (n_L, n_{L-1}), b (n_L,)."""

    W: Array
    b: Array


Params: TypeAlias = ByLayer[Layer]


class Forward(NamedTuple):
    """What the forward pass leaves behind: z^1 … z^H and a^0 = x, a^1 … a^H, a sample a row.

    Shapes: z[L] and a[L] (N, n_L).
    """

    z: ByLayer[Array]
    a: ByLayer[Array]


class Gradients(NamedTuple):
    """What the backward pass leaves behind, for L = 1 … H.

    Shapes: delta[L] (N, n_L), dW[L] (n_L, n_{L-1}) like W[L], db[L] (n_L,) like b[L].
    """

    delta: ByLayer[Array]
    dW: ByLayer[Array]
    db: ByLayer[Array]
