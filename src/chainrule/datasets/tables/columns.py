"""Which columns of a table are meant: by name, by position, or a model's features."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from chainrule.datasets.preparing.notation import PLAIN, plain_number, shape_of
from chainrule.errors import DataError, InputError, did_you_mean

Target = str | int | Sequence[str | int] | None


@dataclass(frozen=True)
class Columns:
    """The layout of a table.

    Attributes:
        names: the header, or None for a table without one.
        width: the number of cells on a line.
        features: positions of the feature columns, in the order in which they are wanted.
        targets: positions of the label columns.
    """

    names: tuple[str, ...] | None
    width: int
    features: tuple[int, ...]
    targets: tuple[int, ...]

    def label(self, position: int) -> str:
        """Return ``column 'age'``, or ``column 3`` (counted from 1) without a header."""
        return f"column {position + 1}" if self.names is None else f"column {self.names[position]!r}"

    def named(self, positions: Sequence[int]) -> tuple[str, ...] | None:
        """Return the names of some columns, None without a header."""
        return None if self.names is None else tuple(self.names[position] for position in positions)


def is_number(cell: str) -> bool:
    """Return whether a cell is written as a number, finite or not."""
    return plain_number(cell) is not None


def is_finite(cell: str) -> bool:
    """Return whether a cell is a finite number, in any notation; "nan" and "inf" are not."""
    value = plain_number(cell)
    return shape_of(cell) is not None if value is None else math.isfinite(value)


def is_gap(cell: str) -> bool:
    """Return whether a cell is one of the usual signs for a missing value."""
    return PLAIN.is_gap(cell)


def is_text(cell: str) -> bool:
    """Return whether a cell is neither a number, in any notation, nor a missing value."""
    return not is_number(cell) and not is_gap(cell) and shape_of(cell) is None


def target_list(target: Target, names: Sequence[str]) -> list[str | int]:
    """Return ``target`` as a list; a text with commas is several names unless a column is called so."""
    if target is None:
        return []
    if isinstance(target, str):
        whole = target.strip() in names or "," not in target
        return [target.strip()] if whole else [part.strip() for part in target.split(",")]
    if isinstance(target, int):
        return [target]
    if not isinstance(target, Sequence) or not all(isinstance(one, str | int) for one in target):
        raise InputError(
            f"target must be a column's name, its position, or a tuple of these; got {target!r}. "
            "Pass for example target='species' or target=0."
        )
    return list(target)


def target_positions(target: Target, names: Sequence[str] | None, width: int) -> tuple[int, ...]:
    """Return the positions of the label columns; None means the last column.

    A target is a name or a position: 0 is the first column, -1 the last.

    Raises:
        DataError: there is no such column, or one is named twice.
    """
    if target is None:
        return (width - 1,)
    positions = tuple(_position(one, names, width) for one in target_list(target, names or ()))
    if len(set(positions)) < len(positions) or not positions:
        raise DataError(f"target must name distinct columns; got {target!r}. Name each label column once.")
    return positions


def _position(target: str | int, names: Sequence[str] | None, width: int) -> int:
    if names is not None and target in names:
        return names.index(str(target))
    try:
        position = int(target)
    except ValueError:
        position = width
    if -width <= position < width:
        return position % width
    if names is None:
        raise DataError(
            f"target must be a position from 0 to {width - 1} (or -1 for the last column) in a table without "
            f"a header line; got {target!r}. Give a position, or write the names on the first line."
        )
    raise DataError(
        f"target must be one of the columns {', '.join(names)}; got {target!r}."
        f"{did_you_mean(str(target), names)} Name the column that holds the labels."
    )


def without(columns: Columns, drop: Sequence[str]) -> Columns:
    """Take columns out of the features.

    Raises:
        DataError: there is no such feature, or none is left.
    """
    if not drop:
        return columns
    if columns.names is None:
        raise DataError(
            f"columns can be named only in a table with a header line; got {', '.join(drop)}. Write one."
        )
    features = columns.named(columns.features) or ()
    for name in drop:
        if name not in features:
            raise DataError(
                f"a column must be one of the features {', '.join(features)}; got {name!r}."
                f"{did_you_mean(name, features)} Check the spelling."
            )
    left = tuple(place for place in columns.features if columns.names[place] not in drop)
    if not left:
        raise DataError("a table must keep a feature; got all of them to be dropped. Keep one.")
    return replace(columns, features=left)


def name_list(what: str, names: str | Sequence[str]) -> tuple[str, ...]:
    """Names as a tuple; a text with commas is several."""
    parts = names.split(",") if isinstance(names, str) else names
    if not isinstance(parts, Sequence) or not all(isinstance(name, str) for name in parts):
        raise InputError(
            f"{what} must be names of columns; got {names!r}. Pass for example {what}='city,sex'."
        )
    return tuple(name.strip() for name in parts if name.strip())


def pick_features(wanted: Sequence[str], names: Sequence[str]) -> tuple[int, ...]:
    """Return the positions of a model's features in a header, in the model's order; others are ignored.

    Raises:
        DataError: a feature is missing.
    """
    position = {name: index for index, name in enumerate(names)}
    missing = [name for name in wanted if name not in position]
    if missing:
        raise DataError(
            f"a sample must have the model's features; {', '.join(map(repr, missing[:5]))} not found among "
            f"{', '.join(names)}.{did_you_mean(missing[0], names)} Add or rename the column."
        )
    return tuple(position[name] for name in wanted)


def check_width(width: int, n_features: int) -> None:
    """Check that samples without labels have as many columns as the model has features."""
    if width == n_features:
        return
    remedy = (
        "Drop the label column: prediction takes the features alone."
        if width == n_features + 1
        else "Pass the columns that the model was trained with."
    )
    raise DataError(f"a sample must have the model's {n_features} features; got {width} columns. {remedy}")
