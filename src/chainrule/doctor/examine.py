"""What runs here, whether it is right, and how fast it is: `examine` finds out in a few seconds."""

from __future__ import annotations

import os
import platform
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, cast

import numpy as np

from chainrule.about import VERSION
from chainrule.doctor.speed import (
    LARGE,
    SMALL,
    Compilation,
    Speed,
    compilation,
    matrix_product,
    rate,
    trainer_of,
)
from chainrule.engines.base import Engine, Unsupported, available_threads
from chainrule.engines.choice import Choice, choose
from chainrule.engines.reference import ReferenceEngine
from chainrule.errors import StorageError
from chainrule.files.places import cache_folder
from chainrule.files.signed import is_private
from chainrule.network import Network
from chainrule.types import ByLayer, Layer

if TYPE_CHECKING:
    from chainrule.engines.llvm.engine import LlvmEngine

LIMITS = {"float64": 1e-12, "float32": 1e-5}
"""How far a step may be from the reference, relative to the largest number of its array."""


class Compiler(NamedTuple):
    """The compiler, and the processor that it compiles for."""

    llvmlite: str
    llvm: str
    target: str
    vectors: str


class Blas(NamedTuple):
    """A loaded library of matrix products, the package that brought it, and its threads."""

    by: str
    name: str
    version: str
    architecture: str
    threads: int


class Cache(NamedTuple):
    """Where compiled code is kept."""

    path: str
    writable: bool
    files: int
    bytes: int


class Accuracy(NamedTuple):
    """How far one step of the engine is from the reference in float64."""

    dtype: str
    error: float
    limit: float

    @property
    def passed(self) -> bool:
        """Whether it is as near as rounding allows; NaN is not."""
        return self.error <= self.limit


class Report(NamedTuple):
    """All that `examine` finds. What does not apply to the reference engine is None."""

    engine: str
    reason: str
    threads: int
    vector_bits: int | None
    processor: str
    compiler: Compiler | None
    blas: tuple[Blas, ...]
    cache: Cache
    versions: dict[str, str]
    accuracy: tuple[Accuracy, ...]
    compilation: Compilation | None
    speed: Speed | None
    problem: str

    @property
    def passed(self) -> bool:
        """Whether the engine runs here and computes what the reference does."""
        return not self.problem and all(found.passed for found in self.accuracy)


def examine(engine: str = "auto", threads: int | None = None, stages: Callable[[str], Any] = str) -> Report:
    """Find out which engine runs here, whether it is right, and how fast it is.

    Args:
        engine: "auto", "llvm" or "reference".
        threads: the maximum number; None for the fastest number.
        stages: is told what is being looked at.

    Raises:
        InputError: the engine cannot run here.
    """
    stages("looking at the machine")
    chosen = choose(engine, threads)
    llvm = _llvm(chosen.engine)
    report = Report(
        engine=chosen.engine.name,
        reason=chosen.reason,
        threads=llvm.threads if llvm else available_threads(),
        vector_bits=8 * llvm.target.vector_bytes if llvm else None,
        processor=processor_name(),
        compiler=_compiler(llvm) if llvm else None,
        blas=loaded_blas(),
        cache=cache_state(),
        versions=_versions(),
        accuracy=(),
        compilation=None,
        speed=None,
        problem="",
    )
    try:
        return _measured(report, chosen, threads, stages)
    except Unsupported as reason:
        return report._replace(problem=str(reason))


def _measured(report: Report, chosen: Choice, threads: int | None, stages: Callable[[str], Any]) -> Report:
    llvm = _llvm(chosen.engine)
    if llvm:
        stages("compiling")
        report = report._replace(compilation=compilation(llvm))
        stages("comparing a step with the reference")
        together = choose(chosen.engine.name, report.threads).engine  # all threads, however small the step
        report = report._replace(accuracy=tuple(accuracy(together, dtype) for dtype in LIMITS))
    stages("measuring the speed")
    peak = matrix_product(threads)
    rates = tuple(rate(chosen.engine, step, peak) for step in (SMALL, LARGE))
    return report._replace(speed=Speed(peak, rates), cache=cache_state())


def processor_name() -> str:
    """The processor's name, where the system tells it."""
    path = Path("/proc/cpuinfo")
    lines = path.read_text(encoding="utf-8", errors="replace").splitlines() if path.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def loaded_blas() -> tuple[Blas, ...]:
    """Every BLAS in this process: NumPy and SciPy may each bring their own."""
    import scipy.linalg.blas  # noqa: F401  loads SciPy's
    from threadpoolctl import threadpool_info

    pools = [pool for pool in threadpool_info() if pool["user_api"] == "blas"]
    return tuple(sorted(map(_blas, pools)))


def _blas(pool: dict[str, Any]) -> Blas:
    places = Path(pool["filepath"]).parts
    by = next(
        (name for name in ("numpy", "scipy") if any(part.startswith(name) for part in places)), "system"
    )
    name, version, architecture = (
        pool.get(key) or "?" for key in ("internal_api", "version", "architecture")
    )
    return Blas(by, name, version, architecture, int(pool["num_threads"]))


def cache_state() -> Cache:
    """The folder of compiled code: whether it can be written to, and what it holds."""
    try:
        folder = cache_folder() / "code"
    except StorageError:  # no home folder
        return Cache("none", False, 0, 0)
    files = [path.stat().st_size for path in folder.glob("*.o")] if folder.is_dir() else []
    nearest = next(path for path in (folder, *folder.parents) if path.exists())
    usable = folder.is_absolute() and nearest.is_dir() and os.access(nearest, os.W_OK)
    usable = usable and (nearest != folder or is_private(folder))
    return Cache(str(folder), usable, len(files), sum(files))


def accuracy(engine: Engine, dtype: str) -> Accuracy:
    """One step on a small network of odd widths, compared with the reference in float64."""
    network = Network([19, 33, 17, 10], seed=1, dtype=dtype, initializer="xavier")
    rng = np.random.default_rng(0)
    X, labels = rng.random((9, 19)).astype(dtype), rng.integers(10, size=9)
    found = []
    for runs, kind in ((engine, network.dtype), (ReferenceEngine(), np.dtype(float))):
        params = ByLayer(Layer(*(theta.astype(kind) for theta in layer)) for layer in network.params)
        trainer = trainer_of(runs, network, params, X.astype(kind), labels, 9)
        trainer.take(np.arange(9), 0, np.array([0.5]), None)
        found.append([theta for layer in trainer.snapshot()() for theta in layer])
    errors = [abs(mine - right).max() / abs(right).max() for mine, right in zip(*found, strict=True)]
    return Accuracy(dtype, float(np.max(errors)), LIMITS[dtype])


def _llvm(engine: Engine) -> LlvmEngine | None:
    return cast("LlvmEngine", engine) if engine.name == "llvm" else None


def _compiler(engine: LlvmEngine) -> Compiler:
    from chainrule.engines.llvm.machine.compiler import versions  # where there is llvmlite

    return Compiler(*versions(), engine.target.name, engine.target.vectors)


def _versions() -> dict[str, str]:
    return {
        "chainrule": VERSION,
        "python": platform.python_version(),
        "numpy": np.__version__,
    }
