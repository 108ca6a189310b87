"""Files that are wholly there or not there at all, whatever the disk does."""

from __future__ import annotations

import errno
import os
import stat
import threading

import pytest

from chainrule.errors import StorageError
from chainrule.files.atomic import atomic_path, atomic_write


def failing(code):
    """A system call that fails with this error number."""

    def call(*args, **kwargs):
        raise OSError(code, os.strerror(code))

    return call


def names(folder):
    return sorted(path.name for path in folder.iterdir())


@pytest.fixture
def target(tmp_path):
    """A file that was there before."""
    path = tmp_path / "model.bin"
    path.write_bytes(b"old")
    return path


def test_writes_and_replaces(target):
    atomic_write(target, b"new")
    assert target.read_bytes() == b"new"
    assert names(target.parent) == ["model.bin"]
    atomic_write(str(target), b"")
    assert target.read_bytes() == b""


def test_makes_the_folders_on_the_way(tmp_path):
    atomic_write(tmp_path / "a" / "b" / "c", b"x")
    assert (tmp_path / "a" / "b" / "c").read_bytes() == b"x"


@pytest.mark.skipif(os.name == "nt", reason="POSIX permissions")
@pytest.mark.parametrize("mask", [0o022, 0o077])
def test_permissions_are_those_of_any_new_file(tmp_path, mask):
    old = os.umask(mask)
    try:
        atomic_write(tmp_path / "f", b"x")
        assert os.umask(mask) == mask
    finally:
        os.umask(old)
    assert stat.S_IMODE((tmp_path / "f").stat().st_mode) == 0o666 & ~mask


@pytest.mark.parametrize("call", ["fsync", "replace"])
@pytest.mark.parametrize(
    ("code", "remedy"),
    [
        (errno.ENOSPC, "free some space"),
        (errno.EDQUOT, "quota"),
        (errno.EACCES, "not permitted"),
        (errno.EPERM, "not permitted"),
        (errno.EROFS, "read-only"),
        (errno.EFBIG, "larger than this system allows"),
        (errno.EIO, "choose another place"),
    ],
)
def test_a_failed_write_leaves_the_old_file(target, monkeypatch, call, code, remedy):
    monkeypatch.setattr(os, call, failing(code))
    with pytest.raises(StorageError) as caught:
        atomic_write(target, b"new")
    message = str(caught.value)
    assert str(target) in message
    assert os.strerror(code) in message
    assert remedy in message
    assert caught.value.__cause__.errno == code
    assert target.read_bytes() == b"old"
    assert names(target.parent) == ["model.bin"]


def test_a_failed_first_write_leaves_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "fsync", failing(errno.ENOSPC))
    with pytest.raises(StorageError, match="disk is full"):
        atomic_write(tmp_path / "new", b"x")
    assert names(tmp_path) == []


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt])
def test_an_error_while_writing_leaves_the_old_file(target, error):
    def write():
        with atomic_path(target) as temporary:
            temporary.write_bytes(b"half")
            assert temporary.parent == target.parent
            raise error

    with pytest.raises(error):
        write()
    assert target.read_bytes() == b"old"
    assert names(target.parent) == ["model.bin"]


def test_a_parent_that_is_a_file(target):
    with pytest.raises(StorageError, match=r"must be writable; got .*(not a folder|choose another place)"):
        atomic_write(target / "inside", b"x")
    assert target.read_bytes() == b"old"


def test_a_folder_in_place_of_a_file(tmp_path):
    (tmp_path / "taken").mkdir()
    with pytest.raises(StorageError, match="must be writable"):
        atomic_write(tmp_path / "taken", b"x")
    assert names(tmp_path) == ["taken"]


def test_readers_see_the_old_or_the_new_never_a_part(target):
    contents = [bytes([i]) * 200_000 for i in range(2)]
    target.write_bytes(contents[0])
    seen, done = set(), threading.Event()

    def read():
        while not done.is_set():
            seen.add(target.read_bytes())

    reader = threading.Thread(target=read)
    reader.start()
    for i in range(30):
        atomic_write(target, contents[i % 2])
    done.set()
    reader.join()
    assert seen <= set(contents)


@pytest.mark.skipif(os.name == "nt", reason="folders are not synced there")
def test_a_folder_that_cannot_be_synced(target, monkeypatch):
    """Some network file systems refuse to sync a folder (EINVAL); by then the file has been renamed."""
    real = os.fsync

    def fsync(descriptor):
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            raise OSError(errno.EINVAL, "Invalid argument")
        real(descriptor)

    monkeypatch.setattr(os, "fsync", fsync)
    atomic_write(target, b"new")
    assert target.read_bytes() == b"new"


@pytest.mark.skipif(os.name == "nt", reason="POSIX limits")
def test_the_longest_name_there_is(tmp_path):
    atomic_write(tmp_path / ("n" * 250), b"x")


@pytest.mark.skipif(os.name == "nt", reason="symbolic links")
def test_a_link_stays_a_link(target):
    link = target.with_name("latest")
    link.symlink_to(target)
    atomic_write(link, b"new")
    assert link.is_symlink()
    assert target.read_bytes() == b"new"


def test_errno_is_kept(target, monkeypatch):
    monkeypatch.setattr(os, "fsync", failing(errno.ENOSPC))
    with pytest.raises(StorageError) as caught:
        atomic_write(target, b"x")
    assert caught.value.errno == errno.ENOSPC
