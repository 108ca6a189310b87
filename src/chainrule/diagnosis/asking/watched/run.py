"""One run of a program, up to the end of the first turn of one of its loops."""

from __future__ import annotations

import sys
from collections.abc import Collection, Sequence
from contextlib import suppress
from time import thread_time
from types import FunctionType
from typing import Any, NamedTuple

import numpy as np

from chainrule.diagnosis.asking.arguments import assigned, parameters
from chainrule.diagnosis.asking.names import LOSS
from chainrule.diagnosis.asking.watched.hooks import Stopped
from chainrule.diagnosis.asking.watched.network import is_matrix
from chainrule.diagnosis.asking.watched.places import Names, Place, Steps, as_array, look, places, put
from chainrule.model.validate import Floats

SECONDS = 6.0
"""Seconds of the processor that the program may take until the loop of its training steps is found."""
TURNS = 4
"""How many turns of a loop are looked at."""


class Watching:
    """Hooks that change nothing."""

    def begin(self, loop: int, inner: dict[str, Any], outer: dict[str, Any]) -> None:
        """A turn begins."""

    def swap(self, loop: int, name: str, value: Any) -> Any:
        """Leave the loop's own variable as it is."""
        return value

    def end(self, loop: int, inner: dict[str, Any], outer: dict[str, Any]) -> None:
        """A turn is over."""

    def goes(self, line: int) -> bool:
        """Every statement is run."""
        return True

    def failed(self, error: BaseException) -> None:
        """A statement has failed."""

    def done(self) -> None:
        """The module has come to its end."""


class Turn(NamedTuple):
    """What the first turn of a loop changed, and what it left as it was."""

    loop: int
    changed: tuple[Place, ...]
    kept: tuple[Place, ...]


class Search(Watching):
    """Hooks that find out which loop's turn changes most matrices: the training step."""

    def __init__(self, passing: Collection[str]) -> None:
        self.passing = passing
        self.open: dict[int, list[Place]] = {}
        self.turns: dict[int, Turn] = {}
        self.count: dict[int, int] = {}
        self.most: dict[int, int] = {}
        self.problems: list[BaseException] = []
        self.until = thread_time() + SECONDS

    def begin(self, loop: int, inner: dict[str, Any], outer: dict[str, Any]) -> None:
        """Remember what is there."""
        if self.most.get(loop, 0) > 1:
            raise Stopped
        if self.count.get(loop, 0) < TURNS and loop not in self.open:
            held = places(Names(inner, outer), self.passing)
            self.open[loop] = [one._replace(array=one.array.copy()) for one in held]
        self._look_at_the_clock()

    def end(self, loop: int, inner: dict[str, Any], outer: dict[str, Any]) -> None:
        """Compare with what was there."""
        before = self.open.pop(loop, None)
        if before is not None and sys.exc_info()[0] is None:
            names = Names(inner, outer)
            now = [as_array(look(names, one.path)) for one in before]
            pairs = list(zip(before, now, strict=True))
            changed = [b for b, a in pairs if a is not None and a.shape == b.array.shape and not _same(a, b)]
            kept = [b for b, a in pairs if a is not None and a.shape == b.array.shape and _same(a, b)]
            self._note(loop, changed, kept)
        self._look_at_the_clock()

    def _note(self, loop: int, changed: list[Place], kept: list[Place]) -> None:
        """Add a turn to those before it: the first may change nothing, where its inputs are 0."""
        self.count[loop] = self.count.get(loop, 0) + 1
        earlier = self.turns.get(loop, Turn(loop, (), tuple(kept)))
        self.most[loop] = max(self.most.get(loop, 0), _matrices(changed))
        known = {one.path for one in earlier.changed}
        every = (*earlier.changed, *(one for one in changed if one.path not in known))
        moved = {one.path for one in every}
        self.turns[loop] = Turn(loop, every, tuple(one for one in earlier.kept if one.path not in moved))

    def failed(self, error: BaseException) -> None:
        """Remember it, for a message."""
        self.problems.append(error)

    def _look_at_the_clock(self) -> None:
        if thread_time() > self.until and sys.exc_info()[0] is None:
            raise Stopped

    def found(self) -> list[Turn]:
        """What changes matrices, most in one turn first, inner loops before outer ones."""
        changing = [turn for turn in self.turns.values() if self.most[turn.loop]]
        return sorted(changing, key=lambda turn: -self.most[turn.loop])


def _matrices(changed: Sequence[Place]) -> int:
    return sum(is_matrix(one) for one in changed)


def _same(now: Floats, before: Place) -> bool:
    return bool(np.array_equal(now, before.array, equal_nan=now.dtype.kind == "f"))


class Step(Watching):
    """Hooks that put numbers in before a turn of one loop, and read them off after it."""

    def __init__(self, loop: int, values: dict[Steps, Floats], wanted: list[Steps]) -> None:
        self.loop, self.values, self.wanted = loop, values, wanted
        self.before: list[Floats] = []
        self.after: list[Floats] = []
        self.names: Names | None = None
        self.fresh: list[Place] = []
        self.refused: list[Steps] = []
        self.error: Exception | None = None
        self._known: set[int] = set()

    def begin(self, loop: int, inner: dict[str, Any], outer: dict[str, Any]) -> None:
        """Put the numbers in."""
        if loop != self.loop or self.before:
            return
        names = Names(inner, outer)
        self.refused = [path for path, new in self.values.items() if not put(names, path, new)]
        self.before = [np.array(as_array(look(names, path)), np.float64) for path in self.wanted]
        self._call_losses(names)
        self._known = {id(one.held) for one in places(names)}

    def _call_losses(self, names: Names) -> None:
        """Let the program's own losses be computed at these parameters, for whoever watches its functions."""
        named = {path[0][1]: look(names, path) for path in self.wanted if len(path) == 1}
        for name, function in list(names.outer.items()):
            if isinstance(function, FunctionType) and name in LOSS:
                given = assigned(function, ("params",)) or {}
                values = {key: names[key] for key in parameters(function) if key in names}
                with suppress(Exception), np.errstate(all="ignore"):
                    function(**{**values, **{key: dict(named) for key in given}})

    def swap(self, loop: int, name: str, value: Any) -> Any:
        """The loop's own variable, where that is one of the places."""
        path = (("name", name),)
        if loop != self.loop or path not in self.refused:
            return value
        self.refused.remove(path)
        new = self.values[path]
        return new.tolist() if isinstance(value, list) else new if np.ndim(value) else type(value)(new)

    def end(self, loop: int, inner: dict[str, Any], outer: dict[str, Any]) -> None:
        """Read off, and end the run."""
        if loop != self.loop or not self.before:
            return
        error = sys.exc_info()[1]
        if isinstance(error, Stopped):
            return
        if isinstance(error, Exception):
            self.error = error
            return
        names = Names(inner, outer)
        self.after = [np.array(as_array(look(names, path)), np.float64) for path in self.wanted]
        self.names = names
        self.fresh = [one for one in places(inner) if id(one.held) not in self._known]
        raise Stopped
