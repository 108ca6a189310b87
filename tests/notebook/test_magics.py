"""``%%diagnose`` and ``%diagnose`` in IPython's own shell."""

from __future__ import annotations

from math import inf

import pytest

shells = pytest.importorskip("IPython.core.interactiveshell", reason="IPython is not installed")

HELPERS = """
import numpy as np

def sigmoid(z):
    return 1 / (1 + np.exp(-z))
"""
GRADIENTS = """
def gradients(weights, biases, x, y):
    a = [x]
    for W, b in zip(weights, biases):
        a.append(sigmoid(a[-1] @ W.T + b))
    delta = a[-1] - y
    dW, db = [], []
    for L in reversed(range(len(weights))):
        dW.insert(0, delta.T @ a[L] / len(x))
        db.insert(0, delta.mean(axis=0))
        delta = (delta @ weights[L]) * a[L] * (1 - a[L])
    return dW, db
"""
WRONG = GRADIENTS.replace(" * a[L] * (1 - a[L])", "")


@pytest.fixture(autouse=True)
def time_enough(monkeypatch):
    """Explanations are searched for to the end."""
    monkeypatch.setattr("chainrule.diagnosis.verdict.judge.SEARCH_SECONDS", inf)


@pytest.fixture(scope="module")
def shell():
    made = shells.InteractiveShell.instance(colors="nocolor")
    made.run_line_magic("load_ext", "chainrule")
    made.run_cell(HELPERS)
    yield made
    shells.InteractiveShell.clear_instance()


@pytest.fixture
def run(shell, capsys):
    """Run a cell; its result, and what it printed."""

    def cell(text):
        shell.user_ns["_oh"].clear()
        shell.run_cell(text)
        said = capsys.readouterr()
        return next(iter(shell.user_ns["_oh"].values()), None), said.out + said.err

    return cell


def test_a_cell_is_run_and_what_it_defines_is_diagnosed(run, shell):
    found, said = run(f"%%diagnose --layers 3-4-2 --output sigmoid{WRONG}ran = 42")
    assert shell.user_ns["ran"] == 42
    assert found.verdict == "wrong"
    assert found.keys == ("B2 slope missing",)
    assert "Diagnosis of function gradients(weights, biases, x, y)" in said
    assert found._repr_html_().startswith("<style>") or "<table" in found._repr_html_()


def test_lines_count_as_the_notebook_shows_them(run):
    cell = f"%%diagnose --layers 3-4-2{WRONG}"
    found, said = run(cell)
    line = cell.splitlines().index("        delta = (delta @ weights[L])") + 1
    assert found.lines == (line,)
    assert f"line {line}: delta = (delta @ weights[L])" in said


def test_what_was_defined_before_is_diagnosed_by_its_name(run):
    run(GRADIENTS)
    found, said = run("%diagnose gradients --layers 3-4-2")
    assert found.verdict == "right"
    assert "The gradient is right" in said


def test_other_cells_are_not_asked(run):
    run(WRONG)
    found, said = run("%%diagnose\nx = 3")
    assert found.verdict == "could not run"
    assert "Diagnosis of the cell" in said
    assert "the cell must define a function such as gradients" in said


def test_a_cell_that_fails_shows_its_error_alone(run):
    found, said = run("%%diagnose\nx = 1 / 0")
    assert found is None
    assert "ZeroDivisionError" in said
    assert "Diagnosis" not in said


@pytest.mark.parametrize(
    ("cell", "said"),
    [
        ("%diagnose", "%%diagnose asks what its cell defines"),
        ("%diagnose sigmoit", "must be defined in the notebook; got 'sigmoit'. Did you mean 'sigmoid'?"),
        ("%diagnose sigmoid --layers 3-x", "joined by dashes, like 3-4-2; got '3-x'"),
        ("%diagnose sigmoid --hidden tahn", "Did you mean 'tanh'"),
        ("%diagnose sigmoid --nothing", "unrecognized arguments: --nothing"),
    ],
)
def test_wrong_use_is_one_line(run, cell, said):
    found, printed = run(cell)
    assert found is None
    assert said in printed
    assert "Traceback" not in printed
