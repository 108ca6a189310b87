"""The version of the package, the folder of its source, and names that are imported when first used."""

from __future__ import annotations

import os
from importlib import import_module

TYPE_CHECKING = False  # see chainrule/__init__.py
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

VERSION = "0.1.0"

PACKAGE = os.path.dirname(os.path.abspath(__file__))


def names_of(package: str, homes: Mapping[str, str]) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """A package's ``__getattr__`` and ``__dir__``: each name is imported from its home when first used."""

    def find(name: str) -> Any:
        if name not in homes:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        return getattr(import_module(f"chainrule.{homes[name]}"), name)

    return find, lambda: [*homes]
