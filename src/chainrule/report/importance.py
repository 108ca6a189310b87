"""Which columns of a table matter: how much accuracy is lost when one is shuffled."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from chainrule.datasets import Dataset
    from chainrule.network import Network

ROWS, REPEATS, MOST_COLUMNS = 2000, 10, 1000
"""Samples taken at most, shufflings of each column, columns at most."""


class Importance(NamedTuple):
    """Accuracy lost without a column: mean and standard deviation over the shufflings."""

    name: str
    mean: float
    deviation: float


class _Fitted:
    """A network as scikit-learn's function wants it."""

    def __init__(self, network: Network) -> None:
        self.network = network

    def fit(self, X: Any, y: Any) -> _Fitted:
        """Do nothing: the network is trained."""
        return self


def importances(network: Network, test: Dataset) -> list[Importance]:
    """Every column of ``test``, the most important first; none where there are very many.

    Accuracy is the share of samples predicted right, or of labels where a sample has several.
    """
    if test.n_features > MOST_COLUMNS:
        return []
    from sklearn.inspection import permutation_importance

    rows = np.sort(np.random.default_rng(0).permutation(len(test))[:ROWS])
    part = test.subset(rows)
    truth = network.evaluate(part).y
    found = permutation_importance(
        _Fitted(network),
        part.X,
        truth,
        scoring=lambda fitted, X, y: float((fitted.network.predict(X) == y).mean()),
        n_repeats=REPEATS,
        random_state=0,
    )
    names = test.features or tuple(f"column {k}" for k in range(test.n_features))
    order = np.argsort(-found.importances_mean, kind="stable")
    means, deviations = found.importances_mean, found.importances_std
    return [Importance(names[k], float(means[k]), float(deviations[k])) for k in order]
