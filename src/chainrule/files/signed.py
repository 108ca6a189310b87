"""Files that are signed with a secret of this user, so that what anybody else put there is never loaded.

The signature is an HMAC-SHA256 over the file's name and content, and stands before the content. The secret
lies in the cache, and this user alone can read it. Besides, the folder must be one where nobody else writes.
"""

from __future__ import annotations

import hmac
import os
import secrets
import stat
import tempfile
from pathlib import Path

from chainrule.errors import StorageError
from chainrule.files.places import cache_folder, user

_LENGTH = 32  # bytes of the secret, and of a signature


def read_signed(path: Path) -> bytes | None:
    """The content of a file that `write_signed` wrote for this user; None if there is none such."""
    try:
        if not is_private(path.parent):
            return None
        written = path.read_bytes()
        signature, content = written[:_LENGTH], written[_LENGTH:]
        return content if hmac.compare_digest(signature, _signature(path.name, content)) else None
    except OSError:
        return None


def write_signed(path: Path, content: bytes) -> None:
    """Write ``content`` with its signature, wholly or not at all; the folder is made where it is missing.

    Raises:
        OSError: the disk refuses, or somebody else may write to the folder.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not is_private(path.parent):
        raise StorageError(f"{path.parent} must be a folder of your own that nobody else may write to.")
    _write_for_us(path, _signature(path.name, content) + content)


def is_private(folder: Path) -> bool:
    """Whether a folder is this user's own, and nobody else may write there.

    One with a relative path is not: it is whatever lies in the current folder.
    """
    found = folder.stat()
    if not folder.is_absolute():
        return False
    if os.name == "nt":  # the permissions are others there, and those of the home folder are handed down
        return True
    return found.st_uid == user() and not found.st_mode & (stat.S_IWGRP | stat.S_IWOTH)


def _signature(name: str, content: bytes) -> bytes:
    return hmac.digest(_secret(), os.fsencode(name) + b"\0" + content, "sha256")


def _secret() -> bytes:
    """This user's secret; a new one where it is missing, damaged, or could be read or written by others."""
    place = cache_folder() / "secret"
    if not place.is_absolute():
        raise StorageError(
            f"{place} must be an absolute path; what lies in the current folder is not trusted."
        )
    found = _read_secret(place)
    if found is None:
        place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        _write_for_us(place, secrets.token_bytes(_LENGTH))
        found = _read_secret(place)  # perhaps that of another process, which started at the same time
    if found is None:
        raise StorageError(f"{place} must be your own file, and readable by you alone.")
    return found


def _read_secret(place: Path) -> bytes | None:
    try:
        descriptor = os.open(place, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0))
    except OSError:
        return None
    with open(descriptor, "rb") as file:
        found = os.fstat(descriptor)
        ours = os.name == "nt" or (found.st_uid == user() and not stat.S_IMODE(found.st_mode) & 0o077)
        content = file.read(_LENGTH + 1)
        return content if ours and len(content) == _LENGTH else None


def _write_for_us(path: Path, content: bytes) -> None:
    """Write a file that only this user may read, wholly or not at all."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".new-")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        os.replace(name, path)
    except OSError:
        os.unlink(name)
        raise
