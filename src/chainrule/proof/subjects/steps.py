"""G1 and the optimisers: the step that is taken, two steps of every rule, and no step without a gradient."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple
from unittest import mock

import numpy as np

from chainrule.equations import optimizers
from chainrule.errors import entry
from chainrule.proof.claims.claims import Claim, Given, Identity, Values
from chainrule.proof.claims.theorem import Theorem
from chainrule.types import Array, Namespace

Rule = Callable[[Namespace, Values], Array]

RATE = {"eta": Given((), "positive"), "l": Given((), "positive")}
SHARES = {name: Given((), "share") for name in ("mu", "rho", "p", "q", "e")}
STEPS = {"theta": Given((2,)), "g": Given((2,), "mixed"), "h": Given((2,), "mixed"), **SHARES}


class Statement(NamedTuple):
    """What is claimed of an optimiser: its first direction from the zero state, and its second.

    ``options``: the symbol that stands for each option.
    """

    text: str
    first: Rule
    second: Rule
    options: Mapping[str, str] = MappingProxyType({})


def theorems() -> list[Theorem]:
    """G1, and one theorem for every optimiser."""
    rules = [
        Theorem("G1", name, statement_of(name).text, (make,), lambda n=name: rule_claims(n))  # type: ignore[misc]
        for name, make in optimizers.OPTIMIZERS.items()
    ]
    return [Theorem("G1", "descent", "θ − η (g + λθ)", (optimizers.descend,), descent), *rules]


def descent() -> list[Claim]:
    """G1 with and without weight decay, entry by entry."""
    given = {"theta": Given((2,)), "g": Given((2,)), **RATE}
    return [
        Identity(
            given,
            lambda xp, v: optimizers.descend(v.theta, v.g, v.eta),
            lambda xp, v: v.theta - v.eta * v.g,
        ),
        Identity(
            given,
            lambda xp, v: optimizers.descend(v.theta, v.g, v.eta, v.l),
            lambda xp, v: (1 - v.eta * v.l) * v.theta - v.eta * v.g,
        ),
    ]


def make(name: str, v: Values) -> optimizers.Optimizer:
    """The shipped optimiser with symbols for its options; the check that they are floats is set aside."""
    options = {option: getattr(v, symbol) for option, symbol in statement_of(name).options.items()}
    with mock.patch.object(optimizers, "as_real", lambda name, value, **bounds: value):
        return optimizers.OPTIMIZERS[name](**options)


def directions(name: str, xp: Namespace, v: Values, *gradients: Array) -> list[Array]:
    """The directions of the shipped rule for one gradient after another, from the state it starts in."""
    rule = make(name, v)
    state, found = rule.init(xp, v.theta), []
    for g in gradients:
        direction, state = rule.update(xp, g, state)
        found.append(direction)
    return found


def rule_claims(name: str) -> list[Claim]:
    """Two steps as the source says, the first one spelled out, and no move without a gradient."""

    def still(xp: Namespace, v: Values) -> Array:
        (direction,) = directions(name, xp, v, 0 * v.g)
        return optimizers.descend(v.theta, direction, 0.5)

    statement = statement_of(name)
    return [
        Identity(STEPS, lambda xp, v: directions(name, xp, v, v.g)[0], statement.first),
        Identity(STEPS, lambda xp, v: directions(name, xp, v, v.g, v.h)[1], statement.second),
        Identity(STEPS, still, lambda xp, v: v.theta),
    ]


def _adaptive(xp: Namespace, v: Values) -> Array:
    return v.g / (_size(v.g) + v.e)


def _size(g: Array) -> Array:
    return np.array([abs(x) for x in g])


def _rmsprop(xp: Namespace, v: Values, *g: Array) -> Array:
    s: Any = 0
    for x in g:
        s = v.rho * s + (1 - v.rho) * x**2
    return g[-1] / (xp.sqrt(s) + v.e)


def _adam_second(xp: Namespace, v: Values) -> Array:
    m = (v.p * v.g + v.h) / (1 + v.p)
    s = (v.q * v.g**2 + v.h**2) / (1 + v.q)
    return m / (xp.sqrt(s) + v.e)


MU, ADAM = {"mu": "mu"}, {"beta_1": "p", "beta_2": "q", "epsilon": "e"}
STATEMENTS = {
    "sgd": Statement("direction g", lambda xp, v: v.g, lambda xp, v: v.h),
    "momentum": Statement("v ← μv + g, direction v", lambda xp, v: v.g, lambda xp, v: v.mu * v.g + v.h, MU),
    "nesterov": Statement(
        "v ← μv + g, direction g + μv",
        lambda xp, v: (1 + v.mu) * v.g,
        lambda xp, v: v.h + v.mu * (v.mu * v.g + v.h),
        MU,
    ),
    "rmsprop": Statement(
        "s ← ρs + (1−ρ)g², g/(√s+ε)",
        lambda xp, v: _rmsprop(xp, v, v.g),
        lambda xp, v: _rmsprop(xp, v, v.g, v.h),
        {"rho": "rho", "epsilon": "e"},
    ),
    "adam": Statement("m̂/(√v̂+ε); first g/(|g|+ε)", _adaptive, _adam_second, ADAM),
    "adamw": Statement("Adam's; θ − η(d + λθ)", _adaptive, _adam_second, ADAM),
}
"""In Adam's second direction the corrections have become (β m + g)/(1 + β)."""


def statement_of(name: str) -> Statement:
    """What is claimed of a built-in optimiser."""
    return entry("optimiser", name, "theorem", STATEMENTS, "proof/subjects/steps.py")
