"""`Network.export`: the network as a file for other programs."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import PurePath

from chainrule.errors import InputError, look_up
from chainrule.exchange.c_file import c_file
from chainrule.exchange.model import described
from chainrule.exchange.numpy_file import numpy_file
from chainrule.exchange.onnx_file import onnx_file
from chainrule.exchange.training_file import training_file
from chainrule.files.atomic import atomic_write
from chainrule.model.feedforward import FeedForward

KINDS: dict[str, tuple[str, Callable[[FeedForward], bytes]]] = {
    "onnx": (".onnx", onnx_file),
    "numpy": (".py", lambda network: numpy_file(described(network)).encode()),
    "c": (".c", lambda network: c_file(described(network)).encode()),
}
"""What can be written: the usual ending of the file, and what makes its content."""


def export(
    network: FeedForward, path: str | os.PathLike[str], to: str | None = None, with_training: bool = False
) -> None:
    """Write the network to ``path``, wholly or not at all; ``with_training``: as a file that trains it, too.

    Raises:
        InputError: an unknown kind, or a network that cannot be written so.
        StorageError: the disk refused; what stood at ``path`` before is untouched.
    """
    ending = PurePath(path).suffix
    if to is None:
        to = next((kind for kind, (usual, _) in KINDS.items() if usual == ending), None)
    if to is None:
        raise InputError(
            f"the kind of export must be one of {', '.join(KINDS)}, or follow from the ending of the file; "
            f"got {os.fspath(path)!r}. Pass to='onnx'."
        )
    _, make = look_up("to", to, KINDS)
    if with_training and to != "numpy":
        raise InputError(f"training can be taken along to 'numpy' alone; got {to!r}. Pass to='numpy'.")
    atomic_write(path, training_file(network) if with_training else make(network))
