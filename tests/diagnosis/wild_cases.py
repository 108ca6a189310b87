"""Programs in the styles of public projects, written anew: right ones, and the same with a fault planted.

All of them stand in ``wild/index.toml``. They are asked as they stand: no name, no widths.
"""

from __future__ import annotations

import json
import shutil
import tomllib
from difflib import SequenceMatcher
from itertools import permutations
from pathlib import Path
from typing import Any, NamedTuple

from chainrule.diagnosis.catalogue.mistakes import Family
from chainrule.diagnosis.diagnosis import Diagnosis

WILD = Path(__file__).parent / "wild"
SHORTFALLS = ("not taken", "a part alone", "called wrong", "missed", "not explained", "another line")


class Wild(NamedTuple):
    """A program; ``edits`` make it faulty. ``depth``: its layers.

    ``today``: what is not yet as it must be.
    """

    file: str
    name: str
    project: str
    style: str
    edits: tuple[tuple[str, str], ...]
    expected: tuple[str, ...]
    today: str
    depth: int = 2

    @property
    def id(self) -> str:
        return f"{self.file}: {self.name}"

    @property
    def text(self) -> str:
        text = (WILD / self.file).read_text(encoding="utf-8")
        for old, new in self.edits:
            assert text.count(old) == 1, (self.id, old, text.count(old))
            text = text.replace(old, new)
        return text

    @property
    def lines(self) -> frozenset[int]:
        """Numbers of the lines that the edits changed, and the neighbours of deleted ones."""
        before, after = (
            _code(text, self.file) for text in ((WILD / self.file).read_text("utf-8"), self.text)
        )
        found: set[int] = set()
        for kind, _, _, start, end in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
            gone = kind == "delete" or (kind == "replace" and not "".join(after[start:end]).strip())
            found |= (
                {start, start + 1} if gone else set(range(start + 1, end + 1)) if kind != "equal" else set()
            )
        return frozenset(found)

    def placed(self, folder: Path) -> Path:
        """The file, with all that stands in its folder, in a folder of its own."""
        here = WILD / self.file
        made = folder / "wild"
        shutil.copytree(here.parent, made) if here.parent != WILD else made.mkdir()
        path = made / here.name
        path.write_text(self.text, encoding="utf-8")
        return path

    def shortfall(self, diagnosis: Diagnosis) -> str:
        """What is not as it must be: nothing, or one of `SHORTFALLS`."""
        if diagnosis.verdict == "could not run":
            return "not taken"
        if len(diagnosis.to_dict()["layers"]) - 1 < self.depth:
            return "a part alone"
        if not self.expected:
            return "" if diagnosis.verdict == "right" else "called wrong"
        if diagnosis.verdict == "right":
            return "missed"
        if not any(" + ".join(order) in self.expected for order in permutations(diagnosis.keys)):
            return "not explained"
        zero = any(one.mistake.family is Family.ZERO for one in diagnosis.mistakes)
        places = self.lines | ({n - 1 for n in self.lines} if zero else set())
        return "" if set(diagnosis.lines) & places else "another line"


def _code(text: str, file: str) -> list[str]:
    """The lines of code; of a notebook those of its cells, each below a line with its number."""
    if not file.endswith(".ipynb"):
        return text.splitlines()
    cells = ["".join(cell["source"]) for cell in json.loads(text)["cells"] if cell["cell_type"] == "code"]
    return "".join(f"# In [{n}]:\n{cell}\n\n" for n, cell in enumerate(cells, 1)).splitlines()


def _index() -> dict[str, list[dict[str, Any]]]:
    return tomllib.loads((WILD / "index.toml").read_text(encoding="utf-8"))


def _right(entry: dict[str, Any]) -> Wild:
    return Wild(
        entry["file"],
        "right",
        entry["project"],
        entry["style"],
        (),
        (),
        entry.get("today", ""),
        entry.get("depth", 2),
    )


def _faulty(entry: dict[str, Any]) -> Wild:
    base = next(one for one in RIGHT if one.file == entry["file"])
    edits = tuple((old, new) for old, new in entry["edits"])
    return base._replace(
        name=entry["name"], edits=edits, expected=tuple(entry["expected"]), today=entry.get("today", "")
    )


INDEX = _index()
RIGHT = tuple(_right(entry) for entry in INDEX["program"])
FAULTY = tuple(_faulty(entry) for entry in INDEX["fault"])
