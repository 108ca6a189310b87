"""`load`: a data set by name or from a file, as a pair (train, test) that is ready for training."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from chainrule.datasets.dataset import Dataset
from chainrule.datasets.known import digits, mnist, two_digits
from chainrule.datasets.preparing.notation import as_marks
from chainrule.datasets.preparing.preprocessing import fit
from chainrule.datasets.preparing.scaling import Scaling
from chainrule.datasets.preparing.splitting import Seed, split_indices
from chainrule.datasets.tables.columns import Target, name_list
from chainrule.datasets.tables.labels import encode
from chainrule.datasets.tables.npz import has_test_part
from chainrule.datasets.tables.raw import Array, PathLike, Raw, about
from chainrule.datasets.tables.reading import dataset_of, read_for_training, read_raw
from chainrule.datasets.tables.row_numbers import check_features, check_labels
from chainrule.datasets.tables.weights import weights_apart
from chainrule.errors import DataError, InputError, did_you_mean

Pair = tuple[Dataset, Dataset]

_KNOWN: dict[str, Callable[[], Pair]] = {
    "digits": digits.load,
    "mnist": lambda: mnist.load(mnist.MNIST),
    "fashion-mnist": lambda: mnist.load(mnist.FASHION_MNIST),
    "two-digits": two_digits.load,
}


def names() -> tuple[str, ...]:
    """Return the names that `load` knows."""
    return tuple(_KNOWN)


def load(
    name: PathLike,
    *,
    target: Target = None,
    test_fraction: float | None = None,
    seed: Seed = None,
    categorical: str | Sequence[str] = (),
    drop: str | Sequence[str] = (),
    weight: str | None = None,
    decimal: str | None = None,
    thousands: str | None = None,
    missing: str | Sequence[str] | None = None,
) -> Pair:
    """Return ``(train, test)`` of a data set, scaled and ready for training.

    - ``digits``: 1,797 pictures of 8 x 8, bundled with scikit-learn.
    - ``mnist``, ``fashion-mnist``: 70,000 pictures of 28 x 28, found on this machine or downloaded once.
    - ``two-digits``: 10,000 pictures of two digits with both labels on, made from ``digits``.
    - a path: a file as `read` takes it. It is split 80/20 (``test_fraction``, ``seed``), unless it is an
      archive with its own x_test. Pixels are divided by 255; other numbers are standardised by the training
      part.

    Args:
        name: one of `names`, or the path of a file. A `pathlib.Path` is always a path.
        target: for a table, its label column or columns, as for `read`.
        test_fraction: for a file, the share of the test part; 0.2 unless given.
        seed: for a file, of the split; 0 unless given.
        categorical: for a table, names of columns that hold categories although they are numbers, or although
            they hold many different words.
        drop: for a table, names of columns to leave out.
        weight: for a table, the name of the column that says what each sample counts; it is no feature.
        decimal: for a table, the decimal mark, "." or ","; recognised unless given.
        thousands: for a table, what sets thousands apart: ".", ",", " ", "'" or "" for nothing; recognised
            unless given.
        missing: for a table, what stands for a missing value beside an empty cell, such as "NA,-999"; "" for
            nothing else. Unless given the usual signs do (NA, NaN, null, None, ?, -).

    A table may have gaps and columns of words: a `Preprocessing` is fitted on the training part, and both
    parts remember it.

    Raises:
        DataError: there is neither such a name nor such a file, or it cannot be read, found or downloaded.
        InputError: an argument that does not apply.
    """
    columns = {"categorical": name_list("categorical", categorical), "drop": name_list("drop", drop)}
    marks = as_marks(decimal, thousands, missing)
    if isinstance(name, str) and name in _KNOWN:
        named: dict[str, object] = {key: value or None for key, value in columns.items()}
        named |= {"weight": weight, **marks._asdict()}
        _refuse_file_arguments(name, target=target, test_fraction=test_fraction, seed=seed, **named)
        return _KNOWN[name]()
    path = Path(name)
    if not path.exists():
        raise _unknown(name)
    if path.suffix.lower() == ".npz" and has_test_part(path):
        _refuse_file_arguments(str(name), test_fraction=test_fraction, seed=seed, weight=weight)
        return _load_both_parts(path, target)
    raw = read_for_training(path, target=target, **columns, marks=marks)
    raw, weights = (raw, None) if weight is None else weights_apart(raw, weight)
    return split(raw, 0.2 if test_fraction is None else test_fraction, seed, weights)


def _unknown(name: PathLike) -> DataError:
    text = os.fspath(name)
    return DataError(
        f"a data set must be one of {', '.join(_KNOWN)}, or an existing file; got {text!r}."
        f"{did_you_mean(text, _KNOWN)} Check the spelling."
    )


def _refuse_file_arguments(name: str, **arguments: object) -> None:
    given = [f"{key}={value!r}" for key, value in arguments.items() if value is not None]
    if given:
        raise InputError(
            f"{', '.join(arguments)} must be left out for {name}, which has its own train and test parts; "
            f"got {', '.join(given)}. Load it without, and use split() for other parts."
        )


def split(raw: Raw, test_fraction: float, seed: Seed = 0, weights: Array | None = None) -> Pair:
    """Return a file's content as (train, test), prepared by what is learnt from the training part alone."""
    check_features(raw)
    if raw.words is None:
        whole = replace(dataset_of(raw), weight=weights)
        _check_classes(raw, whole)
        rest, held_out = whole.split(test_fraction, seed=0 if seed is None else seed)
        with about(raw.path):
            return _ready(rest, held_out, raw.scaling)
    y, _ = encode(raw, None)
    rows, held_rows = split_indices(y, test_fraction, 0 if seed is None else seed)
    with about(raw.path):
        preprocessing = fit(raw.features or (), raw.X[rows], raw.words, raw.notations)
    whole = replace(dataset_of(raw, preprocessing=preprocessing), weight=weights)
    _check_classes(raw, whole)
    rest, held_out = whole.subset(rows), whole.subset(held_rows)
    with about(raw.path):
        return _ready(rest, held_out, preprocessing.scaling(rest.X))


def _check_classes(raw: Raw, dataset: Dataset) -> None:
    """Check that labels are classes, unless the file itself names these."""
    if raw.classes is None and not dataset.multi_label:
        check_labels(raw, len(dataset), dataset.classes)


def _load_both_parts(path: Path, target: Target) -> Pair:
    raw = read_raw(path, target=target, part="train")
    train = dataset_of(raw)
    check_features(raw)
    _check_classes(raw, train)
    test = dataset_of(read_raw(path, target=target, part="test"), train.classes)
    return _ready(train, test, raw.scaling)


def _ready(train: Dataset, test: Dataset, scaling: Scaling | None) -> Pair:
    chosen = scaling or Scaling.standard(train.X)
    return replace(train.scaled(chosen), part="train"), replace(test.scaled(chosen), part="test")
