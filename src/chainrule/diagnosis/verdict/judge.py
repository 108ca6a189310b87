"""The verdict: is the gradient right, of which loss; if not, which mistakes reproduce it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from itertools import product
from time import monotonic
from typing import NamedTuple

from chainrule.diagnosis.asking.observe import Answer, Findings
from chainrule.diagnosis.asking.observed import FIT, Observed, fit_of, relative_error
from chainrule.diagnosis.asking.slopes import Slope
from chainrule.diagnosis.catalogue.activations import KNOWN
from chainrule.diagnosis.catalogue.mistakes import Family
from chainrule.diagnosis.catalogue.models import Model
from chainrule.diagnosis.catalogue.scales import MEAN, SUM, Scale, scales_of
from chainrule.diagnosis.verdict.equationwise import EquationVerdict, combined, equation_by_equation
from chainrule.diagnosis.verdict.intended import Intended, Options, intended
from chainrule.diagnosis.verdict.own_loss import Constant, constant_of, is_right, judging
from chainrule.diagnosis.verdict.penalties import Penalty, penalty_in, without
from chainrule.diagnosis.verdict.rate_inside import divided, rate_inside
from chainrule.diagnosis.verdict.rows import Row, rows_by_slope, rows_of
from chainrule.diagnosis.verdict.search import Explanation, agreement, attempt, pairs, singles

SEARCH_SECONDS = 4.0
"""For all explanations together, so that the command ends within 12 seconds on a busy machine."""
THRESHOLDS = "thresholds"
OTHER_SIGN = (["B1 sign"], ["ALL sign"])
ADDS = re.compile(
    r"(?i)^\s*(self\.)?\w*(w|b|weights?|bias(es)?|theta|syn\w*)\d*(\[[^\]]*\])*\s*(\+=|=\s*[^-\n]*\+)"
    r"[^-\n]*\b(\w*lr|eta|alpha|\w*rate)\b"
)
"""A line that adds a learning rate times something to parameters."""
MOST_LAYOUTS, MOST_MODELS, MODELS_OF_PAIRS = 3, 12, 3


class Part(NamedTuple):
    """What became of one form, the gradients or the update.

    ``slope``: that of the loss that judged it, which the gradient is ``constant`` times. Without one,
    ``constant`` is the learning rate inside that the numbers were divided by; ``penalty`` is in the numbers
    too.
    """

    answer: Answer
    intended: Intended
    right: bool
    model: Model
    scale: Scale
    rows: tuple[Row, ...]
    explanations: tuple[Explanation, ...] = ()
    equations: tuple[EquationVerdict, ...] = ()
    slope: Slope | None = None
    constant: Constant | None = None
    penalty: Penalty | None = None

    @property
    def error(self) -> float:
        """The largest relative error of all tensors."""
        return max(row.error for row in self.rows)

    @property
    def mistakes(self) -> float:
        """How many mistakes explain it; infinite where none do."""
        return len(self.explanations[0].mistakes) if self.explanations else float("inf")


class Verdict(NamedTuple):
    """The parts judged, the gradients before the update; nothing where the code could not be asked.

    ``made_good``: gradients that are wrong by themselves, as of the other sign, and right as the update uses
    them.
    """

    findings: Findings
    parts: tuple[Part, ...]
    made_good: Part | None = None

    @property
    def part(self) -> Part | None:
        """The first part that is wrong, otherwise the first."""
        wrong = [part for part in self.parts if not part.right]
        return wrong[0] if wrong else self.parts[0] if self.parts else None


def judge(findings: Findings, options: Options) -> Verdict:
    """Judge the gradients, and the update where those are right.

    Where the gradients are wrong, and the update made of them is right, it is the update that counts.
    """
    until = monotonic() + SEARCH_SECONDS
    gradients, updates = (
        [answer for answer in findings.answers if answer.update is update] for update in (False, True)
    )
    if not gradients:
        return Verdict(findings, (_best(updates, options, findings, until),) if updates else ())
    first = _best(gradients, options, findings, until)
    if first.right:
        rest = (_best(updates, options, findings, until),) if updates else ()
        return Verdict(findings, (first, *rest))
    after = _right_one(_candidates(updates, options, findings.text), options, findings) if updates else None
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


class Candidate(NamedTuple):
    """An answer in one layout, and the network that is meant.

    ``unsummed``: it fits one sample a call only since the code does not sum over the batches that it takes.
    ``rate``: the learning rate inside that its numbers have been divided by; ``penalty``: that on the
    parameters, whose part has been taken away.
    """

    answer: Answer
    intended: Intended
    unsummed: bool
    rate: Constant | None = None
    penalty: Penalty | None = None


def _best(answers: Sequence[Answer], options: Options, findings: Findings, until: float) -> Part:
    """The part in the user's favour: right in some layout, otherwise explained by the fewest mistakes.

    The program's own loss is the judge. What the user states by an option outranks it, if that explains the
    numbers.
    """
    candidates = _candidates(answers, options, findings.text)
    right = _right_one(candidates, options, findings)
    if right is not None and not _may_be_explained(right, options):
        return right
    deep = right is None
    explained = _explained_in_turn(_wrong(candidates)[:MOST_LAYOUTS], until, findings.text, deep)
    best = min(explained, key=lambda part: part.mistakes)
    return right if right is not None and not best.explanations else best


def _right_one(candidates: Sequence[Candidate], options: Options, findings: Findings) -> Part | None:
    """The first candidate that is right, by the equations or by the slope of a loss."""
    exact = [one for one in candidates if one.answer.exact and not one.unsummed]
    for one in exact:
        part = _right(one, options)
        if part is not None:
            return part
    by_slope = next((part for one in exact for part in _by_slope(one, findings.own_widths)), None)
    if by_slope is not None:
        return by_slope
    penalised = (one for one in map(_without_penalty, exact) if one.penalty is not None)
    others = (*penalised, *(_with_thresholds(one) for one in exact if one.answer.observed[0].output is None))
    return next((part for one in others if (part := _right(one, options)) is not None), None)


def _with_thresholds(candidate: Candidate) -> Candidate:
    """The candidate with biases that are subtracted, z = W a − b: they are −b of ours."""

    def turned(one: Observed) -> Observed:
        params = one.trial.params.map(lambda layer: layer._replace(b=-layer.b))
        db = tuple(None if g is None else -g for g in one.db)
        return one._replace(trial=one.trial._replace(params=params), db=db)

    answer = candidate.answer
    observed = tuple(map(turned, answer.observed))
    return candidate._replace(answer=answer._replace(observed=observed, notes=(*answer.notes, THRESHOLDS)))


def _without_penalty(candidate: Candidate) -> Candidate:
    """The candidate without the penalty that its numbers have, if they have one."""
    penalty = penalty_in(candidate.answer, (*candidate.intended.models, *candidate.intended.logits))
    return (
        candidate
        if penalty is None
        else candidate._replace(answer=without(candidate.answer, penalty), penalty=penalty)
    )


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
    few = _likely(answer, meant)[:1] or list(meant.models[:1])
    model, scale = _nearest(answer, few)
    rows = rows_by_slope(answer, slope)
    penalty = penalty_in(answer, meant.models) if meant.forward_known else None
    yield Part(answer, meant, True, model, scale, rows, slope=slope, constant=constant, penalty=penalty)


def _candidates(answers: Sequence[Answer], options: Options, text: str) -> list[Candidate]:
    """The answers to judge: what takes whole batches is judged on batches."""
    whole = [one for one in answers if one.exact and not one.layout.single]
    found = []
    for one in whole or answers:
        meant = intended(one.observed, options, text)
        rate = rate_inside(one, meant.models, text) if one.exact else None
        unsummed = one.exact and _is_unsummed(one, meant, answers)
        found.append(Candidate(one if rate is None else divided(one, rate), meant, unsummed, rate))
    return found


def _wrong(candidates: list[Candidate]) -> list[Candidate]:
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


def _right(candidate: Candidate, options: Options) -> Part | None:
    """The part as right, if some model that may be meant has these gradients."""
    answer, meant, rate = candidate.answer, candidate.intended, candidate.rate
    every, fit = (*meant.models, *meant.logits), fit_of(answer.observed)
    if not meant.forward_known and options.hidden is None:
        names = [m.hidden for m in meant.models] + list(KNOWN)
        heads = dict.fromkeys((m.output, m.loss) for m in meant.models)
        every = tuple(Model(hidden, *pair) for pair in heads for hidden in dict.fromkeys(names))
    for model in every:
        for scale in _scales(meant, model):
            if agreement(answer.observed, model, scale, {}, fit) <= fit:
                rows = rows_of(answer, model, scale)
                return Part(answer, meant, True, model, scale, rows, constant=rate, penalty=candidate.penalty)
    return None


def _scales(meant: Intended, model: Model) -> tuple[Scale, ...]:
    """The factors that are no mistake: with a loss that gives numbers its own, as a mean or as a sum."""
    own = meant.scale
    if own is None:
        return scales_of(model)
    return tuple(dict.fromkeys((own, *(s for s in scales_of(model) if s.differs_by_samples_alone(own)))))


def _explained_in_turn(
    candidates: Sequence[Candidate], until: float, text: str, deep: bool
) -> Iterator[Part]:
    """The parts as wrong, until time is up or a single mistake explains one."""
    for count, one in enumerate(map(_without_penalty, candidates)):
        if count and monotonic() > until:
            return
        part = _explained(one.answer, one.intended, until, text, deep)
        part = part._replace(constant=one.rate, penalty=one.penalty)
        yield part
        if part.mistakes == 1:
            return


def _explained(answer: Answer, meant: Intended, until: float, text: str, deep: bool) -> Part:
    """The part as wrong, with the explanations found, the likeliest first; ``deep``: by several too."""
    possible = _likely(answer, meant)
    equations = _equations(answer, possible)
    found = _by_one(answer, meant, possible, until)
    if deep and not found:
        found = combined(answer, possible, (MEAN, SUM), until) or _by_two(answer, meant, possible, until)
    found = sorted(found, key=lambda e: [criterion(e, answer, text) for criterion in CRITERIA])
    model, scale = (found[0].model, found[0].scale) if found else _nearest(answer, possible)
    rows = rows_of(answer, model, scale)
    return Part(answer, meant, False, model, scale, rows, tuple(found), equations)


def _by_one(answer: Answer, meant: Intended, possible: Sequence[Model], until: float) -> list[Explanation]:
    """Explanations by one mistake in the first model that has any."""
    for model in possible:
        scales = [s for s in _scales(meant, model) if not (answer.layout.single and s == SUM)]
        found = singles(answer.observed, [model], scales, answer.update, fit_of(answer.observed), until)
        if found or monotonic() > until:
            return found
    return []


def _by_two(answer: Answer, meant: Intended, possible: Sequence[Model], until: float) -> list[Explanation]:
    """Explanations by two mistakes: first the same slip twice in every model, then any two."""
    scales: tuple[Scale, ...] = (MEAN, SUM)
    if answer.layout.single or meant.scale is not None:
        scales = (meant.scale or MEAN,)
    for likely, model, scale in product((True, False), possible[:MODELS_OF_PAIRS], scales):
        if monotonic() > until:
            return []
        found = pairs(answer.observed, model, scale, answer.update, until, likely=likely)
        if found:
            return found
    return []


def number_of_mistakes(e: Explanation, answer: Answer, text: str) -> int:
    """One mistake is likelier than two that add up to the same numbers."""
    return len(e.mistakes)


def is_chance(e: Explanation, answer: Answer, text: str) -> bool:
    """Numbers that agree by the choice of widths or by rounding are seldom that mistake."""
    return _is_number_of_outputs(e) or _is_rounding(e, answer)


def evidence_against(e: Explanation, answer: Answer, text: str) -> int:
    """Of mistakes with the same numbers the program's text tells which: −1 for evidence, 1 for its lack."""
    asked = [one.mistake.evidence for one in e.mistakes if one.mistake.evidence]
    return sum(-1 if re.search(pattern, text) else 1 for pattern in asked)


Criterion = Callable[[Explanation, Answer, str], int]
CRITERIA: tuple[Criterion, ...] = (number_of_mistakes, is_chance, evidence_against)
"""What makes one explanation likelier than another, the weightiest first; less is likelier."""


def _is_number_of_outputs(e: Explanation) -> bool:
    """With two outputs a factor 2 is n_outputs where the loss is their mean."""
    return e.scale.over_outputs and e.mistakes[0].mistake.unlikely_over_outputs


def _is_rounding(e: Explanation, answer: Answer) -> bool:
    """What was never computed is 0, and not a number near it."""
    mistake, layers = e.mistakes[0]
    if mistake.family is not Family.ZERO:
        return False
    weights, L = mistake.slots[-1] == "B3", layers[0]
    given = [(one.dW if weights else one.db)[L - 1] for one in answer.observed]
    return any(g is not None and bool(g.any()) for g in given)


def _likely(answer: Answer, meant: Intended) -> list[Model]:
    """The models, those that make most tensors right first."""
    few = _on_two_networks(answer)
    scored = [
        (-max(_tensors_right(few, model, scale) for scale in scales_of(model)), place, model)
        for place, model in enumerate(meant.models)
    ]
    return [model for *_, model in sorted(scored)[:MOST_MODELS]]


def _nearest(answer: Answer, possible: Sequence[Model]) -> tuple[Model, Scale]:
    """The model and the factor that make most tensors right."""
    few = _on_two_networks(answer)
    tried = [(model, scale) for model in possible for scale in scales_of(model)]
    return max(tried, key=lambda pair: _tensors_right(few, *pair))


def _on_two_networks(answer: Answer) -> Answer:
    return answer._replace(observed=answer.observed[:2])


def _tensors_right(answer: Answer, model: Model, scale: Scale) -> int:
    return sum(row.right for row in rows_of(answer, model, scale))


def _equations(answer: Answer, possible: Sequence[Model]) -> tuple[EquationVerdict, ...]:
    """Each equation by itself, in the model in which most of them hold."""
    if answer.alone is None or not possible or any(db is None for db in answer.alone.db):
        return ()
    tried = [equation_by_equation(answer.alone, model) for model in possible]
    return max(tried, key=lambda verdicts: sum(v.right for v in verdicts))
