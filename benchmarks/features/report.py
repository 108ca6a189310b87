"""A probe's answer, and the answers as a table."""

from __future__ import annotations

import contextlib
import io
import platform
import re
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from benchmarks.features.base import NotHere, Peer
from benchmarks.features.rows import Row, quiet

CELLS = ("yes", "by code", "no", "not tested")


class Answer(NamedTuple):
    """One of `CELLS`, and why."""

    cell: str
    reason: str = ""


Answers = dict[tuple[str, str], Answer]
"""By the row's title and the peer's name."""


def ask(peer: Peer, row: Row) -> Answer:
    """Probe: what the library raises, and an effect that is missing, is a no with a reason."""
    watched = Watched(peer)
    try:
        with quiet(), np.errstate(all="ignore"), contextlib.redirect_stdout(io.StringIO()):
            row.probe(watched)  # type: ignore[arg-type]
    except NotHere as error:
        return Answer("not tested", str(error))
    except Exception as error:
        return Answer("no", short(error))
    return Answer("by code" if watched.by_code else "yes")


class Watched:
    """A peer, and whether a way was taken that the user has to write."""

    def __init__(self, peer: Peer) -> None:
        self._peer, self.by_code = peer, False

    def __getattr__(self, name: str) -> object:
        way = getattr(self._peer, name)
        self.by_code |= getattr(way, "by_code", False)
        return way


def short(error: Exception) -> str:
    """The error's name, unless it is ours, and what it says first."""
    text = re.sub(r"\s+", " ", str(error)).strip()
    text = re.sub(r"0x[0-9a-f]+", "0x…", text).replace("`", "'")
    text = text if len(text) <= 150 else text[:149] + "…"
    ours = type(error).__module__.startswith("benchmarks.")
    return text if ours else f"`{type(error).__name__}: {text}`".replace("|", "\\|")


def table(rows: Sequence[Row], peers: Sequence[Peer], answers: Answers) -> list[str]:
    """The lines of the table."""
    lines = [f"| | {' | '.join(peer.title for peer in peers)} | test |", "|---" * (len(peers) + 2) + "|"]
    for row in rows:
        cells = [answers[row.title, peer.name].cell for peer in peers]
        test = f"`{row.test}`" if row.test else ""
        lines.append(f"| {' | '.join([row.title, *cells, test])} |")
    return lines


def reasons(rows: Sequence[Row], peers: Sequence[Peer], answers: Answers) -> list[str]:
    """A line for each cell that has a reason."""
    found = [(row.title, peer.title, answers[row.title, peer.name]) for row in rows for peer in peers]
    return [f"- {title}, {name}: {answer.reason}" for title, name, answer in found if answer.reason]


def report(rows: Sequence[Row], peers: Sequence[Peer], answers: Answers) -> str:
    """All of it, as Markdown."""
    versions = ", ".join(peer.version() for peer in peers)
    head = f"{versions}; Python {platform.python_version()}, NumPy {np.__version__}."
    given = (rows, peers, answers)
    return "\n".join([head, "", *table(*given), "", "Why not:", "", *reasons(*given)]) + "\n"
