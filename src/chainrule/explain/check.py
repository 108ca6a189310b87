"""One entry of a gradient beside a centred difference of the loss, with that one parameter moved."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from chainrule.engines.reference import NUMPY
from chainrule.equations.network import backward, forward, loss
from chainrule.explain.numbers import Numbers
from chainrule.model.validate import Floats
from chainrule.proof.measured.differences import Line, Problem, noise, rounding
from chainrule.proof.measured.report import RANK
from chainrule.proof.measured.tensors import Tensor
from chainrule.types import ByLayer, Layer

STEP = 1e-5
"""h of the difference that is shown, for a parameter of size 1 or less; else so much of its size."""


class Difference(NamedTuple):
    """[J(w + h) − J(w − h)] / 2h, its limit for h → 0, and what that says about the gradient.

    ``limit`` is extrapolated from several h, as in `gradient_check`, and ``verdict`` is that of the check:
    "right", "suspicious", "wrong" or "kink"; ``why`` tells more. ``gradient``: the
    one compared, computed in float64; the explanation's own, if that is the worse. ``doubt``: how far
    rounding alone may put the two apart. ``sides``: the slopes from both sides,
    where a z that this parameter moves stands on a kink of φ. ``crossed``: between w − h and w + h some z
    goes over a kink, so that ``quotient`` measures neither side. All in float64.
    """

    gradient: float
    h: float
    upper: float
    lower: float
    quotient: float
    limit: float
    relative_error: float
    doubt: float
    verdict: str
    why: str
    sides: tuple[float, float] | None
    crossed: bool


def problem_of(explanation: Numbers) -> Problem:
    """The sample and the network in float64, whatever the network's precision."""
    params = ByLayer(Layer(*(theta.astype(np.float64) for theta in p)) for p in explanation.params)
    x, y = (v.astype(np.float64)[None] for v in (explanation.x, explanation.y))
    return Problem.at(explanation.net, params, x, y, np.ones(1))


def loss_at(problem: Problem, L: int, field: str, index: tuple[int, ...], value: float) -> float:
    """The loss where one entry of W^L or b^L has another ``value``, and all else is as it is."""
    theta = getattr(problem.params[L], field).copy()
    theta[index] = value
    layers = list(problem.params)
    layers[L - 1] = layers[L - 1]._replace(**{field: theta})
    params = ByLayer(layers)
    z_H = forward(NUMPY, problem.net, params, problem.x).z[-1]
    return float(loss(NUMPY, problem.net, params, z_H, problem.y, problem.w))


def difference(explanation: Numbers, L: int, field: str, index: tuple[int, ...]) -> Difference:
    """Compare the entry ``index`` of dW^L or db^L (``field`` "W" or "b") with differences of the loss.

    The gradient of the equations is taken in float64; a float32 explanation's own gradient must also be as
    near to the differences as its rounding allows. The worse of the two is reported.
    """
    problem = problem_of(explanation)
    theta: Floats = getattr(problem.params[L], field)
    direction = np.zeros(theta.shape)
    direction[index] = 1
    line = Line(problem, L, field, direction)
    tensors = _tensors(explanation, line)
    entry = max((tensor.entry(index)[0] for tensor in tensors), key=lambda found: RANK[found.verdict])
    sides = tensors[0].slope(direction) if line.speed[1] else None
    h = STEP * max(1.0, abs(theta[index]))
    upper, lower = (loss_at(problem, L, field, index, theta[index] + t) for t in (h, -h))
    return Difference(
        gradient=entry.analytic,
        h=float(h),
        upper=upper,
        lower=lower,
        quotient=float((upper - lower) / (2 * h)),
        limit=entry.numeric,
        relative_error=_relative(entry.analytic, entry.numeric),
        doubt=entry.doubt,
        verdict=entry.verdict,
        why=entry.why,
        sides=None if sides is None else (sides.low, sides.high),
        crossed=line.crosses(float(h)),
    )


def _tensors(explanation: Numbers, line: Line) -> list[Tensor]:
    """The gradients to hold to differences, each with the doubt of the precision it came in."""
    problem, L, field = line.problem, line.L, line.field
    delta, dW, db = backward(NUMPY, problem.net, problem.params, problem.cache, problem.y, problem.w)
    given = [(getattr(explanation, f"d{field}")[L].astype(np.float64), explanation.dtype)]
    if explanation.dtype != np.float64:
        given.insert(0, ((dW if field == "W" else db)[L], np.dtype(np.float64)))
    loudness = noise(line)
    tensors = []
    for gradient, dtype in given:
        doubt = rounding(problem, delta, float(np.finfo(dtype).eps))[L][field]
        tensors.append(Tensor(problem, L, field, gradient, doubt, np.zeros(gradient.shape), 0.0, loudness))
    return tensors


def _relative(a: Any, n: Any) -> float:
    """|a − n| / max(|a|, |n|), 0 where both are 0."""
    return float(abs(a - n) / max(abs(a), abs(n), 1e-300))
