"""A table's column that says what each sample counts."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from chainrule.datasets.tables.raw import Array, Raw
from chainrule.errors import did_you_mean


def weights_apart(raw: Raw, column: str) -> tuple[Raw, Array]:
    """Return the content without the column of weights, and the weights (N,).

    Raises:
        DataError: there is no such column beside the labels, or a weight that is not a number of 0 or more.
    """
    names = raw.features or ()
    if column not in names:
        raise raw.error(
            "the column of weights must be one of the columns beside the labels, "
            f"{', '.join(names) or 'none'}; got {column!r}.{did_you_mean(column, names)} If it "
            "stands last, name the label column with --target (target= in Python)."
        )
    j = names.index(column)
    weights = raw.X[:, j].astype(np.float64)
    if raw.words is not None and raw.words[j] is not None:
        raise raw.error(f"the column of weights must hold numbers; {column!r} holds words. Name another.")
    good = np.isfinite(weights) & (weights >= 0)
    if not good.all():
        row = int(np.argmin(good))
        raise raw.error(
            f"weights must be numbers of 0 or more; got {weights[row]:g} in column {column!r} on "
            f"{raw.place(row)}. Fix that line."
        )
    if not weights.any():
        raise raw.error(f"weights must not all be 0; those in column {column!r} are. Leave it out.")
    words = None if raw.words is None else raw.words[:j] + raw.words[j + 1 :]
    notations = None if raw.notations is None else raw.notations[:j] + raw.notations[j + 1 :]
    features = names[:j] + names[j + 1 :]
    rest = replace(raw, X=np.delete(raw.X, j, axis=1), features=features, words=words, notations=notations)
    return rest, weights
