"""Files that are either wholly there or not there at all."""

from __future__ import annotations

import errno
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from chainrule.errors import StorageError

_REMEDIES = {
    errno.ENOSPC: "the disk is full; free some space or choose another place",
    errno.EDQUOT: "the disk quota is used up; free some space or choose another place",
    errno.EFBIG: "the file is larger than this system allows; choose another place",
    errno.EACCES: "writing there is not permitted; choose a folder you may write to",
    errno.EPERM: "writing there is not permitted; choose a folder you may write to",
    errno.EROFS: "that file system is read-only; choose another place",
    errno.ENOTDIR: "a part of that path is a file, not a folder; choose another place",
    errno.EEXIST: "a part of that path is a file, not a folder; choose another place",
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


@contextmanager
def atomic_path(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Give a temporary path beside ``path``; on success flush it to the disk and rename it.

    A reader sees the old file or the whole new one, never a part, whatever happens in between.

    Raises:
        StorageError: the disk refused. The temporary file is removed and ``path`` is as it was.
    """
    target = Path(os.path.realpath(path))  # a link stays a link
    with storage_errors(path):
        target.parent.mkdir(parents=True, exist_ok=True)
        mode = target.stat().st_mode & 0o777 if target.exists() else 0o666 & ~_umask()
        handle, name = tempfile.mkstemp(prefix=".chainrule-", suffix=target.suffix, dir=target.parent)
        os.close(handle)
        temporary = Path(name)
        try:
            yield temporary
            with temporary.open("rb") as written:
                os.fsync(written.fileno())
            temporary.chmod(mode)
            os.replace(temporary, target)
            _sync_folder(target.parent)
        finally:
            temporary.unlink(missing_ok=True)


def atomic_write(path: str | os.PathLike[str], content: bytes) -> None:
    """Write ``content`` to ``path``, wholly or not at all."""
    with atomic_path(path) as temporary:
        temporary.write_bytes(content)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def _sync_folder(folder: Path) -> None:
    # Some systems cannot sync a folder. The file is in place by then, and stays.
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def cache_folder() -> Path:
    """Where downloads and compiled code are kept: ``$CHAINRULE_CACHE``, or the platform's cache folder."""
    if own := os.environ.get("CHAINRULE_CACHE"):
        return home_path(own)
    if sys.platform == "darwin":
        return home_path("~/Library/Caches/chainrule")
    if sys.platform == "win32":
        return home_path(os.environ.get("LOCALAPPDATA") or "~/AppData/Local") / "chainrule"
    return home_path(os.environ.get("XDG_CACHE_HOME") or "~/.cache") / "chainrule"


def home_path(path: str) -> Path:
    """A path in which ~ stands for the home folder."""
    return Path(os.path.expanduser(path))  # Path.expanduser raises where there is no home folder
