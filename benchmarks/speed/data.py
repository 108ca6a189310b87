"""The data every competitor reads: float32 arrays in files, written once a run."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

TEST_ROWS = 10_000


class Samples(NamedTuple):
    """X (N, n_0) float32 and class numbers y (N,) int64."""

    X: NDArray[np.float32]
    y: NDArray[np.int64]


class Source(NamedTuple):
    """Samples to train on, samples to score by, and where they come from."""

    train: Samples
    test: Samples
    origin: str


def pictures(name: str) -> Source:
    """MNIST or Fashion-MNIST where found; else the bundled digits, enlarged and repeated."""
    from chainrule import datasets
    from chainrule.errors import DataError

    for found in ("mnist", "fashion-mnist") if name == "auto" else (name,):
        if found == "digits":
            break
        try:
            parts = datasets.load(found)
        except DataError:
            if name != "auto":
                raise
        else:
            train, test = (Samples(part.X.astype(np.float32), part.y.astype(np.int64)) for part in parts)
            return Source(train, test, found)
    return digits()


def digits() -> Source:
    """The 8 x 8 digits of scikit-learn at 28 x 28, repeated to as many as MNIST has."""
    from chainrule import datasets

    train, test = (
        _enlarged(part.X, part.y, n)
        for part, n in zip(datasets.load("digits"), (60_000, TEST_ROWS), strict=True)
    )
    return Source(train, test, "the bundled digits, enlarged to 28 x 28 and repeated")


def _enlarged(X: NDArray[Any], y: NDArray[Any], n: int) -> Samples:
    side = np.arange(28) * 8 // 28
    rows = np.arange(n) % len(X)
    large = X.reshape(-1, 8, 8)[:, side][:, :, side].reshape(len(X), -1).astype(np.float32)
    return Samples(large[rows], y.astype(np.int64)[rows])


def rows(n: int = 200_000) -> Source:
    """Rows of 54 features in 7 classes, as a random network and some noise name them."""
    rng = np.random.default_rng(0)
    A, B = rng.standard_normal((54, 40)) / 7, rng.standard_normal((40, 7))
    X = rng.standard_normal((n + TEST_ROWS, 54)).astype(np.float32)
    scores = np.tanh(X @ A) @ B + 0.5 * rng.standard_normal((len(X), 7))
    y = scores.argmax(axis=1)
    return Source(Samples(X[:n], y[:n]), Samples(X[n:], y[n:]), "synthetic rows")


def first(source: Source, n: int) -> Source:
    """The same source with ``n`` samples at most in each part."""
    train, test = (Samples(part.X[:n], part.y[:n]) for part in source[:2])
    return Source(train, test, source.origin)


def write(folder: Path, name: str, source: Source) -> None:
    """Write the arrays of a source to ``folder``."""
    for part, samples in (("train", source.train), ("test", source.test)):
        np.save(folder / f"{name}-{part}-X.npy", samples.X)
        np.save(folder / f"{name}-{part}-y.npy", samples.y)


def read(folder: Path, name: str, part: str, n: int | None = None) -> Samples:
    """Read the first ``n`` samples, into memory."""
    X, y = (_load(folder / f"{name}-{part}-{array}.npy", n) for array in "Xy")
    return Samples(X, y)


def _load(path: Path, n: int | None) -> NDArray[Any]:
    """The first rows; the others are not even mapped, for peak memory is measured."""
    mapped = np.load(path, mmap_mode="r")
    return np.load(path) if n is None or n >= len(mapped) else np.array(mapped[:n])


def initial_parameters(layers: Sequence[int], seed: int = 0) -> list[tuple[NDArray[Any], NDArray[Any]]]:
    """The (W, b) that everybody starts from: N(0, 1/n_in) weights, (n_L, n_{L-1}), and biases 0."""
    rng = np.random.default_rng(seed)
    return [
        ((rng.standard_normal((m, n)) / np.sqrt(n)).astype(np.float32), np.zeros(m, np.float32))
        for n, m in pairwise(layers)
    ]


def epoch_order(seed: int, epoch: int, n: int) -> NDArray[np.intp]:
    """The order of the samples in one epoch, that of `Network.fit`: so all see the same mini-batches."""
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(epoch, 0))).permutation(n)
