"""What another library's layers do, found by asking: each answers numbers from small to large ones.

The network is run once on random rows. Whatever a layer answers is written down, and random numbers go on in
its place: so each layer, and each function between two layers, is asked on the whole line, however small the
weights before it are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np

from chainrule.exchange.chain import EPSILONS, Affine, Part, Piece, Refused, Scaled, slopes
from chainrule.exchange.matching import matched
from chainrule.model.validate import Floats

PROBES = 256
"""Rows on which layers are asked."""


class Named(str):
    """A layer as errors show it."""

    def __repr__(self) -> str:
        return str(self)


class Step(NamedTuple):
    """A layer that was asked."""

    part: Any
    given: Any
    found: Any
    """What it answered."""
    after: Floats
    """What went on instead."""
    epsilon: float
    """The rounding error of its type."""


Explain = Callable[[Step], tuple[list[Piece | None], Any, Any] | None]
"""The pieces that a layer must be, what they answer, and the sums on the way; None to ask the layer."""


class Recorder:
    """Asks layers, one after the other.

    ``tensor`` makes an array like another, ``numbers`` turns it back; ``epsilon``: the least rounding error.
    """

    def __init__(
        self,
        tensor: Callable[[Floats, Any], Any],
        numbers: Callable[[Any], Floats],
        epsilon: float = EPSILONS["float64"],
    ) -> None:
        self.steps: list[Step] = []
        self._tensor, self._numbers, self._least = tensor, numbers, epsilon
        self._inside = False

    def call(self, part: Any, function: Callable[..., Any], *args: Any, **named: Any) -> Any:
        """What goes on behind a layer. Layers inside of it are its own affair."""
        if self._inside:
            return function(*args, **named)
        self._inside = True
        try:
            found = function(*args, **named)
        finally:
            self._inside = False
        given = args[0] if args else next(iter(named.values()), None)
        if not _is_array(given) or not _is_array(found):
            self.steps.append(Step(part, given, found, np.zeros(0), 0.0))
            return found
        after = self._tensor(probe(tuple(found.shape), len(self.steps) + 1), found)
        taken, answered, sent = (self._numbers(x) for x in (given, found, after))
        self.steps.append(Step(part, taken, answered, sent, max(self._least, epsilon_of(found))))
        return after

    def parts(
        self, rows: Floats, result: Any, shown: Callable[[Any], str], explain: Explain
    ) -> Iterator[Part]:
        """The chain of what was asked, from the input rows to the result.

        Raises:
            Refused: a layer, or something between two, that is no piece of a chain.
        """
        given, before, epsilon = rows, "the input", self._least
        for step in self.steps:
            name = shown(step.part)
            if not isinstance(step.given, np.ndarray) or not isinstance(step.found, np.ndarray):
                raise Refused(Named(name), "it must take one array, and return one")
            between = Named(f"what comes between {before} and {name}")
            yield between, matched(between, given, step.given, max(epsilon, step.epsilon))
            yield from _pieces(Named(name), step, explain)
            given, before, epsilon = step.after, name, step.epsilon
        end = Named(f"what comes between {before} and the output")
        if not _is_array(result):
            raise Refused(end, f"the output must be one array; it is a {type(result).__name__}")
        yield end, matched(end, given, self._numbers(result), max(epsilon, epsilon_of(result)))


def _pieces(name: Named, step: Step, explain: Explain) -> Iterator[Part]:
    exact = explain(step)
    if exact is None:
        yield name, matched(name, step.given, step.found, step.epsilon)
        return
    pieces, expected, sums = exact
    if np.shape(expected) != step.found.shape:
        raise Refused(name, f"it answers shape {step.found.shape}, its weights {np.shape(expected)}")
    apart = np.abs(step.found - expected)
    within = apart <= 64 * step.epsilon * np.maximum(1e-3, sums) * np.maximum(1, np.abs(expected))
    if not within.all():
        row = int(np.unravel_index(np.argmin(within), within.shape)[0])
        raise Refused(
            name,
            f"it does something else than its weights say: in row {row} of those it was asked, its answer is "
            f"{apart[row].max():.2g} away",
        )
    yield from ((name, piece) for piece in pieces)


def affine(W: Any, b: Any, x: Any, part: Any) -> tuple[Affine, Floats, Floats]:
    """A layer of weights, what it answers to x, and its largest sums |W||x| + |b|.

    Shapes: W (n, n_prev), b (n,), x (N, n_prev) → (N, n).

    Raises:
        Refused: x is no table of rows, or the weights are not finite.
    """
    if x.ndim != 2 or x.shape[1] != W.shape[1]:
        raise Refused(
            part, f"it must be given rows (N, {W.shape[1]}); it is given shape {x.shape}. Flatten first"
        )
    if not (np.isfinite(W).all() and np.isfinite(b).all()):
        raise Refused(part, "its weights must be finite")
    return Affine(W, b), x @ W.T + b, np.abs(x) @ np.abs(W.T) + np.abs(b)


def scaled(line: Scaled, x: Floats) -> tuple[list[Piece | None], Floats, Floats]:
    """A line for each column, what it answers to x, and its largest sums."""
    columns = [np.broadcast_to(term, x.shape[1:]) for term in line]
    flat = Scaled(*(column.ravel() for column in columns))
    return [flat], x * columns[0] + columns[1], np.abs(x * columns[0]) + np.abs(columns[1])


def sloped(slope: Any, x: Floats) -> tuple[list[Piece | None], Floats, Floats]:
    """A PReLU with slopes for all columns or one, what it answers to x, and its largest sums."""
    slope = np.broadcast_to(slope, x.shape[1:])
    return [slopes(slope)], np.maximum(x, 0) + slope * np.minimum(x, 0), np.abs(x)


def _is_array(x: Any) -> bool:
    return hasattr(x, "shape") and hasattr(x, "dtype")


def epsilon_of(tensor: Any) -> float:
    """The rounding error of the type that a tensor has."""
    return EPSILONS.get(str(tensor.dtype).removeprefix("torch."), EPSILONS["float32"])


def probe(shape: tuple[int, ...], seed: int) -> Floats:
    """Numbers of both signs from 0.001 to 50, which float32 holds. Shape: as given."""
    rng = np.random.default_rng(seed)
    numbers = rng.choice([-1.0, 1.0], size=shape) * 10 ** rng.uniform(-3, 1.7, size=shape)
    return numbers.astype(np.float32).astype(np.float64)
