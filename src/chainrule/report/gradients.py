"""What gradient norms by layer say: vanishing, exploding, dead or well, in words and with a remedy."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from chainrule.runs.reading import finite
from chainrule.runs.records import Norms

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
        return Reading("exploding", f"The gradient is no longer finite {_when(at)}.", _calmer(options))
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
    words = f"At the end {which} no gradient: every ∂J/∂W^{L} is 0."
    if L == H:
        words = "At the end no weight of any layer gets a gradient: every ∂J/∂W^L is 0."
    return Reading(
        "dead",
        words,
        f"By B2 the error passes through φ′, by B3 the gradient through a: where the {name} neurons of layer "
        f"{max(at, 1)} are off for all samples, both are 0. Try leaky_relu or silu, a smaller learning rate, "
        "or the initializer he. (Where training loss is 0 too, nothing is left to learn.)",
    )


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
        words = (
            f"Layer {L + 1}'s gradient is {times(middle[L])} times smaller than layer {H}'s, per weight "
            f"(median over the epochs; {times(smaller[0, L])} at the start, "
            f"{times(smaller[-1, L])} at the end): vanishing."
        )
        return Reading("vanishing", words, _less_vanishing(hidden, options))
    first = int(np.argmax(smaller[0]))
    if smaller[0, first] >= FACTOR:
        over = epochs[int(np.argmax((smaller < FACTOR).all(axis=1)))]
        words = (
            f"At the start layer {first + 1}'s gradient is {times(smaller[0, first])} times smaller than "
            f"layer {H}'s: vanishing. It is over by epoch {over}."
        )
        return Reading("vanishing", words, _less_vanishing(hidden, options))
    return None


def _exploding(
    smaller: NDArray[np.float64], g: NDArray[np.float64], epochs: list[int], options: dict[str, Any]
) -> Reading | None:
    larger = 1 / np.median(smaller, axis=0)
    L, H = int(np.argmax(larger)), smaller.shape[1]
    if larger[L] >= FACTOR:
        words = (
            f"Layer {L + 1}'s gradient is {times(larger[L])} times larger than layer {H}'s, per weight "
            "(median over the epochs): it grows on its way back: exploding."
        )
        return Reading("exploding", words, _calmer(options))
    whole = np.sqrt((g**2).sum(axis=1))
    top = int(np.argmax(whole))
    if whole[0] > 0 and whole[top] >= GROWTH * whole[0]:
        words = f"The gradient grows {times(whole[top] / whole[0])} times by epoch {epochs[top]}: exploding."
        return Reading("exploding", words, _calmer(options))
    return None


def _well(smaller: NDArray[np.float64], g: NDArray[np.float64], epochs: list[int]) -> Reading:
    middle = np.median(smaller, axis=0)
    spread = float(middle.max() / middle.min())
    if len(middle) == 1:
        words = "One layer, so no gradient can vanish or explode on its way back."
        return Reading("healthy", words + _over_time(g, epochs))
    small, large = int(middle.argmax()) + 1, int(middle.argmin()) + 1
    words = (
        f"The smallest gradient per weight is that of layer {small}, {times(spread)} times smaller than "
        f"that of layer {large} (median over the epochs)"
    )
    if spread >= UNEVEN:
        return Reading(
            "uneven",
            f"{words}: uneven, but not vanishing (that would be {FACTOR:.0f} times or more)."
            + _over_time(g, epochs),
            "Layers learn at different speeds. Adam's steps do not depend on the gradient's size; relu loses "
            "less of it on the way back.",
        )
    return Reading("healthy", f"{words}: neither vanishing nor exploding." + _over_time(g, epochs))


def _over_time(g: NDArray[np.float64], epochs: list[int]) -> str:
    whole = np.sqrt((g**2).sum(axis=1))
    if len(epochs) < 2 or not whole[-1] or not whole[0]:
        return ""
    change = whole[0] / whole[-1]
    if change >= 2:
        return (
            f" From the start to epoch {epochs[-1]} the gradient of the whole network became "
            f"{times(change)} times smaller, as it usually does when a network learns."
        )
    if change <= 0.5:
        return (
            f" From the start to epoch {epochs[-1]} the gradient of the whole network became "
            f"{times(1 / change)} times larger."
        )
    return ""


def _less_vanishing(hidden: Sequence[str], options: dict[str, Any]) -> str:
    words = ["By B2 each layer back multiplies the error by (W^{L+1})ᵀ and φ′(z^L)"]
    if "sigmoid" in hidden:
        words.append(", and σ′ is at most ¼. Try --hidden relu with --initializer he, or tanh with xavier")
    elif options.get("initializer") == "normal":
        words.append(", and N(0, 1) weights saturate neurons, so that φ′ ≈ 0. Try --initializer xavier or he")
    else:
        words.append(". Try --initializer he for relu, xavier for tanh")
    return (
        "".join(words) + "; fewer layers; or --optimizer adam, whose steps do not shrink with the gradient."
    )


def _calmer(options: dict[str, Any]) -> str:
    rate = options.get("learning_rate")
    smaller = f", such as --learning-rate {rate / 10:g}" if rate else ""
    weights = (
        "" if options.get("initializer") != "normal" else " Initial weights N(0, 1) are large: try xavier."
    )
    return f"Take a smaller learning rate{smaller}, and inputs of about −1…1.{weights}"


def _when(epoch: int) -> str:
    return "at the start" if epoch == 0 else f"after epoch {epoch}"


def times(x: float) -> str:
    """A factor in words' precision: 4.2, 37, 4,000; very large ones as powers."""
    if not np.isfinite(x):
        return "infinitely many"
    if x >= 1e7:
        return f"{x:.0e}"
    return f"{x:.1f}" if x < 10 else f"{float(f'{x:.2g}'):,.0f}"
