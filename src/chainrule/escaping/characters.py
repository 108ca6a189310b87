"""Characters that are not seen, or that change how others are seen, shown as escapes."""

from __future__ import annotations

import re
import unicodedata

JOINERS = re.compile("(?<=[^\0-\x7f])[\u200c\u200d](?=[^\0-\x7f])")
"""Between letters of Persian or Hindi, or within an emoji, these two belong to how it is spelt."""


def visible(text: str) -> str:
    r"""Text of one line in which everything is seen: ``\n``, ``\x1b`` and ``\u202e`` stand as escapes.

    Escaped is what `repr` escapes, but no space, quotation mark or backslash: control characters, line ends,
    marks that change the direction of writing, characters of no width, surrogates.
    """
    if text.isprintable():
        return text
    spelt = {found.start() for found in JOINERS.finditer(text)}
    return "".join(c if place in spelt or is_seen(c) else repr(c)[1:-1] for place, c in enumerate(text))


def visible_lines(text: str) -> str:
    """The same of several lines."""
    return "\n".join(map(visible, text.split("\n")))


def is_seen(character: str) -> bool:
    """Whether a character is a sign or a space."""
    return character.isprintable() or unicodedata.category(character) == "Zs"
