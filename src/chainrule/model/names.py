"""Class names in what people hand in: labels as text, and label columns with names."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.datasets.tables.labels import in_order
from chainrule.errors import InputError


def names_of(y: Any, n_outputs: int) -> tuple[str, ...] | None:
    """The class names that labels bring: their distinct texts in order, or the names of their columns.

    Raises:
        InputError: not as many different texts as the network tells apart, or a label is missing.
    """
    texts = texts_of(y)
    if texts is None:
        columns = columns_of(y)
        return columns if len(columns) == n_outputs > 1 else None
    names, wanted = in_order(set(texts)), max(n_outputs, 2)
    if len(names) != wanted:
        listed = ", ".join(names[:10]) + ", …" * (len(names) > 10)
        raise InputError(
            f"y must name {wanted} classes for {n_outputs} output{'s' * (n_outputs > 1)}; got {len(names)}: "
            f"{listed}. Make a network with an output for each class. If one does not occur here, pass a "
            "Dataset, which lists all classes."
        )
    return names


def columns_of(y: Any) -> tuple[str, ...]:
    """The names of the columns of a frame, where all of them are texts."""
    columns = getattr(y, "columns", None)
    names = () if columns is None or np.ndim(y) != 2 else tuple(columns)
    return names if all(isinstance(name, str) for name in names) else ()


def texts_of(y: Any) -> list[str] | None:
    """Labels as text (N,) or (N, 1), None if they are anything else.

    Raises:
        InputError: some labels are text, and some are not.
    """
    try:
        array = np.asarray(y)
    except (TypeError, ValueError):
        return None
    if array.ndim > 1 and array.shape != (len(array), 1):
        return None
    labels = array.reshape(-1).tolist() if array.dtype.kind in "USO" else []
    if not any(isinstance(label, str | bytes) for label in labels):
        return None
    for row, label in enumerate(labels):
        if not isinstance(label, str | bytes):
            raise InputError(
                f"labels must all be texts, or all be numbers; got {label!r} at row {row} beside texts. "
                "Drop that row, or name its class."
            )
    return [label.decode("utf-8", "replace") if isinstance(label, bytes) else label for label in labels]


def numbered(texts: Sequence[str], classes: Sequence[str]) -> NDArray[np.int64]:
    """The class number of each text. Shapes: → (N,).

    Raises:
        InputError: no class names are known, or a text is none of them.
    """
    if not classes:
        raise InputError(
            f"y must hold class numbers, for this network knows no class names; got {texts[0]!r}. "
            "Turn names into numbers 0…K−1, or fit it with names first."
        )
    number = {name: index for index, name in enumerate(classes)}
    for row, text in enumerate(texts):
        if text not in number:
            raise InputError(
                f"labels must be among the classes {', '.join(classes[:10])}{', …' * (len(classes) > 10)}; "
                f"got {text!r} at row {row}. Fix the row, or make a network with as many outputs as classes."
            )
    return np.array([number[text] for text in texts], np.int64)


def in_class_order(y: Any, classes: Sequence[str]) -> Any:
    """A frame of label columns in the order of the classes, if they are its columns; else what was given."""
    columns = columns_of(y)
    same = set(columns) == set(classes) and len(columns) == len(classes)
    return y[list(classes)] if same and columns != tuple(classes) else y
