"""Multi-label: two digits in one picture, both labels on, beside scikit-learn's MLPClassifier.

    python benchmarks/two_digits.py

Same pictures, shape, Adam, learning rate, batch size, L2 strength and number of epochs for all. The first
two rows differ in the program alone; the third adds what MLPClassifier has not: gelu and a cosine
schedule. Micro-F1 on the test pictures.
"""

from __future__ import annotations

import argparse
import warnings
from collections.abc import Callable

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import f1_score
from sklearn.neural_network import MLPClassifier

from chainrule import Dataset, Network, datasets

HIDDEN = 100
BATCH = 32
RATE = 0.003
L2 = 1e-4
FIRST_SEED = 100


def chainrule_f1(train: Dataset, test: Dataset, seed: int, epochs: int, hidden: str, schedule: str) -> float:
    """Micro-F1 of `Network`."""
    layers = [train.n_features, HIDDEN, train.n_classes]
    network = Network(
        layers, hidden=hidden, output="sigmoid", initializer="xavier", seed=seed, dtype="float32"
    )
    network.fit(
        train,
        epochs=epochs,
        batch_size=BATCH,
        optimizer="adam",
        learning_rate=RATE,
        schedule=schedule,
        l2=L2,
        progress=False,
    )
    return float(f1_score(test.y, network.predict(test.X), average="micro"))


def sklearn_f1(train: Dataset, test: Dataset, seed: int, epochs: int) -> float:
    """Micro-F1 of `MLPClassifier`."""
    peer = MLPClassifier(
        (HIDDEN,),
        alpha=L2 * BATCH,  # MLPClassifier divides its penalty by the size of the mini-batch
        batch_size=BATCH,
        learning_rate_init=RATE,
        max_iter=epochs,
        n_iter_no_change=epochs,
        random_state=seed,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # it always warns when max_iter is reached
        peer.fit(train.X, train.y)
    return float(f1_score(test.y, peer.predict(test.X), average="micro"))


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--epochs", type=int, default=40)
    options = parser.parse_args()
    train, test = datasets.load("two-digits")
    seeds = range(FIRST_SEED, FIRST_SEED + options.seeds)
    epochs = options.epochs
    rows: dict[str, Callable[[int], float]] = {
        "scikit-learn MLPClassifier, relu": lambda seed: sklearn_f1(train, test, seed, epochs),
        "chainrule, the same, relu": lambda seed: chainrule_f1(train, test, seed, epochs, "relu", "constant"),
        "chainrule, gelu and cosine": lambda seed: chainrule_f1(train, test, seed, epochs, "gelu", "cosine"),
    }
    print(f"two-digits, {train.n_features}-{HIDDEN}-{train.n_classes}, Adam, {epochs} epochs")
    print(f"{'':<36}micro-F1, mean ± sd of {options.seeds} seeds")
    for name, run in rows.items():
        f1 = np.array([run(seed) for seed in seeds])
        print(f"{name:<36}{f1.mean():.4f} ± {f1.std():.4f}", flush=True)


if __name__ == "__main__":
    main()
