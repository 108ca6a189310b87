"""Text for terminals, shells, and programs that read JSON."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterable
from math import isfinite
from typing import Any

from chainrule.escaping.characters import is_seen, visible, visible_lines


def terminal(text: str) -> str:
    """Text of several lines that moves no cursor, changes no colour and turns no writing around."""
    return visible_lines(text)


def shell(words: Iterable[str]) -> str:
    r"""A command to be copied: quoted as `shlex.join` does; what is not seen in ``$'\n'``, as bash reads it.

    A path that begins with a dash must come with ``./`` in front; see `argument`.
    """
    return " ".join(map(_word, words))


def _word(word: str) -> str:
    if visible(word) == word:
        return shlex.quote(word)
    spelt = word.replace("\\", "\\\\").replace("'", "\\'")
    return "$'" + "".join(c if is_seen(c) else _octal(c) for c in spelt) + "'"


def _octal(character: str) -> str:
    return "".join(f"\\{byte:03o}" for byte in character.encode("utf-8", "surrogateescape"))


def argument(name: object) -> str:
    """A path as an argument: one that begins with a dash is not an option."""
    text = str(name)
    return f"./{text}" if text.startswith("-") else text


def as_json(value: Any, indent: int | None = None) -> str:
    """JSON that every parser reads, and in which everything is seen: no NaN (null stands there)."""
    text = json.dumps(_finite(value), ensure_ascii=False, indent=indent, allow_nan=False)
    return "\n".join(line if line.isprintable() else _seen(line) for line in text.split("\n"))


def _seen(line: str) -> str:
    return "".join(c if is_seen(c) else json.dumps(c)[1:-1] for c in line)


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _finite(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(one) for one in value]
    return None if isinstance(value, float) and not isfinite(value) else value
