"""A theorem: a tag, what it says in plain mathematics, the functions it is about, and its claims."""

from __future__ import annotations

import inspect
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from chainrule.about import PACKAGE
from chainrule.proof.claims.claims import Claim

TOLERANCE = 1e-8
"""Largest relative error in float64 that passes; right equations stay near 1e-10, wrong ones above 1e-3."""


class Theorem(NamedTuple):
    """``claims`` is called when the theorem is examined, so that it sees the equations as they are then."""

    tag: str
    name: str
    statement: str
    functions: tuple[Callable[..., Any], ...]
    claims: Callable[[], list[Claim]]

    def prove(self, which: Callable[[Claim], bool] = lambda claim: True) -> str:
        """Prove every claim, or only some; returns why it failed, or an empty string."""
        try:
            for claim in filter(which, self.claims()):
                claim.prove()
        except (
            Exception
        ) as error:  # a wrong equation may fail in any way: shapes, types, the prover's refusal
            return _told(error)
        return ""

    def measure(self) -> tuple[float, str]:
        """Largest relative error in float64, and why it could not be measured, if so."""
        try:
            return max(claim.error() for claim in self.claims()), ""
        except Exception as error:  # as above
            return float("inf"), _told(error)

    def compare(self) -> float | None:
        """Largest relative error against automatic differentiation; None where nothing is differentiated."""
        errors = [error for claim in self.claims() if (error := claim.autodiff_error()) is not None]
        return max(errors, default=None)

    def source(self) -> str:
        """Where the first function stands, as src/chainrule/…:line."""
        function = inspect.unwrap(self.functions[0])
        place = Path(inspect.getsourcefile(function) or "").relative_to(PACKAGE)
        return f"src/chainrule/{place.as_posix()}:{inspect.getsourcelines(function)[1]}"


class Result(NamedTuple):
    """A theorem examined. ``autodiff`` is None where JAX is missing or nothing is differentiated."""

    theorem: Theorem
    failure: str
    seconds: float
    error: float
    autodiff: float | None = None

    @property
    def proven(self) -> bool:
        """Whether the symbolic proof succeeded."""
        return not self.failure

    @property
    def passed(self) -> bool:
        """Whether every examination succeeded."""
        return self.proven and self.error <= TOLERANCE and (self.autodiff or 0.0) <= TOLERANCE


def examine(theorem: Theorem, *, autodiff: bool = False) -> Result:
    """Prove a theorem, measure it, and compare it with automatic differentiation if asked for."""
    started = time.perf_counter()
    failure = theorem.prove()
    seconds = time.perf_counter() - started
    error, why = theorem.measure()
    return Result(
        theorem, failure or why, seconds, error, theorem.compare() if autodiff and not why else None
    )


def _told(error: Exception) -> str:
    return str(error) or type(error).__name__
