"""Remarks on what stands beside a right gradient: learning rate, labels, one-hot coding, accuracy."""

from __future__ import annotations

import re
from collections.abc import Iterator

import numpy as np

from chainrule.diagnosis.asking.other_code import Fact
from chainrule.diagnosis.catalogue.models import CATEGORICAL
from chainrule.diagnosis.telling.rates import SMART, FarOff, far_off, stated_rates
from chainrule.diagnosis.telling.remarks_on_gradients import Remark, remarks
from chainrule.diagnosis.verdict.judge import Part, Verdict
from chainrule.model.validate import Floats

CODED = re.compile(r"eye\(|one_?hot|categorical\(|get_dummies|binarize|OneHot", re.IGNORECASE)


def every_remark(verdict: Verdict, part: Part) -> list[Remark]:
    """What was seen of the gradient's calls and losses and, where it is right, of the rest."""
    rest = [*_rate(verdict, part), *_labels(verdict, part)] if part.right else []
    return [*remarks(part), *rest]


def _rate(verdict: Verdict, part: Part) -> Iterator[Remark]:
    text = verdict.findings.text
    if SMART.search(text):
        return
    part = next((p for p in verdict.parts if p.seen.update), part)
    known: set[float] = set()
    for rate in stated_rates(text):
        if rate.value in known:
            continue
        known.add(rate.value)
        found = far_off(rate, verdict.findings.widths, part.model, part.scale, part.seen.layout.single)
        if found is not None:
            yield Remark("learning rate", _rate_text(found, verdict), True)


def _rate_text(found: FarOff, verdict: Verdict) -> str:
    rate, first = found.rate, verdict.findings.first_line
    where = f"line {rate.line + first - 1}: {rate.text}"
    widths = "-".join(map(str, verdict.findings.widths))
    if found.too_large:
        end = f"ends {found.ratio:.3g} times as high" if np.isfinite(found.ratio) else "overflows"
        return (
            f"The learning rate {rate.value:g} is far too large ({where}). On six random networks {widths} with "
            f"standard inputs the loss {end} after 30 steps of G1, and at no rate down to a thirtieth does it "
            f"fall on all of them; at {found.better:.2g} it ends {found.better_ratio:.2g} times as high."
        )
    return (
        f"The learning rate {rate.value:g} is far too small ({where}). On six random networks {widths} with "
        f"standard inputs 100 steps of G1 change the loss by {abs(1 - found.ratio):.1g} of itself; at "
        f"{found.better:.2g} they bring it to {found.better_ratio:.2g} of what it was."
    )


def _labels(verdict: Verdict, part: Part) -> Iterator[Remark]:
    K = verdict.findings.widths[-1]
    if part.stated.loss_known and (part.model.output, part.model.loss) == ("sigmoid", CATEGORICAL):
        yield Remark(
            "sigmoid with categorical loss",
            "The loss −Σ_m y_m log a_m (H2) stands over sigmoid outputs. It looks only at the true class, and with "
            "sigmoids nothing ties the others to it: all outputs go to 1. Take softmax outputs (H1), or the "
            "multi-label cross-entropy (H4).",
            True,
        )
    for fact in verdict.findings.beside:
        at = f"{fact.name} (line {fact.line})"
        if fact.kind == "one-hot shifted":
            yield Remark(
                "labels shifted",
                f"{at} puts class c at place c − 1: it expects labels 1…{K}. With labels 0…{K - 1} class 0 lands at the "
                "last place, since index −1 is the end. Take labels from 0, or subtract 1 in one place only.",
                True,
            )
        elif fact.kind == "one-hot width" and fact.numbers is not None:
            yield Remark(
                "one-hot width",
                f"{at} makes {int(fact.numbers[0])} columns for {K} classes 0…{K - 1}: the network has {K} outputs.",
                True,
            )
        elif fact.kind == "one-hot by the largest":
            yield Remark(
                "one-hot by the largest",
                f"{at} takes its width from the largest label it is given: a batch without class {K - 1} gets fewer "
                f"columns than there are outputs. Give it the number of classes, {K}.",
            )
        elif fact.kind == "accuracy axis" and fact.numbers is not None and _in_layout(fact.numbers, part):
            yield Remark(
                "accuracy axis",
                f"{at} takes argmax over the samples, not over the {K} outputs of each sample: what it reports is "
                "not the accuracy. The axis is the one along which a sample's outputs stand.",
                True,
            )
        elif fact.kind == "targets" and fact.numbers is not None:
            yield from _targets(fact, fact.numbers, verdict, part, K)


def _in_layout(other: Floats, part: Part) -> bool:
    """Whether the axis is the wrong one for samples as rows, or as columns, whichever theirs are."""
    places = {"rows": 0, "columns": 1}
    place = places.get(part.seen.layout.samples)
    return place is not None and bool(other[place])


def _targets(fact: Fact, y: Floats, verdict: Verdict, part: Part, K: int) -> Iterator[Remark]:
    """Targets that the file holds, against the outputs that the network has."""
    whole = bool(np.array_equal(y, np.round(y)))
    if y.ndim == 2 and K in y.shape and y.shape != (K, K):
        sums = y.sum(axis=1 if y.shape[1] == K else 0)
        if part.model.output == "softmax" and np.isin(y, (0, 1)).all() and not np.allclose(sums, 1):
            yield Remark(
                "multi-label targets",
                f"Rows of {fact.name} sum to {sorted(set(sums.astype(int).tolist()))}, not to 1: several labels, or none, are "
                "on. Softmax outputs sum to 1 and can never be those. Take sigmoid outputs with the multi-label "
                "cross-entropy (H3, H4).",
                True,
            )
    elif y.ndim == 2 and 1 not in y.shape and K > 2 and np.isin(y, (0, 1)).all() and K not in y.shape:
        yield Remark(
            "one-hot width",
            f"{fact.name} has shape {y.shape}, for {K} outputs: one of its sides must be {K}.",
            True,
        )
    elif y.size == max(y.shape) and whole and K > 1:
        yield from _class_numbers(fact, y, verdict, part, K)


def _class_numbers(fact: Fact, y: Floats, verdict: Verdict, part: Part, K: int) -> Iterator[Remark]:
    if y.min() == 1 and y.max() == K:
        yield Remark(
            "labels shifted",
            f"{fact.name} holds labels 1…{K}; the {K} outputs are counted from 0. Class {K} has no output, or class "
            f"0 never occurs: subtract 1.",
            True,
        )
    elif not part.seen.layout.labels and K > 2 and not CODED.search(verdict.findings.text):
        yield Remark(
            "labels as one-hot",
            f"{fact.name} holds class numbers, but the targets of {part.seen.name} are one-hot: a − y would subtract "
            f"the number of the class from every output. Write np.eye({K})[{fact.name}].",
            True,
        )
