"""The way to ask a program that trains by itself: it is run up to its first step, from our parameters."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from chainrule.diagnosis.asking.forms import Form, Raw, Unfit, read_off
from chainrule.diagnosis.asking.names import ROLES
from chainrule.diagnosis.asking.program import Program
from chainrule.diagnosis.asking.results import Assigned
from chainrule.diagnosis.asking.watched.network import Found, network_in, samples_used
from chainrule.diagnosis.asking.watched.places import Names, is_theirs
from chainrule.diagnosis.asking.watched.run import Search, Step, Turn
from chainrule.diagnosis.catalogue.backprop import Trial

LOSS = re.compile(r"(?!.*(prime|deriv|grad|fn|func|hist|list)).*(loss|cost)|nll|obj(ective)?")
"""Names of the loss in a loop."""
WHOLE = re.compile(r"(total_?|full_?)?(loss|cost)(_?total)?|J")
"""Those of the whole of it, where the data's part and the penalty stand beside."""


def watched_forms(program: Program) -> Iterator[Form]:
    """The training step that a program comes to when it is run.

    Raises:
        Unfit: it comes to none within a few seconds.
    """
    search = Search(program.passing)
    program.run(search)
    for turn in search.found():
        found = network_in(turn.changed, turn.kept)
        if found is not None:
            caller = _Caller(program, turn, found)
            yield Form(
                caller.title(), found.layout, caller.compute, update=True, loss=caller.loss,
                biasless=found.biasless, file=str(program.place), N=found.N, widths=found.widths,
                prepared=found.prepared, watched=True,
            )  # fmt: skip
            return
    raise Unfit(_why(search))


def _why(search: Search) -> str:
    changed = [str(place) for turn in search.found()[:1] for place in turn.changed]
    if changed:
        names = ", ".join(changed[:8])
        return f"a training step was seen to change {names}, but no network was recognised in them"
    return "run as it stands, it came to no training step"


class _Caller:
    """One training step of a program, started from trials."""

    def __init__(self, program: Program, turn: Turn, found: Found) -> None:
        self.program, self.turn, self.found = program, turn, found
        self.used: list[int] = []
        self.paths = [place.path for place in (*found.W, *found.b) if place is not None]

    def title(self) -> str:
        """What is asked, for the user."""
        return f"the training step of the loop on line {self.program.line_of(self.turn.loop)}"

    def compute(self, trial: Trial) -> Raw:
        """The update of one step."""
        step = self._step(trial)
        if all(map(np.array_equal, step.before, step.after)):
            raise Unfit(f"{self.title()} changed no parameter")
        used = samples_used(step.fresh, trial)
        if used is not None:
            self.used = used
        of = trial if used is None else trial._replace(x=trial.x[used], y=trial.y[used])
        eta = _rate(step.names)
        changes = iter(read_off(step.before, step.after, eta or 1.0))
        dW = tuple(next(changes).reshape(place.array.shape) for place in self.found.W)
        db = tuple(
            np.zeros(n) if b is None else next(changes)
            for b, n in zip(self.found.b, self.found.widths[1:], strict=True)
        )
        given = Assigned(dW, db, "changed in place", 2 * len(dW))
        return Raw(given, loss=_loss(step.names), update=True, rate_inside=True, trial=of)

    def loss(self, trial: Trial) -> float:
        """The loss that the step computes on its way."""
        value = _loss(self._step(trial).names)
        if value is None:
            raise Unfit("no loss")
        return value

    def _whole(self, trial: Trial) -> Trial:
        """A trial of the samples that a step takes, with others around them as the program holds them."""
        if trial.N == self.found.N:
            return trial
        rows = np.resize(np.arange(trial.N), self.found.N)
        rows[self.used] = np.arange(trial.N)
        return trial._replace(x=trial.x[rows], y=trial.y[rows])

    def _step(self, trial: Trial) -> Step:
        trial = self._whole(trial)
        step = Step(self.turn.loop, dict(self.found.values(trial)), self.paths)
        self.program.run(step)
        if step.error is not None:
            raise step.error
        if step.refused or step.names is None:
            raise Unfit("the program did not come to its training step again")
        return step


def _numbers(names: Mapping[str, Any]) -> Iterator[tuple[str, float]]:
    """The numbers that stand under names, or in attributes of the program's own objects."""
    for name, value in names.items():
        if _is_number(value):
            yield name, float(np.reshape(value, -1)[0])
        elif is_theirs(value):
            for key, inner in vars(value).items():
                if _is_number(inner):
                    yield key, float(np.reshape(inner, -1)[0])


def _is_number(value: Any) -> bool:
    if isinstance(value, np.ndarray):
        return value.size == 1 and value.dtype.kind == "f"
    return isinstance(value, int | float | np.number) and not isinstance(value, bool)


def _rate(names: Names | None) -> float | None:
    """The learning rate, by its name."""
    assert names is not None
    for inner in (names.inner, names.outer):
        for name, value in _numbers(inner):
            if re.fullmatch(ROLES["eta"], name.lower().strip("_")) and 1e-6 < abs(value) <= 100:
                return value
    return None


def _loss(names: Names | None) -> float | None:
    """The loss, by its name; those of the place first."""
    assert names is not None
    for wanted in (WHOLE, LOSS):
        for inner in (names.inner, names.outer):
            for name, value in _numbers(inner):
                known = name if name == "J" else name.lower().strip("_")
                if wanted.fullmatch(known) and np.isfinite(value):
                    return value
    return None
