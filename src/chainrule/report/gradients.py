"""What gradient norms by layer say: vanishing, exploding, dead or well, in words and with a remedy."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from chainrule.files.texts import said
from chainrule.runs.reading import finite
from chainrule.runs.records import Norms

say = partial(said, "report/words.toml")

FACTOR = 100.0
"""Gradients of two layers that differ by more are called vanishing or exploding."""

UNEVEN = 20.0
"""Gradients that differ by more are called uneven."""

GROWTH = 1000.0
"""A gradient that grows by more over the epochs is called exploding."""


class Reading(NamedTuple):
    """``kind``: healthy, uneven, vanishing, exploding or dead; what is seen, and what to do."""

    kind: str
    words: str
    remedy: str = ""


def per_weight(norms: Sequence[Norms], sizes: Sequence[int]) -> NDArray[np.float64]:
    """Root mean square of ∂J/∂W^L_mk over a layer: ‖∂J/∂W^L‖ / √(n_L n_{L−1}), (epochs, H).

    Layers of different size compare by it.
    """
    return np.array([finite(line.gradient) for line in norms]) / np.sqrt(np.asarray(sizes, np.float64))


def relative(norms: Sequence[Norms]) -> NDArray[np.float64]:
    """‖∂J/∂W^L‖ / ‖W^L‖, (epochs, H)."""
    weight = np.array([finite(line.weight) for line in norms])
    with np.errstate(divide="ignore", invalid="ignore"):
        found: NDArray[np.float64] = np.array([finite(line.gradient) for line in norms]) / weight
    return found


def read(
    norms: Sequence[Norms], sizes: Sequence[int], hidden: Sequence[str], options: dict[str, Any]
) -> Reading:
    """Describe what the gradients of a run show.

    Args:
        norms: lines of ``gradients.jsonl``.
        sizes: how many weights each layer has.
        hidden: names of the hidden layers' activations.
        options: of the run, for the remedy.
    """
    g = per_weight(norms, sizes)
    epochs = [line.epoch for line in norms]
    if not np.isfinite(g).all():
        at = epochs[int(np.argmin(np.isfinite(g).all(axis=1)))]
        when = "at the start" if at == 0 else f"after epoch {at}"
        return Reading("exploding", say("not_finite", when=when), _calmer(options))
    dead = _dead(g)
    if dead:
        return _is_dead(dead, g.shape[1], hidden)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        smaller = g[:, -1:] / g  # how many times smaller than the output layer's
    return (
        _vanishing(smaller, g, epochs, hidden, options)
        or _exploding(smaller, g, epochs, options)
        or _well(smaller, g, epochs)
    )


def _dead(g: NDArray[np.float64]) -> int:
    """The highest layer whose weights get no gradient at the end; 0 if all get some."""
    zero = np.flatnonzero(g[-1] == 0)
    return int(zero[-1]) + 1 if len(zero) else 0


def _is_dead(L: int, H: int, hidden: Sequence[str]) -> Reading:
    """Weights of the output layer get none where a^{H−1} = 0; those below where φ′ = 0. Eq. B3, B2."""
    at = min(L, H - 1)
    name = hidden[at - 1] if 0 < at <= len(hidden) else "its"
    which = f"layer {L} gets" if L == 1 else f"layer {L} and all below get"
    words = say("all_dead") if L == H else say("dead", which=which, L=L)
    return Reading("dead", words, say("revive", name=name, layer=max(at, 1)))


def _vanishing(
    smaller: NDArray[np.float64],
    g: NDArray[np.float64],
    epochs: list[int],
    hidden: Sequence[str],
    options: dict[str, Any],
) -> Reading | None:
    """A gradient smaller than the output layer's by `FACTOR`, over half of the epochs or at first."""
    middle = np.median(smaller, axis=0)
    L, H = int(np.argmax(middle)), smaller.shape[1]
    if middle[L] >= FACTOR:
        ends = {"first": times(smaller[0, L]), "last": times(smaller[-1, L])}
        words = say("vanishing", L=L + 1, H=H, middle=times(middle[L]), **ends)
        return Reading("vanishing", words, _less_vanishing(hidden, options))
    first = int(np.argmax(smaller[0]))
    if smaller[0, first] >= FACTOR:
        over = epochs[int(np.argmax((smaller < FACTOR).all(axis=1)))]
        words = say("vanishing_at_first", L=first + 1, H=H, first=times(smaller[0, first]), over=over)
        return Reading("vanishing", words, _less_vanishing(hidden, options))
    return None


def _exploding(
    smaller: NDArray[np.float64], g: NDArray[np.float64], epochs: list[int], options: dict[str, Any]
) -> Reading | None:
    larger = 1 / np.median(smaller, axis=0)
    L, H = int(np.argmax(larger)), smaller.shape[1]
    if larger[L] >= FACTOR:
        words = say("exploding", L=L + 1, H=H, middle=times(larger[L]))
        return Reading("exploding", words, _calmer(options))
    whole = np.sqrt((g**2).sum(axis=1))
    top = int(np.argmax(whole))
    if whole[0] > 0 and whole[top] >= GROWTH * whole[0]:
        words = say("growing", times=times(whole[top] / whole[0]), epoch=epochs[top])
        return Reading("exploding", words, _calmer(options))
    return None


def _well(smaller: NDArray[np.float64], g: NDArray[np.float64], epochs: list[int]) -> Reading:
    middle = np.median(smaller, axis=0)
    spread = float(middle.max() / middle.min())
    if len(middle) == 1:
        return Reading("healthy", say("one_layer") + _over_time(g, epochs))
    small, large = int(middle.argmax()) + 1, int(middle.argmin()) + 1
    smallest = say("smallest", small=small, spread=times(spread), large=large)
    if spread >= UNEVEN:
        words = say("uneven", smallest=smallest, factor=f"{FACTOR:.0f}")
        return Reading("uneven", words + _over_time(g, epochs), say("level"))
    return Reading("healthy", say("even", smallest=smallest) + _over_time(g, epochs))


def _over_time(g: NDArray[np.float64], epochs: list[int]) -> str:
    whole = np.sqrt((g**2).sum(axis=1))
    if len(epochs) < 2 or not whole[-1] or not whole[0]:
        return ""
    change = whole[0] / whole[-1]
    if change >= 2:
        return f" {say('smaller_at_the_end', epoch=epochs[-1], times=times(change))}"
    if change <= 0.5:
        return f" {say('larger_at_the_end', epoch=epochs[-1], times=times(1 / change))}"
    return ""


def _less_vanishing(hidden: Sequence[str], options: dict[str, Any]) -> str:
    normal = options.get("initializer") == "normal"
    why = "by_sigmoid" if "sigmoid" in hidden else "by_normal" if normal else "by_other"
    return say("less_vanishing", why=say(why))


def _calmer(options: dict[str, Any]) -> str:
    rate = options.get("learning_rate")
    smaller = f", such as --learning-rate {rate / 10:g}" if rate else ""
    weights = (
        "" if options.get("initializer") != "normal" else " Initial weights N(0, 1) are large: try xavier."
    )
    return f"Take a smaller learning rate{smaller}, and inputs of about −1…1.{weights}"


def times(x: float) -> str:
    """A factor in words' precision: 4.2, 37, 4,000; very large ones as powers."""
    if not np.isfinite(x):
        return "infinitely many"
    if x >= 1e7:
        return f"{x:.0e}"
    return f"{x:.1f}" if x < 10 else f"{float(f'{x:.2g}'):,.0f}"
