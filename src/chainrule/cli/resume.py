"""``chainrule train --resume``: which run may be resumed, and from what."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TextIO

from chainrule.cli.output import complain
from chainrule.errors import CheckpointWarning, InputError

if TYPE_CHECKING:
    from chainrule.datasets import Dataset, ParquetStream
    from chainrule.runs.folder import Run

BESIDE = ("resume", "epochs", "progress")
"""Options that may be given with --resume; all others are in run.json."""


def open_run(folder: str, given: dict[str, Any]) -> Run:
    """The run in a folder, with the number of epochs that is asked for.

    Raises:
        DataError: there is none.
        InputError: it is finished, it has no checkpoint, or an option is given that cannot change.
    """
    from chainrule.runs.folder import Run

    for name in given:
        if name not in BESIDE:
            option = {"data": "DATA", "folder": "--run"}.get(name, f"--{name.replace('_', '-')}")
            raise InputError(
                f"{option} must be left out with --resume, because run.json has it. "
                "Leave it out, or start a new run."
            )
    run = Run.again(folder)
    options, status = run.about["options"], run.about["status"]
    if not options.get("checkpoint_seconds"):
        raise InputError(
            f"a run must have written checkpoints to be resumed; the one in {folder} wrote none. "
            "Start it again."
        )
    epochs = given.get("epochs", options["epochs"])
    if status == "finished" and epochs <= options["epochs"]:
        raise InputError(
            f"a run must have something left to do; the one in {folder} is finished, with "
            f"{options['epochs']} epochs. To train it further: --epochs {2 * options['epochs']}."
        )
    if status in ("early stopping", "callback", "diverged"):
        raise InputError(
            f"a run must have something left to do; the one in {folder} ended by {status}. Start a new one."
        )
    options["epochs"] = epochs
    _tell_versions(run)
    return run


def _tell_versions(run: Run) -> None:
    if run.other_versions:
        complain(
            f"{'; '.join(run.other_versions)} when the run began: its numbers may differ in the "
            "last digit from those of a run that was never stopped.",
            "Warning",
            "yellow",
        )


def check_data(run: Run, training: Dataset | ParquetStream) -> None:
    """Check that the data are those that the run began with.

    Raises:
        InputError: the data have changed.
    """
    if training.checksum() != run.about["data"]["checksum"]:
        raise InputError(
            f"the data must be those that the run began with; {run.about['data']['name']} has changed since. "
            "Restore the former data, or start a new run."
        )


@contextmanager
def telling() -> Iterator[None]:
    """Print a `CheckpointWarning` as a line on standard error."""
    with warnings.catch_warnings():
        warnings.simplefilter("always", CheckpointWarning)
        usual = warnings.showwarning

        def show(
            message: Warning | str,
            category: type[Warning],
            filename: str,
            lineno: int,
            file: TextIO | None = None,
            line: str | None = None,
        ) -> None:
            if issubclass(category, CheckpointWarning):
                complain(message, "Warning", "yellow")
            else:
                usual(message, category, filename, lineno, file, line)

        warnings.showwarning = show
        yield
