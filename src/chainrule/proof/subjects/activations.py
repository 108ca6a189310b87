"""Eq. F2 (and H3): every φ is what its name says, and φ' is its derivative, between its kinks and at them."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from chainrule.equations import activations as equations
from chainrule.errors import entry
from chainrule.proof.claims.claims import Claim, Derivative, Given, Identity, Stable, Values, between
from chainrule.proof.claims.theorem import Theorem
from chainrule.types import Array, Namespace

Function = Callable[[Namespace, Array], Array]


class Definition(NamedTuple):
    """What a name says of φ.

    Attributes:
        text: what is proven, in a line.
        pieces: φ left of, between and right of the ``ends``.
        slopes: φ' at each of the ``ends``, from the left.
        far: φ where |z| is huge.
        far_slope: φ' where |z| is huge.
        kinks: where φ' jumps.
    """

    text: str
    pieces: tuple[Function, ...]
    slopes: tuple[float, ...]
    far: Callable[[Array], Array]
    far_slope: Callable[[Array], Array]
    kinks: tuple[float, ...] = ()

    @property
    def ends(self) -> tuple[float, ...]:
        """Where one piece ends and the next begins: the kinks, else 0, where stable code may branch."""
        return self.kinks or (0,)


def _smooth(text: str, phi: Function, slope: float, far: str, far_slope: str = "step") -> Definition:
    return Definition(text, (phi, phi), (slope,), FAR[far], FAR[far_slope])


FAR: dict[str, Callable[[Array], Array]] = {
    "step": lambda z: (z > 0) * 1.0,
    "sign": np.sign,
    "ramp": lambda z: np.maximum(z, 0),
    "z": lambda z: z,
    "0": lambda z: 0 * z,
    "1": lambda z: 0 * z + 1,
}

DEFINITIONS = {
    "sigmoid": _smooth(
        "σ = 1/(1+e^{−z}), σ' = σ(1−σ)", lambda xp, z: 1 / (1 + xp.exp(-z)), 0.25, "step", "0"
    ),
    "tanh": _smooth("tanh' = 1 − tanh²", lambda xp, z: xp.tanh(z), 1.0, "sign", "0"),
    "relu": Definition(
        "max(z,0)' = [z>0]", (lambda xp, z: 0 * z, lambda xp, z: z), (0.0,), FAR["ramp"], FAR["step"], (0,)
    ),
    "leaky_relu": Definition(
        "z or z/100; slope 1 or 1/100",
        (lambda xp, z: z / 100, lambda xp, z: z),
        (0.01,),
        lambda z: np.where(z > 0, z, z / 100),
        lambda z: np.where(z > 0, 1, 0.01),
        (0,),
    ),
    "elu": Definition(
        "z or e^z−1; slope 1 or e^z",
        (lambda xp, z: xp.exp(z) - 1, lambda xp, z: z),
        (1.0,),
        lambda z: np.where(z > 0, z, -1),
        FAR["step"],
    ),
    "softplus": _smooth("log(1+e^z)' = σ(z)", lambda xp, z: xp.log(1 + xp.exp(z)), 0.5, "ramp"),
    "silu": _smooth("(zσ)' = σ + zσ(1−σ)", lambda xp, z: z / (1 + xp.exp(-z)), 0.5, "ramp"),
    "gelu": _smooth(
        "(zΦ)' = Φ + ze^{−z²/2}/√(2π)",
        lambda xp, z: z * (1 + xp.erf(z / np.sqrt(2).item())) / 2,
        0.5,
        "ramp",
    ),
    "hardswish": Definition(
        "0, z(z+3)/6 or z; slope 0, (2z+3)/6 or 1",
        (lambda xp, z: 0 * z, lambda xp, z: z * (z + 3) / 6, lambda xp, z: z),
        (0.0, 1.5),
        FAR["ramp"],
        FAR["step"],
        (-3, 3),
    ),
    "identity": _smooth("(z)' = 1", lambda xp, z: z, 1.0, "z", "1"),
}


def theorems() -> list[Theorem]:
    """One theorem for every activation; H3 is the sigmoid's value."""
    by_name = [
        Theorem("F2", name, definition_of(name).text, (phi.d_phi, phi.phi), lambda n=name: claims(n))  # type: ignore[misc]
        for name, phi in equations.ACTIVATIONS.items()
    ]
    values = Theorem(
        "H3",
        "sigmoid",
        "a = 1/(1+e^{−z}), for z > 0, z < 0 and z = 0",
        (equations.sigmoid,),
        lambda: value_claims(equations.sigmoid, DEFINITIONS["sigmoid"]),
    )
    return [*by_name, values]


def definition_of(name: str) -> Definition:
    """What the name of a built-in activation says."""
    return entry("activation", name, "theorem", DEFINITIONS, "proof/subjects/activations.py")


def claims(name: str) -> list[Claim]:
    """φ equals its definition; φ' is its derivative within its pieces, and at their ends the left one."""
    activation, definition = equations.ACTIVATIONS[name], definition_of(name)

    def value(xp: Namespace, v: Values) -> Array:
        return v.v * activation.phi(xp, v.z)

    def slope(xp: Namespace, v: Values) -> Array:
        return activation.d_phi(xp, v.z, activation.phi(xp, v.z))

    def gradient(xp: Namespace, v: Values) -> dict[str, Array]:
        return {"z": v.v * slope(xp, v)}

    found: list[Claim] = value_claims(activation.phi, definition)
    found += [
        Derivative({"z": Given((3,), (piece,)), "v": Given((3,))}, value, gradient)
        for piece in between(definition.kinks)
    ]
    found += [
        Identity({"z": _at(end)}, slope, lambda xp, v, left=left: np.array([left]))  # type: ignore[misc]
        for end, left in zip(definition.ends, definition.slopes, strict=True)
    ]
    found.append(
        Identity({}, lambda xp, v: _listed(activation.kinks), lambda xp, v: _listed(definition.kinks))
    )
    found.append(Stable({"z": Given((8,), "huge")}, slope, lambda xp, v: definition.far_slope(v.z)))
    return found


def _listed(kinks: tuple[float, ...]) -> Array:
    """How many there are, and where; one at 9 if there is none, for an array must not be empty."""
    return np.array([len(kinks), *(kinks or (9,))])


def _at(z: float) -> Given:
    return Given((1,), ((z, z),))


def value_claims(phi: Function, definition: Definition) -> list[Claim]:
    """φ equals its pieces between their ends and, from both sides, there; and its limit where |z| is huge."""
    pieces, parts = definition.pieces, between(definition.kinks)
    places = [(Given((3,), (part,)), piece) for part, piece in zip(parts, pieces, strict=True)]
    for side in (pieces[:-1], pieces[1:]):
        places += [(_at(end), piece) for end, piece in zip(definition.ends, side, strict=True)]
    found: list[Claim] = [
        Identity({"z": z}, lambda xp, v: phi(xp, v.z), lambda xp, v, f=piece: f(xp, v.z))  # type: ignore[misc]
        for z, piece in places
    ]
    found.append(
        Stable({"z": Given((8,), "huge")}, lambda xp, v: phi(xp, v.z), lambda xp, v: definition.far(v.z))
    )
    return found
