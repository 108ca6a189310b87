"""Wrong numbers explained: the mistakes that reproduce them, the likeliest first."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from itertools import product
from time import monotonic

from chainrule.diagnosis.asking.observe import Answer
from chainrule.diagnosis.asking.observed import fit_of
from chainrule.diagnosis.catalogue.mistakes import Family
from chainrule.diagnosis.catalogue.models import Model
from chainrule.diagnosis.catalogue.scales import MEAN, SUM, Scale, scales_of
from chainrule.diagnosis.verdict.candidates import without_penalty
from chainrule.diagnosis.verdict.equationwise import EquationVerdict, combined, equation_by_equation
from chainrule.diagnosis.verdict.intended import Intended
from chainrule.diagnosis.verdict.parts import Candidate, Part
from chainrule.diagnosis.verdict.rows import rows_of
from chainrule.diagnosis.verdict.search import Explanation, pairs, singles

MOST_LAYOUTS, MOST_MODELS, MODELS_OF_PAIRS = 3, 12, 3


def explained_in_turn(candidates: Sequence[Candidate], until: float, text: str, deep: bool) -> Iterator[Part]:
    """The parts as wrong, until time is up or a single mistake explains one."""
    for count, one in enumerate(map(without_penalty, candidates)):
        if count and monotonic() > until:
            return
        part = _explained(one.answer, one.intended, until, text, deep)
        part = part._replace(constant=one.rate, penalty=one.penalty)
        yield part
        if part.mistakes == 1:
            return


def _explained(answer: Answer, meant: Intended, until: float, text: str, deep: bool) -> Part:
    """The part as wrong, with the explanations found, the likeliest first; ``deep``: by several too."""
    possible = likely(answer, meant)
    equations = _equations(answer, possible)
    found = _by_one(answer, meant, possible, until)
    if deep and not found:
        found = combined(answer, possible, (MEAN, SUM), until) or _by_two(answer, meant, possible, until)
    found = sorted(found, key=lambda e: [criterion(e, answer, text) for criterion in CRITERIA])
    model, scale = (found[0].model, found[0].scale) if found else nearest(answer, possible)
    rows = rows_of(answer, model, scale)
    return Part(answer, meant, False, model, scale, rows, tuple(found), equations)


def _by_one(answer: Answer, meant: Intended, possible: Sequence[Model], until: float) -> list[Explanation]:
    """Explanations by one mistake in the first model that has any."""
    for model in possible:
        scales = [s for s in scales_meant(meant, model) if not (answer.layout.single and s == SUM)]
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


def likely(answer: Answer, meant: Intended) -> list[Model]:
    """The models, those that make most tensors right first."""
    few = _on_two_networks(answer)
    scored = [
        (-max(_tensors_right(few, model, scale) for scale in scales_of(model)), place, model)
        for place, model in enumerate(meant.models)
    ]
    return [model for *_, model in sorted(scored)[:MOST_MODELS]]


def nearest(answer: Answer, possible: Sequence[Model]) -> tuple[Model, Scale]:
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


def scales_meant(meant: Intended, model: Model) -> tuple[Scale, ...]:
    """The factors that are no mistake: with a loss that gives numbers its own, as a mean or as a sum."""
    own = meant.scale
    if own is None:
        return scales_of(model)
    return tuple(dict.fromkeys((own, *(s for s in scales_of(model) if s.differs_by_samples_alone(own)))))
