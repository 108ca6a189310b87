"""The folder of a search: ``search.json`` says what is searched, ``tune.jsonl`` what is done already."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from chainrule.checks import as_whole
from chainrule.errors import InputError
from chainrule.files.atomic import atomic_write
from chainrule.files.locks import NAME as LOCK

SEARCH, JOURNAL = "search.json", "tune.jsonl"
MOST_CANDIDATES = 100_000


def write_search(folder: Path, about: dict[str, Any]) -> None:
    """Write ``search.json``, wholly or not at all."""
    atomic_write(folder / SEARCH, json.dumps(about, ensure_ascii=False, indent=2) + "\n")


def read_search(folder: Path) -> dict[str, Any]:
    """What ``search.json`` says, with every part of the kind that it was written with.

    Raises:
        InputError: there is no such file, or it is damaged.
    """
    try:
        about: dict[str, Any] = json.loads((folder / SEARCH).read_text(encoding="utf-8"))
        data, options = about["data"], about["options"]
        texts = (data["name"], data["checksum"], about["status"])
        least = {"candidates": 2, "epochs": 1, "factor": 2, "seed": 0}
        for name, at_least in least.items():
            as_whole(name, options[name], at_least=at_least)
        if options["candidates"] > MOST_CANDIDATES:
            raise ValueError(f"candidates must be at most {MOST_CANDIDATES:,}; got {options['candidates']}")
        share, target = options["test_fraction"], options["target"]
        fits = all(isinstance(text, str) for text in texts) and isinstance(target, str | None)
        if not (fits and (share is None or (isinstance(share, float) and 0 < share < 1))):
            raise ValueError("a value is not of its kind")
    except (OSError, ValueError, LookupError, TypeError, RecursionError) as error:
        raise InputError(
            f"--resume must name a folder that chainrule tune wrote, with search.json in it; got {folder} "
            f"({error}). If the file is damaged, begin a new search."
        ) from error
    return about


def is_new(folder: Path) -> bool:
    """Whether nothing is in a folder, but perhaps the lock of the process that asks."""
    return not folder.exists() or (folder.is_dir() and all(path.name == LOCK for path in folder.iterdir()))
