"""Mistakes in the hidden layers' errors (B2)."""

from __future__ import annotations

import numpy as np

from chainrule.diagnosis.catalogue.backprop import State
from chainrule.diagnosis.catalogue.changes import back, back_through, hidden, instead, slope, times
from chainrule.diagnosis.catalogue.mistakes import Mistake, mistake
from chainrule.diagnosis.catalogue.models import COSTS
from chainrule.model.validate import Floats


def _slope_above(s: State, L: int) -> Floats:
    return (s.delta[L + 1] * s.d_phi_at(s.z[L + 1])) @ s.W[L + 1]


def _before_slope_above(s: State, L: int) -> Floats:
    above = L + 1
    last = above == s.H
    da = COSTS[s.model.loss].d_value(s.a[above], s.y) * s.w[:, None] if last else s.back(above)
    return np.asarray(da @ s.W[above])


def _updated(s: State, L: int) -> Floats:
    return s.W[L + 1] - s.eta * s.dW[L + 1]


def _reshaped(s: State, L: int) -> Floats:
    W = s.W[L + 1]
    return W.T.reshape(W.shape)


def _reshaped_out_in(s: State, L: int) -> Floats:
    W = s.W[L + 1]
    return W.reshape(W.T.shape).T


HIDDEN: tuple[Mistake, ...] = (
    mistake("B2", "slope of a", hidden("φ' of a")),
    mistake("B2", "slope missing", hidden("φ' missing")),
    mistake("B2", "slope twice", hidden("φ' twice")),
    mistake("B2", "value for slope", hidden("φ for φ'")),
    mistake("B2", "slope of z as a", slope(lambda s, L: s.d_phi(s.z[L], s.z[L]))),
    mistake("B2", "slope above", instead(_slope_above)),
    mistake("B2", "slope of the layer above", slope(lambda s, L: s.d_phi_at(s.z[L + 1]))),
    mistake("B2", "slope of the layer below", slope(lambda s, L: s.d_phi(s.z.get(L - 1, s.x), s.a[L - 1]))),
    mistake("B2", "W not transposed", hidden("W transposed")),
    mistake("B2", "W of layer L", back_through(lambda s, L: s.W[L])),
    mistake("B2", "W of layer L, transposed", back_through(lambda s, L: s.W[L].T)),
    mistake("B2", "W missing", back(lambda s, L: s.delta[L + 1])),
    mistake("B2", "|W|", back_through(lambda s, L: np.abs(s.W[L + 1]))),
    mistake("B2", "W already updated", back_through(_updated)),
    mistake("B2", "output error again", back(lambda s, L: s.delta[s.H] @ s.W[L + 1])),
    mistake("B2", "divided by N", times(lambda s: 1 / s.N)),
    mistake("B2", "sign", times(lambda s: -1)),
    mistake("B2", "averaged", times(lambda s: 1 / s.W[s.H].shape[0])),
    mistake("B2", "slope averaged", slope(lambda s, L: s.d_phi(s.z[L], s.a[L]).mean(axis=0))),
    mistake("B2", "summed", back(lambda s, L: s.delta[L + 1].sum(axis=1, keepdims=True))),
    mistake("B2", "before slope above", back(_before_slope_above)),
    mistake("B2", "W reshaped", back_through(_reshaped)),
    mistake("B2", "W reshaped, (out, in)", back_through(_reshaped_out_in)),
)
