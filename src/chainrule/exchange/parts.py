"""The parts of exported files that depend on no network, or on its sizes alone: texts beside this module."""

from __future__ import annotations

import re
from string import Template

from chainrule.files.texts import read_text


class Parts:
    """The parts of a file of text by name; ``$name`` in one of them is filled in."""

    def __init__(self, file: str) -> None:
        _, *found = re.split(r"^@@ (\w+)\n", read_text(f"exchange/{file}"), flags=re.MULTILINE)
        self._parts = dict(zip(found[::2], found[1::2], strict=True))

    def __contains__(self, name: str) -> bool:
        return name in self._parts

    def __call__(self, name: str, **values: object) -> str:
        """A part, with its values filled in. Raises: KeyError where one is missing."""
        return Template(self._parts[name]).substitute(values)
