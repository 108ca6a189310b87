"""A folder held by one process at a time, until that process ends, however it ends."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from chainrule.errors import FolderBusy
from chainrule.files.atomic import storage_errors

NAME = "lock"
_NOT_A_LINK = getattr(os, "O_NOFOLLOW", 0)  # that another user may have put there


@contextmanager
def held(folder: Path) -> Iterator[None]:
    """Hold ``folder``, which is made where it is missing.

    The file ``lock`` in it names the process. What counts is the system's lock on that file: one left
    behind by a process that was killed holds nobody up.

    Raises:
        FolderBusy: another process holds it.
        StorageError: the disk refuses.
    """
    path = folder / NAME
    with storage_errors(path):
        folder.mkdir(parents=True, exist_ok=True)
        descriptor = _open(path)
    try:
        yield
    finally:
        with suppress(OSError):
            path.unlink()
        os.close(descriptor)


def _open(path: Path) -> int:
    """Open and lock the file, and write our number into it."""
    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | _NOT_A_LINK, 0o666)
        try:
            _lock(descriptor, path)
            if _is(descriptor, path):  # else its holder ended in between and took the file away
                os.ftruncate(descriptor, 0)
                os.write(descriptor, f"{os.getpid()}\n".encode())
                return descriptor
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)


def _lock(descriptor: int, path: Path) -> None:
    try:
        import fcntl
    except ImportError:  # Windows has none, and nobody can be kept out
        return
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        holder = os.read(descriptor, 20).decode(errors="replace").strip() or "unknown"
        raise FolderBusy(
            f"a run must be trained by one process at a time; process {holder} is training in {path.parent}. "
            "Wait for it, or end it."
        ) from None
    except OSError:  # a file system without locks
        return


def _is(descriptor: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except FileNotFoundError:
        return False
