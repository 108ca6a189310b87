"""The hidden activations that people write: ours, other leaks, and a few that no engine here trains."""

from __future__ import annotations

import math
from typing import Any

from chainrule.equations.activations import ACTIVATIONS, Activation
from chainrule.types import Array, Namespace

LEAKS = (0.1, 0.2, 0.3, 0.05, 0.02, 0.001)


def leaky(leak: float) -> Activation:
    """Equal to z where z > 0, else ``leak`` times z."""
    return Activation(
        f"leaky_relu {leak:g}",
        lambda xp, z: xp.where(z > 0, z, leak * z),
        lambda xp, z, a: xp.where(z > 0, xp.ones_like(z), leak),
        (0.0,),
    )


def softsign(xp: Namespace, z: Array) -> Array:
    """Z / (1 + |z|)."""
    return z / (1 + xp.abs(z))


def d_softsign(xp: Namespace, z: Array, a: Array) -> Array:
    """1 / (1 + |z|)²."""
    return 1 / (1 + xp.abs(z)) ** 2


def arctan(xp: Namespace, z: Array) -> Array:
    """The angle whose tangent is z."""
    import numpy as np

    found: Array = np.arctan(z)
    return found


def d_arctan(xp: Namespace, z: Array, a: Array) -> Array:
    """1 / (1 + z²)."""
    return 1 / (1 + z * z)


def gelu_tanh(xp: Namespace, z: Array) -> Array:
    """GELU by its approximation, ½ z (1 + tanh u), u = √(2/π) (z + 0.044715 z³)."""
    return 0.5 * z * (1 + xp.tanh(_u(z)))


def d_gelu_tanh(xp: Namespace, z: Array, a: Array) -> Array:
    """½ (1 + tanh u) + ½ z (1 − tanh² u) du/dz."""
    t = xp.tanh(_u(z))
    return 0.5 * (1 + t) + 0.5 * z * (1 - t * t) * math.sqrt(2 / math.pi) * (1 + 3 * 0.044715 * z * z)


def _u(z: Any) -> Any:
    return math.sqrt(2 / math.pi) * (z + 0.044715 * z**3)


KNOWN: dict[str, Activation] = {
    **ACTIVATIONS,
    **{phi.name: phi for phi in map(leaky, LEAKS)},
    "softsign": Activation("softsign", softsign, d_softsign),
    "arctan": Activation("arctan", arctan, d_arctan),
    "gelu_tanh": Activation("gelu_tanh", gelu_tanh, d_gelu_tanh),
}
"""By name. The nine of `chainrule.equations.activations` first."""
