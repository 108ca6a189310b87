"""Small data of every kind."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from sklearn.datasets import load_iris
from sklearn.exceptions import ConvergenceWarning


@pytest.fixture(autouse=True)
def _short_trainings(monkeypatch):
    """Trainings here are short on purpose; that they say so is tested by itself."""
    warnings.simplefilter("ignore", ConvergenceWarning)


@pytest.fixture(scope="session")
def iris():
    X, y = load_iris(return_X_y=True)
    return (X - X.mean(axis=0)) / X.std(axis=0), y


@pytest.fixture(scope="session")
def two_classes():
    rng = np.random.default_rng(0)
    X = rng.standard_normal((120, 4))
    return X, (X[:, 0] + X[:, 1] ** 2 > 1).astype(int)


@pytest.fixture(scope="session")
def labels():
    rng = np.random.default_rng(1)
    X = rng.standard_normal((200, 6))
    return X, (X[:, :3] + 0.3 * rng.standard_normal((200, 3)) > 0.8).astype(int)
