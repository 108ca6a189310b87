"""The affine map of a layer, and its vector-Jacobian product in each of its three arguments."""

from __future__ import annotations

from chainrule.types import Array, Namespace

TERMS = 256
"""Products that code made of Eq. F1 adds up, from 0, before it adds them to those before, the first to b.

A float32 sum is known to its rounding, which depends on the order. With this one the fast engine (but for
predictions of a few rows), what is exported to NumPy and C, and onnxruntime round alike.
"""


def affine(a_prev: Array, W: Array, b: Array) -> Array:
    """Weighted input of a layer, z^L = W^L a^{L-1} + b^L. Eq. F1.

    Shapes: a_prev (N, n_{L-1}), W (n_L, n_{L-1}), b (n_L,) → (N, n_L).
    """
    return a_prev @ W.T + b


def weight_gradient(delta: Array, a_prev: Array) -> Array:
    """∂J/∂W^L = δ^L (a^{L-1})ᵀ, summed over the batch. Eq. B3.

    Shapes: delta (N, n_L), a_prev (N, n_{L-1}) → (n_L, n_{L-1}).
    """
    return delta.T @ a_prev


def bias_gradient(xp: Namespace, delta: Array) -> Array:
    """∂J/∂b^L = δ^L, summed over the batch. Eq. B4. Shapes: delta (N, n_L) → (n_L,)."""
    return xp.sum(delta, axis=0)


def input_gradient(delta: Array, W: Array) -> Array:
    """∂J/∂a^{L-1} = (W^L)ᵀ δ^L, the factor of Eq. B2 that leads one layer back.

    Shapes: delta (N, n_L), W (n_L, n_{L-1}) → (N, n_{L-1}).
    """
    return delta @ W
