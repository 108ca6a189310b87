"""The answers of a program as candidates, and what may be in their numbers besides: a rate, a penalty, −b."""

from __future__ import annotations

from collections.abc import Sequence

from chainrule.diagnosis.asking.observe import Answer
from chainrule.diagnosis.asking.observed import FIT, Observed, relative_error
from chainrule.diagnosis.catalogue.scales import MEAN
from chainrule.diagnosis.verdict.intended import Intended, Options, intended
from chainrule.diagnosis.verdict.parts import Candidate
from chainrule.diagnosis.verdict.penalties import penalty_in, without
from chainrule.diagnosis.verdict.rate_inside import divided, rate_inside
from chainrule.diagnosis.verdict.search import attempt

THRESHOLDS = "thresholds"


def candidates(answers: Sequence[Answer], options: Options, text: str) -> list[Candidate]:
    """The answers to judge: what takes whole batches is judged on batches."""
    whole = [one for one in answers if one.exact and not one.layout.single]
    found = []
    for one in whole or answers:
        meant = intended(one.observed, options, text)
        rate = rate_inside(one, meant.models, text) if one.exact else None
        unsummed = one.exact and _is_unsummed(one, meant, answers)
        found.append(Candidate(one if rate is None else divided(one, rate), meant, unsummed, rate))
    return found


def to_explain(candidates: list[Candidate]) -> list[Candidate]:
    """The answers to explain: those with the shapes of the parameters, otherwise those to batches."""
    exact = [one for one in candidates if one.answer.exact]
    if exact and not any(one.unsummed for one in exact):
        return exact
    return [one for one in candidates if not one.answer.layout.single] or candidates


def _is_unsummed(answer: Answer, meant: Intended, answers: Sequence[Answer]) -> bool:
    """Whether the code takes batches, dividing dW by their size, though db keeps a row for every sample."""
    if not answer.layout.single:
        return False
    for other in answers:
        one = other.observed[0]
        summed = [db is not None and db.ndim == 1 and db.any() for db in one.db]
        if other.exact or other.layout.single or all(summed):
            continue
        if any(summed):
            return True
        for model in meant.models:
            s = attempt(one, model, MEAN, {})
            if s is not None and relative_error(one.dW[-1], s.dW[s.H]) < FIT:
                return True
    return False


def without_penalty(candidate: Candidate) -> Candidate:
    """The candidate without the penalty that its numbers have, if they have one."""
    penalty = penalty_in(candidate.answer, (*candidate.intended.models, *candidate.intended.logits))
    return (
        candidate
        if penalty is None
        else candidate._replace(answer=without(candidate.answer, penalty), penalty=penalty)
    )


def with_thresholds(candidate: Candidate) -> Candidate:
    """The candidate with biases that are subtracted, z = W a − b: they are −b of ours."""

    def turned(one: Observed) -> Observed:
        params = one.trial.params.map(lambda layer: layer._replace(b=-layer.b))
        db = tuple(None if g is None else -g for g in one.db)
        return one._replace(trial=one.trial._replace(params=params), db=db)

    answer = candidate.answer
    observed = tuple(map(turned, answer.observed))
    return candidate._replace(answer=answer._replace(observed=observed, notes=(*answer.notes, THRESHOLDS)))
