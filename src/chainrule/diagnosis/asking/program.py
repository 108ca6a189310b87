"""A program or a notebook that is run here, again and again: for its names, or up to a training step."""

from __future__ import annotations

import ast
import json
import linecache
import random
import re
import sys
import types
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from importlib.util import decode_source
from pathlib import Path
from time import thread_time
from typing import Any

import numpy as np

from chainrule.diagnosis.asking.watched.hooks import NAME, Hooks, Stopped, hooked, loops, own_names, ticking
from chainrule.diagnosis.asking.watched.stand_ins import Surroundings

PATIENCE = 1.0
"""Seconds of the processor that a statement of the module may loop where only its names are wanted."""


class Program:
    """A file. A statement of the module that fails is passed over, and what is not there is stood in for.

    ``first``: the modules that are loaded when Python has started and runs a file. Any other comes from the
    file's folder if it is there, whatever we have loaded already. None leaves all as they are.
    ``problems``: what the statements that were passed over raised.

    Raises:
        SyntaxError: the file is no Python.
    """

    def __init__(self, place: Path, first: Collection[str] | None = None) -> None:
        self.place, self.first = place, first
        self.text = read_source(place)
        linecache.cache[str(place)] = (len(self.text), None, self.text.splitlines(True), str(place))
        self.problems: list[BaseException] = []
        self._slow: set[int] = set()
        self._light: types.CodeType | None = None
        self._hooked: types.CodeType | None = None

    def names(self) -> dict[str, Any]:
        """What it defines, from a fresh run that does no training."""
        if self._light is None:
            self._light = compile(ticking(self._tree()), str(self.place), "exec")
        loading = _Loading(self._slow)
        module = types.ModuleType("diagnosed")
        sys.modules["diagnosed"] = module  # dataclasses and pickle look their module up there
        self._exec(self._light, module, loading)
        self.problems = self.problems or loading.problems
        return vars(module)

    def run(self, hooks: Hooks) -> None:
        """Run it as ``python FILE.py`` does, until it ends or the hooks stop it."""
        if self._hooked is None:
            self._hooked = compile(hooked(self._tree()), str(self.place), "exec")
        random.seed(0)
        np.random.seed(0)
        with np.errstate(all="ignore"):
            self._exec(self._hooked, types.ModuleType("__main__"), hooks)

    def line_of(self, loop: int) -> int:
        """Where a loop stands."""
        return loops(self._tree())[loop].lineno

    @property
    def passing(self) -> frozenset[str]:
        """The variables of its loops."""
        return own_names(self._tree())

    @property
    def stood_in(self) -> Sequence[str]:
        """Modules and readers that are not there, and were asked for."""
        return self._beside.used

    def _tree(self) -> ast.Module:
        tree = ast.parse(self.text, str(self.place))
        if not hasattr(self, "_beside"):
            self._beside = Surroundings(tree, self.text)
            self._roots, self._package = _home(self.place, tree)
        return tree

    def _exec(self, code: types.CodeType, module: types.ModuleType, hooks: Any) -> None:
        vars(module).update({"__file__": str(self.place), "__package__": self._package, NAME: hooks})
        limit = sys.getrecursionlimit()
        try:
            with _modules_of(self.place.parent, self.first, self._roots), self._beside.in_place():
                exec(code, vars(module))
        except Stopped:
            pass
        except SystemExit as error:
            hooks.failed(error)
        finally:
            sys.setrecursionlimit(limit)


class TooLong(Exception):
    """Raised in a statement that loops on."""


class _Loading:
    """Hooks that leave out what takes long."""

    def __init__(self, slow: set[int]) -> None:
        self.slow, self.line, self.since = slow, 0, thread_time()
        self.problems: list[BaseException] = []
        self.loading = True

    def goes(self, line: int) -> bool:
        """Whether a statement is run."""
        self.line, self.since = line, thread_time()
        return line not in self.slow

    def done(self) -> None:
        """The module has ended: from now on its functions are called by others, who have time."""
        self.loading = False

    def tick(self) -> None:
        """In each turn of each loop."""
        if self.loading and thread_time() - self.since > PATIENCE:
            self.slow.add(self.line)
            raise TooLong(f"it loops for more than {PATIENCE:g} s while the file is read")

    def failed(self, error: BaseException) -> None:
        """Remember it."""
        self.problems.append(error)


def read_source(place: Path) -> str:
    """The text of a program as Python reads it: UTF-8, with or without a mark, or as its first lines say."""
    content = place.read_bytes()
    if place.suffix == ".ipynb":
        return _cells(content)
    try:
        return decode_source(content)
    except (SyntaxError, ValueError, LookupError):  # Python will not read it either
        return content.decode("utf-8", "replace")


def _cells(content: bytes) -> str:
    """The code of a notebook, without its magics."""
    try:
        cells = json.loads(content.decode("utf-8-sig"))
        cells = cells.get("cells") or [cell for sheet in cells["worksheets"] for cell in sheet["cells"]]
        codes = [cell.get("source", cell.get("input", "")) for cell in cells if cell["cell_type"] == "code"]
    except (ValueError, KeyError, TypeError, AttributeError):
        return content.decode("utf-8", "replace")
    texts = (_without_magics(code if isinstance(code, str) else "".join(code)) for code in codes)
    return "".join(f"# In [{number}]:\n{text}\n\n" for number, text in enumerate(texts, 1))


def _without_magics(cell: str) -> str:
    """A cell as Python: other languages are left out, and so are lines for the notebook and the shell."""
    first = cell.lstrip().partition("\n")[0]
    if first.startswith("%%") and not re.match(r"%%(time|timeit|capture|prun)\b", first):
        return "".join(f"# {line}\n" for line in cell.splitlines())
    return re.sub(r"^([ \t]*)([%!?].*)$", r"\1pass  # \2", cell, flags=re.MULTILINE)


def _home(place: Path, tree: ast.Module) -> tuple[list[str], str]:
    """The folders above from which a program imports, and the name of the package that it is in."""
    relative = max((n.level for n in ast.walk(tree) if isinstance(n, ast.ImportFrom)), default=0)
    top = place.parent
    while (top / "__init__.py").is_file() or (relative and len(place.relative_to(top).parts) <= relative):
        if top == top.parent:
            break
        top = top.parent
    package = ".".join(place.parent.relative_to(top).parts)
    named = {
        name.split(".")[0]
        for node in ast.walk(tree)
        for name in (
            [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else [node.module]
            if isinstance(node, ast.ImportFrom) and node.module and not node.level
            else []
        )
    }
    above = [
        str(folder)
        for folder in (place.parent, *place.parents[1:4])
        if any(_defines(folder, name) or (folder / name).is_dir() for name in named)
    ]
    return list(dict.fromkeys([*above, *([str(top)] if package else [])])), package


@contextmanager
def _modules_of(folder: Path, first: Collection[str] | None, roots: Sequence[str] = ()) -> Iterator[None]:
    """Let modules in ``folder`` come before others of their names, as where Python runs a file there.

    Afterwards, where our own code runs, they come last.
    """
    mine = str(folder)
    loaded = {name.partition(".")[0] for name in sys.modules} - {*sys.builtin_module_names}
    there = () if first is None else (name for name in loaded - set(first) if _defines(folder, name))
    shadowed = {name for name in there if not _is_from(folder, sys.modules.get(name))}
    hidden = [name for name in sys.modules if name.partition(".")[0] in shadowed]
    ours = {name: sys.modules.pop(name) for name in hidden}
    others = [root for root in roots if root not in sys.path and root != mine]
    sys.path[:] = [mine, *others, *(path for path in sys.path if path != mine)]
    try:
        yield
    finally:
        sys.path[:] = [*(path for path in sys.path if path != mine and path not in others), mine, *others]
        sys.modules.update(ours)


def _defines(folder: Path, name: str) -> bool:
    return (folder / f"{name}.py").is_file() or (folder / name / "__init__.py").is_file()


def _is_from(folder: Path, module: Any) -> bool:
    file = getattr(module, "__file__", None)
    return file is not None and folder in Path(file).parents[:2]
