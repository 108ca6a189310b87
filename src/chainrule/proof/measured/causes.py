"""What may be behind a wrong gradient, where a simple pattern fits. Suspicions, not proofs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from chainrule.engines.reference import NUMPY
from chainrule.equations.heads import quadratic_error
from chainrule.equations.network import backward
from chainrule.equations.penalty import Penalty
from chainrule.model.validate import Floats
from chainrule.proof.measured.report import TensorReport
from chainrule.proof.measured.tensors import Tensor

FIT = 1e-5
"""How near, relative to the largest entry, a pattern must come."""

EXTRA_SIGMA = (
    "δ^H carries σ'(z^H), which belongs to the quadratic cost: with cross-entropy δ^H = a^H − y (B1)"
)


def suspect(rows: Sequence[TensorReport], tensors: Sequence[Tensor], penalty: Penalty) -> list[TensorReport]:
    """The rows, those that are wrong with a suspected cause."""
    wrong = {(row.layer, row.tensor) for row in rows if row.verdict == "wrong" and row.part == "total"}
    if not any(row.verdict == "wrong" for row in rows):
        return list(rows)
    extra_sigma = bool(wrong) and _is_extra_sigma(tensors)
    found = []
    for row in rows:
        cause = row.cause
        if row.verdict == "wrong" and row.part == "penalty":
            cause = _of_penalty(row)
        elif row.verdict == "wrong":
            tensor = next(t for t in tensors if (t.L, t.field) == (row.layer, row.tensor))
            cause = (
                EXTRA_SIGMA
                if extra_sigma
                else _of_tensor(row, tensor, penalty) or _of_place(row, wrong, tensors[-1].L)
            )
        found.append(replace(row, cause=cause))
    return found


def _is_extra_sigma(tensors: Sequence[Tensor]) -> bool:
    """Whether the backward pass with δ^H = (a − y) ⊙ σ'(z) gives just these gradients."""
    problem = tensors[0].problem
    if problem.net.head.printed.delta.tag != "B1":
        return False
    head = problem.net.head._replace(delta=quadratic_error)
    net = problem.net._replace(head=head)
    mutant = backward(NUMPY, net, problem.params, problem.cache, problem.y, problem.w)
    return all(_fits(t.a, getattr(mutant, f"d{t.field}")[t.L] + t.penalty) for t in tensors)


def _of_tensor(row: TensorReport, tensor: Tensor, penalty: Penalty) -> str:
    """A pattern in the numbers of one tensor."""
    counted = [e for e in row.entries if e.verdict != "kink"]
    a, n = np.array([e.analytic for e in counted]), np.array([e.numeric for e in counted])
    wrong = [e for e in counted if e.verdict == "wrong"]
    if len(wrong) == 1 and len(counted) > 1:
        flipped = ", which has the opposite sign" if _fits(a, np.where(a == wrong[0].analytic, -n, n)) else ""
        return f"of the entries compared only {wrong[0].place} is wrong{flipped}"
    if not tensor.a.any():
        return "the gradient is all 0: never computed, or overwritten"
    theta = getattr(tensor.problem.params[tensor.L], tensor.field)
    places = tuple(np.array([e.index for e in counted]).T)
    return (
        _penalty_pattern(a, n, theta[places], tensor, penalty)
        or _factor(a, n, tensor)
        or _transposed(tensor, a, [e.index for e in counted])
    )


def _penalty_pattern(a: Floats, n: Floats, theta: Floats, tensor: Tensor, penalty: Penalty) -> str:
    """Whether a − n is c₁ sign θ + c₂ θ: a penalty too few, too many, or of another strength."""
    rest = a - n
    own = penalty.l1 * np.sign(theta) + penalty.l2 * theta
    if len(a) > 1 and own.any():
        if tensor.field == "b" and _fits(rest, own):
            return "the penalty is on the biases too"
        if tensor.field == "W" and _fits(rest, -own):
            return "the penalty is missing"
        times = 1 + float(rest @ own / (own @ own))
        if tensor.field == "W" and _fits(rest, (times - 1) * own):
            return _penalty_times(times)
    terms = np.stack([np.sign(theta), theta], axis=1)
    c, *_ = np.linalg.lstsq(terms, rest, rcond=None)
    if len(a) < 5 or not c.any() or not _fits(rest, terms @ c):
        return ""
    strengths = c + (np.array(penalty) if tensor.field == "W" else 0)
    l1, l2 = np.where(np.abs(strengths) > 1e-6 * np.abs(strengths).max(), strengths, 0)
    return f"the penalty in it is another than the loss has: l1 = {l1:.4g}, l2 = {l2:.4g}"


def _penalty_times(times: float) -> str:
    return "the penalty is missing" if abs(times) < FIT else f"the penalty is in it {times:.4g} times"


def _factor(a: Floats, n: Floats, tensor: Tensor) -> str:
    """Name the constant c of a = c n, where there is one."""
    c = float(a @ n / (n @ n)) if n.any() else 0.0
    if not c or not _fits(a, c * n) or len(a) < 2:
        return ""
    N, K = len(tensor.problem.x), tensor.problem.y.shape[1]
    known = {
        "the sign is flipped": -1.0,
        f"N = {N} times too large: the sum over the samples, not the mean": N,
        f"1/N = 1/{N} of what it should be: the mean taken twice": 1 / N,
        "twice what it should be": 2.0,
        "half of what it should be": 0.5,
        f"2/N in place of 1/N, and divided by N twice: 2/N = 2/{N} of what it should be": 2 / N,
        f"{K} times too large: as many as there are outputs": K,
        f"1/{K} of what it should be: the mean over the outputs, not the sum": 1 / K,
    }
    named = [text for text, factor in known.items() if abs(c / factor - 1) < FIT]
    return named[0] if named else f"{c:.6g} times what it should be, in every entry"


def _transposed(tensor: Tensor, a: Floats, places: list[tuple[int, ...]]) -> str:
    if tensor.field == "b" or tensor.a.shape[0] != tensor.a.shape[1]:
        return ""
    mirrored = []
    for m, k in places:
        u = np.zeros(tensor.a.shape)
        u[k, m] = 1
        mirrored.append(tensor.slope(u).value)
    return "the gradient is transposed" if _fits(a, np.array(mirrored)) else ""


def _of_place(row: TensorReport, wrong: set[tuple[int, str]], H: int) -> str:
    """Which equation, from which tensors are wrong."""
    L, other = row.layer, "b" if row.tensor == "W" else "W"
    top = max(L for L, _ in wrong) == L
    if (L, other) not in wrong:
        return f"only d{row.tensor} of layer {L} is wrong: {'B3' if row.tensor == 'W' else 'B4'} of layer {L}"
    if not top:
        return f"follows from the layers above, or B2 of layer {L} is wrong too"
    return f"δ^{L} is wrong, from which both come: {'B1' if L == H else f'B2 of layer {L}'}"


def _of_penalty(row: TensorReport) -> str:
    if row.tensor == "b":
        return "the penalty is on the biases too"
    entry = row.worst
    return _penalty_times(entry.analytic / entry.numeric) if entry.numeric else ""


def _fits(a: Floats, pattern: Floats) -> bool:
    """Whether two arrays agree but for what differences may be off. Shapes: the same."""
    return bool(np.abs(a - pattern).max(initial=0) <= FIT * max(np.abs(a).max(initial=0), 1e-300))
