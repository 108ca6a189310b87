"""Sum or mean: constant factors that people rightly choose, and that are no mistake."""

from __future__ import annotations

from typing import NamedTuple

from chainrule.diagnosis.catalogue.models import Model


class Scale(NamedTuple):
    """A constant before the sum over samples of ∂J/∂θ: a factor, over N samples and over K outputs."""

    name: str
    factor: float
    over_samples: bool
    over_outputs: bool
    text: str

    def of(self, N: int, K: int) -> float:
        """The constant for N samples and K outputs."""
        return self.factor / ((N if self.over_samples else 1) * (K if self.over_outputs else 1))

    @property
    def is_mean(self) -> bool:
        """Whether it is a mean over the samples alone."""
        return self.over_samples and not self.over_outputs

    def differs_by_samples_alone(self, other: Scale) -> bool:
        """Whether one is at most the sum where the other is the mean over the samples."""
        return (self.factor, self.over_outputs) == (other.factor, other.over_outputs)


MEAN = Scale("mean", 1, True, False, "the mean over the samples")
SUM = Scale("sum", 1, False, False, "the sum over the samples")
MEAN_OUTPUTS = Scale("mean over outputs", 1, True, True, "the mean over samples and outputs")
SUM_MEAN_OUTPUTS = Scale("sum, mean over outputs", 1, False, True, "summed over samples, mean over outputs")
TWICE_MEAN = Scale("2 mean", 2, True, False, "the mean over the samples of ‖a − y‖², without the ½")
TWICE_SUM = Scale("2 sum", 2, False, False, "the sum over the samples of ‖a − y‖², without the ½")
TWICE_OUTPUTS = Scale("2 mean over outputs", 2, True, True, "the mean of (a − y)² over samples and outputs")
TWICE_SUM_OUTPUTS = Scale(
    "2 sum, mean over outputs", 2, False, True, "(a − y)² summed over samples, mean over outputs"
)
HALF = Scale("half mean", 0.5, True, False, "half the mean over the samples")

COMMON = (MEAN, SUM, MEAN_OUTPUTS, SUM_MEAN_OUTPUTS)
SQUARED = (TWICE_MEAN, TWICE_SUM, TWICE_OUTPUTS, TWICE_SUM_OUTPUTS)
ALL = (*COMMON, *SQUARED, HALF)


def scales_of(model: Model) -> tuple[Scale, ...]:
    """The factors that are no mistake with this loss: only a squared error has its ½ at choice."""
    return COMMON if model.is_cross_entropy else (*COMMON, *SQUARED)
