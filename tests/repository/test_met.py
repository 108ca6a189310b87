"""docs/results/met.md: every case names a test that is there."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
MET = (ROOT / "docs" / "results" / "met.md").read_text(encoding="utf-8")
ROWS = [line for line in MET.splitlines() if line.startswith("| ")][1:]


def test_every_case_names_a_test_that_is_there():
    assert len(ROWS) > 30
    for row in ROWS:
        cells = re.split(r"(?<!\\) \| ", row.strip("| "))
        assert len(cells) == 4, row
        named = re.findall(r"`(tests/[\w./]+)(?:::(\w+))?`", cells[3])
        assert named, row
        for path, test in named:
            assert (ROOT / path).exists(), path
            assert not test or re.search(rf"\b(def|class) {test}\b", (ROOT / path).read_text("utf-8")), test


def test_the_check_sees_a_test_that_is_not_there():
    assert not (ROOT / "tests/repository/test_nothing.py").exists()
    assert re.findall(r"`(tests/[\w./]+)(?:::(\w+))?`", "`tests/a.py::b`, `tests/c`") == [
        ("tests/a.py", "b"), ("tests/c", ""),
    ]  # fmt: skip
