"""Numbers that are the same for a whole step: η, and what the optimiser makes of the number of the step.

Expressions of them, such as 1 − β₁ᵗ, are worked out by NumPy in float64, for many steps at once, as the
reference works them out; generated code finds the results in its list of numbers. Each step has two such
lists, one for weights and one for biases, on which neither penalty nor weight decay acts.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from chainrule.engines.llvm.writer.code import Code
from chainrule.engines.llvm.writer.values import Array, Vector
from chainrule.equations.penalty import Penalty

Doubles: TypeAlias = NDArray[np.float64]


class Facts(NamedTuple):
    """What a step knows: η, the steps before it, the penalty; whether weights are meant (1) or biases (0)."""

    eta: Doubles
    t: Doubles
    penalty: Penalty
    weights: float


class Slots:
    """Which expressions the generated code needs, each with its place in the list."""

    room = 12

    def __init__(self) -> None:
        self._places: dict[str, int] = {}
        self._rules: list[Callable[[Facts], Any]] = []

    @property
    def expressions(self) -> tuple[str, ...]:
        """Them, in words, in the order of the list."""
        return tuple(self._places)

    def place(self, key: str, rule: Callable[[Facts], Any]) -> int:
        """The place of an expression."""
        if key not in self._places:
            if len(self._rules) == self.room:
                raise NotImplementedError("the optimiser needs too many numbers for each step")
            self._places[key] = len(self._rules)
            self._rules.append(rule)
        return self._places[key]

    def values(self, eta: Doubles, t: Doubles, penalty: Penalty, dtype: Any) -> NDArray[Any]:
        """The lists of many steps. Shapes: eta, t (steps,) → (steps, 2, room), weights first."""
        lists = np.zeros((len(eta), 2, self.room), dtype)
        for side, weights in enumerate((1.0, 0.0)):
            facts = Facts(eta, t, penalty, weights)
            for place, rule in enumerate(self._rules):
                lists[:, side, place] = rule(facts)
        return lists


def _operator(sign: str, rule: Callable[[Any, Any], Any], swap: bool = False) -> Callable[..., Any]:
    """An operator between an expression and a vector, a number, or another expression."""

    def operate(self: PerStep, other: Any) -> Any:
        if isinstance(other, Vector):
            return rule(other, self.vector()) if swap else rule(self.vector(), other)
        known = other if isinstance(other, PerStep) else PerStep(self._step, repr(other), lambda facts: other)
        left, right = (known, self) if swap else (self, known)
        key = f"({left._key}{sign}{right._key})"
        return PerStep(self._step, key, lambda facts: rule(left._rule(facts), right._rule(facts)))

    return operate


class PerStep:
    """An expression of numbers that are the same for a whole step."""

    __array_ufunc__ = None

    def __init__(self, step: StepNumbers, key: str, rule: Callable[[Facts], Any]) -> None:
        self._step = step
        self._key = key
        self._rule = rule

    def vector(self) -> Vector:
        """Its value, in every lane."""
        place = self._step.slots.place(self._key, self._rule)
        return (self._step.numbers + place).splat()

    def __eq__(self, other: object) -> bool:
        raise TypeError("code is generated once for all steps, and cannot ask for the number of one")

    __ne__ = __eq__
    __hash__ = None  # type: ignore[assignment]

    def __bool__(self) -> bool:
        """Whether there is a weight decay is known; what a step's number is, is not."""
        return self._key.startswith("weights*") or self == 0

    __add__ = __radd__ = _operator("+", operator.add)
    __sub__, __rsub__ = _operator("-", operator.sub), _operator("-", operator.sub, swap=True)
    __mul__ = __rmul__ = _operator("*", operator.mul)
    __truediv__, _divides = _operator("/", operator.truediv), _operator("/", operator.truediv, swap=True)
    __pow__, __rpow__ = _operator("**", operator.pow), _operator("**", operator.pow, swap=True)

    def __rtruediv__(self, other: Any) -> Any:
        """A vector is multiplied by the inverse, which is worked out once for the step."""
        return other * (1 / self).vector() if isinstance(other, Vector) else self._divides(other)


class StepNumbers:
    """The numbers of the step that generated code is at."""

    def __init__(self, code: Code, slots: Slots, numbers: Array) -> None:
        self.code = code
        self.slots = slots
        self.numbers = numbers

    def learning_rate(self) -> PerStep:
        """η."""
        return PerStep(self, "eta", lambda facts: facts.eta)

    def number(self) -> PerStep:
        """How many steps were taken before."""
        return PerStep(self, "t", lambda facts: facts.t)

    def on_weights(self, value: float) -> PerStep:
        """The value where weights are meant, 0 for biases."""
        return PerStep(self, f"weights*{value!r}", lambda facts: facts.weights * value)

    def strength(self, name: str) -> PerStep:
        """λ of the penalty of that name where weights are meant, 0 for biases."""
        return PerStep(self, f"weights*{name}", lambda facts: facts.weights * getattr(facts.penalty, name))
