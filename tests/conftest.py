"""One Hypothesis profile for every test, and small data sets that many of them share."""

from __future__ import annotations

import os

import numpy as np
import pytest
from hypothesis import HealthCheck, settings

settings.register_profile("chainrule", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("ci", settings.get_profile("chainrule"), derandomize=True, database=None)
settings.load_profile("ci" if os.environ.get("CI") else "chainrule")


@pytest.fixture(scope="session")
def digits():
    """A thousand 8×8 digits with pixels in 0…1: (X, y)."""
    from sklearn.datasets import load_digits

    X, y = load_digits(return_X_y=True)
    return X[:1000] / 16, y[:1000]


@pytest.fixture(scope="session")
def moon():
    """Sixty points in the plane, of three classes that a small network can tell apart: (X, y)."""
    rng = np.random.default_rng(7)
    y = np.arange(60) % 3
    centres = np.array([[0, 2], [2, -1], [-2, -1]])
    return centres[y] + 0.7 * rng.standard_normal((60, 2)), y
