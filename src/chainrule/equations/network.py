"""The whole network: forward pass, backward pass, loss and gradients, layer by layer as in the text.

``sample_weight`` w carries the mean: with w_i = 1/N the loss is the mini-batch's mean and every δ is
already divided by N. Class weights, sample weights and sums over shards need no rescaling anywhere.
"""

from __future__ import annotations

from typing import NamedTuple

from chainrule.equations.activations import Activation
from chainrule.equations.affine import affine, bias_gradient, input_gradient, weight_gradient
from chainrule.equations.heads import Head
from chainrule.equations.penalty import Penalty, penalty_gradient, penalty_value
from chainrule.types import Array, ByLayer, Forward, Gradients, Namespace, Params

NO_PENALTY = Penalty()


class Architecture(NamedTuple):
    """The activations φ^1 … φ^{H-1} of the hidden layers and the output head."""

    hidden: ByLayer[Activation]
    head: Head


def forward(
    xp: Namespace, net: Architecture, params: Params, x: Array, masks: ByLayer[Array] | None = None
) -> Forward:
    """Forward pass: z^L = W^L a^{L-1} + b^L, a^L = φ(z^L) from a^0 = x. Eq. F1, F2, and H1 or H3.

    Shapes: x (N, n_0). With dropout ``masks`` (Eq. D1) a^L is multiplied by its mask.
    """
    z: list[Array] = []
    a: list[Array] = [x]
    for L, layer in params.items():
        z.append(affine(a[-1], layer.W, layer.b))
        if params.last == L:
            a.append(net.head.predict(xp, z[-1]))
        elif masks is None:
            a.append(net.hidden[L].phi(xp, z[-1]))
        else:
            a.append(dropout(net.hidden[L].phi(xp, z[-1]), masks[L]))
    return Forward(ByLayer(z), ByLayer(a, first=0))


def dropout(a: Array, mask: Array) -> Array:
    """Inverted dropout, a^L ← a^L ⊙ r^L, with r = 0 at rate p and 1/(1 − p) elsewhere. Eq. D1.

    It is linear in a, so its vector-Jacobian product is the same multiplication by r.
    Source: Srivastava et al., JMLR 15, 2014. Shapes: like a.
    """
    return a * mask


def backward(
    xp: Namespace,
    net: Architecture,
    params: Params,
    cache: Forward,
    y: Array,
    sample_weight: Array,
    penalty: Penalty = NO_PENALTY,
    masks: ByLayer[Array] | None = None,
) -> Gradients:
    """Backward pass: δ^H by Eq. B1, every other δ^L by Eq. B2, then Eq. B3 and B4.

    Shapes: y (N, n_H), sample_weight (N,).
    """
    z, a, H = cache.z, cache.a, params.last
    delta = [output_error(xp, net.head, z[H], a[H], y, sample_weight)]
    for L in range(H - 1, 0, -1):
        mask = None if masks is None else masks[L]
        delta.insert(0, hidden_error(xp, net.hidden[L], delta[0], params[L + 1].W, z[L], a[L], mask))
    deltas = ByLayer(delta)
    dW = [weight_gradient(deltas[L], a[L - 1]) for L in range(1, H + 1)]
    if penalty:
        dW = [g + penalty_gradient(xp, penalty, layer.W) for g, layer in zip(dW, params, strict=True)]
    return Gradients(deltas, ByLayer(dW), deltas.map(lambda d: bias_gradient(xp, d)))


def output_error(xp: Namespace, head: Head, z: Array, a: Array, y: Array, sample_weight: Array) -> Array:
    """Error of the output layer, each sample's row times its weight w_i. Eq. B1 (quadratic: Q2)."""
    return head.delta(xp, z, a, y) * sample_weight[:, None]


def hidden_error(
    xp: Namespace,
    activation: Activation,
    delta_next: Array,
    W_next: Array,
    z: Array,
    a: Array,
    mask: Array | None = None,
) -> Array:
    """Error of a hidden layer, δ^L = (W^{L+1})ᵀ δ^{L+1} ⊙ φ'(z^L). Eq. B2.

    Shapes: delta_next (N, n_{L+1}), W_next (n_{L+1}, n_L), z and a (N, n_L) → (N, n_L).
    Under dropout a is masked, so φ(z) is computed again, and the mask comes back by Eq. D1.
    """
    if mask is None:
        return input_gradient(delta_next, W_next) * activation.d_phi(xp, z, a)
    d_a = dropout(input_gradient(delta_next, W_next), mask)
    return d_a * activation.d_phi(xp, z, activation.phi(xp, z))


def loss(
    xp: Namespace,
    net: Architecture,
    params: Params,
    z_H: Array,
    y: Array,
    sample_weight: Array,
    penalty: Penalty = NO_PENALTY,
) -> Array:
    """Σ_i w_i J_i, the mean loss of the batch when w_i = 1/N, plus the penalties on every W^L."""
    total = xp.sum(net.head.loss(xp, z_H, y) * sample_weight)
    if penalty:
        for layer in params:
            total = total + penalty_value(xp, penalty, layer.W)
    return total


def loss_and_gradients(
    xp: Namespace,
    net: Architecture,
    params: Params,
    x: Array,
    y: Array,
    sample_weight: Array,
    penalty: Penalty = NO_PENALTY,
    masks: ByLayer[Array] | None = None,
) -> tuple[Array, Gradients]:
    """One forward and one backward pass: the loss, and its gradient in every parameter."""
    cache = forward(xp, net, params, x, masks)
    value = loss(xp, net, params, cache.z[params.last], y, sample_weight, penalty)
    return value, backward(xp, net, params, cache, y, sample_weight, penalty, masks)
