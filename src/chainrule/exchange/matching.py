"""An activation, or a line for each column, recognised by what it answers to numbers of the whole line."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from scipy.special import log_softmax as log_of_softmax
from scipy.special import softmax

from chainrule.engines.reference import NUMPY
from chainrule.equations.activations import ACTIVATIONS
from chainrule.exchange.chain import GELU_TANH, MISH, End, Phi, Piece, Refused, Scaled, slopes
from chainrule.model.validate import Floats

ALPHA, LAMBDA = 1.6732632423543772, 1.0507009873554805
"""Of SELU. Source: Klambauer et al., NIPS 2017."""

FORMULAS: dict[str, Callable[[Floats], Floats]] = {
    **{name: partial(phi.phi, NUMPY) for name, phi in ACTIVATIONS.items()},
    GELU_TANH: lambda z: z / 2 * (1 + np.tanh(np.sqrt(2 / np.pi) * (z + 0.044715 * z**3))),
    MISH: lambda z: z * np.tanh(np.logaddexp(z, 0)),
    "min(max(z, 0), 6)": lambda z: np.clip(z, 0, 6),
    "min(max(z, -1), 1)": lambda z: np.clip(z, -1, 1),
    "min(max(z/6 + 0.5, 0), 1)": lambda z: np.clip(z / 6 + 0.5, 0, 1),
    "max(z, 0)**2": lambda z: np.maximum(z, 0) ** 2,
    "z/(1 + abs(z))": lambda z: z / (1 + np.abs(z)),
    "(z + sqrt(z**2 + 4))/2": lambda z: (z + np.sqrt(z**2 + 4)) / 2,
    "z - tanh(z)": lambda z: z - np.tanh(z),
    "-softplus(-z)": lambda z: -np.logaddexp(-z, 0),
    f"{LAMBDA}*(max(z, 0) + {ALPHA}*(exp(min(z, 0)) - 1))": lambda z: LAMBDA * _elu(z, ALPHA),
}
"""Activations, by name or formula, and what they answer."""

ENDS: dict[End, Callable[[Floats], Floats]] = {
    End("softmax"): partial(softmax, axis=1),
    End("softmax", log=True): partial(log_of_softmax, axis=1),
}

ACROSS = (partial(softmax, axis=0), partial(log_of_softmax, axis=0))


def matched(part: Any, given: Floats, found: Floats, epsilon: float) -> Piece | None:
    """The piece that answers so, column for column; None where the numbers are passed on as they are.

    Shapes: given, found (N, …), with as many numbers in a row.

    Raises:
        Refused: no activation that is known here, and no line.
    """
    if found.ndim == 0 or len(found) != len(given) or found.size != given.size:
        raise Refused(part, f"it makes shape {found.shape} of shape {given.shape}")
    z, a = given.reshape(len(given), -1), found.reshape(len(found), -1)
    close = partial(_distance, a, epsilon)
    if close(z) <= 1:
        return None
    known: list[tuple[float, Piece]] = [(close(f(z)), Phi(name)) for name, f in FORMULAS.items()]
    if a.shape[1] > 1:
        known += [(close(f(z)), end) for end, f in ENDS.items()]
    distance, piece = min(known, key=lambda pair: pair[0])
    if distance <= 1:
        return piece
    if a.shape[1] == 1 and (a == 1).all():
        raise Refused(part, "softmax of an output alone is always 1; let sigmoid stand there, or two outputs")
    if any(close(f(z)) <= 1 for f in ACROSS):
        raise Refused(part, "softmax runs over the samples; it must run over the outputs of one, axis -1")
    if not np.isfinite(a).all():
        raise Refused(part, "it answers NaN or infinity")
    for fitted in (_leaky, _elu_of, _line):
        fit = fitted(z, a, epsilon, close)
        if fit is not None:
            return fit
    raise Refused(part, "it is no activation that is known here, and no line for each column")


def _distance(a: Floats, epsilon: float, ours: Floats) -> float:
    """The largest distance, in units of what rounding may make."""
    with np.errstate(invalid="ignore", over="ignore"):
        apart = np.abs(ours - a) / (epsilon**0.7 * (1 + np.abs(ours)))
    return float(apart.max(initial=0.0)) if np.isfinite(apart).all() else np.inf


Close = Callable[[Floats], float]


def _leaky(z: Floats, a: Floats, epsilon: float, close: Close) -> Piece | None:
    slope = _middle(np.where(z < -1, a / z, np.nan), epsilon)
    return slopes(slope) if close(np.maximum(z, 0) + slope * np.minimum(z, 0)) <= 1 else None


def _elu_of(z: Floats, a: Floats, epsilon: float, close: Close) -> Piece | None:
    """ELU with another α than 1."""
    alpha = float(np.median(_middle(np.where(z < -1, a / np.expm1(np.minimum(z, -1)), np.nan), epsilon)))
    return Phi(elu(alpha)) if close(_elu(z, alpha)) <= 1 else None


def elu(alpha: float) -> str:
    """The formula of ELU with that α: z where z > 0, else α (e^z − 1)."""
    return f"max(z, 0) + ({alpha!r})*(exp(min(z, 0)) - 1)"


def _elu(z: Floats, alpha: float) -> Floats:
    values: Floats = np.maximum(z, 0) + alpha * np.expm1(np.minimum(z, 0))
    return values


def _line(z: Floats, a: Floats, epsilon: float, close: Close) -> Piece | None:
    """A line through the two outermost points of each column."""
    columns, low, high = np.arange(z.shape[1]), z.argmin(axis=0), z.argmax(axis=0)
    (z0, z1), (a0, a1) = ((v[low, columns], v[high, columns]) for v in (z, a))
    scale = (a1 - a0) / (z1 - z0)
    shift = a0 - scale * z0
    return Scaled(scale, shift) if scale.all() and close(z * scale + shift) <= 1 else None


def _middle(numbers: Floats, epsilon: float) -> Floats:
    """The median of each column, as the short decimal that it rounds to, if it does."""
    if np.isnan(numbers).all(axis=0).any():
        return np.zeros(numbers.shape[1])
    middle: Floats = np.nanmedian(numbers, axis=0)
    short = np.array([float(f"{value:.5g}") for value in middle])
    return np.where(np.abs(short - middle) <= 2 * epsilon * np.abs(middle), short, middle)
