"""Whether a table's first line is a header, and what its columns are for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from chainrule.datasets.tables.columns import (
    Columns,
    Target,
    check_width,
    is_finite,
    is_text,
    pick_features,
    target_list,
    target_positions,
)
from chainrule.errors import DataError


def check_header(cells: Sequence[str]) -> tuple[str, ...]:
    """Return the column names of a header line.

    Raises:
        DataError: a column has no name, or two have the same.
    """
    names = tuple(cell.strip() for cell in cells)
    if "" in names:
        raise DataError(
            f"every column must have a name; column {names.index('') + 1} of the header has none. "
            "Name it, or drop it if it only counts the rows."
        )
    name, times = Counter(names).most_common(1)[0]
    if times > 1:
        raise DataError(
            f"column names must be distinct; {name!r} occurs {times} times in the header. Rename or drop one."
        )
    return names


def labelled_columns(
    first: Sequence[str], target: Target, features: Sequence[str] | None, classes: Sequence[str] | None
) -> Columns:
    """Return the layout of a table with labels, from its first line and what is known of the model."""
    width = len(first)
    if width < 2:
        raise DataError(
            "a table must have at least a feature column and a label column; got 1 column. "
            "Check the file and what separates its cells: commas, semicolons or tabs."
        )
    names = check_header(first) if _is_header(first, target, features) else None
    return columns_of(names, width, target, features, classes)


def columns_of(
    names: tuple[str, ...] | None,
    width: int,
    target: Target,
    features: Sequence[str] | None,
    classes: Sequence[str] | None,
) -> Columns:
    """Return the layout of a table with labels, from its header and what is known of the model."""
    targets = _targets(target, names, width, features, classes)
    others = tuple(position for position in range(width) if position not in targets)
    chosen = pick_features(features, names) if features and names else others
    if not others or set(chosen) & set(targets):
        raise DataError(
            "a label column must not be a feature too; got no column left for features, or one for both. "
            "Name other target columns."
        )
    if features and len(chosen) != len(features):
        raise DataError(
            f"a sample must have the model's {len(features)} features; got {len(others)} columns beside "
            "the label. Pass the columns that the model was trained with."
        )
    return Columns(names, width, chosen, targets)


def unlabelled_columns(
    first: Sequence[str], n_features: int, features: Sequence[str] | None, ignore: Sequence[str]
) -> Columns:
    """Return the layout of a table for prediction: by name if it has a header, otherwise by width."""
    width, cells = len(first), [cell.strip() for cell in first]
    named = features is not None and set(features) <= set(cells)
    if not named and not _reads_like_names(cells[:n_features]):
        check_width(width, n_features)
        return Columns(None, width, tuple(range(width)), ())
    names = check_header(first)
    if features is not None:
        return Columns(names, width, pick_features(features, names), ())
    chosen = tuple(position for position, name in enumerate(names) if name not in ignore)
    check_width(len(chosen), n_features)
    return Columns(names, width, chosen, ())


def _is_header(first: Sequence[str], target: Target, features: Sequence[str] | None) -> bool:
    cells = [cell.strip() for cell in first]
    wanted = target_list(target, cells)
    if (features and set(features) <= set(cells)) or any(one in cells for one in wanted):
        return True
    labels = _positions(wanted, len(cells))
    return _reads_like_names([cell for position, cell in enumerate(cells) if position not in labels])


def _reads_like_names(cells: Sequence[str]) -> bool:
    """Return whether a cell is text, or none is a number: "Na" may be sodium as well as a gap."""
    return any(map(is_text, cells)) or not any(map(is_finite, cells))


def _positions(wanted: Sequence[str | int], width: int) -> tuple[int, ...]:
    """Return where the labels stand if there is no header: as far as positions say, else at the end."""
    positions = [int(one) for one in wanted if isinstance(one, int) or one.removeprefix("-").isdecimal()]
    return tuple(position % width for position in positions or [-1])


def _targets(
    target: Target,
    names: Sequence[str] | None,
    width: int,
    features: Sequence[str] | None,
    classes: Sequence[str] | None,
) -> tuple[int, ...]:
    """Return the label columns; without a target, guess by what a trained model knows."""
    if target is not None or names is None:
        return target_positions(target, names, width)
    if classes and len(classes) > 1 and set(classes) <= set(names):
        return tuple(names.index(name) for name in classes)
    if features is None or names[-1] not in features:
        return (width - 1,)
    others = tuple(position for position, name in enumerate(names) if name not in features)
    if len(others) != 1:
        raise DataError(
            f"the label column must be known; got a table whose last column {names[-1]!r} is a feature of "
            "the model. Pass target with the name of the label column."
        )
    return others
