"""How fast training is here, beside the machine's own matrix product, and how long its code takes to make."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from chainrule.engines.base import Engine, Examples, Task, Trainer, available_threads
from chainrule.engines.reference import blas_threads, first_moments
from chainrule.equations.optimizers import sgd
from chainrule.equations.penalty import Penalty
from chainrule.network import Network
from chainrule.types import Params

if TYPE_CHECKING:
    from chainrule.engines.llvm.engine import LlvmEngine


class Case(NamedTuple):
    """A training whose speed is measured: widths, mini-batch, and rows of data."""

    layers: tuple[int, ...]
    batch_size: int
    rows: int


SMALL, LARGE = Case((784, 30, 10), 10, 10_000), Case((784, 512, 512, 10), 128, 2048)

RATE_SECONDS, PRODUCT_SECONDS = 0.45, 0.06
"""How long a training, and one shape of matrix product, is measured."""

SHAPES = ((128, 784, 512), (512, 512, 512), (1024, 1024, 1024))
"""Matrix products (rows, inner, columns) of which the machine's best counts."""


class Compilation(NamedTuple):
    """Seconds until the code of a training can run: newly compiled, and from the cache."""

    first: float
    cached: float


class Peak(NamedTuple):
    """NumPy's best matrix product in float32, in GFLOP/s: by one thread, and by all."""

    one: float
    all: float


class Rate(NamedTuple):
    """A training's speed; ``share`` is of the matrix product by as many threads."""

    layers: tuple[int, ...]
    batch_size: int
    ways: tuple[int, ...]
    threads: int
    steps_per_second: float
    gflops: float
    share: float


class Speed(NamedTuple):
    """The speed of the machine's matrix product, and of training."""

    peak: Peak
    training: tuple[Rate, ...]


def compilation(engine: LlvmEngine) -> Compilation:
    """How long the code of the measured trainings takes: compiled in an empty folder, then read again.

    As in training, code is found again by its key, and need not be written to be found.
    """
    from chainrule.engines.llvm.machine.compiler import compile_text  # where there is llvmlite
    from chainrule.engines.llvm.programs.build import recipe_of, training_code

    task, shape = _task(_network(SMALL.layers), SMALL.batch_size), engine.target.shape("float32")
    recipe = recipe_of(task, SMALL.layers[-1], shape, shape.item_size)
    seconds = []
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(2):
            started = time.perf_counter()
            key, text = training_code(shape, recipe)
            compile_text(text, key, engine.target, Path(folder))
            seconds.append(time.perf_counter() - started)
    return Compilation(*seconds)


def matrix_product(threads: int | None = None) -> Peak:
    """NumPy's best matrix product, by one thread and by all of them."""
    from threadpoolctl import threadpool_limits

    best = []
    for limit in (1, threads):
        with threadpool_limits(limit, "blas"):
            best.append(max(_product_rate(*shape) for shape in SHAPES))
    return Peak(best[0], max(best))


def _product_rate(n: int, k: int, m: int) -> float:
    rng = np.random.default_rng(0)
    A, B = rng.random((n, k), np.float32), rng.random((k, m), np.float32)
    out = np.empty((n, m), np.float32)
    seconds = min(_repeated(lambda: np.matmul(A, B, out=out), PRODUCT_SECONDS))
    return 2e-9 * n * k * m / seconds


def rate(engine: Engine, case: Case, peak: Peak) -> Rate:
    """The best speed of training by plain gradient descent in float32, epoch after epoch."""
    layers, batch_size, rows = case
    network, rng = _network(layers), np.random.default_rng(0)
    X, labels = rng.random((rows, layers[0]), np.float32), rng.integers(layers[-1], size=rows)
    trainer = trainer_of(engine, network, network.params, X, labels, batch_size)
    order, etas = rng.permutation(rows), np.full(rows // batch_size, 0.01)
    seconds = min(_repeated(lambda: trainer.take(order, 0, etas, None), RATE_SECONDS)) / len(etas)
    pace = getattr(trainer, "pace", None)
    of_blas = 1 if blas_threads(layers, batch_size) is not nullcontext else available_threads()
    ways, threads = (pace.ways, pace.best) if pace else ((of_blas,), of_blas)
    gflops = 1e-9 * operations(layers, batch_size) / seconds
    share = gflops / (peak.one if threads == 1 else peak.all)
    return Rate(tuple(layers), batch_size, ways, threads, 1 / seconds, gflops, share)


def operations(layers: Sequence[int], batch_size: int) -> int:
    """Operations in the matrix products of one step: three a layer (F1, B2, B3), no B2 for the first."""
    products = (n * m * (3 if L else 2) for L, (n, m) in enumerate(pairwise(layers)))
    return 2 * batch_size * sum(products)


def _repeated(do: Callable[[], Any], seconds: float) -> Iterator[float]:
    """How long each of many turns took; the first one, which warms up, does not count."""
    do()
    end, turns = time.perf_counter() + seconds, 0
    while turns < 2 or time.perf_counter() < end:
        started = time.perf_counter()
        do()
        yield time.perf_counter() - started
        turns += 1


def _network(layers: Sequence[int]) -> Network:
    return Network(layers, seed=0, dtype="float32", initializer="xavier")


def _task(network: Network, batch_size: int) -> Task:
    return Task(network.architecture, sgd(), Penalty(), 0.0, 0.0, batch_size)


def trainer_of(
    engine: Engine, network: Network, params: Params, X: NDArray[Any], labels: NDArray[Any], batch_size: int
) -> Trainer:
    """A trainer by plain gradient descent, from class numbers."""
    task = _task(network, batch_size)
    Y = np.eye(network.layers[-1], dtype=X.dtype)[labels]
    examples = Examples(X, Y, np.ones(len(X), X.dtype))
    return engine.trainer(task, params, first_moments(task.optimizer, params), examples)
