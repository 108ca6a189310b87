"""H1, H2, H4, B1, Q1, Q2, S1: outputs and losses are what they say, and δ^H is the gradient of the loss."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import product
from typing import Any

import numpy as np

from chainrule.equations import heads as equations
from chainrule.equations import network
from chainrule.errors import entry
from chainrule.proof.claims import sizes
from chainrule.proof.claims.claims import Claim, Derivative, Given, Identity, Stable, Values
from chainrule.proof.claims.sizes import AnyDerivative, AnyIdentity
from chainrule.proof.claims.theorem import Theorem
from chainrule.types import Array, Namespace

Function = Callable[[Namespace, Array], Array]
CLASSES = (2, 3, 5, 10)
BRANCHES = ("positive", "negative", "mixed", "zero")
N = 2

ROWS = (sizes.N, sizes.n2)
"""Any number of samples, any number of outputs."""

ANY = ", any K, any N"


def theorems() -> list[Theorem]:
    """What is claimed of the output heads."""
    found = _theorems()
    proven = {function for theorem in found for function in theorem.functions}
    known = {name: head for name, head in equations.HEADS.items() if head.delta in proven}
    for name in equations.HEADS:
        entry("head", name, "theorem", known, "proof/subjects/heads.py")
    return found


def _theorems() -> list[Theorem]:
    e = equations
    return [
        Theorem(
            "H1", "softmax", f"a_m = e^{{z_m}} / Σ e^{{z_k}};  Σ a_m = 1{ANY}", (e.softmax,), softmax_values
        ),
        Theorem("H1", "Jacobian", f"∂a_m/∂z_k = a_m ([m=k] − a_k){ANY}", (e.softmax,), softmax_jacobian),
        Theorem(
            "H1", "shift", f"softmax(z + c) = softmax(z);  ∂a/∂m = 0{ANY}", (e.softmax,), shift_invariance
        ),
        Theorem(
            "H2",
            "categorical",
            f"J = −Σ y_m log a_m{ANY}",
            (e.categorical_cross_entropy, e.log_softmax),
            categorical_values,
        ),
        Theorem(
            "H4",
            "multi-label",
            f"J = −Σ [y log a + (1−y) log(1−a)]{ANY}",
            (e.multi_label_cross_entropy,),
            multi_label_values,
        ),
        Theorem(
            "H4",
            "pos_weight",
            f"J = −Σ [p y log a + (1−y) log(1−a)]{ANY}",
            (e.weighted_multi_label_cross_entropy,),
            pos_weighted_values,
        ),
        Theorem("B1", "softmax", f"∂J/∂z = w (a − y){ANY}", (e.cross_entropy_error,), softmax_error),
        Theorem(
            "B1",
            "sigmoid",
            f"∂J/∂z = w (a − y){ANY}",
            (e.cross_entropy_error,),
            lambda: error_claims("sigmoid"),
        ),
        Theorem(
            "B1",
            "pos_weight",
            f"∂J/∂z = (1−y) a − p y (1−a){ANY}",
            (e.weighted_cross_entropy_error,),
            pos_weighted_error,
        ),
        Theorem("Q1", "quadratic", f"J = ½ Σ (a − y)²{ANY}", (e.quadratic_cost,), quadratic_values),
        Theorem(
            "Q2",
            "quadratic",
            f"∂J/∂z = w (a − y) σ'(z){ANY}",
            (e.quadratic_error,),
            lambda: error_claims("quadratic"),
        ),
        Theorem("S1", "smoothing", f"(1−ε) y + ε u;  Σ y_m stays 1{ANY}", (e.smooth_labels,), smoothing),
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
    found += [
        AnyIdentity(
            {"z": Given(ROWS)}, lambda xp, v: equations.softmax(xp, v.z), lambda xp, v: plain_softmax(xp, v.z)
        ),
        AnyIdentity(
            {"z": Given(ROWS), "w": Given(ROWS[:1])},
            lambda xp, v: xp.sum(equations.softmax(xp, v.z), axis=1),
            lambda xp, v: xp.ones_like(v.w),
        ),
    ]
    huge = {"z": Given((6, 5), "huge")}
    found.append(
        Stable(huge, lambda xp, v: equations.softmax(xp, v.z), lambda xp, v: np.exp(log_softmax(v.z)))
    )
    return found


def log_softmax(z: Array) -> Array:
    """Log a by NumPy's own log-sum-exp, for huge logits."""
    return z - np.logaddexp.reduce(z, axis=1)[:, None]


def softmax_jacobian() -> list[Claim]:
    """H1's Jacobian as vector-Jacobian product for several K, and for any."""

    def value(xp: Namespace, v: Values) -> Array:
        return v.v * equations.softmax(xp, v.z)

    def gradient(xp: Namespace, v: Values) -> dict[str, Array]:
        a = equations.softmax(xp, v.z)
        return {"z": a * (v.v - xp.sum(v.v * a, axis=1, keepdims=True))}

    given = [{"z": Given((N, K)), "v": Given((N, K))} for K in CLASSES[:3]]
    return [
        *(Derivative(each, value, gradient) for each in given),
        AnyDerivative({"z": Given(ROWS), "v": Given(ROWS)}, value, gradient),
    ]


def shift_invariance() -> list[Claim]:
    """The same number added to every logit of a sample changes nothing."""
    found: list[Claim] = []
    for f in (equations.softmax, equations.log_softmax):

        def shifted(xp: Namespace, v: Values, f: Function = f) -> Array:
            return f(xp, v.z + v.c)

        def plain(xp: Namespace, v: Values, f: Function = f) -> Array:
            return f(xp, v.z)

        found.append(Identity({"z": Given((N, 3)), "c": Given((N, 1), "shift")}, shifted, plain))
        found.append(AnyIdentity({"z": Given(ROWS), "c": Given((sizes.N, 1), "shift")}, shifted, plain))
    return found


def categorical_values() -> list[Claim]:
    """H2: the loss from logits is that of the probabilities, and stays finite where logits are huge."""

    def loss(xp: Namespace, v: Values) -> Array:
        return equations.categorical_cross_entropy(xp, v.z, v.y)

    def logarithm(xp: Namespace, v: Values) -> Array:
        return equations.log_softmax(xp, v.z)

    def plain(xp: Namespace, v: Values) -> Array:
        return -xp.sum(v.y * xp.log(plain_softmax(xp, v.z)), axis=1)

    def probability(xp: Namespace, v: Values) -> Array:
        return xp.exp(logarithm(xp, v))

    found: list[Claim] = []
    for kind, rows in [*((Identity, (N, K)) for K in CLASSES), (AnyIdentity, ROWS)]:
        given = {"z": Given(rows), "y": Given(rows, "distribution")}
        found.append(kind(given, loss, plain))
        found.append(kind(given, probability, lambda xp, v: plain_softmax(xp, v.z)))
    huge = {"z": Given((6, 5), "huge"), "y": Given((6, 5), "distribution")}
    found.append(Stable(huge, logarithm, lambda xp, v: log_softmax(v.z)))
    found.append(Stable(huge, loss, lambda xp, v: -np.sum(v.y * log_softmax(v.z), axis=1)))
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

    found: list[Claim] = [Identity(given, loss, plain) for given in _labelled((N, 3), BRANCHES)]
    found += [AnyIdentity(given, loss, plain) for given in _labelled(ROWS, BRANCHES[:2])]
    found.append(Stable({"z": Given((6, 5), "huge"), "y": Given((6, 5), "share")}, loss, far))
    return found


def pos_weighted_values() -> list[Claim]:
    """H4 with weights: the loss from logits is that of the probabilities, and that of H4 where p = 1."""

    def loss(xp: Namespace, v: Values) -> Array:
        return equations.pos_weighted(v.p).loss(xp, v.z, v.y)

    def plain(xp: Namespace, v: Values) -> Array:
        a, b = plain_sigmoid(xp, v.z), plain_sigmoid(xp, -v.z)
        return -xp.sum(v.p * v.y * xp.log(a) + (1 - v.y) * xp.log(b), axis=1)

    def far(xp: Namespace, v: Values) -> Array:
        return np.sum(v.p * v.y * np.maximum(-v.z, 0) + (1 - v.y) * np.maximum(v.z, 0), axis=1)

    def unweighted(xp: Namespace, v: Values) -> Array:
        return equations.weighted_multi_label_cross_entropy(xp, v.z, v.y, 1)

    found: list[Claim] = [Identity(given, loss, plain) for given in _pos_weighted((N, 3), BRANCHES)]
    found += [AnyIdentity(given, loss, plain) for given in _pos_weighted(ROWS, BRANCHES[:2])]
    same = lambda xp, v: equations.multi_label_cross_entropy(xp, v.z, v.y)  # noqa: E731
    found += [AnyIdentity(given, unweighted, same) for given in _labelled(ROWS, BRANCHES[:2])]
    huge = {"z": Given((6, 5), "huge"), "y": Given((6, 5), "share"), "p": Given((5,), "positive")}
    return [*found, Stable(huge, loss, far)]


def pos_weighted_error() -> list[Claim]:
    """B1 with weights, in every branch; it is a − y where p = 1."""

    def value(xp: Namespace, v: Values) -> Array:
        return equations.pos_weighted(v.p).loss(xp, v.z, v.y)

    def gradient(xp: Namespace, v: Values) -> dict[str, Array]:
        head = equations.pos_weighted(v.p)
        return {"z": head.delta(xp, v.z, head.predict(xp, v.z), v.y)}

    found: list[Claim] = [Derivative(given, value, gradient) for given in _pos_weighted((N, 3), BRANCHES[:3])]
    found += [AnyDerivative(given, value, gradient) for given in _pos_weighted(ROWS, BRANCHES[:2])]
    given = {"a": Given(ROWS, "share"), "y": Given(ROWS, "share")}
    unweighted = lambda xp, v: equations.weighted_cross_entropy_error(v.a, v.y, 1)  # noqa: E731
    return [*found, AnyIdentity(given, unweighted, lambda xp, v: v.a - v.y)]


def _pos_weighted(rows: tuple[Any, ...], branches: tuple[str, ...]) -> list[dict[str, Given]]:
    return [{**given, "p": Given(rows[1:], "positive")} for given in _labelled(rows, branches)]


def softmax_error(name: str = "softmax", classes: Sequence[int] = CLASSES) -> list[Claim]:
    """The error of a head of softmax: for several K, and for any."""
    given = [{"z": Given((N, K)), "y": Given((N, K), "distribution")} for K in classes]
    general = {"z": Given(ROWS), "y": Given(ROWS, "distribution")}
    return [*(weighted_error(name, each) for each in given), weighted_error(name, general)]


def error_claims(name: str) -> list[Claim]:
    """B1 or Q2 for a head of sigmoids, in every branch."""
    found = [*_labelled((N, 3), BRANCHES[:3]), *_labelled(ROWS, BRANCHES[:2])]
    return [weighted_error(name, given) for given in found]


def _labelled(rows: tuple[Any, ...], branches: tuple[str, ...]) -> list[dict[str, Given]]:
    """Logits of every sign with labels between 0 and 1."""
    return [{"z": Given(rows, sign), "y": Given(rows, "share")} for sign in branches]


def weighted_error(name: str, given: dict[str, Given]) -> Claim:
    """`output_error` is the gradient in z of Σ_i w_i J_i."""
    head = equations.HEADS[name]

    def value(xp: Namespace, v: Values) -> Array:
        return head.loss(xp, v.z, v.y) * v.w

    def gradient(xp: Namespace, v: Values) -> dict[str, Array]:
        return {"z": network.output_error(xp, head, v.z, head.predict(xp, v.z), v.y, v.w)}

    rows = given["z"].shape
    kind = AnyDerivative if rows == ROWS else Derivative
    return kind({**given, "w": Given(rows[:1], "positive")}, value, gradient)


def quadratic_values() -> list[Claim]:
    """Q1 in every branch."""

    def cost(xp: Namespace, v: Values) -> Array:
        return equations.quadratic_cost(xp, v.z, v.y)

    def plain(xp: Namespace, v: Values) -> Array:
        return xp.sum((plain_sigmoid(xp, v.z) - v.y) ** 2, axis=1) / 2

    fixed: list[Claim] = [Identity(given, cost, plain) for given in _labelled((N, 3), BRANCHES)]
    return [*fixed, *(AnyIdentity(given, cost, plain) for given in _labelled(ROWS, BRANCHES[:2]))]


def smoothing() -> list[Claim]:
    """S1 for every head, and rows that still sum to 1 where the outputs are a distribution."""
    found: list[Claim] = []
    for (kind, rows), head in product(((Identity, (N, 3)), (AnyIdentity, ROWS)), equations.HEADS.values()):
        given = {
            "y": Given(rows, "distribution" if head.distribution else "share"),
            "e": Given((), "share"),
            "one": Given(rows[:1]),
        }

        def smooth(xp: Namespace, v: Values, head: equations.Head = head) -> Array:
            return equations.smooth_labels(v.y, v.e, head.uninformed(v.y.shape[1]))

        def plain(xp: Namespace, v: Values, head: equations.Head = head) -> Array:
            return v.y - v.e * (v.y - 1 / (v.y.shape[1] if head.distribution else 2))

        found.append(kind(given, smooth, plain))
        if head.distribution:
            total = lambda xp, v, f=smooth: xp.sum(f(xp, v), axis=1)  # noqa: E731
            found.append(kind(given, total, lambda xp, v: xp.ones_like(v.one)))
    found.append(Identity({}, _flags, lambda xp, v: np.array([[1, 0], [0, 1], [0, 0]])))
    return found


def _flags(xp: Namespace, v: Values) -> Array:
    """What a head says of itself: outputs that sum to 1, outputs that are labels of their own."""
    each = (equations.HEADS[name] for name in ("softmax", "sigmoid", "quadratic"))
    return np.array([[int(head.distribution), int(head.multi_label)] for head in each])
