"""The numeric gradient check: how near right gradients come, and how small an error it finds.

    python benchmarks/gradient_check.py

First the largest relative error between backpropagation and differences, for every activation, output
head and precision, the worst of four penalties. Then one entry of [784, 30, 10] is put off by 1e-4.
"""

from __future__ import annotations

from time import perf_counter
from typing import Any

import numpy as np

from chainrule import Network, gradient_check
from chainrule.equations.activations import ACTIVATIONS
from chainrule.equations.heads import HEADS

PENALTIES = ((0.0, 0.0), (0.01, 0.0), (0.0, 0.1), (0.01, 0.1))
DTYPES = ("float64", "float32")
PLANTED = 1e-4


def samples(n_inputs: int, n_classes: int, N: int, seed: int) -> tuple[Any, Any]:
    """N random samples, half of their features 0, as pixels are."""
    rng = np.random.default_rng(seed)
    return np.clip(rng.standard_normal((N, n_inputs)), 0, None), rng.integers(0, n_classes, N)


def largest_error(activation: str, head: str, dtype: str) -> tuple[float, bool]:
    """The largest relative error of a [20, 15, 10, 5] network over all penalties; whether all passed."""
    network = Network([20, 15, 10, 5], hidden=activation, output=head, seed=0, dtype=dtype)
    X, y = samples(20, 5, 20, seed=0)
    reports = [gradient_check(network, X, y, l1=l1, l2=l2) for l1, l2 in PENALTIES]
    error = max(max(row.largest, row.directions) for report in reports for row in report.rows)
    return error, all(report.passed for report in reports)


def plant(L: int, field: str, seed: int) -> tuple[str, str, float]:
    """Put one middling entry off by PLANTED: where it was, what the check said, and the seconds it took."""
    network = Network([784, 30, 10], seed=seed)
    X, y = samples(784, 10, 20, seed)
    right = network.gradients(X, y)
    gradients: dict[str, list[Any]] = {"W": [g.copy() for g in right.dW], "b": [g.copy() for g in right.db]}
    g = gradients[field][L - 1]
    k = int(np.argsort(np.abs(g), axis=None)[g.size // 2])
    g.flat[k] *= 1 + PLANTED
    start = perf_counter()
    report = gradient_check(network, X, y, gradients=(gradients["W"], gradients["b"]))
    seconds = perf_counter() - start
    index = ", ".join(str(int(i)) for i in np.unravel_index(k, g.shape))
    found = f"{report.worst.place} {report.worst.relative_error:.2e} {report.worst.verdict}"
    return f"d{field}[{L}][{index}]", found, seconds


def main() -> None:
    """Print both tables."""
    columns = [(head, dtype) for head in HEADS for dtype in DTYPES]
    print("Largest relative error, [20, 15, 10, 5], 20 samples, the worst of four penalties (! not passed)")
    print(f"{'':<12}" + "".join(f"{f'{head} {dtype}':>20}" for head, dtype in columns))
    for activation in ACTIVATIONS:
        cells = []
        for head, dtype in columns:
            error, passed = largest_error(activation, head, dtype)
            cells.append(f"{error:.1e}{'' if passed else ' !'}")
        print(f"{activation:<12}" + "".join(f"{cell:>20}" for cell in cells))
    print(f"\nOne entry of [784, 30, 10] off by {PLANTED:g}, 20 samples")
    print(f"{'planted':<20}{'found':<38}{'seconds':>8}")
    for seed, (L, field) in enumerate(((1, "W"), (1, "b"), (2, "W"), (2, "b"))):
        planted, found, seconds = plant(L, field, seed)
        print(f"{planted:<20}{found:<38}{seconds:>8.2f}")


if __name__ == "__main__":
    main()
