"""NumPy archives: X and y, the arrays of Keras' data sets and of MedMNIST, or KMNIST's pair of files."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal
from zipfile import BadZipFile

import numpy as np

from chainrule.datasets.tables.raw import Array, Raw, check_unpacked, readable
from chainrule.errors import ChainruleError, DataError

Part = Literal["train", "test", "validation"]

PARTS = ("train", "test", "validation")

_KNOWN = frozenset(
    [
        *("X", "x", "y", "arr_0", "arr_1"),
        *(f"{axis}_{part}" for axis in "xy" for part in ("train", "val", "test")),
        *(f"{part}_{kind}" for part in ("train", "val", "test") for kind in ("images", "labels")),
    ]
)
"""Names that an archive of samples may use."""

_BESIDE = (("-imgs", "-labels"), ("_imgs", "_labels"), ("-images", "-labels"), ("_images", "_labels"))
"""How KMNIST, and others, name a file of pictures and the one with its labels."""


def read_npz(path: Path, part: Part = "train", *, labelled: bool = True) -> Raw:
    """Read an archive with X and y (and perhaps ``classes`` and ``features``), or x_train, y_train, ....

    Also taken are train_images, train_labels, ... (MedMNIST), arrays without names (arr_0 and arr_1), and
    arr_0 alone where a file ...-labels.npz lies beside ...-imgs.npz (KMNIST).

    X is (N, n), or pictures (N, h, w) or (N, h, w, 1), which are flattened, as bytes of any shape are. y is
    whole numbers, texts, or rows of 0 and 1 (N, K) for samples with several labels. Nothing pickled is ever
    loaded.

    Raises:
        DataError: the file is damaged or foreign, its arrays are not of this form, or it unpacks to too much.
    """
    there = _names_in(path)
    key_X, key_y = _keys(path, there, part, labelled)
    beside = _labels_beside(path) if labelled and key_y not in there else None
    own = [key_X, *([key_y] if labelled and beside is None else []), "classes", "features"]
    content = _content(path, [key for key in own if key in there])
    y = content.get(key_y) if beside is None else _only_array(beside)
    X, shape = _samples(path, content[key_X])
    raw = Raw(
        path,
        X,
        classes=_names(path, content, "classes"),
        features=_names(path, content, "features"),
        shape=shape,
        labels=_labels(path if beside is None else beside, y) if labelled and y is not None else None,
    )
    _check_agreement(raw)
    return raw


def has_test_part(path: Path) -> bool:
    """Return whether the archive brings its own test part."""
    there = _names_in(path)
    return {"x_train", "x_test"} <= set(there) or {"train_images", "test_images"} <= set(there)


@contextmanager
def _archive(path: Path) -> Iterator[Any]:
    try:
        with readable(path), path.open("rb") as file, np.load(file, allow_pickle=False) as archive:
            yield archive
    except ChainruleError:
        raise
    except Exception as error:  # a damaged archive may fail in zipfile, zlib, struct, numpy, ...
        raise DataError(
            f"{path} must be a NumPy archive without pickled objects; got {type(error).__name__}: {error}. "
            "Write it with numpy.savez(path, X=X, y=y) from arrays of numbers or texts."
        ) from error


def _names_in(path: Path) -> tuple[str, ...]:
    with _archive(path) as archive:
        return tuple(archive.files)


def _content(path: Path, names: Sequence[str]) -> dict[str, Array]:
    """Some arrays, whose sizes are looked at before any of them is read."""
    with _archive(path) as archive:
        check_unpacked(path, sum(_declared(archive, name) for name in names))
        return {name: archive[name] for name in names}


def _declared(archive: Any, name: str) -> int:
    """Bytes of an array, by the list of the archive and by the array's own header, whichever says more."""
    info = next(one for one in archive.zip.infolist() if one.filename in (name, f"{name}.npy"))
    with archive.zip.open(info) as file:
        version = np.lib.format.read_magic(file)
        if version not in ((1, 0), (2, 0), (3, 0)):
            raise BadZipFile(f"{name} is of version {version}")
        read = (
            np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
        )
        shape, _, dtype = read(file)
    return max(int(info.file_size), math.prod(shape) * int(dtype.itemsize))


def _keys(path: Path, there: Sequence[str], part: Part, labelled: bool) -> tuple[str, str]:
    short = "val" if part == "validation" else part
    pairs = [
        ("X", "y"),
        ("x", "y"),
        (f"x_{short}", f"y_{short}"),
        (f"{short}_images", f"{short}_labels"),
        ("arr_0", "arr_1"),
    ]
    for key_X, key_y in pairs:
        if key_X in there and (key_y in there or not labelled or (key_X == "arr_0" and _labels_beside(path))):
            return key_X, key_y
    raise DataError(
        f"{path} must hold the arrays X and y (or x_train, y_train, x_test and y_test; or train_images, "
        f"train_labels, ...; or arr_0, with the labels in a file beside it); got "
        f"{', '.join(name for name in there if name in _KNOWN) or 'none of them'}. Write it with "
        "numpy.savez(path, X=X, y=y)."
    )


def _labels_beside(path: Path) -> Path | None:
    """The file of labels that belongs to a file of pictures."""
    for pictures, labels in _BESIDE:
        if pictures in path.name:
            beside = path.with_name(path.name.replace(pictures, labels))
            return beside if beside.is_file() else None
    return None


def _only_array(path: Path) -> Array:
    return _content(path, _names_in(path)[:1]).popitem()[1]


def _samples(path: Path, X: Array) -> tuple[Array, tuple[int, int] | None]:
    if X.ndim == 4 and X.shape[3] == 1:
        X = X[..., 0]
    if X.ndim > 3 and X.dtype == np.uint8:  # coloured or solid pictures
        X = X.reshape(len(X), -1) if X.size else X
    if X.ndim not in (2, 3) or X.dtype.kind not in "biuf" or not X.size:
        raise DataError(
            f"{path}: X must be numbers of shape (N, n), or (N, h, w) for pictures; "
            f"got {X.dtype} of shape {X.shape}. Flatten each sample to a row of numbers."
        )
    shape = (X.shape[1], X.shape[2]) if X.ndim == 3 else None
    rows = X.reshape(len(X), -1)
    with np.errstate(invalid="ignore"):  # NaN that signals; training refuses NaN and names its place
        return (rows if rows.dtype == np.uint8 else rows.astype(np.float64)), shape


def _labels(path: Path, y: Array) -> Array | list[str]:
    if y.ndim == 2 and y.shape[1] == 1:
        y = y[:, 0]
    if y.ndim == 1 and y.dtype.kind in "US":
        return _texts(path, "y", y)
    whole = y.dtype.kind in "biu" or (y.dtype.kind == "f" and bool(np.all(y == np.floor(y))))
    if y.ndim not in (1, 2) or not whole or not np.all(np.isfinite(y)) or not _fits(y):
        raise DataError(
            f"{path}: y must be whole numbers or texts (N,), or rows of 0 and 1 (N, K); "
            f"got {y.dtype} of shape {y.shape}. Number the classes from 0, or store their names."
        )
    return y.astype(np.int64)


def _names(path: Path, content: dict[str, Array], key: str) -> tuple[str, ...] | None:
    if key not in content:
        return None
    names = content[key]
    if names.ndim != 1 or names.dtype.kind not in "USiu":
        raise DataError(
            f"{path}: {key} must be a row of names; got {names.dtype} of shape {names.shape}. "
            f"Store numpy.array of the names as {key}."
        )
    return tuple(_texts(path, key, names))


def _fits(y: Array) -> bool:
    """Whether all numbers are within those of 64 bits."""
    if y.dtype.kind == "u":
        return bool(np.all(y <= np.iinfo(np.int64).max))
    return y.dtype.kind in "bi" or bool(np.all(np.abs(y.astype(np.float64)) < 2.0**63))


def _texts(path: Path, key: str, names: Array) -> list[str]:
    try:
        found = names.tolist()
    except (SystemError, ValueError) as error:  # four bytes of a text that are no character
        raise DataError(f"{path}: {key} must be texts; got invalid characters. Write it again.") from error
    return [name.decode("utf-8", "replace") if isinstance(name, bytes) else str(name) for name in found]


def _check_agreement(raw: Raw) -> None:
    if raw.labels is not None and len(raw.labels) != len(raw.X):
        raise raw.error(
            f"X and y must have equally many rows; got {len(raw.X)} and {len(raw.labels)}. "
            "Store one label for each sample."
        )
    if raw.features is not None and len(raw.features) != raw.X.shape[1]:
        raise raw.error(
            f"features must name each of the {raw.X.shape[1]} columns of X; got {len(raw.features)} names. "
            "Store one name for each column."
        )
