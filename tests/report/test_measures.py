"""Figures of a test agree with scikit-learn and SciPy, and with what can be worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest
from sklearn.calibration import calibration_curve
from sklearn.metrics import accuracy_score, precision_recall_fscore_support

from chainrule.report.comparison import holm
from chainrule.report.measures import (
    calibration,
    calibration_error,
    chance_error,
    claims,
    mcnemar,
    wilson,
)
from chainrule.runs.reading import open_run


@given(st.integers(1, 2000), st.floats(0, 1))
def test_wilson_is_scipys(n, share):
    hits = round(share * n)
    found = binomtest(hits, n).proportion_ci(method="wilson")
    assert wilson(hits, n) == pytest.approx((found.low, found.high), abs=1e-9)


@given(st.integers(0, 2**32 - 1), st.integers(2, 20), st.integers(1, 400))
def test_bins_are_scikit_learns(seed, bins, n):
    rng = np.random.default_rng(seed)
    p = rng.random(n)
    right = rng.random(n) < p**2
    mine = calibration(p, right, bins)
    true, said = calibration_curve(right, p, n_bins=bins)
    assert [b.frequency for b in mine] == pytest.approx(true)
    assert [b.confidence for b in mine] == pytest.approx(said)
    assert sum(b.size for b in mine) == n


def test_the_ends_belong_to_a_bin():
    bins = calibration(np.array([0.0, 0.1, 0.5, 1.0]), np.array([False, False, True, True]))
    assert [(b.low, b.size) for b in bins] == [(0.0, 2), (0.4, 1), (0.9, 1)]


def test_calibration_error_by_hand():
    """Two of four are sure by 0.75 and right half of the time, two by 0.25 and never right."""
    p, right = np.array([0.75, 0.75, 0.25, 0.25]), np.array([True, False, False, False])
    assert calibration_error(calibration(p, right)) == pytest.approx(0.25)


def test_perfect_calibration_shows_what_chance_gives():
    rng = np.random.default_rng(1)
    p = rng.random(2000)
    errors = [calibration_error(calibration(p, rng.random(2000) < p)) for _ in range(100)]
    assert chance_error(p) == pytest.approx(np.mean(errors), rel=0.08)
    wrong = calibration_error(calibration(p, rng.random(2000) < p**3))
    assert wrong > 5 * chance_error(p)


def test_claims():
    y, p = np.array([1, 0]), np.array([[0.2, 0.8], [0.3, 0.7]])
    sure, right = claims(y, p, False)
    assert (sure.tolist(), right.tolist()) == ([0.8, 0.7], [True, False])
    sure, right = claims(np.array([[1, 0]]), np.array([[0.2, 0.9]]), True)
    assert (sure.tolist(), right.tolist()) == ([0.2, 0.9], [True, False])


def test_mcnemar():
    first = np.array([True] * 40 + [True] * 3 + [False] * 15 + [False] * 2)
    second = np.array([True] * 40 + [False] * 3 + [True] * 15 + [False] * 2)
    found = mcnemar(first, second)
    assert (found.only_first, found.only_second, found.n) == (3, 15, 60)
    assert found.difference == pytest.approx(12 / 60)
    assert found.p_value == pytest.approx(2 * (1 + 18 + 153 + 816) / 2**18)  # Σ_{i ≤ 3} C(18, i)
    low, high = found.interval
    assert 0 < low < found.difference < high
    assert mcnemar(first, first).p_value == 1


def test_mcnemar_errs_as_often_as_it_says():
    """Two equally good runs: p < 0.05 at most once in twenty."""
    rng = np.random.default_rng(0)
    found = [mcnemar(rng.random(300) < 0.9, rng.random(300) < 0.9).p_value < 0.05 for _ in range(400)]
    assert 0.005 < np.mean(found) <= 0.06


def test_holm():
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert holm([0.6, 0.7]) == [1, 1]
    assert holm([]) == []


@pytest.mark.parametrize("kind", ["digits", "several", "kinds"])
def test_scores_of_the_kept_predictions_are_scikit_learns(kind, request):
    run = open_run(request.getfixturevalue(kind))
    evaluation = run.evaluation()
    y, p = run.predictions[:2]
    said = (p > 0.5).astype(int) if y.ndim == 2 else p.argmax(axis=1)
    assert evaluation.accuracy == accuracy_score(y, said)
    assert evaluation.accuracy == run.about["test"]["accuracy"]
    columns = precision_recall_fscore_support(y, said, average=None, zero_division=0.0)
    assert [c[1:] for c in evaluation.by_class] == [pytest.approx(c) for c in zip(*columns, strict=True)]
