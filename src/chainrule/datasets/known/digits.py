"""Handwritten digits of 8 x 8, bundled with scikit-learn: always available, without a download.

Source: E. Alpaydin, C. Kaynak, "Optical Recognition of Handwritten Digits", UCI Machine Learning Repository.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from chainrule.datasets.dataset import Dataset
from chainrule.datasets.preparing.scaling import Scaling

SIXTEENTHS = Scaling(0.0, 16.0)


def raw() -> Dataset:
    """Return all 1,797 digits; pixels are 0...16."""
    from sklearn.datasets import load_digits

    bunch = load_digits()
    classes = tuple(str(name) for name in bunch.target_names)
    return Dataset(bunch.data.astype(np.float32), bunch.target, classes, shape=(8, 8), name="digits")


def load() -> tuple[Dataset, Dataset]:
    """Return the digits as (train, test), 1,437 and 360, always the same ones; pixels are 0...1."""
    train, test = raw().scaled(SIXTEENTHS).split(0.2, seed=0)
    return replace(train, part="train"), replace(test, part="test")
