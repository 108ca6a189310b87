"""Names in any script: by a font that is installed, or as escapes where there is none."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import Any

from matplotlib import rcParams
from matplotlib.font_manager import FontProperties, findfont, fontManager, get_font

from chainrule.escaping.characters import visible_lines


def drawable(text: str) -> str:
    r"""The text, with an escape such as ``\u732b`` for each character that no font here can draw.

    So with what is not seen; line breaks stay.
    """
    return "".join(map(_drawable, visible_lines(text)))


def families(texts: Iterable[str]) -> list[str]:
    """The usual font families, then those that are needed besides."""
    usual = findfont(FontProperties())
    extra = {_family(character, usual) for text in texts for character in text}
    return [*_usual_families(), *sorted(name for name in extra if name)]


def _usual_families() -> list[str]:
    given: Any = rcParams["font.family"]
    return [given] if isinstance(given, str) else list(given)


def _drawable(character: str) -> str:
    if _family(character, findfont(FontProperties())) is not None:
        return character
    return character.encode("unicode_escape").decode()


@cache
def _family(character: str, usual: str) -> str | None:
    """A family that has the character: "" for the font file ``usual``, None if no font has it."""
    if character in " \n" or _has(usual, character):
        return ""
    upright = (font for font in fontManager.ttflist if font.style == "normal" and font.weight == 400)
    return next((font.name for font in upright if _has(font.fname, character)), None)


def _has(file: str, character: str) -> bool:
    if "lastresort" in file.lower():  # its boxes stand for any character
        return False
    try:
        return bool(get_font(file).get_char_index(ord(character)))
    except (OSError, RuntimeError):  # gone since the list was made, or damaged
        return False
