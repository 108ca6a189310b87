"""The process that runs the user's file: ``python -m chainrule.diagnosis.asking.child FOLDER``.

What the file prints goes nowhere; past the time limit the stack is written to ``stack.txt`` and the
process ends. The limit counts from where the file is run: what this module imports comes before that.
"""

from __future__ import annotations

import faulthandler
import json
import os
import sys
import warnings
from pathlib import Path
from threading import Timer
from typing import Any, TextIO

import numpy.random  # noqa: F401 - else NumPy imports it late

from chainrule.diagnosis.asking.observe import Findings, findings
from chainrule.diagnosis.asking.process import BEGUN, GRACE
from chainrule.diagnosis.asking.source import failure_of, from_file
from chainrule.diagnosis.asking.transfer import pack


def main(folder: Path) -> None:
    """Ask the file named in the job, and write what was found."""
    job = json.loads((folder / "job.json").read_text(encoding="utf-8"))
    with (folder / "stack.txt").open("w", encoding="utf-8") as stack:
        _ask(job, folder, stack)


def _ask(job: dict[str, Any], folder: Path, stack: TextIO) -> None:
    os.write(1, BEGUN)
    nowhere = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(nowhere, descriptor)
    warnings.simplefilter("ignore")
    os.environ.setdefault("MPLBACKEND", "Agg")
    file, name, widths = job["file"], job["name"], job["layers"]
    sys.argv = [file]
    watch = _watch(job["seconds"], stack)
    try:
        found = findings(from_file(file), name, widths)
    except (Exception, SystemExit) as error:
        text = Path(file).read_text(encoding="utf-8", errors="replace")
        misfit = str(error) if type(error).__name__ == "InputError" else ""
        failure = None if misfit else failure_of(error, file)
        found = Findings(tuple(widths or ()), name or "", (), failure, misfit, text)
    watch.cancel()
    pack(found, folder / "found.npz")
    os._exit(0)  # threads that the file left running do not hold it back


def _watch(seconds: float, stack: TextIO) -> Timer:
    """End the process once it is late: between two steps of the interpreter, where every stack is whole.

    Where no such step comes, because compiled code keeps the interpreter to itself, `faulthandler` ends it.
    """

    def late() -> None:
        faulthandler.dump_traceback(stack)
        os._exit(1)

    watch = Timer(seconds, late)
    watch.daemon = True
    watch.start()
    faulthandler.dump_traceback_later(seconds + GRACE, exit=True, file=stack)
    return watch


if __name__ == "__main__":
    main(Path(sys.argv[1]))
