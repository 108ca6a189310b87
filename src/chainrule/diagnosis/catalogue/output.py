"""Mistakes on the way forward and in the error of the output layer (F1, F2, H1, B1)."""

from __future__ import annotations

import numpy as np

from chainrule.diagnosis.catalogue.backprop import State
from chainrule.diagnosis.catalogue.mistakes import Mistake, instead, mutant, output, then, times
from chainrule.diagnosis.catalogue.models import (
    CATEGORICAL,
    COSTS,
    MULTI_LABEL,
    OUTPUTS,
    PAIRS,
    QUADRATIC,
    head_of,
)
from chainrule.engines.reference import NUMPY
from chainrule.equations.activations import d_sigmoid, sigmoid
from chainrule.equations.heads import softmax
from chainrule.model.validate import Floats

B1 = ("B1",)
STALL = "Where an output is saturated and wrong, a (1 − a) is near 0: it stops learning just where it is most wrong."
WRONG_SCALE = (
    "Every step is too long or too short by that factor; the learning rate that works elsewhere fails here."
)
DIRECTION = (
    "The step is not along the gradient: the loss falls slowly, or not at all, and differences disagree."
)


def _of_loss(output_name: str, loss: str) -> Mistake:
    """δ^H of another loss than the one stated."""
    head = head_of(output_name, loss)
    quadratic = loss == QUADRATIC
    extra = {
        "sigmoid": " ⊙ σ'(z^H)",
        "softmax": ", through softmax's whole Jacobian",
        "tanh": " ⊙ tanh'(z^H)",
    }
    return Mistake(
        f"B1 gradient of {loss} with {output_name}",
        "B1",
        B1,
        output(head.delta),
        "σ'(z^H) too many: the quadratic cost's gradient"
        if quadratic and output_name == "sigmoid"
        else f"the gradient of another loss: the {loss} of {output_name} outputs",
        f"δ^H = (a^H − y){extra.get(output_name, '')}"
        if quadratic
        else f"δ^H = ∂/∂z^H of {COSTS[loss].text}, a = {output_name}(z)",
        "In cross-entropy the 1/[a (1 − a)] of ∂J/∂a cancels the σ'(z^H) of ∂a/∂z. With ½‖a − y‖² nothing cancels it, "
        "and the factor stays. The loss you state is cross-entropy."
        if quadratic
        else "δ^H = ∂J/∂z^H belongs to one pair of output activation and loss. Another loss has another δ^H.",
        STALL if quadratic else "The network minimises that other loss; the one you print may even rise.",
        "delta = (a[-1] - y) * sigmoid_prime(z[-1])" if quadratic else "delta = …",
        fits=lambda model: model.output == output_name and model.loss != loss,
    )


def _a_given(s: State, L: int) -> Floats:
    return np.asarray(s.w[:, None] * s.head.delta(NUMPY, s.z[L], s.a[L], s.y))


def _softmax_twice(s: State, L: int) -> Floats:
    g = softmax(NUMPY, s.a[L]) - s.y
    return np.asarray(OUTPUTS["softmax"].pull(s.a[L], s.z[L], g) * s.w[:, None])


def _rounded(s: State, L: int) -> Floats:
    a = s.a[L]
    hard = (a == a.max(axis=1, keepdims=True)) if s.model.output == "softmax" else (a > 0.5)
    return np.asarray((hard - s.y) * s.w[:, None])


def _softmax(name: str) -> Mistake:
    wrong = mutant("softmax", name)
    axis = name == "sum over the batch"
    return Mistake(
        f"H1 {name}",
        "H1",
        ("H",),
        instead(lambda s, L: np.asarray(wrong(NUMPY, s.z[L]))),
        f"softmax: {'sums over the batch, not over the classes' if axis else name}",
        "a_im = e^{z_im} / Σ_j e^{z_jm}" if axis else f"a: {name}",
        "The outputs of one sample must sum to 1: the sum runs over its neurons.",
        "With one sample a batch all outputs are 1; with many they depend on who else is in the batch."
        if axis
        else DIRECTION,
        "e / e.sum(axis=0)" if axis else "np.exp(z)",
        fits=lambda model: model.output == "softmax",
    )


def _affine(name: str, key: str, text: str) -> Mistake:
    wrong = mutant("affine", name)
    return Mistake(
        f"F1 {name}",
        "F1",
        ("F1",),
        instead(lambda s, L: np.asarray(wrong(s.a[L - 1], s.W[L], s.b[L]))),
        f"forward pass: {name}",
        text,
        "Every gradient is taken at the z that the forward pass computes; here that is another network's.",
        "It trains, if at all, another network than the one it says.",
        key,
    )


def _sigma_everywhere(s: State, L: int) -> Floats:
    return np.asarray((s.a[L] - s.y) * d_sigmoid(NUMPY, s.a[L], sigmoid(NUMPY, s.a[L])) * s.w[:, None])


def _full_sigma_of_a(s: State, L: int) -> Floats:
    d_value = COSTS[s.model.loss].d_value(s.a[L], s.y)
    return np.asarray(d_value * d_sigmoid(NUMPY, s.a[L], sigmoid(NUMPY, s.a[L])) * s.w[:, None])


def _bias_after(s: State, L: int) -> Floats:
    s.z[L] = s.a[L - 1] @ s.W[L].T  # what φ is given, on the way back as well
    return np.asarray(s.phi.phi(NUMPY, s.z[L]) + s.b[L])


def _hidden_slope(s: State, L: int) -> Floats:
    return np.asarray((s.a[L] - s.y) * s.d_phi(s.z[L], s.phi.phi(NUMPY, s.z[L])) * s.w[:, None])


OUTPUT: tuple[Mistake, ...] = (
    *(_of_loss(*pair) for pair in PAIRS if pair[1] == QUADRATIC and pair[0] in ("sigmoid", "softmax")),
    Mistake(
        "B1 sign", "B1", B1, times(lambda s: -1), "the sign of δ^H is turned round", "δ^H = y − a^H",
        "J falls along −∂J/∂θ. With y − a every gradient has the wrong sign, and W − η ∂J/∂W climbs.",
        "The loss rises from the first step, unless the update adds instead of subtracting.",
        "delta = y - a[-1]", wraps=True,
    ),
    Mistake(
        "B1 dJ/da", "B1", B1,
        instead(lambda s, L: COSTS[s.model.loss].d_value(s.a[L], s.y) * s.w[:, None]),
        "∂J/∂a is taken for δ^H = ∂J/∂z", "δ^H = ∂J/∂a^H",
        "δ is the derivative in z, so the factor ∂a/∂z of the output activation belongs to it.",
        "The gradient explodes where an output is near 0 or 1.", "delta = -y / a[-1]",
        fits=lambda model: model.output != "identity" and model.loss != QUADRATIC,
    ),
    Mistake(
        "B1 diagonal", "B1", B1,
        instead(lambda s, L: COSTS[s.model.loss].d_value(s.a[L], s.y) * s.a[L] * (1 - s.a[L]) * s.w[:, None]),
        "only the diagonal of softmax's Jacobian", "δ^H_m = (∂J/∂a_m) a_m (1 − a_m)",
        "Every softmax output depends on every z: ∂a_k/∂z_m = a_k ([k = m] − a_m). The terms k ≠ m are missing.",
        "The wrong classes get no error at all, so their outputs are never pushed down.",
        "delta = dJ_da * a[-1] * (1 - a[-1])",
        fits=lambda model: model.output == "softmax" and model.loss != MULTI_LABEL,
    ),
    Mistake(
        "B1 softmax with sigma'", "B1", B1, output(mutant("cross_entropy_error", "extra σ'")),
        "a (1 − a) too many on a softmax output", "δ^H = (a^H − y) ⊙ a^H (1 − a^H)",
        "With softmax and cross-entropy the Jacobian is already in a − y. This product is the gradient of no loss.",
        STALL, "delta = (a[-1] - y) * a[-1] * (1 - a[-1])",
        fits=lambda model: model.output == "softmax" and model.loss == CATEGORICAL,
    ),
    Mistake(
        "B1 softmax twice", "B1", B1, instead(_softmax_twice),
        "softmax is applied twice: to the logits, and again by the loss", "δ^H of J = −Σ_m y_m log softmax(softmax(z))_m",
        "A loss that takes logits applies softmax itself; give it z^H, not a^H.",
        "The outputs can never differ by more than a factor e: the loss stays high and learning is slow.",
        "loss(softmax(z), y)   # where loss(z, y) is meant",
        fits=lambda model: (model.output, model.loss) == ("softmax", CATEGORICAL),
    ),
    Mistake(
        "B1 z for a", "B1", B1, output(mutant("cross_entropy_error", "z for a")), "z^H where a^H is meant",
        "δ^H = z^H − y", "a^H = φ(z^H): the output activation was left out.",
        "The logits are pulled to 0 and 1, as in linear regression.", "delta = z[-1] - y",
        fits=lambda model: model.output != "identity",
    ),
    Mistake(
        "B1 sigma' missing", "Q2", B1, output(mutant("quadratic_error", "σ' missing")),
        "σ'(z^H) is missing: cross-entropy's δ^H, not the quadratic cost's", "δ^H = a^H − y",
        "∂J/∂z = ∂J/∂a · ∂a/∂z, and for ½‖a − y‖² nothing cancels ∂a/∂z.",
        "It minimises cross-entropy, which is usually better; but it is not the loss you state.",
        "delta = a[-1] - y", fits=lambda model: model.loss == QUADRATIC and model.output in ("sigmoid", "tanh"),
    ),
    Mistake(
        "B1 sigma' twice", "Q2", B1, output(mutant("quadratic_error", "σ' twice")), "σ'(z^H) twice",
        "δ^H = (a^H − y) ⊙ σ'(z^H)²", "The chain rule passes through the output activation once.", STALL,
        "delta = (a[-1] - y) * s_prime * s_prime", fits=lambda model: model.output == "sigmoid",
    ),
    Mistake(
        "B1 sigma' of a", "B1", B1, instead(_sigma_everywhere), "σ' taken at a^H instead of z^H",
        "δ^H = (a^H − y) ⊙ σ'(a^H)", "σ'(z) = σ(z)(1 − σ(z)). Given a = σ(z), that function applies σ a second time.",
        "The factor is between 0.19 and 0.25 whatever the output: learning is slow and goes astray.",
        "delta = (a[-1] - y) * sigmoid_prime(a[-1])", fits=lambda model: model.output == "sigmoid",
    ),
    Mistake(
        "B1 dJ/da sigma' of a", "B1", B1, instead(_full_sigma_of_a), "∂J/∂a, with σ' taken at a^H instead of z^H",
        "δ^H = ∂J/∂a^H ⊙ σ'(a^H)", "σ'(z) = σ(z)(1 − σ(z)) wants z^H. Given a = σ(z) it applies σ a second time, "
        "and no longer cancels the 1/[a (1 − a)] of ∂J/∂a.",
        "Errors explode where an output is near 0 or 1.", "delta = dJ_da * sigmoid_prime(a[-1])",
        fits=lambda model: model.output == "sigmoid" and model.loss != QUADRATIC,
    ),
    Mistake(
        "B1 slope of the hidden activation", "B1", B1, instead(_hidden_slope),
        "φ' of the hidden layers at the output", "δ^H = (a^H − y) ⊙ φ'(z^H)",
        "φ is the hidden layers' activation; the output layer has its own.", DIRECTION,
        "delta = (a[-1] - y) * d_phi(z[-1])", fits=lambda model: model.hidden != model.output,
    ),
    Mistake(
        "B1 labels missing", "B1", B1, instead(lambda s, L: s.a[L] * s.w[:, None]), "the labels are missing",
        "δ^H = a^H", "∂J/∂z = a − y: without y nothing says which class is right.", "All outputs go to 0.",
        "delta = a[-1]",
    ),
    Mistake(
        "B1 true class only", "B1", B1, instead(lambda s, L: s.y * (s.a[L] - 1) * s.w[:, None]),
        "only the true class has an error", "δ^H = y ⊙ (a^H − 1)",
        "The other classes' outputs raise J too: their error is a_m − 0.", "Wrong classes are never pushed down.",
        "delta = y * (a[-1] - 1)",
    ),
    Mistake(
        "B1 rounded", "B1", B1, instead(_rounded), "the predicted class where probabilities are meant",
        "δ^H = [class predicted] − y", "J depends on the probabilities a, not on the rounded decision.",
        "It is the perceptron's rule: samples that are right by a hair teach nothing more.",
        "delta = (a[-1] > 0.5) - y",
    ),
    Mistake(
        "B1 value for slope", "Q2", B1, instead(lambda s, L: (s.a[L] - s.y) * s.a[L] * s.w[:, None]),
        "a factor a^H too many", "δ^H = (a^H − y) ⊙ a^H", "A value is no derivative: with cross-entropy no factor remains, with the quadratic cost σ'(z^H).",
        DIRECTION, "delta = (a[-1] - y) * a[-1]", fits=lambda model: model.output in ("sigmoid", "softmax"),
    ),
    Mistake(
        "B1 squared", "B1", B1, then(lambda d, s, L: d * (s.a[L] - s.y)),
        "the squared error is taken for its derivative", "δ^H = (a^H − y)²",
        "½(a − y)² is a loss; its derivative is a − y, with a sign.", "The sign of the error is lost: weights run off.",
        "delta = (a[-1] - y)**2", wraps=True,
    ),
    Mistake(
        "B1 absolute", "B1", B1, then(lambda d, s, L: np.abs(d)), "the sign of the error is lost: |δ^H|", "δ^H = |a^H − y|",
        "The sign of a − y says whether an output must fall or rise.", "All outputs run to 0.",
        "delta = abs(a[-1] - y)", wraps=True,
    ),
    Mistake(
        "B1 error of the batch", "B1", B1,
        instead(lambda s, L: np.broadcast_to(_a_given(s, L).mean(axis=0), s.y.shape)),
        "the error is averaged over the batch before the chain rule", "δ^H_i = (1/N) Σ_j (a_j − y_j)",
        "B3 multiplies each sample's δ by that sample's a. An average of δ times an average of a is not their sum.",
        "Samples of different classes cancel each other.", "delta = (a[-1] - y).mean(axis=0)",
    ),
    Mistake(
        "B1 mean over classes", "B1", B1, then(lambda d, s, L: d - d.mean(axis=1, keepdims=True)),
        "the mean error is taken off", "δ^H − mean_m δ^H_m", "Nothing in the chain rule subtracts a mean.", DIRECTION,
        "delta -= delta.mean(axis=1, keepdims=True)", wraps=True,
        fits=lambda model: model.output != "softmax",
    ),
    _affine("no bias", "z[l] = {z}   # without + b[l]", "z^L = W^L a^{L−1}"),
    _affine("bias subtracted", "z[l] = … - b[l]", "z^L = W^L a^{L−1} − b^L"),
    _affine("W not transposed", "z[l] = …", "z^L = (W^L)ᵀ a^{L−1}"),
    Mistake(
        "F2 activation missing", "F2", ("F2",), instead(lambda s, L: s.z[L]), "the hidden activation is not applied on the way forward",
        "a^L = z^L", "Without φ all layers together are one linear map.", "No hidden layer can do what one layer cannot.",
        "a.append(z)", fits=lambda model: model.hidden != "identity",
    ),
    *(_softmax(name) for name in ("sum over the batch", "not normalised")),
    Mistake(
        "H1 sum over everything", "H1", ("H",),
        instead(lambda s, L: np.exp(s.z[L] - s.z[L].max()) / np.exp(s.z[L] - s.z[L].max()).sum()),
        "softmax: sums over classes and samples at once: a sum without axis", "a_im = e^{z_im} / Σ_j Σ_k e^{z_jk}",
        "The outputs of one sample must sum to 1: the sum runs over its neurons alone.",
        "All samples of the batch together share one probability of 1: each output is about N times too small, and depends on who else is in the batch.",
        "np.exp(z) / np.sum(np.exp(z))", fits=lambda model: model.output == "softmax",
    ),
    Mistake(
        "F2 bias after", "F1", ("F2",), instead(_bias_after), "the bias is added after the activation",
        "a^L = φ(W^L a^{L−1}) + b^L",
        "F1 is z^L = W^L a^{L−1} + b^L, and F2 a^L = φ(z^L): b^L stands inside of φ's brackets.",
        "b^L cannot move a neuron's threshold, and φ' by way of a^L is taken at the wrong place.",
        "a[l] = phi(… without b[l] …) + b[l]",
    ),
)  # fmt: skip
"""Those before δ^{H−1}. ``fmt: skip``: one entry a few lines, so that the table can be read as a table."""

OTHER_LOSSES: tuple[Mistake, ...] = tuple(_of_loss(*pair) for pair in PAIRS if pair[1] != QUADRATIC)
"""δ^H of another cross-entropy than the one stated."""
