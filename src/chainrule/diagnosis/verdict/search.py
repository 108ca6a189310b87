"""Which mistakes reproduce somebody's gradients: singly, then in pairs, on every random network.

A candidate is tried on one network, and those that pass there on all the others. It is kept only if it
agrees everywhere to `FIT`, which for a wrong explanation of random numbers does not happen by chance.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations
from math import inf
from time import monotonic
from typing import NamedTuple, TypeAlias

import numpy as np

from chainrule.diagnosis.asking.observed import FIT, Observed, relative_error
from chainrule.diagnosis.catalogue.backprop import State, Terms, run
from chainrule.diagnosis.catalogue.known import candidates
from chainrule.diagnosis.catalogue.mistakes import Applied, terms
from chainrule.diagnosis.catalogue.models import Model
from chainrule.diagnosis.catalogue.scales import Scale

NOTHING = 1e-9
"""A sum of errors less than this, beside the largest of them, is 0: softmax's cancel but for rounding."""
Pair: TypeAlias = tuple[Applied, Applied]


class Explanation(NamedTuple):
    """Mistakes that together reproduce every gradient, and the largest relative difference left."""

    model: Model
    scale: Scale
    mistakes: tuple[Applied, ...]
    error: float
    networks: int


def attempt(seen: Observed, model: Model, scale: Scale, changed: Terms) -> State | None:
    """The pass with these terms, or nothing where the shapes do not allow it."""
    K = seen.trial.y.shape[1]
    try:
        return run(seen.trial, model, scale.of(seen.trial.N, K), changed)
    except (ValueError, IndexError):
        return None


def errors(seen: Observed, model: Model, scale: Scale, changed: Terms) -> Iterator[float]:
    """The relative error of every tensor, output layer first; 1 where the shapes do not allow the pass."""
    s = attempt(seen, model, scale, changed)
    if s is None:
        yield 1.0
        return
    for L in range(s.H, 0, -1):
        nothing = NOTHING * float(np.abs(s.delta[L]).max(initial=0))
        yield relative_error(seen.dW[L - 1], s.dW[L])
        yield relative_error(seen.db[L - 1], s.db[L], nothing)


def agreement(all_seen: Sequence[Observed], model: Model, scale: Scale, changed: Terms, fit: float) -> float:
    """The largest relative error over all networks; the first above ``fit`` ends the search for a larger."""
    worst = 0.0
    for seen in all_seen:
        for error in errors(seen, model, scale, changed):
            worst = max(worst, error)
            if worst > fit:
                return worst
    return worst


def singles(
    seen: Sequence[Observed],
    models: Sequence[Model],
    scales: Sequence[Scale],
    updates: bool,
    fit: float = FIT,
    until: float = inf,
) -> list[Explanation]:
    """Explanations by one mistake, in the order of the catalogue. ``until``: when to stop, as for pairs."""
    H = seen[0].trial.params.last
    found: list[Explanation] = []
    for model in models:
        for scale in scales:
            if monotonic() > until:
                return found
            for one in candidates(model, H, updates):
                error = agreement(seen, model, scale, terms([one]), fit)
                if error <= fit and _does_something(seen, model, scale, one):
                    found.append(Explanation(model, scale, (one,), error, len(seen)))
    return found


def pairs(
    seen: Sequence[Observed],
    model: Model,
    scale: Scale,
    updates: bool,
    until: float,
    fit: float = FIT,
    likely: bool = False,
) -> list[Explanation]:
    """Explanations by two mistakes, or by ``likely`` twos alone.

    ``until``: a time of the monotonic clock at which to stop.
    """
    H = seen[0].trial.params.last
    useful = tuple(one for one in candidates(model, H, updates) if _does_something(seen, model, scale, one))
    found = []
    akin, others = _pairs_in_order(useful)
    for count, pair in enumerate(akin if likely else others):
        if count % 32 == 0 and monotonic() > until:
            break
        if same_place(*pair):
            continue
        error = agreement(seen, model, scale, terms(pair), fit)
        if error <= fit:
            found.append(Explanation(model, scale, pair, error, len(seen)))
    return found


def _pairs_in_order(useful: Sequence[Applied]) -> tuple[list[Pair], list[Pair]]:
    """The same slip in W and in b, or everywhere, and then all other pairs."""
    likely: list[Pair] = []
    others: list[Pair] = []
    for one, other in combinations(useful, 2):
        same = one.mistake.slip == other.mistake.slip and len(one.mistake.slots) == len(other.mistake.slots)
        everywhere = len(one.layers) == len(other.layers) == 1 or one.layers == other.layers
        (likely if same and everywhere else others).append((one, other))
    return likely, others


def same_place(one: Applied, other: Applied) -> bool:
    """Whether both put a term of their own into the same place, where only one of them would count."""
    if one.mistake.change.wraps or other.mistake.change.wraps:
        return one.mistake.key == other.mistake.key
    return bool(set(one.mistake.slots) & set(other.mistake.slots)) and bool(
        set(one.layers) & set(other.layers)
    )


def _does_something(seen: Sequence[Observed], model: Model, scale: Scale, one: Applied) -> bool:
    """Whether a mistake changes a gradient of one of the networks: some show beyond a kink alone."""
    return any(_changes(each, model, scale, one) for each in seen)


def _changes(seen: Observed, model: Model, scale: Scale, one: Applied) -> bool:
    right, wrong = attempt(seen, model, scale, {}), attempt(seen, model, scale, terms([one]))
    if right is None or wrong is None:
        return False
    every = [(right.dW, wrong.dW), (right.db, wrong.db)]
    return any(relative_error(w[L], r[L]) > FIT for r, w in every for L in r)
