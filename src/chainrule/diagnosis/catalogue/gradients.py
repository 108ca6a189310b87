"""Mistakes in the gradients of weights and biases (B3, B4), the errors given."""

from __future__ import annotations

import numpy as np

from chainrule.diagnosis.catalogue.backprop import State, below
from chainrule.diagnosis.catalogue.changes import biases, instead, product, summed, then, times, weights
from chainrule.diagnosis.catalogue.mistakes import Mistake, mistake
from chainrule.model.validate import Floats


def _delta(s: State, L: int) -> Floats:
    return s.delta[L]


def _delta_above(s: State, L: int) -> Floats:
    return s.delta[min(L + 1, s.H)]


def _delta_below(s: State, L: int) -> Floats:
    return below(s).delta[max(L - 1, 1)]


def _slope_again(s: State, L: int) -> Floats:
    return s.delta[L] * s.d_phi_at(s.z[L])


def _before_slope(s: State, L: int) -> Floats:
    return s.back(L) if s.H > L else s.delta[L]


def _a_below(s: State, L: int) -> Floats:
    return s.a[L - 1]


def _sum_of_products(s: State, L: int) -> Floats:
    return np.asarray(np.outer(s.delta[L].sum(axis=0), s.a[L - 1].sum(axis=0)))


def _reshaped(s: State, L: int) -> Floats:
    return (s.a[L - 1].T @ s.delta[L]).reshape(s.W[L].shape)


def _reshaped_in_out(s: State, L: int) -> Floats:
    return (s.delta[L].T @ s.a[L - 1]).reshape(s.W[L].T.shape).T


GRADIENTS: tuple[Mistake, ...] = (
    mistake("B3", "transposed", weights("transposed")),
    mistake("B3", "a of layer L", product(_delta, lambda s, L: s.a[L])),
    mistake("B3", "z for a", product(_delta, lambda s, L: s.z.get(L - 1, s.x))),
    mistake("B3", "x for a", product(_delta, lambda s, L: s.x)),
    mistake("B3", "two layers below", product(_delta, lambda s, L: s.a[max(L - 2, 0)])),
    mistake("B3", "slope again", product(_slope_again, _a_below)),
    mistake("B3", "before slope", product(_before_slope, _a_below)),
    mistake("B4", "before slope", summed(_before_slope)),
    mistake("B3", "first sample", weights("first sample only")),
    mistake("B3", "last sample", product(lambda s, L: s.delta[L][-1:], lambda s, L: s.a[L - 1][-1:])),
    mistake("B3", "sum of products", instead(_sum_of_products)),
    mistake("B3", "not averaged", times(lambda s: s.N)),
    mistake("B3", "averaged twice", times(lambda s: 1 / s.N)),
    mistake("B3", "sign", times(lambda s: -1)),
    mistake("B3", "zero", times(lambda s: 0)),
    mistake("B3", "times W", then(lambda g, s, L: g * s.W[L])),
    mistake("B3", "without delta", product(lambda s, L: np.ones_like(s.delta[L]), _a_below)),
    mistake("B4", "not summed", instead(_delta)),
    mistake("B4", "sum over neurons", biases("sum over neurons")),
    mistake("B4", "mean over neurons", instead(lambda s, L: s.delta[L].mean(axis=1))),
    mistake("B4", "one number", instead(lambda s, L: np.full_like(s.b[L], s.delta[L].sum()))),
    mistake(
        "B4",
        "one mean",
        instead(lambda s, L: np.full_like(s.b[L], s.delta[L].sum() / s.delta[L].shape[1])),
    ),
    mistake("B4", "not averaged", times(lambda s: s.N)),
    mistake("B4", "averaged twice", biases("mean over the batch")),
    mistake("B4", "zero", times(lambda s: 0)),
    mistake("B4", "sign", times(lambda s: -1)),
    mistake("B4", "first sample", instead(lambda s, L: s.delta[L][0])),
    mistake("B4", "last sample", instead(lambda s, L: s.delta[L][-1])),
    mistake("B4", "times b", then(lambda g, s, L: g * s.b[L])),
    mistake("B4", "slope again", summed(_slope_again)),
    mistake("B4", "layer above", summed(_delta_above)),
    mistake("B4", "layer below", summed(_delta_below)),
    mistake("B3", "layer above", product(_delta_above, _a_below)),
    mistake("B3", "layer below", product(_delta_below, _a_below)),
    mistake("B3", "reshaped", instead(_reshaped)),
    mistake("B3", "reshaped, (in, out)", instead(_reshaped_in_out)),
)
