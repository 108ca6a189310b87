"""Files that are wholly there or not there at all, whatever the disk does."""

from __future__ import annotations

import errno
import os
import stat
import subprocess
import sys
import threading

import pytest

from chainrule.errors import StorageError
from chainrule.files.atomic import atomic_write

POSIX = pytest.mark.skipif(os.name == "nt", reason="Windows has other files")


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


def test_an_interruption_while_writing_leaves_the_old_file(target, monkeypatch):
    def interrupted(descriptor):
        assert len(names(target.parent)) == 2
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", interrupted)
    with pytest.raises(KeyboardInterrupt):
        atomic_write(target, b"new")
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


@POSIX
def test_the_umask_of_other_threads_is_never_changed(tmp_path, monkeypatch):
    """It belongs to the whole process: a file that another thread makes meanwhile would be open to all."""

    def changed(mask):
        raise AssertionError("umask was called")

    monkeypatch.setattr(os, "umask", changed)
    atomic_write(tmp_path / "f", b"x")
    atomic_write(tmp_path / "f", b"y")


@POSIX
@pytest.mark.parametrize("mode", [0o600, 0o640, 0o755])
def test_a_file_keeps_its_permissions_at_every_moment(target, monkeypatch, mode):
    target.chmod(mode)
    fsync, seen = os.fsync, []

    def watched(descriptor):
        seen.append(stat.S_IMODE(os.fstat(descriptor).st_mode) & 0o666)
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", watched)
    atomic_write(target, b"new")
    assert stat.S_IMODE(target.stat().st_mode) == mode
    assert seen[0] | mode == mode


@POSIX
def test_a_file_that_another_user_left_open_to_all_does_not_pass_that_on(target, another):
    target.chmod(0o666)
    another(target)
    atomic_write(target, b"new")
    assert not target.stat().st_mode & 0o022


@POSIX
def test_temporary_names_cannot_be_guessed(target, monkeypatch):
    """A link put there first is not followed, for no name comes twice."""
    seen = []
    monkeypatch.setattr(os, "replace", lambda old, new: seen.append(os.path.basename(old)))
    for _ in range(2):
        atomic_write(target, b"new")
    assert seen[0] != seen[1]
    assert all(len(name) == len(".chainrule-") + 16 for name in seen)


@POSIX
def test_a_link_in_place_of_the_temporary_file_is_not_followed(target, monkeypatch):
    victim = target.with_name("victim")
    victim.write_bytes(b"mine")
    target.with_name(".chainrule-guess").symlink_to(victim)
    monkeypatch.setattr("chainrule.files.atomic.secrets.token_hex", lambda n: "guess")
    with pytest.raises(StorageError):
        atomic_write(target, b"new")
    assert victim.read_bytes() == b"mine"


# --- what is no file


@pytest.fixture
def pipe(tmp_path):
    """A named pipe, and a function that gives what came through it."""
    path, came = tmp_path / "pipe", []
    os.mkfifo(path)
    reader = threading.Thread(target=lambda: came.append(path.read_bytes()))
    reader.start()

    def content():
        reader.join()
        return came[0]

    return path, content


@POSIX
@pytest.mark.parametrize("by", ["name", "link"])
def test_a_pipe_is_written_into(pipe, by):
    path, content = pipe
    link = path.with_name("link")
    link.symlink_to(path)
    atomic_write(path if by == "name" else link, b"through" * 20_000)
    assert content() == b"through" * 20_000
    assert stat.S_ISFIFO(path.stat().st_mode)
    assert names(path.parent) == ["link", "pipe"]


@POSIX
def test_a_device_stays_a_device(tmp_path):
    device = tmp_path / "null"
    try:
        os.mknod(device, 0o666 | stat.S_IFCHR, os.makedev(1, 3))
        device.open("wb").close()
    except OSError:
        pytest.skip("may not make devices here")
    atomic_write(device, b"x")
    assert stat.S_ISCHR(device.stat().st_mode)
    assert names(tmp_path) == ["null"]


@POSIX
@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="there is no /dev/full here")
def test_a_full_device_says_so(tmp_path):
    (tmp_path / "full").symlink_to("/dev/full")
    with pytest.raises(StorageError, match="the disk is full"):
        atomic_write(tmp_path / "full", b"x")
    assert stat.S_ISCHR(os.stat("/dev/full").st_mode)


@POSIX
def test_a_disk_is_refused(tmp_path):
    try:
        os.mknod(tmp_path / "disk", 0o600 | stat.S_IFBLK, os.makedev(7, 250))
    except OSError:
        pytest.skip("may not make devices here")
    with pytest.raises(StorageError, match="it is a disk"):
        atomic_write(tmp_path / "disk", b"x")
    assert stat.S_ISBLK((tmp_path / "disk").stat().st_mode)


@POSIX
def test_a_terminal_is_written_into():
    ours, theirs = os.openpty()
    try:
        atomic_write(os.ttyname(theirs), b"hello")
        assert os.read(ours, 100) == b"hello"
    finally:
        os.close(ours)
        os.close(theirs)


@POSIX
def test_a_pipe_whose_reader_is_gone(tmp_path):
    read, write = os.pipe()
    os.close(read)
    try:
        with pytest.raises(StorageError, match="its reader has closed it"):
            atomic_write(f"/dev/fd/{write}", b"x")
    finally:
        os.close(write)


OUTPUT = """
import sys
from chainrule.files.atomic import atomic_write
print("before")
atomic_write(sys.argv[1], b"content\\n")
print("after")
"""


@POSIX
@pytest.mark.parametrize("name", ["/dev/stdout", "/dev/fd/1", "/proc/self/fd/1", "link"])
@pytest.mark.parametrize("to", ["a pipe", "a file"])
def test_standard_output_by_its_name(tmp_path, name, to):
    """In its order, and into the file that the shell has open, which is not replaced."""
    if not os.path.exists(os.path.dirname(name) or "/"):
        pytest.skip("there is no such folder here")
    (tmp_path / "link").symlink_to("/dev/stdout")
    program = [sys.executable, "-c", OUTPUT, name]
    if to == "a pipe":
        out = subprocess.run(program, cwd=tmp_path, stdout=subprocess.PIPE, check=True).stdout
    else:
        with (tmp_path / "out").open("wb") as file:
            subprocess.run(program, cwd=tmp_path, stdout=file, check=True)
        out = (tmp_path / "out").read_bytes()
    assert out == b"before\ncontent\nafter\n"


@POSIX
def test_a_socket_is_refused(tmp_path):
    import socket

    with socket.socket(socket.AF_UNIX) as bound:
        bound.bind(str(tmp_path / "s"))
        with pytest.raises(StorageError, match="must be writable"):
            atomic_write(tmp_path / "s", b"x")
    assert stat.S_ISSOCK((tmp_path / "s").stat().st_mode)


@POSIX
def test_a_pipe_of_another_user_in_a_folder_of_everybody_is_refused(tmp_path, another):
    os.mkfifo(tmp_path / "out")
    another(tmp_path / "out")
    tmp_path.chmod(0o1777)
    with pytest.raises(StorageError, match=r"user \d+ put it there"):
        atomic_write(tmp_path / "out", b"x")


def test_text_is_utf_8_and_what_is_no_character_is_escaped(tmp_path):
    """A file's name that is not UTF-8 has such; in JSON the escape is the character."""
    atomic_write(tmp_path / "f", "Größe \udcff")
    assert (tmp_path / "f").read_text("utf-8") == "Größe \\udcff"
