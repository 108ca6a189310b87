"""Single numbers given by the user, checked and turned into plain Python numbers.

A NumPy scalar would make a float32 network float64, and JSON could not hold it.
"""

from __future__ import annotations

from math import inf
from numbers import Integral, Real
from typing import Any

from chainrule.errors import InputError

LEAVE_OUT = "Leave it out for the usual value."


def as_real(
    name: str,
    value: Any,
    *,
    above: float = -inf,
    at_least: float = -inf,
    below: float = inf,
    at_most: float = inf,
    remedy: str = LEAVE_OUT,
) -> float:
    """Return ``value`` as a finite float within the bounds.

    Raises:
        InputError: not a real number, not finite, or out of bounds.
    """
    number = float(value) if isinstance(value, Real) and not isinstance(value, bool) else inf
    if not (above < number < below and at_least <= number <= at_most and abs(number) < inf):
        words = {"above": above, "at least": at_least, "below": below, "at most": at_most}
        bounds = [f"{word} {bound:g}" for word, bound in words.items() if abs(bound) < inf]
        must = " and ".join(bounds) or "a finite number"
        raise InputError(f"{name} must be {must}; got {value!r}. {remedy}")
    return number


def as_whole(name: str, value: Any, *, at_least: int = 1, remedy: str = LEAVE_OUT) -> int:
    """Return ``value`` as an int of at least ``at_least``.

    Raises:
        InputError: not a whole number, or too small.
    """
    if not isinstance(value, Integral) or isinstance(value, bool) or value < at_least:
        raise InputError(f"{name} must be a whole number of {at_least} or more; got {value!r}. {remedy}")
    return int(value)
