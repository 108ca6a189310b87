"""``chainrule prove`` as a process of its own: the table, the exit code, the failed equation's name."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests.patience import PATIENCE

COMMAND = (sys.executable, "-W", "error", "-m", "chainrule", "prove")


def run(*arguments, command=COMMAND):
    env = {name: value for name, value in os.environ.items() if name != "COLUMNS"} | {"PYTHONUTF8": "1"}
    return subprocess.run(
        [*command, *arguments], capture_output=True, encoding="utf-8", env=env, timeout=PATIENCE, check=False
    )


def test_one_tag():
    done = run("B1")
    assert (done.returncode, done.stderr) == (0, "")
    heading, *rows, last = done.stdout.splitlines()
    assert heading.split()[:4] == ["tag", "statement", "symbolic", "float64"]
    assert [row.split()[0] for row in rows] == [
        "B1",
        "B1",
        "B1",
    ]  # of softmax, of sigmoid, of weighted labels
    for row in rows:
        assert "proven" in row
        assert "src/chainrule/equations/heads.py:" in row
    assert last.startswith("3 theorems proven and measured in ")


def test_several_tags_in_the_order_of_the_derivation():
    done = run("g1", "F1")
    assert [line.split()[0] for line in done.stdout.splitlines()[1:-1]][:2] == ["F1", "G1"]


def test_one_network():
    done = run("--layers", "2-3-2", "--hidden", "tanh", "--output", "softmax")
    assert done.returncode == 0
    assert "2-3-2 tanh, softmax: 17 partial derivatives, batch of 2" in done.stdout
    assert done.stdout.splitlines()[-1].startswith("1 theorem proven")


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["B11"], 1, "a tag must be one of F1, F2, H1"),
        (["B11"], 1, "got 'B11'. Did you mean 'B1'?"),
        (["--hidden", "tanh"], 1, "--hidden must come with --layers; got it alone."),
        (["--layers", "2-2-2", "--hidden", "tahn"], 1, "Did you mean 'tanh'?"),
        (["--layers", "2-2-2", "--output", "soft"], 1, "output must be one of softmax"),
        (["--layers", "2"], 2, "two widths or more, like 2-3-2; got '2'"),
        (["--layers", "2-x"], 2, "whole numbers joined by dashes"),
    ],
)
def test_wrong_usage(arguments, code, said):
    done = run(*arguments)
    assert (done.returncode, done.stdout) == (code, "")
    assert said in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr


def test_a_wrong_equation_is_named_and_the_exit_code_is_1():
    program = """
import sys
from chainrule.cli import main
from chainrule.proof.mutants.examine import MUTANTS, applied
sys.argv = ["chainrule", "prove", "B1"]
with applied(next(mutant for mutant in MUTANTS if mutant.mistake == "extra σ'")):
    main()
"""
    done = run(command=(sys.executable, "-c", program))
    assert done.returncode == 1
    assert "FAILED" in done.stdout
    assert (
        "Error: B1 (softmax) must hold: ∂J/∂z = w (a − y), any K, any N. It does not: ∂/∂z[0, 0] must be"
        in done.stderr
    )
    assert "See src/chainrule/equations/heads.py:" in done.stderr


def test_autodiff_column_where_jax_is_installed():
    pytest.importorskip("jax")
    assert "autodiff" in run("B1").stdout
