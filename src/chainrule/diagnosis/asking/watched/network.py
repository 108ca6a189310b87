"""Which arrays of a program are weights, biases, inputs and targets: by what a turn changes, by shapes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from chainrule.diagnosis.asking.layouts import Layout, in_order, kind
from chainrule.diagnosis.asking.names import ROLES
from chainrule.diagnosis.asking.watched.places import Place, Steps
from chainrule.diagnosis.catalogue.backprop import Trial
from chainrule.model.validate import Floats

BUFFER = re.compile(r"veloc|moment|prev|best|adam|cache|mask|grad|delta|nabla|^[dmvg]_?[wb]\d*$|error|old")

PASSING = r"[azho]_?\d*|out.*|(hidden_?)?layer_?\d+|act.*|hidden"
"""Names of what a network computes on its way."""


class Found(NamedTuple):
    """A network in a program. ``b[L-1]`` is nothing where layer L has no biases. ``N``: samples."""

    widths: tuple[int, ...]
    layout: Layout
    W: tuple[Place, ...]
    b: tuple[Place | None, ...]
    x: Place
    y: Place
    N: int

    @property
    def biasless(self) -> bool:
        """Whether no layer has biases."""
        return not any(self.b)

    def prepared(self, trial: Trial) -> Trial:
        """A trial as this program can hold it: no biases where it has none."""
        layers = [
            layer if b is not None else layer._replace(b=0 * layer.b)
            for layer, b in zip(trial.params, self.b, strict=True)
        ]
        whole = self.x.array.dtype.kind in "iub" and len(self.x.path) == 1
        x = np.rint(3 * trial.x) if whole else trial.x
        return trial._replace(params=type(trial.params)(layers), x=x)

    def values(self, trial: Trial) -> Iterator[tuple[Steps, Floats]]:
        """What is put where."""
        for place, layer in zip(self.W, trial.params, strict=True):
            yield place.path, self.layout.W(layer.W).reshape(place.array.shape)
        for b, layer in zip(self.b, trial.params, strict=True):
            if b is not None:
                yield b.path, layer.b.reshape(b.array.shape)
        yield self.x.path, self.data_x(trial)
        yield self.y.path, self.data_y(trial)

    def data_x(self, trial: Trial) -> Floats:
        """The inputs as the program holds them."""
        return np.asarray(self.layout.x(trial), np.float64).reshape(self.x.array.shape)

    def data_y(self, trial: Trial) -> Floats:
        """The targets as the program holds them."""
        return np.asarray(self.layout.y(trial), np.float64).reshape(self.y.array.shape)


def network_in(changed: Sequence[Place], kept: Sequence[Place]) -> Found | None:
    """The network whose parameters a turn changed, with the data that it did not change.

    Biases count where they are named so, changed or not: sums of softmax's errors over all outputs are 0.
    """
    parameters = [place for place in changed if not _is_buffer(place)]
    for Ws in _matrices(parameters):
        for out_in in (True, False):
            shapes = [W.array.shape if out_in else W.array.shape[::-1] for W in Ws]
            if any(first[0] != second[1] for first, second in pairwise(shapes)):
                continue
            widths = (shapes[0][1], *(shape[0] for shape in shapes))
            same = [one for one in kept if kind(one.words)[0] == "b" and not _is_buffer(one)]
            rest = [*(one for one in parameters if not any(one is W for W in Ws)), *same]
            found = _with_data(widths, out_in, Ws, _biases(rest, Ws, widths), kept)
            if found is not None:
                return found
    return None


def _matrices(changed: Sequence[Place]) -> Iterator[list[Place]]:
    """The matrices in the orders that they may have: by their numbers, as found, and the other way round."""
    every = [one for one in changed if is_matrix(one)]
    for some in ([one for one in every if kind(one.words)[0] == "W"], every):
        if some:
            ordered: list[Place] = in_order([(one.words, one) for one in some])
            yield from (ordered, some, ordered[::-1])


def is_matrix(place: Place) -> bool:
    """Whether an array may be weights: two axes, and no name of biases, data or what is kept beside."""
    letter, gradient = kind(place.words)
    if place.array.ndim != 2 or letter == "b" or gradient or _is_buffer(place):
        return False
    return letter == "W" or not _is_data(place)


def _biases(changed: Sequence[Place], Ws: Sequence[Place], widths: Sequence[int]) -> list[Place | None]:
    """For each layer the first vector left that is as wide: beside its weights, else one named biases."""
    vectors = [
        one for one in changed if one.array.ndim < 3 and max(one.array.shape, default=0) == one.array.size
    ]
    named = [one for one in vectors if kind(one.words)[0] == "b"]
    left: list[Place] = in_order(
        [(one.words, one) for one in (named or vectors) if kind(one.words)[0] != "W"]
    )
    chosen: list[Place | None] = []
    for W, n in zip(Ws, widths[1:], strict=True):
        wide = [one for one in left if one.array.size == n]
        beside = [one for one in wide if len(W.path) > 1 and one.path[:-1] == W.path[:-1]]
        fitting = next(iter(beside or wide), None)
        chosen.append(fitting)
        left = [one for one in left if one is not fitting]
    return chosen if named or all(chosen) else [None] * len(chosen)


def _is_buffer(place: Place) -> bool:
    return any(BUFFER.search(str(word).lower()) for word in place.words)


def _is_data(place: Place) -> bool:
    """Whether the name says inputs, targets or outputs."""
    last = [str(word).lower().strip("_") for word in place.words if isinstance(word, str)][-1:]
    patterns = [PASSING, *(ROLES[role] for role in ("x", "y", "output"))]
    return any(re.fullmatch(pattern, word) for pattern in patterns for word in last)


def _with_data(
    widths: tuple[int, ...], out_in: bool, Ws: list[Place], bs: list[Place | None], kept: Sequence[Place]
) -> Found | None:
    for x in _named_first(kept, "x"):
        for samples, N in _stackings(x.array.shape, widths[0], out_in):
            for y in _named_first(kept, "y"):
                labels = _codes(y, samples, N, widths[-1]) if y.held is not x.held else None
                if labels is None:
                    continue
                shape = next((b.array.shape for b in bs if b is not None), (1,))
                bias = "vector" if len(shape) == 1 else "row" if shape[0] == 1 else "column"
                layout = Layout(samples, out_in, bias, labels)
                return Found(widths, layout, tuple(Ws), tuple(bs), x, y, N)
    return None


def _named_first(kept: Sequence[Place], role: str) -> list[Place]:
    """The places: those whose last name says the role first, small ones before large, test data last."""

    def rank(place: Place) -> int:
        words = [str(word).lower().strip("_") for word in place.words if isinstance(word, str)]
        if any(re.search("test|val|dev", word) for word in words):
            return 2
        return 0 if any(re.fullmatch(ROLES[role], word) for word in words[-1:]) else 1

    return sorted(kept, key=lambda place: (rank(place), place.array.size))


def _stackings(shape: tuple[int, ...], n: int, out_in: bool) -> Iterator[tuple[str, int]]:
    """How an array may hold samples of n inputs, and how many."""
    size = int(np.prod(shape))
    if shape == (n,):
        yield "vectors", 1
    elif shape in ((n, 1), (1, n)) and n > 1:
        yield ("column" if shape[1] == 1 else "rows"), 1
    elif len(shape) == 2 and n in shape:
        both = [("columns", shape[1])] * (shape[0] == n) + [("rows", shape[0])] * (shape[1] == n)
        yield from (both if out_in else both[::-1])
    elif len(shape) == 3 and size == shape[0] * n:
        yield "rows", shape[0]


def _codes(y: Place, samples: str, N: int, K: int) -> bool | None:
    """Whether y holds class numbers; nothing where it cannot be the targets."""
    shape = y.array.shape
    one_hot = {"rows": (N, K), "columns": (K, N), "vectors": (K,), "column": (K, 1)}[samples]
    if shape == one_hot or (K == 1 and y.array.size == N and len(shape) < 3):
        return False
    if len(shape) == 3 and y.array.size == N * K and samples == "rows":
        return False
    whole = y.array.dtype.kind in "iu" or np.array_equal(y.array, np.rint(y.array))
    return True if y.array.size == N and whole and len(shape) < 3 and K > 1 else None


def samples_used(end: Sequence[Place], trial: Trial) -> list[int] | None:
    """Which samples of a trial the turn took, in which order, by an array that it made of some of them."""
    x = trial.x
    for place in end:
        array = place.array
        if array.ndim == 0 or array.size % x.shape[1] or array.size > x.size:
            continue
        for rows in _as_rows(array, x.shape[1]):
            hits = [np.flatnonzero((x == row).all(axis=1)) for row in rows]
            if all(len(hit) for hit in hits) and len(rows) < len(x):
                return [int(hit[0]) for hit in hits]
    return None


def _as_rows(array: Floats, n: int) -> Iterator[Floats]:
    if array.shape[-1] == n:
        yield array.reshape(-1, n)
    if array.shape[0] == n and array.ndim < 3:
        yield array.reshape(n, -1).T
