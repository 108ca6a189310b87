"""The parameters inside of somebody's object: found by walking through it, read, and set."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

from chainrule.diagnosis.asking.forms import Unfit
from chainrule.diagnosis.asking.layouts import in_order, is_beside, kind
from chainrule.model.validate import Floats

DEEPEST = 6


class Leaf(NamedTuple):
    """An array inside of an object, with its path and a way to put another in its place."""

    path: tuple[Any, ...]
    array: Floats
    put: Callable[[Any], None]


def walk(thing: Any, path: tuple[Any, ...] = (), seen: frozenset[int] = frozenset()) -> Iterator[Leaf]:
    """Every array of numbers in attributes, lists and dictionaries below ``thing``."""
    if len(path) > DEEPEST or id(thing) in seen:
        return
    seen = seen | {id(thing)}
    for key, item, put in _items(thing):
        here = (*path, key)
        if isinstance(item, np.ndarray) and item.dtype.kind in "fiu":
            yield Leaf(here, item, put)
        elif isinstance(item, list) and kind(here)[0] and (array := _numbers(item)) is not None:
            yield Leaf(here, array, partial(_put_list, put))
        elif (
            isinstance(item, list | dict | tuple)
            or _is_theirs(item)
            or (isinstance(item, np.ndarray) and item.dtype == object)
        ):
            yield from walk(item, here, seen)


def _items(thing: Any) -> list[tuple[Any, Any, Callable[[Any], None]]]:
    if isinstance(thing, dict):
        return [(k, v, partial(thing.__setitem__, k)) for k, v in thing.items()]
    if isinstance(thing, list | np.ndarray):
        return [(k, v, partial(thing.__setitem__, k)) for k, v in enumerate(thing)]
    if isinstance(thing, tuple):
        return [(k, v, partial(_overwrite, v)) for k, v in enumerate(thing)]
    return [(k, v, partial(setattr, thing, k)) for k, v in getattr(thing, "__dict__", {}).items()]


def _numbers(item: list[Any]) -> Floats | None:
    """Rows of plain numbers, or one row, as an array; nothing where it holds anything else."""
    rows = item if item and all(isinstance(row, list) for row in item) else [item]
    if not all(row and all(isinstance(n, int | float | np.number) for n in row) for row in rows):
        return None
    if len({len(row) for row in rows}) > 1:
        return None
    return np.array(item, dtype=np.float64)


def _put_list(put: Callable[[Any], None], new: Floats) -> None:
    put(new.tolist())


def _overwrite(old: Any, new: Any) -> None:
    old[...] = new


def _is_theirs(item: Any) -> bool:
    known = type(item).__module__.split(".")[0]
    return (
        hasattr(item, "__dict__")
        and not isinstance(item, type)
        and not inspect.isroutine(item)
        and known not in ("builtins", "numpy", "random", "types")
    )


class ParametersOf:
    """The weights and biases of an object of these widths.

    Raises:
        Unfit: there are not as many of the right shape as there are layers.
    """

    def __init__(self, thing: Any, widths: Sequence[int]) -> None:
        self.thing, self.widths = thing, tuple(widths)
        found = {"W": [], "b": []}  # type: dict[str, list[Leaf]]
        for leaf in walk(thing):
            letter, gradient = kind(leaf.path)
            if letter and not gradient and leaf.array.size:
                found[letter].append(leaf)
        if not found["W"]:
            found = self._by_shape()
        self.W = self._fitting(found["W"], "W")
        self.biasless = not found["b"]
        self.b = [] if self.biasless else self._fitting(found["b"], "b")

    def _by_shape(self) -> dict[str, list[Leaf]]:
        """Matrices and vectors that fit the widths one after another, where no name says what they are."""
        chain: dict[str, list[Leaf]] = {"W": [], "b": []}
        need = list(pairwise(self.widths))
        for leaf in walk(self.thing):
            if is_beside(leaf.path):
                continue
            shape, W, b = leaf.array.shape, len(chain["W"]), len(chain["b"])
            if len(need) > W and sorted(shape) == sorted(need[W]) and leaf.array.ndim == 2:
                chain["W"].append(leaf)
            elif b < len(need) and leaf.array.size == need[b][1] and sorted(shape)[:-1] in ([], [1]):
                chain["b"].append(leaf)
        return chain if len(chain["b"]) == len(need) else {"W": chain["W"], "b": []}

    def _fitting(self, found: list[Leaf], letter: str) -> list[Leaf]:
        need = list(pairwise(self.widths))
        leaves: list[Leaf] = in_order([(leaf.path, leaf) for leaf in found])
        if len(leaves) > len(need):  # a list that begins with a dummy, or copies elsewhere
            leaves = [leaf for leaf in leaves if _may_be(leaf.array, letter, need)][: len(need)]
        right = len(leaves) == len(need) and all(
            sorted(leaf.array.shape) == sorted((m, n)) if letter == "W" else leaf.array.size == n
            for leaf, (m, n) in zip(leaves, need, strict=True)
        )
        if not right:
            shapes = (
                ", ".join(f"{_dotted(leaf.path)} {leaf.array.shape}" for leaf in walk(self.thing))
                or "no arrays"
            )
            what = "weights" if letter == "W" else "biases"
            raise Unfit(
                f"{what} of a network {'-'.join(map(str, self.widths))} must be found in the object; it "
                f"holds {shapes}. "
                "Call them weights and biases (or W1, b1, …), and give the widths by --layers."
            )
        return leaves

    @property
    def out_in(self) -> bool | None:
        """Whether W is (n_L, n_{L-1}); nothing where all layers are equally wide."""
        for leaf, (m, n) in zip(self.W, pairwise(self.widths), strict=True):
            if m != n:
                return leaf.array.shape == (n, m)
        return None

    @property
    def bias(self) -> str:
        """The shape of the biases: vector, column or row."""
        if self.biasless:
            return "vector"
        shape = max((leaf.array.shape for leaf in self.b), key=lambda shape: max(shape, default=0))
        return "vector" if len(shape) == 1 else "column" if shape[1] == 1 else "row"

    def set(self, Ws: Sequence[Floats], bs: Sequence[Floats]) -> None:
        """Put these parameters in, in the precision that is there."""
        for leaf, new in zip((*self.W, *self.b), (*Ws, *(() if self.biasless else bs)), strict=True):
            kept = leaf.array.dtype if leaf.array.dtype.kind == "f" else np.float64
            leaf.put(np.array(new, dtype=kept))

    def beside(self) -> list[tuple[tuple[Any, ...], Floats]]:
        """Every array that is no parameter, with its path."""
        known = {leaf.path for leaf in (*self.W, *self.b)}
        return [(leaf.path, leaf.array) for leaf in walk(self.thing) if leaf.path not in known]

    def get(self) -> tuple[list[Floats], list[Floats]]:
        """Copies of the parameters as they are now."""
        now = {leaf.path: leaf.array for leaf in walk(self.thing)}
        b = [now[leaf.path].copy() for leaf in self.b] or [np.zeros(n) for n in self.widths[1:]]
        return [now[leaf.path].copy() for leaf in self.W], b


def widths_of(thing: Any) -> tuple[int, ...]:
    """The widths of an object that is there already, by the shapes of its biases and weights.

    Raises:
        Unfit: they do not follow from what it holds.
    """
    sizes: list[int] = []
    matrices: list[tuple[int, ...]] = []
    for leaf in walk(thing):
        letter, gradient = kind(leaf.path)
        if letter == "b" and not gradient and leaf.array.size:
            sizes.append(leaf.array.size)
        if letter == "W" and not gradient and leaf.array.ndim == 2:
            matrices.append(leaf.array.shape)
    if matrices and sizes:
        m, n = matrices[0]
        return (m if n == sizes[0] else n, *sizes)
    for shapes in (matrices, [shape[::-1] for shape in matrices]):  # (in, out), or the other way round
        if shapes and all(first[1] == second[0] for first, second in pairwise(shapes)):
            return (shapes[0][0], *(shape[1] for shape in shapes))
    raise Unfit("the object must hold weights and biases; none found by name. Give --layers.")


def gradients_in(thing: Any) -> dict[tuple[Any, ...], Floats]:
    """Arrays whose names say that they are gradients, such as ``dW``, ``nabla_b`` or ``grads['W1']``."""
    return {
        leaf.path: leaf.array.copy()
        for leaf in walk(thing)
        if kind(leaf.path) > ("", True) and kind(leaf.path)[1]
    }


def _may_be(array: Floats, letter: str, need: list[tuple[int, int]]) -> bool:
    if letter == "b":
        return array.size in {n for _, n in need}
    return array.ndim == 2 and any(sorted(array.shape) == sorted(pair) for pair in need)


def _dotted(path: tuple[Any, ...]) -> str:
    return "".join(f"[{p}]" if isinstance(p, int) else f".{p}" for p in path).lstrip(".")
