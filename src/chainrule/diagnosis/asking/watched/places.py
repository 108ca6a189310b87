"""Where arrays stand in a running program: paths from a name through attributes, lists and dictionaries."""

from __future__ import annotations

import re
import sys
import sysconfig
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from types import FunctionType, MethodType, ModuleType
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from chainrule.diagnosis.asking.names import ROLES
from chainrule.model.validate import Floats

DEEPEST, MOST = 6, 4000
Steps: TypeAlias = tuple[tuple[str, Any], ...]
"""A path: ("name", n), then ("attribute", a) and ("item", k)."""


class Place(NamedTuple):
    """An array, or a list of numbers as one, and the path to it."""

    path: Steps
    array: Floats
    held: Any

    @property
    def words(self) -> tuple[Any, ...]:
        """The names and numbers of the path."""
        return tuple(word for _, word in self.path)

    def __str__(self) -> str:
        (_, name), *rest = self.path
        return str(name) + "".join(f".{w}" if kind == "attribute" else f"[{w!r}]" for kind, w in rest)


def places(names: Mapping[str, Any], passing: Collection[str] = ()) -> list[Place]:
    """Every array and every rectangular list of numbers below the names, each object once.

    Numbers too, where their name says that they are targets: those of a loop over samples. ``passing``: names
    of objects that stand for another in each turn of a loop, which are not looked into.
    """
    found = [
        Place((("name", name),), np.array(value, np.float64), value)
        for name, value in names.items()
        if _is_number(value) and re.fullmatch(ROLES["y"], name.lower().strip("_"))
    ]
    seen: set[int] = set()
    queue: list[tuple[Steps, Any]] = [
        ((("name", name),), value)
        for name, value in names.items()
        if not name.startswith("__") and not (name in passing and as_array(value) is None)
    ]
    for path, value in queue:  # grows: what is near comes first
        if len(queue) > MOST or len(path) > DEEPEST or id(value) in seen:
            continue
        array = as_array(value)
        if array is not None:
            seen.add(id(value))
            found.append(Place(path, array, value))
        elif inside := list(_inside(value)):
            seen.add(id(value))
            queue += [((*path, step), item) for step, item in inside]
    return found


def as_array(value: Any) -> Floats | None:
    """The value as an array of numbers, if it is one or a list of such."""
    if isinstance(value, np.ndarray):
        return value if value.dtype.kind in "fiub" and value.size else None
    if isinstance(value, list) and value and _is_numbers(value):
        with np.errstate(all="ignore"):
            try:
                return np.array(value, dtype=np.float64)
            except (ValueError, TypeError):
                return None
    return None


def _is_numbers(value: list[Any]) -> bool:
    first = value[0]
    if isinstance(first, list):
        return bool(first) and all(isinstance(row, list) and _is_numbers(row) for row in value if row)
    return all(_is_number(one) for one in value)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float | np.number) and not isinstance(value, bool)


def _inside(value: Any) -> Iterator[tuple[tuple[str, Any], Any]]:
    if isinstance(value, dict):
        yield from ((("item", key), item) for key, item in value.items())
    elif isinstance(value, list | tuple) or (isinstance(value, np.ndarray) and value.dtype == object):
        yield from ((("item", key), item) for key, item in enumerate(value))
    elif is_theirs(value):
        yield from ((("attribute", key), item) for key, item in vars(value).items())


def is_theirs(value: Any) -> bool:
    """Whether the value is an object of a class that the program itself or a file beside it defines."""
    if isinstance(value, type | FunctionType | MethodType | ModuleType) or not hasattr(value, "__dict__"):
        return False
    home = type(value).__module__
    if home in ("__main__", "diagnosed"):
        return True
    if home.split(".")[0] in sys.stdlib_module_names:
        return home == "types"
    file = getattr(sys.modules.get(home), "__file__", None)
    return file is not None and not any(file.startswith(folder) for folder in _INSTALLED)


_INSTALLED = {str(Path(sysconfig.get_path(kind))) for kind in ("purelib", "platlib", "stdlib")} | {
    str(Path(__file__).parents[3])
}


def look(names: Mapping[str, Any], path: Steps) -> Any:
    """What stands there now, or None."""
    (_, name), *rest = path
    value: Any = names.get(name)
    for kind, key in rest:
        try:
            value = getattr(value, key) if kind == "attribute" else value[key]
        except (AttributeError, KeyError, IndexError, TypeError):
            return None
    return value


class Names(dict[str, Any]):
    """The names that a place in a program sees: its locals before its globals."""

    def __init__(self, inner: Mapping[str, Any], outer: dict[str, Any]) -> None:
        super().__init__({**outer, **inner})
        self.inner, self.outer = inner, outer

    def bind(self, name: str, value: Any) -> bool:
        """Give a global name another value; a function's own names cannot be given one from outside."""
        if name in self.inner and self.inner is not self.outer:
            return False
        self.outer[name] = self[name] = value
        return True


def put(names: Names, path: Steps, new: Floats) -> bool:
    """Put numbers there: into the array or list itself, else in its place. Whether that was possible."""
    old = look(names, path)
    if (
        isinstance(old, np.ndarray)
        and old.dtype.kind == "f"
        and old.shape == new.shape
        and old.flags.writeable
    ):
        old[...] = new
        return True
    if isinstance(old, list):
        old[:] = new.tolist()
        return True
    fits = isinstance(old, np.ndarray) and old.shape == new.shape and np.array_equal(new, np.rint(new))
    if isinstance(old, np.ndarray) and fits and old.flags.writeable and old.dtype.kind in "iu":
        old[...] = new
        return True
    return _replace(names, path, new)


def _replace(names: Names, path: Steps, new: Floats) -> bool:
    if len(path) == 1:
        return names.bind(path[0][1], new)
    holder: Any = look(names, path[:-1])
    kind, key = path[-1]
    try:
        if kind == "attribute":
            setattr(holder, key, new)
        else:
            holder[key] = new
    except (AttributeError, TypeError):
        return False
    return True
