"""CONTRIBUTING's list of places: each question leads to a file, and to the name in it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from chainrule.about import PACKAGE

TEXT = (Path(__file__).parents[2] / "CONTRIBUTING.md").read_text(encoding="utf-8")
PLACES = re.findall(r"(?m)^\| [^|]+\? \| `([\w/.]+)`: `(\w+)` \|$", TEXT)


def test_there_are_twenty_questions_or_more():
    assert len(PLACES) >= 20


@pytest.mark.parametrize(("file", "name"), PLACES)
def test_a_place_is_there(file, name):
    text = (Path(PACKAGE) / file).read_text(encoding="utf-8")
    assert re.search(rf"(?m)^(def|class) {name}\b|^\[{name}\.", text)


ROOMS = re.findall(r"(?m)^(\w+)/ ", next(part for part in TEXT.split("```") if "FeedForward" in part))


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_is_there(room):
    assert (Path(PACKAGE) / room).is_dir()
