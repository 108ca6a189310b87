"""Losses that are given the wrong thing: probabilities where logits are expected, or logarithms of them.

The gradient may well be the slope of such a loss: what is wrong is the loss.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from chainrule.diagnosis.asking.observed import Observed
from chainrule.diagnosis.catalogue.models import CATEGORICAL, COSTS, MULTI_LABEL
from chainrule.diagnosis.catalogue.scales import COMMON
from chainrule.diagnosis.telling.remarks import Remark, remark
from chainrule.diagnosis.verdict.parts import Part
from chainrule.engines.reference import NUMPY
from chainrule.equations.activations import sigmoid
from chainrule.equations.heads import softmax
from chainrule.model.validate import Floats

NEAR = 1e-5


def losses(part: Part) -> Iterator[Remark]:
    """What their loss is given, where that is not what it expects."""
    seen = part.answer.observed[:6]
    if not all(one.output is not None and one.loss is not None for one in seen):
        return
    if all(_is_distribution(one.output) for one in seen):
        if _all_are(seen, lambda a, y: COSTS[CATEGORICAL].value(softmax(NUMPY, a), y)):
            yield remark("softmax twice")
        elif _all_are(seen, lambda a, y: -np.sum(y * a, axis=1)):
            yield remark("no logarithm")
    elif all(_are_probabilities(one.output) for one in seen) and _all_are(
        seen, lambda a, y: COSTS[MULTI_LABEL].value(sigmoid(NUMPY, a), y)
    ):
        yield remark("sigmoid twice")


def _are_probabilities(a: Floats | None) -> bool:
    return a is not None and bool(((a > 0) & (a < 1)).all())


def _is_distribution(a: Floats | None) -> bool:
    return (
        a is not None
        and a.shape[1] > 1
        and _are_probabilities(a)
        and np.allclose(a.sum(axis=1), 1, atol=1e-5)
    )


def _all_are(seen: tuple[Observed, ...], loss: Callable[[Floats, Floats], Floats]) -> bool:
    """Whether their numbers are those of a loss of their outputs, with one of the usual factors."""
    return any(all(_is(one, loss, scale.of(*one.trial.y.shape)) for one in seen) for scale in COMMON)


def _is(one: Observed, loss: Callable[[Floats, Floats], Floats], factor: float) -> bool:
    assert one.output is not None
    assert one.loss is not None
    value = float(np.sum(loss(one.output, one.trial.y))) * factor
    return abs(one.loss - value) <= NEAR * abs(value)
