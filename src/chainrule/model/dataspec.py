"""What a network's inputs and outputs stand for: remembered from the data it was trained on."""

from __future__ import annotations

from typing import NamedTuple

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
