"""Sum or mean: constant factors that people rightly choose, and that are no mistake."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from chainrule.diagnosis.catalogue.models import Model


class Scale(NamedTuple):
    """A constant before the sum over samples of ∂J/∂θ: ``of(N, K)``, for N samples and K outputs."""

    name: str
    of: Callable[[int, int], float]
    text: str


MEAN = Scale("mean", lambda N, K: 1 / N, "the mean over the samples")
SUM = Scale("sum", lambda N, K: 1.0, "the sum over the samples")
MEAN_OUTPUTS = Scale("mean over outputs", lambda N, K: 1 / (N * K), "the mean over samples and outputs")
SUM_MEAN_OUTPUTS = Scale(
    "sum, mean over outputs", lambda N, K: 1 / K, "summed over samples, mean over outputs"
)
TWICE_MEAN = Scale("2 mean", lambda N, K: 2 / N, "the mean over the samples of ‖a − y‖², without the ½")
TWICE_SUM = Scale("2 sum", lambda N, K: 2.0, "the sum over the samples of ‖a − y‖², without the ½")
TWICE_OUTPUTS = Scale(
    "2 mean over outputs", lambda N, K: 2 / (N * K), "the mean of (a − y)² over samples and outputs"
)
TWICE_SUM_OUTPUTS = Scale(
    "2 sum, mean over outputs", lambda N, K: 2 / K, "(a − y)² summed over samples, mean over outputs"
)
HALF = Scale("half mean", lambda N, K: 1 / (2 * N), "half the mean over the samples")

COMMON = (MEAN, SUM, MEAN_OUTPUTS, SUM_MEAN_OUTPUTS)
SQUARED = (TWICE_MEAN, TWICE_SUM, TWICE_OUTPUTS, TWICE_SUM_OUTPUTS)
ALL = (*COMMON, *SQUARED, HALF)


def scales_of(model: Model) -> tuple[Scale, ...]:
    """The factors that are no mistake with this loss: only a squared error has its ½ at choice."""
    return COMMON if model.is_cross_entropy else (*COMMON, *SQUARED)
