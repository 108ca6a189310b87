"""Each equation by itself, fed with the user's own δ from the layer above: for one sample δ^L is db^L.

So the equations that hold are told from those that do not, however many mistakes there are.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice, product
from math import inf
from time import monotonic
from typing import NamedTuple

from chainrule.diagnosis.asking.observe import Answer
from chainrule.diagnosis.asking.observed import FIT, Observed, relative_error
from chainrule.diagnosis.catalogue.backprop import State, Term
from chainrule.diagnosis.catalogue.known import candidates
from chainrule.diagnosis.catalogue.mistakes import Applied, terms
from chainrule.diagnosis.catalogue.models import Model
from chainrule.diagnosis.catalogue.scales import SUM, Scale
from chainrule.diagnosis.verdict.search import Explanation, agreement, attempt
from chainrule.model.validate import Floats

MOST_COMBINATIONS = 400


class EquationVerdict(NamedTuple):
    """Whether an equation holds at a layer, given the user's own δ of the layer above."""

    tag: str
    layer: int
    right: bool
    error: float


def given(seen: Observed, above: int) -> dict[tuple[str, int], Term]:
    """Terms that take every δ^L with L > ``above`` from the user's db."""
    H = seen.trial.params.last
    return {("B1" if L == H else "B2", L): _constant(seen.db[L - 1]) for L in range(above + 1, H + 1)}


def _constant(db: Floats | None) -> Term:
    assert db is not None  # a network without biases is not asked
    return lambda s, L: db.reshape(1, -1)


def equation_by_equation(seen: Observed, model: Model) -> tuple[EquationVerdict, ...]:
    """B1, then B2 of every layer, and B3 with B4, from one sample."""
    H = seen.trial.params.last
    found = []
    for L in range(H, 0, -1):
        s = attempt(seen, model, SUM, given(seen, L))
        error = 1.0 if s is None else _delta_error(seen, s, L)
        found.append(EquationVerdict("B1" if L == H else "B2", L, error <= FIT, error))
        s = attempt(seen, model, SUM, given(seen, L - 1))
        error = 1.0 if s is None else relative_error(seen.dW[L - 1], s.dW[L])
        found.append(EquationVerdict("B3", L, error <= FIT, error))
    return tuple(found)


def combined(
    answer: Answer, models: Sequence[Model], scales: Sequence[Scale], until: float = inf
) -> list[Explanation]:
    """Explanations by one mistake in each equation that does not hold, however many those are."""
    if answer.alone is None or any(db is None for db in answer.alone.db):
        return []
    for model in models:
        broken = [v for v in equation_by_equation(answer.alone, model) if not v.right]
        choices = [_mistakes(answer.alone, model, v, answer.update) for v in broken]
        if not broken or not all(choices):
            continue
        for chosen in islice(product(*choices), MOST_COMBINATIONS):
            for scale in scales:
                if monotonic() > until:
                    return []
                error = agreement(answer.observed, model, scale, terms(chosen), FIT)
                if error <= FIT:
                    return [Explanation(model, scale, _merged(chosen), error, len(answer.observed))]
    return []


def _mistakes(seen: Observed, model: Model, broken: EquationVerdict, updates: bool) -> list[Applied]:
    """Single mistakes at that place that give the user's numbers there."""
    H, L = seen.trial.params.last, broken.layer
    own = given(seen, L if broken.tag != "B3" else L - 1)
    found = []
    for one in dict.fromkeys(Applied(c.mistake, (L,)) for c in candidates(model, H, updates)):
        if one.mistake.slots != (broken.tag,):
            continue
        s = attempt(seen, model, SUM, {**own, **terms([one])})
        if s is not None and _agrees(seen, s, broken):
            found.append(one)
    return found


def _agrees(seen: Observed, s: State, broken: EquationVerdict) -> bool:
    L = broken.layer
    if broken.tag == "B3":
        return relative_error(seen.dW[L - 1], s.dW[L]) <= FIT
    return _delta_error(seen, s, L) <= FIT


def _delta_error(seen: Observed, s: State, L: int) -> float:
    db = seen.db[L - 1]
    return 1.0 if db is None else relative_error(db.reshape(-1), s.delta[L].reshape(-1))


def _merged(chosen: Sequence[Applied]) -> tuple[Applied, ...]:
    """The same mistake at several layers as one."""
    layers: dict[str, list[int]] = {}
    for one in chosen:
        layers.setdefault(one.mistake.key, []).extend(one.layers)
    kept = {one.mistake.key: one.mistake for one in chosen}
    return tuple(Applied(kept[key], tuple(sorted(places))) for key, places in layers.items())
