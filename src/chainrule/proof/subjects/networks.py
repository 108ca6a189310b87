"""Whole networks, end to end: every partial derivative of the loss, by the shipped forward and backward.

Small networks are proven entry by entry; three layers of any widths, with any batch, by indices.

With φ opaque the proof holds for every activation that F2 covers. With a named activation its shipped
body is run in a branch: every entry of z is assumed to lie between two kinks while φ runs, then replaced
by what it is. Where all branches are one and the same expression, one of them is enough.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np

from chainrule.equations import network as equations
from chainrule.equations.activations import ACTIVATIONS, Activation
from chainrule.equations.heads import HEADS, Head
from chainrule.equations.network import NO_PENALTY, Architecture
from chainrule.equations.penalty import Penalty
from chainrule.errors import look_up
from chainrule.proof.claims import sizes
from chainrule.proof.claims.claims import Claim, Derivative, Given, Identity, Intervals, Values, between
from chainrule.proof.claims.symbolic import SYMBOLIC, exact, fill, is_zero
from chainrule.proof.claims.theorem import Theorem
from chainrule.proof.subjects.layers import ANY
from chainrule.types import Array, ByLayer, Layer, Namespace

N = 2
TAG = "NET"


def theorems() -> list[Theorem]:
    """The small networks of the default table."""
    return [
        network_theorem((2, 2, 2), "any", "softmax", masked=True, penalty=True),
        network_theorem((2, 3, 2, 3), "any", "softmax", masked=True),
        network_theorem((2, 3, 2, 3), "tanh", "softmax"),
        network_theorem((2, 2, 2), "relu", "sigmoid", masked=True),
        network_theorem((2, 2, 2), "sigmoid", "quadratic"),
        Theorem(
            TAG,
            "n_0-n_1-n_2-n_3 φ, softmax",
            "every ∂/∂W, ∂/∂b, any widths, any N, with r",
            (equations.backward, equations.loss_and_gradients),
            any_widths,
        ),
        Theorem(TAG, "loss", "Σ_i w_i J_i + Σ_L penalties", (equations.loss,), total_loss),
    ]


def network_theorem(
    widths: tuple[int, ...], hidden: str, output: str, *, masked: bool = False, penalty: bool = False
) -> Theorem:
    """∂loss/∂W and ∂loss/∂b of one network, for symbolic data, labels, weights, masks and penalties."""
    look_up("hidden activation", hidden, {**ACTIVATIONS, "any": ANY})
    head = look_up("output", output, HEADS)
    count = sum(n * (m + 1) for m, n in pairwise(widths))
    extras = " with r" * masked + " with λ" * penalty
    return Theorem(
        TAG,
        f"{'-'.join(map(str, widths))} {'φ' if hidden == 'any' else hidden}, {head.name}",
        f"{count} partial derivatives, batch of {N}{extras}",
        (equations.backward, equations.loss_and_gradients),
        lambda: network_claims(widths, hidden, output, masked, penalty),
    )


def network_claims(
    widths: tuple[int, ...], hidden: str, output: str, masked: bool, penalty: bool
) -> list[Claim]:
    """The gradients of one network, in as many branches as its activations need."""
    activation = ANY if hidden == "any" else ACTIVATIONS[hidden]
    given = network_given(widths, HEADS[output], masked, penalty)
    return [_gradients(widths, activation, HEADS[output], given, branch) for branch in _branches(activation)]


def any_widths() -> list[Claim]:
    """Three layers of any widths, so that B2 is used twice, and any batch."""
    head, widths = HEADS["softmax"], (sizes.n0, sizes.n1, sizes.n2, sizes.n3)
    given = network_given(widths, head, True, False, sizes.N)
    return [_gradients(widths, ANY, head, given, "positive", sizes.AnyDerivative)]


def _branches(activation: Activation) -> tuple[Intervals, ...]:
    """Intervals of z in which to run φ: each for every neuron, unless they are one expression."""
    parts = between(activation.kinks)
    if activation is ANY or _is_one_expression(activation, parts):
        return (parts[-1:],)
    return tuple(parts[first:] + parts[:first] for first in range(len(parts)))


def _is_one_expression(activation: Activation, parts: Intervals) -> bool:
    z = Given((1,)).terms("z")
    first, *others = (in_branch(activation, (part,)).phi(SYMBOLIC, z)[0] for part in parts)
    return all(is_zero(other - first) for other in others)


def network_given(
    widths: tuple[Any, ...], head: Head, masked: bool, penalty: bool, N: Any = N
) -> dict[str, Given]:
    """Data, labels, sample weights and parameters; masks and strengths of the penalties if asked for."""
    given = {
        "x": Given((N, widths[0])),
        "y": Given((N, widths[-1]), "distribution" if head.distribution else "share"),
        "w": Given((N,), "positive"),
    }
    for L, (m, n) in enumerate(pairwise(widths), 1):
        given[f"W{L}"] = Given((n, m), "mixed" if penalty else "any")
        given[f"b{L}"] = Given((n,))
        if masked and len(widths) - 1 > L:
            given[f"r{L}"] = Given((N, n), "mask")
    if penalty:
        given.update(l1=Given((), "positive"), l2=Given((), "positive"))
    return given


def _gradients(
    widths: tuple[Any, ...],
    activation: Activation,
    head: Head,
    given: dict[str, Given],
    branch: str | Intervals,
    kind: type[Derivative] = Derivative,
) -> Claim:
    H = len(widths) - 1
    net = Architecture(ByLayer([in_branch(activation, branch)] * (H - 1)), head_in_branch(head, "positive"))

    def both(xp: Namespace, v: Values) -> Any:
        params = ByLayer(Layer(getattr(v, f"W{L}"), getattr(v, f"b{L}")) for L in range(1, H + 1))
        masks = ByLayer(getattr(v, f"r{L}") for L in range(1, H)) if "r1" in given else None
        penalty = Penalty(v.l1, v.l2) if "l1" in given else NO_PENALTY
        return equations.loss_and_gradients(xp, net, params, v.x, v.y, v.w, penalty, masks)

    def gradients(xp: Namespace, v: Values) -> dict[str, Array]:
        found = both(xp, v)[1]
        return {f"{kind}{L}": g for kind, of in (("W", found.dW), ("b", found.db)) for L, g in of.items()}

    return kind(given, lambda xp, v: both(xp, v)[0], gradients)


def total_loss() -> list[Claim]:
    """The loss of a batch, for two layers, both penalties, one of them, or none."""
    head, net = HEADS["softmax"], Architecture(ByLayer([ANY]), HEADS["softmax"])
    given = network_given((2, 3, 2), head, False, True)

    def value(xp: Namespace, v: Values, penalty: Penalty) -> Array:
        params = ByLayer([Layer(v.W1, v.b1), Layer(v.W2, v.b2)])
        z = equations.forward(xp, net, params, v.x).z[2]
        return equations.loss(xp, net, params, z, v.y, v.w, penalty)

    def plain(xp: Namespace, v: Values, penalty: Penalty) -> Any:
        z = ANY.phi(xp, v.x @ v.W1.T + v.b1) @ v.W2.T + v.b2
        data = sum(w * J for w, J in zip(v.w, head.loss(xp, z, v.y), strict=True))
        weights = [*v.W1.ravel(), *v.W2.ravel()]
        return data + sum(penalty.l1 * abs(W) + penalty.l2 * W * W / 2 for W in weights)

    strengths: list[Callable[[Values], Penalty]] = [
        lambda v: Penalty(v.l1, v.l2),
        lambda v: Penalty(v.l1, 0),
        lambda v: Penalty(0, v.l2),
        lambda v: NO_PENALTY,
    ]
    return [
        Identity(given, lambda xp, v, s=s: value(xp, v, s(v)), lambda xp, v, s=s: plain(xp, v, s(v)))  # type: ignore[misc]
        for s in strengths
    ]


def in_branch(activation: Activation, branch: str | Intervals) -> Activation:
    """The same φ and φ', run by SymPy under assumed intervals of z. Numbers are let through."""
    if activation is ANY:
        return activation

    def phi(xp: Namespace, z: Array) -> Array:
        return assume(branch, xp, z, lambda t: activation.phi(xp, t))

    def d_phi(xp: Namespace, z: Array, a: Array) -> Array:
        return assume(branch, xp, z, lambda t: activation.d_phi(xp, t, a))

    return activation._replace(phi=phi, d_phi=d_phi)


def head_in_branch(head: Head, branch: str) -> Head:
    """The same head, run by SymPy under assumed signs of the logits."""
    return head._replace(
        predict=lambda xp, z: assume(branch, xp, z, lambda t: head.predict(xp, t)),
        loss=lambda xp, z, y: assume(branch, xp, z, lambda t: head.loss(xp, t, y)),
        delta=lambda xp, z, a, y: assume(branch, xp, z, lambda t: head.delta(xp, t, a, y)),
    )


def assume(branch: str | Intervals, xp: Namespace, z: Array, f: Callable[[Array], Array]) -> Array:
    """f(z) with every entry of z taken for a symbol of a known interval."""
    if xp is not SYMBOLIC:
        return f(z)
    t = Given(z.shape, branch).terms("t")
    back = dict(zip(t.ravel(), z.ravel(), strict=True))
    out = np.asarray(f(t), object)
    return fill(out.shape, lambda index: exact(out[index]).xreplace(back))
