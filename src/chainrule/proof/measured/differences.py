"""Derivatives of the loss by centred differences in float64, each with an estimate of its own error.

A line is θ + t u: one tensor θ of one layer (W^L or b^L) moved along a direction u of its shape. The
slope of the loss along it is

    [J(θ + h u) − J(θ − h u)] / 2h  =  ∂J/∂t + c₂ h² + c₄ h⁴ + …

taken at h, h/2, h/4, … and extrapolated to h = 0 (Richardson 1911; Ridders 1982). The first h moves no
z of the network by more than about ¼; of all the extrapolations the one with the least doubt is kept.
"""

from __future__ import annotations

from functools import cached_property
from types import SimpleNamespace
from typing import Any, NamedTuple, cast

import numpy as np

from chainrule.engines.reference import NUMPY
from chainrule.equations.activations import Activation
from chainrule.equations.network import Architecture, forward
from chainrule.equations.penalty import Penalty, penalty_value
from chainrule.model.validate import Floats
from chainrule.proof.measured.kinks import BENDS, continued, on_kinks
from chainrule.types import Array, ByLayer, Forward, Layer, Namespace, Params

EPS = float(np.finfo(np.float64).eps)
REACH = 0.25
"""How far the longest step may move any z of the network."""
HALVINGS = 5
"""Steps h, h/2, … tried before the best extrapolation is taken."""
CAUTION = 4.0
"""How many times the distance of two extrapolations counts as their doubt."""

ELEMENTWISE = cast(Namespace, SimpleNamespace(abs=np.abs, sum=lambda w: w))
"""An interpreter of the penalties that leaves out the sum: each entry's own share of the penalty."""


class Problem(NamedTuple):
    """What the loss depends on. Shapes: x (N, n_0), y (N, n_H), w (N,) with Σ w_i = 1."""

    net: Architecture
    params: Params
    x: Floats
    y: Floats
    w: Floats
    cache: Forward

    @classmethod
    def at(cls, net: Architecture, params: Params, x: Floats, y: Floats, w: Floats) -> Problem:
        """The problem with its forward pass."""
        return cls(net, params, x, y, w, forward(NUMPY, net, params, x))

    def losses(self, z_H: Floats) -> Floats:
        """J_i of every sample. Shapes: (N, n_H) → (N,)."""
        values: Floats = self.net.head.loss(NUMPY, z_H, self.y)
        return values


class Slope(NamedTuple):
    """∂J/∂t along a line, how far it may be off, and what the longest step met.

    ``low`` and ``high``: the least and the greatest that it may be, where some z stands on a kink and
    moves; φ' may then be that of either side. ``crossed``: some z went over a kink, where φ was continued
    from its own side. ``settled``: the estimates approached a limit until rounding stopped them.
    """

    value: float
    doubt: float
    low: float
    high: float
    crossed: bool = False
    settled: bool = True


class Line:
    """The mean loss at θ + t u, without penalty, as a function of t; t = 0 is the network as it is."""

    def __init__(self, problem: Problem, L: int, field: str, u: Floats) -> None:
        self.problem, self.L, self.field, self.u = problem, L, field, u
        self.theta: Floats = getattr(problem.params[L], field)
        self.tail = ByLayer(layer for k, layer in problem.params.items() if k >= L)
        self.z = ByLayer(z for k, z in problem.cache.z.items() if k >= L)
        self.hidden = ByLayer(phi for k, phi in problem.net.hidden.items() if k >= L)
        self.start = problem.losses(problem.cache.z[-1])

    def reach(self, t: float, upper: bool | None = None) -> ByLayer[Array]:
        """z^L … z^H at θ + t u; a^{L-1} stays. On a kink φ keeps the side that ``upper`` says."""
        layers = list(self.tail)
        layers[0] = layers[0]._replace(**{self.field: self.theta + t * self.u})
        net = Architecture(self._continued(upper), self.problem.net.head)
        return forward(NUMPY, net, ByLayer(Layer(*p) for p in layers), self.problem.cache.a[self.L - 1]).z

    def rise(self, t: float, upper: bool | None = None) -> float:
        """J(θ + t u) − J(θ), summed from the differences of the samples."""
        z_H = self.reach(t, upper)[-1]
        return float(np.sum((self.problem.losses(z_H) - self.start) * self.problem.w))

    def _continued(self, upper: bool | None) -> ByLayer[Activation]:
        return ByLayer(continued(phi, self.z[k], upper) for k, phi in self.hidden.items())

    @cached_property
    def speed(self) -> tuple[float, bool]:
        """The greatest |∂z/∂t| of all layers and samples, and whether a z on a kink is among the moving."""
        t = 1e-7 * max(1.0, float(np.abs(self.theta[self.u != 0]).max(initial=0)))
        moves = [np.abs(new - old) for new, old in zip(self.reach(t), self.z, strict=True)]
        on_kink = any(
            bool((moves[k - 1] > 0)[on_kinks(self.z[k], phi)].any()) for k, phi in self.hidden.items()
        )
        return max(float(move.max()) for move in moves) / t, on_kink

    @property
    def longest(self) -> float:
        """The first h: moves no z by more than about REACH, and no parameter by more than its size or 1."""
        size = max(1.0, float(np.abs(self.theta[self.u != 0]).max(initial=0)))
        bent = any(phi.name in BENDS for phi in self.hidden)
        return min(size, REACH / (4 if bent else 1) / max(self.speed[0], 1e-300))

    def crosses(self, h: float) -> bool:
        """Whether a step of h takes some z over a kink."""
        for t in (h, -h):
            z = self.reach(t)
            for k, phi in self.hidden.items():
                if any(((z[k] > kink) != (self.z[k] > kink)).any() for kink in phi.kinks):
                    return True
        return False


def noise(line: Line) -> float:
    """Rounding noise of the loss: third differences of values so near that all but rounding cancels.

    Source: Hamming, Introduction to Applied Numerical Analysis, 1971; Moré & Wild, SISC 33, 2011.
    """
    step = 1e-7 * line.longest
    values = [line.rise(k * step) for k in range(1, 11)]
    measured = float(np.sqrt(np.mean(np.diff(values, 3) ** 2) / 20))
    least = EPS * float(np.sum(line.problem.w * (1 + np.abs(line.start))))
    return max(measured, least)


def slope(line: Line, noise: float) -> Slope:
    """∂J/∂t at t = 0, its doubt, and what became of the kinks."""
    h = line.longest
    value, doubt, settled = _extrapolated(line, h, noise, None)
    if not any(phi.kinks for phi in line.hidden):
        return Slope(value, doubt, value, value, settled=settled)
    if not line.speed[1]:
        return Slope(value, doubt, value, value, line.crosses(h), settled)
    sides = [_extrapolated(line, h, noise, upper) for upper in (False, True)]
    values = [value, *(side[0] for side in sides)]
    doubt = max(doubt, *(side[1] for side in sides))
    return Slope(value, doubt, min(values), max(values), True, settled)


def _extrapolated(line: Line, h: float, noise: float, upper: bool | None) -> tuple[float, float, bool]:
    """Neville's table of centred differences at h, h/2, …: the entry with the least doubt.

    Its doubt is CAUTION times how far its two parents are from it, plus the rounding noise of the
    difference. It is settled if that distance is a thousandth of it, or as little as rounding allows.
    """
    rows: list[list[float]] = []
    best = (0.0, np.inf, False)
    for k in range(HALVINGS):
        step = h / 2**k
        rounding = 2 * noise / step
        row = [(line.rise(step, upper) - line.rise(-step, upper)) / (2 * step)]
        for j in range(1, k + 1):
            row.append(row[-1] + (row[-1] - rows[-1][j - 1]) / (4**j - 1))
            apart = CAUTION * max(abs(row[j] - row[j - 1]), abs(row[j] - rows[-1][j - 1]))
            if apart + rounding < best[1]:
                best = row[j], apart + rounding, apart < max(1e-3 * abs(row[j]), 1e3 * rounding)
        if best[1] < 2 * rounding:  # shorter steps can only be noisier
            break
        rows.append(row)
    return best


def penalty_slope(penalty: Penalty, W: Floats) -> Floats:
    """∂(λ₁|w| + λ₂ w²/2)/∂w of every entry, by a centred difference that stays on w's side of 0.

    Both terms are polynomials there, so any step will do: |w|/2, or 1 where w = 0 (which gives 0, the
    middle of what |w| allows). Shapes: like W.
    """
    h = np.where(W == 0, 1.0, np.abs(W) / 2)
    up, down = (penalty_value(ELEMENTWISE, penalty, w) for w in (W + h, W - h))
    return np.asarray((up - down) / ((W + h) - (W - h)), np.float64)


def rounding(problem: Problem, delta: ByLayer[Floats], eps: float) -> ByLayer[dict[str, Floats]]:
    """How far rounding alone may put a correct gradient off, {"W": (n_L, n_{L-1}), "b": (n_L,)} a layer.

    A running error analysis of Eq. B1 to B4 in arithmetic of precision ``eps``: whatever is computed from
    z carries the rounding of z, which is eps Σ|W||a|.
    """
    params, cache, H = problem.params, problem.cache, problem.params.last
    off: Any = None
    found: list[dict[str, Floats]] = []
    for L in range(H, 0, -1):
        a_prev = np.abs(cache.a[L - 1])
        shake = eps * (1 + a_prev @ np.abs(params[L].W).T + np.abs(params[L].b))
        if L == H:
            off = shake * problem.w[:, None]
        else:
            W = np.abs(params[L + 1].W)
            off = 1.2 * off @ W + shake * (np.abs(delta[L + 1]) @ W)
        total = off + eps * np.abs(delta[L])
        found.insert(0, {"W": total.T @ a_prev, "b": total.sum(axis=0)})
    return ByLayer(found)
