"""The rooms of the fast engine: each imports only from those before it."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from chainrule.about import PACKAGE

ROOMS = ("machine", "writer", "kernels", "programs", "analysis", "runtime", "engine")
FOLDER = Path(PACKAGE, "engines", "llvm")
PREFIX = "chainrule.engines.llvm."


def imported(source):
    """The rooms that a file imports from."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom) and f"{node.module}.".startswith(PREFIX):
            inside = f"{node.module}.".removeprefix(PREFIX).split(".")[0]
            yield from [inside] if inside else [alias.name for alias in node.names]


def upward(source, room):
    return [other for other in imported(source) if ROOMS.index(other) > ROOMS.index(room)]


def test_every_file_is_in_a_room():
    assert {path.stem for path in FOLDER.iterdir()} - {"__init__", "__pycache__"} == set(ROOMS)


@pytest.mark.parametrize("room", ROOMS)
def test_imports_point_to_earlier_rooms(room):
    files = [FOLDER / f"{room}.py"] if room == "engine" else sorted((FOLDER / room).glob("*.py"))
    assert files
    for path in files:
        assert upward(path.read_text(encoding="utf-8"), room) == [], path


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("from chainrule.engines.llvm.kernels.tiles import ceil", ["kernels"]),
        ("from chainrule.engines.llvm import runtime, machine", ["runtime"]),
        ("from chainrule.engines.llvm.machine.caches import LINE", []),
    ],
)
def test_a_planted_import_is_found(line, found):
    assert upward(f"def f():\n    {line}", "writer") == found
