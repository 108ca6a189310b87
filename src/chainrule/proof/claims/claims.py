"""What can be claimed of an equation: that two terms agree, or that one is the other's gradient.

A claim is stated once, over the namespace ``xp``, and examined three times: by SymPy for all numbers, by
NumPy in float64 for some, and, where JAX is installed, against its automatic differentiation.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import pairwise
from math import inf
from types import SimpleNamespace
from typing import Any, Protocol

import numpy as np
import sympy as sp

from chainrule.engines.reference import NUMPY
from chainrule.proof.claims.symbolic import SYMBOLIC, Shift, Unproven, exact, fill, is_zero, symbols, within
from chainrule.types import Array, Namespace

STEP = 1e-3
"""Of the differences; extrapolated twice, so that their own error is about STEP⁶."""

HUGE = 1e4
"""A logit that saturates everything."""


class Claim(Protocol):
    """Something that can be proven, and measured in float64."""

    def prove(self) -> None:
        """Return when proven. Raises: Unproven."""

    def error(self) -> float:
        """Largest relative error in float64."""

    def autodiff_error(self) -> float | None:
        """Largest relative error against automatic differentiation; None where nothing is differentiated."""


Intervals = tuple[tuple[float, float], ...]
"""Open intervals, which the entries of an array take in turn."""

ABOVE, BELOW = (0.0, inf), (-inf, 0.0)

SIGNS: dict[str, Intervals] = {
    "positive": (ABOVE,),
    "negative": (BELOW,),
    "mixed": (ABOVE, BELOW),
    "opposite": (BELOW, ABOVE),
    "zero": ((0.0, 0.0),),
}
"""The intervals of the kinds that say a sign."""


def between(kinks: Iterable[float]) -> Intervals:
    """Intervals between kinks, from left to right; without kinks they meet at 0, where code may branch."""
    return tuple(pairwise((-inf, *(tuple(kinks) or (0.0,)), inf)))


@dataclass(frozen=True)
class Given:
    """One array that a claim is about: all symbols for the proof, numbers for the check.

    The shape has numbers, or symbols where the claim is for any size (`chainrule.proof.claims.sizes`).

    ``kind``: any, positive, negative, mixed (signs alternate), opposite (the other way round), zero,
    distribution (rows sum to 1), shift (a number like softmax's maximum), share (within 0…1), mask (0 or 2),
    huge (±1e4); or intervals, which the entries take in turn.
    """

    shape: tuple[Any, ...] = ()
    kind: str | Intervals = "any"

    def terms(self, name: str) -> Array:
        """Symbols with the assumptions of this kind."""
        if self.intervals:
            return _scalar(fill(self.shape, lambda i: within("_".join([name, *map(str, i)]), *self._turn(i))))
        if self.kind == "shift":
            return _scalar(fill(self.shape, lambda i: Shift(f"{name}{i}", real=True)))
        found = symbols(name, self.shape, **({"positive": True} if self.kind == "share" else {}))
        if self.kind == "distribution":
            found[:, -1] = 1 - found[:, :-1].sum(axis=1)
        return _scalar(found)

    def numbers(self, rng: np.random.Generator) -> Array:
        """Random numbers of this kind, at least 0.1 away from the ends of an interval."""
        if self.intervals:
            return _scalar(fill(self.shape, lambda i: rng.uniform(*_inside(*self._turn(i)))).astype(float))
        draw = {
            "distribution": lambda: rng.dirichlet(np.ones(self.shape[-1]), self.shape[:-1]),
            "share": lambda: rng.uniform(0.05, 0.95, self.shape),
            "mask": lambda: 2.0 * rng.integers(0, 2, self.shape),
            "huge": lambda: HUGE * rng.choice([-1.0, 1.0], self.shape) + rng.standard_normal(self.shape),
        }.get(str(self.kind), lambda: rng.standard_normal(self.shape))
        return _scalar(draw())  # type: ignore[no-untyped-call]

    @property
    def intervals(self) -> Intervals:
        """Those that the entries take in turn; none for other kinds."""
        return SIGNS.get(self.kind, ()) if isinstance(self.kind, str) else self.kind

    def _turn(self, index: tuple[int, ...]) -> tuple[float, float]:
        return self.intervals[sum(index) % len(self.intervals)]


def _inside(low: float, high: float) -> tuple[float, float]:
    """The ends of an interval, moved inwards by 0.1; where one is infinite, the interval is 2 long."""
    if low == high:
        return low, high
    return (high - 2 if low == -inf else low) + 0.1, (low + 2 if high == inf else high) - 0.1


Values = Any
"""The arrays of a claim by name, as attributes."""


@dataclass(frozen=True)
class Identity:
    """Two terms that agree, entry by entry."""

    given: dict[str, Given]
    left: Callable[[Namespace, Values], Array]
    right: Callable[[Namespace, Values], Array]

    def prove(self) -> None:
        """Prove left − right = 0 in every entry."""
        values = _terms(self.given)
        agree("", self.left(SYMBOLIC, values), self.right(SYMBOLIC, values))

    def error(self) -> float:
        """Largest relative error between the two in float64."""
        values = _numbers(self.given)
        with _loud():
            return relative_error(self.left(NUMPY, values), self.right(NUMPY, values))

    def autodiff_error(self) -> float | None:
        """Nothing is differentiated."""
        return None


@dataclass(frozen=True)
class Stable(Identity):
    """An identity of limits that holds in floating point where logits are huge: measured, not proven."""

    def prove(self) -> None:
        """Nothing to prove: in exact arithmetic nothing overflows."""


@dataclass(frozen=True)
class Derivative:
    """A number, and what is claimed to be its gradient in some of the arrays, by name."""

    given: dict[str, Given]
    value: Callable[[Namespace, Values], Array]
    gradients: Callable[[Namespace, Values], dict[str, Array]]

    def prove(self) -> None:
        """Prove ∂value/∂x − gradient = 0 in every entry x, and ∂value/∂m = 0 in every shift m."""
        values = _terms(self.given)
        value = exact(np.sum(self.value(SYMBOLIC, values)))
        for name, gradient in self.gradients(SYMBOLIC, values).items():
            at = np.asarray(getattr(values, name), object)
            agree(f"∂/∂{name}", gradient, fill(at.shape, lambda i, at=at: sp.diff(value, at[i])))  # type: ignore[misc]
        for shift in sorted(value.atoms(Shift), key=str):
            agree(f"∂/∂{shift}", sp.diff(value, shift), sp.Integer(0))

    def error(self) -> float:
        """Largest relative error of a gradient against extrapolated differences in float64."""
        values = _numbers(self.given)
        with _loud():
            return max(
                relative_error(gradient, self._differences(values, name))
                for name, gradient in self.gradients(NUMPY, values).items()
            )

    def _differences(self, values: Values, name: str) -> Array:
        at = np.asarray(getattr(values, name))

        def f(x: Array) -> float:
            return float(np.sum(self.value(NUMPY, SimpleNamespace(**{**vars(values), name: _scalar(x)}))))

        return differences(f, at)

    def autodiff_error(self) -> float | None:
        """Largest relative error of a gradient against JAX's."""
        import jax

        from chainrule.proof.claims.autodiff import JAX

        values = _numbers(self.given)
        claimed = self.gradients(NUMPY, values)

        def f(part: dict[str, Array]) -> Array:
            return self.value(JAX, SimpleNamespace(**{**vars(values), **part})).sum()

        part = {name: np.asarray(getattr(values, name)) for name in claimed}
        theirs = jax.grad(f)(part)
        return max(relative_error(claimed[name], np.asarray(theirs[name])) for name in claimed)


def differences(f: Callable[[Array], float], x: Array) -> Array:
    """The gradient of f at x by centred differences, extrapolated twice (Richardson)."""
    out = np.empty(x.shape)
    for index in np.ndindex(*x.shape):
        e = np.zeros(x.shape)
        e[index] = 1
        coarse, middle, fine = ((f(x + h * e) - f(x - h * e)) / (2 * h) for h in (STEP, STEP / 2, STEP / 4))
        out[index] = (64 * fine - 20 * middle + coarse) / 45
    return out


def agree(what: str, left: Array, right: Array) -> None:
    """Prove that two arrays of terms are equal.

    Raises:
        Unproven: their shapes differ, or an entry of the difference is not zero.
    """
    left, right = np.asarray(left, object), np.asarray(right, object)
    if left.shape != right.shape:
        raise Unproven(f"{what} must have the shape {right.shape}; got {left.shape}.")
    for index in np.ndindex(*left.shape):
        if not is_zero(left[index] - right[index]):
            place = f"[{', '.join(map(str, index))}]" if index else ""
            raise Unproven(f"{what}{place} must be {_short(right[index])}; got {_short(left[index])}.")


def _short(term: Any, width: int = 100) -> str:
    text = str(term)
    return text if len(text) <= width else f"{text[:width]}…"


def relative_error(left: Array, right: Array) -> float:
    """Return max |left − right| / max(|left|, |right|); infinite where shapes differ or one is not finite."""
    left, right = np.asarray(left, float), np.asarray(right, float)
    if left.shape != right.shape or not (np.isfinite(left).all() and np.isfinite(right).all()):
        return float("inf")
    scale = max(np.abs(left).max(initial=0), np.abs(right).max(initial=0))
    return float(np.abs(left - right).max(initial=0) / scale) if scale else 0.0


def _terms(given: dict[str, Given]) -> Values:
    return SimpleNamespace(**{name: item.terms(name) for name, item in given.items()})


def _numbers(given: dict[str, Given]) -> Values:
    rng = np.random.default_rng(0)
    return SimpleNamespace(**{name: item.numbers(rng) for name, item in given.items()})


def _scalar(x: Array) -> Array:
    """The entry itself where an array has no axis."""
    return x if np.ndim(x) else np.asarray(x)[()]


def _loud() -> Any:
    """Within it overflow, NaN and division by zero are errors."""
    return np.errstate(over="raise", invalid="raise", divide="raise", under="ignore")
