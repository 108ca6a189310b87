"""``--engine`` and ``--threads``: which engine runs is asked for, and said; a long wait is announced."""

from __future__ import annotations

import json

import numpy as np
import pytest

from chainrule import Network
from chainrule.engines.base import listening, tell
from chainrule.training.progress import Waiting
from tests.cli.commandline import chainrule

fast = pytest.importorskip("llvmlite", reason="needs both engines")


def train(tmp_path, *options, **own):
    return chainrule("train", "--epochs", 1, "--run", "run", *options, cwd=tmp_path, **own)


@pytest.mark.parametrize("engine", ["llvm", "reference"])
def test_train_says_which_engine_ran(tmp_path, engine):
    done = train(tmp_path, "--engine", engine)
    assert (done.code, done.err) == (0, "")
    assert f" s by {engine}\n" in done.out
    about = json.loads((tmp_path / "run/run.json").read_text(encoding="utf-8"))
    assert about["engine"] == engine
    assert about["options"]["engine"] == engine


@pytest.mark.usefixtures("no_figures")
def test_engines_and_threads_agree(here, data):
    assert here("train", data / "kinds.csv", "--epochs", 2, "--run", "run").code == 0
    said = {}
    for options in (["--engine", "reference"], ["--engine", "llvm"], ["--threads", 1], ["--threads", 2]):
        done = here("evaluate", "run", data / "kinds.csv", "--json", *options)
        assert done.code == 0, done.err
        said[options[1]] = json.loads(done.out)["loss"]
        done = here("predict", "run", data / "bare.csv", *options)
        assert done.code == 0, done.err
    assert said[1] == said[2] == said["llvm"]
    assert said["reference"] == pytest.approx(said["llvm"], rel=1e-5)


def test_the_wait_is_announced_once_and_only_with_the_bar(tmp_path):
    own = {"CHAINRULE_CACHE": str(tmp_path / "cache")}
    first = train(tmp_path, "--progress", **own)
    assert first.code == 0, first.err
    (tmp_path / "again").mkdir()
    again = train(tmp_path / "again", "--progress", **own)
    (tmp_path / "quiet").mkdir()
    quiet = train(tmp_path / "quiet", CHAINRULE_CACHE=str(tmp_path / "other"))
    assert "compiling" not in again.err
    assert "compiling" not in quiet.err
    if "compiling" in first.err:  # a machine may take less than half a second
        assert "compiling for this processor, once: " in first.err


@pytest.mark.parametrize(
    ("told", "said"),
    [
        ([], ""),
        ([None, 0.3], ""),
        ([None, 0.3, None, 0.4], "compiling for this processor, once: 0.7 s"),
        ([None], ""),
    ],
)
def test_what_is_said_of_a_wait(told, said):
    waiting = Waiting()
    for seconds in told:
        waiting.hear(seconds)
    assert waiting.said == said


def test_only_who_listens_is_told():
    heard = []
    tell(1.0)
    with listening(heard.append):
        tell(None)
        with listening(lambda seconds: None):
            tell(3.0)
        tell(2.0)
    tell(4.0)
    assert heard == [None, 2.0]


def test_compiling_is_told_and_what_is_cached_is_not(monkeypatch, tmp_path):
    from chainrule.engines.llvm.programs import build

    monkeypatch.setenv("CHAINRULE_CACHE", str(tmp_path))
    X, y = np.eye(3), [0, 1, 2]
    heard = []
    for turn in range(2):
        monkeypatch.setattr(build, "_made", {})
        with listening(heard.append):
            Network([3, 4, 3], seed=0, engine="llvm").predict_proba(X)
        assert len(heard) == 2, turn
    assert heard[0] is None
    assert heard[1] > 0
    history = Network([3, 4, 3], seed=0, engine="reference").fit(X, y, epochs=1)
    assert history.engine == "reference"
