"""Figures of a test: intervals, calibration, the comparison of two runs on the same samples."""

from __future__ import annotations

from math import sqrt
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

BINS = 10
"""Bins of equal width that calibration is measured in."""

Z95 = 1.959963984540054
"""Standard deviations that hold 95 % of a normal distribution."""


def wilson(hits: int, n: int) -> tuple[float, float]:
    """Interval that holds a share with 95 % confidence, seen ``hits`` times in ``n``.

    Source: E. B. Wilson, J. Am. Stat. Assoc. 22, 1927.
    """
    share, z2 = hits / n, Z95**2
    middle = (share + z2 / (2 * n)) / (1 + z2 / n)
    half = Z95 / (1 + z2 / n) * sqrt(share * (1 - share) / n + z2 / (4 * n * n))
    return max(0.0, middle - half), min(1.0, middle + half)


class Bin(NamedTuple):
    """Predictions of about the same confidence: how many, how sure on average, how often right."""

    low: float
    high: float
    size: int
    confidence: float
    frequency: float

    @property
    def interval(self) -> tuple[float, float]:
        """95 % interval of the frequency."""
        return wilson(round(self.frequency * self.size), self.size)


def claims(
    y: NDArray[np.int64], p: NDArray[Any], multi_label: bool
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """What is claimed with which probability, and whether it holds: (M,) and (M,).

    Single-label: the predicted class of each sample, M = N. Multi-label: every label, M = N K.
    """
    if multi_label:
        return p.ravel().astype(np.float64), y.ravel() == 1
    return p.max(axis=1).astype(np.float64), p.argmax(axis=1) == y


def calibration(confidence: NDArray[np.float64], right: NDArray[np.bool_], bins: int = BINS) -> list[Bin]:
    """Claims by confidence, in bins of equal width (low, high], the first with 0; empty ones left out."""
    edges = np.linspace(0, 1, bins + 1)
    place = np.searchsorted(edges[1:-1], confidence)
    found = []
    for i in range(bins):
        inside = place == i
        if inside.any():
            means = float(confidence[inside].mean()), float(right[inside].mean())
            found.append(Bin(float(edges[i]), float(edges[i + 1]), int(inside.sum()), *means))
    return found


def calibration_error(bins: list[Bin]) -> float:
    """Expected calibration error: Σ_b (n_b / N) |frequency_b − confidence_b|.

    Source: Naeini, Cooper and Hauskrecht, AAAI 2015.
    """
    n = sum(b.size for b in bins)
    return sum(b.size * abs(b.frequency - b.confidence) for b in bins) / n


def chance_error(confidence: NDArray[np.float64], bins: int = BINS, draws: int = 200) -> float:
    """The calibration error that perfect calibration would show on so few samples, on average.

    Truth is drawn from the claimed probabilities themselves, ``draws`` times, from a fixed seed.
    """
    rng = np.random.default_rng(0)
    n = len(confidence)
    place = np.searchsorted(np.linspace(0, 1, bins + 1)[1:-1], confidence)
    expected = np.bincount(place, confidence, minlength=bins)
    total = 0.0
    for _ in range(draws):
        hits = np.bincount(place, rng.random(n) < confidence, minlength=bins)
        total += float(np.abs(hits - expected).sum()) / n
    return total / draws


class Paired(NamedTuple):
    """Two runs on the same n samples. ``p_value``: exact McNemar test; ``interval``: of the difference."""

    n: int
    only_first: int
    only_second: int
    difference: float
    interval: tuple[float, float]
    p_value: float


def mcnemar(first: NDArray[np.bool_], second: NDArray[np.bool_]) -> Paired:
    """Whether two runs, right on these samples or not, differ by more than chance.

    Only samples that one of them gets right and the other wrong tell; were both alike, each would be one's
    or the other's with probability ½. Source: Q. McNemar, Psychometrika 12, 1947.
    """
    from scipy.stats import binomtest

    n, b, c = len(first), int((first & ~second).sum()), int((second & ~first).sum())
    difference = (c - b) / n
    half = Z95 * sqrt(max(b + c - (c - b) ** 2 / n, 0.0)) / n
    p = float(binomtest(b, b + c, 0.5).pvalue) if b + c else 1.0
    return Paired(n, b, c, difference, (difference - half, difference + half), p)
