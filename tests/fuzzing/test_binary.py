"""The fuzzing of Parquet and npz: nothing found in some inputs, and whatever is wrong is found."""

from __future__ import annotations

import random
import sys
from itertools import count
from types import SimpleNamespace

import pytest

from fuzz import binary
from tests.patience import PATIENCE

UNHURRIED = f"from fuzz import binary, tables; binary.LATE = tables.SECONDS = {PATIENCE}; "
"""No input is too slow, on a machine however slow."""
READ = (sys.executable, "-c", f"{UNHURRIED}binary.main()")


@pytest.mark.parametrize("kind", ["npz", "parquet"])
def test_nothing_is_found(kind):
    pytest.importorskip("pyarrow")
    counts, findings = binary.fuzz(kind, 300, 1, program=READ)
    assert findings == []
    assert sum(counts.values()) == 300
    for outcome in ("taken", "refused"):
        assert sum(count for (_, came), count in counts.items() if came == outcome) > 10


WRONG = {
    "a crash in compiled code": ("os.abort()", "the process ended with -6"),
    "compiled code that does not come back": ("time.sleep(10**6)", "Timeout"),
    "an error of another kind": ("[][0]", "IndexError"),
    "memory": ("np.ones(40_000_000)[:1]", "the process grew by"),
    "too much memory": ("np.ones(1_000_000_000)", "MemoryError"),
    "code run": ("eval('np.ones(1)')", "Forbidden"),
}

PROGRAM = """
import os, sys, time
import numpy as np
{unhurried}

quiet = [True]

def read(path):
    return np.ones(1) if quiet else {wrong}

def attempt(watch, reader, path):
    if watch.forbidden:
        quiet.clear()
    return tables_attempt(watch, reader, path)

tables_attempt, tables.attempt = tables.attempt, attempt
binary.LATE = {late}
binary.GROWTH_MB, binary.READERS["npz"] = 200, {{"read": read}}
binary.main()
"""


@pytest.mark.parametrize("wrong", WRONG)
def test_what_is_wrong_is_found(wrong):
    code, finding = WRONG[wrong]
    late = 1 if finding == "Timeout" else PATIENCE
    program = PROGRAM.format(unhurried=UNHURRIED, wrong=code, late=late)
    _, findings = binary.fuzz("npz", 2, 0, program=(sys.executable, "-c", program))
    assert len(findings) >= 1
    assert finding in findings[0]
    if finding in ("the process ended with -6", "Timeout"):
        assert len(findings) == 2  # it went on behind the first


def test_it_ends_when_its_time_is_over(monkeypatch):
    """By a clock that goes on by a second at each look: at first, before a process, after an input."""
    monkeypatch.setattr(binary, "time", SimpleNamespace(monotonic=count().__next__))
    counts, _ = binary.fuzz("npz", 10**9, 0, seconds=9, program=READ)
    assert sum(counts.values()) == 9


@pytest.mark.parametrize("kind", ["npz", "parquet"])
def test_the_same_seed_gives_the_same_inputs(kind):
    pytest.importorskip("pyarrow")
    one, other = ([binary.made(kind, 3, number) for number in range(30)] for _ in range(2))
    assert one == other
    assert len({content for _, content in one}) > 20
    assert binary.made(kind, 4, 0) != one[0]


def test_headers_claim_other_things():
    rng, claims = random.Random(0), set()
    for _ in range(300):
        claims |= {claim for claim in binary.CLAIMS if claim in binary.member(rng, "X", (3, 2))[:200]}
    assert len(claims) > 4
