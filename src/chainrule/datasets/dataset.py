"""`Dataset`: samples, their labels, and what is known about both."""

from __future__ import annotations

import hashlib
import json
import operator
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from chainrule.datasets import validate
from chainrule.datasets.preparing.preprocessing import Preprocessing
from chainrule.datasets.preparing.scaling import Scaling
from chainrule.datasets.preparing.splitting import Seed, generator, split_indices
from chainrule.errors import InputError

Array = npt.NDArray[Any]


@dataclass(frozen=True, eq=False, repr=False)
class Dataset:
    """Samples on rows, with their labels.

    Attributes:
        X: the samples (N, n_0), finite; float32 once scaled, float64 while raw. Other kinds of numbers
            become float32.
        y: the class numbers 0...K-1, int64 of shape (N,); or, when a sample may have several labels, rows
            of 0 and 1, uint8 of shape (N, K).
        classes: the K class names.
        shape: rows and columns of a picture, when a sample is one.
        features: the n_0 column names, when they have names.
        scaling: how X came from the raw numbers.
        preprocessing: how the raw numbers came from a table with gaps or categories.
        weight: what each sample counts in training, float64 of shape (N,); None if all count alike.
        name: for people.
        part: "train", "test" or empty, for people.

    Raises:
        InputError: the parts do not fit together, X is not finite, or a label is not one of the classes.
            Rows and columns in its message count from 0, as in ``X[row, column]``.
    """

    X: Array
    y: Array
    classes: tuple[str, ...]
    shape: tuple[int, int] | None = None
    features: tuple[str, ...] | None = None
    scaling: Scaling = field(default_factory=Scaling.identity)
    name: str = ""
    part: str = ""
    preprocessing: Preprocessing | None = None
    weight: Array | None = None

    def __post_init__(self) -> None:
        features = None if self.features is None else validate.distinct_names("features", self.features)
        classes = validate.distinct_names("classes", self.classes)
        X = validate.samples(self.X, features)
        y = validate.labels(self.y, len(X), len(classes))
        validate.description(X.shape[1], self.shape, features, self.scaling)
        shape = None if self.shape is None else (int(self.shape[0]), int(self.shape[1]))
        weight = None if self.weight is None else validate.weights(self.weight, len(X))
        checked = {
            "X": X, "y": y, "classes": classes, "features": features, "shape": shape, "weight": weight,
        }  # fmt: skip
        for key, value in checked.items():
            object.__setattr__(self, key, value)

    def __len__(self) -> int:
        return len(self.X)

    def __repr__(self) -> str:
        title = " ".join(["Dataset", *([repr(self.name)] if self.name else [])])
        part = f" ({self.part})" if self.part else ""
        picture = f" ({self.shape[0]} x {self.shape[1]})" if self.shape else ""
        several = ", several to a sample" if self.multi_label and (self.y.sum(axis=1) != 1).any() else ""
        return (
            f"{title}{part}: {_count(len(self), 'sample')}, {_count(self.n_features, 'feature')}{picture}, "
            f"{_count(self.n_classes, 'class', 'classes')}{several}"
        )

    @property
    def n_features(self) -> int:
        """The width n_0 of a sample."""
        return int(self.X.shape[1])

    @property
    def n_classes(self) -> int:
        """The number K of classes."""
        return len(self.classes)

    @property
    def multi_label(self) -> bool:
        """Whether a sample may have several labels, or none: y is then (N, K)."""
        return self.y.ndim == 2

    def mini_batches(
        self, size: int, *, seed: Seed = None, shuffle: bool = True
    ) -> Iterator[tuple[Array, Array]]:
        """Return an iterator over pairs (X, y) of at most ``size`` samples; the last may be smaller.

        Every call shuffles again: in a new order with ``seed=None`` or a `numpy.random.Generator`, in the
        same order with the same integer. Without ``shuffle`` the samples come in their own order.

        Raises:
            InputError: ``size`` is not a whole number from 1 on, or the seed is invalid.
        """
        step = _batch_size(size)
        order = generator(seed).permutation(len(self)) if shuffle else None
        return self._batches(step, order)

    def _batches(self, step: int, order: Array | None) -> Iterator[tuple[Array, Array]]:
        for start in range(0, len(self), step):
            rows = slice(start, start + step) if order is None else order[start : start + step]
            yield self.X[rows], self.y[rows]

    def split(self, fraction: float, *, seed: Seed = 0) -> tuple[Dataset, Dataset]:
        """Return ``(rest, held_out)``, with the given fraction of the samples (rounded up) held out.

        Each class keeps its share in both parts (a stratified split), when each has at least two members
        and both parts have room for all classes; multi-label samples are split at random.

        Raises:
            InputError: the fraction is not between 0 and 1, or a part would be empty.
        """
        rest, held_out = split_indices(self.y, fraction, seed)
        return self.subset(rest), self.subset(held_out)

    def subset(self, indices: npt.ArrayLike) -> Dataset:
        """Return the samples at ``indices``: whole numbers (N',) or a mask of bools (N,).

        Raises:
            InputError: no sample is chosen, or one that is not there.
        """
        rows = validate.row_indices(indices, len(self))
        weight = None if self.weight is None else self.weight[rows]
        return replace(self, X=self.X[rows], y=self.y[rows], weight=weight)

    def scaled(self, scaling: Scaling) -> Dataset:
        """Return the same samples as float32, after ``scaling``, which the new data set remembers.

        Raises:
            InputError: the samples are scaled already, or the scaling has another number of columns.
        """
        if not self.scaling.is_identity:
            raise InputError(
                "only raw samples can be scaled; these were scaled already. "
                "Scale the data set that came from read()."
            )
        return replace(self, X=scaling(self.X), scaling=scaling)

    def pairs(self) -> list[tuple[Array, Array]]:
        """Return the samples as textbooks write them: columns x (n_0, 1) and y (K, 1), y of 0s and 1s."""
        rows = self.y if self.multi_label else np.eye(self.n_classes)[self.y]
        targets = rows.astype(self.X.dtype)
        return [(x[:, None], y[:, None]) for x, y in zip(self.X, targets, strict=True)]

    def checksum(self) -> str:
        """Return the SHA-256 of samples, labels, weights, shapes and names, the same on every machine."""
        facts = [self.X.shape, self.X.dtype.name, self.y.shape, self.y.dtype.name, self.shape, self.classes]
        digest = hashlib.sha256(json.dumps(facts).encode())
        for array in (self.X, self.y, *(() if self.weight is None else (self.weight,))):
            little_endian = array.dtype.newbyteorder("<")
            digest.update(np.ascontiguousarray(array, little_endian).data.cast("B"))
        return digest.hexdigest()


def _count(number: int, one: str, many: str = "") -> str:
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def _batch_size(size: object) -> int:
    try:
        step = 0 if isinstance(size, bool) else operator.index(size)  # type: ignore[arg-type]
    except TypeError:
        step = 0
    if step < 1:
        raise InputError(
            f"a mini-batch must hold a whole number of samples, 1 or more; got {size!r}. "
            "Pass for example size=32."
        )
    return step
