"""The doctor finds what is there, and what is wrong."""

from __future__ import annotations

import os

import numpy as np
import pytest

from chainrule import InputError
from chainrule.doctor import examine, speed
from chainrule.engines import choice
from chainrule.engines.base import Unsupported
from chainrule.engines.reference import ReferenceEngine, ReferenceTrainer


@pytest.fixture(autouse=True)
def brief(monkeypatch):
    """Measure for a moment only."""
    monkeypatch.setattr(speed, "RATE_SECONDS", 0.01)
    monkeypatch.setattr(speed, "PRODUCT_SECONDS", 0.001)
    monkeypatch.setattr(speed, "SHAPES", ((32, 32, 32),))


class Off(ReferenceEngine):
    """Moves the parameters a little too far."""

    def trainer(self, task, params, moments, examples):
        return OffTrainer(task, params, moments, examples)


class OffTrainer(ReferenceTrainer):
    def take(self, order, first, etas, masks):
        return super().take(order, first, etas * 1.0005, masks)


@pytest.mark.parametrize("dtype", examine.LIMITS)
def test_a_right_engine_passes_and_a_wrong_one_does_not(dtype):
    assert examine.accuracy(ReferenceEngine(), dtype).passed
    assert not examine.accuracy(Off(), dtype).passed


def test_nan_is_no_pass():
    assert not examine.Accuracy("float32", float("nan"), 1.0).passed


@pytest.mark.parametrize("dtype", examine.LIMITS)
def test_the_fast_engine_is_right_here(dtype):
    pytest.importorskip("llvmlite")
    assert examine.accuracy(choice.choose("llvm", 2).engine, dtype).passed


def test_what_it_finds_of_the_fast_engine(monkeypatch, tmp_path):
    pytest.importorskip("llvmlite")
    monkeypatch.setenv("CHAINRULE_CACHE", str(tmp_path))
    stages = []
    found = examine.examine(threads=1, stages=stages.append)
    assert found.passed
    assert (found.engine, found.reason, found.threads) == ("llvm", "the fastest one", 1)
    assert found.vector_bits in (128, 256, 512)
    assert [rate.threads for rate in found.speed.training] == [1, 1]
    assert found.speed.training[0].gflops > 0
    assert found.compilation.cached < found.compilation.first
    assert found.cache.path == str(tmp_path / "code")
    assert found.cache.writable
    assert stages[0] == "looking at the machine"
    assert stages[-1] == "measuring the speed"


def test_the_reference_is_held_to_nothing():
    found = examine.examine("reference")
    assert found.passed
    assert (found.engine, found.vector_bits, found.compiler, found.compilation) == (
        "reference",
        None,
        None,
        None,
    )
    assert found.accuracy == ()
    assert {blas.by for blas in found.blas} <= {"numpy", "scipy", "system"}


def test_an_engine_that_cannot_run_is_a_problem(monkeypatch):
    pytest.importorskip("llvmlite")

    def refuse(*_):
        raise Unsupported("no such instruction")

    monkeypatch.setattr(examine, "compilation", refuse)
    found = examine.examine("llvm")
    assert not found.passed
    assert found.problem == "no such instruction"


def test_without_the_compiler(monkeypatch):
    monkeypatch.setattr(choice, "_missing", lambda: "no llvmlite. Install it: pip install llvmlite.")
    found = examine.examine()
    assert found.engine == "reference"
    assert "pip install llvmlite" in found.reason
    with pytest.raises(InputError, match="engine='llvm' must find its compiler"):
        examine.examine("llvm")


def test_the_cache_as_it_is(monkeypatch, tmp_path):
    monkeypatch.setenv("CHAINRULE_CACHE", str(tmp_path / "cache"))
    assert examine.cache_state()[1:] == (True, 0, 0)
    assert not (tmp_path / "cache").exists()
    (tmp_path / "cache" / "code").mkdir(parents=True)
    (tmp_path / "cache" / "code" / "a.o").write_bytes(b"1234")
    assert examine.cache_state()[2:] == (1, 4)
    (tmp_path / "cache" / "code").chmod(0o777)
    assert not examine.cache_state().writable or os.name == "nt"
    (tmp_path / "file").write_bytes(b"")
    monkeypatch.setenv("CHAINRULE_CACHE", str(tmp_path / "file"))
    assert not examine.cache_state().writable


def test_operations_by_hand():
    """[2, 3, 4], one row: F1 and B3 of both layers, B2 of the second, a multiply and an add each."""
    assert speed.operations((2, 3, 4), 1) == 2 * (2 * (2 * 3) + 3 * (3 * 4))
    assert speed.operations((2, 3, 4), 10) == 10 * speed.operations((2, 3, 4), 1)


def test_a_product_is_timed_more_than_once():
    turns = []
    taken = list(speed._repeated(lambda: turns.append(0), 0.0))
    assert len(taken) == 2
    assert len(turns) == 3
    assert np.all(np.array(taken) >= 0)
