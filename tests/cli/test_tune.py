"""``chainrule tune``: it searches, stops, and goes on where it stopped."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys

import numpy as np
import pytest

from chainrule import Network
from chainrule.cli.tune import _new_place
from chainrule.files.locks import held
from tests.cli.commandline import chainrule, environment
from tests.patience import PATIENCE, wait_until

SMALL = ("--candidates", 5, "--epochs", 8, "--factor", 2)


def fits(folder):
    """{(candidate, epochs): score} of every line; no fit twice."""
    lines = [json.loads(line) for line in (folder / "tune.jsonl").read_text().splitlines()]
    found = {(line["candidate"], line["epochs"]): line["score"] for line in lines}
    assert len(found) == len(lines)
    return found


@pytest.fixture(scope="module")
def whole(data, tmp_path_factory):
    """A search from beginning to end: what it said, and its folder."""
    place = tmp_path_factory.mktemp("tune")
    done = chainrule("tune", data / "kinds.csv", *SMALL, "--run", "t", cwd=place)
    assert done.code == 0, done.err
    return done, place / "t"


def test_rounds(whole):
    done, folder = whole
    assert "5 × 2, then 3 × 4, then 2 × 8 epochs: 38 epochs together" in done.out
    found = fits(folder)
    assert [epochs for _, epochs in found] == [2] * 5 + [4] * 3 + [8] * 2
    for epochs in (2, 4):
        scores = sorted((s for (_, e), s in found.items() if e == epochs), reverse=True)
        went_on = [found[c, epochs] for c, e in found if e == 2 * epochs]
        assert sorted(went_on, reverse=True) == scores[: len(went_on)]


def test_the_best_is_trained_and_the_line_does_it_again(whole, data, tmp_path):
    done, folder = whole
    words = shlex.split(re.search(r"^best:  (.*)$", done.out, re.MULTILINE)[1])
    assert words[:2] == ["chainrule", "train"]
    again = chainrule(*words[1:], "--run", "again", cwd=tmp_path)
    assert again.code == 0, again.err
    ours, theirs = (Network.load(p / "model.safetensors") for p in (folder / "best", tmp_path / "again"))
    assert all(np.array_equal(a, b) for a, b in zip(ours.W, theirs.W, strict=True))
    found = fits(folder)
    best = max(score for (_, epochs), score in found.items() if epochs == 8)
    assert f"{100 * best:.2f} %" in done.out
    assert json.loads((folder / "search.json").read_text())["status"] == "finished"


def test_a_finished_search_repeats_nothing(whole):
    _, folder = whole
    before = fits(folder)
    done = chainrule("tune", "--resume", folder, cwd=folder.parent)
    assert done.code == 0, done.err
    assert fits(folder) == before
    assert "trained already" in done.out


ENDLESS = """
import sys
from chainrule import Network
from chainrule.cli.tune import _new_place
from chainrule.files.locks import held
from chainrule.cli import main

fit, fits = Network.fit, []

def fit_for_ever(network, *args, epochs, **options):
    fits.append(network)
    return fit(network, *args, epochs=epochs if len(fits) < 3 else 10**7, **options)

Network.fit = fit_for_ever
main()
"""
"""The command, whose third fit does not end by itself."""


@pytest.mark.parametrize("by", ["SIGKILL", "SIGINT"])
def test_killed_and_resumed(by, whole, data, tmp_path):
    arguments = ["tune", str(data / "kinds.csv"), *map(str, SMALL), "--run", "t"]
    command = [sys.executable, "-W", "error", "-c", ENDLESS, *arguments]
    process = subprocess.Popen(
        command, cwd=tmp_path, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    journal = tmp_path / "t" / "tune.jsonl"
    wait_until(lambda: journal.exists() and len(journal.read_text().splitlines()) >= 2, process)
    os.kill(process.pid, getattr(signal, by))
    out, _ = process.communicate(timeout=PATIENCE)
    before = [line for line in journal.read_text().splitlines(keepends=True) if line.endswith("\n")]
    if by == "SIGINT":
        assert process.returncode == 130
        assert f"Resume with: chainrule tune --resume {'t'}" in out
    else:
        assert process.returncode == -signal.SIGKILL
        with journal.open("a") as file:
            file.write('{"candidate": 3, "epo')  # as if it had been writing
    done = chainrule("tune", "--resume", "t", cwd=tmp_path)
    assert done.code == 0, done.err
    text = journal.read_text()
    assert text.startswith("".join(before))
    whole_lines = [line for line in text.splitlines() if line.endswith("}")]
    journal.write_text("\n".join(whole_lines) + "\n")
    assert fits(tmp_path / "t") == fits(whole[1])


def test_out_of_time(data, tmp_path):
    done = chainrule(
        "tune", data / "kinds.csv", *SMALL, "--budget", "0.000000001s", "--run", "t", cwd=tmp_path
    )
    assert done.code == 0, done.err
    assert "out of time; 0 fits are kept. Resume with: chainrule tune --resume t" in done.out
    assert json.loads((tmp_path / "t" / "search.json").read_text())["status"] == "out of time"


def test_several_labels(data, tmp_path):
    done = chainrule(
        "tune", data / "pets.csv", "--target", "cat,dog", "--candidates", 2, "--epochs", 2, "--factor", 2,
        "--run", "t", "--progress", cwd=tmp_path,
    )  # fmt: skip
    assert done.code == 0, done.err
    assert "F1 micro" in done.out
    assert "--target cat,dog" in done.out
    assert "round 2/2" in done.err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--resume", "nowhere"), "--resume must name a folder that chainrule tune wrote"),
        (("--run", "taken"), "a search must get a folder of its own"),
        (("--budget", "soon"), "must be a time such as 90s"),
        (("--candidates", "1"), "Invalid value for '--candidates'"),
        (("nothing.csv",), "a data set must be one of"),
    ],
    ids=["no search", "taken", "no time", "one candidate", "no data"],
)
def test_what_cannot_be(here, tmp_path, arguments, words):
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken" / "file").touch()
    done = here("tune", *arguments)
    assert done.code != 0
    assert words in " ".join(done.err.split())
    assert not (tmp_path / "runs").exists()


def test_other_data_than_at_first(here, whole, tmp_path):
    folder = tmp_path / "copy"
    shutil.copytree(whole[1], folder)
    about = json.loads((folder / "search.json").read_text())
    about["data"]["checksum"] = "0"
    (folder / "search.json").write_text(json.dumps(about))
    assert "its checksum differs" in here("tune", "--resume", folder).err
    assert "the search in" in here("tune", "digits", "--resume", folder).err


# --- folders that are damaged, or shared by two processes


@pytest.fixture
def copied(whole, tmp_path):
    """A copy of the finished search."""
    shutil.copytree(whole[1], tmp_path / "t")
    return tmp_path / "t"


@pytest.mark.parametrize(
    "damage",
    [
        lambda about: about.pop("options"),
        lambda about: about.pop("status"),
        lambda about: about["data"].pop("checksum"),
        lambda about: about["data"].update(name=3),
        lambda about: about["options"].pop("seed"),
        lambda about: about["options"].update(candidates="5"),
        lambda about: about["options"].update(epochs=0),
        lambda about: about["options"].update(factor=1),
        lambda about: about["options"].update(test_fraction="a"),
        lambda about: about["options"].update(target=["x"]),
    ],
)
def test_a_damaged_search(here, copied, damage):
    about = json.loads((copied / "search.json").read_text())
    damage(about)
    (copied / "search.json").write_text(json.dumps(about))
    done = here("tune", "--resume", copied)
    assert (done.code, done.out) == (1, "")
    assert "with search.json in it" in done.err
    assert "If the file is damaged, begin a new search." in done.err


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"3", b"null", b"\xff\xfe", b"[" * 10_000])
def test_a_search_that_is_none(here, copied, content):
    (copied / "search.json").write_bytes(content)
    done = here("tune", "--resume", copied)
    assert (done.code, done.out) == (1, "")
    assert "begin a new search" in done.err


def _line(whole, **other):
    entry = json.loads((whole[1] / "tune.jsonl").read_text().splitlines()[0])
    return json.dumps({**entry, **other})


def test_damaged_lines_are_done_again(here, whole, copied):
    """And those of another search, whose candidates have other settings."""
    first = json.loads(_line(whole))
    lines = [
        "", "{", "[]", "3", "null", '"x"', "{}", '{"settings": []}', '{"settings": {"layers": null}}',
        "[" * 9999, _line(whole, score="high"), _line(whole, score=None), _line(whole, loss="x"),
        _line(whole, candidate="0"), _line(whole, candidate=99), _line(whole, candidate=-1),
        _line(whole, seconds=float("nan")),
        _line(whole, settings={**first["settings"], "l2": 7.0}), _line(whole, more=1), "\ufffd\0",
    ]  # fmt: skip
    (copied / "tune.jsonl").write_text("".join(f"{line}\n" for line in lines))
    done = here("tune", "--resume", copied)
    assert done.code == 0, done.err
    assert f"note: {len(lines)} lines of {copied / 'tune.jsonl'} are damaged or of another search" in done.err
    written = (copied / "tune.jsonl").read_text().splitlines()[len(lines) :]
    (copied / "tune.jsonl").write_text("\n".join(written) + "\n")
    assert fits(copied) == fits(whole[1])


def test_a_list_of_fits_that_cannot_be_read(here, copied):
    (copied / "tune.jsonl").unlink()
    (copied / "tune.jsonl").mkdir()
    done = here("tune", "--resume", copied)
    assert (done.code, done.out) == (1, "")
    assert "tune.jsonl must be the list of finished fits, and readable; got 'Is a directory'" in done.err


@pytest.mark.skipif(os.name == "nt", reason="nobody can be kept out there")
@pytest.mark.parametrize(
    "arguments", [("--resume", "t"), ("kinds.csv", "--run", "t")], ids=["both resume", "both begin"]
)
def test_two_processes_in_one_folder(here, whole, data, tmp_path, arguments):
    if "--resume" in arguments:
        shutil.copytree(whole[1], tmp_path / "t")
    shutil.copy(data / "kinds.csv", tmp_path)
    (tmp_path / "t").mkdir(exist_ok=True)
    before = {path.name for path in (tmp_path / "t").iterdir()}
    with held(tmp_path / "t"):
        done = here("tune", *arguments)
    assert (done.code, done.out) == (1, "")
    assert f"one process at a time; process {os.getpid()} is training in t" in done.err
    assert {path.name for path in (tmp_path / "t").iterdir()} == before


def test_two_searches_that_begin_at_the_same_time_get_a_folder_each(tmp_path, monkeypatch):
    """Where both find the same name free, the second one takes the next."""
    names = iter([tmp_path / "a", tmp_path / "a", tmp_path / "b"])
    monkeypatch.setattr("chainrule.runs.folder.default_folder", lambda stem: next(names))
    assert _new_place("digits", None) == tmp_path / "a"
    assert _new_place("digits", None) == tmp_path / "b"
