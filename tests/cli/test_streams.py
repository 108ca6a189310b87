"""Streams that the caller closed, outputs that are no files, and names that are not UTF-8."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import sys
import threading

import pytest

from chainrule import Network
from tests.cli.commandline import COMMAND, environment
from tests.patience import PATIENCE

pytestmark = pytest.mark.skipif(os.name == "nt", reason="POSIX")

CLOSED = "Error: standard output must be open; it is closed. Write to a file: > FILE.\n"


def closing(streams, *args, cwd):
    """Run the command by a shell that closes some of its streams; what came by the others."""
    return subprocess.run(
        ["sh", "-c", f'exec "$@" {streams}', "sh", *COMMAND, *map(str, args)],
        cwd=cwd, env=environment(), capture_output=True, encoding="utf-8", timeout=PATIENCE, check=False,
    )  # fmt: skip


@pytest.mark.parametrize("streams", [">&-", ">&- <&-", ">&- 2>&-"])
def test_what_is_lost_on_a_closed_output_is_an_error(kinds, data, tmp_path, streams):
    done = closing(streams, "predict", kinds, data / "bare.csv", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == ("" if "2" in streams else CLOSED)


def test_a_file_can_be_written_with_all_streams_closed(kinds, data, tmp_path):
    done = closing("<&- >&- 2>&-", "predict", kinds, data / "bare.csv", "-o", "out.csv", cwd=tmp_path)
    assert done.returncode == 0
    assert len((tmp_path / "out.csv").read_text().splitlines()) == 91


def test_training_without_standard_error(data, tmp_path):
    done = closing("2>&- <&-", "train", data / "kinds.csv", "--epochs", 1, "--run", "run", cwd=tmp_path)
    assert done.returncode == 0
    assert "run folder: run" in done.stdout
    assert Network.load(tmp_path / "run" / "model.safetensors").training[0]["stopped"] == "finished"


def test_training_that_cannot_say_anything_leaves_nothing_behind(data, tmp_path):
    done = closing(">&-", "train", data / "kinds.csv", "--epochs", 1, "--run", "run", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (1, CLOSED)
    assert list(tmp_path.iterdir()) == []


# --- what is no file


@pytest.mark.parametrize(
    "command",
    [
        ("predict", "RUN", "FILE", "-o"),
        ("export", "RUN", "--to", "c", "-o"),
        ("report", "RUN", "-o"),
        ("explain", "RUN", "kinds.csv", "-o"),
        ("explain", "RUN", "kinds.csv", "--figure"),
        ("compare", "RUN", "RUN", "--figure"),
    ],
    ids=lambda words: f"{words[0]} {words[-1]}",
)
def test_every_output_goes_into_a_pipe(here, kinds, data, tmp_path, command):
    """Run as root, a rename would replace any device."""
    shutil.copy(data / "kinds.csv", tmp_path)
    words = [{"RUN": kinds, "FILE": data / "bare.csv"}.get(word, word) for word in command]
    pipe = tmp_path / ("pipe.html" if command[0] == "explain" and command[-1] == "-o" else "pipe")
    os.mkfifo(pipe)
    came = []
    reader = threading.Thread(target=lambda: came.append(pipe.read_bytes()), daemon=True)
    reader.start()
    done = here(*words, pipe)
    assert done.code == 0, done.err
    reader.join()
    assert len(came[0]) > 300
    assert stat.S_ISFIFO(pipe.stat().st_mode)


@pytest.mark.parametrize("command", ["report", "export"])
def test_a_page_on_standard_output_is_alone_there(kinds, tmp_path, command):
    words = [command, kinds, *(["--to", "numpy"] if command == "export" else []), "-o", "/dev/stdout"]
    with (tmp_path / "out").open("wb") as out:
        done = subprocess.run(
            [*COMMAND, *map(str, words)],
            cwd=tmp_path, env=environment(), stdout=out, stderr=subprocess.PIPE, check=True,
        )  # fmt: skip
    text = (tmp_path / "out").read_text("utf-8")
    if command == "report":
        assert text.rstrip().endswith("</html>")
        assert b"report: /dev/stdout" in done.stderr
    else:
        compile(text, "out", "exec")


# --- names that are not UTF-8


@pytest.mark.skipif(sys.platform == "darwin", reason="all names are UTF-8 there")
@pytest.mark.usefixtures("no_figures")
def test_names_that_are_not_utf_8_work_everywhere(here, data, tmp_path):
    table, run = os.fsdecode(b"d\xff.csv"), os.fsdecode(b"r\xfe")
    shutil.copy(data / "kinds.csv", tmp_path / table)
    for words in (
        ("train", table, "--epochs", 1, "--run", run),
        ("train", "--resume", run, "--epochs", 2),
        ("evaluate", run, table),
        ("predict", run, data / "bare.csv", "-o", os.fsdecode(b"o\xfd.csv")),
        ("report", run),
        ("compare", run, run, "--html", os.fsdecode(b"c\xfd.html")),
        ("export", run, "--to", "numpy", "-o", os.fsdecode(b"e\xfd.py")),
        ("export", run, "--to", "c", "-o", os.fsdecode(b"e\xfd.c")),
        ("tune", table, "--candidates", 2, "--epochs", 1, "--run", os.fsdecode(b"t\xfd")),
        ("tune", "--resume", os.fsdecode(b"t\xfd")),
    ):
        done = here(*words)
        assert done.code == 0, (words, done.err)
    assert Network.load(tmp_path / run / "model.safetensors").data.name == table
