"""What the files of a run folder must hold, wherever they are read."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from chainrule.errors import DataError
from chainrule.files.schema import (
    FLAG,
    TEXT,
    Kind,
    check,
    either,
    items,
    mapping,
    number,
    or_none,
    record,
    whole,
)

_LIST = either(TEXT, items(TEXT))
_CHOSEN: dict[str, Kind] = {
    **dict.fromkeys(("hidden", "initializer", "optimizer", "schedule", "dtype", "engine"), TEXT),
    **dict.fromkeys(
        (
            "output",
            "loss",
            "target",
            "decimal",
            "thousands",
            "sample_weight",
            "class_weight",
            "pos_weight",
        ),
        or_none(TEXT),
    ),
    **dict.fromkeys(("categorical", "drop", "missing"), or_none(_LIST)),
    **dict.fromkeys(("learning_rate", "clip_norm", "clip_value"), or_none(number(0))),
    **dict.fromkeys(("warm_up", "l1", "l2", "dropout", "label_smoothing", "checkpoint_seconds"), number(0)),
    **dict.fromkeys(("validation",), number(0, 1)),
    **dict.fromkeys(("test_fraction",), or_none(number(0, 1))),
    **dict.fromkeys(("patience", "threads"), or_none(whole(0))),
    "batch_size": whole(1),
    "seed": whole(0),
    "stream": or_none(FLAG),
}
LATER = ("decimal", "thousands", "missing")
"""Options that runs of the first versions did not have."""
NEEDED = ("layers", "epochs", *(name for name in _CHOSEN if name not in LATER))
"""Options that a run needs to be resumed."""
OPTIONS = record({"layers": items(whole(1), 2), "epochs": whole(1)}, _CHOSEN)
RUN = record(
    {
        "data": record(
            {"name": TEXT},
            {"path": or_none(TEXT), "checksum": or_none(TEXT), "samples": whole(0), "streamed": FLAG},
        ),
        "options": OPTIONS,
        "status": TEXT,
    },
    {
        "versions": mapping(TEXT),
        "test": record({}, {"loss": number(nan=True), "accuracy": number(0, 1), "samples": whole(1)}),
        "started": TEXT,
        "ended": TEXT,
        "engine": TEXT,
        "resumed": items(TEXT),
    },
)
EPOCH = record(
    {
        "epoch": whole(1),
        "loss": number(nan=True),
        "accuracy": number(nan=True),
        "val_loss": or_none(number(nan=True)),
        "val_accuracy": or_none(number(nan=True)),
        "learning_rate": number(nan=True),
        "seconds": number(0),
    }
)
NORMS = record(
    {
        "epoch": whole(0),
        "gradient": items(or_none(number(0)), 1),
        "weight": items(or_none(number(0)), 1),
    }
)


def read_about(path: Path) -> dict[str, Any]:
    """What ``run.json`` says, with every value of its kind.

    Raises:
        DataError: it is no JSON, or a value is missing or of another kind.
    """
    try:
        about: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        check(path.name, about, RUN)
    except (OSError, ValueError, RecursionError) as error:
        raise DataError(
            f"{path} must be what chainrule train wrote; {_why(error)}. Take it from its source again, or "
            "train again."
        ) from error
    return about


def lines_of(path: Path, kind: Kind) -> list[dict[str, Any]]:
    """The lines of a journal, each an object of that kind; the last one, of a killed run, may be cut off.

    Raises:
        DataError: a line is no JSON, or a value is missing or of another kind.
    """
    found: list[dict[str, Any]] = []
    try:
        lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
        for place, line in enumerate(lines, 1):
            if place == len(lines) and not line.endswith("\n"):
                break
            entry = json.loads(line)
            check(f"line {place}", entry, kind)
            found.append(entry)
    except (OSError, ValueError, RecursionError) as error:
        number = len(found) + 1
        raise DataError(
            f"{path} must hold the lines that training wrote; line {number} does not fit: {_why(error)}. "
            "Remove that line, or the file: the rest of the run can do without."
        ) from error
    return found


def _why(error: Exception) -> str:
    return f"it is no JSON ({error})" if isinstance(error, json.JSONDecodeError) else str(error)
