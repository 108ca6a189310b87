"""From a file's labels to class numbers."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from chainrule.datasets.tables.raw import Array, Raw
from chainrule.errors import DataError

Encoded = tuple[Array, tuple[str, ...]]

_WHOLE = re.compile(r"[+-]?(0|[1-9][0-9]*)(\.0*)?")


def encode(raw: Raw, classes: Sequence[str] | None) -> Encoded:
    """Return ``(y, classes)`` of a file's labels.

    With ``classes`` (a trained model's) every label must be one of them. Without, they are the file's own
    names or else the distinct labels in order: by value if all are whole numbers, otherwise by text.

    Raises:
        DataError: a label is not one of the classes; the message names its line or row.
    """
    labels = raw.labels
    known = tuple(classes) if classes is not None else None
    if isinstance(labels, list):
        return _encode_texts(raw, labels, known or raw.classes)
    assert labels is not None
    if labels.ndim == 2:
        return _encode_rows(raw, labels, known)
    if raw.classes is not None and known not in (None, raw.classes):
        numbers, names = _encode_numbers(raw, labels, raw.classes)
        return _encode_texts(raw, [names[number] for number in numbers], known)
    return _encode_numbers(raw, labels, known or raw.classes)


def _encode_texts(raw: Raw, labels: list[str], classes: tuple[str, ...] | None) -> Encoded:
    spelling = _spelling(labels)
    names = in_order(set(spelling.values())) if classes is None else classes
    number = {name: index for index, name in enumerate(names)}
    table = {text: number.get(text, number.get(_whole(text) or text, -1)) for text in spelling}
    y = np.fromiter((table[text] for text in labels), np.int64, len(labels))
    if (y < 0).any():
        row = int(np.argmax(y < 0))
        raise _unknown_label(raw, row, labels[row], names)
    return y, names


def _encode_numbers(raw: Raw, labels: Array, classes: tuple[str, ...] | None) -> Encoded:
    if classes is None:
        values, y = np.unique(labels, return_inverse=True)
        return y.astype(np.int64), tuple(str(value) for value in values)
    whole = [_whole(name) for name in classes]
    value_of = np.array([int(name or 0) for name in whole] if all(whole) else range(len(classes)))
    hit = labels[:, None] == value_of[None, :]
    if not hit.any(axis=1).all():
        row = int(np.argmin(hit.any(axis=1)))
        raise _unknown_label(raw, row, labels[row], classes)
    return hit.argmax(axis=1).astype(np.int64), classes


def _encode_rows(raw: Raw, rows: Array, classes: tuple[str, ...] | None) -> Encoded:
    own = raw.classes
    names = classes or own or tuple(str(number) for number in range(rows.shape[1]))
    if own is not None and classes is not None and set(own) != set(classes):
        raise raw.error(
            f"labels must be the classes {_listed(classes)}; got {_listed(own)}. "
            "Choose the label columns that the model was trained with."
        )
    if own is not None and classes is not None:
        rows = rows[:, [own.index(name) for name in classes]]
    return rows, names


def _unknown_label(raw: Raw, row: int, label: object, classes: Sequence[str]) -> DataError:
    shown = str(label)
    return raw.error(
        f"labels must be one of the classes {_listed(classes)}; got {shown!r} on {raw.place(row)}. "
        "Fix that label, or drop the sample."
    )


def _listed(names: Sequence[str], most: int = 12) -> str:
    more = f", ... ({len(names)} in all)" if len(names) > most else ""
    return ", ".join(names[:most]) + more


def _whole(text: str) -> str | None:
    """Return the plain spelling of a whole number ("+1", "1." and "1.0" are "1"), None for other text."""
    return str(int(text.partition(".")[0])) if len(text) < 4000 and _WHOLE.fullmatch(text) else None


def _spelling(texts: list[str]) -> dict[str, str]:
    """Map each label to its class name: plain spelling if all are whole numbers, otherwise as it stands."""
    plain = {text: _whole(text) for text in set(texts)}
    if None in plain.values():
        return {text: text for text in plain}
    return {text: str(name) for text, name in plain.items()}


def in_order(names: set[str]) -> tuple[str, ...]:
    """Class names in order: by value if all are whole numbers, otherwise by text."""
    if all(_whole(name) for name in names):
        return tuple(sorted(names, key=int))
    return tuple(sorted(names))
