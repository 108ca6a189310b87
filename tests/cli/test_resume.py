"""``chainrule train --resume``: a run that was stopped or killed ends as one that never was."""

from __future__ import annotations

import json
import random
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from chainrule import Network
from chainrule.files.locks import held
from chainrule.runs.folder import Run
from chainrule.training.checkpoints import SLOTS, find
from tests.cli.commandline import FILES, environment
from tests.cli.test_ending import POSIX
from tests.patience import PATIENCE

TIMES = ("started", "ended", "resumed")


def left_behind(folder):
    """All that a run leaves in files of its own, but for times and pictures."""
    about = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    history = [json.loads(line) for line in (folder / "history.jsonl").read_text().splitlines()]
    network = Network.load(folder / "model.safetensors")
    for record in (*history, *(run["last"] for run in network.training)):
        record["seconds"] = 0
    bits = [theta.tobytes() for layer in network.params for theta in layer]
    return {name: about[name] for name in about if name not in TIMES}, history, network.training, bits


@pytest.fixture
def stop_at(monkeypatch):
    """Let a signal come when that epoch is over."""
    write = Run.epoch

    def arrange(epoch, number=signal.SIGINT):
        def stop(run, record):
            write(run, record)
            if record.epoch == epoch:
                signal.raise_signal(number)

        monkeypatch.setattr(Run, "epoch", stop)

    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    signal.signal(signal.SIGINT, signal.default_int_handler)
    yield arrange
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.usefixtures("no_figures")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_stopped_and_resumed(here, data, tmp_path, stop_at, number):
    options = (data / "kinds.csv", "--epochs", 8, "--optimizer", "adam", "--dropout", 0.2, "--patience", 7)
    assert here("train", *options, "--run", "whole").code == 0
    stop_at(3, number)
    done = here("train", *options, "--run", "run")
    assert (done.code, done.err) == (130, "")
    assert "to resume: chainrule train --resume run\n" in done.out
    assert (find(tmp_path / "run").place, left_behind(tmp_path / "run")[0]["status"]) == (
        "the end of epoch 3",
        "interrupted",
    )
    done = here("train", "--resume", "run")
    assert (done.code, done.err) == (0, "")
    assert "trained 8 epochs" in done.out
    assert left_behind(tmp_path / "run") == left_behind(tmp_path / "whole")
    about = json.loads((tmp_path / "run" / "run.json").read_text())
    assert about["started"] <= about["resumed"][0] <= about["ended"]


@pytest.fixture
def parquet(tmp_path):
    """A file of ten row groups, of which each epoch reads eight."""
    pa, pq = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    rng = np.random.default_rng(0)
    y = np.arange(1000) % 3
    X = rng.standard_normal((1000, 5)) + 2 * np.eye(3, 5)[y]
    columns = {f"x{j}": X[:, j] for j in range(5)} | {"y": [f"kind {label}" for label in y]}
    path = tmp_path / "big.parquet"
    pq.write_table(pa.table(columns), path, row_group_size=100)
    return path


@pytest.mark.usefixtures("no_figures")
def test_a_stream_is_stopped_and_resumed(here, parquet, tmp_path, stop_at):
    options = (parquet, "--target", "y", "--stream", "--epochs", 6, "--optimizer", "adam", "--dropout", 0.2)
    assert here("train", *options, "--run", "whole").code == 0
    stop_at(3)
    assert here("train", *options, "--run", "run").code == 130
    content = parquet.read_bytes()
    pq = pytest.importorskip("pyarrow.parquet")
    pq.write_table(pq.read_table(parquet)[::-1], parquet, row_group_size=100)
    done = here("train", "--resume", "run")
    assert (done.code, "big.parquet has changed since" in done.err) == (1, True)
    parquet.write_bytes(content)
    done = here("train", "--resume", "run")
    assert (done.code, done.err) == (0, "")
    assert "Stream 'big' (train)" in done.out
    assert left_behind(tmp_path / "run") == left_behind(tmp_path / "whole")


@pytest.mark.usefixtures("no_figures")
class TestOver:
    def test_a_finished_run_is_left_alone(self, here, data, tmp_path):
        here("train", data / "kinds.csv", "--epochs", 3, "--run", "run")
        before = left_behind(tmp_path / "run")
        done = here("train", "--resume", "run")
        assert done.code == 1
        assert "the one in run is finished, with 3 epochs. To train it further: --epochs 6." in done.err
        assert left_behind(tmp_path / "run") == before

    def test_more_epochs(self, here, data, tmp_path):
        here("train", data / "kinds.csv", "--epochs", 5, "--run", "whole")
        here("train", data / "kinds.csv", "--epochs", 3, "--run", "run")
        assert here("train", "--resume", "run", "--epochs", 5).code == 0
        assert left_behind(tmp_path / "run") == left_behind(tmp_path / "whole")

    def test_more_epochs_of_a_schedule_that_counts_them(self, here, data, tmp_path):
        here("train", data / "kinds.csv", "--epochs", 3, "--schedule", "cosine", "--run", "run")
        before = left_behind(tmp_path / "run")
        done = here("train", "--resume", "run", "--epochs", 5)
        assert done.code == 1
        assert "epochs must be 3" in done.err
        assert left_behind(tmp_path / "run") == before

    def test_ended_early(self, here, data, tmp_path):
        options = ("--epochs", 50, "--patience", 1, "--learning-rate", 30, "--run", "run")
        here("train", data / "kinds.csv", *options)
        assert left_behind(tmp_path / "run")[0]["status"] == "early stopping"
        done = here("train", "--resume", "run", "--epochs", 60)
        assert (done.code, "ended by early stopping. Start a new one." in done.err) == (1, True)

    def test_diverged(self, here, data, tmp_path):
        here("train", data / "kinds.csv", "--hidden", "relu", "--learning-rate", 1e30, "--run", "run")
        done = here("train", "--resume", "run")
        assert (done.code, "ended by diverged" in done.err) == (1, True)


@pytest.mark.usefixtures("no_figures")
class TestRefused:
    @pytest.fixture
    def stopped(self, here, data, tmp_path, stop_at):
        stop_at(2)
        (tmp_path / "mine.csv").write_bytes((data / "kinds.csv").read_bytes())
        assert here("train", "mine.csv", "--epochs", 4, "--run", "run").code == 130
        return tmp_path / "run"

    @pytest.mark.parametrize(
        ("given", "named"),
        [
            (("--hidden", "tanh"), "--hidden"),
            (("--batch-size", "10"), "--batch-size"),
            (("--run", "other"), "--run"),
            (("digits",), "DATA"),
        ],
    )
    def test_options_that_the_run_has_already(self, here, stopped, given, named):
        done = here("train", *given, "--resume", "run")
        assert done.code == 1
        assert f"{named} must be left out with --resume" in done.err

    def test_data_that_have_changed(self, here, stopped, tmp_path):
        table = tmp_path / "mine.csv"
        table.write_text(table.read_text().replace("ant", "bee", 1))
        before = left_behind(stopped)
        done = here("train", "--resume", "run")
        assert (done.code, "mine.csv has changed since" in done.err) == (1, True)
        assert left_behind(stopped) == before

    def test_no_run(self, here, tmp_path):
        (tmp_path / "run").mkdir()
        (tmp_path / "run" / "run.json").write_text("[1]")
        for folder in ("nowhere", "run"):
            done = here("train", "--resume", folder)
            assert (done.code, "run.json" in done.err and "chainrule train wrote" in done.err) == (1, True)
        assert not (tmp_path / "nowhere").exists()

    def test_a_run_without_checkpoints(self, here, data, stop_at):
        stop_at(2)
        options = ("--checkpoint-seconds", 0, "--epochs", 4, "--run", "run")
        done = here("train", data / "kinds.csv", *options)
        assert (done.code, "to go on" in done.out) == (130, False)
        done = here("train", "--resume", "run")
        assert (done.code, "must have written checkpoints" in done.err) == (1, True)

    @POSIX
    def test_while_another_process_trains_it(self, here, stopped):
        before = left_behind(stopped)
        with held(stopped):
            done = here("train", "--resume", "run")
        assert (done.code, "one process at a time; process " in done.err) == (1, True)
        assert left_behind(stopped) == before
        assert here("train", "--resume", "run").code == 0

    def test_a_damaged_checkpoint_is_said(self, here, stopped):
        (stopped / SLOTS[1]).write_bytes(b"damaged")
        done = here("train", "--resume", "run")
        assert (done.code, done.err.count("Warning:")) == (0, 1)
        assert "Going on from the other one: the end of epoch 2." in done.err

    def test_from_another_folder(self, here, stopped, tmp_path, monkeypatch):
        (tmp_path / "elsewhere").mkdir()
        monkeypatch.chdir(tmp_path / "elsewhere")
        assert here("train", "--resume", stopped).code == 0

    def test_other_versions_are_said(self, here, stopped):
        about = json.loads((stopped / "run.json").read_text())
        about["versions"]["numpy"] = "1.0"
        (stopped / "run.json").write_text(json.dumps(about))
        done = here("train", "--resume", "run")
        assert (done.code, f"numpy is {np.__version__}, was 1.0 when" in done.err) == (0, True)


@pytest.fixture(scope="module")
def many(tmp_path_factory):
    """A file with epochs of many steps, so that runs stop inside of them."""
    rng = np.random.default_rng(0)
    y = np.arange(10_000) % 3
    path = tmp_path_factory.mktemp("many") / "many.npz"
    np.savez(path, X=rng.standard_normal((10_000, 20)) + 2 * np.eye(3, 20)[y], y=y)
    return path


OFTEN = """
import os, signal, sys
from chainrule.cli import main
from chainrule.training import resume
from chainrule.training.pace import Pace

steps = Pace.next
Pace.next = lambda pace, left, most: min(steps(pace, left, most), 100)
Pace.event_is_due = True
resume.Saver._is_due = lambda saver, every: True
"""
"""A checkpoint every 100 steps, whatever time they take."""
ONCE = """
def write_and_die(*args):
    write(*args)
    os.kill(os.getpid(), signal.SIGKILL)

write, resume.write_checkpoint = resume.write_checkpoint, write_and_die
"""
"""Killed when the first checkpoint is written."""


def start(folder, *args, program=OFTEN):
    return subprocess.Popen(
        [sys.executable, "-W", "error", "-c", f"{program}\nmain()", "train", *map(str, args)],
        cwd=folder,
        env=environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def kill_at_random(process, run, chance):
    """Mostly while it trains, sometimes while it starts; return its exit code, which is 0 if it was done."""
    seen = {checkpoints_in(run)}
    more = chance.randint(1, 20) if chance.random() < 0.9 else 0
    while len(seen) <= more and process.poll() is None:
        seen.add(checkpoints_in(run))
        time.sleep(0.001)
    time.sleep(chance.uniform(0, 0.02 if more else 0.5))
    process.kill()
    out, err = process.communicate(timeout=PATIENCE)
    assert process.returncode in (0, -signal.SIGKILL), (out, err)
    return process.returncode


def checkpoints_in(run):
    """When each of the two was written."""
    return tuple((run / slot).stat().st_mtime_ns if (run / slot).exists() else 0 for slot in SLOTS)


def has_begun(run):
    """Whether the folder says what to train; a run killed before that is started again."""
    about = run / "run.json"
    begun = about.exists() and about.stat().st_size > 0
    if run.exists() and not begun:
        for path in run.iterdir():
            path.unlink()
    return begun


@POSIX
def test_a_stream_killed_inside_an_epoch(parquet, tmp_path):
    """Whether it streams is written down: free memory, which decides where nothing is said, changes."""
    options = (
        parquet,
        "--target",
        "y",
        "--stream",
        "--epochs",
        3,
        "--batch-size",
        1,
        "--engine",
        "reference",
    )
    options += ("--no-progress",)
    _, err = start(tmp_path, *options, "--run", "whole").communicate(timeout=PATIENCE)
    assert err == ""
    run = tmp_path / "run"
    process = start(tmp_path, *options, "--run", run, program=OFTEN + ONCE)
    process.communicate(timeout=PATIENCE)
    assert process.returncode == -signal.SIGKILL
    assert find(run).state.at.batch > 0
    _, err = start(tmp_path, "--resume", run, "--no-progress").communicate(timeout=PATIENCE)
    assert err == ""
    assert left_behind(run) == left_behind(tmp_path / "whole")


@POSIX
@pytest.mark.slow
def test_killed_at_50_random_instants(many, tmp_path):
    """Real processes, SIGKILL; when a run gets to its end, another one begins."""
    options = (many, "--epochs", 4, "--batch-size", 1, "--engine", "reference", "--optimizer", "adam")
    options += ("--dropout", 0.1, "--no-progress")
    whole = start(tmp_path, *options, "--run", "whole")
    _, err = whole.communicate(timeout=PATIENCE)
    assert (whole.returncode, err) == (0, "")
    expected = left_behind(tmp_path / "whole")
    chance, kills, inside, runs = random.Random(50), 0, 0, 0
    while kills < 50:
        runs += 1
        run, code = tmp_path / f"run{runs}", None
        first = (*options, "--run", run)
        while code != 0 and kills < 50:
            again = ("--resume", run, "--no-progress") if has_begun(run) else first
            code = kill_at_random(start(tmp_path, *again), run, chance)
            kills += code != 0
            found = find(run) if run.exists() else None
            inside += found is not None and found.state.at.batch > 0
        if code != 0:
            last = start(tmp_path, *(("--resume", run, "--no-progress") if has_begun(run) else first))
            _, err = last.communicate(timeout=PATIENCE)
            assert (last.returncode, err) == (0, "")
        assert left_behind(run) == expected
        assert {path.name for path in run.iterdir()} == FILES
    assert inside > 5
