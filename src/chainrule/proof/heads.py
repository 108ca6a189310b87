"""H1, H2, H4, B1, Q1, Q2, S1: outputs and losses are what they say, and δ^H is the gradient of the loss."""

from __future__ import annotations

import numpy as np

from chainrule.equations import heads as equations
from chainrule.equations import network
from chainrule.proof import classes
from chainrule.proof.claims import Claim, Derivative, Given, Identity, Stable, Values
from chainrule.proof.theorem import Theorem
from chainrule.types import Array, Namespace

CLASSES = (2, 3, 5, 10)
BRANCHES = ("positive", "negative", "mixed", "zero")
N = 2


def theorems() -> list[Theorem]:
    """What is claimed of the output heads."""
    e = equations
    return [
        Theorem("H1", "softmax", "a_m = e^{z_m} / Σ e^{z_k};  Σ a_m = 1", (e.softmax,), softmax_values),
        Theorem("H1", "Jacobian", "∂a_m/∂z_k = a_m ([m=k] − a_k), any K", (e.softmax,), softmax_jacobian),
        Theorem("H1", "shift", "softmax(z + c) = softmax(z);  ∂a/∂m = 0", (e.softmax,), shift_invariance),
        Theorem(
            "H2",
            "categorical",
            "J = −Σ y_m log a_m, any K",
            (e.categorical_cross_entropy, e.log_softmax),
            categorical_values,
        ),
        Theorem(
            "H4",
            "multi-label",
            "J = −Σ [y log a + (1−y) log(1−a)]",
            (e.multi_label_cross_entropy,),
            multi_label_values,
        ),
        Theorem("B1", "softmax", "∂J/∂z = w (a − y), any K", (e.cross_entropy_error,), softmax_error),
        Theorem(
            "B1", "sigmoid", "∂J/∂z = w (a − y)", (e.cross_entropy_error,), lambda: error_claims("sigmoid")
        ),
        Theorem("Q1", "quadratic", "J = ½ Σ (a − y)²", (e.quadratic_cost,), quadratic_values),
        Theorem(
            "Q2",
            "quadratic",
            "∂J/∂z = w (a − y) σ'(z)",
            (e.quadratic_error,),
            lambda: error_claims("quadratic"),
        ),
        Theorem("S1", "smoothing", "(1−ε) y + ε u;  Σ y_m stays 1", (e.smooth_labels,), smoothing),
    ]


def plain_softmax(xp: Namespace, z: Array) -> Array:
    """e^z / Σ e^z as H1 has it, with no shift."""
    return xp.exp(z) / xp.sum(xp.exp(z), axis=1, keepdims=True)


def plain_sigmoid(xp: Namespace, z: Array) -> Array:
    """1 / (1 + e^{−z}) as H3 has it, with no branch."""
    return 1 / (1 + xp.exp(-z))


def softmax_values() -> list[Claim]:
    """H1 for several K, rows that sum to 1, and limits where logits are huge."""
    found: list[Claim] = []
    for K in CLASSES:
        z = {"z": Given((N, K))}
        found.append(
            Identity(z, lambda xp, v: equations.softmax(xp, v.z), lambda xp, v: plain_softmax(xp, v.z))
        )
        found.append(
            Identity(
                z, lambda xp, v: xp.sum(equations.softmax(xp, v.z), axis=1), lambda xp, v: np.array([1, 1])
            )
        )
    huge = {"z": Given((6, 5), "huge")}
    found.append(
        Stable(huge, lambda xp, v: equations.softmax(xp, v.z), lambda xp, v: np.exp(log_softmax(v.z)))
    )
    return found


def log_softmax(z: Array) -> Array:
    """Log a by NumPy's own log-sum-exp, for huge logits."""
    return z - np.logaddexp.reduce(z, axis=1)[:, None]


def softmax_jacobian() -> list[Claim]:
    """H1's Jacobian as vector-Jacobian product for several K, and for any K by indices."""

    def value(xp: Namespace, v: Values) -> Array:
        return v.v * equations.softmax(xp, v.z)

    def gradient(xp: Namespace, v: Values) -> dict[str, Array]:
        a = equations.softmax(xp, v.z)
        return {"z": a * (v.v - xp.sum(v.v * a, axis=1, keepdims=True))}

    given = [{"z": Given((N, K)), "v": Given((N, K))} for K in CLASSES[:3]]
    return [*(Derivative(each, value, gradient) for each in given), classes.JacobianOfSoftmax()]


def shift_invariance() -> list[Claim]:
    """The same number added to every logit of a sample changes nothing."""
    given = {"z": Given((N, 3)), "c": Given((N, 1), "shift")}
    both = (equations.softmax, equations.log_softmax)
    return [Identity(given, lambda xp, v, f=f: f(xp, v.z + v.c), lambda xp, v, f=f: f(xp, v.z)) for f in both]  # type: ignore[misc]


def categorical_values() -> list[Claim]:
    """H2: the loss from logits is that of the probabilities, and stays finite where logits are huge."""

    def loss(xp: Namespace, v: Values) -> Array:
        return equations.categorical_cross_entropy(xp, v.z, v.y)

    def logarithm(xp: Namespace, v: Values) -> Array:
        return equations.log_softmax(xp, v.z)

    found: list[Claim] = []
    for K in CLASSES:
        given = {"z": Given((N, K)), "y": Given((N, K), "distribution")}
        found.append(
            Identity(given, loss, lambda xp, v: -xp.sum(v.y * xp.log(plain_softmax(xp, v.z)), axis=1))
        )
        found.append(
            Identity(given, lambda xp, v: xp.exp(logarithm(xp, v)), lambda xp, v: plain_softmax(xp, v.z))
        )
    huge = {"z": Given((6, 5), "huge"), "y": Given((6, 5), "distribution")}
    found.append(Stable(huge, logarithm, lambda xp, v: log_softmax(v.z)))
    found.append(Stable(huge, loss, lambda xp, v: -np.sum(v.y * log_softmax(v.z), axis=1)))
    found.append(classes.CategoricalCrossEntropy())
    return found


def multi_label_values() -> list[Claim]:
    """H4: the loss from logits is that of the probabilities, in every branch."""

    def loss(xp: Namespace, v: Values) -> Array:
        return equations.multi_label_cross_entropy(xp, v.z, v.y)

    def plain(xp: Namespace, v: Values) -> Array:
        a, b = plain_sigmoid(xp, v.z), plain_sigmoid(xp, -v.z)
        return -xp.sum(v.y * xp.log(a) + (1 - v.y) * xp.log(b), axis=1)

    def far(xp: Namespace, v: Values) -> Array:
        return np.sum(v.y * np.maximum(-v.z, 0) + (1 - v.y) * np.maximum(v.z, 0), axis=1)

    labels = Given((N, 3), "share")
    found: list[Claim] = [Identity({"z": Given((N, 3), sign), "y": labels}, loss, plain) for sign in BRANCHES]
    found.append(Stable({"z": Given((6, 5), "huge"), "y": Given((6, 5), "share")}, loss, far))
    return found


def softmax_error() -> list[Claim]:
    """B1 for softmax: for several K as the batch has it, and for any K by indices."""
    given = [{"z": Given((N, K)), "y": Given((N, K), "distribution")} for K in CLASSES]
    return [*(weighted_error("softmax", each) for each in given), classes.SoftmaxError()]


def error_claims(name: str) -> list[Claim]:
    """B1 or Q2 for a head of sigmoids, in every branch."""
    return [
        weighted_error(name, {"z": Given((N, 3), sign), "y": Given((N, 3), "share")}) for sign in BRANCHES[:3]
    ]


def weighted_error(name: str, given: dict[str, Given]) -> Claim:
    """`output_error` is the gradient in z of Σ_i w_i J_i."""
    head = equations.HEADS[name]

    def value(xp: Namespace, v: Values) -> Array:
        return head.loss(xp, v.z, v.y) * v.w

    def gradient(xp: Namespace, v: Values) -> dict[str, Array]:
        return {"z": network.output_error(xp, head, v.z, head.predict(xp, v.z), v.y, v.w)}

    return Derivative({**given, "w": Given((N,), "positive")}, value, gradient)


def quadratic_values() -> list[Claim]:
    """Q1 in every branch."""
    return [
        Identity(
            {"z": Given((N, 3), sign), "y": Given((N, 3), "share")},
            lambda xp, v: equations.quadratic_cost(xp, v.z, v.y),
            lambda xp, v: xp.sum((plain_sigmoid(xp, v.z) - v.y) ** 2, axis=1) / 2,
        )
        for sign in BRANCHES
    ]


def smoothing() -> list[Claim]:
    """S1 for every head, and rows that still sum to 1 where the outputs are a distribution."""
    K, e = 3, Given((), "share")
    found: list[Claim] = []
    for head in equations.HEADS.values():
        given = {"y": Given((N, K), "distribution" if head.distribution else "share"), "e": e}

        def smooth(xp: Namespace, v: Values, head: equations.Head = head) -> Array:
            return equations.smooth_labels(v.y, v.e, head.uninformed(K))

        def plain(xp: Namespace, v: Values, head: equations.Head = head) -> Array:
            return v.y - v.e * (v.y - (1 / 3 if head.name == "softmax" else 1 / 2))

        found.append(Identity(given, smooth, plain))
        if head.name == "softmax":
            found.append(
                Identity(
                    given,
                    lambda xp, v, f=smooth: xp.sum(f(xp, v), axis=1),  # type: ignore[misc]
                    lambda xp, v: np.array([1, 1]),
                )
            )
    found.append(Identity({}, _flags, lambda xp, v: np.array([[1, 0], [0, 1], [0, 0]])))
    return found


def _flags(xp: Namespace, v: Values) -> Array:
    """What a head says of itself: outputs that sum to 1, outputs that are labels of their own."""
    each = (equations.HEADS[name] for name in ("softmax", "sigmoid", "quadratic"))
    return np.array([[int(head.distribution), int(head.multi_label)] for head in each])
