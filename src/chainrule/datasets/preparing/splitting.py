"""Which samples are held out."""

from __future__ import annotations

import math
from numbers import Real
from typing import Any

import numpy as np
import numpy.typing as npt

from chainrule.errors import InputError

Seed = int | np.random.Generator | None
Indices = npt.NDArray[np.intp]


def generator(seed: Seed) -> np.random.Generator:
    """Return ``seed`` if it is a generator, otherwise a new one seeded by it (None: by the system)."""
    try:
        return np.random.default_rng(seed)
    except (TypeError, ValueError) as error:
        raise InputError(
            f"seed must be a whole number from 0 on, a numpy Generator or None; got {seed!r}. "
            "Pass for example seed=0."
        ) from error


def split_indices(y: npt.NDArray[Any], fraction: float, seed: Seed) -> tuple[Indices, Indices]:
    """Return the rows of both parts ``(rest, held_out)``; see `Dataset.split`.

    With an integer seed these are the rows that scikit-learn's ``train_test_split(..., stratify=y)`` chooses.
    """
    from sklearn.model_selection import train_test_split

    held = held_count(len(y), fraction)
    rest_rows, held_rows = train_test_split(
        np.arange(len(y)),
        test_size=held,
        stratify=y if _can_stratify(y, held) else None,
        random_state=_legacy_seed(seed),
    )
    return rest_rows, held_rows


def held_count(n_samples: int, fraction: float) -> int:
    """How many of the samples a fraction is, rounded up; a part must not be empty."""
    if not isinstance(fraction, Real) or not 0 < fraction < 1:
        raise InputError(
            f"fraction must be a number between 0 and 1; got {fraction!r}. "
            "Pass for example 0.2 to hold out a fifth."
        )
    held = math.ceil(round(fraction * n_samples, 9))  # 0.07 * 100 is 7.000000000000001
    if not 0 < held < n_samples:
        raise InputError(
            f"both parts of a split must have samples; got {held} of {n_samples} held out. "
            "Choose another fraction, or bring more samples."
        )
    return held


def _can_stratify(y: npt.NDArray[Any], held: int) -> bool:
    if y.ndim != 1:
        return False
    _, members = np.unique(y, return_counts=True)
    return bool(members.min() >= 2 and len(members) <= min(held, len(y) - held))


def _legacy_seed(seed: Seed) -> int | None:
    """Return what scikit-learn takes as a seed: below 2**32, and no `numpy.random.Generator`."""
    if seed is None:
        return None
    if isinstance(seed, np.random.Generator) or (isinstance(seed, int) and seed >= 2**32):
        return int(generator(seed).integers(2**32))
    generator(seed)
    return int(seed)
