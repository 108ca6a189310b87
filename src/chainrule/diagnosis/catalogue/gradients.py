"""Mistakes in the gradients of weights and biases (B3, B4), the errors given."""

from __future__ import annotations

import numpy as np

from chainrule.diagnosis.catalogue.backprop import State, below
from chainrule.diagnosis.catalogue.mistakes import Mistake, biases, instead, then, times, weights
from chainrule.diagnosis.catalogue.output import DIRECTION
from chainrule.engines.reference import NUMPY
from chainrule.model.validate import Floats

B3, B4 = ("B3",), ("B4",)


def _batch_of_one(s: State, L: int) -> Floats:
    return np.asarray(np.outer(s.delta[L].sum(axis=0), s.a[L - 1].sum(axis=0)))


GRADIENTS: tuple[Mistake, ...] = (
    Mistake(
        "B3 transposed", "B3", B3, weights("transposed"), "the gradient is transposed", "∂J/∂W^L = a^{L−1} (δ^L)ᵀ",
        "∂J/∂W_jk = δ_j a_k: row j belongs to the neuron above, column k to the one below, as in W.",
        "Where layers are equally wide nothing complains, and every weight gets another weight's gradient.",
        "dW[l] = {outer_wrong}",
    ),
    Mistake(
        "B3 a of layer L", "B3", B3, instead(lambda s, L: s.delta[L].T @ s.a[L]), "a^L where a^{L−1} is meant",
        "∂J/∂W^L = δ^L (a^L)ᵀ", "z^L = W^L a^{L−1} + b^L, so ∂z^L/∂W^L is a^{L−1}. The index is one too high.",
        DIRECTION, "dW[l] = … a[l] …",
    ),
    Mistake(
        "B3 z for a", "B3", B3, instead(lambda s, L: s.delta[L].T @ s.z.get(L - 1, s.x)), "z^{L−1} where a^{L−1} is meant",
        "∂J/∂W^L = δ^L (z^{L−1})ᵀ", "z^L = W^L a^{L−1} + b^L: what W^L multiplies is a^{L−1}, after φ.",
        DIRECTION, "dW[l] = … z[l-1] …",
    ),
    Mistake(
        "B3 x for a", "B3", B3, instead(lambda s, L: s.delta[L].T @ s.x), "the input x where a^{L−1} is meant",
        "∂J/∂W^L = δ^L xᵀ", "Only the first layer sees x; layer L sees a^{L−1}.", DIRECTION, "dW[l] = … x …",
    ),
    Mistake(
        "B3 two layers below", "B3", B3, instead(lambda s, L: s.delta[L].T @ s.a[max(L - 2, 0)]),
        "a^{L−2} where a^{L−1} is meant", "∂J/∂W^L = δ^L (a^{L−2})ᵀ", "The index is one too low.", DIRECTION,
        "dW[l] = … a[l-2] …",
    ),
    Mistake(
        "B3 slope again", "B3", B3,
        instead(lambda s, L: (s.delta[L] * s.d_phi(s.z[L], s.phi.phi(NUMPY, s.z[L]))).T @ s.a[L - 1]),
        "φ'(z^L) once more", "∂J/∂W^L = [δ^L ⊙ φ'(z^L)] (a^{L−1})ᵀ", "δ^L is the derivative in z^L: φ' is in it.",
        DIRECTION, "dW[l] = (delta * d_phi(z[l])) …",
    ),
    Mistake(
        "B3 before slope", "B3", B3, instead(lambda s, L: s.back(L).T @ s.a[L - 1] if s.H > L else s.delta[L].T @ s.a[L - 1]),
        "∂J/∂a^L where δ^L = ∂J/∂z^L is meant", "∂J/∂W^L = (W^{L+1})ᵀ δ^{L+1} (a^{L−1})ᵀ",
        "Between ∂J/∂a^L and W^L stands φ: δ^L has the factor φ'(z^L).", DIRECTION, "dW[l] = … da …   # where dz is meant",
    ),
    Mistake(
        "B4 before slope", "B4", B4, instead(lambda s, L: (s.back(L) if s.H > L else s.delta[L]).sum(axis=0)),
        "∂J/∂a^L where δ^L = ∂J/∂z^L is meant", "∂J/∂b^L = (W^{L+1})ᵀ δ^{L+1}",
        "Between ∂J/∂a^L and b^L stands φ: δ^L has the factor φ'(z^L).", DIRECTION, "db[l] = … da …   # where dz is meant",
    ),
    Mistake(
        "B3 first sample", "B3", B3, weights("first sample only"), "only the first sample counts",
        "∂J/∂W^L = δ^L_1 (a^{L−1}_1)ᵀ", "The loss of the batch sums over its samples, and so does its gradient.",
        "All samples but one are ignored.", "dW[l] = …   # returned inside of the loop over samples",
    ),
    Mistake(
        "B3 last sample", "B3", B3, instead(lambda s, L: s.delta[L][-1:].T @ s.a[L - 1][-1:]),
        "only the last sample counts", "∂J/∂W^L = δ^L_N (a^{L−1}_N)ᵀ",
        "In the loop over samples the gradient is overwritten (=) where it should add up (+=).",
        "All samples but one are ignored.", "dW[l] = …   # where dW[l] += … is meant",
    ),
    Mistake(
        "B3 sum of products", "B3", B3, instead(_batch_of_one), "summed over the batch before multiplying",
        "∂J/∂W^L = (Σ_i δ_i)(Σ_i a_i)ᵀ", "The sum of products is not the product of sums.", DIRECTION,
        "dW[l] = np.outer(delta.sum(0), a.sum(0))",
    ),
    Mistake(
        "B3 not averaged", "B3", B3, times(lambda s: s.N), "dW^L is a sum over the batch where the rest is a mean",
        "∂J/∂W^L × N", "One loss has one 1/N: in W and in b alike.",
        "Weights learn N times faster than biases.", "dW[l] = {outer}   # without / {N}", wraps=True,
    ),
    Mistake(
        "B3 averaged twice", "B3", B3, times(lambda s: 1 / s.N), "dW^L is divided by N once more than the rest",
        "∂J/∂W^L / N", "One loss has one 1/N: in W and in b alike.", "Weights hardly move, biases do.",
        "dW[l] = {outer} / {N}   # though δ holds 1/N already", wraps=True,
    ),
    Mistake(
        "B3 sign", "B3", B3, times(lambda s: -1), "the sign of dW^L is turned round", "∂J/∂W^L = −δ^L (a^{L−1})ᵀ",
        "No minus sign arises in B3.", "These weights climb.", "dW[l] = -({outer})", wraps=True,
    ),
    Mistake(
        "B3 zero", "B3", B3, times(lambda s: 0), "dW^L is 0: never computed, or overwritten", "∂J/∂W^L = 0",
        "Every layer's weights have their gradient.", "These weights never change: features stay random.",
        "dW[l] = np.zeros_like(W[l])   # and no more", wraps=True,
    ),
    Mistake(
        "B3 times W", "B3", B3, then(lambda g, s, L: g * s.W[L]), "multiplied by W^L", "∂J/∂W^L = W^L ⊙ δ^L (a^{L−1})ᵀ",
        "∂z/∂W is a^{L−1} alone.", "A weight of 0 stays 0.", "dW[l] = W[l] * ({outer})", wraps=True,
    ),
    Mistake(
        "B3 without delta", "B3", B3, instead(lambda s, L: np.ones_like(s.delta[L]).T @ s.a[L - 1]),
        "δ^L is missing", "∂J/∂W^L = 1 (a^{L−1})ᵀ", "∂J/∂W = ∂J/∂z · ∂z/∂W, and ∂J/∂z is δ.", DIRECTION, "dW[l] = a[l-1]",
    ),
    Mistake(
        "B4 not summed", "B4", B4, instead(lambda s, L: s.delta[L]), "db^L is not summed over the batch",
        "∂J/∂b^L = δ^L, one column for each sample", "b is shared by all samples: its gradient is the sum of theirs.",
        "The shape no longer fits b; by broadcasting b grows into a matrix, one bias for each sample.",
        "db[l] = delta",
    ),
    Mistake(
        "B4 sum over neurons", "B4", B4, biases("sum over neurons"), "db^L is summed over the neurons, not the samples",
        "∂J/∂b^L_i = Σ_j δ^L_ij", "Each neuron has its own bias; the sum runs over samples.", DIRECTION,
        "db[l] = delta.sum(axis=…)   # the other axis",
    ),
    Mistake(
        "B4 one number", "B4", B4, instead(lambda s, L: np.full_like(s.b[L], s.delta[L].sum())),
        "db^L is one number for the whole layer: a sum without axis", "∂J/∂b^L_j = Σ_i Σ_k δ^L_ik",
        "Each neuron has its own bias; the sum runs over samples alone.", "All biases of a layer move together.",
        "db[l] = np.sum(delta)",
    ),
    Mistake(
        "B4 one mean", "B4", B4,
        instead(lambda s, L: np.full_like(s.b[L], s.delta[L].sum() / s.delta[L].shape[1])),
        "db^L is one number for the whole layer: a mean without axis", "∂J/∂b^L_j = mean of all δ^L",
        "Each neuron has its own bias; only the samples are averaged.", "All biases of a layer move together.",
        "db[l] = np.mean(delta)",
    ),
    Mistake(
        "B4 not averaged", "B4", B4, times(lambda s: s.N), "db^L is a sum over the batch where the rest is a mean",
        "∂J/∂b^L × N", "One loss has one 1/N: in W and in b alike.", "Biases learn N times faster than weights.",
        "db[l] = {sum}   # without / {N}", wraps=True,
    ),
    Mistake(
        "B4 averaged twice", "B4", B4, biases("mean over the batch"), "db^L is divided by N once more than the rest",
        "∂J/∂b^L / N", "One loss has one 1/N: in W and in b alike.", "Biases hardly move.",
        "db[l] = delta.mean(axis=…)   # though dW is summed, or δ holds 1/N already",
    ),
    Mistake(
        "B4 zero", "B4", B4, times(lambda s: 0), "db^L is 0: the bias is never updated", "∂J/∂b^L = 0",
        "z = W a + b: J depends on b as on a weight whose input is 1.",
        "Every neuron's threshold stays where it began.", "# no line for b", wraps=True,
    ),
    Mistake(
        "B4 sign", "B4", B4, times(lambda s: -1), "the sign of db^L is turned round", "∂J/∂b^L = −δ^L",
        "∂z/∂b = 1, without a minus sign.", "Biases climb.", "db[l] = -delta", wraps=True,
    ),
    Mistake(
        "B4 first sample", "B4", B4, instead(lambda s, L: s.delta[L][0]), "only the first sample counts for b",
        "∂J/∂b^L = δ^L_1", "The gradient of the batch sums over its samples.", "Biases follow one sample.", "db[l] = delta[0]",
    ),
    Mistake(
        "B4 last sample", "B4", B4, instead(lambda s, L: s.delta[L][-1]), "only the last sample counts for b",
        "∂J/∂b^L = δ^L_N", "In the loop the gradient is overwritten (=) where it should add up (+=).",
        "Biases follow one sample.", "db[l] = delta   # where db[l] += delta is meant",
    ),
    Mistake(
        "B4 times b", "B4", B4, then(lambda g, s, L: g * s.b[L]), "multiplied by b^L", "∂J/∂b^L = b^L ⊙ δ^L",
        "∂z/∂b = 1.", "A bias of 0 stays 0.", "db[l] = b[l] * delta", wraps=True,
    ),
    Mistake(
        "B4 slope again", "B4", B4, instead(lambda s, L: (s.delta[L] * s.d_phi(s.z[L], s.phi.phi(NUMPY, s.z[L]))).sum(axis=0)),
        "φ'(z^L) once more in db^L", "∂J/∂b^L = δ^L ⊙ φ'(z^L)", "δ^L is the derivative in z^L: φ' is in it.",
        DIRECTION, "db[l] = (delta * d_phi(z[l])).sum(…)",
    ),
    Mistake(
        "B4 layer above", "B4", B4, instead(lambda s, L: s.delta[min(L + 1, s.H)].sum(axis=0)), "δ^{L+1} where δ^L is meant",
        "∂J/∂b^L = δ^{L+1}", "The index is one too high: db was taken before delta was carried back.", DIRECTION,
        "db[l] = …   # before delta = {back} …",
    ),
    Mistake(
        "B4 layer below", "B4", B4, instead(lambda s, L: below(s).delta[max(L - 1, 1)].sum(axis=0)), "δ^{L−1} where δ^L is meant",
        "∂J/∂b^L = δ^{L−1}", "The index is one too low: copied from the layer below, or taken after delta was carried back.",
        DIRECTION, "db[l] = …   # by the delta of layer l-1",
    ),
    Mistake(
        "B3 layer above", "B3", B3, instead(lambda s, L: s.delta[min(L + 1, s.H)].T @ s.a[L - 1]), "δ^{L+1} where δ^L is meant",
        "∂J/∂W^L = δ^{L+1} (a^{L−1})ᵀ", "The index is one too high: dW was taken before delta was carried back.", DIRECTION,
        "dW[l] = …   # before delta = {back} …",
    ),
    Mistake(
        "B3 layer below", "B3", B3, instead(lambda s, L: below(s).delta[max(L - 1, 1)].T @ s.a[L - 1]), "δ^{L−1} where δ^L is meant",
        "∂J/∂W^L = δ^{L−1} (a^{L−1})ᵀ", "The index is one too low: copied from the layer below, or taken after delta was carried back.",
        DIRECTION, "dW[l] = …   # by the delta of layer l-1",
    ),
    *(
        Mistake(
            key, "B3", B3, instead(term), "the product is reshaped where it must be transposed", "∂J/∂W^L = reshape(a^{L−1} (δ^L)ᵀ)",
            "Transposing swaps rows and columns; reshape keeps the order of the numbers in memory and cuts them anew.",
            "The shape fits, but nearly every weight gets another weight's gradient.", "dW[l] = ({outer_wrong}).reshape(W[l].shape)",
        )
        for key, term in (
            ("B3 reshaped", lambda s, L: (s.a[L - 1].T @ s.delta[L]).reshape(s.W[L].shape)),
            ("B3 reshaped, (in, out)", lambda s, L: (s.delta[L].T @ s.a[L - 1]).reshape(s.W[L].T.shape).T),
        )
    ),
)  # fmt: skip
