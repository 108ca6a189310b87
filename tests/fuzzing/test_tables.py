"""The fuzzing of the readers: nothing found in some hundred inputs, and whatever is wrong is found."""

from __future__ import annotations

import os
import random
import time

import numpy as np
import pytest

from chainrule.errors import DataError
from fuzz import tables


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


def slow(path):
    time.sleep(0.05)
    return np.ones(1)


WRONG = {
    "a crash": (raises(IndexError("no")), "IndexError"),
    "no file in the message": (raises(DataError("something is wrong")), "no file in"),
    "a warning of NumPy": (lambda path: np.float64(1) / np.float64(0), "RuntimeWarning"),
    "not finite": (lambda path: np.array([np.nan]), "not finite"),
    "memory": (raises(MemoryError()), "MemoryError"),
    "code run": (lambda path: eval("np.ones(1)"), "Forbidden"),
    "a process": (lambda path: os.system("true"), "Forbidden"),
    "slow": (slow, " s"),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_what_is_wrong_is_found(wrong, watch, tmp_path, monkeypatch):
    monkeypatch.setattr(tables, "SECONDS", 0.04 if wrong == "slow" else 10)
    reader, finding = WRONG[wrong]
    outcome, said = tables.attempt(watch, reader, tmp_path / "t.csv")
    assert outcome == "finding"
    assert finding in said


def test_the_same_seed_gives_the_same_inputs():
    makes = (tables.table, tables.pictures, lambda rng: tables.mutated(rng, b"1,2,3\n4,5,6\n"))
    for make in makes:
        one, other = ([make(rng) for _ in range(50)] for rng in (random.Random(3), random.Random(3)))
        assert one == other
        assert len({str(found) for found in one}) > 5
