"""Small estimators, trained for few epochs, and whether two are the same."""

from __future__ import annotations

import numpy as np

from chainrule import ChainruleClassifier


def estimator(**options):
    return ChainruleClassifier(**{"hidden_layer_sizes": (8,), "max_iter": 20, "random_state": 0, **options})


def same(one, other):
    """Whether two estimators have the same parameters, to the last bit."""
    pairs = zip(one.coefs_ + one.intercepts_, other.coefs_ + other.intercepts_, strict=True)
    return all(np.array_equal(p, q) for p, q in pairs)
