"""Updates that change the parameters after every sample of a batch: as if each were a batch by itself."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from chainrule.diagnosis.asking.observed import Observed, relative_error
from chainrule.diagnosis.catalogue.backprop import Trial
from chainrule.types import ByLayer, Layer, Params

SAME = 1e-9


def is_one_by_one(ask: Callable[[Trial], Observed], whole: Observed, rate_inside: bool) -> bool:
    """Whether one call with a batch does what calls with each of its samples do, one after the other.

    ``ask`` makes one update and reads the gradient off it; with a rate divided by N, if need be.
    """
    if whole.trial.N == 1:
        return False
    rates = (1.0,) if rate_inside else (1.0, 1 / whole.trial.N)
    return any(_is_same(ask, whole, rate_inside, rate) for rate in rates)


def _is_same(ask: Callable[[Trial], Observed], whole: Observed, rate_inside: bool, rate: float) -> bool:
    one = whole.trial._replace(eta=whole.trial.eta * rate)
    after = stepped(whole.trial.params, whole, 1.0 if rate_inside else whole.trial.eta)
    now = one.params
    try:
        for i in range(one.N):
            seen = ask(one._replace(params=now, x=one.x[i : i + 1], y=one.y[i : i + 1]))
            now = stepped(now, seen, 1.0 if rate_inside else one.eta)
    except (Exception, SystemExit):
        return False
    pairs = zip(one.params, after, now, strict=True)
    return all(
        relative_error(a - before, b - before) < SAME
        for layers in pairs
        for before, a, b in zip(*layers, strict=True)
    )


def stepped(params: Params, seen: Observed, eta: float) -> Params:
    """The parameters after a step along the gradients that were read off."""
    layers = [
        Layer(layer.W - eta * dW, layer.b - eta * (np.zeros_like(layer.b) if db is None else db))
        for layer, dW, db in zip(params, seen.dW, seen.db, strict=True)
    ]
    return ByLayer(layers)
