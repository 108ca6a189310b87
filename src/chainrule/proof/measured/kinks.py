"""Kinks of an activation: where φ' jumps, and a difference across would measure neither side."""

from __future__ import annotations

from math import comb
from typing import cast

import numpy as np
from numpy.typing import NDArray

from chainrule.engines.reference import NUMPY
from chainrule.equations.activations import Activation
from chainrule.model.validate import Floats
from chainrule.types import Array, Namespace

ORDER = 5
"""Degree of the polynomial that continues φ beyond a kink."""
AT_KINK = 2.0**-46
"""Nearer to a kink than this, relative to 1 + |z|, z stands on it."""
BENDS = {"elu": (0.0,)}
"""Where φ'' jumps but φ' does not: no kink, but differences across it lose their order."""


def on_kinks(z: Floats, activation: Activation) -> NDArray[np.bool_]:
    """Which z stand on a kink of φ, but for rounding. Shapes: like z."""
    near = np.zeros(z.shape, bool)
    for kink in activation.kinks:
        near |= np.abs(z - kink) <= AT_KINK * (1 + abs(kink))
    return near


def continued(activation: Activation, z_start: Floats, upper: bool | None = None) -> Activation:
    """φ with every z kept on the branch where it started, beyond a kink k by extrapolation.

        φ(k + d) := Σ_j (−1)^j C(p+1, j+1) φ(k − j d),  j = 0 … p

    which is exact for polynomials of degree p, so for relu and leaky_relu, and uses nothing but φ. A z
    that stands on a kink takes the branch that φ' takes there (z > k is the right one), unless ``upper``
    puts it on the right (True) or the left (False).
    """
    seams = (*activation.kinks, *BENDS.get(activation.name, ()))
    if not seams:
        return activation
    on = on_kinks(z_start, activation)

    def phi(xp: Namespace, z: Array) -> Array:
        a = activation.phi(xp, z)
        for kink in seams:
            right = z_start > kink if upper is None else np.where(on, upper, z_start > kink)
            beyond = (z > kink) != right
            if beyond.any():
                a = np.where(beyond, _extrapolate(activation, kink, np.where(beyond, z - kink, 0)), a)
        return a

    return activation._replace(phi=phi)


def _extrapolate(activation: Activation, kink: float, d: Floats) -> Floats:
    terms = (
        (-1) ** j * comb(ORDER + 1, j + 1) * activation.phi(NUMPY, kink - j * d) for j in range(ORDER + 1)
    )
    return cast(Floats, sum(terms))
