"""Which network somebody's code is: hidden activation, output, loss; also pairs that no `Head` couples.

The three heads of `chainrule.equations.heads` are taken as they are. Every other pair, such as binary
cross-entropy over softmax outputs, gets its δ^H by the chain rule, δ^H = (∂a/∂z)ᵀ ∂J/∂a.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cache
from typing import NamedTuple

import numpy as np

from chainrule.engines.reference import NUMPY
from chainrule.equations.activations import ACTIVATIONS, Activation
from chainrule.equations.heads import ERROR, HEADS, Head, softmax
from chainrule.equations.printed import Formula, OfHead
from chainrule.types import Array, Namespace


class Output(NamedTuple):
    """An output activation beside its vector-Jacobian product ``pull(a, z, g)`` = (∂a/∂z)ᵀ g."""

    name: str
    predict: Callable[[Namespace, Array], Array]
    pull: Callable[[Array, Array, Array], Array]


class Cost(NamedTuple):
    """A loss J(a, y) of each sample beside ∂J/∂a, and the head of ours that has it."""

    name: str
    value: Callable[[Array, Array], Array]
    d_value: Callable[[Array, Array], Array]
    head: Head


def _elementwise(phi: Activation) -> Output:
    return Output(phi.name, phi.phi, lambda a, z, g: g * phi.d_phi(NUMPY, z, a))


OUTPUTS: dict[str, Output] = {
    output.name: output
    for output in (
        Output("softmax", softmax, lambda a, z, g: a * (g - np.sum(a * g, axis=1, keepdims=True))),
        *(_elementwise(ACTIVATIONS[name]) for name in ("sigmoid", "identity", "tanh", "relu")),
    )
}

COSTS: dict[str, Cost] = {
    cost.name: cost
    for cost in (
        Cost(
            "categorical cross-entropy",
            lambda a, y: -np.sum(np.where(y == 0, 0, y * np.log(a)), axis=1),
            lambda a, y: -y / a,
            HEADS["softmax"],
        ),
        Cost(
            "multi-label cross-entropy",
            lambda a, y: (
                -np.sum(
                    np.where(y == 0, 0, y * np.log(a)) + np.where(y == 1, 0, (1 - y) * np.log(1 - a)), axis=1
                )
            ),
            lambda a, y: (a - y) / (a * (1 - a)),
            HEADS["sigmoid"],
        ),
        Cost(
            "quadratic cost",
            lambda a, y: np.sum((a - y) ** 2, axis=1) / 2,
            lambda a, y: a - y,
            HEADS["quadratic"],
        ),
    )
}
CATEGORICAL, MULTI_LABEL, QUADRATIC = COSTS

MATCHED = {(cost.head.link, cost.name): cost.head for cost in COSTS.values()}
PAIRS: tuple[tuple[str, str], ...] = (
    *MATCHED,
    ("identity", QUADRATIC),
    ("softmax", QUADRATIC),
    ("softmax", MULTI_LABEL),
    ("sigmoid", CATEGORICAL),
    ("tanh", QUADRATIC),
    ("relu", QUADRATIC),
)
"""Outputs with losses, the usual ones first."""
DEFAULT_LOSS = {output: loss for output, loss in MATCHED if loss != QUADRATIC}

LOSS_NAMES = {
    "cross-entropy": "",
    "categorical": CATEGORICAL,
    "multi-label": MULTI_LABEL,
    "binary": MULTI_LABEL,
    "quadratic": QUADRATIC,
    "mse": QUADRATIC,
}
"""What ``--loss`` may say. Plain cross-entropy is categorical with softmax, otherwise multi-label."""


class Model(NamedTuple):
    """Names of the hidden activation, the output activation and the loss."""

    hidden: str
    output: str
    loss: str

    @property
    def head(self) -> Head:
        """Output and loss as a head, δ^H by the chain rule where no head of ours has the pair."""
        return head_of(self.output, self.loss)

    @property
    def is_cross_entropy(self) -> bool:
        """Whether the loss is one of the two cross-entropies."""
        return self.loss != QUADRATIC

    def __str__(self) -> str:
        return f"{self.hidden} hidden, {self.output} output, {self.loss}"


@cache
def head_of(output: str, loss: str) -> Head:
    """The head of a pair: ours where we have it."""
    return MATCHED.get((output, loss)) or composed(OUTPUTS[output], COSTS[loss])


def composed(output: Output, cost: Cost) -> Head:
    """Any output under any loss: J from a = predict(z), and δ^H = (∂a/∂z)ᵀ ∂J/∂a."""
    known = cost.head.printed
    plain = output.name == "identity" and cost.name == QUADRATIC
    return Head(
        f"{output.name} with {cost.name}",
        output.predict,
        lambda xp, z, y: cost.value(output.predict(xp, z), y),
        lambda xp, z, a, y: output.pull(a, z, cost.d_value(a, y)),
        loss_name=cost.name,
        distribution=output.name == "softmax",
        link=output.name,
        printed=OfHead(J=known.J, delta=Formula(known.delta.tag, ERROR.steps if plain else ())),
    )


def models(hidden: Iterable[str], outputs: Iterable[str], losses: Iterable[str]) -> list[Model]:
    """Every model of these names, the usual pairs of output and loss first."""
    kept = [(output, loss) for output, loss in PAIRS if output in set(outputs) and loss in set(losses)]
    return [Model(name, *pair) for pair in kept for name in hidden]
