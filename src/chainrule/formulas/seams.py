"""Where a formula changes its branch, and what happens to it there."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import mpmath
import numpy as np
import sympy as sp

from chainrule.formulas import exact
from chainrule.formulas.checking import REACH
from chainrule.formulas.functions import Abs, Branch, Sign, Z

ASIDE = mpmath.mpf(10) ** -30
"""How far from a seam both sides are looked at."""
JUMP = 1e-6
"""A smaller change of the value, relative to 1 + |value|, comes of rounded constants in the formula."""


class Seam(NamedTuple):
    """A z where branches meet: the jump of the value and that of the derivative."""

    z: float
    jump: float
    bend: float


def seams(term: Any) -> tuple[Seam, ...]:
    """The seams of a term in z within ±1000, from left to right."""
    places = sorted({float(z): z for u in _conditions(term) for z in _roots(u)}.items())
    return tuple(_seam(term, z) for _, z in places)


def _conditions(term: Any) -> set[Any]:
    return {node.args[0] for node in sp.preorder_traversal(term) if isinstance(node, Abs | Sign | Branch)}


def _roots(u: Any) -> Iterator[Any]:
    """Where u changes its sign, found on a fine grid and then by bisection."""
    near = np.linspace(-20, 20, 2001)
    far = np.geomspace(20, REACH, 300)
    grid = np.unique(np.concatenate([-far, near, far]))
    values = [_sign(u, mpmath.mpf(float(z))) for z in grid]
    for z, value in zip(grid, values, strict=True):
        if value == 0:
            yield mpmath.mpf(float(z))
    for i in range(len(grid) - 1):
        if values[i] * values[i + 1] < 0:
            yield _bisect(u, mpmath.mpf(float(grid[i])), mpmath.mpf(float(grid[i + 1])))


def _sign(u: Any, z: Any) -> int:
    try:
        return int(mpmath.sign(exact.evaluate(u, {Z: z}, Z, digits=60).value))
    except exact.Undefined as error:
        raise exact.Undefined(f"at z = {float(z):g} there is {error}") from error
    except exact.Beyond:
        return 1


def _bisect(u: Any, low: Any, high: Any) -> Any:
    below = _sign(u, low)
    with mpmath.workdps(60):
        for _ in range(150):
            middle = (low + high) / 2
            found = _sign(u, middle)
            if found == 0:
                return middle
            low, high = (middle, high) if found == below else (low, middle)
        return (low + high) / 2


def _seam(term: Any, z: Any) -> Seam:
    with mpmath.workdps(60):
        sides = [z - ASIDE * (1 + abs(z)), z + ASIDE * (1 + abs(z))]
    try:
        left, right = (exact.evaluate(term, {Z: side}, Z) for side in sides)
    except (exact.Undefined, exact.Beyond) as error:
        raise exact.Undefined(f"near z = {float(z):g} there is {error}") from error
    jump = (right.value - left.value) / (1 + abs(left.value))
    bend = (right.slope - left.slope) / (1 + abs(left.slope))
    return Seam(float(z), float(jump), float(bend))
