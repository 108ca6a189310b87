"""A penalty on the parameters, λ₂/2 ‖θ‖² + λ₁ ‖θ‖₁ (P1, P2), seen in gradients as λ₂ θ + λ₁ sign θ."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from chainrule.diagnosis.asking.observe import Answer
from chainrule.diagnosis.asking.observed import FIT, Observed, fit_of, relative_error
from chainrule.diagnosis.catalogue.models import Model
from chainrule.diagnosis.catalogue.scales import Scale, scales_of
from chainrule.diagnosis.verdict.search import attempt
from chainrule.model.validate import Floats

ENOUGH, NETWORKS = 4, 3
"""Entries that a matrix must have, so that no other difference is a penalty by accident; networks asked."""


class Penalty(NamedTuple):
    """λ₂ and λ₁; ``of_N``: as λ/N; ``on_biases``: on the biases too."""

    squares: float
    sizes: float
    of_N: bool = False
    on_biases: bool = False

    def slope(self, theta: Floats, N: int) -> Floats:
        """Its part of the gradient."""
        return np.asarray(self.squares * theta + self.sizes * np.sign(theta)) / (N if self.of_N else 1)

    def __str__(self) -> str:
        over = "/N" if self.of_N else ""
        parts = ((self.squares, "λ{} ‖θ‖²/2 with λ = {:.6g}"), (self.sizes, "λ{} ‖θ‖₁ with λ = {:.6g}"))
        return " and ".join(text.format(over, value) for value, text in parts if value)


def penalty_in(answer: Answer, models: Sequence[Model]) -> Penalty | None:
    """The penalty by which the matrices of a layer, at least, differ from the right ones on all networks."""
    seen = answer.observed[:NETWORKS]
    if len(seen) < 2 or fit_of(seen) > FIT:
        return None
    votes = Counter(
        p for model in models for scale in scales_of(model) for p in _penalties(seen, model, scale)
    )
    return votes.most_common(1)[0][0] if votes else None


def _penalties(seen: Sequence[Observed], model: Model, scale: Scale) -> Iterator[Penalty]:
    """That of each layer which has one."""
    right = [s for s in (attempt(one, model, scale, {}) for one in seen) if s is not None]
    if len(right) < len(seen):
        return
    pairs = list(zip(seen, right, strict=True))
    for L in right[0].W:
        first = between(seen[0].dW[L - 1], right[0].dW[L], right[0].W[L])
        for of_N in (False, True) if first is not None else ():
            penalty = _rounded(first, right[0].N, of_N)
            if all(_is(penalty, one.dW[L - 1], s.dW[L], s.W[L], s.N) for one, s in pairs):
                on_biases = all(_is(penalty, one.db[L - 1], s.db[L], s.b[L], s.N) for one, s in pairs)
                yield penalty._replace(on_biases=on_biases)
                break


def between(theirs: Floats, ours: Floats, W: Floats, fit: float = FIT) -> tuple[float, float] | None:
    """λ₂ and λ₁, if λ₂ W + λ₁ sign W is the difference of two gradients; nothing where there is none."""
    if np.shape(theirs) != np.shape(ours) or relative_error(theirs, ours) < fit:
        return None
    columns = np.stack([W.reshape(-1), np.sign(W).reshape(-1)], axis=1)
    rest = (theirs - ours).reshape(-1)
    for chosen in ([0], [1], [0, 1]):
        if W.size < ENOUGH * len(chosen) or not np.isfinite(rest).all():
            continue
        found = np.linalg.lstsq(columns[:, chosen], rest)[0]
        if relative_error(columns[:, chosen] @ found, rest) < fit and (found > 0).all():
            both = dict(zip(chosen, map(float, found), strict=True))
            return both.get(0, 0.0), both.get(1, 0.0)
    return None


def _rounded(found: tuple[float, float] | None, N: int, of_N: bool) -> Penalty:
    assert found is not None
    squares, sizes = (float(f"{value * (N if of_N else 1):.7g}") for value in found)
    return Penalty(squares, sizes, of_N)


def _is(penalty: Penalty, theirs: Floats | None, ours: Floats, theta: Floats, N: int) -> bool:
    return theirs is not None and relative_error(theirs, ours + penalty.slope(theta, N)) <= FIT


def without(answer: Answer, penalty: Penalty) -> Answer:
    """The answer without the penalty's part."""

    def less(one: Observed) -> Observed:
        layers, N = list(one.trial.params), one.trial.N
        dW = tuple(g - penalty.slope(layer.W, N) for g, layer in zip(one.dW, layers, strict=True))
        if not penalty.on_biases:
            return one._replace(dW=dW)
        db = tuple(
            None if g is None else g - penalty.slope(layer.b, N)
            for g, layer in zip(one.db, layers, strict=True)
        )
        return one._replace(dW=dW, db=db)

    alone = None if answer.alone is None or not _fits(answer.alone) else less(answer.alone)
    return answer._replace(observed=tuple(map(less, answer.observed)), alone=alone)


def _fits(one: Observed) -> bool:
    return all(g.shape == layer.W.shape for g, layer in zip(one.dW, one.trial.params, strict=True))
