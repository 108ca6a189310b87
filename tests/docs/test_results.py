"""What the pages print of long runs agrees with itself and with the script that makes it."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
RESULTS = ROOT / "docs/results"


@pytest.mark.parametrize("name", ["accuracy", "slowdown", "two_digits", "first_run", "rates", "doctor"])
def test_what_was_printed_stands_on_a_page(name):
    pages = [path.read_text(encoding="utf-8") for path in (ROOT / "docs").rglob("*.md")]
    assert any(f"results/{name}.txt\n" in page for page in pages)


def test_the_short_table_of_speed_is_the_one_that_was_printed():
    page, whole = (
        (ROOT / "docs" / name).read_text(encoding="utf-8").replace("\N{NO-BREAK SPACE}", " ")
        for name in ("speed.md", "results/speed.md")
    )
    rows = re.findall(r"^\| (\[.*?) \| (\w+) \| ([\d.]+) s \|(.*)\|$", page, flags=re.MULTILINE)
    assert len(rows) == 10
    for network, optimiser, seconds, others in rows:
        (printed,) = re.findall(
            rf"^\| W\d {re.escape(network)} \| {optimiser} \| \*\*{seconds} .*$", whole, flags=re.MULTILINE
        )
        assert re.findall(r"[\d.]+ ×", others) == re.findall(r"\(([\d.]+ ×)\)", printed)


def test_what_was_printed_is_what_is_drawn():
    printed = (RESULTS / "first_run.txt").read_text(encoding="utf-8")
    drawn = json.loads((RESULTS / "first_run.json").read_text(encoding="utf-8"))
    for key, pattern, digits, factor in (
        ("accuracy", r"accuracy ([\d.]+) %", 2, 100),
        ("loss", r"cross-entropy ([\d.]+) ", 4, 1),
    ):
        assert [f"{factor * value:.{digits}f}" for value in drawn[key]] == re.findall(pattern, printed)
        assert len(drawn[key]) == 31


def test_the_script_runs_on_other_data(tmp_path):
    script = ROOT / "benchmarks/first_run.py"
    command = [sys.executable, str(script), "--data", "digits", "--epochs", "2", "--folder", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", check=True)
    figures = json.loads((tmp_path / "results/first_run.json").read_text(encoding="utf-8"))
    assert len(done.stdout.splitlines()) == 3
    assert figures["accuracy"][0] < 0.3 < 0.7 < figures["accuracy"][-1]
    assert (tmp_path / "figures/mnist-mistakes.png").read_bytes().startswith(b"\x89PNG")
