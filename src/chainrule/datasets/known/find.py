"""Find the files of a picture set on this machine, or download them; only what fits its checksum is used."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

from chainrule.datasets.known.download import download
from chainrule.datasets.tables.idx import unpack
from chainrule.errors import DataError, StorageError
from chainrule.files.atomic import atomic_write
from chainrule.files.places import cache_folder, home_path

Found = dict[str, bytes]

_SYSTEM = Path("/usr/share/datasets")  # where Debian's packages put them


@dataclass(frozen=True)
class File:
    """One idx file: its name, and the size and SHA-256 of its uncompressed content."""

    name: str
    size: int
    sha256: str


@dataclass(frozen=True)
class PictureSet:
    """Four idx files (training images and labels, test images and labels) and where to get them."""

    name: str
    classes: tuple[str, ...]
    files: tuple[File, ...]
    mirrors: tuple[str, ...]


def find(pictures: PictureSet) -> Found:
    """Return the uncompressed content of the files, by name.

    Searched in this order, each with or without ``.gz``, and also spelt with a dot (``images.idx3-ubyte``):
    ``$CHAINRULE_DATA/<name>``; ``$CHAINRULE_DATA`` itself, if all four lie there and fit; the cache; Debian's
    ``/usr/share/datasets/<name>``. Then what the cache lacks is downloaded into it.

    Raises:
        DataError: a file in the first folder is missing or wrong, or there is nothing and no download.
        StorageError: the cache cannot be written.
    """
    found = _in_data_folder(pictures) or _in_cache(pictures)
    return found or _in_folder(pictures, _SYSTEM / pictures.name) or _downloaded(pictures)


def _in_data_folder(pictures: PictureSet) -> Found | None:
    given = os.environ.get("CHAINRULE_DATA")
    if not given:
        return None
    folder = home_path(given)
    if not folder.is_dir():
        raise DataError(
            f"CHAINRULE_DATA must be an existing folder; got {given!r}. Create it, or unset CHAINRULE_DATA."
        )
    return _in_folder(pictures, folder / pictures.name) or _in_folder(pictures, folder, strict=False)


def _in_cache(pictures: PictureSet) -> Found | None:
    try:
        folder = cache_folder()
    except StorageError:  # no home folder: there may be a file elsewhere
        return None
    return _in_folder(pictures, folder / pictures.name, strict=False)


def _in_folder(pictures: PictureSet, folder: Path, *, strict: bool = True) -> Found | None:
    """Return the content of all files in a folder; None if it has none of them.

    When not ``strict``, None also if some are missing or wrong: another set's files, or a damaged cache.
    """
    paths = {file: _path(folder, file) for file in pictures.files}
    missing = [file.name for file, path in paths.items() if path is None]
    if len(missing) == len(paths) or (missing and not strict):
        return None
    if missing:
        raise DataError(
            f"{folder} must hold all four files of {pictures.name}; {', '.join(missing)} not found. "
            "Add what is missing, with or without .gz, or take the others away."
        )
    try:
        return {file.name: _checked(path, file) for file, path in paths.items() if path is not None}
    except DataError:
        if strict:
            raise
        return None


def _path(folder: Path, file: File) -> Path | None:
    dotted = file.name.replace("-idx", ".idx")
    candidates = [folder / (name + end) for name in (file.name, dotted) for end in ("", ".gz")]
    return next((path for path in candidates if os.path.isfile(path)), None)


def _checked(path: Path, file: File) -> bytes:
    try:
        packed = path.read_bytes()
    except OSError as error:
        raise DataError(
            f"{path} must be readable; got {error.strerror!r}. Check who may read it, or remove it."
        ) from error
    return check(packed, file, str(path))


def check(packed: bytes, file: File, source: str) -> bytes:
    """Return the uncompressed content of a file if it is the expected one.

    Raises:
        DataError: it is damaged, cut off, or another file.
    """
    content = unpack(packed, file.size, source)
    if len(content) != file.size:
        got = f"more than {file.size}" if len(content) > file.size else str(len(content))
        raise DataError(
            f"{source} must have {file.size} bytes uncompressed; got {got}. Replace it by the original file."
        )
    digest = hashlib.sha256(content).hexdigest()
    if digest != file.sha256:
        raise DataError(
            f"{source} must have the SHA-256 checksum {file.sha256} uncompressed; got {digest}. "
            "Replace it by the original file."
        )
    return content


def _downloaded(pictures: PictureSet) -> Found:
    folder = cache_folder() / pictures.name
    return {
        file.name: _cached(pictures, file, folder) or _fetched(pictures, file, folder)
        for file in pictures.files
    }


def _cached(pictures: PictureSet, file: File, folder: Path) -> bytes | None:
    path = _path(folder, file)
    try:
        return None if path is None else _checked(path, file)
    except DataError:
        return None  # a damaged cache is mended


def _fetched(pictures: PictureSet, file: File, folder: Path) -> bytes:
    """Download one file from the first mirror that has the right one, and keep it."""
    reasons = []
    for mirror in pictures.mirrors:
        url = f"{mirror}{file.name}.gz"
        try:
            packed = download(url, most=file.size + 4096)
            content = check(packed, file, url)
        except DataError as error:
            reasons.append(str(error))
            continue
        _keep(folder / f"{file.name}.gz", packed)
        return content
    raise DataError(
        f"{pictures.name} must be found on this machine or downloaded; got neither ({' '.join(reasons)}) "
        f"Put its four files {', '.join(file.name + '.gz' for file in pictures.files)} into {folder}, "
        f"or into a folder {pictures.name!r} and set CHAINRULE_DATA to the folder around it."
    )


def _keep(path: Path, packed: bytes) -> None:
    try:
        atomic_write(path, packed)
    except StorageError as error:
        raise StorageError(f"{error} Set CHAINRULE_CACHE to a folder where downloads may be kept.") from error
