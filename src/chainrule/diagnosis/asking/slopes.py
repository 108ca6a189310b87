"""The gradient against centred differences of a loss: the program's own, else known ones over its outputs.

Of its own loss every entry is differenced on the first network, if that is not large; else the slopes along
random directions are taken, as on two networks more, of other batch sizes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from chainrule.diagnosis.asking.forms import Form
from chainrule.diagnosis.asking.observed import FIT, Observed, fit_of, relative_error
from chainrule.diagnosis.asking.spying import numbers_inside
from chainrule.diagnosis.catalogue.backprop import Trial
from chainrule.diagnosis.catalogue.models import COSTS
from chainrule.model.validate import Floats
from chainrule.types import ByLayer, Layer

OWN, INSIDE, AUTOMATIC = "own", "inside", "automatic"
STEP_H, SHORT_H = 1e-5, 1e-7
MOST_ENTRIES, DIRECTIONS, NETWORKS = 400, 4, 3
SAME = 1e-6
"""How near a gradient must come to a constant times the slope, relative to its largest entry."""
NEAR_A_KINK = 0.1
"""The part of all entries that may lie so near a kink that a shorter step is tried."""


class Slope(NamedTuple):
    """A gradient against the slope of a loss.

    ``loss``: OWN, INSIDE (a number inside of their function), or the name of a known one over their outputs;
    AUTOMATIC where a library differentiated their own, in single precision, which has no differences.
    ``error``: their largest relative difference on the first network. ``factors``: the constant between them
    on each network, none where that is not all the difference, but for ``off`` at most. ``dW``, ``db``: the
    slope on the first network.
    """

    loss: str
    error: float
    factors: tuple[float | None, ...] = ()
    off: float = 0.0
    dW: tuple[Floats, ...] = ()
    db: tuple[Floats, ...] = ()

    @property
    def is_own(self) -> bool:
        """Whether the loss is the program's own."""
        return self.loss in (OWN, INSIDE, AUTOMATIC)


class _Losses(NamedTuple):
    names: tuple[str, ...]
    of: Callable[[Trial], Sequence[float]]


def slopes(form: Form, seen: Sequence[Observed]) -> tuple[Slope, ...]:
    """What can be said of the slopes of a program: of its own loss, or else of known ones."""
    if fit_of(seen[:1]) > FIT:
        return (Slope(AUTOMATIC, 0.0, (1.0,)),) if form.automatic and _has_shapes(seen[0]) else ()
    found: list[Slope] = []
    for losses in _all_losses(form, seen[0]):
        found += _compared(losses, form.biasless, seen)
        if any(one.loss == OWN or all(one.factors) for one in found):
            break
    return tuple(found)


def _all_losses(form: Form, first: Observed) -> Sequence[_Losses]:
    own, outputs = form.loss, form.outputs
    found = []
    if own is not None and first.loss is not None:
        found.append(_Losses((OWN,), lambda trial: (own(trial),)))
    names = tuple(numbers_inside(form.file, lambda: form.compute(first.trial))) if form.file else ()
    if names:
        found.append(_Losses(tuple(INSIDE for _ in names), lambda trial: _inside(form, trial, names)))
    if outputs is not None and first.output is not None:
        found.append(_Losses(tuple(COSTS), lambda trial: _known(outputs(trial), trial)))
    return found


def _inside(form: Form, trial: Trial, names: Sequence[str]) -> list[float]:
    seen = numbers_inside(form.file, lambda: form.compute(trial))
    return [seen[name] for name in names]


def _known(a: Floats | None, trial: Trial) -> list[float]:
    if a is None:
        raise ValueError("no outputs")
    with np.errstate(all="ignore"):
        return [float(np.sum(cost.value(a, trial.y))) for cost in COSTS.values()]


def _compared(losses: _Losses, biasless: bool, seen: Sequence[Observed]) -> list[Slope]:
    """A slope for each of the losses that has one."""
    first = seen[0]
    if not _has_shapes(first):
        return [Slope(name, 1.0) for name in losses.names if name == OWN]
    try:
        with np.errstate(all="ignore"):
            return _measured(losses, biasless, seen)
    except (Exception, SystemExit):
        return []


def _measured(losses: _Losses, biasless: bool, seen: Sequence[Observed]) -> list[Slope]:
    first, rest = seen[0], [one for one in seen[1:NETWORKS] if _has_shapes(one)]
    whole = losses.names == (OWN,) and _theta(first.trial).size <= MOST_ENTRIES
    directions = [_directions(one, biasless, whole and one is first) for one in (first, *rest)]
    pairs = [
        (one, d, _along(losses, one.trial, d, STEP_H))
        for one, d in zip((first, *rest), directions, strict=True)
    ]
    found = []
    for k, name in enumerate(losses.names):
        n = pairs[0][2][:, k]
        if not np.isfinite(n).all() or not n.any():
            continue
        fits = [_constant(losses, k, one, d, slope[:, k]) for one, d, slope in pairs]
        a = directions[0] @ _gradient(first)
        dW, db = _by_layer(first.trial, n) if whole and not biasless else ((), ())
        factors, off = tuple(factor for factor, _ in fits), max(off for _, off in fits)
        found.append(Slope(name, relative_error(a, n), factors, off, dW, db))
    return found


def _constant(losses: _Losses, k: int, one: Observed, d: Floats, n: Floats) -> tuple[float | None, float]:
    """The constant between gradient and slope, and what it leaves, relative to the largest entry.

    Where a few entries do not fit, a shorter step is tried: a kink may lie between.
    """
    a = d @ _gradient(one)
    large = np.abs(n) > 1e-3 * np.abs(n).max()
    if not large.any() or not np.isfinite(a).all() or not a.any():
        return None, 1.0
    factor, size = float(np.median(a[large] / n[large])), np.abs(a).max()
    off = np.abs(a - factor * n) > SAME * size
    if off.any() and off.mean() < NEAR_A_KINK:
        n[off] = _along(losses, one.trial, d[off], SHORT_H)[:, k]
    left = float(np.abs(a - factor * n).max() / size)
    return (factor, left) if factor and left <= 10 * SAME else (None, left)


def _has_shapes(one: Observed) -> bool:
    pairs = [(g, layer.W) for g, layer in zip(one.dW, one.trial.params, strict=True)]
    pairs += [(g, layer.b) for g, layer in zip(one.db, one.trial.params, strict=True) if g is not None]
    return all(np.shape(g) == theta.shape for g, theta in pairs)


def _gradient(one: Observed) -> Floats:
    parts = [
        part.reshape(-1)
        for dW, db, layer in zip(one.dW, one.db, one.trial.params, strict=True)
        for part in (dW, np.zeros_like(layer.b) if db is None else db)
    ]
    return np.concatenate(parts)


def _theta(trial: Trial) -> Floats:
    return np.concatenate([part.reshape(-1) for layer in trial.params for part in layer])


def _directions(one: Observed, biasless: bool, whole: bool) -> Floats:
    """Every axis, or a few random directions, as rows; none along the biases where there are none."""
    size = _theta(one.trial).size
    rng = np.random.default_rng(size)
    d = np.eye(size) if whole else rng.standard_normal((DIRECTIONS, size)) / np.sqrt(size)
    if biasless:
        weights = np.concatenate(
            [part for layer in one.trial.params for part in (np.ones(layer.W.size), np.zeros(layer.b.size))]
        )
        d = d[weights > 0] if whole else d * weights
    return d


def _along(losses: _Losses, trial: Trial, directions: Floats, h: float) -> Floats:
    """The slopes of all losses along the directions: (directions, losses)."""
    theta = _theta(trial)
    return np.array(
        [
            np.subtract(losses.of(_at(trial, theta + h * d)), losses.of(_at(trial, theta - h * d))) / (2 * h)
            for d in directions
        ]
    )


def _at(trial: Trial, theta: Floats) -> Trial:
    dW, db = _by_layer(trial, theta)
    return trial._replace(params=ByLayer(Layer(*pair) for pair in zip(dW, db, strict=True)))


def _by_layer(trial: Trial, theta: Floats) -> tuple[tuple[Floats, ...], tuple[Floats, ...]]:
    shapes = [part.shape for layer in trial.params for part in layer]
    ends = np.cumsum([int(np.prod(shape)) for shape in shapes])[:-1]
    parts = [part.reshape(shape) for part, shape in zip(np.split(theta, ends), shapes, strict=True)]
    return tuple(parts[0::2]), tuple(parts[1::2])
