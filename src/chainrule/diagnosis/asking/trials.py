"""Random networks with data, the same whenever widths and seed are the same."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from chainrule.diagnosis.catalogue.backprop import Trial
from chainrule.types import ByLayer, Layer

COUNT = 24
"""Networks on which an explanation must agree."""
SPREAD, WIDE = 0.8, 8


def trial(widths: Sequence[int], N: int, seed: int, biasless: bool = False) -> Trial:
    """A network of these widths with N samples and one-hot targets; one output is 0 or 1."""
    rng = np.random.default_rng((seed, N, *widths))
    layers = [
        Layer(spread(m) * rng.standard_normal((n, m)), (not biasless) * 0.5 * rng.standard_normal(n))
        for m, n in pairwise(widths)
    ]
    x, K = rng.standard_normal((N, widths[0])), widths[-1]
    true = rng.permutation(np.arange(seed, seed + N) % max(K, 2))
    y = np.eye(K)[true] if K > 1 else true[:, None].astype(float)
    return Trial(ByLayer(layers), x, y, eta=float(np.round(rng.uniform(0.2, 0.9), 3)))


def spread(n: int) -> float:
    """The standard deviation of weights from n neurons: wide layers would saturate the outputs."""
    return SPREAD * min(1.0, math.sqrt(WIDE / n))


def batch_sizes(widths: Sequence[int]) -> tuple[int, int, int]:
    """Three sizes of a batch that are no layer's width, so that no shape fits by accident."""
    free = [N for N in range(5, 6 + 2 * len(widths) + 4) if N not in widths]
    return free[0], free[1], free[2]


def count_for(widths: Sequence[int]) -> int:
    """Fewer networks where each is large; never fewer than six."""
    size = sum(m * n for m, n in pairwise(widths))
    return COUNT if size < 2000 else max(6, COUNT * 2000 // size)


def trials(
    widths: Sequence[int],
    single: bool,
    count: int | None = None,
    biasless: bool = False,
    N: int | None = None,
) -> list[Trial]:
    """``count`` trials; ``single``: of one sample each, otherwise of N, or of changing batch sizes."""
    count = count_for(widths) if count is None else count
    sizes = (1,) if single else batch_sizes(widths) if N is None else (N,)
    return [trial(widths, sizes[k % len(sizes)], k, biasless) for k in range(count)]
