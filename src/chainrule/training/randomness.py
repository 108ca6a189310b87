"""What is random in an epoch. It depends on the seed and the epoch's number alone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.random import Generator

from chainrule.engines.base import Masks
from chainrule.types import ByLayer


class Randomness(NamedTuple):
    """The generators of one epoch."""

    order: Generator
    """Decides the order of the samples in a block."""
    masks: Generator
    """Decides the dropout masks."""
    blocks: Generator
    """Decides the order of a stream's blocks."""


def epoch_randomness(seed: int, epoch: int) -> Randomness:
    """The generators of one epoch, each with a stream of its own."""
    seeds = (np.random.SeedSequence(seed, spawn_key=(epoch, stream)) for stream in (0, 1, 3))
    return Randomness(*map(np.random.default_rng, seeds))


def dropout_masks(rng: Generator, rate: float, widths: Sequence[int], n: int, dtype: np.dtype[Any]) -> Masks:
    """Masks r^L for the hidden layers: 0 at ``rate``, else 1/(1 − rate). Eq. D1.

    Shapes: ``widths`` of the hidden layers → r[L] (n, n_L).
    """
    scale = dtype.type(1 - rate)
    return ByLayer((rng.random((n, width), np.float32) >= rate).astype(dtype) / scale for width in widths)
