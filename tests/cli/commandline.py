"""Running the command: as a process of its own, or here, through the same `main`."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

from tests.patience import PATIENCE

COMMAND = (sys.executable, "-W", "error", "-m", "chainrule")
FILES = {
    "run.json",
    "history.jsonl",
    "checkpoint.safetensors",
    "gradients.jsonl",
    "model.safetensors",
    "predictions.npz",
    "curves.png",
    "confusion.png",
    "mistakes.png",
    "weights.png",
}


class Done(NamedTuple):
    code: int
    out: str
    err: str


def environment(**own):
    """What a process gets: nothing of ours from outside, 100 columns, UTF-8."""
    ours = ("CHAINRULE_", "FORCE_COLOR", "NO_COLOR", "COLUMNS")
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    return {**inherited, "COLUMNS": "100", "PYTHONUTF8": "1", **own}


def chainrule(*args, cwd, **own):
    """Run the command in a process of its own."""
    done = subprocess.run(
        [*COMMAND, *map(str, args)],
        cwd=cwd,
        env=environment(**own),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        timeout=PATIENCE,
        check=False,
    )
    return Done(done.returncode, done.stdout, done.stderr)


def snapshot(folder):
    """Every file and folder below, with its content."""
    return {path: path.read_bytes() if path.is_file() else None for path in Path(folder).rglob("*")}
