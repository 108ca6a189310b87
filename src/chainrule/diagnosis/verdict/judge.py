"""The verdict: is the gradient right, of which loss; if not, which mistakes reproduce it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import product
from time import monotonic
from typing import NamedTuple

import numpy as np

from chainrule.diagnosis.asking.observe import Findings, Seen
from chainrule.diagnosis.asking.observed import FIT, fit_of, relative_error
from chainrule.diagnosis.catalogue.activations import KNOWN
from chainrule.diagnosis.catalogue.models import Model
from chainrule.diagnosis.catalogue.scales import MEAN, SUM, Scale, scales_of
from chainrule.diagnosis.verdict.equationwise import EquationVerdict, combined, equation_by_equation
from chainrule.diagnosis.verdict.intended import Options, Stated, stated
from chainrule.diagnosis.verdict.search import Explanation, agreement, attempt, pairs, singles
from chainrule.model.validate import Floats

SEARCH_SECONDS = 4.0
"""For all explanations together, so that the command ends within 12 seconds on a busy machine."""


class Row(NamedTuple):
    """One tensor: its layer, "W" or "b", its largest relative error, and whether that is rounding."""

    layer: int
    tensor: str
    error: float
    right: bool
    shape: tuple[int, ...]
    ratio: float | None = None


class Part(NamedTuple):
    """What became of one form, the gradients or the update."""

    seen: Seen
    stated: Stated
    right: bool
    model: Model
    scale: Scale
    rows: tuple[Row, ...]
    explanations: tuple[Explanation, ...] = ()
    equations: tuple[EquationVerdict, ...] = ()
    searched: int = 0

    @property
    def error(self) -> float:
        """The largest relative error of all tensors."""
        return max(row.error for row in self.rows)


class Verdict(NamedTuple):
    """The parts judged, the gradients before the update; nothing where the code could not be asked."""

    findings: Findings
    parts: tuple[Part, ...]

    @property
    def part(self) -> Part | None:
        """The first part that is wrong, otherwise the first."""
        wrong = [part for part in self.parts if not part.right]
        return wrong[0] if wrong else self.parts[0] if self.parts else None


def judge(findings: Findings, options: Options) -> Verdict:
    """Judge the gradients, and the update where those are right."""
    parts = []
    until = monotonic() + SEARCH_SECONDS
    for update in (False, True):
        some = [seen for seen in findings.seen if seen.update == update]
        if not some:
            continue
        part = _best(some, options, findings.text, until)
        parts.append(part)
        if not part.right:
            break
    return Verdict(findings, tuple(parts))


def _best(some: Sequence[Seen], options: Options, text: str, until: float) -> Part:
    """The part in the user's favour: right in some layout, otherwise explained by the fewest mistakes."""
    meant = [(seen, stated(seen.observed, options, text)) for seen in some]
    whole = [pair for pair in meant if pair[0].exact and not pair[0].layout.single]
    meant = whole or meant  # what takes batches is judged on batches
    for seen, known in meant:
        part = _right(seen, known, options) if seen.exact else None
        if part is not None and not (seen.layout.single and _sums_are_missing(some, known)):
            return part
    wholes = [pair for pair in meant if pair[0].exact]
    if not wholes or any(seen.layout.single and _sums_are_missing(some, known) for seen, known in wholes):
        wholes = [pair for pair in meant if not pair[0].layout.single] or meant
    parts = []
    for count, (seen, known) in enumerate(wholes[:3]):
        if count and monotonic() > until:
            break
        part = _explained(seen, known, until, text)
        parts.append(part)
        if part.explanations and len(part.explanations[0].mistakes) == 1:
            break
    return min(parts, key=lambda part: len(part.explanations[0].mistakes) if part.explanations else 99)


def _sums_are_missing(some: Sequence[Seen], known: Stated) -> bool:
    """Whether the code takes batches, dividing dW by their size, though db keeps a row for every sample."""
    for seen in some:
        one = seen.observed[0]
        summed = [db is not None and db.ndim == 1 and db.any() for db in one.db]
        if seen.exact or seen.layout.single or all(summed):
            continue
        if any(summed):
            return True
        for model in known.models:
            s = attempt(one, model, MEAN, {})
            if s is not None and relative_error(one.dW[-1], s.dW[s.H]) < FIT:
                return True
    return False


def _right(seen: Seen, known: Stated, options: Options) -> Part | None:
    """The part as right, if some model that may be meant has these gradients."""
    every, fit = known.models, fit_of(seen.observed)
    if not known.forward_known and options.hidden is None:
        names = [m.hidden for m in known.models] + list(KNOWN)
        pairs_meant = dict.fromkeys((m.output, m.loss) for m in known.models)
        every = tuple(Model(hidden, *pair) for pair in pairs_meant for hidden in dict.fromkeys(names))
    for model in every:
        for scale in _scales(known, model, seen):
            if agreement(seen.observed, model, scale, {}, fit) <= fit:
                return Part(seen, known, True, model, scale, _rows(seen, model, scale))
    return None


def _scales(known: Stated, model: Model, seen: Seen) -> tuple[Scale, ...]:
    """The factors that are no mistake: with a loss that gives numbers its own, as a mean or as a sum."""
    if known.scale is None:
        return scales_of(model)
    own = known.scale
    twins = [own, *(s for s in scales_of(model) if _is_twin(s, own))]
    return tuple(dict.fromkeys(twins))


def _is_twin(one: Scale, other: Scale) -> bool:
    """Whether two scales differ by N alone."""
    ratios = [one.of(N, 3) / other.of(N, 3) for N in (5, 7)]
    return ratios in ([5.0, 7.0], [1.0, 1.0]) or bool(np.allclose(ratios, [1 / 5, 1 / 7]))


def _explained(seen: Seen, known: Stated, until: float, text: str) -> Part:
    """The part as wrong, with the explanations found."""
    possible = _likely(seen, known)
    searched = len(possible)
    single = seen.layout.single
    found: list[Explanation] = []
    for model in possible:
        scales = _scales(known, model, seen) if known.scale else scales_of(model)
        scales = tuple(s for s in scales if not (single and s is SUM))
        found = singles(seen.observed, [model], scales, seen.update, fit_of(seen.observed), until)
        if found:
            break
        if monotonic() > until:
            break
    equations = _equations(seen, known, possible)
    if not found:
        found = combined(seen, possible, (MEAN, SUM), until)
    scales = (known.scale or MEAN,) if single or known.scale is not None else (MEAN, SUM)
    for likely, model, scale in product((True, False), possible[:3], scales):
        if found or monotonic() > until:
            break
        found = pairs(seen.observed, model, scale, seen.update, until, likely=likely)
    found = sorted(found, key=lambda e: (len(e.mistakes), _is_lesser(e, seen), _unwritten(e, text)))
    model, scale = (found[0].model, found[0].scale) if found else _nearest(seen, possible)
    return Part(
        seen, known, False, model, scale, _rows(seen, model, scale), tuple(found), equations, searched
    )


def _is_lesser(e: Explanation, seen: Seen) -> bool:
    """Whether another explanation by the same numbers is likelier.

    With as many outputs as a factor says, n_outputs is the factor where the loss is their mean. And what was
    never computed is 0, not a rounding error.
    """
    first = e.mistakes[0]
    if "outputs" in e.scale.name and first.mistake.key in ("ALL twice", "B2 averaged"):
        return True
    if not first.mistake.key.endswith(" zero"):
        return False
    slot, L = first.mistake.slots[-1], first.layers[0]
    given = [(one.dW if slot == "B3" else one.db)[L - 1] for one in seen.observed]
    return any(g is not None and bool(g.any()) for g in given)


def _unwritten(e: Explanation, text: str) -> int:
    """How far the program's text speaks against it: −1 where it holds the evidence, 1 where it lacks it."""
    asked = [one.mistake.evidence for one in e.mistakes if one.mistake.evidence]
    return sum(-1 if re.search(pattern, text) else 1 for pattern in asked)


def _likely(seen: Seen, known: Stated) -> list[Model]:
    """The models, those that make most tensors right first."""
    scored = [(-_score(seen, model), place, model) for place, model in enumerate(known.models)]
    return [model for *_, model in sorted(scored)[:12]]


def _score(seen: Seen, model: Model) -> int:
    """How many tensors are right on the first networks."""
    seen = seen._replace(observed=seen.observed[:2])
    return max(sum(row.right for row in _rows(seen, model, scale)) for scale in scales_of(model))


def _nearest(seen: Seen, possible: Sequence[Model]) -> tuple[Model, Scale]:
    tried = [(model, scale) for model in possible for scale in scales_of(model)]
    few = seen._replace(observed=seen.observed[:2])
    return max(tried, key=lambda pair: sum(row.right for row in _rows(few, *pair)))


def _equations(seen: Seen, known: Stated, possible: Sequence[Model]) -> tuple[EquationVerdict, ...]:
    if seen.alone is None or not possible or any(db is None for db in seen.alone.db):
        return ()
    tried = [equation_by_equation(seen.alone, model) for model in possible]
    return max(tried, key=lambda verdicts: sum(v.right for v in verdicts))


def _rows(seen: Seen, model: Model, scale: Scale) -> tuple[Row, ...]:
    """Every tensor against the right one, over all networks."""
    H, fit = seen.observed[0].trial.params.last, fit_of(seen.observed)
    worst: dict[tuple[int, str], float] = {}
    ratios: dict[tuple[int, str], list[float | None]] = {}
    for one in seen.observed:
        s = attempt(one, model, scale, {})
        if s is None:
            continue
        for L in range(1, H + 1):
            for tensor, theirs, ours in (("W", one.dW[L - 1], s.dW[L]), ("b", one.db[L - 1], s.db[L])):
                key = (L, tensor)
                worst[key] = max(worst.get(key, 0.0), relative_error(theirs, ours))
                ratios.setdefault(key, []).append(_ratio(theirs, ours))
    first = seen.observed[0]
    return tuple(
        Row(
            L,
            tensor,
            error,
            error <= fit,
            np.shape(np.asarray((first.dW if tensor == "W" else first.db)[L - 1])),
            _constant(ratios[L, tensor]),
        )
        for (L, tensor), error in sorted(worst.items())
    )


def _ratio(theirs: Floats | None, ours: Floats) -> float | None:
    if (
        theirs is None
        or np.shape(theirs) != np.shape(ours)
        or not np.any(ours)
        or not np.isfinite(theirs).all()
    ):
        return None
    c = float(np.vdot(theirs, ours) / np.vdot(ours, ours))
    return c if relative_error(theirs, c * ours) < FIT else None


def _constant(ratios: list[float | None]) -> float | None:
    known = [r for r in ratios if r is not None]
    same = len(known) == len(ratios) and max(known) - min(known) <= FIT * max(abs(r) for r in known)
    return known[0] if same else None
