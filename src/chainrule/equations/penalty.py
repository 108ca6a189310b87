"""Penalties on the weights, never on the biases, with their gradients."""

from __future__ import annotations

from typing import NamedTuple

from chainrule.types import Array, Namespace


class Penalty(NamedTuple):
    """Strengths λ₁ and λ₂ of the L1 and L2 penalties that are added to the mean loss."""

    l1: float = 0.0
    l2: float = 0.0

    def __bool__(self) -> bool:
        return bool(self.l1 != 0 or self.l2 != 0)


def l2_penalty(xp: Namespace, W: Array) -> Array:
    """½ Σ W². Eq. P1."""
    return xp.sum(W * W) / 2


def d_l2_penalty(xp: Namespace, W: Array) -> Array:
    """∂(½ Σ W²)/∂W = W."""
    return W


def l1_penalty(xp: Namespace, W: Array) -> Array:
    """Σ |W|. Eq. P2."""
    return xp.sum(xp.abs(W))


def d_l1_penalty(xp: Namespace, W: Array) -> Array:
    """∂(Σ |W|)/∂W = sign W, 0 where W = 0."""
    return xp.sign(W)


def penalty_value(xp: Namespace, penalty: Penalty, W: Array) -> Array:
    """λ₁ Σ |W| + λ₂ ½ Σ W² of one layer."""
    return penalty.l1 * l1_penalty(xp, W) + penalty.l2 * l2_penalty(xp, W)


def penalty_gradient(xp: Namespace, penalty: Penalty, W: Array) -> Array:
    """λ₁ sign W + λ₂ W. Shapes: like W."""
    return penalty.l1 * d_l1_penalty(xp, W) + penalty.l2 * d_l2_penalty(xp, W)
