"""Derivatives by differences, to hold every backward rule to its forward one. Imports no rule of its own.

Every check returns True or False, so that a test can ask it to accept the rule and to reject a mutant.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from chainrule.engines.reference import NUMPY
from chainrule.equations import network as equations
from chainrule.equations.activations import ACTIVATIONS
from chainrule.equations.heads import HEADS
from chainrule.equations.network import NO_PENALTY, Architecture
from chainrule.types import ByLayer, Layer

TOLERANCE = {
    "float32": {"rtol": 2e-5, "atol": 2e-6},
    "float64": {"rtol": 1e-12, "atol": 1e-13},
    "differences": {"rtol": 1e-6, "atol": 1e-9},
}
"""How far two ways to the same number may be apart, by dtype; centred differences in float64 are coarser."""

STEP = 1e-5
"""Of the centred differences: their error is about STEP² = 1e-10 and 1e-16/STEP = 1e-11."""


def rough(activation):
    """Where differences fail: the kinks, and for elu 0, where φ'' jumps and they are off by STEP/4."""
    return (*activation.kinks, 0.0) if activation.name == "elu" else activation.kinks


def loud():
    """Within it, overflow, NaN and division by zero are errors; underflow to 0 is what should happen."""
    return np.errstate(over="raise", invalid="raise", divide="raise", under="ignore")


def is_vjp(f, vjp, x, seed=0, directions=4):
    """Whether ⟨v, J u⟩ = ⟨Jᵀ v, u⟩ for random u and v, with J u by differences and Jᵀ v = vjp(v)."""
    rng = np.random.default_rng(seed)
    x = np.asarray(x, np.float64)
    for _ in range(directions):
        u = rng.standard_normal(x.shape)
        Ju = (f(x + STEP * u) - f(x - STEP * u)) / (2 * STEP)
        v = rng.standard_normal(np.shape(Ju))
        JTv = vjp(v)
        if np.shape(JTv) != x.shape:
            return False
        scale = np.linalg.norm(v) * np.linalg.norm(Ju) + np.linalg.norm(JTv) * np.linalg.norm(u)
        near = TOLERANCE["differences"]
        if not abs(np.sum(v * Ju) - np.sum(JTv * u)) <= near["rtol"] * scale + near["atol"]:
            return False
    return True


class Problem:
    """A random network with data, weights, masks and penalties: everything that a gradient depends on."""

    def __init__(
        self, widths, hidden, head, *, batch=3, seed=0, weighted=False, masked=False, penalty=NO_PENALTY
    ):
        rng = np.random.default_rng(seed)
        self.net = Architecture(ByLayer(ACTIVATIONS[name] for name in hidden), HEADS[head])
        self.params = ByLayer(
            Layer(rng.standard_normal((n, m)), rng.standard_normal(n)) for m, n in pairwise(widths)
        )
        self.x = rng.standard_normal((batch, widths[0]))
        self.y = soft_labels(rng, batch, widths[-1], self.net.head)
        self.w = rng.uniform(0.1, 2, batch) if weighted else np.full(batch, 1 / batch)
        self.penalty = penalty
        keep = [rng.integers(0, 2, (batch, n)) / 0.5 for n in widths[1:-1]]
        self.masks = ByLayer(keep) if masked else None

    def loss(self, params):
        """Total loss at other parameters."""
        z_H = equations.forward(NUMPY, self.net, params, self.x, self.masks).z[-1]
        return equations.loss(NUMPY, self.net, params, z_H, self.y, self.w, self.penalty)

    def gradients(self):
        """What the equations say, through `backward` as the module has it now."""
        return equations.loss_and_gradients(
            NUMPY, self.net, self.params, self.x, self.y, self.w, self.penalty, self.masks
        )[1]

    def is_smooth(self, margin=1e-3):
        """Whether no z and, under L1, no W is so near a kink that a difference would step over it."""
        cache = equations.forward(NUMPY, self.net, self.params, self.x, self.masks)
        distances = [
            np.abs(cache.z[L] - kink).min() for L, phi in self.net.hidden.items() for kink in rough(phi)
        ]
        distances += [np.abs(layer.W).min() for layer in self.params] if self.penalty.l1 else []
        return all(distance > margin for distance in distances)

    def is_gradient(self, gradients):
        """Whether they are the derivative of `loss` in every W and b, one tensor after another."""
        return all(
            is_vjp(self._loss_in(L, field), lambda v, g=g: v * g, getattr(self.params[L], field), seed=L)
            for field, by_layer in (("W", gradients.dW), ("b", gradients.db))
            for L, g in by_layer.items()
        )

    def _loss_in(self, L, field):
        def f(theta):
            layers = [
                layer._replace(**{field: theta}) if k == L else layer for k, layer in self.params.items()
            ]
            return self.loss(ByLayer(layers))

        return f


def soft_labels(rng, n, K, head):
    """Targets strictly inside 0…1: rows that sum to 1 where the head is a distribution."""
    return rng.dirichlet(np.ones(K), n) if head.distribution else rng.uniform(0, 1, (n, K))
