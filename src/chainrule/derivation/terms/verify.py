"""Every printed step is checked: by SymPy for all numbers, and in float64 for random ones.

A `Setting` is what a group of steps speaks about. It is entered as several worlds: symbolic ones, one for
each branch that a function has (z between two of its kinks), and one of random numbers.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from chainrule.derivation.terms.evaluate import COMPLEX, Get, Key, World, value
from chainrule.derivation.terms.printing import TEXT
from chainrule.derivation.terms.terms import Big, Delta, Rel, Sym, Term, children
from chainrule.errors import ChainruleError
from chainrule.proof.claims.claims import Given, Intervals, between
from chainrule.proof.claims.symbolic import SYMBOLIC, is_zero
from chainrule.types import Array, Namespace

TOLERANCE = 1e-9
"""Largest relative error in float64 that passes; right steps stay near 1e-15."""


class WrongStep(ChainruleError):
    """A step that does not hold. Nothing is printed of a derivation with one."""


class Verified(NamedTuple):
    """A step that holds: how it was checked, and the largest relative error in float64."""

    symbolic: bool
    error: float


@dataclass(frozen=True)
class Setting:
    """What steps speak about.

    Args:
        dims: width of every dimension, such as {"N": 1, "n_1": 3}.
        given: the symbols that are given, by name and layer.
        made: how the others follow from them by the shipped functions.
        functions: what names such as φ' stand for.
        ranges: the dimension that each free index runs over.
        branched: the given symbol whose interval decides a branch, if there is one.
        kinks: where its intervals end; at 0 if there are none.
        lenient: where its interval does not decide every branch, numbers are enough (a formula of one's own).
    """

    dims: Mapping[str, int]
    given: Mapping[Key, Given]
    made: Mapping[Key, Callable[[Namespace, Get], Array]] = field(default_factory=dict)
    functions: Mapping[str, Callable[..., Array]] = field(default_factory=dict)
    ranges: Mapping[str, str] = field(default_factory=dict)
    branched: Key | None = None
    kinks: tuple[float, ...] = ()
    lenient: bool = False

    @property
    def branches(self) -> Intervals:
        """The intervals of the branched symbol."""
        return between(self.kinks) if self.branched else ()

    @cached_property
    def symbolic(self) -> list[World]:
        """One world of symbols for each branch."""
        return [self._world(SYMBOLIC, branch) for branch in self.branches or (None,)]

    @cached_property
    def numeric(self) -> list[World]:
        """A world of random numbers, and one for each branch."""
        return [self._world(COMPLEX, branch, seed) for branch in (None, *self.branches) for seed in (1, 2)]

    def _world(self, xp: Namespace, branch: tuple[float, float] | None, seed: int = 1) -> World:
        rng = np.random.default_rng(seed)
        arrays = {}
        for key, given in self.given.items():
            kind = (branch,) if branch and key == self.branched else given.kind
            item = Given(given.shape, kind)
            name = "".join(key)
            arrays[key] = np.asarray(item.terms(name) if xp is SYMBOLIC else item.numbers(rng))
        return World(xp, self.dims, arrays, self.made, self.functions)

    def places(self, step: Rel, when: Callable[[Mapping[str, int]], bool] | None) -> Iterator[dict[str, int]]:
        """Every choice of the free indices that a step speaks of."""
        free = sorted(free_indices(step.left) | free_indices(step.right))
        spans = [range(1, self.dims[self.ranges[i]] + 1) for i in free]
        for choice in itertools.product(*spans):
            at = dict(zip(free, choice, strict=True))
            if when is None or when(at):
                yield at


def free_indices(node: Term) -> set[str]:
    """Letters of indices that no sum binds."""
    found: set[str] = set()
    if isinstance(node, Sym):
        found = {i for i in node.sub if isinstance(i, str)}
    elif isinstance(node, Delta):
        found = {i for i in (node.i, node.j) if isinstance(i, str)}
    for child in children(node):
        found |= free_indices(child)
    return found - {node.index} if isinstance(node, Big) else found


def verify(step: Rel, setting: Setting, when: Callable[[Mapping[str, int]], bool] | None = None) -> Verified:
    """Check left = right for every choice of indices: symbolically in every branch, then in numbers.

    Raises:
        WrongStep: it does not hold, or cannot be decided.
    """
    try:
        symbolic = _proven(step, setting, when)
        error = _measure(step, setting, when)
    except WrongStep:
        raise
    except Exception as trouble:  # a wrong equation may fail in any way: shapes, types, undecided signs
        raise WrongStep(f"a step must hold: {TEXT(step)}. It cannot be checked: {trouble}") from trouble
    if not error <= TOLERANCE:
        raise WrongStep(
            f"a step must hold: {TEXT(step)}. On random numbers it is {error:.1e} off. "
            "The equation that it comes from is wrong, or the step is."
        )
    return Verified(symbolic, error)


def _proven(step: Rel, setting: Setting, when: Callable[[Mapping[str, int]], bool] | None) -> bool:
    try:
        for world in setting.symbolic:
            for at in setting.places(step, when):
                _prove(step, world, at)
    except WrongStep:
        raise
    except Exception:  # a sign that is not decided shows in many ways
        if not setting.lenient:
            raise
        return False
    return True


def _prove(step: Rel, world: World, at: Mapping[str, int]) -> None:
    left, right = (_as_row(np.asarray(value(side, world, at), object)) for side in (step.left, step.right))
    if left.shape != right.shape:
        raise WrongStep(f"a step must hold: {TEXT(step)}. The shapes are {left.shape} and {right.shape}.")
    for place in np.ndindex(*left.shape):
        if not is_zero(left[place] - right[place]):
            where = f" where {', '.join(f'{i} = {n}' for i, n in at.items())}" if at else ""
            raise WrongStep(
                f"a step must hold: {TEXT(step)}. SymPy finds the sides different{where}. "
                "The equation that it comes from is wrong, or the step is."
            )


def _measure(step: Rel, setting: Setting, when: Callable[[Mapping[str, int]], bool] | None) -> float:
    pairs = [
        [_as_row(np.asarray(value(side, world, at))) for side in (step.left, step.right)]
        for world in setting.numeric
        for at in setting.places(step, when)
    ]
    return max((_relative(left, right) for left, right in pairs), default=0.0)


def _as_row(array: Array) -> Array:
    """A vector of biases is a row."""
    return array[None, :] if array.ndim == 1 else array


def _relative(left: Any, right: Any) -> float:
    scale = max(np.abs(left).max(), np.abs(right).max())
    worst = float(np.abs(left - right).max())
    return worst / float(scale) if scale > 1e-12 else worst
