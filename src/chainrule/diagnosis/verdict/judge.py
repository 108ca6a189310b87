"""The verdict: is the gradient right, of which loss; if not, which mistakes reproduce it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from time import monotonic

from chainrule.diagnosis.asking.observe import Answer, Findings
from chainrule.diagnosis.asking.observed import fit_of
from chainrule.diagnosis.catalogue.activations import KNOWN
from chainrule.diagnosis.catalogue.models import Model
from chainrule.diagnosis.verdict.candidates import candidates, to_explain, with_thresholds, without_penalty
from chainrule.diagnosis.verdict.explaining import (
    MOST_LAYOUTS,
    explained_in_turn,
    likely,
    nearest,
    scales_meant,
)
from chainrule.diagnosis.verdict.intended import Options
from chainrule.diagnosis.verdict.own_loss import Constant, constant_of, is_right, judging
from chainrule.diagnosis.verdict.parts import Candidate, Part, Verdict
from chainrule.diagnosis.verdict.penalties import penalty_in
from chainrule.diagnosis.verdict.rate_inside import divided
from chainrule.diagnosis.verdict.rows import rows_by_slope, rows_of
from chainrule.diagnosis.verdict.search import agreement
from chainrule.files.texts import said

SEARCH_SECONDS = 4.0
"""For all explanations together, so that the command ends within 12 seconds on a busy machine."""


OTHER_SIGN = (["B1 sign"], ["ALL sign"])


ADDS = re.compile(
    r"(?i)^\s*(self\.)?\w*(w|b|weights?|bias(es)?|theta|syn\w*)\d*(\[[^\]]*\])*\s*(\+=|=\s*[^-\n]*\+)"
    r"[^-\n]*\b(\w*lr|eta|alpha|\w*rate)\b"
)
"""A line that adds a learning rate times something to parameters."""


def judge(findings: Findings, options: Options) -> Verdict:
    """Judge the gradients, and the update where those are right.

    Where the gradients are wrong, and the update made of them is right, it is the update that counts.
    """
    until = monotonic() + SEARCH_SECONDS
    gradients, updates = (
        [answer for answer in findings.answers if answer.update is update] for update in (False, True)
    )
    if not gradients:
        part = _best(updates, options, findings, until) if updates else None
        if part is not None and part.answer.watched and not part.right and not part.explanations:
            reason = said("diagnosis/verdict/words.toml", "not_understood")
            return Verdict(findings._replace(misfit=reason), ())
        return Verdict(findings, (part,) if part is not None else ())
    first = _best(gradients, options, findings, until)
    if first.right:
        rest = (_best(updates, options, findings, until),) if updates else ()
        return Verdict(findings, (first, *rest))
    after = _right_one(candidates(updates, options, findings.text), options, findings) if updates else None
    if after is not None:
        return Verdict(findings, (after,), first)
    if not updates and is_added(first, findings.text) is not None:
        return Verdict(findings, (_turned(first),), first)
    return Verdict(findings, (first,))


def _turned(part: Part) -> Part:
    """The part with the sign that the step gives it."""
    answer = divided(part.answer, Constant(-1.0))
    rows = rows_of(answer, part.model, part.scale)
    return part._replace(answer=answer, right=True, rows=rows, explanations=(), equations=())


def is_added(part: Part, text: str) -> tuple[int, str] | None:
    """The line that adds what is −∂J/∂θ to the parameters, if the sign is all that is wrong."""
    if not part.explanations or [one.mistake.key for one in part.explanations[0].mistakes] not in OTHER_SIGN:
        return None
    lines = enumerate(text.splitlines(), 1)
    return next(((number, line.strip()) for number, line in lines if ADDS.search(line)), None)


def _best(answers: Sequence[Answer], options: Options, findings: Findings, until: float) -> Part:
    """The part in the user's favour: right in some layout, otherwise explained by the fewest mistakes.

    The program's own loss is the judge. What the user states by an option outranks it, if that explains the
    numbers.
    """
    found = candidates(answers, options, findings.text)
    right = _right_one(found, options, findings)
    if right is not None and not _may_be_explained(right, options):
        return right
    deep = right is None
    explained = explained_in_turn(to_explain(found)[:MOST_LAYOUTS], until, findings.text, deep)
    best = min(explained, key=lambda part: part.mistakes)
    return right if right is not None and not best.explanations else best


def _right_one(found: Sequence[Candidate], options: Options, findings: Findings) -> Part | None:
    """The first candidate that is right, by the equations or by the slope of a loss."""
    exact = [one for one in found if one.answer.exact and not one.unsummed]
    for one in exact:
        part = _right(one, options)
        if part is not None:
            return part
    by_slope = next((part for one in exact for part in _by_slope(one, findings.own_widths)), None)
    if by_slope is not None:
        return by_slope
    penalised = (one for one in map(without_penalty, exact) if one.penalty is not None)
    others = (*penalised, *(with_thresholds(one) for one in exact if one.answer.observed[0].output is None))
    return next((part for one in others if (part := _right(one, options)) is not None), None)


def _may_be_explained(part: Part, options: Options) -> bool:
    """Whether a slope is no last word: of a loss that is only known, or another than the one stated.

    Or the gradient may be divided by N once too often.
    """
    if part.slope is None or part.constant is None:
        return False
    stated = options.output is not None or options.loss is not None
    return stated or not part.slope.is_own or part.constant.of_N < 0


def _by_slope(candidate: Candidate, own_widths: bool) -> Iterator[Part]:
    """The part as right, if its gradient is a constant times the slope of the loss that judges."""
    answer, meant = candidate.answer, candidate.intended
    slope = judging(answer, meant)
    constant = constant_of(slope, answer) if slope is not None else None
    if slope is None or constant is None or not is_right(constant, answer, meant, own_widths):
        return
    few = likely(answer, meant)[:1] or list(meant.models[:1])
    model, scale = nearest(answer, few)
    rows = rows_by_slope(answer, slope)
    penalty = penalty_in(answer, meant.models) if meant.forward_known else None
    yield Part(answer, meant, True, model, scale, rows, slope=slope, constant=constant, penalty=penalty)


def _right(candidate: Candidate, options: Options) -> Part | None:
    """The part as right, if some model that may be meant has these gradients."""
    answer, meant, rate = candidate.answer, candidate.intended, candidate.rate
    every, fit = (*meant.models, *meant.logits), fit_of(answer.observed)
    if not meant.forward_known and options.hidden is None:
        names = [m.hidden for m in meant.models] + list(KNOWN)
        heads = dict.fromkeys((m.output, m.loss) for m in meant.models)
        every = tuple(Model(hidden, *pair) for pair in heads for hidden in dict.fromkeys(names))
    for model in every:
        for scale in scales_meant(meant, model):
            if agreement(answer.observed, model, scale, {}, fit) <= fit:
                rows = rows_of(answer, model, scale)
                return Part(answer, meant, True, model, scale, rows, constant=rate, penalty=candidate.penalty)
    return None
