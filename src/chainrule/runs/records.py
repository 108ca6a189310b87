"""What a run folder keeps for its report: gradient norms by layer, and what was predicted of the test part.

- ``gradients.jsonl``: a line at the start and after an epoch, with ‖∂J/∂W^L‖ and ‖W^L‖ of every layer
- ``predictions.npz``: truth, outputs, and the inputs of the most confident mistakes
"""

from __future__ import annotations

import io
import json
import os
import time
from collections.abc import Iterable
from contextlib import suppress
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from chainrule.engines.base import Examples
from chainrule.engines.reference import NUMPY, blas_threads
from chainrule.equations.network import Architecture, loss_and_gradients
from chainrule.errors import DataError, StorageError
from chainrule.evaluation import decide
from chainrule.files.atomic import atomic_write, storage_errors
from chainrule.history import EpochRecord
from chainrule.runs.written import NORMS, lines_of
from chainrule.training.data import as_examples
from chainrule.types import Params

if TYPE_CHECKING:
    from chainrule.datasets import Dataset
    from chainrule.evaluation import Evaluation
    from chainrule.network import Network

ROWS = 512
"""Training samples that gradients are taken of, at most; the same ones at every epoch."""

FREE_SECONDS, FREE_SHARE = 1.0, 0.03
"""Measuring may take the larger of so long and this share of the training; what is over is left out."""

MOST_NUMBERS = 1_000_000
"""Outputs kept for the report, at most."""

KEPT_MISTAKES = 30


class Norms(NamedTuple):
    """Frobenius norms of one epoch, layer by layer; None where one is not finite. Epoch 0 is the start."""

    epoch: int
    gradient: tuple[float | None, ...]
    weight: tuple[float | None, ...]


class GradientRecorder:
    """Called at each epoch's end, it adds ‖∂J/∂W^L‖ to ``gradients.jsonl``, by the reference equations.

    The gradient is that of the mean loss of at most 512 fixed training samples, without penalty and
    dropout. The first epoch's line comes after the line of the parameters that training began with.
    """

    def __init__(self, network: Network, training: Dataset, folder: Path) -> None:
        self._network, self._training, self._start = network, training, network.params
        self._path = folder / "gradients.jsonl"
        self._part: Examples | None = None
        self._threads = blas_threads(network.layers, 1)  # its threads would wait for those that train
        self._spent = self._trained = 0.0

    def __call__(self, record: EpochRecord) -> None:
        """Add the line of an epoch, unless measuring has become dear beside training."""
        self._trained += record.seconds
        if self._spent > max(FREE_SECONDS, FREE_SHARE * self._trained):
            return
        started = time.perf_counter()
        with suppress(StorageError):  # a disk that refuses stops no training
            if self._part is None:
                self._part = examples(self._network, self._training)
                if not self._path.exists():  # a run that goes on has its start already
                    self._write(self._start, 0)
            self._write(self._network.params, record.epoch)
        self._spent += time.perf_counter() - started

    def _write(self, params: Params, epoch: int) -> None:
        assert self._part is not None
        with self._threads():
            found = norms(self._network.architecture, params, self._part, epoch)
        line = json.dumps(found._asdict()) + "\n"
        with storage_errors(self._path), self._path.open("a", encoding="utf-8") as file:
            file.write(line)


def examples(network: Network, training: Dataset) -> Examples:
    """The samples that gradients are taken of: at most 512, picked once and for all, each with weight 1/N."""
    rows = np.random.default_rng(0).permutation(len(training))[:ROWS]
    part = as_examples(network, training.subset(np.sort(rows)))
    return part._replace(X=part.X.astype(network.dtype), weight=part.weight / len(part.weight))


@np.errstate(over="ignore", invalid="ignore")
def norms(net: Architecture, params: Params, part: Examples, epoch: int) -> Norms:
    """‖∂J/∂W^L‖ (Eq. B1 to B3) and ‖W^L‖ for L = 1 … H, with J the weighted loss of ``part``."""
    gradients = loss_and_gradients(NUMPY, net, params, *part)[1]
    return Norms(epoch, tuple(map(_norm, gradients.dW)), tuple(_norm(layer.W) for layer in params))


def _norm(array: NDArray[Any]) -> float | None:
    found = float(np.linalg.norm(array.astype(np.float64)))
    return found if isfinite(found) else None


def read_norms(folder: Path) -> list[Norms]:
    """The lines of ``gradients.jsonl``, the last one of each epoch; none where there is no such file.

    Raises:
        DataError: a line is damaged.
    """
    path = folder / "gradients.jsonl"
    lines = lines_of(path, NORMS) if path.exists() else []
    if len({len(line[name]) for line in lines for name in ("gradient", "weight")}) > 1:
        raise DataError(
            f"{path} must hold as many norms in each line, one for each layer; it does not. "
            "Remove the file: the rest of the run can do without."
        )
    return by_epoch(Norms(one["epoch"], tuple(one["gradient"]), tuple(one["weight"])) for one in lines)


Line = TypeVar("Line", Norms, EpochRecord)


def by_epoch(lines: Iterable[Line]) -> list[Line]:
    """Of each epoch the last line: a run that went on may have written one twice."""
    found = {line.epoch: line for line in lines}
    return [found[epoch] for epoch in sorted(found)]


class Predictions(NamedTuple):
    """Truth and outputs of a test part, and the inputs of its most confident mistakes.

    Shapes: y (N,) class numbers or (N, K) 0/1 rows; p (N, K); rows (M,), X (M, n_0).
    """

    y: NDArray[np.int64]
    p: NDArray[Any]
    checksum: str
    rows: NDArray[np.int64]
    X: NDArray[Any]


def predictions(network: Network, test: Dataset, evaluation: Evaluation) -> Predictions:
    """What ``network`` says of ``test``, whose evaluation is known."""
    p = network.predict_proba(test.X)
    rows = confident_mistakes(evaluation.y, p, network.multi_label)[:KEPT_MISTAKES]
    return Predictions(evaluation.y, p, test.checksum(), rows, test.X[rows])


def confident_mistakes(y: NDArray[np.int64], p: NDArray[Any], multi_label: bool) -> NDArray[np.int64]:
    """Rows predicted wrong, the surest first: by the probability of what was said in the place of the truth.

    Of several labels the one that is most wrong counts, |y − p|.
    """
    said = decide(p, multi_label)
    wrong = np.flatnonzero((said != y).any(axis=1) if multi_label else said != y)
    sure = np.abs(y - p).max(axis=1) if multi_label else p.max(axis=1)
    return wrong[np.argsort(-sure[wrong], kind="stable")]


def keep_predictions(folder: Path, network: Network, test: Dataset, evaluation: Evaluation) -> None:
    """Write ``predictions.npz``, unless there are very many.

    Raises:
        StorageError: the disk refused.
    """
    if len(test) * network.layers[-1] > MOST_NUMBERS:
        return
    found = predictions(network, test, evaluation)
    content = io.BytesIO()
    np.savez_compressed(content, **found._replace(p=found.p.astype(np.float32))._asdict())
    atomic_write(folder / "predictions.npz", content.getvalue())


def read_predictions(folder: str | os.PathLike[str]) -> Predictions | None:
    """What ``predictions.npz`` holds; None where there is no such file.

    Raises:
        DataError: it is damaged.
    """
    path = Path(folder) / "predictions.npz"
    if not path.exists():
        return None
    try:
        with np.load(path, allow_pickle=False) as file:
            found = Predictions(file["y"], file["p"], str(file["checksum"]), file["rows"], file["X"])
        _check(found)
        return found
    except Exception as error:
        raise DataError(
            f"{path} must be what training wrote; it cannot be read ({error}). "
            "Remove it, and it is made again from model and data if they are still there."
        ) from error


def _check(found: Predictions) -> None:
    """Compare the shapes and values of predictions with each other."""
    y, p, _, rows, X = found
    N, K = p.shape
    fits = (
        y.shape in ((N,), (N, K))
        and y.dtype.kind in "iu"
        and p.dtype.kind == "f"
        and rows.ndim == 1
        and rows.dtype.kind in "iu"
        and len(X) == len(rows)
        and X.dtype.kind in "fiu"
    )
    if not fits:
        shapes = ", ".join(
            f"{name} {array.shape} {array.dtype}"
            for name, array in zip(["y", "p", "rows", "X"], (y, p, rows, X), strict=True)
        )
        raise ValueError(f"its arrays do not go together: {shapes}")
    most = max(K, 2) if y.ndim == 1 else 2
    if y.size and not (y.min() >= 0 and y.max() < most):
        raise ValueError(f"y must be 0 to {most - 1}; it goes from {y.min()} to {y.max()}")
    if rows.size and not (rows.min() >= 0 and rows.max() < N):
        raise ValueError(f"rows must be 0 to {N - 1}; they go from {rows.min()} to {rows.max()}")
    if not (np.isfinite(p).all() and np.isfinite(X).all()):
        raise ValueError("p and X must be finite")
