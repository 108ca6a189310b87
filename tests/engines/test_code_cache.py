"""Compiled code on disk, and the choice of threads: what may go wrong there, and what each then does."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from chainrule.about import PACKAGE
from chainrule.engines.llvm.programs.build import source_digest
from chainrule.engines.llvm.writer.vector_functions import VECTORS
from tests.engines.compiled import TARGETS, elementwise
from tests.patience import PATIENCE

PROGRAM = (
    "import numpy as np; from chainrule import Network; "
    "print(Network([3, 4, 2], seed=0, engine='llvm', threads=1).predict_proba(np.ones((1, 3))).tolist())"
)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("CHAINRULE_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache" / "code"


def tripled(target=TARGETS[-1]):
    result = elementwise(lambda x: x * 3 + VECTORS.abs(x), target, np.float64)([1.0, -2.0])
    assert result.tolist() == [4.0, -4.0]


def test_code_is_written_once_and_found_again(folder):
    tripled()
    (file,) = folder.iterdir()
    before = file.stat().st_mtime_ns, file.read_bytes()
    tripled()
    assert [(f.stat().st_mtime_ns, f.read_bytes()) for f in folder.iterdir()] == [before]


@pytest.mark.parametrize("damage", [b"", b"x", b"\0" * 500, None])
def test_a_damaged_file_is_replaced(folder, damage):
    tripled()
    (file,) = folder.iterdir()
    whole = file.read_bytes()
    file.write_bytes(whole[:-9] if damage is None else damage)
    tripled()
    assert file.read_bytes() == whole


def test_code_that_somebody_planted_is_not_run(folder):
    """A file with a right checksum, as anyone can make it, and code of theirs."""
    tripled()
    (file,) = folder.iterdir()
    ours = file.read_bytes()
    theirs = ours[32:].replace(b"\x7fELF", b"\x7fBAD")
    file.write_bytes(hashlib.sha256(theirs).digest() + theirs)
    tripled()
    assert file.read_bytes() == ours


@pytest.mark.skipif(os.name == "nt", reason="POSIX permissions")
def test_no_code_is_kept_where_others_may_write(folder):
    folder.mkdir(parents=True)
    folder.chmod(0o777)
    tripled()
    assert list(folder.iterdir()) == []


def test_a_user_without_a_home_folder_runs_nothing_from_the_current_one(tmp_path, monkeypatch):
    def unknown(number):
        raise KeyError(number)

    for name in ("CHAINRULE_CACHE", "XDG_CACHE_HOME", "HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("pwd.getpwuid", unknown)
    monkeypatch.chdir(tmp_path)
    tripled()
    assert list(tmp_path.iterdir()) == []


def test_a_cache_that_cannot_be_written_is_no_error(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("not a folder")
    monkeypatch.setenv("CHAINRULE_CACHE", str(tmp_path / "file"))
    tripled()
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_another_processor_gets_another_file(folder):
    for target in (
        TARGETS[-1],
        TARGETS[-1]._replace(features=TARGETS[-1].features + ",-ssse3"),
        *TARGETS[:-1],
    ):
        before = len(list(folder.iterdir())) if folder.exists() else 0
        tripled(target)
        assert len(list(folder.iterdir())) == before + 1


ROOMS = ("engines/llvm", "equations")
SOURCES = sorted(file.relative_to(PACKAGE) for room in ROOMS for file in Path(PACKAGE, room).rglob("*.py"))


@pytest.fixture(scope="module")
def copied(tmp_path_factory):
    """The sources that code is generated from, in a folder of their own."""
    folder = tmp_path_factory.mktemp("package")
    for room in ROOMS:
        shutil.copytree(Path(PACKAGE, room), folder / room)
    return folder


def test_the_digest_is_that_of_the_sources(copied):
    assert source_digest(copied) == source_digest()
    assert {file.parent.as_posix() for file in SOURCES} > {"equations", "engines/llvm", "engines/llvm/writer"}


@pytest.mark.parametrize("source", SOURCES, ids=str)
def test_every_source_file_decides_where_code_is_found(source, copied):
    file = copied / source
    before = file.read_text(encoding="utf-8")
    file.write_text(before + "# changed", encoding="utf-8")
    try:
        assert source_digest.__wrapped__(copied) != source_digest()
    finally:
        file.write_text(before, encoding="utf-8")


def test_two_processes_at_once(folder):
    both = [
        subprocess.Popen([sys.executable, "-c", PROGRAM], stdout=subprocess.PIPE, text=True, env=os.environ)
        for _ in range(2)
    ]
    outputs = {process.communicate(timeout=PATIENCE)[0] for process in both}
    assert [process.returncode for process in both] == [0, 0]
    assert len(outputs) == 1
    assert [file.suffix for file in folder.iterdir()] == [".o"]


def test_without_the_compiler_the_reference_runs():
    program = "import sys; sys.modules['llvmlite'] = None; " + PROGRAM
    auto = program.replace("'llvm', threads", "'auto', threads")
    run = [sys.executable, "-W", "error", "-c"]
    done = subprocess.run([*run, auto], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("[[0.")
    refused = subprocess.run([*run, program], capture_output=True, text=True, check=False)
    assert "InputError: engine='llvm' must find its compiler" in refused.stderr
