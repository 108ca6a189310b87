"""Output heads: the output activation and its loss, coupled, both as functions of the logits z^H.

A head cannot be put together wrongly: `softmax` has categorical cross-entropy, `sigmoid` has
multi-label cross-entropy, and for both the error of the output layer is δ^H = a^H − y (Eq. B1). The
losses are computed from the logits, never from probabilities, so nothing overflows, nothing is
clipped, and a − y stays the exact gradient at any z.

Shapes: z, a, y (N, n_H) → predict and delta (N, n_H), loss (N,), one J for each sample.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from chainrule.equations.activations import SIGMOID, d_sigmoid, sigmoid, softplus
from chainrule.equations.printed import Formula, OfHead
from chainrule.types import Array, Namespace


class Head(NamedTuple):
    """Output activation, loss and output error δ^H = ∂J/∂z^H.

    ``distribution``: the outputs of a sample form one distribution, Σ_m a_m = 1.
    ``multi_label``: every output is a label of its own, on or off.
    ``link``: the name of the output activation. ``printed``: its formulas with their tags,
    as explanations, derivations and reports print them.
    """

    name: str
    predict: Callable[[Namespace, Array], Array]
    loss: Callable[[Namespace, Array, Array], Array]
    delta: Callable[[Namespace, Array, Array, Array], Array]
    loss_name: str
    distribution: bool = False
    multi_label: bool = False
    link: str = ""
    printed: OfHead = OfHead()

    def constants(self, m: int) -> dict[str, float]:
        """The numbers behind the letters of the printed formulas, at output m."""
        return {}

    def uninformed(self, n_outputs: int) -> float:
        """The output that knows nothing: 1/K where the outputs form one distribution, else ½."""
        return 1 / n_outputs if self.distribution else 1 / 2


def softmax(xp: Namespace, z: Array) -> Array:
    """a_m = e^{z_m} / Σ_k e^{z_k}, with z shifted by its maximum, which cancels. Eq. H1."""
    e = xp.exp(z - xp.max(z, axis=1, keepdims=True))
    return e / xp.sum(e, axis=1, keepdims=True)


def log_softmax(xp: Namespace, z: Array) -> Array:
    """Log a_m = s_m − log Σ_k e^{s_k} with s = z − max z: no exponential overflows, no logarithm sees 0."""
    s = z - xp.max(z, axis=1, keepdims=True)
    return s - xp.log(xp.sum(xp.exp(s), axis=1, keepdims=True))


def categorical_cross_entropy(xp: Namespace, z: Array, y: Array) -> Array:
    """J = −Σ_m y_m log a_m, with a = softmax(z) and Σ_m y_m = 1. Eq. H2."""
    return -xp.sum(y * log_softmax(xp, z), axis=1)


def multi_label_cross_entropy(xp: Namespace, z: Array, y: Array) -> Array:
    """J = −Σ_m [y_m log a_m + (1 − y_m) log(1 − a_m)], with a = σ(z). Eq. H4.

    By log σ(z) = −softplus(−z) and log(1 − σ(z)) = −softplus(z).
    """
    return xp.sum(y * softplus(xp, -z) + (1 - y) * softplus(xp, z), axis=1)


def cross_entropy_error(xp: Namespace, z: Array, a: Array, y: Array) -> Array:
    """Error of the output layer under cross-entropy, δ^H = a^H − y. Eq. B1."""
    return a - y


def weighted_multi_label_cross_entropy(xp: Namespace, z: Array, y: Array, p: Array) -> Array:
    """J = −Σ_m [p_m y_m log a_m + (1 − y_m) log(1 − a_m)], with a = σ(z). Eq. H4, where p_m = 1.

    A label that is on counts p_m times. Shapes: p (n_H,), or one number.
    """
    return xp.sum(p * y * softplus(xp, -z) + (1 - y) * softplus(xp, z), axis=1)


def weighted_cross_entropy_error(a: Array, y: Array, p: Array) -> Array:
    """Its error, δ_m = (1 − y_m) a_m − p_m y_m (1 − a_m). Eq. B1, where p_m = 1."""
    return (1 - y) * a - p * y * (1 - a)


def quadratic_cost(xp: Namespace, z: Array, y: Array) -> Array:
    """J = ½ Σ_m (a_m − y_m)², with a = σ(z). Eq. Q1. Kept for comparison."""
    a = sigmoid(xp, z)
    return xp.sum((a - y) ** 2, axis=1) / 2


def quadratic_error(xp: Namespace, z: Array, a: Array, y: Array) -> Array:
    """Error of the output layer under the quadratic cost, δ^H = (a^H − y) ⊙ σ'(z^H). Eq. Q2.

    The factor σ'(z^H) is what stalls a saturated output. It belongs to the quadratic cost alone:
    with cross-entropy it would not be the gradient.
    """
    return (a - y) * d_sigmoid(xp, z, a)


class PosWeighted(Head):
    """The head of `pos_weighted`, which copies and pickles by its weights."""

    pos_weight: Array = 1.0

    def constants(self, m: int) -> dict[str, float]:
        """The weight of output m."""
        weights: Any = self.pos_weight
        return {"p_m": float(weights[m] if getattr(weights, "ndim", 0) else weights)}

    def __reduce__(self) -> tuple[Any, ...]:
        """Made again by its weights."""
        return pos_weighted, (self.pos_weight,)


def pos_weighted(p: Array) -> PosWeighted:
    """The sigmoid head with multi-label cross-entropy where a label that is on counts p_m times.

    Shapes: p (n_H,), in the precision of z, or one number.
    """

    def loss(xp: Namespace, z: Array, y: Array) -> Array:
        return weighted_multi_label_cross_entropy(xp, z, y, p)

    def delta(xp: Namespace, z: Array, a: Array, y: Array) -> Array:
        return weighted_cross_entropy_error(a, y, p)

    head = PosWeighted(
        "pos-weighted sigmoid",
        sigmoid,
        loss,
        delta,
        loss_name="weighted multi-label cross-entropy",
        multi_label=True,
        link="sigmoid",
        printed=OfHead(
            SIGMOID,
            Formula("", ("−Σ_m [p_m·y_m·log a_m + (1 − y_m)·log(1 − a_m)]",)),
            Formula("", ("(1 − y_m)·a_m − p_m·y_m·(1 − a_m)",)),
        ),
    )
    head.pos_weight = p
    return head


def smooth_labels(y: Array, epsilon: float, uninformed: float) -> Array:
    """Label smoothing, y ← (1 − ε) y + ε u, with u = 1/K for softmax and ½ for sigmoid. Eq. S1.

    Source: Szegedy et al., CVPR 2016.
    """
    return (1 - epsilon) * y + epsilon * uninformed


SOFTMAX = Formula("H1", ("e^{z_m} / Σ_k e^{z_k}",))
ERROR = Formula("B1", ("a_m − y_m",))

HEADS: dict[str, Head] = {
    head.name: head
    for head in (
        Head(
            "softmax",
            softmax,
            categorical_cross_entropy,
            cross_entropy_error,
            loss_name="cross-entropy",
            distribution=True,
            link="softmax",
            printed=OfHead(SOFTMAX, Formula("H2", ("−Σ_m y_m·log a_m",)), ERROR),
        ),
        Head(
            "sigmoid",
            sigmoid,
            multi_label_cross_entropy,
            cross_entropy_error,
            loss_name="multi-label cross-entropy",
            multi_label=True,
            link="sigmoid",
            printed=OfHead(SIGMOID, Formula("H4", ("−Σ_m [y_m·log a_m + (1 − y_m)·log(1 − a_m)]",)), ERROR),
        ),
        Head(
            "quadratic",
            sigmoid,
            quadratic_cost,
            quadratic_error,
            loss_name="quadratic cost",
            link="sigmoid",
            printed=OfHead(
                SIGMOID,
                Formula("Q1", ("½·Σ_m (a_m − y_m)²",)),
                Formula("Q2", ("(a_m − y_m)·σ'(z_m)", "(a_m − y_m)·a_m·(1 − a_m)")),
            ),
        ),
    )
}
