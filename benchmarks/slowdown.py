"""The learning slowdown: the quadratic cost beside cross-entropy, both started badly saturated.

    python benchmarks/slowdown.py [--figure slowdown.png]

First one neuron, σ(wx + b) with x = 1 and target 0, started with the output near 1. Then MNIST (or the
digits that come with the package, with --data digits) with every output neuron started near 1. The two
costs differ in one factor of the output error: δ = (a − y) ⊙ σ'(z) (Q2) against δ = a − y (B1).
"""

from __future__ import annotations

import argparse
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from chainrule import Network, datasets

COSTS = {"quadratic": "quadratic cost (Q2)", "sigmoid": "cross-entropy (B1)"}
COLOURS = {"quadratic": "#d55e00", "sigmoid": "#0072b2"}

NEURON_START = 2.0
NEURON_RATE = 0.15
NEURON_STEPS = 600
OUTPUT_BIAS = 11.0
NETWORK_RATE = 0.5


def train_neuron(output: str) -> dict[str, Any]:
    """Gradient descent on one neuron with w = b = 2, x = 1, y = 0: outputs a, and |δ| at the start."""
    network = Network.from_parameters([([[NEURON_START]], [NEURON_START])], output=output)
    x, y = [[1.0]], [[0.0]]
    first_error = float(network.gradients(x, y).delta[1][0, 0])
    outputs = []
    for _ in range(NEURON_STEPS):
        outputs.append(float(network.predict_proba(x)[0, 0]))
        network.gradient_descent((x, y), NEURON_RATE)
    below = np.flatnonzero(np.array(outputs) < 0.1)
    return {"outputs": outputs, "delta": first_error, "steps": int(below[0]) if len(below) else None}


def train_network(output: str, data: str, epochs: int) -> dict[str, Any]:
    """Accuracy (largest output) by epoch of a network whose output biases all start at 11."""
    train, test = datasets.load(data)
    network = Network(
        [train.n_features, 30, train.n_classes], output=output, initializer="xavier", seed=0, dtype="float32"
    )
    network.b[-1] = np.full(train.n_classes, OUTPUT_BIAS)
    delta = network.gradients(train.X[:1000], train.y[:1000]).delta[-1]
    accuracy: list[float] = []

    def measure(_: object) -> None:
        accuracy.append(float((network.predict_proba(test.X).argmax(axis=1) == test.y).mean()))

    measure(None)
    network.fit(
        train, epochs=epochs, batch_size=10, learning_rate=NETWORK_RATE, on_epoch=[measure], progress=False
    )
    return {"accuracy": accuracy, "delta": float(np.abs(delta).sum(axis=0).mean())}


def draw(neuron: dict[str, Any], network: dict[str, Any], data: str) -> Figure:
    """Both experiments side by side."""
    figure = Figure(figsize=(10, 4), layout="constrained")
    left, right = figure.subplots(1, 2)
    for output, label in COSTS.items():
        left.plot(neuron[output]["outputs"], label=label, color=COLOURS[output])
        accuracy = [100 * share for share in network[output]["accuracy"]]
        right.plot(accuracy, label=label, color=COLOURS[output], marker="o", markersize=4)
    left.set(title="One neuron, target 0", xlabel="step", ylabel="output a", ylim=(0, 1.02))
    right.set(title=f"{data}, every output started near 1", xlabel="epoch", ylabel="test accuracy (%)")
    for axes in (left, right):
        axes.grid(alpha=0.3)
        axes.spines[["top", "right"]].set_visible(False)
        axes.legend(frameon=False)
    return figure


def main() -> None:
    """Train, print and draw."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", default="mnist")
    parser.add_argument("--epochs", type=int, default=15)
    parser.add_argument("--figure", default="slowdown.png")
    options = parser.parse_args()
    neuron = {output: train_neuron(output) for output in COSTS}
    network = {output: train_network(output, options.data, options.epochs) for output in COSTS}
    print(f"One neuron, w = b = {NEURON_START:g}, x = 1, target 0, learning rate {NEURON_RATE:g}")
    print(f"{'':<24}{'first δ':>10}{'steps to a < 0.1':>20}{'a at the end':>16}")
    for output, label in COSTS.items():
        run = neuron[output]
        steps = run["steps"] if run["steps"] is not None else f"over {NEURON_STEPS}"
        print(f"{label:<24}{run['delta']:>10.5f}{steps:>20}{run['outputs'][-1]:>16.4f}")
    print(
        f"\n{options.data}, 30 hidden neurons, output biases {OUTPUT_BIAS:g}, learning rate {NETWORK_RATE:g}"
    )
    print(f"{'':<24}{'first mean |δ|':>16}   test accuracy (%) after epoch 1, 2, 5, {options.epochs}")
    for output, label in COSTS.items():
        run = network[output]
        shown = [f"{100 * run['accuracy'][min(e, options.epochs)]:.2f}" for e in (1, 2, 5, options.epochs)]
        print(f"{label:<24}{run['delta']:>16.5f}   {', '.join(shown)}")
    draw(neuron, network, options.data).savefig(options.figure, dpi=120)
    print(f"\nfigure: {options.figure}")


if __name__ == "__main__":
    main()
