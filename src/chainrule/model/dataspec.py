"""What a network's inputs and outputs stand for: remembered from the data it was trained on."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from chainrule.datasets import Dataset, Preprocessing, Scaling
from chainrule.datasets.streams.parquet_stream import ParquetStream


class DataSpec(NamedTuple):
    """Names and scaling of the training data.

    ``scaling`` is how the inputs were made from raw numbers; `Network` takes inputs already scaled, and
    the command line scales what it reads from files.
    """

    name: str
    classes: tuple[str, ...]
    features: tuple[str, ...] | None
    shape: tuple[int, int] | None
    scaling: Scaling
    target: str | None = None
    """Label column or columns of the training table, where they were named."""
    preprocessing: Preprocessing | None = None
    """How the raw numbers come from a table with gaps or categories."""
    label_type: str | None = None
    """NumPy's name of the type that class labels had, such as "int64", "bool" or "str"; None if unknown."""
    threshold: tuple[float, ...] | None = None
    """Probability above which each label is on, or of two classes the second is taken; None for ½."""

    @property
    def labels(self) -> NDArray[Any] | None:
        """The classes as the labels that they were, or None if their type is not known."""
        if self.label_type is None:
            return None
        if self.label_type == "bool":
            return np.array([name == "True" for name in self.classes])
        return np.array(self.classes).astype(self.label_type)

    @classmethod
    def of(cls, dataset: Dataset | ParquetStream) -> DataSpec:
        """The names and scaling of a data set."""
        return cls(
            dataset.name,
            dataset.classes,
            dataset.features,
            dataset.shape,
            dataset.scaling,
            preprocessing=dataset.preprocessing,
        )


def label_type(labels: NDArray[Any]) -> str | None:
    """NumPy's name of the type of class labels, if the names of the classes say all of them; else None."""
    plain = np.array(labels.tolist()) if labels.dtype.kind == "O" else labels
    name = "str" if plain.dtype.kind == "U" else plain.dtype.name
    return name if name in LABEL_TYPES else None


LABEL_TYPES = (
    *("bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"),
    *("float16", "float32", "float64", "str"),
)
