"""Remarks on what stands beside a right gradient: learning rate, labels, one-hot coding, accuracy."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import numpy as np

from chainrule.diagnosis.asking.other_code import Fact
from chainrule.diagnosis.catalogue.models import CATEGORICAL
from chainrule.diagnosis.telling.added_up import added_up
from chainrule.diagnosis.telling.broadcast import broadcast
from chainrule.diagnosis.telling.rates import SMART, FarOff, far_off, stated_rates
from chainrule.diagnosis.telling.remarks import Remark, remark
from chainrule.diagnosis.telling.remarks_on_gradients import remarks
from chainrule.diagnosis.telling.remarks_on_losses import losses
from chainrule.diagnosis.verdict.judge import is_added
from chainrule.diagnosis.verdict.parts import Part, Verdict
from chainrule.model.validate import Floats

ALSO = ("one by one", "constant", "penalty")
"""What is said of an update too, beside what is said of a right gradient."""
CODED = re.compile(r"eye\(|one_?hot|categorical\(|get_dummies|binarize|OneHot", re.IGNORECASE)


def every_remark(verdict: Verdict, part: Part) -> list[Remark]:
    """What was seen of the gradient's calls and losses and, where it is right, of the rest."""
    rest = [*_rates(verdict, part), *_labels(verdict, part)] if part.right else []
    of_update = [r for other in verdict.parts for r in remarks(other) if other is not part and r.key in ALSO]
    own = remarks(part)
    if any(other.right and other.slope is not None for other in verdict.parts if other is not part):
        own = [remark("penalty", "in the update") if r.key == "penalty missing" else r for r in own]
    found = [*own, *(losses(part) if part.right else ()), *of_update, *rest]
    return [_placed(one, verdict) for one in (*found, *_made_good(verdict), *_unexplained(verdict, part))]


def _unexplained(verdict: Verdict, part: Part) -> Iterator[Remark]:
    """What may be behind numbers that no mistake of the catalogue explains."""
    if part.right or part.explanations:
        return
    text, first = verdict.findings.text, verdict.findings.first_line
    found = broadcast(part, text, first)
    if found is not None:
        yield found
    facts = verdict.findings.other_code if part.answer.update else ()
    for fact in facts:
        if fact.kind == "aliased":
            yield _at_its_line(remark("aliased", names=fact.name), fact.name, text, first)


def _at_its_line(one: Remark, name: str, text: str, first_line: int) -> Remark:
    """The remark with the first line that assigns to the name."""
    root = re.split(r"[\[. ]", name)[0]
    for number, line in enumerate(text.splitlines(), first_line):
        if re.search(rf"\b{root}\b[^=]*=", line):
            return one._replace(line=number, code=line.strip())
    return one


def _made_good(verdict: Verdict) -> Iterator[Remark]:
    """Gradients that are none by themselves, and that the update turns round."""
    wrong = verdict.made_good
    if wrong is None:
        return
    added = (
        is_added(wrong, verdict.findings.text) if wrong.answer.name == verdict.parts[0].answer.name else None
    )
    if added is not None:
        number = added[0] + verdict.findings.first_line - 1
        yield remark("made good", "sign", called=wrong.answer.name, line=number, text=added[1])
        return
    named = [one.mistake.name for e in wrong.explanations[:1] for one in e.mistakes]
    yield remark("made good", called=wrong.answer.name, mistakes=", ".join(named) or "no mistake known here")


def _placed(one: Remark, verdict: Verdict) -> Remark:
    """The remark with the line that it is about, where that can be told."""
    place = added_up(verdict.findings.text, verdict.findings.first_line) if one.key == "accumulates" else None
    return one if place is None else one._replace(line=place.number, code=place.text, right=place.right)


def _rates(verdict: Verdict, part: Part) -> Iterator[Remark]:
    text = verdict.findings.text
    if SMART.search(text):
        return
    part = next((p for p in verdict.parts if p.answer.update), part)
    known: set[float] = set()
    for rate in stated_rates(text):
        if rate.value in known:
            continue
        known.add(rate.value)
        found = far_off(rate, verdict.findings.widths, part.model, part.scale, part.answer.layout.single)
        if found is not None:
            yield _rate(found, verdict)


def _rate(found: FarOff, verdict: Verdict) -> Remark:
    rate, first = found.rate, verdict.findings.first_line
    values = {
        "rate": rate.value,
        "where": f"line {rate.line + first - 1}: {rate.text}",
        "widths": "-".join(map(str, verdict.findings.widths)),
        "better": found.better,
        "better_ratio": found.better_ratio,
    }
    if not found.too_large:
        return remark("learning rate", "small", change=abs(1 - found.ratio), **values)
    end = f"ends {found.ratio:.3g} times as high" if np.isfinite(found.ratio) else "overflows"
    return remark("learning rate", "large", end=end, **values)


def _labels(verdict: Verdict, part: Part) -> Iterator[Remark]:
    if part.intended.loss_known and (part.model.output, part.model.loss) == ("sigmoid", CATEGORICAL):
        yield remark("sigmoid with categorical loss")
    for fact in verdict.findings.other_code:
        yield from _of_fact(fact, verdict, part)


def _of_fact(fact: Fact, verdict: Verdict, part: Part) -> Iterator[Remark]:
    K, numbers = verdict.findings.widths[-1], fact.numbers
    values: dict[str, Any] = {"at": f"{fact.name} (line {fact.line})", "K": K, "last": K - 1}
    if fact.kind == "one-hot shifted":
        yield remark("labels shifted", "coded", **values)
    elif fact.kind == "one-hot by the largest":
        yield remark("one-hot by the largest", **values)
    elif fact.kind == "one-hot width" and numbers is not None:
        yield remark("one-hot width", "coded", columns=int(numbers[0]), **values)
    elif fact.kind == "accuracy axis" and numbers is not None and _in_layout(numbers, part):
        yield remark("accuracy axis", **values)
    elif fact.kind == "targets" and numbers is not None:
        yield from _targets(fact.name, numbers, verdict, part, K)


def _in_layout(other: Floats, part: Part) -> bool:
    """Whether the axis is the wrong one for samples as rows, or as columns, whichever theirs are."""
    places = {"rows": 0, "columns": 1}
    place = places.get(part.answer.layout.samples)
    return place is not None and bool(other[place])


def _targets(name: str, y: Floats, verdict: Verdict, part: Part, K: int) -> Iterator[Remark]:
    """Targets that the file holds, against the outputs that the network has."""
    whole = bool(np.array_equal(y, np.round(y)))
    if y.ndim == 2 and K in y.shape and y.shape != (K, K):
        sums = y.sum(axis=1 if y.shape[1] == K else 0)
        if part.model.head.distribution and np.isin(y, (0, 1)).all() and not np.allclose(sums, 1):
            yield remark("multi-label targets", name=name, sums=sorted(set(sums.astype(int).tolist())))
    elif y.ndim == 2 and 1 not in y.shape and K > 2 and np.isin(y, (0, 1)).all() and K not in y.shape:
        yield remark("one-hot width", "held", name=name, shape=y.shape, K=K)
    elif y.size == max(y.shape) and whole and K > 1:
        if y.min() == 1 and y.max() == K:
            yield remark("labels shifted", "held", name=name, K=K)
        elif not part.answer.layout.labels and K > 2 and not CODED.search(verdict.findings.text):
            yield remark("labels as one-hot", name=name, called=part.answer.name, K=K)
