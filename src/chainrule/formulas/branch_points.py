"""Where a formula changes its branch or divides by zero, and what happens to it there."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import mpmath
import numpy as np
import sympy as sp

from chainrule.formulas import code, exact
from chainrule.formulas.checking import MAX_Z, run
from chainrule.formulas.functions import Abs, Branch, Log, Sign, Z
from chainrule.formulas.size import manageable
from chainrule.formulas.stable import rewrite

OFFSET = mpmath.mpf(10) ** -30
"""How far from a branch point its two sides are evaluated."""
SECOND_OFFSET = mpmath.mpf(10) ** -10
"""How much closer a second look is, to see whether the derivative grows without bound."""
MAX_GROWTH = 1.2
"""Of the derivative between the two looks: |u|^(63/64) has 1.4, and what is smooth has 1."""
MIN_JUMP = 1e-6
"""A smaller change of the value, relative to 1 + |value|, comes of rounded constants in the formula."""
ROOT_WIDTH = mpmath.mpf(10) ** -42
"""The width of the interval in which a root is found."""
MAX_POINTS = 700
"""|sin z| has 637."""
TOO_MANY = f"a change of branch at more than {MAX_POINTS} places"
MAX_DEGREE = 32
"""Of polynomials whose roots are all isolated, close and touching ones too."""
WIDTH = sp.Rational(1, 10**45)


class BranchPoint(NamedTuple):
    """A z where branches meet: the jump of the value and that of the derivative.

    ``slope_at`` is the derivative by the rules at z itself and one nearby, where the former lies outside of
    those on both sides.
    """

    z: float
    jump: float
    slope_jump: float
    slope_at: tuple[float, float] | None = None


def branch_points(term: Any) -> tuple[BranchPoint, ...]:
    """The branch points of a term in z within ±1000, from left to right.

    Raises:
        exact.Undefined: no value or no bounded derivative near one of them, or too many of them.
    """
    places: dict[float, Any] = {}
    for u in sorted(_conditions(term), key=sp.default_sort_key):
        for z in _roots(u):
            places[float(z)] = z
            if len(places) > MAX_POINTS:
                raise exact.Undefined(TOO_MANY)
    return tuple(_branch_point(term, places[z]) for z in sorted(places))


def _conditions(term: Any) -> set[Any]:
    """The terms whose sign, or whose being zero, matters; those alone that depend on z."""
    found = set()
    for node in sp.preorder_traversal(term):
        if isinstance(node, Abs | Sign | Branch | Log):
            found.add(node.args[0])
        elif node.is_Pow and not (node.exp.is_Integer and node.exp > 0):
            found.add(node.base)
    return {u for u in found if u.has(Z)}


def _roots(u: Any) -> Iterator[Any]:
    """Where u changes its sign or touches zero."""
    polynomial = u.as_poly(Z) if manageable(u) else None
    if polynomial is not None and polynomial.domain in (sp.QQ, sp.ZZ) and polynomial.degree() <= MAX_DEGREE:
        return _isolated(polynomial)
    return _on_a_grid(u)


def _isolated(polynomial: sp.Poly) -> Iterator[Any]:
    """All real roots of a polynomial with rational coefficients, however close."""
    for (low, high), _ in polynomial.intervals(eps=WIDTH, inf=-int(MAX_Z), sup=int(MAX_Z)):
        middle = sp.Rational(low + high) / 2
        with mpmath.workdps(60):
            yield mpmath.mpf(middle.p) / middle.q


def _on_a_grid(u: Any) -> Iterator[Any]:
    """Where u has another sign than at the next point of a fine grid: found in floats, refined exactly."""
    grid = np.unique(np.concatenate([np.linspace(-MAX_Z, MAX_Z, 400_001), np.linspace(-20, 20, 40_001)]))
    compute = code.function(code.source("u", ("z",), rewrite(u)[0]))
    signs = np.sign(run(compute, grid))
    changes = np.flatnonzero((signs[:-1] != signs[1:]) & ~(np.isnan(signs[:-1]) & np.isnan(signs[1:])))
    if len(changes) > 2 * MAX_POINTS:
        raise exact.Undefined(TOO_MANY)
    for i in changes:
        yield from _between(u, *(mpmath.mpf(float(z)) for z in grid[i : i + 2]))


def _between(u: Any, low: Any, high: Any) -> Iterator[Any]:
    """The place from ``low`` to ``high`` where the sign changes; none if u is undefined on one side."""
    try:
        below, above = _sign(u, low), _sign(u, high)
    except exact.Undefined:
        return
    for end, sign in ((low, below), (high, above)):
        if sign == 0 != below + above:
            found = _bisect(u, low, high, below)
            yield end if abs(end - found) < ROOT_WIDTH else found
    if below * above < 0:
        yield _crossing(u, low, high, below)


def _sign(u: Any, z: Any) -> int:
    try:
        return int(mpmath.sign(exact.evaluate(u, {Z: z}, Z, digits=60).value))
    except exact.TooLarge:
        return 1


def _crossing(u: Any, low: Any, high: Any, below: int) -> Any:
    """By secants where u is smooth; by bisection where that does not arrive."""

    def value(z: Any) -> Any:
        return exact.evaluate(u, {Z: z}, Z, digits=60).value

    with mpmath.workdps(60):
        try:
            found = mpmath.findroot(value, (low, high), solver="secant", tol=1e-50, maxsteps=15, verify=False)
            if _sign(u, found - ROOT_WIDTH) == below == -_sign(u, found + ROOT_WIDTH):
                return found
        except (ArithmeticError, ValueError):
            pass
    return _bisect(u, low, high, below)


def _bisect(u: Any, low: Any, high: Any, below: int) -> Any:
    """The end of the points that have the sign of ``low``."""
    with mpmath.workdps(60):
        while high - low > ROOT_WIDTH / 2:
            middle = (low + high) / 2
            low, high = (middle, high) if _sign(u, middle) == below else (low, middle)
        return (low + high) / 2


def _branch_point(term: Any, z: Any) -> BranchPoint:
    with mpmath.workdps(80):
        near, nearer = (aside * (1 + abs(z)) for aside in (OFFSET, OFFSET * SECOND_OFFSET))
        places = [z - near, z + near, z - nearer, z + nearer, z]
    try:
        left, right, *closer, middle = (exact.evaluate(term, {Z: place}, Z) for place in places)
    except (exact.Undefined, exact.TooLarge) as error:
        raise exact.Undefined(f"near z = {float(z):g} there is {error}") from error
    for far, close in zip((left, right), closer, strict=True):
        if abs(close.slope) > MAX_GROWTH * max(1, abs(far.slope)):
            raise exact.Undefined(f"near z = {float(z):g} there is a derivative without bound")
    jump = (right.value - left.value) / (1 + abs(left.value))
    slope_jump = (right.slope - left.slope) / (1 + abs(left.slope))
    if z != mpmath.mpf(float(z)):
        return BranchPoint(float(z), float(jump), float(slope_jump))
    hole = (middle.value - left.value) / (1 + abs(left.value))  # only at a float can it ever be met
    low, high = sorted([left.slope, right.slope])
    outside = max(low - middle.slope, middle.slope - high) > MIN_JUMP * (1 + abs(left.slope))
    slope_at = (float(middle.slope), float(low)) if outside else None
    return BranchPoint(float(z), float(max(jump, hole, key=abs)), float(slope_jump), slope_at)
