"""``chainrule export``: files that run without chainrule."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from chainrule import Network
from tests.cli.commandline import chainrule


@pytest.mark.parametrize(("to", "ending"), [("numpy", ".py"), ("c", ".c")])
def test_export(here, kinds, to, ending, tmp_path):
    done = here("export", kinds, "--to", to)
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith(f"model{ending}: ")
    assert "It takes 3 numbers a row, raw as in the training data; they are scaled here." in done.out
    assert here("export", kinds / "model.safetensors", "--to", to, "-o", "other").code == 0
    assert (tmp_path / f"model{ending}").read_bytes() == (tmp_path / "other").read_bytes()


def test_onnx(here, kinds, tmp_path):
    pytest.importorskip("onnx", reason="needs the package onnx")
    assert here("export", kinds, "--to", "onnx").code == 0
    assert (tmp_path / "model.onnx").stat().st_size > 100


def test_the_numpy_file_says_what_predict_says(kinds, data, tmp_path):
    done = chainrule("export", kinds, "--to", "numpy", "-o", "alone.py", cwd=tmp_path)
    assert done.code == 0, done.err
    command = [sys.executable, "-I", "-X", "utf8", "alone.py", data / "kinds.csv"]
    alone = subprocess.run(command, cwd=tmp_path, capture_output=True, encoding="utf-8", check=True).stdout
    ours = chainrule("predict", kinds, data / "kinds.csv", cwd=tmp_path).out
    assert alone.splitlines()[0] == ours.splitlines()[0]
    for mine, other in zip(alone.splitlines()[1:], ours.splitlines()[1:], strict=True):
        assert mine.split(",")[0] == other.split(",")[0]
        assert np.allclose(*([float(p) for p in row.split(",")[1:]] for row in (mine, other)), atol=2e-6)


def test_training_goes_along(here, kinds, tmp_path):
    done = here("export", kinds, "--to", "numpy", "--with-training", "-o", "alone.py")
    assert done.code == 0, done.err
    text = (tmp_path / "alone.py").read_text(encoding="utf-8")
    assert "class Network:" in text
    assert "# B2" in text
    done = here("export", kinds, "--to", "c", "--with-training", "-o", "alone.c")
    assert (done.code, (tmp_path / "alone.c").exists()) == (1, False)
    assert "'numpy' alone; got 'c'" in done.err


def test_every_kind_has_an_ending():
    from chainrule.cli.export import ENDINGS
    from chainrule.exchange.export import KINDS

    assert {kind: ending for kind, (ending, _) in KINDS.items()} == ENDINGS


def test_refusals(here, kinds, tmp_path):
    assert here("export", kinds).code == 2
    assert here("export", kinds, "--to", "java").code == 2
    done = here("export", tmp_path / "none", "--to", "c")
    assert done.code == 1
    assert "must exist" in done.err
    network = Network([2, 2], seed=0)
    network.W[1] = [[1e300, 0], [0, 0]]
    network.save(tmp_path / "huge")
    done = here("export", tmp_path / "huge", "--to", "c")
    assert (done.code, done.out) == (1, "")
    assert "must fit into float32" in done.err
    assert not (tmp_path / "model.c").exists()
