"""Diagnose a program of the corpus: in this process, or as a user does."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from itertools import permutations
from pathlib import Path

from chainrule.diagnosis.asking.observe import Findings, findings
from chainrule.diagnosis.asking.source import from_file
from chainrule.diagnosis.catalogue.mistakes import Family
from chainrule.diagnosis.diagnosis import Diagnosis
from chainrule.diagnosis.verdict.intended import Options
from chainrule.diagnosis.verdict.judge import judge
from tests.diagnosis.cases import Case


def widths(layers: str) -> tuple[int, ...]:
    return tuple(int(n) for n in layers.split("-"))


def asked(case: Case, folder: Path) -> Diagnosis:
    """What `diagnose_file` says, without the process of its own."""
    path = folder / "code.py"
    path.write_text(case.text, encoding="utf-8")
    options = Options(**{name.removeprefix("--"): value for name, value in _pairs(case.options)}).checked()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # theirs, as where a ReLU net's log sees 0
        found = findings(from_file(str(path)), None, widths(case.layers))
    return Diagnosis(judge(found, options))


def ask_here(path: str, name: str | None, layers: tuple[int, ...] | None, seconds: float) -> Findings:
    """What `ask_file` brings back, without the process of its own and its time limit."""
    return findings(from_file(path), name, layers)


def _pairs(options: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    return zip(options[::2], options[1::2], strict=True)


def is_expected(case: Case, diagnosis: Diagnosis) -> bool:
    """Whether the first explanation is the mistake that was planted."""
    return any(" + ".join(order) in case.expected for order in permutations(diagnosis.keys))


def names_the_line(case: Case, diagnosis: Diagnosis) -> bool:
    """Whether a line shown is one that the fault is in; of what is missing, the line before counts too."""
    zero = any(one.mistake.family is Family.ZERO for one in diagnosis.mistakes)
    missing = {n - 1 for n in case.lines} if zero else set()
    return bool(set(diagnosis.lines) & (case.lines | missing))
