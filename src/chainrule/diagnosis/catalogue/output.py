"""Mistakes on the way forward and in the error of the output layer (F1, F2, H1, B1)."""

from __future__ import annotations

import numpy as np

from chainrule.diagnosis.catalogue.backprop import State
from chainrule.diagnosis.catalogue.changes import error, instead, mutant, output, then, times
from chainrule.diagnosis.catalogue.mistakes import Mistake, mistake
from chainrule.diagnosis.catalogue.models import COSTS, OUTPUTS, PAIRS, QUADRATIC, head_of
from chainrule.engines.reference import NUMPY
from chainrule.equations.activations import d_sigmoid, sigmoid
from chainrule.equations.heads import softmax
from chainrule.model.validate import Floats


def _of_loss(name: str, loss: str) -> Mistake:
    """δ^H of another loss than the one stated."""
    slip = f"gradient of {loss} with {name}" if loss == QUADRATIC else "gradient of $loss with $output"
    return mistake(
        "B1",
        slip,
        output(head_of(name, loss).delta),
        lambda model: model.output == name and model.loss != loss,
        loss=loss,
        output=name,
        formula=str(COSTS[loss].head.printed.J),
    )


def _affine(name: str) -> Mistake:
    wrong = mutant("affine", name)
    return mistake("F1", name, instead(lambda s, L: np.asarray(wrong(s.a[L - 1], s.W[L], s.b[L]))))


def _softmax(name: str) -> Mistake:
    wrong = mutant("softmax", name)
    return mistake("H1", name, instead(lambda s, L: np.asarray(wrong(NUMPY, s.z[L]))))


def _sum_over_everything(s: State, L: int) -> Floats:
    e = np.exp(s.z[L] - s.z[L].max())
    return np.asarray(e / e.sum())


def _bias_after(s: State, L: int) -> Floats:
    s.z[L] = s.a[L - 1] @ s.W[L].T  # what φ is given, on the way back as well
    return np.asarray(s.phi.phi(NUMPY, s.z[L]) + s.b[L])


def _dJ_da(s: State, L: int) -> Floats:
    return np.asarray(COSTS[s.model.loss].d_value(s.a[L], s.y))


def _sigma_prime_of_a(s: State, L: int) -> Floats:
    return np.asarray(d_sigmoid(NUMPY, s.a[L], sigmoid(NUMPY, s.a[L])))


def _softmax_twice(s: State, L: int) -> Floats:
    g = softmax(NUMPY, s.a[L]) - s.y
    return np.asarray(OUTPUTS["softmax"].pull(s.a[L], s.z[L], g))


def _off_by(s: State, L: int, places: int) -> Floats:
    return np.asarray(s.head.delta(NUMPY, s.z[L], s.a[L], np.roll(s.y, places, axis=1)))


def _averaged_over_outputs(delta: Floats, s: State, L: int) -> Floats:
    return np.broadcast_to(delta.mean(axis=1, keepdims=True), delta.shape)


def _rounded(s: State, L: int) -> Floats:
    a = s.a[L]
    hard = (a == a.max(axis=1, keepdims=True)) if s.head.distribution else (a > 0.5)
    return np.asarray(hard - s.y)


def _error_of_the_batch(s: State, L: int) -> Floats:
    delta = s.w[:, None] * s.head.delta(NUMPY, s.z[L], s.a[L], s.y)
    return np.broadcast_to(np.asarray(delta).mean(axis=0), s.y.shape)


OUTPUT: tuple[Mistake, ...] = (
    *(_of_loss(*pair) for pair in PAIRS if pair[1] == QUADRATIC and pair[0] in ("sigmoid", "softmax")),
    mistake("B1", "sign", times(lambda s: -1)),
    mistake("B1", "dJ/da", error(_dJ_da)),
    mistake("B1", "diagonal", error(lambda s, L: _dJ_da(s, L) * s.a[L] * (1 - s.a[L]))),
    mistake("B1", "softmax with sigma'", output(mutant("cross_entropy_error", "extra σ'"))),
    mistake("B1", "softmax twice", error(_softmax_twice)),
    mistake("B1", "z for a", output(mutant("cross_entropy_error", "z for a"))),
    mistake("B1", "sigma' missing", output(mutant("quadratic_error", "σ' missing"))),
    mistake("B1", "sigma' twice", output(mutant("quadratic_error", "σ' twice"))),
    mistake("B1", "sigma' of a", error(lambda s, L: (s.a[L] - s.y) * _sigma_prime_of_a(s, L))),
    mistake("B1", "dJ/da sigma' of a", error(lambda s, L: _dJ_da(s, L) * _sigma_prime_of_a(s, L))),
    mistake(
        "B1",
        "slope of the hidden activation",
        error(lambda s, L: (s.a[L] - s.y) * s.d_phi_at(s.z[L])),
        lambda model: model.hidden != model.output,
    ),
    mistake("B1", "labels missing", error(lambda s, L: s.a[L])),
    mistake("B1", "label of the next class", error(lambda s, L: _off_by(s, L, 1))),
    mistake("B1", "label of the class before", error(lambda s, L: _off_by(s, L, -1))),
    mistake("B1", "one error for all outputs", then(_averaged_over_outputs)),
    mistake("B1", "true class only", error(lambda s, L: s.y * (s.a[L] - 1))),
    mistake("B1", "rounded", error(_rounded)),
    mistake("B1", "value for slope", error(lambda s, L: (s.a[L] - s.y) * s.a[L])),
    mistake("B1", "squared", then(lambda d, s, L: d * (s.a[L] - s.y))),
    mistake("B1", "absolute", then(lambda d, s, L: np.abs(d))),
    mistake("B1", "error of the batch", instead(_error_of_the_batch)),
    mistake("B1", "mean over classes", then(lambda d, s, L: d - d.mean(axis=1, keepdims=True))),
    *map(_affine, ("no bias", "bias subtracted", "W not transposed")),
    mistake("F2", "activation missing", instead(lambda s, L: s.z[L]), lambda m: m.hidden != "identity"),
    *map(_softmax, ("sum over the batch", "not normalised")),
    mistake("H1", "sum over everything", instead(_sum_over_everything)),
    mistake("F2", "bias after", instead(_bias_after)),
)
"""Those that come before the errors of the hidden layers."""

OTHER_LOSSES: tuple[Mistake, ...] = tuple(_of_loss(*pair) for pair in PAIRS if pair[1] != QUADRATIC)
"""δ^H of another cross-entropy than the one stated."""
