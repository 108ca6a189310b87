"""Ask a file in a process of its own, with a time limit."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from threading import Timer

from chainrule.diagnosis.asking.find_target import DEFAULT_WIDTHS
from chainrule.diagnosis.asking.observe import Findings
from chainrule.diagnosis.asking.source import Failure
from chainrule.diagnosis.asking.transfer import unpack
from chainrule.errors import InputError

SECONDS = 20.0
GRACE = 10.0
"""What the process may take beyond its limit to end itself, and once more before it is killed."""
START = 300.0
"""What it may take to start, which the time limit does not count."""
BEGUN = b"begun\n"
"""What the process says when it has started, and the user's file is next."""


def ask_file(path: str, name: str | None, widths: Sequence[int] | None, seconds: float = SECONDS) -> Findings:
    """Run the file elsewhere, and bring back what it gave.

    Raises:
        InputError: there is no such file.
    """
    place = Path(path).resolve()
    if not place.is_file():
        raise InputError(f"FILE must be an existing Python file; got {path!r}. Check the spelling.")
    with tempfile.TemporaryDirectory(prefix="chainrule-") as made:
        folder = Path(made)
        job = {
            "file": str(place),
            "name": name,
            "layers": list(widths) if widths else None,
            "seconds": seconds,
        }
        (folder / "job.json").write_text(json.dumps(job), encoding="utf-8")
        code = _run(folder, place.parent, seconds)
        if (folder / "found.npz").exists():
            return unpack(folder / "found.npz")
        text = place.read_text(encoding="utf-8", errors="replace")
        failure = _ended(folder, str(place), text, code, seconds)
    return Findings(tuple(widths or DEFAULT_WIDTHS), name or place.name, (), failure, "", text)


def _run(folder: Path, there: Path, seconds: float) -> int | None:
    command = [sys.executable, "-m", "chainrule.diagnosis.asking.child", str(folder)]
    with subprocess.Popen(
        command, cwd=there, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as process:
        try:
            if not _begins(process):
                return process.wait()
            return process.wait(seconds + 2 * GRACE)
        except subprocess.TimeoutExpired:
            return None
        finally:
            process.kill()


def _begins(process: subprocess.Popen[bytes]) -> bool:
    """Wait until the user's file is next; whether it is, or the process has ended before."""
    watch = Timer(START, process.kill)
    watch.start()
    try:
        return BEGUN in iter(process.stdout.readline, b"") if process.stdout else False
    finally:
        watch.cancel()


def _ended(folder: Path, file: str, text: str, code: int | None, seconds: float) -> Failure:
    """Why nothing came back: where it stood at the time limit, or how the process ended."""
    stack = (folder / "stack.txt").read_text(encoding="utf-8") if (folder / "stack.txt").exists() else ""
    lines = [int(n) for n in re.findall(rf'File "{re.escape(file)}", line (\d+)', stack)]
    if stack.strip() or code is None:
        line = lines[0] if lines else 0
        shown = text.splitlines()[line - 1].strip() if 0 < line <= len(text.splitlines()) else ""
        return Failure(
            f"no result within {seconds:g} seconds: an endless loop, or a training that runs when the "
            "file is read "
            '(put it under if __name__ == "__main__":)',
            line,
            shown,
        )
    return Failure(f"the process that ran the file ended by itself, with code {code}", 0, "")
