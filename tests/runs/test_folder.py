"""Run folders on disks that refuse."""

from __future__ import annotations

import errno
import json
import os
import shutil
import tempfile
from pathlib import Path

import numpy as np
import pytest

from chainrule import Network
from chainrule.errors import InputError, StorageError
from chainrule.runs.folder import FolderTaken, Run, begin, default_folder

ABOUT = {"data": {"name": "moon"}, "options": {"seed": 0}}


@pytest.fixture
def network():
    return Network([2, 3, 3], seed=0)


def full(*args, **kwargs):
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def refuse_below(monkeypatch, folder):
    """Let every file that is put into ``folder`` fail, as a full disk does; other places are well."""
    replace = os.replace

    def put(source, target):
        return full() if Path(target).parent == folder else replace(source, target)

    monkeypatch.setattr("chainrule.files.atomic.os.replace", put)


def test_begins_as_running_and_ends_as_told(tmp_path):
    run = Run(tmp_path / "a" / "b", ABOUT, 1000)
    path = run.folder / "run.json"
    about = json.loads(path.read_text())
    assert about["status"] == "running"
    assert about["options"] == {"seed": 0}
    run.end("finished", test={"loss": 0.5})
    about = json.loads(path.read_text())
    assert (about["status"], about["test"]) == ("finished", {"loss": 0.5})


def test_discard_takes_back_only_what_is_new(tmp_path):
    (tmp_path / "old").mkdir()
    Run(tmp_path / "old" / "new" / "run", ABOUT, 1000).discard()
    assert list(tmp_path.rglob("*")) == [tmp_path / "old"]
    (tmp_path / "old" / "empty").mkdir()
    Run(tmp_path / "old" / "empty", ABOUT, 1000).discard()
    assert list((tmp_path / "old").iterdir()) == [tmp_path / "old" / "empty"]


def test_discard_leaves_the_folders_of_others(tmp_path):
    run = Run(tmp_path / "runs" / "mine", ABOUT, 1000)
    Run(tmp_path / "runs" / "other", ABOUT, 1000)
    run.discard()
    assert [path.name for path in (tmp_path / "runs").iterdir()] == ["other"]


def test_a_folder_that_is_taken(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match="file is a file"):
        Run(tmp_path / "file", ABOUT, 1000)
    with pytest.raises(InputError, match="is not empty"):
        Run(tmp_path, ABOUT, 1000)
    with pytest.raises(StorageError, match="a part of that path is a file"):
        Run(tmp_path / "file" / "run", ABOUT, 1000)
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_no_room_at_the_start(tmp_path, monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: shutil._ntuple_diskusage(1, 1, 1_000_000))
    with pytest.raises(StorageError, match=r"1 MB free, a run needs up to 10 MB.*the disk is full"):
        Run(tmp_path / "a" / "run", ABOUT, 1_000_000)
    assert not any(tmp_path.iterdir())


def test_a_disk_that_is_full_at_the_start(tmp_path, monkeypatch):
    monkeypatch.setattr("chainrule.files.atomic.os.replace", full)
    with pytest.raises(StorageError, match="the disk is full; free some space"):
        Run(tmp_path / "a" / "run", ABOUT, 1000)
    assert not any(tmp_path.iterdir())


def test_a_disk_that_is_full_in_the_end(tmp_path, monkeypatch, network):
    run, refuge = Run(tmp_path / "run", ABOUT, 1000), tmp_path / "refuge"
    refuge.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(refuge))
    refuse_below(monkeypatch, run.folder)
    with pytest.raises(StorageError, match=r"the disk is full.*The trained model is safe in ") as caught:
        run.keep(network)
    (saved,) = refuge.iterdir()
    assert str(saved) in str(caught.value)
    np.testing.assert_array_equal(Network.load(saved).W[1], network.W[1])
    assert [path.name for path in run.folder.iterdir()] == ["run.json"]


def test_a_disk_that_has_no_room_for_figures(tmp_path, monkeypatch, network, moon):
    from chainrule.datasets import Dataset

    X, y = moon
    data = Dataset(X, y, ("a", "b", "c"))
    run = Run(tmp_path / "run", ABOUT, 1000)
    history = network.fit(data, epochs=1)
    run.keep(network)
    refuse_below(monkeypatch, run.folder)
    with pytest.raises(
        StorageError, match=r"disk is full.*The trained model is safe in .*model\.safetensors"
    ):
        run.draw(network, history, data, network.evaluate(data))


def test_a_history_that_cannot_be_written_is_written_later(tmp_path, monkeypatch, network, moon):
    run = Run(tmp_path / "run", ABOUT, 1000)
    path_open = Path.open
    seen = []

    def epoch(record):
        refuse = record.epoch in (2, 3)
        monkeypatch.setattr(Path, "open", full if refuse else path_open)
        run.epoch(record)
        monkeypatch.setattr(Path, "open", path_open)
        seen.append(len((run.folder / "history.jsonl").read_text().splitlines()))

    network.fit(*moon, epochs=5, on_epoch=[epoch])
    assert seen == [1, 1, 1, 4, 5]
    lines = (run.folder / "history.jsonl").read_text().splitlines()
    assert [json.loads(line)["epoch"] for line in lines] == [1, 2, 3, 4, 5]


def test_half_a_line_is_written_anew(tmp_path, network, moon):
    """What a full disk took of a line is overwritten once there is room."""
    run = Run(tmp_path / "run", ABOUT, 1000)
    path = run.folder / "history.jsonl"
    for record in network.fit(*moon, epochs=3):
        run.epoch(record)
        with path.open("a") as file:
            file.write('{"epoch": 99')
    run.end("finished")
    lines = path.read_text().splitlines()
    assert [json.loads(line)["epoch"] for line in lines[:3]] == [1, 2, 3]


def test_default_folders_differ(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    first = default_folder("some/where/kinds.csv")
    assert first.parts[0] == "runs"
    assert first.name.startswith("kinds-")
    for _ in range(3):
        folder = default_folder("kinds.csv")
        assert not folder.exists()
        folder.mkdir(parents=True)
    assert len(list((tmp_path / "runs").iterdir())) == 3


def test_two_runs_that_start_at_once_get_two_folders(tmp_path, monkeypatch):
    """Even where both found the same name free."""
    monkeypatch.chdir(tmp_path)
    names = iter([Path("runs/a"), Path("runs/a"), Path("runs/b")])
    monkeypatch.setattr("chainrule.runs.folder.default_folder", lambda data: next(names))
    monkeypatch.setattr(Path, "iterdir", lambda folder: iter(()))
    assert begin(None, "kinds.csv", ABOUT, 1000).folder == Path("runs/a")
    assert begin(None, "kinds.csv", ABOUT, 1000).folder == Path("runs/b")
    with pytest.raises(FolderTaken, match=r"runs.a is not empty"):
        begin("runs/a", "kinds.csv", ABOUT, 1000)
    assert (tmp_path / "runs" / "a" / "run.json").read_text()
