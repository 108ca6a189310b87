"""Trainings that do not end as planned: Ctrl-C, kill, a full disk, a loss that is no longer finite."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest

from chainrule import Network, plots
from chainrule.errors import StorageError
from chainrule.runs.folder import Run
from chainrule.training.resume import Saver
from tests.cli.commandline import COMMAND, FILES, environment
from tests.patience import PATIENCE, wait_until

POSIX = pytest.mark.skipif(sys.platform == "win32", reason="signals are sent otherwise there")
FOREVER = ("--epochs", "100000", "--no-progress")


@contextmanager
def training(folder, *args):
    """A training process in ``folder``, writing to ``folder/run``; killed at the end if it still runs."""
    process = subprocess.Popen(
        [*COMMAND, "train", *args, "--run", "run"],
        cwd=folder,
        env=environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def wait_for_epochs(folder, process, count=3):
    history = folder / "run" / "history.jsonl"
    wait_until(lambda: history.is_file() and len(history.read_text().splitlines()) >= count, process)


def about(folder):
    return json.loads((folder / "run" / "run.json").read_text(encoding="utf-8"))


@POSIX
def test_ctrl_c_keeps_what_was_learnt(tmp_path, here):
    with training(tmp_path, *FOREVER) as process:
        wait_for_epochs(tmp_path, process)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=PATIENCE)
    assert (process.returncode, err) == (130, "")
    assert "interrupted; what was learnt is kept" in out
    assert {path.name for path in (tmp_path / "run").iterdir()} == FILES
    assert about(tmp_path)["status"] == "interrupted"
    epochs = len((tmp_path / "run" / "history.jsonl").read_text().splitlines())
    assert f"trained {epochs} epochs" in out
    assert epochs < 100_000
    network = Network.load(tmp_path / "run" / "model.safetensors")
    assert network.training[0]["stopped"] == "interrupted"
    assert network.training[0]["epochs_done"] == epochs
    done = here("evaluate", "run", "--json")
    assert json.loads(done.out)["accuracy"] == about(tmp_path)["test"]["accuracy"]


@POSIX
def test_kill_leaves_what_was_written(tmp_path):
    with training(tmp_path, *FOREVER) as process:
        wait_for_epochs(tmp_path, process)
        process.kill()
        process.communicate(timeout=PATIENCE)
    assert about(tmp_path)["status"] == "running"
    assert about(tmp_path)["options"]["epochs"] == 100_000
    lines = (tmp_path / "run" / "history.jsonl").read_text().splitlines()
    assert [json.loads(line)["epoch"] for line in lines[:3]] == [1, 2, 3]
    left = {path.name for path in (tmp_path / "run").iterdir()}
    assert left == {"run.json", "history.jsonl", "gradients.jsonl", "lock"}


def test_divergence_is_explained(here, data, tmp_path):
    done = here("train", data / "kinds.csv", "--hidden", "relu", "--learning-rate", 1e30, "--run", "run")
    assert done.code == 1
    assert "the loss must stay finite; it became NaN or infinite in epoch" in done.err
    assert "the learning rate 1e+30 is too large" in done.err
    assert "Traceback" not in done.err
    assert about(tmp_path)["status"] == "diverged"
    kept = Network.load(tmp_path / "run" / "model.safetensors")
    assert all(np.isfinite(W).all() for W in kept.W)


def _tiny_disk(script, folder, size, command=COMMAND):
    """Run a bash script with ``$DISK`` a file system of that size, in a namespace of its own."""
    if not shutil.which("unshare") or not shutil.which("bash"):
        pytest.skip("needs unshare and bash")
    (folder / "disk").mkdir()
    (folder / "tmp").mkdir()
    mount = f"mount -t tmpfs -o size={size} tmpfs disk"
    if subprocess.run(
        ["unshare", "-rm", "sh", "-c", mount], cwd=folder, capture_output=True, check=False
    ).returncode:
        pytest.skip("may not mount a file system here")
    done = subprocess.run(
        ["unshare", "-rm", "bash", "-c", f"{mount} && cd disk && {script}", *command],
        cwd=folder,
        env=environment(TMPDIR=str(folder / "tmp")),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        timeout=PATIENCE,
        check=False,
    )
    return done


def test_a_full_disk_is_noticed_before_training(tmp_path):
    done = _tiny_disk('"$0" "$@" train --run run; echo "code $?"; ls -A', tmp_path, "1m")
    assert "got 'No space left" in done.stderr or "1 MB free" in done.stderr, done
    assert "the disk is full; free some space or choose another place" in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == "code 1\n"


@pytest.mark.slow
def test_a_disk_that_fills_up_while_training(tmp_path):
    """The training goes on without its history, and in the end the model lands in the temporary folder."""
    script = """
set -m
epochs() { [ ! -e "$TMPDIR/epochs" ] || wc -c <"$TMPDIR/epochs"; }
"$0" "$@" train --epochs 100000 --no-progress --run run &
until [ -s run/history.jsonl ] || ! kill -0 %1; do sleep 0.1; done
dd if=/dev/zero of=filler bs=4k 2>/dev/null
before=$(epochs)
until [ $(epochs) -gt $((before + 2)) ] || ! kill -0 %1; do sleep 0.1; done
kill -INT %1
wait %1
echo "code $?"
"""
    program = """
import os
from pathlib import Path
from chainrule.cli import main
from chainrule.runs.folder import Run

def told(run, record):
    epoch(run, record)
    with Path(os.environ["TMPDIR"], "epochs").open("a") as file:
        file.write(".")

epoch, Run.epoch = Run.epoch, told
main()
"""
    done = _tiny_disk(script, tmp_path, "8m", (sys.executable, "-W", "error", "-c", program))
    assert "code 1\n" in done.stdout, done
    assert "Traceback" not in done.stderr
    assert "the disk is full" in done.stderr
    assert "The trained model is safe in" in done.stderr
    (refuge,) = (tmp_path / "tmp").glob("run-*.safetensors")
    assert str(refuge) in done.stderr
    assert Network.load(refuge).training[0]["stopped"] == "interrupted"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full here")
@pytest.mark.parametrize("command", ["evaluate", "predict"])
def test_output_that_cannot_be_written(kinds, data, command):
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [*COMMAND, command, str(kinds), str(data / "kinds.csv")],
            env=environment(),
            stdout=full,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            check=False,
        )
    assert done.returncode == 1
    assert done.stderr.endswith(
        "Error: output must be writable; got No space left on device. Free some space, or write elsewhere.\n"
    )


@pytest.fixture
def signal_at(monkeypatch):
    """Let a signal come where that function is called for the n-th time; it comes once."""

    def arrange(owner, name, number=signal.SIGINT, nth=1):
        real, calls = getattr(owner, name), []

        def watched(*args, **kwargs):
            calls.append(name)
            if len(calls) == nth:
                signal.raise_signal(number)
            return real(*args, **kwargs)

        monkeypatch.setattr(owner, name, watched)

    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    signal.signal(signal.SIGINT, signal.default_int_handler)
    yield arrange
    for number, handler in before.items():
        signal.signal(number, handler)


TRAIN = ("--epochs", 2, "--run", "run")


@POSIX
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize(
    ("owner", "name", "nth"),
    [
        (plots, "confusion", 1),
        (plots, "save", 1),
        (plots, "save", 4),
        (Network, "evaluate", 1),
        (Network, "save", 1),
    ],
    ids=["drawing", "the first file", "the last file", "testing", "the model"],
)
def test_a_signal_after_the_training(here, data, tmp_path, signal_at, owner, name, nth, number):
    """The model is written first of all, and the message says where. The rest can be done later."""
    signal_at(owner, name, number, nth)
    done = here("train", data / "kinds.csv", *TRAIN)
    assert (done.code, done.err) == (130, "")
    model = Path("run") / "model.safetensors"
    said = f"stopped; the model is safe in {model}; to resume: chainrule train --resume run\n"
    assert done.out.endswith(said)
    assert about(tmp_path)["status"] == "stopped"
    assert Network.load(model).training[0]["stopped"] == "finished"
    done = here("train", "--resume", "run")
    assert (done.code, done.err) == (0, "")
    assert about(tmp_path)["status"] == "finished"
    assert {path.name for path in (tmp_path / "run").iterdir()} == FILES


@POSIX
def test_a_second_ctrl_c_while_figures_are_drawn(here, data, tmp_path, monkeypatch, signal_at):
    def interrupted(run, record):
        signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(Run, "epoch", interrupted)
    signal_at(plots, "save")
    done = here("train", data / "kinds.csv", "--epochs", 50, "--run", "run")
    assert done.code == 130
    assert "the model is safe in" in done.out
    assert about(tmp_path)["status"] == "stopped"
    assert Network.load(tmp_path / "run" / "model.safetensors").training[0]["stopped"] == "interrupted"


@POSIX
def test_a_signal_before_anything_is_learnt(here, data, tmp_path, signal_at):
    signal_at(import_module("chainrule.training.fit"), "choose")
    done = here("train", data / "kinds.csv", *TRAIN)
    assert (done.code, done.err) == (130, "")
    assert done.out.endswith("stopped; nothing was kept yet\n")
    assert about(tmp_path)["status"] == "stopped"


def test_a_disk_that_refuses_a_figure(here, data, tmp_path, monkeypatch):
    def refuse(figure, path):
        raise StorageError("it is full.")

    monkeypatch.setattr(plots, "save", refuse)
    done = here("train", data / "kinds.csv", *TRAIN)
    assert done.code == 1
    assert "it is full. The trained model is safe in run" in done.err
    assert about(tmp_path)["status"] == "stopped"


def test_memory_that_does_not_suffice(here, data, tmp_path, monkeypatch):
    """The last checkpoint stands, and the message says how to go on."""
    real = Run.epoch

    def epoch(run, record):
        real(run, record)
        if record.epoch == 2:
            raise MemoryError("Unable to allocate 3.2 GiB")

    monkeypatch.setattr(Run, "epoch", epoch)
    monkeypatch.setattr(Saver, "_is_due", lambda *args: True)
    done = here("train", data / "kinds.csv", "--epochs", 4, "--run", "run")
    assert (done.code, "Traceback" in done.err) == (1, False)
    assert "the memory must suffice for training; it does not (Unable to allocate 3.2 GiB)" in done.err
    assert "to resume: chainrule train --resume run." in done.err
    assert about(tmp_path)["status"] == "stopped"
    monkeypatch.undo()
    monkeypatch.chdir(tmp_path)
    assert here("train", "--resume", "run").code == 0
    assert len((tmp_path / "run" / "history.jsonl").read_text().splitlines()) == 4


START_UP = """
import os, signal, sys

class Interrupts:
    def find_spec(self, name, path=None, target=None):
        if name == awaited:
            os.kill(os.getpid(), signal.SIGINT)

awaited = sys.argv.pop()
sys.argv.append("train")
sys.meta_path.insert(0, Interrupts())
from chainrule.__main__ import main
main()
"""


@POSIX
@pytest.mark.parametrize(
    "module", ["click", "chainrule.errors", "chainrule.cli.train", "chainrule.cli.train_job", "numpy"]
)
def test_ctrl_c_while_the_command_starts(tmp_path, module):
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", START_UP, module],
        cwd=tmp_path, env=environment(), capture_output=True, encoding="utf-8", check=False,
    )  # fmt: skip
    assert done.returncode == 130
    assert (done.stdout, done.stderr.strip()) in (("", ""), ("", "interrupted"))
    assert list(tmp_path.iterdir()) == []


@POSIX
@pytest.mark.parametrize(
    "command", [("evaluate", "RUN", "kinds.csv"), ("report", "RUN"), ("derive", "2-2-2")]
)
def test_ctrl_c_ends_every_command_alike(here, data, kinds, signal_at, command):
    """With exit code 130, and not with click's 1, which means something else."""
    import chainrule.derivation.network

    owner, name = {
        "evaluate": (Network, "evaluate"),
        "report": (Network, "load"),
        "derive": (chainrule.derivation.network, "derive"),
    }[command[0]]
    signal_at(owner, name)
    words = [{"RUN": kinds, "kinds.csv": data / "kinds.csv"}.get(word, word) for word in command]
    done = here(*words)
    assert (done.code, done.err.splitlines()[-1]) == (130, "interrupted")


def test_a_command_whose_memory_runs_out(here, data, kinds, monkeypatch):
    def greedy(*args, **kwargs):
        raise MemoryError("Unable to allocate 3.2 GiB")

    monkeypatch.setattr(Network, "evaluate", greedy)
    done = here("evaluate", kinds, data / "kinds.csv")
    assert (done.code, done.out) == (1, "")
    assert done.err.endswith("Error: the memory must suffice; it does not (Unable to allocate 3.2 GiB).\n")
