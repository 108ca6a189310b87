"""A learning rate inside of the numbers: the constant that most tensors differ by from the right ones."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from chainrule.diagnosis.asking.observe import Answer
from chainrule.diagnosis.asking.observed import Observed, ratio
from chainrule.diagnosis.catalogue.models import Model
from chainrule.diagnosis.catalogue.scales import MEAN, SUM, Scale
from chainrule.diagnosis.verdict.own_loss import Constant
from chainrule.diagnosis.verdict.search import attempt

NETWORKS, SAME = 3, 1e-6
KEEPS = "keeps a state"
RATES = re.compile(
    r"(?i)\b\w*(?:lr|eta|alpha|rate|step_?size)\w*\s*(?::\s*\w+\s*)?=\s*(\d*\.?\d+(?:e-?\d+)?)"
)
NUMBERS = re.compile(r"(?<![\w.])\d*\.\d+(?:e-?\d+)?(?![\w.])|(?<![\w.])\d+e-\d+")


def rate_inside(answer: Answer, models: Sequence[Model], text: str) -> Constant | None:
    """The learning rate inside, or nothing.

    Of an update that was given none it is whatever most tensors agree on; of a gradient one that the file
    states, or that of the object.
    """
    stated = {float(number) for number in RATES.findall(text)}
    numbers = {float(number) for number in NUMBERS.findall(text)} | stated
    best, most = None, (0, False)
    for constant, votes in _voted(answer, models):
        said = any(abs(constant.value - number) < SAME * number for number in numbers)
        if constant.is_one and not votes < most[0]:
            best, most = None, (votes, True)  # what has no rate inside needs none
        elif not constant.is_one and _may_be(constant, answer, stated) and (votes, said) > most:
            best, most = constant, (votes, said)
    return best if best is None or most > (1, False) else None


def _may_be(constant: Constant, answer: Answer, stated: set[float]) -> bool:
    is_stated = any(abs(constant.value - number) < SAME * number for number in stated)
    if answer.rate_inside or KEEPS in answer.notes:  # a mean over steps begins with 1 − β times the first
        is_half = constant.value in (2, 0.5)  # of the square rather, whose ½ is kept or left out
        return not constant.of_eta and (is_stated or not is_half)
    return not answer.update and (is_stated if not constant.of_eta else constant.value == 1)


def _voted(answer: Answer, models: Sequence[Model]) -> Iterator[tuple[Constant, int]]:
    """Constants, with the number of tensors that differ by them from those of a model."""
    seen = answer.observed[:NETWORKS]
    for model in models:
        for scale in (MEAN, SUM):
            for of_eta in (0,) if answer.update else (0, 1):
                constants = _constants(seen, model, scale, of_eta)
                for value in dict.fromkeys(constants):
                    votes = sum(abs(value - other) < SAME * value for other in constants)
                    yield Constant(float(f"{value:.9g}"), 0, of_eta), votes


def _constants(seen: Sequence[Observed], model: Model, scale: Scale, of_eta: int) -> list[float]:
    """The absolute constants of the tensors that have one on all networks."""
    by_tensor: list[list[float]] = []
    for one in seen:
        s = attempt(one, model, scale, {})
        if s is None:
            return []
        pairs = [(g[L - 1], right[L]) for g, right in ((one.dW, s.dW), (one.db, s.db)) for L in right]
        by_tensor.append([abs(ratio(g, right) or 0) / one.trial.eta**of_eta for g, right in pairs])
    tensors = zip(*by_tensor, strict=True)
    return [all_of[0] for all_of in tensors if all_of[0] and max(all_of) - min(all_of) < SAME * all_of[0]]


def divided(answer: Answer, constant: Constant) -> Answer:
    """The answer without the rate."""

    def without(one: Observed) -> Observed:
        c = constant.at(one.trial.N, one.trial.eta)
        return one._replace(
            dW=tuple(g / c for g in one.dW), db=tuple(None if g is None else g / c for g in one.db)
        )

    return answer._replace(
        observed=tuple(map(without, answer.observed)),
        alone=None if answer.alone is None else without(answer.alone),
    )
