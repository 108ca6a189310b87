"""What somebody's code computes on the way: every array, with the line after which it was first there."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Any, NamedTuple

import numpy as np

from chainrule.model.validate import Floats

MOST, NUMBERS, DEEPEST, LARGEST = 900, 150, 3, 4096
"""Values kept of one run, single numbers among them; levels of lists looked into; entries of an array."""

COMPREHENSIONS = ("<listcomp>", "<dictcomp>", "<genexpr>", "<setcomp>")


class Step(NamedTuple):
    """A value, the line that made it, how deep in calls.

    ``helper``: in a function of one argument. ``passing``: handed back, or inside of a comprehension.
    """

    line: int
    depth: int
    helper: bool
    passing: bool
    array: Floats


def traced(file: str, act: Callable[[], Any]) -> tuple[Step, ...]:
    """Do ``act`` and note the values that the lines of ``file`` make. What it raises ends the notes."""
    watch = _Watch(file)
    before = sys.gettrace()
    sys.settrace(watch.called)
    try:
        act()
    except (Exception, SystemExit):
        pass
    finally:
        sys.settrace(before)
    return tuple(watch.steps)


class _Watch:
    """The function that Python calls at every line of the file."""

    def __init__(self, file: str) -> None:
        self.file, self.steps = file, list[Step]()
        self.known: set[tuple[int, str, tuple[int, ...], bytes]] = set()
        self.lines: dict[int, int] = {}
        self.numbers = 0

    def called(self, frame: FrameType, event: str, arg: Any) -> Any:
        """At a call: watch the frames of the file alone."""
        if frame.f_code.co_filename != self.file or len(self.steps) >= MOST:
            return None
        self._look(frame, 0, keep=False)
        self.lines[id(frame)] = frame.f_lineno
        return self.lined

    def lined(self, frame: FrameType, event: str, arg: Any) -> Any:
        """At a line, look at what the line before has left; at a return, also at what is returned."""
        if len(self.steps) >= MOST:
            return None
        done = self.lines.get(id(frame), frame.f_lineno)
        self._look(frame, done)
        if event == "return":
            for path, array in _arrays("return", arg):
                self._note(frame, path, array, frame.f_lineno, passing=True)
        self.lines[id(frame)] = frame.f_lineno
        return self.lined

    def _look(self, frame: FrameType, line: int, keep: bool = True) -> None:
        for name, value in list(frame.f_locals.items()):
            theirs = type(value).__module__ == frame.f_globals.get("__name__")
            inside = vars(value) if theirs and hasattr(value, "__dict__") else value
            for path, array in _arrays(name, inside):
                self._note(frame, path, array, line, keep)

    def _note(
        self, frame: FrameType, path: str, array: Floats, line: int, keep: bool = True, passing: bool = False
    ) -> None:
        key = (id(frame), path, array.shape, array.tobytes())
        if key in self.known or len(self.steps) >= MOST:
            return
        self.numbers += array.size == 1
        if array.size == 1 and self.numbers > NUMBERS:
            return
        self.known.add(key)
        if keep:
            code = frame.f_code
            arguments = [name for name in code.co_varnames[: code.co_argcount] if name != "self"]
            depth = _depth(frame, self.file)
            helper = depth > 0 and len(arguments) == 1
            passing = passing or code.co_name in COMPREHENSIONS
            self.steps.append(Step(line, depth, helper, passing, np.array(array, np.float64)))


def _depth(frame: FrameType | None, file: str) -> int:
    """How many of the file's functions are under way below this frame; comprehensions are not counted."""
    depth = -1
    while frame is not None:
        depth += frame.f_code.co_filename == file and frame.f_code.co_name not in COMPREHENSIONS
        frame = frame.f_back
    return max(depth, 0)


def _arrays(name: str, value: Any, level: int = 0) -> Iterator[tuple[str, Floats]]:
    if isinstance(value, np.ndarray):
        if value.dtype.kind in "fiub" and 0 < value.size <= LARGEST:
            yield name, value
    elif isinstance(value, np.floating) or (isinstance(value, float) and not level):
        yield name, np.array([value])
    elif isinstance(value, dict) and level < DEEPEST:
        for key, item in list(value.items()):
            yield from _arrays(f"{name}.{key}", item, level + 1)
    elif isinstance(value, list | tuple) and level < DEEPEST and len(value) <= 64:
        if value and all(isinstance(item, float) for item in value):
            yield name, np.array(value)
            return
        for place, item in enumerate(value):
            yield from _arrays(f"{name}.{place}", item, level + 1)
