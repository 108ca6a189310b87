"""Mistakes in the hidden layers' errors (B2)."""

from __future__ import annotations

import numpy as np

from chainrule.diagnosis.catalogue.backprop import State
from chainrule.diagnosis.catalogue.mistakes import Mistake, hidden, instead, slope, times
from chainrule.diagnosis.catalogue.models import COSTS
from chainrule.diagnosis.catalogue.output import DIRECTION, WRONG_SCALE
from chainrule.engines.reference import NUMPY
from chainrule.model.validate import Floats

B2 = ("B2",)
DEPTH = "The layers below get errors that belong to nobody; the deeper the network, the worse."


def _with_W(W: Floats, s: State, L: int) -> Floats:
    return np.asarray((s.delta[L + 1] @ W) * s.d_phi(s.z[L], s.a[L]))


def _updated(s: State, L: int) -> Floats:
    return _with_W(s.W[L + 1] - s.eta * s.dW[L + 1], s, L)


def _before_slope(s: State, L: int) -> Floats:
    above = L + 1
    last = above == s.H
    da = COSTS[s.model.loss].d_value(s.a[above], s.y) * s.w[:, None] if last else s.back(above)
    return np.asarray((da @ s.W[above]) * s.d_phi(s.z[L], s.a[L]))


def _reshaped(s: State, L: int) -> Floats:
    W = s.W[L + 1]
    return _with_W(W.T.reshape(W.shape), s, L)


def _reshaped_out_in(s: State, L: int) -> Floats:
    W = s.W[L + 1]
    return _with_W(W.reshape(W.T.shape).T, s, L)


HIDDEN: tuple[Mistake, ...] = (
    Mistake(
        "B2 slope of a", "B2", B2, hidden("φ' of a"), "φ' taken at a^L instead of z^L",
        "δ^L = (W^{L+1})ᵀ δ^{L+1} ⊙ φ'(a^L)",
        "φ' is taken where φ was: at z^L. A function that applies φ itself must be given z, not a = φ(z).",
        "Every hidden layer's error has a wrong factor. It may learn a little, slowly, which hides the mistake.",
        "delta = ({back}) * d_phi(a[l])",
    ),
    Mistake(
        "B2 slope missing", "B2", B2, hidden("φ' missing"), "φ'(z^L) is missing", "δ^L = (W^{L+1})ᵀ δ^{L+1}",
        "δ^L is the derivative in z^L; the chain rule from a^L to z^L has the factor φ'(z^L).",
        "Saturated neurons get as much error as sensitive ones.", "delta = {back}",
    ),
    Mistake(
        "B2 slope twice", "B2", B2, hidden("φ' twice"), "φ'(z^L) twice",
        "δ^L = (W^{L+1})ᵀ δ^{L+1} ⊙ φ'(z^L)²", "The chain rule passes through φ once.",
        "Gradients vanish twice as fast with depth.", "delta = ({back}) * d_phi(z[l]) * d_phi(z[l])",
    ),
    Mistake(
        "B2 value for slope", "B2", B2, hidden("φ for φ'"), "φ(z^L) where φ'(z^L) is meant",
        "δ^L = (W^{L+1})ᵀ δ^{L+1} ⊙ φ(z^L)", "The value of the activation is not its derivative.", DIRECTION,
        "delta = ({back}) * a[l]",
    ),
    Mistake(
        "B2 slope of z as a", "B2", B2, slope(lambda s, L: s.d_phi(s.z[L], s.z[L])),
        "z^L where the formula wants a^L", "δ^L = (W^{L+1})ᵀ δ^{L+1} ⊙ z^L (1 − z^L), or 1 − (z^L)²",
        "a (1 − a) and 1 − a² are φ'(z) written with a = φ(z). Given z they are something else, which grows without bound.",
        "Errors explode where |z| is large.", "delta = ({back}) * d_phi_from_a(z[l])",
        fits=lambda model: model.hidden in ("sigmoid", "tanh", "elu"),
    ),
    Mistake(
        "B2 slope above", "B2", B2,
        instead(lambda s, L: (s.delta[L + 1] * s.d_phi(s.z[L + 1], s.phi.phi(NUMPY, s.z[L + 1]))) @ s.W[L + 1]),
        "φ' of the layer above: φ'(z^{L+1}) before W", "δ^L = (W^{L+1})ᵀ [δ^{L+1} ⊙ φ'(z^{L+1})]",
        "δ^{L+1} has its φ'(z^{L+1}) already. The factor of this step is φ'(z^L), and comes after (W^{L+1})ᵀ.",
        DIRECTION, "delta = W.T @ (delta * d_phi(z[l+1]))",
    ),
    Mistake(
        "B2 slope of the layer above", "B2", B2, slope(lambda s, L: s.d_phi(s.z[L + 1], s.phi.phi(NUMPY, s.z[L + 1]))),
        "φ' at z^{L+1} instead of z^L", "δ^L = (W^{L+1})ᵀ δ^{L+1} ⊙ φ'(z^{L+1})",
        "The index is one too high.", DIRECTION, "delta = ({back}) * d_phi(z[l+1])",
    ),
    Mistake(
        "B2 slope of the layer below", "B2", B2, slope(lambda s, L: s.d_phi(s.z.get(L - 1, s.x), s.a[L - 1])),
        "φ' at z^{L−1} instead of z^L", "δ^L = (W^{L+1})ᵀ δ^{L+1} ⊙ φ'(z^{L−1})", "The index is one too low.",
        DIRECTION, "delta = ({back}) * d_phi(z[l-1])",
    ),
    Mistake(
        "B2 W not transposed", "B2", B2, hidden("W transposed"), "W^{L+1} where its transpose is meant",
        "δ^L = W^{L+1} δ^{L+1} ⊙ φ'(z^L)",
        "∂z^{L+1}_i/∂a^L_j = W_ij, summed over i: the transpose. It goes unnoticed where layers are equally wide.",
        DEPTH, "delta = ({back_wrong}) * {d_phi}",
    ),
    Mistake(
        "B2 W of layer L", "B2", B2, instead(lambda s, L: _with_W(s.W[L], s, L)), "W^L where W^{L+1} is meant",
        "δ^L = (W^L)ᵀ δ^{L+1} ⊙ φ'(z^L)",
        "The error comes back through the weights that lead from layer L up, W^{L+1}. The index is one too low.",
        DEPTH, "delta = … W[l] … * {d_phi}",
    ),
    Mistake(
        "B2 W of layer L, transposed", "B2", B2, instead(lambda s, L: _with_W(s.W[L].T, s, L)),
        "W^L, not even transposed, where (W^{L+1})ᵀ is meant", "δ^L = W^L δ^{L+1} ⊙ φ'(z^L)",
        "The error comes back through the weights that lead from layer L up, W^{L+1}.", DEPTH,
        "delta = … W[l] … * {d_phi}",
    ),
    Mistake(
        "B2 W missing", "B2", B2, instead(lambda s, L: s.delta[L + 1] * s.d_phi(s.z[L], s.a[L])),
        "(W^{L+1})ᵀ is missing", "δ^L = δ^{L+1} ⊙ φ'(z^L)", "z^{L+1} depends on a^L through W^{L+1}.", DEPTH,
        "delta = delta * {d_phi}",
    ),
    Mistake(
        "B2 |W|", "B2", B2, instead(lambda s, L: _with_W(np.abs(s.W[L + 1]), s, L)), "|W^{L+1}| in the place of W^{L+1}",
        "δ^L = |W^{L+1}|ᵀ δ^{L+1} ⊙ φ'(z^L)", "The sign of a weight says which way its neuron pulls.", DEPTH,
        "delta = np.abs(W) … * {d_phi}",
    ),
    Mistake(
        "B2 W already updated", "G1", B2, instead(_updated), "W^{L+1} was changed before δ^L was computed",
        "δ^L = (W^{L+1} − η ∂J/∂W^{L+1})ᵀ δ^{L+1} ⊙ φ'(z^L)",
        "All gradients belong to one point: compute every δ first, and only then change any W.",
        "The error grows with η: it learns at small steps and fails at large ones.",
        "W[l+1] -= eta * dW[l+1]   # and then: delta = {back} …", updates_only=True,
    ),
    Mistake(
        "B2 output error again", "B2", B2, instead(lambda s, L: (s.delta[s.H] @ s.W[L + 1]) * s.d_phi(s.z[L], s.a[L])),
        "δ^H where δ^{L+1} is meant", "δ^L = (W^{L+1})ᵀ δ^H ⊙ φ'(z^L)",
        "The error goes back layer by layer; delta was not carried on.", DEPTH, "delta_l = W.T @ delta_out * {d_phi}",
    ),
    Mistake(
        "B2 divided by N", "B2", B2, times(lambda s: 1 / s.N), "divided by N again at every layer",
        "δ^L = (1/N) (W^{L+1})ᵀ δ^{L+1} ⊙ φ'(z^L)",
        "The mean's 1/N is one factor of J: it is in δ^H, or at the end, once.",
        "Each layer further back learns N times slower.", "delta = ({back}) * {d_phi} / {N}", wraps=True,
    ),
    Mistake(
        "B2 sign", "B2", B2, times(lambda s: -1), "the sign of δ^L is turned round",
        "δ^L = −(W^{L+1})ᵀ δ^{L+1} ⊙ φ'(z^L)", "No minus sign arises between two layers.",
        "The hidden layer climbs while the layer above descends.", "delta = -({back}) * {d_phi}", wraps=True,
    ),
    Mistake(
        "B2 averaged", "B2", B2, times(lambda s: 1 / s.W[s.H].shape[0]), "divided by the number of outputs",
        "δ^L / K", "The sum over the neurons above is a sum, not a mean.", WRONG_SCALE,
        "delta = np.mean(…) * {d_phi}", wraps=True,
    ),
    Mistake(
        "B2 slope averaged", "B2", B2, slope(lambda s, L: s.d_phi(s.z[L], s.a[L]).mean(axis=0)),
        "φ' averaged over the batch", "δ^L = (W^{L+1})ᵀ δ^{L+1} ⊙ mean φ'(z^L)", "Every sample has its own φ'(z^L).",
        DIRECTION, "delta = ({back}) * d_phi(z[l]).mean(0)",
    ),
    Mistake(
        "B2 summed", "B2", B2, instead(lambda s, L: s.delta[L + 1].sum(axis=1, keepdims=True) * s.d_phi(s.z[L], s.a[L])),
        "the errors above are summed without their weights", "δ^L_j = (Σ_i δ^{L+1}_i) φ'(z^L_j)",
        "Neuron j reaches neuron i through W^{L+1}_ij: each δ_i counts with that weight.",
        "All neurons of a layer get the same error and become the same.", "delta = delta.sum() * {d_phi}",
    ),
    Mistake(
        "B2 before slope above", "B2", B2, instead(_before_slope), "∂J/∂a^{L+1} where δ^{L+1} = ∂J/∂z^{L+1} is meant",
        "δ^L = (W^{L+1})ᵀ ∂J/∂a^{L+1} ⊙ φ'(z^L)",
        "W^{L+1} leads from a^L to z^{L+1}: what comes back through it is ∂J/∂z^{L+1} = δ^{L+1}, the error times φ' of that layer.",
        "The layer above's φ' is left out on the way down.", "back = … error … W   # where delta = error * d_phi is meant",
    ),
    *(
        Mistake(
            key, "B2", B2, instead(term), "W^{L+1} is reshaped where it must be transposed",
            "δ^L = reshape(W^{L+1}) δ^{L+1} ⊙ φ'(z^L)",
            "Transposing swaps rows and columns; reshape keeps the order of the numbers in memory and cuts them anew. The shape fits, the numbers do not.",
            DEPTH, "delta = W.reshape(W.shape[1], W.shape[0]) …",
        )
        for key, term in (("B2 W reshaped", _reshaped), ("B2 W reshaped, (out, in)", _reshaped_out_in))
    ),
)  # fmt: skip
