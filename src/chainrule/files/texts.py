"""Sentences and tables that stand in data files beside the modules, so that they can be proof-read."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from functools import cache
from importlib.resources import files
from typing import Any


def read_text(path: str) -> str:
    """The text of a data file of this package, such as ``report/page.css``."""
    return (files("chainrule") / path).read_text(encoding="utf-8")


@cache
def texts(path: str) -> dict[str, Any]:
    """The tables of a TOML file of this package."""
    return tomllib.loads(read_text(path))


def entry(path: str, names: Iterable[str], needed: Iterable[str]) -> dict[str, Any]:
    """The table of these names in a data file.

    Raises:
        LookupError: there is none, or one of the ``needed`` fields is missing.
    """
    found: Any = texts(path)
    for name in names:
        found = found.get(name, {})
    missing = [field for field in needed if field not in found]
    if missing:
        title = ".".join(f'"{name}"' for name in names)
        raise LookupError(
            f"{path} must have the table [{title}] with {', '.join(needed)}; "
            f"{', '.join(missing)} is missing. Add it there."
        )
    return dict(found)


def said(path: str, name: str, /, **values: Any) -> str:
    """The sentence of that name in a data file, with the values filled in, if there are any."""
    text = sentence(texts(path)[name])
    return text.format(**values) if values else text


def sentence(text: str) -> str:
    """A text of several lines as one line."""
    return " ".join(text.split())
