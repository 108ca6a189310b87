"""The machine's own matrix product: what no engine can pass by much."""

from __future__ import annotations

from time import perf_counter

import numpy as np

SHAPES = ((1024, 1024, 1024), (2048, 2048, 2048), (4096, 2048, 512))


def matmul_rates() -> list[float]:
    """GFLOP/s of float32 products of several large shapes, by NumPy's BLAS on the threads it has here."""
    rng = np.random.default_rng(0)
    rates = []
    for n, k, m in SHAPES:
        A, B = rng.random((n, k), np.float32), rng.random((k, m), np.float32)
        C = A @ B  # the first use of C's memory is not timed
        start = perf_counter()
        np.matmul(A, B, out=C)
        rates.append(2e-9 * n * k * m / (perf_counter() - start))
    return rates
