"""Somebody's code, which can be loaded again, and where in it an exception arose."""

from __future__ import annotations

import ast
import copy
import inspect
import sys
import traceback
import types
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any, NamedTuple

from chainrule.diagnosis.adapters import Adapted
from chainrule.diagnosis.asking.program import Program
from chainrule.errors import InputError, did_you_mean


class Failure(NamedTuple):
    """An exception in somebody's code: its text, and the deepest line of theirs."""

    error: str
    line: int
    text: str
    where: str = ""

    def __str__(self) -> str:
        place = f"line {self.line}: {self.text}" if self.line else "no line of the file is to blame"
        return f"{self.error}\n  {place}"


PYTHON_2 = (
    "The file is written in Python 2. This rewrites it: pip install modernize six, then "
    "python-modernize -w FILE."
)


class Source:
    """Where the code comes from: ``load()`` gives {name: object}, fresh each time where that is possible.

    ``automatic``: a library differentiates its loss.
    """

    def __init__(
        self,
        file: str,
        load: Callable[[], dict[str, Any]],
        text: str,
        first_line: int = 1,
        module: str = "diagnosed",
        defined: Collection[str] | None = None,
        program: Program | None = None,
    ) -> None:
        self.file, self.load, self.text, self.first_line = file, load, text, first_line
        self.program = program
        self.called = "the file" if defined is None else "the cell"
        self.naming = "FILE.py:NAME" if defined is None else "%%diagnose NAME"
        self._module, self._defined = module, defined
        self.automatic = False
        self.namespace = load()

    def fresh(self) -> None:
        """Load it again, so that nothing is left of earlier calls."""
        self.namespace = self.load()

    def own(self) -> dict[str, Any]:
        """The functions and classes that the code itself defines, not those that it imports."""
        return {key: thing for key, thing in self.namespace.items() if self._is_own(key, thing)}

    def _is_own(self, key: str, thing: Any) -> bool:
        if self._defined is not None and key not in self._defined:
            return False
        is_code = inspect.isclass(thing) or inspect.isfunction(thing)
        return is_code and getattr(thing, "__module__", None) == self._module

    def failure(self, error: BaseException) -> Failure:
        """What to tell the user of an exception."""
        return failure_of(error, self.file)

    def passed_over(self) -> tuple[Failure, ...]:
        """The statements of the module that failed."""
        problems = self.program.problems if self.program is not None else []
        return tuple(map(self.failure, problems))


def failure_of(error: BaseException, file: str) -> Failure:
    """The exception with the deepest line of the file that it came through."""
    frames = [f for f in traceback.extract_tb(error.__traceback__) if f.filename == file]
    if isinstance(error, SyntaxError) and error.filename == file:
        older = f" {PYTHON_2}" if error.msg and error.msg.startswith("Missing parentheses in call to") else ""
        return Failure(f"SyntaxError: {error.msg}{older}", error.lineno or 0, (error.text or "").strip())
    line = frames[-1].lineno or 0 if frames else 0
    text = (frames[-1].line or "").strip() if frames else ""
    name = type(error).__name__
    return Failure(f"{name}: {error}" if str(error) else name, line, text, frames[-1].name if frames else "")


def from_file(path: str, first: Collection[str] | None = None) -> Source:
    """The names that a file or a notebook defines, by running it; and the program itself, to be run.

    ``first``: see `chainrule.diagnosis.asking.program.Program`.

    Raises:
        InputError: there is no such file.
    """
    place = Path(path).resolve()
    if not place.is_file():
        raise InputError(f"FILE must be an existing Python file; got {path!r}. Check the spelling.")
    program = Program(place, first)
    return Source(str(place), program.names, program.text, program=program)


def from_object(thing: Any) -> Source:
    """A function, class or object at hand, with what its module defines beside it."""
    known = inspect.unwrap(thing) if callable(thing) else type(thing)
    file, text, first = "", "", 1
    try:
        file = inspect.getsourcefile(known) or ""
        lines, first = inspect.getsourcelines(known)
        text = "".join(lines)
    except (OSError, TypeError):
        pass
    beside = dict(getattr(sys.modules.get(getattr(known, "__module__", "")), "__dict__", {}))
    own = getattr(thing, "loss", None) if inspect.isroutine(thing) else None
    beside |= {} if own is None else {"loss": own}
    is_object = not (inspect.isclass(thing) or inspect.isroutine(thing))

    def load() -> dict[str, Any]:
        return {**beside, CHOSEN: _copied(thing) if is_object else thing}

    return Source(file, load, text, first)


def from_cell(text: str, namespace: dict[str, Any]) -> Source:
    """A cell of a notebook that has been run: its definitions, with all that other cells have defined.

    ``text``: the cell in Python, without the notebook's own commands.
    """
    defined = {
        node.name
        for node in ast.parse(text).body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
    }
    code = (function.__code__ for name in defined for function in _functions_of(namespace.get(name)))
    file = next((one.co_filename for one in code), "")
    return Source(file, lambda: dict(namespace), text, 1, namespace.get("__name__", "__main__"), defined)


def _functions_of(thing: Any) -> list[types.FunctionType]:
    inside = vars(thing).values() if inspect.isclass(thing) else (thing,)
    return [one for one in inside if isinstance(one, types.FunctionType)]


def from_adapted(adapted: Adapted) -> Source:
    """The functions that stand for a network of another library."""
    names = {CHOSEN: adapted.gradients, "loss": adapted.loss}
    if adapted.forward is not None:
        names["forward"] = adapted.forward
    source = Source("", lambda: dict(names), "")
    source.automatic = adapted.automatic
    return source


CHOSEN = "\0chosen"
"""The name of what is asked about, where it comes from no file."""


def _copied(thing: Any) -> Any:
    try:
        return copy.deepcopy(thing)
    except Exception:  # open files, locks: then it is asked as it is
        return thing


def lookup(source: Source, name: str) -> Any:
    """What NAME stands for; a dotted name goes into a class.

    Raises:
        InputError: no such name.
    """
    found: Any = source.namespace
    for part in name.split("."):
        known = found if isinstance(found, dict) else dir(found)
        if part not in known:
            public = [key for key in known if not key.startswith("_")]
            raise InputError(
                f"NAME must be defined in the file; got {name!r}.{did_you_mean(part, public)} "
                f"Defined are {', '.join(public) or 'no names'}."
            )
        found = found[part] if isinstance(found, dict) else getattr(found, part)
    return found
