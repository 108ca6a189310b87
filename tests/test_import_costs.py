"""What importing costs: which modules a fresh interpreter has loaded, and that all public names are there."""

from __future__ import annotations

import subprocess
import sys

import pytest

import chainrule

TRAIN = "n = chainrule.Network([2, 3, 2], seed=0); n.fit([[0, 1], [1, 0]], [0, 1], epochs=1, progress=False)"
DIAGNOSE = "str(chainrule.diagnose(lambda weights, biases, x, y: (weights, biases)))"
EXPLAIN = f"{TRAIN}; e = n.explain([1, 2], 0); str(e.weight(1, 0, 1)); str(e)"
INTERACTIVE = ["sklearn", "matplotlib", "rich", "click", "scipy.stats", "sympy"]


def is_in(name, packages):
    return any(name == package or name.startswith(f"{package}.") for package in packages)


def loaded_by(code):
    """Modules that a fresh interpreter has after running ``code``."""
    code = f"import sys, chainrule; n = None; {code}; print(*sorted(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


@pytest.mark.parametrize(
    ("code", "never"),
    [
        ("dir(chainrule)", [*INTERACTIVE, "numpy", "scipy", "llvmlite"]),
        (
            f"{TRAIN}; n.evaluate([[0, 1]], [0]); n.predict([[0, 1]])",
            [*INTERACTIVE, "safetensors", "chainrule.exchange"],
        ),
        (f"{TRAIN}; import chainrule.cli.train", ["sympy", "jax", "chainrule.proof", "chainrule.explain"]),
        (EXPLAIN, INTERACTIVE),
        (DIAGNOSE, [*INTERACTIVE, "torch", "jax", "chainrule.network"]),
        ("import chainrule.proof.theorems", ["jax", "chainrule.training"]),
        ("chainrule.derive", ["chainrule.training", "matplotlib"]),
    ],
    ids=["import", "train", "command", "explain", "diagnose", "prove", "derive"],
)
def test_what_is_used_loads_no_more_than_it_needs(code, never):
    assert [name for name in loaded_by(code) if is_in(name, never)] == []


def test_the_package_itself_needs_next_to_nothing():
    """Until the command begins, a Ctrl-C is a traceback: typing alone takes longer than Python to start."""
    code = "import sys; before = set(sys.modules); import chainrule; print(*(set(sys.modules) - before))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"typing", "re", "collections.abc"} & set(done.stdout.split())


def test_every_public_name_is_there():
    assert sorted(chainrule.__all__) == chainrule.__all__
    for name in chainrule.__all__:
        assert getattr(chainrule, name) is not None
    assert set(chainrule.__all__) <= set(dir(chainrule))
    with pytest.raises(AttributeError, match="no attribute 'Netwrok'"):
        chainrule.Netwrok  # noqa: B018
