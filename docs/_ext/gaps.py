"""The three that belong together: an equation's place in the book, its function, and its theorems."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

PRINTED = re.compile(r"^```\{equation\} (\w+)\n(?!:again:)", flags=re.MULTILINE)


def printed(text: str) -> list[str]:
    """The tags that a page prints as their own place, not ``:again:``."""
    return PRINTED.findall(text)


def gaps(
    places: Mapping[str, Iterable[str]],
    tags: Iterable[str],
    functions: Mapping[str, object],
    theorems: Mapping[str, Iterable[object]],
) -> list[str]:
    """What each tag lacks of its one place in the book, its function and its theorem."""
    found = []
    for tag in tags:
        count = len(list(places.get(tag, ())))
        if count != 1:
            found.append(f"{tag} must have one place in the book; it has {count}")
        if not functions.get(tag):
            found.append(f"{tag} must have a function; it has none")
        if not list(theorems.get(tag, ())):
            found.append(f"{tag} must have a theorem; it has none")
    return found
