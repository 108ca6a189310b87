"""Ask each tool each question by running it, and write the page of conventions.

pip install --group conventions -e .             # pip 25.1 or newer
python -m benchmarks.conventions --write docs/conventions.md
"""

from __future__ import annotations

import argparse
import os
import sys
import warnings
from pathlib import Path

os.environ.setdefault("KERAS_BACKEND", "torch")
os.environ.setdefault("TRAINING", "1")  # tinygrad's

from benchmarks.conventions import losses, optimizers, runtimes, slopes, stopping
from benchmarks.conventions.base import OURS, Row, version

SECTIONS = {
    "Slopes at kinks and ties": slopes.ROWS,
    "Losses": losses.ROWS,
    "Optimisers, schedules, initial weights": optimizers.ROWS,
    "Early stopping, splits, accuracy": stopping.ROWS,
    "Running a network elsewhere": runtimes.ROWS,
}

HEAD = """\
# Where the tools differ

A network or a setting that moves from one tool to another often changes in silence: a slope at a kink, the
place of Adam's ε, what a mean is divided by. Each table below was filled by running the tools themselves
(`python -m benchmarks.conventions --write docs/conventions.md`). Behind our name stands the equation or the
setting that decides; a test holds our side of every row.

Versions: {versions}.
"""


def ask(row: Row) -> dict[str, str]:
    """Each tool's answer; what is not installed says so."""
    found = {}
    for tool, answer in row.answers.items():
        try:
            found[tool] = answer()
        except ImportError as error:
            found[tool] = "not installed"
            print(f"{tool} left out: {error}", file=sys.stderr)
    return found


def table(row: Row, answers: dict[str, str]) -> str:
    """One row of the page: a table of the tools, and what changes."""
    heads = [f"{tool} ({row.tag})" if tool == OURS else tool for tool in answers]
    return "\n".join(
        [
            f"### {row.title}",
            "",
            f"| {' | '.join(heads)} |",
            f"|{'---|' * len(heads)}",
            f"| {' | '.join(text.replace('|', '&#124;') for text in answers.values())} |",
            "",
            row.moving,
            "",
        ]
    )


def page() -> str:
    """The whole page."""
    warnings.simplefilter("ignore")
    tools = sorted(
        {tool for rows in SECTIONS.values() for row in rows for tool in row.answers} - {OURS},
        key=str.lower,
    )
    parts = [HEAD.format(versions=", ".join(f"{tool} {version(tool)}" for tool in tools))]
    for title, rows in SECTIONS.items():
        parts += [f"## {title}\n", *(table(row, ask(row)) for row in rows)]
    return "\n".join(parts)


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--write", type=Path, help="a file for the page")
    given = parser.parse_args(arguments)
    text = page()
    print(text, end="")
    if given.write:
        given.write.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
