"""Which of the arrays that somebody's code returns is dW^L, and which db^L: by names, order and shapes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from chainrule.diagnosis.asking.layouts import in_order, kind, leaves
from chainrule.model.validate import Floats


class Assigned(NamedTuple):
    """Arrays as they came, by layer; ``order`` in words; how many of them have the shape they must have."""

    dW: tuple[Floats, ...]
    db: tuple[Floats, ...]
    order: str
    fitting: int

    @property
    def exact(self) -> bool:
        """Whether every shape is that of its parameter."""
        return self.fitting == 2 * len(self.dW)


def assign(value: Any, Ws: Sequence[Floats], bs: Sequence[Floats], biasless: bool = False) -> Assigned | None:
    """The arrays in ``value`` as gradients of Ws and bs, or nothing where they cannot be that.

    ``biasless``: as gradients of Ws alone, beside those of biases that are not there, 0.
    """
    H = len(Ws)
    found = list(leaves(value))
    if biasless and len(found) == H:
        forwards = in_order(found)
        turned = _fits(forwards[::-1], Ws) > _fits(forwards, Ws)
        dW, order = (forwards[::-1], "dW, last layer first") if turned else (forwards, "dW")
        return _scored(dW, [np.zeros_like(b) for b in bs], order, Ws, bs)
    flat = _split(found, Ws, bs)
    if flat is not None:
        return _scored(*flat, "one vector, layer by layer", Ws, bs)
    named = _named(found, H)
    if named is not None:
        return _scored(*named, "by name", Ws, bs)
    arrays = [array for _, array in found]
    best: Assigned | None = None
    for some in _choices(arrays, H, [W.shape for W in Ws]):
        for order, dW, db in _arrangements(some, H):
            tried = _scored(dW, db, order, Ws, bs)
            if best is None or tried.fitting > best.fitting:
                best = tried
    return best if best is not None and best.fitting >= H else None


def _split(
    found: list[tuple[tuple[Any, ...], Floats]], Ws: Sequence[Floats], bs: Sequence[Floats]
) -> tuple[list[Floats], list[Floats]] | None:
    """One vector of all gradients as W, b, W, b …; beside it may stand the loss."""
    vectors = [array for _, array in found if array.ndim == 1 and array.size > 1]
    layers = [theta for pair in zip(Ws, bs, strict=True) for theta in pair]
    if len(vectors) != 1 or vectors[0].size != sum(theta.size for theta in layers) or len(found) > 2:
        return None
    parts = np.split(vectors[0], np.cumsum([theta.size for theta in layers])[:-1])
    shaped = [part.reshape(theta.shape) for part, theta in zip(parts, layers, strict=True)]
    return shaped[0::2], shaped[1::2]


def _in_shape(g: Floats, W: Floats) -> Floats:
    """A matrix that came as a vector of its rows."""
    flattened = np.ndim(g) == 1 and min(W.shape) > 1 and np.size(g) == W.size
    return np.reshape(g, W.shape) if flattened else g


def _fits(dW: Sequence[Floats], Ws: Sequence[Floats]) -> int:
    return sum(g.shape == W.shape for g, W in zip(dW, Ws, strict=True))


def _named(found: list[tuple[tuple[Any, ...], Floats]], H: int) -> tuple[list[Floats], list[Floats]] | None:
    groups: dict[str, list[tuple[tuple[Any, ...], Floats]]] = {"W": [], "b": []}
    for path, array in found:
        letter, _ = kind(path)
        if letter:
            groups[letter].append((path, array))
    if len(groups["W"]) != H or len(groups["b"]) != H:
        return None
    return in_order(groups["W"]), in_order(groups["b"])


def _choices(arrays: list[Floats], H: int, shapes: list[tuple[int, ...]]) -> Iterator[list[Floats]]:
    """The arrays without the loss, the outputs or the input's gradient that may stand beside them."""
    if len(arrays) == 2 * H:
        yield arrays
        return
    vectors = [array for array in arrays if array.ndim > 0]
    if len(vectors) == 2 * H:
        yield vectors
    for start in range(len(arrays) - 2 * H + 1):
        yield arrays[start : start + 2 * H]


def _arrangements(arrays: list[Floats], H: int) -> Iterator[tuple[str, list[Floats], list[Floats]]]:
    halves = (arrays[:H], arrays[H:])
    mixed = (arrays[0::2], arrays[1::2])
    for name, (first, second) in (("grouped", halves), ("layer by layer", mixed)):
        yield f"dW before db, {name}", first, second
        yield f"db before dW, {name}", second, first
        yield f"dW before db, {name}, last layer first", first[::-1], second[::-1]
        yield f"db before dW, {name}, last layer first", second[::-1], first[::-1]


def _scored(
    dW: Sequence[Floats], db: Sequence[Floats], order: str, Ws: Sequence[Floats], bs: Sequence[Floats]
) -> Assigned:
    dW = [_in_shape(g, W) for g, W in zip(dW, Ws, strict=True)]
    fitting = _fits(dW, Ws)
    fitting += sum(
        g.size == b.size and g.ndim <= 2 and not (g.ndim == 0 and b.size > 1)
        for g, b in zip(db, bs, strict=True)
    )
    return Assigned(
        tuple(np.array(g, np.float64) for g in dW),  # copies: a buffer that is returned changes later
        tuple(np.array(g, np.float64) for g in db),
        order,
        fitting,
    )
