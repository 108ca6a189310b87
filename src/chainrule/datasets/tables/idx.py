"""The idx format of the MNIST family: a magic number, the dimensions, then bytes.

Source: Y. LeCun, C. Cortes, C. Burges, "The MNIST database of handwritten digits".
"""

from __future__ import annotations

import contextlib
import gzip
import io
import math
import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np

from chainrule.datasets.tables.raw import Array, Raw, check_unpacked, readable
from chainrule.errors import DataError

_GZIP = b"\x1f\x8b"
_TYPES: dict[int, np.dtype[Any]] = {0x08: np.dtype(np.uint8), 0x0C: np.dtype(">i4")}
"""The kinds of numbers that are read: bytes, and QMNIST's labels."""
_MOST_DEFLATE = 1100  # deflate packs at most about 1030 bytes into one


def parse(content: bytes, n_dimensions: int, source: str, kind: int = 0x08) -> Array:
    """Return the array of an idx file's (uncompressed) content: uint8, or int32 of kind 0x0c.

    Raises:
        DataError: wrong magic number, or another length than the dimensions say.
    """
    start, dtype = 4 + 4 * n_dimensions, _TYPES[kind]
    if len(content) < start or content[:4] != bytes([0, 0, kind, n_dimensions]):
        raise DataError(
            f"{source} must begin with 0000{kind:02x}{n_dimensions:02x}, the mark of an idx file "
            f"with {n_dimensions} dimensions; got {content[:4].hex() or 'nothing'}. "
            "Check that it is the right file."
        )
    shape = struct.unpack(f">{n_dimensions}I", content[4:start])
    length = start + math.prod(shape) * dtype.itemsize
    if len(content) != length:
        raise DataError(
            f"{source} must have {length} bytes for its shape {shape}; got {len(content)}. "
            "Copy or download it again."
        )
    try:
        found: Array = np.frombuffer(content, dtype, offset=start).reshape(shape)
    except ValueError:  # no bytes at all, and too many of them without the dimension that is 0
        return np.zeros((0,) * n_dimensions, dtype)
    return found


def unpack(packed: bytes, most: int, source: str) -> bytes:
    """Return the content of a file, decompressed if it is gzip; no more than ``most`` + 1 bytes.

    Raises:
        DataError: the compressed data is damaged or cut off.
    """
    if not packed.startswith(_GZIP):
        return packed
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(packed)) as stream:
            return stream.read(most + 1)
    except (EOFError, OSError, zlib.error) as error:
        raise DataError(
            f"{source} must be whole gzip data; got: {error}. Copy or download it again."
        ) from error


def read_array(path: Path, n_dimensions: int, kind: int = 0x08) -> Array:
    """Read an idx file, compressed or not."""
    with readable(path):
        packed = path.read_bytes()
    announced = _announced(packed)
    if packed.startswith(_GZIP):
        check_unpacked(path, announced)
    return parse(unpack(packed, announced, str(path)), n_dimensions, str(path), kind)


def _announced(packed: bytes) -> int:
    """Return how long the content claims to be, as far as so small a file can hold it."""
    head = packed[:64]
    if packed.startswith(_GZIP):
        with (
            contextlib.suppress(EOFError, OSError, zlib.error),
            gzip.GzipFile(fileobj=io.BytesIO(packed)) as stream,
        ):
            head = stream.read(64)
    if len(head) < 4 or len(head) < 4 + 4 * head[3]:
        return len(head)
    itemsize = _TYPES[head[2]].itemsize if head[2] in _TYPES else 1
    claimed = 4 + 4 * head[3] + _product(head[3], head) * itemsize
    return min(claimed, len(packed) * _MOST_DEFLATE)


def _product(n_dimensions: int, head: bytes) -> int:
    return math.prod(struct.unpack_from(f">{n_dimensions}I", head, 4))


def is_idx(path: Path) -> bool:
    """Return whether a file is called like an idx file."""
    name = path.name.lower()
    return (
        "idx3" in name
        or "idx1" in name
        or "idx2-int" in name
        or name.removesuffix(".gz").endswith((".idx", "-ubyte"))
    )


def read_idx(path: Path, *, labelled: bool = True) -> Raw:
    """Read pictures, and beside them their labels: ``...-images-idx3-ubyte`` and ``...-labels-idx1-ubyte``.

    Both may end in ``.gz``, and be spelt with a dot (``train-images.idx3-ubyte``). The labels of QMNIST are
    ``...-labels-idx2-int``.

    Raises:
        DataError: a file is missing, damaged or foreign, or there are not as many labels as pictures.
    """
    if "labels" in path.name and "images" not in path.name:
        raise DataError(f"{path} must be a file of pictures; got labels. Give the images file beside it.")
    pictures = read_array(path, 3)
    if not pictures.size:
        raise DataError(
            f"{path} must hold pictures; got shape {pictures.shape}. Check that it is the right file."
        )
    labels = _read_labels(labels_beside(path)) if labelled else None
    if labels is not None and len(labels) != len(pictures):
        raise DataError(
            f"{path} must have a label for each of its {len(pictures)} pictures; got {len(labels)} labels in "
            f"{labels_beside(path).name}. Put the two files of one set together."
        )
    shape = (pictures.shape[1], pictures.shape[2])
    return Raw(path, pictures.reshape(len(pictures), -1), labels=labels, shape=shape)


def _read_labels(path: Path) -> Array:
    """The classes (N,) of a file of labels; QMNIST has the class in the first of eight columns."""
    if "idx2" not in path.name:
        return read_array(path, 1).astype(np.int64)
    table = read_array(path, 2, kind=0x0C)
    if not table.size:
        raise DataError(f"{path} must hold labels; got shape {table.shape}. Check that it is the right file.")
    return table[:, 0].astype(np.int64)


def labels_beside(path: Path) -> Path:
    """Return the labels file that belongs to a file of pictures."""
    stem = path.name.removesuffix(".gz").replace("images", "labels").replace("idx3", "idx1")
    spellings = dict.fromkeys(
        [
            stem,
            stem.replace(".idx1", "-idx1"),
            stem.replace("-idx1", ".idx1"),
            stem.replace("idx1-ubyte", "idx2-int"),
        ]
    )
    candidates = [path.with_name(name + end) for name in spellings for end in ("", ".gz")]
    for candidate in candidates:
        if candidate != path and candidate.is_file():
            return candidate
    raise DataError(
        f"{path} must have its labels beside it; found no {candidates[0].name} (or .gz). "
        "Put the labels file into the same folder."
    )
