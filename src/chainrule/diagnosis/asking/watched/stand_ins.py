"""What a program imports or reads, where it is not there: stand-ins, so that its own code can run.

Modules that are not installed answer with objects that take every call; a few functions that people use for
data give small random data of the same kind. The same holds for readers of files that are not there.
"""

from __future__ import annotations

import ast
import importlib.abc
import importlib.machinery
import re
import sys
from collections.abc import Callable, Iterator, Mapping, MutableSequence
from contextlib import contextmanager
from functools import wraps
from types import ModuleType
from typing import Any
from unittest.mock import MagicMock

import numpy as np

from chainrule.model.validate import Floats

ROWS = 1_200
"""Rows of a table that is not there: people set a thousand apart."""
IMAGES = 64
"""Images of a data set that is not there, of ten classes, each of which occurs."""


class Surroundings:
    """Stand-ins for one program. ``used`` names those that it asked for."""

    def __init__(self, tree: ast.Module, text: str) -> None:
        self.used: list[str] = []
        self.modules = _imported(tree)
        self.wide = 784 if re.search(r"\b784\b|mnist|digit|pixel", text, re.IGNORECASE) else 4

    @contextmanager
    def in_place(self) -> Iterator[None]:
        """With stand-ins for modules that are not there, and for readers of data that is not there."""
        finder = _Finder(self)
        sys.meta_path.append(finder)
        patched = list(self._patched())
        try:
            yield
        finally:
            sys.meta_path.remove(finder)
            for name in [name for name, module in sys.modules.items() if isinstance(module, StandIn)]:
                del sys.modules[name]
            for holder, name, old in patched:
                setattr(holder, name, old)

    def _patched(self) -> Iterator[tuple[Any, str, Any]]:
        for home, names in READERS.items():
            holder = _importable(home) if home.split(".")[0] in {*self.modules, "numpy"} else None
            for name in names if holder is not None else ():
                old = getattr(holder, name, None)
                if callable(old):
                    yield holder, name, old
                    setattr(holder, name, self._reader(f"{home}.{name}", old, ALWAYS.get(name)))

    def _reader(self, name: str, old: Callable[..., Any], instead: Callable[..., Any] | None) -> Any:
        @wraps(old)
        def read(*args: Any, **extra: Any) -> Any:
            if instead is None:
                try:
                    return old(*args, **extra)
                except OSError:
                    self.note(name)
                    return self.table(name, *args, **extra)
            self.note(name)
            return instead(*args, **extra)

        return read

    def note(self, name: str) -> None:
        """Remember that a stand-in was asked for."""
        if name not in self.used:
            self.used.append(name)

    def table(self, name: str, *args: Any, **extra: Any) -> Any:
        """A table of labels and whole numbers, labels first where it holds images, else last."""
        rng = np.random.default_rng(7)
        labels = np.arange(ROWS) % (10 if self.wide == 784 else 3)
        numbers = rng.integers(0, 256, (ROWS, self.wide))
        parts = [labels[:, None], numbers] if self.wide == 784 else [numbers, labels[:, None]]
        whole = np.concatenate(parts, axis=1)
        if not name.startswith("pandas."):
            return whole.astype(np.float64)
        features = [f"pixel{k}" for k in range(self.wide)]
        columns = ["label", *features] if self.wide == 784 else [*features, "label"]
        return sys.modules["pandas"].DataFrame(whole, columns=columns)


def _imported(tree: ast.Module) -> set[str]:
    """The modules that a program imports, but not those for whose absence it is prepared."""
    found: set[str] = set()

    def visit(node: ast.AST, prepared: bool) -> None:
        if isinstance(node, ast.Import) and not prepared:
            found.update(alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not prepared and node.module and not node.level:
            found.add(node.module.split(".")[0])
        for inner in ast.iter_child_nodes(node):
            visit(inner, prepared or isinstance(node, ast.Try))

    visit(tree, False)
    return found


def _importable(name: str) -> ModuleType | None:
    try:
        return importlib.import_module(name)
    except Exception:
        return None


class StandIn(ModuleType):
    """A module that is not there: what it is asked for takes every call."""

    __path__: MutableSequence[str] = []  # noqa: RUF012 - a package has one

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return KNOWN.get(name) or MagicMock(name=f"{self.__name__}.{name}")

    def __call__(self, *args: Any, **extra: Any) -> Any:
        """What is called by the name of its module, such as tqdm."""
        return KNOWN[self.__name__](*args, **extra)


class _Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """What Python asks for a module after all others."""

    def __init__(self, beside: Surroundings) -> None:
        self.beside = beside

    def find_spec(self, name: str, path: Any, target: Any = None) -> importlib.machinery.ModuleSpec | None:
        """A stand-in for a module that the program imports, and for the modules inside of it."""
        first, dot, _ = name.partition(".")
        if first not in self.beside.modules or (dot and not isinstance(sys.modules.get(first), StandIn)):
            return None
        self.beside.note(first)
        return importlib.machinery.ModuleSpec(name, self, is_package=True)

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> ModuleType:
        """The stand-in."""
        return StandIn(spec.name)

    def exec_module(self, module: ModuleType) -> None:
        """It holds no code."""


def images(*args: Any, **extra: Any) -> Any:
    """Pictures and labels as (train, test)."""
    rng = np.random.default_rng(7)
    y = np.arange(IMAGES) % 10
    pair = (rng.integers(0, 256, (IMAGES, 28, 28)).astype(np.uint8), y.astype(np.uint8))
    return pair, (pair[0][:20].copy(), pair[1][:20].copy())


def one_hot(y: Any, num_classes: int | None = None, dtype: Any = np.float32) -> Floats:
    """Rows with a 1 at the class."""
    labels = np.asarray(y, int).reshape(-1)
    rows: Floats = np.eye(num_classes or int(labels.max()) + 1, dtype=dtype)[labels]
    return rows


def two_columns(samples: int = 20, classes: int = 3) -> tuple[Floats, Any]:
    """Points in the plane, with their classes."""
    rng = np.random.default_rng(7)
    return rng.standard_normal((samples * classes, 2)), np.repeat(np.arange(classes), samples).astype(
        np.uint8
    )


def rows_of_images(*args: Any, return_X_y: bool = False, **extra: Any) -> Any:
    """Rows of 784 numbers with labels as text, as OpenML gives MNIST."""
    rng = np.random.default_rng(7)
    X, y = rng.integers(0, 256, (IMAGES, 784)).astype(float), (np.arange(IMAGES) % 10).astype(str)
    if return_X_y:
        return X, y
    from sklearn.utils import Bunch  # whoever fetches has scikit-learn

    return Bunch(data=X, target=y)


def itself(first: Any = None, *args: Any, **extra: Any) -> Any:
    """What it was given: a progress bar, a decorator with or without options."""
    return first if first is not None else itself


KNOWN: Mapping[str, Callable[..., Any]] = {
    "load_data": images, "to_categorical": one_hot, "spiral_data": two_columns, "vertical_data": two_columns,
    "fetch_openml": rows_of_images, "tqdm": itself, "trange": range, "njit": itself, "jit": itself,
    "tqdm_notebook": itself, "track": itself,
}  # fmt: skip
"""What stand-ins of modules give, by name."""
READERS = {
    "numpy": ("loadtxt", "genfromtxt", "load", "fromfile"),
    "pandas": ("read_csv", "read_table"),
    "sklearn.datasets": ("fetch_openml",),
    "keras.datasets.mnist": ("load_data",),
}
"""Functions that read or fetch."""
ALWAYS: Mapping[str, Callable[..., Any]] = {"fetch_openml": rows_of_images, "load_data": images}
"""Those of them that would fetch from elsewhere: they never do here."""
