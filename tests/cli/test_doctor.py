"""``chainrule doctor`` prints what is there, and ends with 1 if the engine is off."""

from __future__ import annotations

import json
import sys

import pytest

from chainrule.doctor import examine, speed
from tests.cli.commandline import chainrule


@pytest.fixture
def brief(monkeypatch):
    """Measure for a moment only."""
    monkeypatch.setattr(speed, "RATE_SECONDS", 0.01)
    monkeypatch.setattr(speed, "PRODUCT_SECONDS", 0.001)
    monkeypatch.setattr(speed, "SHAPES", ((32, 32, 32),))


def test_as_people_run_it(tmp_path):
    done = chainrule("doctor", cwd=tmp_path)
    assert (done.code, done.err) == (0, "")
    names = [line.split()[0] for line in done.out.splitlines() if line[:1].strip()]
    assert names[:2] == ["engine", "processor"]
    assert {"threads", "BLAS", "cache", "versions", "product", "training"} <= set(names)
    assert "784-512-512-10" in done.out
    assert "%" in done.out
    if "engine     llvm" in done.out:
        assert {"vectors", "compiler", "float64", "float32", "compiling"} <= set(names)
        assert done.out.endswith("The llvm engine computes what the reference does, and is ready.\n")


@pytest.mark.usefixtures("brief")
def test_as_json(here):
    done = here("doctor", "--json", "--threads", 1)
    assert (done.code, done.err) == (0, "")
    found = json.loads(done.out)
    keys = ("engine", "reason", "threads", "vector_bits", "processor", "blas", "cache", "speed", "passed")
    assert set(keys) <= set(found)
    assert found["threads"] == 1
    assert found["passed"] is True
    assert [rate["layers"] for rate in found["speed"]["training"]] == [[784, 30, 10], [784, 512, 512, 10]]


@pytest.mark.usefixtures("brief")
def test_the_reference(here):
    done = here("doctor", "--engine", "reference")
    assert done.code == 0
    assert "engine     reference: asked for" in done.out
    assert "The reference engine runs" in done.out


@pytest.mark.usefixtures("brief")
def test_an_engine_that_is_off_ends_with_1(here, monkeypatch):
    pytest.importorskip("llvmlite")
    monkeypatch.setattr(examine, "LIMITS", {"float64": 1e-12, "float32": 1e-30})
    done = here("doctor")
    assert done.code == 1
    assert "The llvm engine computes wrongly in float32: do not use it here." in done.out
    assert json.loads(here("doctor", "--json").out)["passed"] is False


def test_without_llvmlite(tmp_path):
    """As where it is not installed: importing it fails."""
    import subprocess

    program = (
        "import sys; sys.modules['llvmlite'] = None; "
        "import chainrule.doctor.speed as s; s.RATE_SECONDS = 0.01\n"
        "from chainrule.cli import main; sys.argv = ['chainrule', 'doctor', *sys.argv[1:]]; main()"
    )
    run = [sys.executable, "-W", "error", "-c", program]
    done = subprocess.run(run, cwd=tmp_path, capture_output=True, encoding="utf-8", check=False)
    assert done.returncode == 0, done.stderr
    assert "pip install llvmlite" in " ".join(done.stdout.split())
    done = subprocess.run(
        [*run, "--engine", "llvm"], cwd=tmp_path, capture_output=True, encoding="utf-8", check=False
    )
    assert done.returncode == 1
    assert done.stderr.startswith("Error: engine='llvm' must find its compiler")


@pytest.mark.parametrize(
    ("options", "said"), [(["--engine", "numba"], "'auto'"), (["--threads", "0"], "x>=1")]
)
def test_wrong_usage(here, options, said):
    done = here("doctor", *options)
    assert done.code == 2
    assert said in done.err
