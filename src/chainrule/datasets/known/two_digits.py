"""Pictures with two different handwritten digits and both labels: a multi-label problem, always available.

Test pictures are made from digits that no training picture contains.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from chainrule.datasets.dataset import Dataset
from chainrule.datasets.known import digits

HEIGHT, WIDTH = 10, 20
N_TRAIN, N_TEST = 8000, 2000

_SIDE = 8  # of a digit
_PLACES = 3  # a digit moves by 0, 1 or 2 pixels in its half of 10 x 10

Indices = npt.NDArray[np.int64]


def load() -> tuple[Dataset, Dataset]:
    """Return (train, test), 8,000 and 2,000 pictures of 10 x 20, always the same ones; pixels are 0...1."""
    train, test = digits.load()
    return paste(train, N_TRAIN, seed=1), paste(test, N_TEST, seed=2)


def paste(source: Dataset, n_pictures: int, seed: int) -> Dataset:
    """Return pictures of two different digits of ``source``, one in each half, each moved a little."""
    random = np.random.RandomState(seed)  # unlike Generator's, its numbers never change between versions
    left, right = _two_different(random, source.y, n_pictures)
    canvas = np.zeros((n_pictures, HEIGHT, WIDTH), np.float32)
    for half, chosen in enumerate((left, right)):
        corners = _whole(random, _PLACES, (n_pictures, 2))
        corners[:, 1] += half * WIDTH // 2
        _put(canvas, source.X[chosen], corners)
    y = np.zeros((n_pictures, source.n_classes), np.uint8)
    rows = np.arange(n_pictures)
    y[rows, source.y[left]] = y[rows, source.y[right]] = 1
    return Dataset(
        canvas.reshape(n_pictures, -1),
        y,
        source.classes,
        shape=(HEIGHT, WIDTH),
        scaling=source.scaling,
        name="two-digits",
        part=source.part,
    )


def _two_different(random: np.random.RandomState, y: Indices, n: int) -> tuple[Indices, Indices]:
    """Return the rows of n pairs of samples; those of equal class are drawn again."""
    first, second = _whole(random, len(y), n), _whole(random, len(y), n)
    while (equal := np.flatnonzero(y[first] == y[second])).size:
        second[equal] = _whole(random, len(y), equal.size)
    return first, second


def _put(canvas: npt.NDArray[np.float32], samples: npt.NDArray[np.float32], corners: Indices) -> None:
    for picture, sample, (top, left) in zip(canvas, samples, corners, strict=True):
        picture[top : top + _SIDE, left : left + _SIDE] = sample.reshape(_SIDE, _SIDE)


def _whole(random: np.random.RandomState, below: int, size: int | tuple[int, int]) -> Indices:
    return random.randint(0, below, size, dtype=np.int64)
