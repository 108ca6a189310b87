"""Files that are either wholly there or not there at all, and output into what is no file."""

from __future__ import annotations

import errno
import os
import secrets
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from chainrule.errors import StorageError
from chainrule.files.places import followed, is_planted, open_file, user

_REMEDIES = {
    errno.ENOSPC: "the disk is full; free some space or choose another place",
    errno.EDQUOT: "the disk quota is used up; free some space or choose another place",
    errno.EFBIG: "the file is larger than this system allows; choose another place",
    errno.EACCES: "writing there is not permitted; choose a folder you may write to",
    errno.EPERM: "writing there is not permitted; choose a folder you may write to",
    errno.EROFS: "that file system is read-only; choose another place",
    errno.ENOTDIR: "a part of that path is a file, not a folder; choose another place",
    errno.EEXIST: "a part of that path is a file, not a folder; choose another place",
    errno.EPIPE: "its reader has closed it; start that one again, or choose another place",
    errno.ELOOP: "its links form a circle; choose another place",
    errno.EISDIR: "that path is a folder; give the name of a file",
}


@contextmanager
def storage_errors(path: str | os.PathLike[str]) -> Iterator[None]:
    """Turn an operating-system error while writing ``path`` into a `StorageError` with a remedy."""
    try:
        yield
    except StorageError:
        raise
    except OSError as error:
        remedy = _REMEDIES.get(error.errno or 0, "choose another place")
        reason = error.strerror or str(error)
        refusal = StorageError(f"{os.fspath(path)} must be writable; got {reason!r}: {remedy}.")
        refusal.errno = error.errno
        raise refusal from error


def atomic_write(path: str | os.PathLike[str], content: bytes | str) -> None:
    """Write ``content`` to ``path``, wholly or not at all: it is written beside it, flushed and renamed.

    A reader sees the old file or the whole new one, never a part, whatever happens in between. A device, a
    pipe, or a file that this process has open already (``/dev/stdout``) is written into instead. Text is
    written as UTF-8; what is no character in it, as in names of files that are not, becomes an escape.

    Raises:
        StorageError: the disk refused, or ``path`` is a link that another user put there. The temporary file
            is removed and ``path`` is as it was.
    """
    if isinstance(content, str):
        content = content.encode("utf-8", "backslashreplace")
    with storage_errors(path):
        if (number := open_file(path)) is not None:
            _pour(os.dup(number), content)
            return
        target = followed(path)
        there = target.stat() if target.exists() else None
        if there is None or stat.S_ISREG(there.st_mode) or stat.S_ISDIR(there.st_mode):
            _replace(target, there, content)
        else:
            _check_device(target, there)
            _pour(os.open(target, os.O_WRONLY), content)


def _pour(descriptor: int, content: bytes) -> None:
    for stream in (sys.stdout, sys.stderr):  # what was said before comes first
        if stream is not None:
            stream.flush()
    with open(descriptor, "wb") as file:
        file.write(content)


def _check_device(target: Path, there: os.stat_result) -> None:
    if stat.S_ISBLK(there.st_mode):
        raise StorageError(
            f"{target} must be a file, a pipe or a terminal; it is a disk. Choose another place."
        )
    if is_planted(target):
        raise StorageError(
            f"{target} must be a file, or a pipe of your own; user {there.st_uid} put it there. "
            "Remove it, or choose another place."
        )


def _replace(target: Path, there: os.stat_result | None, content: bytes) -> None:
    """Write beside ``target`` under a name that nobody can guess, and rename it. Permissions stay."""
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = target.with_name(f".chainrule-{secrets.token_hex(8)}")
    mode = 0o666 if there is None else stat.S_IMODE(there.st_mode) & 0o666
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    descriptor = os.open(temporary, flags, mode)  # less what the umask takes away
    try:
        with open(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(descriptor)
        if there is not None and there.st_uid == user():
            temporary.chmod(stat.S_IMODE(there.st_mode) & 0o777)
        os.replace(temporary, target)
        _sync_folder(target.parent)
    finally:
        temporary.unlink(missing_ok=True)


def _sync_folder(folder: Path) -> None:
    # Some systems cannot sync a folder. The file is in place by then, and stays.
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
