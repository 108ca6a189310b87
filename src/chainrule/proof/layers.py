"""F1, B2, B3, B4, D1, P1, P2: the affine map, the way back through a layer, dropout and the penalties."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from chainrule.equations import affine, network, penalty
from chainrule.equations.activations import Activation
from chainrule.equations.penalty import Penalty
from chainrule.proof.claims import Claim, Derivative, Given, Identity, Values
from chainrule.proof.symbolic import SYMBOLIC, DPhi, Phi
from chainrule.proof.theorem import Theorem
from chainrule.types import Array, Namespace

LAYER = {"a": Given((2, 3)), "W": Given((4, 3)), "b": Given((4,))}
"""A batch of two goes from three neurons to four: all three numbers differ, so no transpose hides."""

COTANGENT = {"v": Given((2, 4))}
SIGNS = ("positive", "negative", "mixed", "zero")


def theorems() -> list[Theorem]:
    """What is claimed of the layers."""
    return [
        Theorem("F1", "affine", "z_ik = Σ_j W_kj a_ij + b_k", (affine.affine,), affine_values),
        Theorem(
            "B2", "any φ", "∂⟨δ,z⟩/∂z = Wᵀδ ⊙ φ'(z)", (network.hidden_error,), lambda: hidden_errors(False)
        ),
        Theorem(
            "B2", "dropout", "∂⟨δ,z⟩/∂z = Wᵀδ ⊙ r ⊙ φ'", (network.hidden_error,), lambda: hidden_errors(True)
        ),
        Theorem("B2", "input", "∂⟨δ,z⟩/∂a = Wᵀ δ", (affine.input_gradient,), lambda: affine_gradient("a")),
        Theorem("B3", "weights", "∂⟨δ,z⟩/∂W = δ aᵀ", (affine.weight_gradient,), lambda: affine_gradient("W")),
        Theorem("B4", "biases", "∂⟨δ,z⟩/∂b = δ", (affine.bias_gradient,), lambda: affine_gradient("b")),
        Theorem("D1", "dropout", "a_ij r_ij, and its gradient δ ⊙ r", (network.dropout,), dropout),
        Theorem("P1", "L2", "½ Σ W²;  gradient W", (penalty.l2_penalty,), lambda: penalties("l2")),
        Theorem("P2", "L1", "Σ |W|;  gradient sign W", (penalty.l1_penalty,), lambda: penalties("l1")),
        Theorem("P2", "L1 + L2", "λ₁ Σ|W| + λ₂ ½ Σ W²", (penalty.penalty_value,), both_penalties),
    ]


def _any_phi(xp: Namespace, z: Array) -> Array:
    return np.frompyfunc(Phi, 1, 1)(z) if xp is SYMBOLIC else z * xp.exp(z)


def _any_d_phi(xp: Namespace, z: Array, a: Array) -> Array:
    return np.frompyfunc(DPhi, 2, 1)(z, a) if xp is SYMBOLIC else xp.exp(z) + a


ANY = Activation("any", _any_phi, _any_d_phi)
"""A φ of which only its derivative is known; in numbers z e^z, whose φ' = e^z + a needs both z and a."""


def affine_values() -> list[Claim]:
    """F1, entry by entry, for one sample of one neuron too."""

    def plain(xp: Namespace, v: Values) -> Array:
        return np.array(
            [
                [sum(w * a for w, a in zip(W, row, strict=True)) + b for W, b in zip(v.W, v.b, strict=True)]
                for row in v.a
            ]
        )

    single = {"a": Given((1, 1)), "W": Given((1, 1)), "b": Given((1,))}
    return [Identity(given, lambda xp, v: affine.affine(v.a, v.W, v.b), plain) for given in (LAYER, single)]


def affine_gradient(name: str) -> list[Claim]:
    """B3, B4 and the first factor of B2, as vector-Jacobian products of F1."""
    backward: dict[str, Callable[[Namespace, Values], Array]] = {
        "a": lambda xp, v: affine.input_gradient(v.v, v.W),
        "W": lambda xp, v: affine.weight_gradient(v.v, v.a),
        "b": lambda xp, v: affine.bias_gradient(xp, v.v),
    }

    def value(xp: Namespace, v: Values) -> Array:
        return v.v * affine.affine(v.a, v.W, v.b)

    return [Derivative({**LAYER, **COTANGENT}, value, lambda xp, v: {name: backward[name](xp, v)})]


def hidden_errors(masked: bool) -> list[Claim]:
    """B2 for any φ: the vector-Jacobian product of z ↦ W^{L+1} (φ(z) ⊙ r) + b."""

    def activation(xp: Namespace, v: Values) -> Array:
        a = ANY.phi(xp, v.z)
        return network.dropout(a, v.r) if masked else a

    def value(xp: Namespace, v: Values) -> Array:
        return v.v * affine.affine(activation(xp, v), v.W, v.b)

    def gradient(xp: Namespace, v: Values) -> dict[str, Array]:
        mask = v.r if masked else None
        return {"z": network.hidden_error(xp, ANY, v.v, v.W, v.z, activation(xp, v), mask)}

    given = {"z": Given((2, 3)), "W": LAYER["W"], "b": LAYER["b"], "r": Given((2, 3), "mask"), **COTANGENT}
    return [Derivative(given, value, gradient)]


def dropout() -> list[Claim]:
    """D1, and the same multiplication as its vector-Jacobian product."""
    given = {"a": Given((2, 3)), "r": Given((2, 3), "mask"), "v": Given((2, 3))}
    return [
        Identity(
            given,
            lambda xp, v: network.dropout(v.a, v.r),
            lambda xp, v: np.array(
                [[p * q for p, q in zip(*rows, strict=True)] for rows in zip(v.a, v.r, strict=True)]
            ),
        ),
        Derivative(
            given,
            lambda xp, v: v.v * network.dropout(v.a, v.r),
            lambda xp, v: {"a": network.dropout(v.v, v.r)},
        ),
    ]


def penalties(name: str) -> list[Claim]:
    """One penalty: its value, its gradient on both sides of 0, and 0 at 0."""
    value, gradient = {
        "l1": (lambda xp, v: penalty.l1_penalty(xp, v.W), lambda xp, v: penalty.d_l1_penalty(xp, v.W)),
        "l2": (lambda xp, v: penalty.l2_penalty(xp, v.W), lambda xp, v: penalty.d_l2_penalty(xp, v.W)),
    }[name]

    def plain(xp: Namespace, v: Values) -> Any:
        return sum(abs(w) if name == "l1" else w * w / 2 for w in v.W.ravel())

    found: list[Claim] = [Identity({"W": Given((2, 3), sign)}, value, plain) for sign in SIGNS]
    found += [
        Derivative({"W": Given((2, 3), s)}, value, lambda xp, v: {"W": gradient(xp, v)})  # type: ignore[no-untyped-call]
        for s in SIGNS[:3]
    ]
    found.append(Identity({"W": Given((2, 3), "zero")}, gradient, lambda xp, v: np.zeros((2, 3), int)))
    return found


def both_penalties() -> list[Claim]:
    """Both at once with strengths λ₁, λ₂: the value, its gradient, and when there is a penalty at all."""
    given = {"W": Given((2, 3), "mixed"), "l1": Given((), "positive"), "l2": Given((), "positive")}

    def value(xp: Namespace, v: Values) -> Array:
        return penalty.penalty_value(xp, Penalty(v.l1, v.l2), v.W)

    def gradient(xp: Namespace, v: Values) -> dict[str, Array]:
        return {"W": penalty.penalty_gradient(xp, Penalty(v.l1, v.l2), v.W)}

    def plain(xp: Namespace, v: Values) -> Any:
        return sum(v.l1 * abs(w) + v.l2 * w * w / 2 for w in v.W.ravel())

    def is_there(xp: Namespace, v: Values) -> Array:
        kinds = (Penalty(), Penalty(l1=1.0), Penalty(l2=1.0), Penalty(1.0, 1.0))
        return np.array([*map(int, map(bool, kinds)), Penalty().l1, Penalty().l2])

    return [
        Identity(given, value, plain),
        Derivative(given, value, gradient),
        Identity(
            {**given, "W": Given((2, 3), "zero")},
            lambda xp, v: gradient(xp, v)["W"],
            lambda xp, v: np.zeros((2, 3), int),
        ),
        Identity({}, is_there, lambda xp, v: np.array([0, 1, 1, 1, 0, 0])),
    ]
