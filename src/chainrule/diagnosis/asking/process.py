"""Ask a file in a process of its own, with a time limit."""

from __future__ import annotations

import errno
import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import Timer
from typing import Any

from chainrule.about import PACKAGE
from chainrule.diagnosis.asking import keeper
from chainrule.diagnosis.asking.find_target import DEFAULT_WIDTHS
from chainrule.diagnosis.asking.observe import Findings
from chainrule.diagnosis.asking.program import read_source
from chainrule.diagnosis.asking.source import Failure
from chainrule.diagnosis.asking.transfer import unpack
from chainrule.errors import InputError, StorageError

SECONDS = 20.0
GRACE = 10.0
"""What the process may take beyond its limit to end itself, and once more before it is killed."""
START = 300.0
"""What it may take to start, which the time limit does not count."""
BEGUN = b"begun\n"
"""What the process says when it has started, and the user's file is next."""


REFUSED, LATE = 74, 75
"""Exit codes of the process: the temporary folder did not take what was found; the time limit."""
STARTED = (
    "import sys; first = set(sys.modules); sys.path.append(sys.argv[2]); from pathlib import Path; "
    "from chainrule.diagnosis.asking.child import main; main(Path(sys.argv[1]), first)"
)
"""The process begins like ``python FILE.py``, except that nothing comes from the file's folder before it."""


def ask_file(path: str, name: str | None, widths: Sequence[int] | None, seconds: float = SECONDS) -> Findings:
    """Run the file elsewhere, and bring back what it gave.

    Raises:
        InputError: there is no such file.
        StorageError: the temporary folder is full, or there is none.
    """
    place = Path(path).resolve()
    if not place.is_file():
        raise InputError(f"FILE must be an existing Python file; got {path!r}. Check the spelling.")
    try:
        text = read_source(place)
    except OSError as error:
        raise InputError(f"FILE must be readable; {path} gives {error.strerror!r}.") from error
    with _temporary_folder() as folder:
        job = {"file": str(place), "name": name, "layers": list(widths) if widths else None}
        _write_job(folder, {**job, "seconds": seconds})
        code = _run(folder, seconds)
        if code == REFUSED:
            raise _full(os.strerror(errno.ENOSPC))
        if (folder / "found.npz").exists():
            return unpack(folder / "found.npz")
        failure = _ended(folder, str(place), text, code, seconds)
    return Findings(tuple(widths or DEFAULT_WIDTHS), name or place.name, (), failure, "", text)


@contextmanager
def _temporary_folder() -> Iterator[Path]:
    try:
        made = tempfile.TemporaryDirectory(prefix="chainrule-")
    except OSError as error:
        raise _full(error.strerror or str(error)) from error
    with made as name:
        yield Path(name)


def _write_job(folder: Path, job: dict[str, Any]) -> None:
    try:
        (folder / "job.json").write_text(json.dumps(job), encoding="utf-8")
    except OSError as error:
        raise _full(error.strerror or str(error)) from error


def _full(reason: str) -> StorageError:
    return StorageError(
        f"the folder for temporary files must take what the program gives; got {reason!r}. "
        "Free some space, or name another folder in TMPDIR."
    )


def _run(folder: Path, seconds: float) -> int | None:
    """Run the file in a process that is ended with all that it starts; None if it was late."""
    asked = [sys.executable, "-P", "-c", STARTED, str(folder), str(Path(PACKAGE).parent)]
    command = [sys.executable, "-I", "-S", keeper.__file__, *asked]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as process:
        try:
            if not _begins(process):
                return process.wait()
            return process.wait(seconds + 2 * GRACE)
        except subprocess.TimeoutExpired:
            return None
        finally:
            _end(process)
            process.wait()


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.stdin is not None:
        process.stdin.close()


def _begins(process: subprocess.Popen[bytes]) -> bool:
    """Wait until the user's file is next; whether it is, or the process has ended before."""
    watch = Timer(START, _end, (process,))
    watch.start()
    try:
        return BEGUN in iter(process.stdout.readline, b"") if process.stdout else False
    finally:
        watch.cancel()


def _ended(folder: Path, file: str, text: str, code: int | None, seconds: float) -> Failure:
    """Why nothing came back: where it stood at the time limit, or how the process ended."""
    stack = (folder / "stack.txt").read_text(encoding="utf-8") if (folder / "stack.txt").exists() else ""
    lines = [int(n) for n in re.findall(rf'File "{re.escape(file)}", line (\d+)', stack)]
    if stack.strip() or code in (LATE, None):
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
