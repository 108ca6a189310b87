"""G1, the optimisers and both clippings: the step that is taken, and what becomes of a gradient before it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple
from unittest import mock

import numpy as np

from chainrule.engines.reference import NUMPY
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

    ``usual``: learning rate, weight decay and options where none are given; those of Adam and AdamW are
    their papers'. ``options``: the symbol that stands for each option.
    """

    text: str
    usual: tuple[float, ...]
    first: Rule
    second: Rule
    options: Mapping[str, str] = MappingProxyType({})


def theorems() -> list[Theorem]:
    """G1, and one theorem for every optimiser and clipping."""
    rules = [
        Theorem("G1", name, statement_of(name).text, (make,), lambda n=name: rule_claims(n))  # type: ignore[misc]
        for name, make in optimizers.OPTIMIZERS.items()
    ]
    return [
        Theorem("G1", "descent", "θ − η (g + λθ)", (optimizers.descend,), descent),
        *rules,
        Theorem("G1", "clip_norm", "g c / max(c, ‖g‖)", (optimizers.clip_by_norm,), clipped_by_norm),
        Theorem("G1", "clip_value", "min(max(g, −c), c)", (optimizers.clip_by_value,), clipped_by_value),
    ]


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


def after(name: str, xp: Namespace, v: Values, *gradients: Array) -> tuple[Array, optimizers.Moments]:
    """The last direction of the shipped rule, and its state, after some gradients."""
    rule = make(name, v)
    direction, state = None, rule.init(xp, v.theta)
    for g in gradients:
        direction, state = rule.update(xp, g, state)
    return direction, state


def rule_claims(name: str) -> list[Claim]:
    """Two steps as the source says, no move without a gradient, the steps counted, and the usual options."""

    def still(xp: Namespace, v: Values) -> Array:
        return optimizers.descend(v.theta, after(name, xp, v, 0 * v.g)[0], 0.5)

    statement = statement_of(name)
    keeps_moments = optimizers.OPTIMIZERS[name]().init(NUMPY, np.zeros(1)).first is not None
    return [
        Identity(STEPS, lambda xp, v: after(name, xp, v, v.g)[0], statement.first),
        Identity(STEPS, lambda xp, v: after(name, xp, v, v.g, v.h)[0], statement.second),
        Identity(STEPS, still, lambda xp, v: v.theta),
        Identity(STEPS, lambda xp, v: after(name, xp, v, v.g, v.h)[1].t, lambda xp, v: 2 * keeps_moments),
        Identity({}, lambda xp, v: usual(name), lambda xp, v: np.array(statement.usual)),
    ]


def usual(name: str) -> Array:
    """Learning rate, weight decay and options of the shipped rule where none are given."""
    rule = optimizers.OPTIMIZERS[name]()
    return np.array([rule.learning_rate, rule.weight_decay, *(value for _, value in rule.options)])


def clipped_by_norm() -> list[Claim]:
    """A gradient of two parameters, longer than the limit by a share e of its length, and shorter."""
    given = {"g": Given((2,), "mixed"), "h": Given((1,), "mixed"), "e": Given((), "share")}

    def clipped(xp: Namespace, v: Values, e: Array) -> Array:
        norm = xp.sqrt(xp.sum(v.g * v.g) + xp.sum(v.h * v.h))
        return np.concatenate(optimizers.clip_by_norm(xp, [v.g, v.h], norm + e * norm))

    return [
        Identity(
            given,
            lambda xp, v: clipped(xp, v, -v.e),
            lambda xp, v: (1 - v.e) * np.concatenate([v.g, v.h]),
        ),
        Identity(
            given,
            lambda xp, v: clipped(xp, v, v.e),
            lambda xp, v: np.concatenate([v.g, v.h]),
        ),
    ]


def clipped_by_value() -> list[Claim]:
    """Entries within the limit ±(x + d), and beyond it, on both sides."""
    given = {"x": Given((), "positive"), "d": Given((), "positive")}

    def clipped(xp: Namespace, v: Values) -> Array:
        g = np.array([v.x, -v.x, v.x + 2 * v.d, -v.x - 2 * v.d])
        rule = optimizers.clip_by_value(optimizers.sgd(), v.x + v.d)
        return rule.update(xp, g, rule.init(xp, g))[0]

    return [Identity(given, clipped, lambda xp, v: np.array([v.x, -v.x, v.x + v.d, -v.x - v.d]))]


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
    "sgd": Statement("direction g", (0.5, 0), lambda xp, v: v.g, lambda xp, v: v.h),
    "momentum": Statement(
        "v ← μv + g, direction v", (0.1, 0, 0.9), lambda xp, v: v.g, lambda xp, v: v.mu * v.g + v.h, MU
    ),
    "nesterov": Statement(
        "v ← μv + g, direction g + μv",
        (0.1, 0, 0.9),
        lambda xp, v: (1 + v.mu) * v.g,
        lambda xp, v: v.h + v.mu * (v.mu * v.g + v.h),
        MU,
    ),
    "rmsprop": Statement(
        "s ← ρs + (1−ρ)g², g/(√s+ε)",
        (0.001, 0, 0.9, 1e-8),
        lambda xp, v: _rmsprop(xp, v, v.g),
        lambda xp, v: _rmsprop(xp, v, v.g, v.h),
        {"rho": "rho", "epsilon": "e"},
    ),
    "adam": Statement(
        "m̂/(√v̂+ε); first g/(|g|+ε)", (0.001, 0, 0.9, 0.999, 1e-8), _adaptive, _adam_second, ADAM
    ),
    "adamw": Statement(
        "Adam's; θ − η(d + λθ)", (0.001, 0.01, 0.9, 0.999, 1e-8, 0.01), _adaptive, _adam_second, ADAM
    ),
}
"""In Adam's second direction the corrections have become (β m + g)/(1 + β)."""


def statement_of(name: str) -> Statement:
    """What is claimed of a built-in optimiser."""
    return entry("optimiser", name, "theorem", STATEMENTS, "proof/subjects/steps.py")
