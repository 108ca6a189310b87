"""Every tensor of an answer against the right one, over all networks."""

from __future__ import annotations

from typing import NamedTuple

from chainrule.diagnosis.asking.observe import Answer
from chainrule.diagnosis.asking.observed import FIT, fit_of, ratio, relative_error
from chainrule.diagnosis.asking.slopes import Slope
from chainrule.diagnosis.catalogue.models import Model
from chainrule.diagnosis.catalogue.scales import Scale
from chainrule.diagnosis.verdict.search import attempt


class Row(NamedTuple):
    """One tensor: its layer, "W" or "b", its largest relative error, and whether that is rounding.

    ``ratio``: the constant between theirs and the right one, where that is all the difference.
    """

    layer: int
    tensor: str
    error: float
    right: bool
    ratio: float | None = None


def rows_of(answer: Answer, model: Model, scale: Scale) -> tuple[Row, ...]:
    """A row for each tensor, layer by layer, W before b."""
    fit = fit_of(answer.observed)
    worst: dict[tuple[int, str], float] = {}
    ratios: dict[tuple[int, str], list[float | None]] = {}
    for one in answer.observed:
        s = attempt(one, model, scale, {})
        if s is None:
            continue
        for L in range(1, s.H + 1):
            for tensor, theirs, ours in (("W", one.dW[L - 1], s.dW[L]), ("b", one.db[L - 1], s.db[L])):
                key = (L, tensor)
                worst[key] = max(worst.get(key, 0.0), relative_error(theirs, ours))
                ratios.setdefault(key, []).append(ratio(theirs, ours))
    return tuple(
        Row(*key, error, error <= fit, _constant(ratios[key])) for key, error in sorted(worst.items())
    )


def rows_by_slope(answer: Answer, slope: Slope) -> tuple[Row, ...]:
    """The same against a constant times the slope of a loss, where that is all the difference."""
    first, factor = answer.observed[0], slope.factors[0] or 1.0
    rows = []
    for L in range(1, len(first.dW) + 1):
        for tensor, theirs, slopes in (("W", first.dW, slope.dW), ("b", first.db, slope.db)):
            given = theirs[L - 1]
            if given is not None:
                error = relative_error(given, factor * slopes[L - 1]) if slopes else slope.off
                rows.append(Row(L, tensor, error, True))
    return tuple(rows)


def _constant(ratios: list[float | None]) -> float | None:
    """The ratio that is the same on all networks."""
    known = [r for r in ratios if r is not None]
    same = len(known) == len(ratios) and max(known) - min(known) <= FIT * max(abs(r) for r in known)
    return known[0] if same else None
