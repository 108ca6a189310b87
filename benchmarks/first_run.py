"""The book's first training run: MNIST, one step of gradient descent at a time.

    python benchmarks/first_run.py

Prints a line for each epoch, writes the figures of the book's chapter to docs/results/first_run.json, and
draws the worst mistakes to docs/figures/mnist-mistakes.png. What is printed stands in
docs/results/first_run.txt. With --data digits and --folder it runs anywhere in a few seconds.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from chainrule import Dataset, Evaluation, Network, datasets, plots

DOCS = Path(__file__).parent.parent / "docs"


def train_network(
    train: Dataset, test: Dataset, epochs: int, learning_rate: float
) -> tuple[Network, list[Evaluation]]:
    """Gradient descent on shuffled mini-batches of ten, tested after each epoch."""
    network = Network([train.n_features, 30, train.n_classes], seed=0)
    history = [network.evaluate(test)]
    print(f"before    {history[-1]}")
    for epoch in range(1, epochs + 1):
        for mini_batch in train.mini_batches(10, seed=epoch):
            network.gradient_descent(mini_batch, learning_rate)
        history.append(network.evaluate(test))
        print(f"epoch {epoch:<3} {history[-1]}", flush=True)
    return network, history


def draw(network: Network, test: Dataset, path: Path) -> None:
    """The test pictures with the surest wrong answers."""
    figure = plots.mistakes(
        test.X, test.y, network.predict_proba(test.X), classes=test.classes, shape=test.shape, count=10
    )
    plots.save(figure, path)


def main() -> None:
    """Train, print, write and draw."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", default="mnist")
    parser.add_argument("--epochs", type=int, default=30)
    parser.add_argument("--learning-rate", type=float, default=0.5)
    parser.add_argument("--folder", type=Path, default=DOCS)
    options = parser.parse_args()
    train, test = datasets.load(options.data)
    network, history = train_network(train, test, options.epochs, options.learning_rate)
    for name in ("results", "figures"):
        (options.folder / name).mkdir(parents=True, exist_ok=True)
    figures = {"accuracy": [e.accuracy for e in history], "loss": [e.loss for e in history]}
    (options.folder / "results/first_run.json").write_text(json.dumps(figures) + "\n", encoding="utf-8")
    draw(network, test, options.folder / "figures/mnist-mistakes.png")


if __name__ == "__main__":
    main()
