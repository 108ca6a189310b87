"""`assert_backprop`: passes what is right, and fails with the whole report."""

from __future__ import annotations

import subprocess
import sys
from math import inf

import numpy as np
import pytest

from chainrule.errors import InputError
from chainrule.testing import BackpropagationError, assert_backprop
from tests.cli.commandline import environment
from tests.diagnosis.cases import CORPUS
from tests.patience import PATIENCE

TEXTBOOK = CORPUS / "textbook.py"


@pytest.fixture(autouse=True)
def time_enough(monkeypatch):
    """Explanations are searched for to the end."""
    monkeypatch.setattr("chainrule.diagnosis.verdict.judge.SEARCH_SECONDS", inf)


def gradients(weights, biases, x, y, slope=lambda a: 1 - a**2):
    a = [x]
    for W, b in zip(weights[:-1], biases[:-1], strict=True):
        a.append(np.tanh(a[-1] @ W.T + b))
    z = a[-1] @ weights[-1].T + biases[-1]
    e = np.exp(z - z.max(axis=1, keepdims=True))
    delta = (e / e.sum(axis=1, keepdims=True) - y) / len(x)
    dW, db = [], []
    for L in reversed(range(len(weights))):
        dW.insert(0, delta.T @ a[L])
        db.insert(0, delta.sum(axis=0))
        delta = (delta @ weights[L]) * slope(a[L])
    return dW, db


def without_slope(weights, biases, x, y):
    return gradients(weights, biases, x, y, slope=np.ones_like)


OPTIONS = {"hidden": "tanh", "output": "softmax"}


def test_what_is_right_passes_and_gives_its_diagnosis():
    found = assert_backprop(gradients, [3, 4, 2], **OPTIONS)
    assert found.verdict == "right"


def test_what_is_wrong_fails_with_the_report_and_the_keys():
    with pytest.raises(AssertionError, match="backpropagation is wrong") as error:
        assert_backprop(without_slope, [3, 4, 2], **OPTIONS)
    assert isinstance(error.value, BackpropagationError)
    assert error.value.diagnosis.keys == ("B2 slope missing",)
    assert "dW^1, db^1 wrong; dW^2, db^2 right." in str(error.value)
    assert "δ^L = (W^{L+1})ᵀ δ^{L+1}" in str(error.value)


@pytest.mark.parametrize("given", [str(TEXTBOOK), TEXTBOOK, f"{TEXTBOOK}:Network"])
def test_a_file_runs_in_a_process_of_its_own(given):
    found = assert_backprop(given, [3, 4, 2], seconds=PATIENCE)
    assert (found.verdict, "process of its own" in found.to_text()) == ("right", True)
    with pytest.raises(BackpropagationError, match="quadratic cost's gradient"):
        assert_backprop(given, [3, 4, 2], loss="cross-entropy", seconds=PATIENCE)


def test_what_cannot_run_fails_with_its_line(tmp_path):
    (tmp_path / "broken.py").write_text(
        "def gradients(weights, biases, x, y):\n    return x.nothing\n", "utf-8"
    )
    with pytest.raises(BackpropagationError, match="could not run") as error:
        assert_backprop(tmp_path / "broken.py", [3, 4, 2], seconds=PATIENCE)
    assert "line 2: return x.nothing" in str(error.value)
    assert error.value.diagnosis.keys == ()


def test_what_is_asked_wrongly_is_no_failure_of_the_program(tmp_path):
    with pytest.raises(InputError, match=r"existing Python file; got .*nothing\.py"):
        assert_backprop(tmp_path / "nothing.py")
    with pytest.raises(InputError, match="Did you mean 'tanh'"):
        assert_backprop(gradients, [3, 4, 2], hidden="tahn")
    with pytest.raises(InputError, match="criterion is for a PyTorch module"):
        assert_backprop(TEXTBOOK, criterion=object())


def test_pytest_shows_the_report_and_the_line_of_the_test(tmp_path):
    test = f"""
from chainrule.testing import assert_backprop

def test_mine():
    assert_backprop({str(TEXTBOOK)!r}, [3, 4, 2], loss="cross-entropy", seconds={PATIENCE})
"""
    (tmp_path / "test_mine.py").write_text(test, encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_mine.py"]
    done = subprocess.run(
        command, cwd=tmp_path, env=environment(), capture_output=True, encoding="utf-8", timeout=PATIENCE
    )
    assert done.returncode == 1
    assert "In your code, line 44: delta = (activations[-1] - y) * sigmoid_prime(zs[-1])" in done.stdout
    assert ">   assert_backprop(" in done.stdout.replace(">       ", ">   ")
    assert "def assert_backprop" not in done.stdout
