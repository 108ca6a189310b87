"""Every check that scikit-learn has for a classifier. `python -m benchmarks.estimator_checks` counts them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from sklearn.utils.estimator_checks import parametrize_with_checks

from chainrule import ChainruleClassifier


@parametrize_with_checks([ChainruleClassifier()])
def test_check(estimator, check):
    check(estimator)


@pytest.mark.slow
def test_none_is_skipped():
    """The check of arrays of other libraries runs where SciPy is told of them before it is imported."""
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.estimator_checks"], cwd=Path(__file__).parents[2],
        env={**os.environ, "SCIPY_ARRAY_API": "1"}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert ", 0 failed, 0 declared to fail, 0 skipped" in done.stdout


def test_several_labels_and_sparse_data_are_declared():
    """So that the checks above are those for them, too."""
    tags = ChainruleClassifier().__sklearn_tags__()
    assert tags.classifier_tags.multi_label
    assert tags.classifier_tags.multi_class
    assert tags.input_tags.sparse
