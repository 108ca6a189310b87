"""The competitors' processes, seen from the one that asks: only the one that is asked runs.

Between its commands a process is stopped (SIGSTOP), so that no waiting thread pool of one competitor takes
processor time from another, whatever its library does while idle.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple

ROOT = Path(__file__).parents[2]
THREAD_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS")


class Key(NamedTuple):
    """One process: a competitor, and its threads (None: as many as it picks)."""

    peer: str
    threads: int | None


class Failed(Exception):
    """A competitor could not do what it was asked."""


class Team:
    """Starts a process when it is first asked, and ends them all at the end."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._processes: dict[Key, subprocess.Popen[str]] = {}

    def __enter__(self) -> Team:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for key in list(self._processes):
            self.dismiss(key)

    def ask(self, key: Key, do: str, **arguments: Any) -> dict[str, Any]:
        """Have a competitor carry out one command, and return its answer.

        Raises:
            Failed: it answered with an error, or ended.
        """
        process = self._processes.get(key) or self._start(key)
        assert process.stdin is not None
        assert process.stdout is not None
        process.send_signal(signal.SIGCONT)
        try:
            process.stdin.write(json.dumps({"do": do, **arguments}) + "\n")
            process.stdin.flush()
            line = process.stdout.readline()
        except BrokenPipeError:
            line = ""
        if not line:
            self.dismiss(key)
            raise Failed(f"{key.peer} ended: {self._last_words(key)}")
        process.send_signal(signal.SIGSTOP)
        answer: dict[str, Any] = json.loads(line)
        if "error" in answer:
            raise Failed(f"{key.peer}: {answer['error']}")
        return answer

    def dismiss(self, key: Key) -> None:
        """End a process, and those that its library started (compilers in a pool, say)."""
        process = self._processes.pop(key, None)
        if process is not None:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            for pipe in (process.stdin, process.stdout):
                if pipe is not None:
                    with suppress(BrokenPipeError):  # it ended with a command unread
                        pipe.close()

    def _start(self, key: Key) -> subprocess.Popen[str]:
        threads = "auto" if key.threads is None else str(key.threads)
        with open(self._log(key), "w", encoding="utf-8") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "benchmarks.speed.child", key.peer, threads, str(self.folder)],
                cwd=ROOT,
                env=environment(key.threads, self.folder),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                encoding="utf-8",
                start_new_session=True,
            )
        self._processes[key] = process
        return process

    def _log(self, key: Key) -> Path:
        return self.folder / f"{key.peer}-{key.threads}.log"

    def _last_words(self, key: Key) -> str:
        lines = self._log(key).read_text(encoding="utf-8", errors="replace").strip().splitlines()
        return lines[-1] if lines else "without a word"


def environment(threads: int | None, folder: Path) -> dict[str, str]:
    """The environment of a competitor: its threads, and a folder for what its compiler keeps."""
    own = {"SPEED_CACHE": str(folder / "cache"), "TORCHINDUCTOR_CACHE_DIR": str(folder / "cache/inductor")}
    if threads is not None:
        own |= dict.fromkeys(THREAD_VARIABLES, str(threads))
    paths = [str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
    return {**os.environ, **own, "PYTHONPATH": os.pathsep.join(paths)}
