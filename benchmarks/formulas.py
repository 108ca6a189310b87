"""Thirty activations from the literature, as formulas: derived, checked and trained.

    python benchmarks/formulas.py

For each: how long it took to read, derive, simplify, choose and compile it; the largest error of φ' over
|z| ≤ 1000 against exact numbers (relative above 1, absolute below); and the test accuracy on digits after
one epoch of training, mean of five seeds.
"""

from __future__ import annotations

import time
import warnings

import numpy as np

from chainrule import Activation, Network, datasets
from chainrule.errors import FormulaWarning

FORMULAS = {
    "sigmoid": "1/(1+exp(-z))",
    "tanh": "(exp(z)-exp(-z))/(exp(z)+exp(-z))",
    "relu": "max(z, 0)",
    "relu6": "min(max(z, 0), 6)",
    "leaky relu": "where(z > 0, z, 0.01*z)",
    "elu": "where(z > 0, z, exp(z)-1)",
    "selu": "1.0507*where(z > 0, z, 1.67326*(exp(z)-1))",
    "celu, α = 2": "max(z, 0) + min(2*(exp(z/2)-1), 0)",
    "softplus": "log(1+exp(z))",
    "swish": "z/(1+exp(-z))",
    "mish": "z*tanh(log(1+exp(z)))",
    "mish, quotient": "z*((1+exp(z))**2-1)/((1+exp(z))**2+1)",
    "gelu": "z*(1+erf(z/sqrt(2)))/2",
    "gelu, tanh form": "0.5*z*(1+tanh(sqrt(2/pi)*(z+0.044715*z**3)))",
    "gelu, σ form": "z*sigmoid(1.702*z)",
    "softsign": "z/(1+abs(z))",
    "atan": "atan(z)",
    "gaussian": "exp(-z**2)",
    "hard sigmoid": "min(max(z/6+1/2, 0), 1)",
    "hard tanh": "min(max(z, -1), 1)",
    "hard swish": "z*min(max(z+3, 0), 6)/6",
    "LeCun's tanh": "1.7159*tanh(2*z/3)",
    "tanhshrink": "z - tanh(z)",
    "softshrink": "where(z > 0.5, z-0.5, where(z < -0.5, z+0.5, 0))",
    "bent identity": "(sqrt(z**2+1)-1)/2 + z",
    "inverse root": "z/sqrt(1+z**2)",
    "squareplus": "(z+sqrt(z**2+4))/2",
    "symmetric log": "sign(z)*log(1+abs(z))",
    "log cosh": "log(cosh(z))",
    "sine": "sin(z)",
    "snake": "z + sin(z)**2",
    "serf": "z*erf(log(1+exp(z)))",
    "logish": "z*log(1+sigmoid(z))",
    "asinh": "asinh(z)",
}
SEEDS = range(5)


def accuracy(activation: Activation) -> float:
    """Mean test accuracy after one epoch on digits."""
    train, test = datasets.load("digits")
    found = []
    for seed in SEEDS:
        network = Network([64, 64, 10], hidden=activation, initializer="xavier", seed=seed, dtype="float32")
        network.fit(train, epochs=1, optimizer="adam", learning_rate=0.01, progress=False)
        found.append(network.evaluate(test).accuracy)
    return float(np.mean(found))


def main() -> None:
    """Print the table."""
    Activation.from_formula("tanh(z)")  # so that no import is timed
    head = f"{'name':<16}{'formula':<54}{'derived in':>10}{'steps':>7}  {'error of φ′':>17}{'accuracy':>10}"
    print(f"{head}\n{'':<87}{'float32':>10}{'float64':>9}{'1 epoch':>10}")
    for name, formula in FORMULAS.items():
        started = time.perf_counter()
        with warnings.catch_warnings():
            warnings.simplefilter("error", FormulaWarning)
            activation = Activation.from_formula(formula)
        seconds = time.perf_counter() - started
        assert activation.accuracy is not None
        errors = [activation.accuracy.slope[dtype].error for dtype in ("float32", "float64")]
        steps = len(activation.derivation().lines)
        print(
            f"{name:<16}{formula:<54}{seconds:>8.2f} s{steps:>7}"
            f"{errors[0]:>10.0e}{errors[1]:>9.0e}{accuracy(activation):>9.1%}",
            flush=True,
        )
    print(f"{len(FORMULAS)} formulas")


if __name__ == "__main__":
    main()
