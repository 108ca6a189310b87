"""The program's own loss as the judge: a gradient that is a constant times its slope is right."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from typing import NamedTuple

from chainrule.diagnosis.asking.observe import Answer
from chainrule.diagnosis.asking.slopes import AUTOMATIC, INSIDE, NETWORKS, OWN, Slope
from chainrule.diagnosis.catalogue.models import CATEGORICAL, COSTS, QUADRATIC
from chainrule.diagnosis.catalogue.scales import ALL, COMMON, SQUARED
from chainrule.diagnosis.verdict.intended import Intended

SAME = 1e-5


class Constant(NamedTuple):
    """What a gradient is of a slope: value · N^of_N · η^of_eta."""

    value: float
    of_N: int = 0
    of_eta: int = 0

    def at(self, N: int, eta: float) -> float:
        """Its value for N samples."""
        return float(self.value * N**self.of_N * eta**self.of_eta)

    def __str__(self) -> str:
        letters = {"N": self.of_N, "η": self.of_eta}
        above = [name if n == 1 else f"{name}²" for name, n in letters.items() if n > 0]
        below = [name if n == -1 else f"{name}²" for name, n in letters.items() if n < 0]
        number = [] if self.value == 1 and (above or below) else [f"{self.value:.6g}"]
        if self.value == 1 and not above:
            number = ["1"]
        return "·".join([*number, *above]) + "".join(f"/{name}" for name in below)

    @property
    def is_one(self) -> bool:
        """Whether the gradient is the slope itself."""
        return not self.of_N and not self.of_eta and _near(self.value, 1)


def constant_of(slope: Slope, answer: Answer) -> Constant | None:
    """The constant between gradient and slope, if it is all the difference on every network."""
    factors = [factor for factor in slope.factors if factor]
    if not factors or len(factors) < len(slope.factors):
        return None
    trials = [one.trial for one in answer.observed[:NETWORKS]]
    for of_eta, of_N in product((0,) if answer.update else (0, 1), (0, 1, -1, 2, -2)):
        values = [c / (t.N**of_N * t.eta**of_eta) for c, t in zip(factors, trials, strict=False)]
        if all(_near(value, values[0]) for value in values):
            return Constant(_rounded(values[0]), of_N, of_eta)
    return None


def judging(answer: Answer, meant: Intended) -> Slope | None:
    """The slope that judges: that of their own loss.

    Else of a number inside of their code that the gradient fits, or of a known loss over their outputs, where
    these are those of no network known here.
    """
    own = [slope for slope in answer.slopes if slope.loss in (OWN, AUTOMATIC)]
    if own:
        return own[0]
    for slope in answer.slopes:
        if slope.loss == INSIDE and constant_of(slope, answer) is not None:
            return slope
    return next((slope for slope in _known(answer.slopes, meant) if _fits(slope, answer)), None)


def _known(slopes: Sequence[Slope], meant: Intended) -> list[Slope]:
    """Slopes of the losses that may be meant."""
    if not meant.odd_forward:
        return []
    stated = {model.loss for model in meant.models} if meant.loss_known else set(COSTS)
    return [slope for slope in slopes if slope.loss in stated]


def _fits(slope: Slope, answer: Answer) -> bool:
    """Whether the gradient is a sum or a mean that people choose with that loss; an update has its rate."""
    constant = constant_of(slope, answer)
    if constant is None or constant.value < 0:
        return False
    if answer.rate_inside:
        return True
    K = answer.observed[0].trial.y.shape[1]
    scales = (*COMMON, *SQUARED) if slope.loss == QUADRATIC else COMMON
    trials = [one.trial for one in answer.observed[:NETWORKS]]
    return any(all(_near(constant.at(t.N, t.eta), scale.of(t.N, K)) for t in trials) for scale in scales)


def is_right(constant: Constant, answer: Answer, meant: Intended, own_widths: bool) -> bool:
    """Whether such a constant is no mistake: any that is positive.

    But a loss that is averaged over the outputs, of a network whose outputs are given: what is n_outputs
    times its slope, or without its 2, was meant to be the slope itself.
    """
    if constant.value <= 0:
        return False
    K, scale = answer.observed[0].trial.y.shape[1], meant.scale
    if scale is None or not own_widths or answer.layout.single or K == 1:
        return True
    alike = [other for other in ALL if _near(other.of(1, K), scale.of(1, K))]  # with K = 2 there are several
    if not any(other.over_outputs for other in alike):
        return True
    averaged = any(model.loss != CATEGORICAL for model in meant.models) and not constant.of_N
    return not (averaged and any(_near(constant.value, c) for c in (K, 0.5)))


def _near(value: float, other: float) -> bool:
    return abs(value - other) <= SAME * abs(other)


def _rounded(value: float) -> float:
    """The number without the error of the differences, where it has six digits at most."""
    short = float(f"{value:.6g}")
    return short if _near(short, value) else value
