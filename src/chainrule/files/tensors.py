"""Model files: one safetensors file with W1, b1, W2, b2, … and everything else as JSON beside them.

A safetensors file holds numbers and text, never code. The metadata carries a format version and a
SHA-256 over tensors and metadata, so a truncated, altered or foreign file is told from a good one.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.errors import ModelFileError
from chainrule.files.atomic import atomic_write

FORMAT = 1
"""Version of the file format. Files of a higher version are refused, never guessed at."""

Tensors = dict[str, NDArray[Any]]


def write_model(
    path: str | os.PathLike[str], tensors: Mapping[str, NDArray[Any]], about: dict[str, Any]
) -> None:
    """Write tensors and a JSON-able description to ``path``, wholly or not at all.

    Raises:
        StorageError: the disk refused; what stood at ``path`` before is untouched.
    """
    from safetensors.numpy import save

    # safetensors garbles strided arrays silently, so every tensor is made contiguous first.
    plain = {name: np.asarray(tensor, order="C") for name, tensor in tensors.items()}
    text = json.dumps(about, ensure_ascii=False, sort_keys=True)
    text = text.encode("utf-8", "backslashreplace").decode()  # a name that is not UTF-8, as JSON's escape
    made_by = f"chainrule {FORMAT}"
    metadata = {"format": made_by, "chainrule": text, "sha256": _checksum(plain, made_by + text)}
    atomic_write(path, save(plain, metadata))


def read_model(path: str | os.PathLike[str]) -> tuple[Tensors, dict[str, Any]]:
    """Read what `write_model` wrote. No code in the file is ever run, for there is none.

    Raises:
        ModelFileError: no such file, truncated, altered, not made by chainrule, or of a newer format.
    """
    from safetensors import SafetensorError, safe_open

    name = os.fspath(path)
    if not Path(path).is_file():
        found = "a folder" if Path(path).is_dir() else "none"
        raise ModelFileError(f"a model file must exist at {name}; found {found}. Check the path.")
    if not os.access(path, os.R_OK):
        raise ModelFileError(f"{name} must be readable; reading it is not permitted. Change its permissions.")
    try:
        with safe_open(path, framework="numpy") as file:
            metadata = file.metadata() or {}
            tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118 - not a dict
    except (SafetensorError, OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise ModelFileError(
            f"{name} must be a whole safetensors file; got {error}. "
            "It is truncated, damaged or of another kind: take it from its source again."
        ) from error
    _check_format(name, metadata)
    if metadata.get("sha256") != _checksum(tensors, metadata["format"] + metadata["chainrule"]):
        raise ModelFileError(
            f"{name} must have the checksum written in it; it has another. "
            "The file was altered or damaged: take it from its source again."
        )
    return tensors, _description(name, metadata["chainrule"])


def _description(name: str, text: str) -> dict[str, Any]:
    try:
        about = json.loads(text)
    except (ValueError, RecursionError) as error:
        about, got = None, str(error)
    else:
        got = type(about).__name__
    if not isinstance(about, dict):
        raise ModelFileError(
            f"{name} must describe a network by a JSON object; got {got}. Take it from its source again."
        )
    return about


def _check_format(name: str, metadata: Mapping[str, str]) -> None:
    made_by, _, version = metadata.get("format", "").partition(" ")
    if made_by != "chainrule" or not version.isdecimal() or "chainrule" not in metadata:
        raise ModelFileError(
            f"{name} must be a model written by chainrule; it is a safetensors file of another program. "
            "Load it there, or pass the weights to Network.from_parameters."
        )
    if int(version) > FORMAT:
        raise ModelFileError(
            f"{name} must be of format {FORMAT} or older; it is of format {version}. "
            "Upgrade chainrule to read it."
        )


def _checksum(tensors: Mapping[str, NDArray[Any]], text: str) -> str:
    digest = hashlib.sha256(text.encode())
    for name in sorted(tensors):
        tensor = tensors[name]
        digest.update(f"{name} {tensor.dtype} {tensor.shape}".encode())
        digest.update(tensor.tobytes())
    return digest.hexdigest()
