"""Mistakes over all gradients of a layer, and in the update (G1)."""

from __future__ import annotations

import numpy as np

from chainrule.diagnosis.catalogue.backprop import State, Term, below
from chainrule.diagnosis.catalogue.changes import Change, times, weighted
from chainrule.diagnosis.catalogue.mistakes import Mistake, mistake
from chainrule.model.validate import Floats


def _reversed(right: Term) -> Term:
    return lambda s, L: np.asarray(right(below(s), s.H + 1 - L))


def _divided_in_the_loop(s: State) -> Floats:
    """What is left of each sample where the sum is divided by N after every one: N^{1−N} … N^0."""
    return np.asarray(float(s.N) ** (np.arange(s.N) + 1.0 - s.N))


WHOLE: tuple[Mistake, ...] = (
    mistake("ALL", "sign", times(lambda s: -1)),
    mistake("ALL", "twice", times(lambda s: 2)),
    mistake("ALL", "half", times(lambda s: 0.5)),
    mistake("ALL", "averaged twice", times(lambda s: 1 / s.N)),
    mistake("ALL", "times outputs", times(lambda s: s.W[s.H].shape[0])),
    mistake("ALL", "without eta", times(lambda s: 1 / s.eta)),
    mistake("B3", "without eta", times(lambda s: 1 / s.eta)),
    mistake("B4", "without eta", times(lambda s: 1 / s.eta)),
    mistake("ALL", "eta twice", times(lambda s: s.eta)),
    mistake("B3", "eta twice", times(lambda s: s.eta)),
    mistake("B4", "eta twice", times(lambda s: s.eta)),
    mistake("ALL", "zero", times(lambda s: 0)),
    mistake("ALL", "reversed", Change(_reversed, wraps=True)),
    mistake("ALL", "divided in the loop", weighted(_divided_in_the_loop)),
)
