"""The process that runs the user's file; `chainrule.diagnosis.asking.process` starts it.

What the file prints goes nowhere; past the time limit the stack is written to ``stack.txt`` and the
process ends. The limit counts from where the file is run: what this module imports comes before that.
"""

from __future__ import annotations

import faulthandler
import json
import os
import sys
import warnings
from collections.abc import Collection
from pathlib import Path
from threading import Timer
from typing import Any, TextIO

import numpy.random  # noqa: F401 - else NumPy imports it late

from chainrule.diagnosis.asking.observe import Findings, findings
from chainrule.diagnosis.asking.process import BEGUN, GRACE, LATE, REFUSED
from chainrule.diagnosis.asking.program import read_source
from chainrule.diagnosis.asking.source import failure_of, from_file
from chainrule.diagnosis.asking.transfer import pack


def main(folder: Path, first: Collection[str] | None = None) -> None:
    """Ask the file named in the job, and write what was found.

    ``first``: the modules that are loaded when Python begins.
    """
    sys.path[:] = [os.path.abspath(path) for path in sys.path]  # the current folder is about to change
    folder = folder.resolve()
    job = json.loads((folder / "job.json").read_text(encoding="utf-8"))
    with (folder / "stack.txt").open("w", encoding="utf-8") as stack:
        _ask(job, folder, stack, first)


def _ask(job: dict[str, Any], folder: Path, stack: TextIO, first: Collection[str] | None) -> None:
    os.write(1, BEGUN)
    nowhere = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(nowhere, descriptor)
    warnings.simplefilter("ignore")
    os.environ.setdefault("MPLBACKEND", "Agg")
    file, name, widths = job["file"], job["name"], job["layers"]
    sys.argv = [file]
    os.chdir(Path(file).parent)
    watch = _watch(job["seconds"], stack)
    try:
        found = findings(from_file(file, first), name, widths)
    except BaseException as error:  # KeyboardInterrupt too, where the file raises it
        text = read_source(Path(file))
        misfit = str(error) if type(error).__name__ == "InputError" else ""
        failure = None if misfit else failure_of(error, file)
        found = Findings(tuple(widths or ()), name or "", (), failure, misfit, text)
    watch.cancel()
    try:
        pack(found, folder / "found.npz")
    except OSError:
        os._exit(REFUSED)
    os._exit(0)  # threads that the file left running do not hold it back


def _watch(seconds: float, stack: TextIO) -> Timer:
    """End the process once it is late: between two steps of the interpreter, where every stack is whole.

    Where no such step comes, because compiled code keeps the interpreter to itself, `faulthandler` ends it.
    """

    def late() -> None:
        faulthandler.dump_traceback(stack)
        os._exit(LATE)

    watch = Timer(seconds, late)
    watch.daemon = True
    watch.start()
    faulthandler.dump_traceback_later(seconds + GRACE, exit=True, file=stack)
    return watch
