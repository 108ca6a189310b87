"""The equations as a table of terms, one for each place where one is used, so that it can be changed.

A pass fills a `State` from F1 to B4. Without changes each term is the shipped function, and the gradients
are those of `chainrule.equations.network.backward`, bit for bit.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple, TypeAlias

import numpy as np

from chainrule.diagnosis.catalogue.activations import KNOWN
from chainrule.diagnosis.catalogue.models import Model
from chainrule.engines.reference import NUMPY
from chainrule.equations.activations import Activation
from chainrule.equations.affine import affine, bias_gradient, weight_gradient
from chainrule.equations.heads import Head
from chainrule.equations.network import hidden_error, output_error
from chainrule.model.validate import Floats
from chainrule.types import Params


class Trial(NamedTuple):
    """A random network with data. Shapes: x (N, n_0), y (N, n_H); eta is the step of forms that update."""

    params: Params
    x: Floats
    y: Floats
    eta: float = 1.0

    @property
    def N(self) -> int:
        """Samples."""
        return len(self.x)


class State:
    """What a pass knows, by layer: W, b, z, a, delta, dW, db; and the trial, the model, and the weights w."""

    def __init__(self, trial: Trial, model: Model, scale: float) -> None:
        self.trial, self.model = trial, model
        self.x, self.y, self.eta, self.N = trial.x, trial.y, trial.eta, trial.N
        self.H = trial.params.last
        self.W: dict[int, Floats] = {L: layer.W for L, layer in trial.params.items()}
        self.b: dict[int, Floats] = {L: layer.b for L, layer in trial.params.items()}
        self.phi: Activation = KNOWN[model.hidden]
        self.head: Head = model.head
        self.w = np.full(trial.N, scale)
        self.z: dict[int, Floats] = {}
        self.a: dict[int, Floats] = {0: trial.x}
        self.delta: dict[int, Floats] = {}
        self.dW: dict[int, Floats] = {}
        self.db: dict[int, Floats] = {}

    def d_phi(self, z: Floats, a: Floats) -> Floats:
        """φ'(z) of the hidden layers."""
        return np.asarray(self.phi.d_phi(NUMPY, z, a))

    def d_phi_at(self, z: Floats) -> Floats:
        """The same at any z, with a = φ(z)."""
        return self.d_phi(z, self.phi.phi(NUMPY, z))

    def back(self, L: int) -> Floats:
        """(W^{L+1})ᵀ δ^{L+1}."""
        return np.asarray(self.delta[L + 1] @ self.W[L + 1])


Term: TypeAlias = Callable[[State, int], Floats]
"""The value of an equation at layer L."""

RIGHT: dict[str, Term] = {
    "F1": lambda s, L: affine(s.a[L - 1], s.W[L], s.b[L]),
    "F2": lambda s, L: s.phi.phi(NUMPY, s.z[L]),
    "H": lambda s, L: s.head.predict(NUMPY, s.z[L]),
    "B1": lambda s, L: output_error(NUMPY, s.head, s.z[L], s.a[L], s.y, s.w),
    "B2": lambda s, L: hidden_error(NUMPY, s.phi, s.delta[L + 1], s.W[L + 1], s.z[L], s.a[L]),
    "B3": lambda s, L: weight_gradient(s.delta[L], s.a[L - 1]),
    "B4": lambda s, L: bias_gradient(NUMPY, s.delta[L]),
}
Terms: TypeAlias = Mapping[tuple[str, int], Term]
NO_CHANGE: Terms = {}


def run(trial: Trial, model: Model, scale: float, changed: Terms = NO_CHANGE) -> State:
    """One pass, forward and back, with the terms of ``changed`` in the place of the shipped ones.

    ``scale`` is the weight of each sample: 1/N for the mean, 1 for the sum.
    """
    s = State(trial, model, scale)

    def value(slot: str, L: int) -> Floats:
        return changed.get((slot, L), RIGHT[slot])(s, L)

    with np.errstate(all="ignore"):
        for L in range(1, s.H + 1):
            s.z[L] = value("F1", L)
            s.a[L] = value("H" if L == s.H else "F2", L)
        for L in range(s.H, 0, -1):
            s.delta[L] = value("B1" if L == s.H else "B2", L)
            s.dW[L] = value("B3", L)
            s.db[L] = value("B4", L)
    return s


def below(s: State) -> State:
    """The state with every δ known, for terms that look at a layer not yet reached."""
    for L in range(min(s.delta) - 1, 0, -1):
        s.delta[L] = RIGHT["B2"](s, L)
    return s
