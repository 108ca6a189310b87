"""The machine's own matrix product, by the best library there is: what no engine can pass by much.

NumPy's BLAS does not know every processor: on some it uses vectors of half the width.
"""

from __future__ import annotations

from collections.abc import Callable
from time import perf_counter

import numpy as np
from numpy.typing import NDArray

Multiply = Callable[[NDArray[np.float32], NDArray[np.float32]], Callable[[], object]]
"""From two matrices to what multiplies them and waits for the result."""

SHAPES = ((1024, 1024, 1024), (2048, 2048, 2048), (4096, 2048, 512))


def matmul_rates(multiply: Multiply) -> list[float]:
    """GFLOP/s of float32 products of several large shapes, on the threads the library has here."""
    rng = np.random.default_rng(0)
    rates = []
    for n, k, m in SHAPES:
        A, B = rng.random((n, k), np.float32), rng.random((k, m), np.float32)
        product = multiply(A, B)
        product()  # the first use of the result's memory is not timed
        seconds = []
        for _ in range(3):
            start = perf_counter()
            product()
            seconds.append(perf_counter() - start)
        rates.append(2e-9 * n * k * m / min(seconds))
    return rates
