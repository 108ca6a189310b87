"""The numeric gradient check: every W^L and b^L against centred differences of the loss itself."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from chainrule.checks import as_whole
from chainrule.engines.reference import NUMPY
from chainrule.equations.network import backward
from chainrule.equations.penalty import Penalty, penalty_value
from chainrule.errors import InputError
from chainrule.model.feedforward import FeedForward, in_float64
from chainrule.model.validate import (
    Floats,
    as_numbers,
    as_penalty,
    as_samples,
    as_targets,
    as_weights,
    check_finite,
)
from chainrule.proof.measured.causes import suspect
from chainrule.proof.measured.differences import EPS, Line, Problem, noise, penalty_slope, rounding
from chainrule.proof.measured.report import GradientReport, TensorReport
from chainrule.proof.measured.tensors import Tensor, check_penalties, check_tensor
from chainrule.types import ByLayer, Gradients

LARGEST = 1e30
"""A network with numbers beyond this is refused: its slopes would overflow."""


def gradient_check(
    network: FeedForward,
    X: Any,
    y: Any,
    *,
    l1: float = 0.0,
    l2: float = 0.0,
    sample_weight: Any = None,
    entries: int = 20,
    directions: int = 3,
    seed: int = 0,
    gradients: Gradients | Sequence[Any] | None = None,
) -> GradientReport:
    """Hold gradients to centred differences of the loss, in float64, tensor by tensor.

    In each W^L and b^L some entries are compared one by one (all, where there are few), and the whole
    tensor along random directions of ±1. Where a direction disagrees, it is halved and halved again
    until the wrong entry stands alone, so that one wrong entry among thousands is found.

    Args:
        network: the network; its loss is what counts. Float32 parameters are checked as float64.
        X: samples, (N, n_0).
        y: targets, as for `Network.gradients`.
        l1: strength of the L1 penalty, Eq. P2.
        l2: strength of the L2 penalty, Eq. P1.
        sample_weight: how much each sample counts, (N,).
        entries: how many entries of each tensor to compare.
        directions: how many random directions of each tensor to compare.
        seed: decides entries and directions.
        gradients: what to check: a `Gradients`, or a pair of lists (dW, db); None takes
            ``network.gradients``.

    Raises:
        InputError: samples, options or gradients that cannot be right; gradients of the wrong shape.
    """
    entries, directions = as_whole("entries", entries), as_whole("directions", directions, at_least=0)
    rng = np.random.default_rng(as_whole("seed", seed, at_least=0))
    penalty, double = as_penalty(l1, l2), in_float64(_checked(network))
    problem = _problem(double, X, y, sample_weight)
    given, precision = _gradients(double, gradients, X, y, sample_weight, penalty)
    tensors = _tensors(problem, given, precision, penalty)
    rows = [check_tensor(tensor, entries, directions, rng) for tensor in tensors]
    if gradients is None and penalty:
        plain, _ = _gradients(double, None, X, y, sample_weight, Penalty())
        rows += check_penalties(problem, given, plain, penalty)
    rows = suspect(rows, tensors, penalty)
    value = float(np.sum(problem.losses(problem.cache.z[-1]) * problem.w))
    value += sum(float(penalty_value(NUMPY, penalty, layer.W)) for layer in problem.params)
    return GradientReport(tuple(rows), value, len(problem.x), _notes(network, precision, rows))


def _checked(network: Any) -> FeedForward:
    if not isinstance(network, FeedForward):
        raise InputError(
            f"network must be a Network; got {type(network).__name__}. "
            "From arrays make one with Network.from_parameters."
        )
    return network


def _problem(network: FeedForward, X: Any, y: Any, sample_weight: Any) -> Problem:
    x = as_samples(X, network.layers[0], np.float64)
    targets = as_targets(y, len(x), network.layers[-1], network.head, np.float64)
    w = as_weights(sample_weight, len(x), np.float64)
    with np.errstate(over="ignore", invalid="ignore"):
        problem = Problem.at(network.architecture, network.params, x, targets, w / w.sum())
        value = float(np.sum(problem.losses(problem.cache.z[-1]) * problem.w))
    largest = max(abs(value), *(float(np.abs(z).max()) for z in problem.cache.z))
    if not largest < LARGEST:
        raise InputError(
            f"the loss and every z must be below {LARGEST:g} for slopes to be measured; got {largest:g}. "
            "Check the size of the parameters and the samples."
        )
    return problem


def _gradients(
    network: FeedForward, gradients: Any, X: Any, y: Any, sample_weight: Any, penalty: Penalty
) -> tuple[Gradients, float]:
    """The gradients under check in float64, and the precision of the arithmetic they came in."""
    if gradients is None:
        gradients = network.gradients(X, y, sample_weight=sample_weight, **penalty._asdict())
    try:
        dW, db = (gradients.dW, gradients.db) if isinstance(gradients, Gradients) else gradients
        dW, db = list(dW), list(db)
    except (TypeError, ValueError) as error:
        raise InputError(
            "gradients must be a Gradients, or a pair (dW, db) of lists of arrays, one a layer; got "
            f"{type(gradients).__name__}. Pass network.gradients(…), or your own (dW, db)."
        ) from error
    eps = max((_precision(g) for g in (*dW, *db)), default=EPS)
    checked = [_like("W", dW, network.W), _like("b", db, network.b)]
    return Gradients(ByLayer(()), *checked), eps


def _precision(g: Any) -> float:
    dtype = getattr(g, "dtype", np.dtype(np.float64))
    return float(np.finfo(dtype).eps) if np.dtype(dtype).kind == "f" else EPS


def _like(field: str, given: list[Any], own: ByLayer[Any]) -> ByLayer[Floats]:
    if len(given) != len(own):
        raise InputError(
            f"d{field} must hold {len(own)} arrays, one for each layer; got {len(given)}. "
            "List them from the first layer to the last."
        )
    arrays = []
    for L, (g, theta) in enumerate(zip(given, own, strict=True), 1):
        array = as_numbers(f"d{field}[{L}]", g, np.float64)
        if array.shape != theta.shape:
            turned = " It looks transposed." if array.shape == theta.shape[::-1] else ""
            raise InputError(
                f"d{field}[{L}] must have shape {theta.shape}, as {field}[{L}]; got {array.shape}.{turned} "
                "Put ∂J/∂θ where θ stands."
            )
        check_finite(f"d{field}[{L}]", array)
        arrays.append(array)
    return ByLayer(arrays)


def _tensors(problem: Problem, given: Gradients, precision: float, penalty: Penalty) -> list[Tensor]:
    y, cache = problem.y, problem.cache
    delta = backward(NUMPY, problem.net, problem.params, cache, y, problem.w).delta
    doubts = rounding(problem, delta, precision)
    rng = np.random.default_rng(0)
    tensors = []
    for L, layer in problem.params.items():
        for field, a in (("W", given.dW[L]), ("b", given.db[L])):
            theta = getattr(layer, field)
            share = penalty_slope(penalty, theta) if field == "W" and penalty else np.zeros(theta.shape)
            doubt = doubts[L][field] + 4 * precision * np.abs(share)
            loudness = noise(Line(problem, L, field, rng.choice([-1.0, 1.0], theta.shape)))
            tensors.append(Tensor(problem, L, field, a, doubt, share, penalty.l1, loudness))
    return tensors


def _notes(network: FeedForward, precision: float, rows: list[TensorReport]) -> tuple[str, ...]:
    notes = []
    if network.dtype != np.float64:
        notes.append(f"the {network.dtype} network was checked in float64, on a copy of its parameters")
    if precision > EPS:
        notes.append("the gradients came in less than double precision; their own rounding counts as doubt")
    small = [row.name for row in rows if row.is_too_small]
    if small:
        notes.append(f"too small to judge beside the rounding noise of the loss: {', '.join(small)}")
    return tuple(notes)
