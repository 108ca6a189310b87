"""The gradient behind a step of Adam, RMSprop and the like, whose first step shows nothing but its signs.

What such an optimiser keeps does: a mean of gradients begins with a constant times the first of them, and a
mean of squares with a constant times its square.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from chainrule.diagnosis.asking.results import Assigned
from chainrule.model.validate import Floats

ADAPTIVE = "adaptive"
ALIKE, MOST = 0.9, 0.9
SAME = 1e-6


def is_adaptive(steps: Sequence[Floats]) -> bool:
    """Whether nearly all entries of a step are equally large, as those of Adam are."""
    sizes = np.abs(np.concatenate([step.reshape(-1) for step in steps]))
    moved = sizes[sizes > 0]
    return bool(moved.size > MOST * sizes.size and np.mean(moved > ALIKE * moved.max()) > MOST)


def gradient_kept(
    kept: Iterable[tuple[tuple[Any, ...], Floats]], steps_W: Sequence[Floats], steps_b: Sequence[Floats]
) -> Assigned | None:
    """A constant times the gradient, from what an object keeps; ``steps``: what the parameters lost."""
    steps = [*steps_W, *steps_b]
    squares = None
    for group in _groups(kept).values():
        found = _in_shape(group, steps)
        if found is None:
            continue
        if all(map(_same_signs, found, steps)):
            return _assigned(found, len(steps_W))
        if all((array >= 0).all() for array in found) and any(array.any() for array in found):
            squares = [np.sqrt(array) * np.sign(step) for array, step in zip(found, steps, strict=True)]
    return None if squares is None else _assigned(squares, len(steps_W))


def _assigned(found: Sequence[Floats], H: int) -> Assigned:
    return Assigned(tuple(found[:H]), tuple(found[H:]), "kept by the optimiser", len(found))


def _groups(kept: Iterable[tuple[tuple[Any, ...], Floats]]) -> dict[str, list[Floats]]:
    """The arrays by what they are called, whatever the layer, and W or b."""
    found: dict[str, list[Floats]] = {}
    for path, array in kept:
        names = [re.sub(r"_?(w|weights?|b|bias(es)?)?_?\d*$", "", str(key).lower()) for key in path]
        key = next((name for name in reversed(names) if name), "")
        found.setdefault(key, []).append(array)
    return found


def _in_shape(group: Sequence[Floats], steps: Sequence[Floats]) -> list[Floats] | None:
    """One array of the group for each step, of its shape, in order."""
    left = list(group)
    found: list[Floats] = []
    for step in steps:
        place = next((k for k, array in enumerate(left) if array.shape == step.shape), None)
        if place is None:
            return None
        found.append(np.array(left.pop(place), np.float64))
    return found


def _same_signs(array: Floats, step: Floats) -> bool:
    clear = np.abs(step) > SAME * np.abs(step).max(initial=0)
    return bool(array.any() and np.array_equal(np.sign(array[clear]), np.sign(step[clear])))
