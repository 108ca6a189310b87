"""What is trained, and the arithmetic it takes."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

OPTIMIZERS = ("sgd", "adam")


class Workload(NamedTuple):
    """One network, its mini-batch, and the data it is trained on."""

    name: str
    layers: tuple[int, ...]
    batch: int
    data: str
    """"pictures" (784 features, 10 classes) or "rows" (54 features, 7 classes)."""
    rows: int
    sgd: float
    """Learning rate of plain gradient descent, small enough that rounding does not decide where it ends."""
    adam: float = 0.001

    def learning_rate(self, optimizer: str) -> float:
        """The learning rate of an optimiser."""
        return self.sgd if optimizer == "sgd" else self.adam


WORKLOADS = (
    Workload("W1", (784, 30, 10), 10, "pictures", 60_000, 0.5),
    Workload("W2", (784, 128, 10), 32, "pictures", 60_000, 0.5),
    Workload("W3", (784, 512, 512, 10), 128, "pictures", 60_000, 0.3),
    Workload("W4", (784, 2048, 2048, 10), 256, "pictures", 6_144, 0.02),
    Workload("W5", (54, 64, 64, 7), 64, "rows", 200_000, 0.5),
)
PREDICTED = ("W1", "W3")


def training_flops(layers: Sequence[int], samples: int) -> int:
    """Additions and multiplications of the matrix products of one pass over the samples.

    Every layer has z = a W^T (Eq. F1) and dW = δ^T a (Eq. B3); all but the first have δ W (Eq. B2).
    """
    products = [n * m for n, m in pairwise(layers)]
    return 2 * samples * (2 * products[0] + 3 * sum(products[1:]))


def prediction_flops(layers: Sequence[int], samples: int) -> int:
    """The same of one forward pass: z = a W^T in every layer."""
    return 2 * samples * sum(n * m for n, m in pairwise(layers))
