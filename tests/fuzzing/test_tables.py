"""The fuzzing of the readers: nothing found in some hundred inputs, and whatever is wrong is found."""

from __future__ import annotations

import os
import random
from math import inf
from types import SimpleNamespace

import numpy as np
import pytest

from chainrule.errors import DataError
from fuzz import tables


@pytest.fixture(autouse=True)
def unhurried(monkeypatch):
    """No input is too slow, on a machine however slow."""
    monkeypatch.setattr(tables, "SECONDS", inf)


@pytest.fixture(scope="module")
def watch():
    return tables.Watch()


def test_nothing_is_found(tmp_path):
    counts, findings = tables.fuzz(600, 1, tmp_path)
    assert findings == []
    assert sum(counts.values()) == 600
    for outcome in ("taken", "refused"):
        assert sum(count for (_, came), count in counts.items() if came == outcome) > 60


def raises(error):
    def reader(path):
        raise error

    return reader


WRONG = {
    "a crash": (raises(IndexError("no")), "IndexError"),
    "no file in the message": (raises(DataError("something is wrong")), "no file in"),
    "a warning of NumPy": (lambda path: np.float64(1) / np.float64(0), "RuntimeWarning"),
    "not finite": (lambda path: np.array([np.nan]), "not finite"),
    "memory": (raises(MemoryError()), "MemoryError"),
    "code run": (lambda path: eval("np.ones(1)"), "Forbidden"),
    "a process": (lambda path: os.system("true"), "Forbidden"),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_what_is_wrong_is_found(wrong, watch, tmp_path):
    reader, finding = WRONG[wrong]
    outcome, said = tables.attempt(watch, reader, tmp_path / "t.csv")
    assert outcome == "finding"
    assert finding in said


@pytest.mark.parametrize(("took", "came"), [(2.5, ("finding", "2.5 s")), (1.5, ("taken", ""))])
def test_what_is_slow_is_found(took, came, watch, tmp_path, monkeypatch):
    clock = iter((10.0, 10.0 + took))
    monkeypatch.setattr(tables, "SECONDS", 2)
    monkeypatch.setattr(tables, "time", SimpleNamespace(perf_counter=lambda: next(clock)))
    assert tables.attempt(watch, lambda path: np.ones(1), tmp_path / "t.csv") == came


def test_the_same_seed_gives_the_same_inputs():
    makes = (tables.table, tables.pictures, lambda rng: tables.mutated(rng, b"1,2,3\n4,5,6\n"))
    for make in makes:
        one, other = ([make(rng) for _ in range(50)] for rng in (random.Random(3), random.Random(3)))
        assert one == other
        assert len({str(found) for found in one}) > 5
