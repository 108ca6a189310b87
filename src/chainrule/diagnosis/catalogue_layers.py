"""Mistakes in the hidden layers' errors and in the gradients (B2, B3, B4), and over all of them."""

from __future__ import annotations

import numpy as np

from chainrule.diagnosis.backprop import State
from chainrule.diagnosis.catalogue_output import DIRECTION, WRONG_SCALE
from chainrule.diagnosis.mistakes import Mistake, biases, hidden, instead, slope, then, times, weights
from chainrule.engines.reference import NUMPY
from chainrule.inputs import Floats

B2, B3, B4, ALL = ("B2",), ("B3",), ("B4",), ("B3", "B4")
DEPTH = "The layers below get errors that belong to nobody; the deeper the network, the worse."


def _sigma_free(s: State, L: int) -> Floats:
    return np.asarray(s.phi.phi(NUMPY, s.z[L]))


def _with_W(W: Floats, s: State, L: int) -> Floats:
    return np.asarray((s.delta[L + 1] @ W) * s.d_phi(s.z[L], s.a[L]))


def _updated(s: State, L: int) -> Floats:
    return _with_W(s.W[L + 1] - s.eta * s.dW[L + 1], s, L)


def _batch_of_one(s: State, L: int) -> Floats:
    return np.asarray(np.outer(s.delta[L].sum(axis=0), s.a[L - 1].sum(axis=0)))


LAYERS: tuple[Mistake, ...] = (
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
        "ALL sign", "G1", ALL, times(lambda s: -1), "all gradients have the wrong sign", "−∂J/∂θ",
        "The step must go against the gradient, θ ← θ − η ∂J/∂θ (G1).", "The loss rises from the first step.",
        "W += eta * dW   # or: delta = y - a", wraps=True,
    ),
    Mistake(
        "ALL twice", "NET", ALL, times(lambda s: 2), "all gradients are doubled", "2 ∂J/∂θ",
        "Either a 2 came down from a square, which cross-entropy does not have, or backward ran twice and added up.",
        WRONG_SCALE, "grad += …   # without setting it to 0 first", wraps=True,
    ),
    Mistake(
        "ALL half", "NET", ALL, times(lambda s: 0.5), "all gradients are halved", "½ ∂J/∂θ",
        "Cross-entropy has no ½ to come down.", WRONG_SCALE, "delta = 0.5 * (a[-1] - y)", wraps=True,
    ),
    Mistake(
        "ALL averaged twice", "G1", ALL, times(lambda s: 1 / s.N), "divided by N twice", "∂J/∂θ / N",
        "The mean has one 1/N. It is in δ already, or in the loss, and comes again in the update.",
        "Learning is N times slower: it looks as if nothing happened.", "W -= eta / N * dW   # dW is a mean already",
        wraps=True,
    ),
    Mistake(
        "ALL times outputs", "NET", ALL, times(lambda s: s.W[s.H].shape[0]), "n_outputs × the gradient",
        "K ∂J/∂θ", "The loss is averaged over the outputs, its gradient is not.", WRONG_SCALE, "loss.mean()", wraps=True,
    ),
    Mistake(
        "ALL without eta", "G1", ALL, times(lambda s: 1 / s.eta), "the learning rate is not applied",
        "θ ← θ − ∂J/∂θ", "G1 has the factor η.", "Steps are as long as the gradient: it diverges.", "W -= dW", wraps=True,
        updates_only=True,
    ),
    Mistake(
        "B3 without eta", "G1", B3, times(lambda s: 1 / s.eta), "the learning rate is not applied to W",
        "W ← W − ∂J/∂W", "G1 has the factor η.", "Steps in W are as long as the gradient.", "W -= dW", wraps=True,
        updates_only=True,
    ),
    Mistake(
        "B4 without eta", "G1", B4, times(lambda s: 1 / s.eta), "the learning rate is not applied to b",
        "b ← b − ∂J/∂b", "G1 has the factor η.", "Steps in b are as long as the gradient.", "b -= db", wraps=True,
        updates_only=True,
    ),
    Mistake(
        "ALL eta twice", "G1", ALL, times(lambda s: s.eta), "the learning rate is applied twice", "θ ← θ − η² ∂J/∂θ",
        "G1 has the factor η once.", "Learning is 1/η times slower.", "W -= eta * (eta * dW)", wraps=True,
        updates_only=True,
    ),
    Mistake(
        "ALL zero", "NET", ALL, times(lambda s: 0), "this layer's gradients are 0: it is left out", "∂J/∂W^L = ∂J/∂b^L = 0",
        "The loop over layers ends one too early, or begins one too late.", "That layer stays random.",
        "for l in range(1, H)   # where one more is meant", wraps=True,
    ),
    Mistake(
        "ALL reversed", "NET", ALL,
        lambda right: lambda s, L: np.asarray(right(_at(s), s.H + 1 - L)),
        "the gradients come in the wrong order, last layer first", "∂J/∂θ^{H+1−L}",
        "The backward pass meets the last layer first; append() leaves the list in that order.",
        "Every layer gets another layer's gradient.", "grads.append(…)   # where grads.insert(0, …) is meant", wraps=True,
        one_layer=False,
    ),
    Mistake(
        "B2 summed", "B2", B2, instead(lambda s, L: s.delta[L + 1].sum(axis=1, keepdims=True) * s.d_phi(s.z[L], s.a[L])),
        "the errors above are summed without their weights", "δ^L_j = (Σ_i δ^{L+1}_i) φ'(z^L_j)",
        "Neuron j reaches neuron i through W^{L+1}_ij: each δ_i counts with that weight.",
        "All neurons of a layer get the same error and become the same.", "delta = delta.sum() * {d_phi}",
    ),
)  # fmt: skip


def _at(s: State) -> State:
    """The state with every δ known, for terms that look at a layer not yet reached."""
    from chainrule.diagnosis.backprop import RIGHT

    for L in range(min(s.delta) - 1, 0, -1):
        s.delta[L] = RIGHT["B2"](s, L)
    return s
