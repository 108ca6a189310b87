"""The process that runs the user's file: ``python -m chainrule.diagnosis.asking.child FOLDER``.

What the file prints goes nowhere; past the time limit the stack is written to ``stack.txt`` and the
process ends.
"""

from __future__ import annotations

import faulthandler
import json
import os
import sys
import warnings
from pathlib import Path


def main(folder: Path) -> None:
    """Ask the file named in the job, and write what was found."""
    job = json.loads((folder / "job.json").read_text(encoding="utf-8"))
    with (folder / "stack.txt").open("w", encoding="utf-8") as stack:
        faulthandler.dump_traceback_later(job["seconds"], exit=True, file=stack)
        _ask(job, folder)
        faulthandler.cancel_dump_traceback_later()


def _ask(job: dict[str, object], folder: Path) -> None:
    from chainrule.diagnosis.asking.observe import Findings, findings
    from chainrule.diagnosis.asking.source import failure_of, from_file
    from chainrule.diagnosis.asking.transfer import pack

    nowhere = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(nowhere, descriptor)
    warnings.simplefilter("ignore")
    os.environ.setdefault("MPLBACKEND", "Agg")
    file, name, widths = str(job["file"]), job["name"], job["layers"]
    sys.argv = [file]
    try:
        found = findings(from_file(file), name, widths)  # type: ignore[arg-type]
    except (Exception, SystemExit) as error:
        text = Path(file).read_text(encoding="utf-8", errors="replace")
        misfit = str(error) if type(error).__name__ == "InputError" else ""
        failure = None if misfit else failure_of(error, file)
        found = Findings(tuple(widths or ()), str(name or ""), (), failure, misfit, text)  # type: ignore[arg-type]
    pack(found, folder / "found.npz")
    os._exit(0)  # threads that the file left running do not hold it back


if __name__ == "__main__":
    main(Path(sys.argv[1]))
