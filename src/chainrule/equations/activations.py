"""Hidden activations: each φ with its derivative φ' on the lines below it.

``phi(xp, z)`` is Eq. F2, a = φ(z); ``d_phi(xp, z, a)`` is its derivative φ'(z), which may use the
activation a = φ(z) where that is cheaper. Every one holds for |z| up to 1e4 in float32 and float64
without overflow. Shapes: everything has the shape of z.
"""

from __future__ import annotations

from collections.abc import Callable
from math import pi, sqrt
from typing import NamedTuple

from chainrule.equations.printed import Formula, OfActivation
from chainrule.types import Array, Namespace

LEAK = 0.01
"""Slope of `leaky_relu` for negative z (Maas, Hannun & Ng 2013)."""


class Activation(NamedTuple):
    """φ beside φ'. ``kinks`` lists the z where φ' jumps; there φ' is the value from the left.

    ``printed``: its formulas as they are printed by explanations and derivations.
    """

    name: str
    phi: Callable[[Namespace, Array], Array]
    d_phi: Callable[[Namespace, Array, Array], Array]
    kinks: tuple[float, ...] = ()
    printed: OfActivation = OfActivation()

    @property
    def symbol(self) -> str:
        """How φ is called in print: by its letter, its name, or φ where its name is a formula."""
        return self.printed.letter or (self.name if self.name.isidentifier() else "φ")


def sigmoid(xp: Namespace, z: Array) -> Array:
    """σ(z) = 1 / (1 + e^{-z}), by e^{-|z|} so that nothing overflows. Eq. H3, F2."""
    e = xp.exp(-xp.abs(z))
    return xp.where(z >= 0, 1, e) / (1 + e)


def d_sigmoid(xp: Namespace, z: Array, a: Array) -> Array:
    """σ'(z) = a (1 − a)."""
    return a * (1 - a)


def tanh(xp: Namespace, z: Array) -> Array:
    """Hyperbolic tangent. Eq. F2."""
    return xp.tanh(z)


def d_tanh(xp: Namespace, z: Array, a: Array) -> Array:
    """tanh'(z) = 1 − a²."""
    return 1 - a * a


def relu(xp: Namespace, z: Array) -> Array:
    """max(z, 0). Eq. F2. Source: Nair & Hinton, ICML 2010."""
    return xp.maximum(z, 0)


def d_relu(xp: Namespace, z: Array, a: Array) -> Array:
    """1 where z > 0, else 0."""
    return xp.where(z > 0, xp.ones_like(z), 0)


def leaky_relu(xp: Namespace, z: Array) -> Array:
    """Equal to z where z > 0, else z/100. Eq. F2. Source: Maas, Hannun & Ng, ICML 2013."""
    return xp.where(z > 0, z, LEAK * z)


def d_leaky_relu(xp: Namespace, z: Array, a: Array) -> Array:
    """1 where z > 0, else 1/100."""
    return xp.where(z > 0, xp.ones_like(z), LEAK)


def elu(xp: Namespace, z: Array) -> Array:
    """Equal to z where z > 0, else e^z − 1. Eq. F2. Source: Clevert, Unterthiner & Hochreiter, ICLR 2016."""
    return xp.where(z > 0, z, xp.expm1(xp.minimum(z, 0)))


def d_elu(xp: Namespace, z: Array, a: Array) -> Array:
    """1 where z > 0, else e^z = a + 1."""
    return xp.where(z > 0, xp.ones_like(z), a + 1)


def softplus(xp: Namespace, z: Array) -> Array:
    """log(1 + e^z) = max(z, 0) + log(1 + e^{-|z|}). Eq. F2. Source: Dugas et al., NIPS 2000."""
    return xp.maximum(z, 0) + xp.log1p(xp.exp(-xp.abs(z)))


def d_softplus(xp: Namespace, z: Array, a: Array) -> Array:
    """softplus'(z) = σ(z)."""
    return sigmoid(xp, z)


def silu(xp: Namespace, z: Array) -> Array:
    """The product z σ(z), also called swish. Eq. F2.

    Source: Elfwing, Uchibe & Doya, Neural Networks 107, 2018.
    """
    return z * sigmoid(xp, z)


def d_silu(xp: Namespace, z: Array, a: Array) -> Array:
    """σ(z) + a (1 − σ(z)), by the product rule."""
    s = sigmoid(xp, z)
    return s + a * (1 - s)


def gelu(xp: Namespace, z: Array) -> Array:
    """The product z Φ(z) with the normal distribution function Φ(z) = ½ [1 + erf(z/√2)]. Eq. F2.

    Source: Hendrycks & Gimpel, arXiv:1606.08415, 2016 (the exact form).
    """
    return z * normal_cdf(xp, z)


def d_gelu(xp: Namespace, z: Array, a: Array) -> Array:
    """Φ(z) + z Φ'(z) with the density Φ'(z) = e^{-z²/2} / √(2π)."""
    return normal_cdf(xp, z) + z * xp.exp(-z * z / 2) / sqrt(2 * pi)


def normal_cdf(xp: Namespace, z: Array) -> Array:
    """Φ(z) = ½ [1 + erf(z/√2)]."""
    return (1 + xp.erf(z / sqrt(2))) / 2


def hardswish(xp: Namespace, z: Array) -> Array:
    """Hard swish: z min(max(z + 3, 0), 6) / 6. Eq. F2. Source: Howard et al., ICCV 2019."""
    return z * xp.minimum(xp.maximum(z + 3, 0), 6) / 6


def d_hardswish(xp: Namespace, z: Array, a: Array) -> Array:
    """0 for z ≤ −3, (2z + 3)/6 up to 3, then 1."""
    return xp.where(z <= -3, 0 * z, xp.where(z <= 3, (2 * z + 3) / 6, xp.ones_like(z)))


def identity(xp: Namespace, z: Array) -> Array:
    """The input itself: a layer without activation. Eq. F2."""
    return z


def d_identity(xp: Namespace, z: Array, a: Array) -> Array:
    """1."""
    return xp.ones_like(z)


SIGMOID = Formula("H3", ("σ(z_m)", "1 / (1 + e^{−z_m})"))


def _printed(phi: str, d_phi: str, letter: str = "") -> OfActivation:
    return OfActivation(Formula("F2", (phi,)), Formula("F2", (d_phi,)), letter)


ACTIVATIONS: dict[str, Activation] = {
    activation.name: activation
    for activation in (
        Activation("sigmoid", sigmoid, d_sigmoid, (), _printed(SIGMOID.text, "a_m·(1 − a_m)", "σ")),
        Activation("tanh", tanh, d_tanh, (), _printed("tanh(z_m)", "1 − a_m²")),
        Activation("relu", relu, d_relu, (0.0,), _printed("max(z_m, 0)", "1 for z_m > 0, else 0")),
        Activation(
            "leaky_relu",
            leaky_relu,
            d_leaky_relu,
            (0.0,),
            _printed("z_m for z_m > 0, else z_m / 100", "1 for z_m > 0, else 1 / 100"),
        ),
        Activation(
            "elu",
            elu,
            d_elu,
            (),
            _printed("z_m for z_m > 0, else e^{z_m} − 1", "1 for z_m > 0, else a_m + 1"),
        ),
        Activation("softplus", softplus, d_softplus, (), _printed("log(1 + e^{z_m})", "σ(z_m)")),
        Activation("silu", silu, d_silu, (), _printed("z_m·σ(z_m)", "σ(z_m) + a_m·(1 − σ(z_m))")),
        Activation(
            "gelu",
            gelu,
            d_gelu,
            (),
            _printed("z_m·Φ(z_m)", "Φ(z_m) + z_m·e^{−z_m² / 2} / √(2π)"),
        ),
        Activation(
            "hardswish",
            hardswish,
            d_hardswish,
            (-3.0, 3.0),
            _printed(
                "z_m·min(max(z_m + 3, 0), 6) / 6", "0 for z_m ≤ −3, (2·z_m + 3) / 6 for z_m ≤ 3, else 1"
            ),
        ),
        Activation("identity", identity, d_identity, (), _printed("z_m", "1")),
    )
}
