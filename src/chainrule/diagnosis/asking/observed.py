"""What somebody's code gave on one random network, and how near two arrays of numbers must come.

`FIT` is what counts as rounding.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from chainrule.diagnosis.catalogue.backprop import Trial
from chainrule.model.validate import Floats

FIT = 1e-6
"""How near, relative to a tensor's largest entry, an explanation must come."""
FIT_FLOAT32 = 1e-4
"""The same for numbers of single precision."""
TINY = 1e-13


class Observed(NamedTuple):
    """What somebody's code gave on a trial, in our layout: dW[L-1] (n_L, n_{L-1}), db[L-1] (n_L,) when right.

    An array of another shape is kept as it came. ``output`` (N, n_H) and ``loss`` where the code shows them.
    """

    trial: Trial
    dW: tuple[Floats, ...]
    db: tuple[Floats | None, ...]
    output: Floats | None = None
    loss: float | None = None


def relative_error(theirs: Floats | None, ours: Floats, nothing: float = TINY) -> float:
    """Max |u − v| / max(|u|, |v|); 1 where shapes differ or a number is not finite.

    0 for nothing, and where all numbers are less than ``nothing``.
    """
    if theirs is None:
        return 0.0
    if np.shape(theirs) != np.shape(ours) or not np.isfinite(theirs).all():
        return 1.0
    with np.errstate(all="ignore"):
        size = max(float(np.abs(theirs).max(initial=0)), float(np.abs(ours).max(initial=0)))
        if size < max(nothing, TINY):
            return 0.0
        error = float(np.abs(theirs - ours).max() / size)
    return error if np.isfinite(error) else 1.0


def ratio(theirs: Floats | None, ours: Floats) -> float | None:
    """The constant between two tensors, or nothing where they are not proportional."""
    if theirs is None or np.shape(theirs) != np.shape(ours) or not np.any(ours):
        return None
    if not np.isfinite(theirs).all():
        return None
    c = float(np.vdot(theirs, ours) / np.vdot(ours, ours))
    return c if relative_error(theirs, c * ours) < FIT else None


def fit_of(seen: Sequence[Observed]) -> float:
    """How near an explanation must come: less where every number given is one of single precision."""
    given = [g for one in seen[:3] for g in (*one.dW, *one.db) if g is not None]
    with np.errstate(all="ignore"):
        single = all(np.array_equal(g, g.astype(np.float32)) for g in given if np.isfinite(g).all())
    return FIT_FLOAT32 if single and any(g.any() for g in given) else FIT
