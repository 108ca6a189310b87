"""Mistakes over all gradients of a layer, and in the update (G1)."""

from __future__ import annotations

import numpy as np

from chainrule.diagnosis.catalogue.backprop import State, below
from chainrule.diagnosis.catalogue.mistakes import Mistake, times, weighted
from chainrule.diagnosis.catalogue.output import WRONG_SCALE
from chainrule.model.validate import Floats

ALL, B3, B4 = ("B3", "B4"), ("B3",), ("B4",)


def _divided_in_the_loop(s: State) -> Floats:
    """What is left of each sample where the sum is divided by N after every one: N^{1−N} … N^0."""
    return np.asarray(float(s.N) ** (np.arange(s.N) + 1.0 - s.N))


WHOLE: tuple[Mistake, ...] = (
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
        lambda right: lambda s, L: np.asarray(right(below(s), s.H + 1 - L)),
        "the gradients come in the wrong order, last layer first", "∂J/∂θ^{H+1−L}",
        "The backward pass meets the last layer first; append() leaves the list in that order.",
        "Every layer gets another layer's gradient.", "grads.append(…)   # where grads.insert(0, …) is meant", wraps=True,
        one_layer=False,
    ),
    Mistake(
        "ALL divided in the loop", "G1", ALL, weighted(_divided_in_the_loop), "the sum is divided by N after every sample",
        "Σ_i N^{i−N−1} ∂J_i/∂θ", "The division stands inside of the loop over samples: what was added first is divided N times. "
        "It belongs after the loop, one level less indented.", "The last sample rules; the others count next to nothing.",
        "dW[l] /= N   # inside of the loop over samples", wraps=True,
    ),
)  # fmt: skip
