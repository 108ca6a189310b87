"""F1, B2, B3, B4, D1, P1, P2: the affine map, the way back through a layer, dropout and the penalties."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from chainrule.equations import affine, network, penalty
from chainrule.equations.activations import Activation
from chainrule.equations.penalty import Penalty
from chainrule.proof.claims.claims import Claim, Derivative, Given, Identity, Values
from chainrule.proof.claims.sizes import AnyDerivative, AnyIdentity, N, n0, n1, n2
from chainrule.proof.claims.theorem import Theorem
from chainrule.types import Array, Namespace

LAYER = {"a": Given((2, 3)), "W": Given((4, 3)), "b": Given((4,))}
"""A batch of two goes from three neurons to four: all three numbers differ, so no transpose hides."""

COTANGENT = {"v": Given((2, 4))}

ANY_LAYER = {"a": Given((N, n0)), "W": Given((n1, n0)), "b": Given((n1,)), "v": Given((N, n1))}
"""The same for any batch and any widths."""

SIGNS = ("positive", "negative", "mixed", "zero")


ANY_SIZES = ", any widths, any N"


def theorems() -> list[Theorem]:
    """What is claimed of the layers."""
    return [
        Theorem("F1", "affine", f"z_ik = Σ_j W_kj a_ij + b_k{ANY_SIZES}", (affine.affine,), affine_values),
        Theorem(
            "B2",
            "any φ",
            f"∂⟨δ,z⟩/∂z = Wᵀδ ⊙ φ'(z){ANY_SIZES}",
            (network.hidden_error,),
            lambda: hidden_errors(False),
        ),
        Theorem(
            "B2",
            "dropout",
            f"∂⟨δ,z⟩/∂z = Wᵀδ ⊙ r ⊙ φ'{ANY_SIZES}",
            (network.hidden_error,),
            lambda: hidden_errors(True),
        ),
        Theorem(
            "B2",
            "input",
            f"∂⟨δ,z⟩/∂a = Wᵀ δ{ANY_SIZES}",
            (affine.input_gradient,),
            lambda: affine_gradient("a"),
        ),
        Theorem(
            "B2",
            "step",
            f"from δ^{{L+1}} to ∂J/∂W^L, ∂J/∂b^L{ANY_SIZES}",
            (network.hidden_error,),
            step,
        ),
        Theorem(
            "B3",
            "weights",
            f"∂⟨δ,z⟩/∂W = δ aᵀ{ANY_SIZES}",
            (affine.weight_gradient,),
            lambda: affine_gradient("W"),
        ),
        Theorem(
            "B4", "biases", f"∂⟨δ,z⟩/∂b = δ{ANY_SIZES}", (affine.bias_gradient,), lambda: affine_gradient("b")
        ),
        Theorem(
            "D1",
            "dropout",
            "a_ij r_ij, and its gradient δ ⊙ r, any widths, any N",
            (network.dropout,),
            dropout,
        ),
        Theorem(
            "P1", "L2", "½ Σ W²;  gradient W, any widths", (penalty.l2_penalty,), lambda: penalties("l2")
        ),
        Theorem(
            "P2", "L1", "Σ |W|;  gradient sign W, any widths", (penalty.l1_penalty,), lambda: penalties("l1")
        ),
        Theorem("P2", "L1 + L2", "λ₁ Σ|W| + λ₂ ½ Σ W², any widths", (penalty.penalty_value,), both_penalties),
    ]


def _any_phi(xp: Namespace, z: Array) -> Array:
    opaque = getattr(xp, "phi", None)
    return z * xp.exp(-z * z / 2) if opaque is None else opaque(z)


def _any_d_phi(xp: Namespace, z: Array, a: Array) -> Array:
    opaque = getattr(xp, "d_phi", None)
    return xp.exp(-z * z / 2) - z * a if opaque is None else opaque(z, a)


ANY = Activation("any", _any_phi, _any_d_phi)
"""A φ of which SymPy knows only φ'; in numbers z e^{−z²/2}, whose φ' = e^{−z²/2} − za needs z and a."""


def affine_values() -> list[Claim]:
    """F1, entry by entry, for one sample of one neuron too."""

    def plain(xp: Namespace, v: Values) -> Array:
        return np.array(
            [
                [sum(w * a for w, a in zip(W, row, strict=True)) + b for W, b in zip(v.W, v.b, strict=True)]
                for row in v.a
            ]
        )

    def F1(xp: Namespace, v: Values) -> Array:
        return affine.affine(v.a, v.W, v.b)

    def by_sum(xp: Namespace, v: Values) -> Array:
        return xp.sum(v.W * v.a[:, None, :], axis=2) + v.b

    single = {"a": Given((1, 1)), "W": Given((1, 1)), "b": Given((1,))}
    fixed: list[Claim] = [Identity(given, F1, plain) for given in (LAYER, single)]
    return [*fixed, AnyIdentity(ANY_LAYER, F1, by_sum)]


def affine_gradient(name: str) -> list[Claim]:
    """B3, B4 and the first factor of B2, as vector-Jacobian products of F1."""
    backward: dict[str, Callable[[Namespace, Values], Array]] = {
        "a": lambda xp, v: affine.input_gradient(v.v, v.W),
        "W": lambda xp, v: affine.weight_gradient(v.v, v.a),
        "b": lambda xp, v: affine.bias_gradient(xp, v.v),
    }

    def value(xp: Namespace, v: Values) -> Array:
        return v.v * affine.affine(v.a, v.W, v.b)

    def gradient(xp: Namespace, v: Values) -> dict[str, Array]:
        return {name: backward[name](xp, v)}

    return [
        Derivative({**LAYER, **COTANGENT}, value, gradient),
        AnyDerivative(ANY_LAYER, value, gradient),
    ]


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
    of_any_size = {**ANY_LAYER, "z": Given((N, n0)), "r": Given((N, n0), "mask")}
    return [Derivative(given, value, gradient), AnyDerivative(of_any_size, value, gradient)]


def step() -> list[Claim]:
    """The step from layer L + 1 to layer L, for any φ: B2, then B3, B4 and the way on to layer L − 1."""

    def z_next(v: Values, a: Array) -> Array:
        return affine.affine(a, v.W_next, v.b_next)

    def value(xp: Namespace, v: Values) -> Array:
        z = affine.affine(v.a_prev, v.W, v.b)
        return v.delta_next * z_next(v, network.dropout(ANY.phi(xp, z), v.r))

    def gradient(xp: Namespace, v: Values) -> dict[str, Array]:
        z = affine.affine(v.a_prev, v.W, v.b)
        a = network.dropout(ANY.phi(xp, z), v.r)
        delta = network.hidden_error(xp, ANY, v.delta_next, v.W_next, z, a, v.r)
        return {
            "W": affine.weight_gradient(delta, v.a_prev),
            "b": affine.bias_gradient(xp, delta),
            "a_prev": affine.input_gradient(delta, v.W),
            "W_next": affine.weight_gradient(v.delta_next, a),
            "b_next": affine.bias_gradient(xp, v.delta_next),
        }

    given = {
        "a_prev": Given((N, n0)),
        "W": Given((n1, n0)),
        "b": Given((n1,)),
        "r": Given((N, n1), "mask"),
        "W_next": Given((n2, n1)),
        "b_next": Given((n2,)),
        "delta_next": Given((N, n2)),
    }
    return [AnyDerivative(given, value, gradient)]


def dropout() -> list[Claim]:
    """D1, and the same multiplication as its vector-Jacobian product."""
    given = {"a": Given((2, 3)), "r": Given((2, 3), "mask"), "v": Given((2, 3))}
    of_any_size = {name: Given((N, n0), item.kind) for name, item in given.items()}
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
        AnyIdentity(of_any_size, lambda xp, v: network.dropout(v.a, v.r), lambda xp, v: v.a * v.r),
        AnyDerivative(
            of_any_size,
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
    found += [
        AnyDerivative({"W": Given((n1, n0), s)}, value, lambda xp, v: {"W": gradient(xp, v)})  # type: ignore[no-untyped-call]
        for s in SIGNS[:2]
    ]
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
        *(AnyDerivative({**given, "W": Given((n1, n0), s)}, value, gradient) for s in SIGNS[:2]),
        Identity(
            {**given, "W": Given((2, 3), "zero")},
            lambda xp, v: gradient(xp, v)["W"],
            lambda xp, v: np.zeros((2, 3), int),
        ),
        Identity({}, is_there, lambda xp, v: np.array([0, 1, 1, 1, 0, 0])),
    ]
