"""One tensor under check, W^L or b^L: its entries, whole directions, and the search for a wrong entry."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from chainrule.equations.penalty import Penalty
from chainrule.model.validate import Floats
from chainrule.proof.measured.differences import EPS, Line, Problem, Slope, penalty_slope, slope
from chainrule.proof.measured.report import (
    BEYOND_DOUBT,
    RIGHT,
    Entry,
    TensorReport,
    judge,
    relative_error,
    severity,
)
from chainrule.types import Gradients

PEEL = 40
"""How many entries on kinks a direction may lose before the search in it is given up."""


class Tensor(NamedTuple):
    """One W^L or b^L under check. Shapes: a (gradient), doubt and penalty like the tensor."""

    problem: Problem
    L: int
    field: str
    a: Floats
    doubt: Floats
    penalty: Floats
    l1: float
    noise: float

    def line(self, u: Floats) -> Line:
        """The loss along a direction of this tensor."""
        return Line(self.problem, self.L, self.field, u)

    def slope(self, u: Floats) -> Slope:
        """∂J/∂t along u, data and penalty together; its doubt holds the rounding of the gradient too."""
        found = slope(self.line(u), self.noise)
        share = float(np.sum(self.penalty * u))
        own = 4 * float(np.sqrt(np.sum((self.doubt * u) ** 2))) + EPS * abs(share)
        return found._replace(
            value=found.value + share,
            doubt=found.doubt + own,
            low=found.low + share,
            high=found.high + share,
        )

    def entry(self, index: tuple[int, ...]) -> tuple[Entry, bool]:
        """Compare one entry; also whether its step crossed a kink."""
        u = np.zeros(self.a.shape)
        u[index] = 1
        found = self.slope(u)
        at_zero = self.l1 > 0 and self.field == "W" and self.problem.params[self.L].W[index] == 0
        return self._entry(index, found, self.l1 if at_zero else 0.0), found.crossed

    def _entry(self, index: tuple[int, ...], found: Slope, slack: float) -> Entry:
        a, n = float(self.a[index]), found.value
        error, verdict, why = judge(a, n, found.doubt)
        if verdict == "right" and not found.settled:
            verdict, why = (
                "suspicious",
                "the differences find no limit: is there a kink that φ does not name?",
            )
        low, high = found.low - slack - found.doubt, found.high + slack + found.doubt
        if verdict != "right" and high - low > 2 * found.doubt and low <= a <= high:
            verdict, why = "kink", f"on a kink, where {low:.6g} … {high:.6g} is right"
        return Entry(self.L, self.field, index, a, n, found.doubt, error, verdict, why)


def check_tensor(tensor: Tensor, entries: int, directions: int, rng: np.random.Generator) -> TensorReport:
    """Compare sampled entries and random directions; track down what a direction shows."""
    chosen = rng.permutation(tensor.a.size)[:entries]
    places = [tuple(int(i) for i in np.unravel_index(k, tensor.a.shape)) for k in np.sort(chosen)]
    found = {place: tensor.entry(place) for place in places}
    errors = [0.0]
    unlocated = False
    for _ in range(directions):
        u = rng.choice([-1.0, 1.0], tensor.a.shape)
        off, error = _disagreement(tensor, u)
        errors.append(error)
        for _ in range(PEEL):
            if off <= 1:
                break
            place = _search(tensor, u)
            found[place] = tensor.entry(place)
            unlocated |= found[place][0].verdict == "right" and off > BEYOND_DOUBT
            if found[place][0].verdict != "kink":
                break
            u[place] = 0
            off, _ = _disagreement(tensor, u)
    compared = tuple(entry for entry, _ in found.values())
    worst = max(compared, key=severity).verdict
    counted = [entry for entry in compared if entry.verdict != "kink"]
    return TensorReport(
        tensor.L,
        tensor.field,
        "total",
        tensor.a.size,
        compared,
        max(errors),
        kinks=len(compared) - len(counted),
        crossed=sum(crossed for _, crossed in found.values()),
        checked=len(compared),
        verdict="suspicious" if unlocated and worst != "wrong" else _best_of(worst, counted),
        cause="" if not unlocated else "directions disagree, and no single entry does",
    )


def _best_of(worst: str, counted: list[Entry]) -> str:
    """Entries on kinks do not count, unless there are no others."""
    return max((e for e in counted), key=severity).verdict if worst == "kink" and counted else worst


def _disagreement(tensor: Tensor, u: Floats) -> tuple[float, float]:
    """How many times its doubt the gradient is off along u, and its relative error; 0 within the kinks."""
    found = tensor.slope(u)
    a = float(np.sum(tensor.a * u))
    low, high = found.low, found.high
    if tensor.l1 and tensor.field == "W":
        slack = tensor.l1 * float(np.abs(u[tensor.problem.params[tensor.L].W == 0]).sum())
        low, high = low - slack, high + slack
    off = max(low - a, a - high, 0.0)
    return off / found.doubt, float(relative_error(a, a - off, found.doubt)) if off else 0.0


def _search(tensor: Tensor, u: Floats) -> tuple[int, ...]:
    """Halve the direction u, keep the half that disagrees more, until one entry is left."""
    block = np.flatnonzero(u)
    while len(block) > 1:
        halves = [block[: len(block) // 2], block[len(block) // 2 :]]
        block = max(halves, key=lambda half: _disagreement(tensor, _part(u, half))[0])
    return tuple(int(i) for i in np.unravel_index(int(block[0]), u.shape))


def _part(u: Floats, block: Any) -> Floats:
    part = np.zeros(u.shape)
    part.flat[block] = u.flat[block]
    return part


def check_penalties(
    problem: Problem, given: Gradients, plain: Gradients, penalty: Penalty
) -> list[TensorReport]:
    """The penalties' share of the gradient, with minus without, against differences: all entries."""
    rows = []
    for L, layer in problem.params.items():
        for field, a, without in (("W", given.dW[L], plain.dW[L]), ("b", given.db[L], plain.db[L])):
            theta = getattr(layer, field)
            n = penalty_slope(penalty, theta) if field == "W" else np.zeros(theta.shape)
            doubt = 8 * EPS * (np.abs(a) + np.abs(without) + np.abs(n)) + 1e-300
            rows.append(_penalty_row(L, field, a - without, n, doubt, penalty, theta))
    return rows


def _penalty_row(
    L: int, field: str, a: Floats, n: Floats, doubt: Floats, penalty: Penalty, theta: Floats
) -> TensorReport:
    error = np.asarray(relative_error(a, n, doubt))
    ambiguous = (theta == 0) & (penalty.l1 > 0) & (field == "W") & (np.abs(a) <= penalty.l1)
    place = tuple(int(i) for i in np.unravel_index(int(np.argmax(np.where(ambiguous, -1, error))), a.shape))
    relative, verdict, why = judge(float(a[place]), float(n[place]), float(doubt[place]))
    entry = Entry(
        L, field, place, float(a[place]), float(n[place]), float(doubt[place]), relative, verdict, why
    )
    kinks = int(((error > RIGHT) & ambiguous).sum())
    return TensorReport(L, field, "penalty", a.size, (entry,), 0.0, kinks, 0, a.size, verdict)
