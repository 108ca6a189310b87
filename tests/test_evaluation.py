"""Evaluations, against values worked out by hand and against scikit-learn's metrics."""

from __future__ import annotations

import dataclasses
import subprocess
import sys

import numpy as np
import pytest
from sklearn import metrics

from chainrule.errors import InputError
from chainrule.evaluation import ClassScores, Evaluation, decide, evaluate

ABC = ("a", "b", "c")


def of_predictions(y, predicted, K):
    """A single-label evaluation in which the network said ``predicted``."""
    return evaluate(y, np.eye(K)[predicted], loss=0.5, classes=[f"c{k}" for k in range(K)])


def of_labels(y, predicted):
    """A multi-label evaluation in which the network said ``predicted``."""
    p = 0.1 + 0.8 * np.asarray(predicted)
    classes = [f"c{k}" for k in range(p.shape[1])]
    return evaluate(y, p, loss=0.25, classes=classes, multi_label=True)


@pytest.fixture
def small():
    """4 of 6 right: truth 0 0 0 1 1 2, predicted 0 0 1 1 1 0."""
    return evaluate(
        [0, 0, 0, 1, 1, 2],
        [[0.8, 0.1, 0.1], [0.5, 0.3, 0.2], [0.2, 0.6, 0.2], [0, 1, 0], [0.1, 0.5, 0.4], [0.9, 0, 0.1]],
        loss=0.15734,
        classes=ABC,
    )


@pytest.fixture
def labels():
    """Of 4 x 3 labels 2 are wrong, in two different samples."""
    y = [[1, 0, 0], [1, 1, 0], [0, 0, 0], [0, 1, 0]]
    return of_labels(y, [[1, 0, 0], [1, 0, 0], [0, 0, 0], [1, 1, 0]])


def test_single_label_by_hand(small):
    assert small.n == 6
    assert small.accuracy == pytest.approx(4 / 6)
    assert small.predicted.tolist() == [0, 0, 1, 1, 1, 0]
    assert small.confusion.tolist() == [[2, 1, 0], [0, 2, 0], [1, 0, 0]]
    a, b, c = small.by_class
    assert a == ClassScores("a", pytest.approx(2 / 3), pytest.approx(2 / 3), pytest.approx(2 / 3), 3)
    assert b == ClassScores("b", pytest.approx(2 / 3), 1.0, pytest.approx(0.8), 2)
    assert c == ClassScores("c", 0.0, 0.0, 0.0, 1)


def test_multi_label_by_hand(labels):
    assert labels.n == 4
    assert labels.accuracy == labels.subset_accuracy == 0.5
    assert labels.hamming_loss == pytest.approx(2 / 12)
    # 3 true positives, 1 false positive, 1 false negative: 2·3 / (2·3 + 1 + 1).
    assert labels.f1_micro == pytest.approx(6 / 8)
    assert labels.f1_macro == pytest.approx((4 / 5 + 2 / 3 + 0) / 3)
    a, b, c = labels.by_class
    assert a == ClassScores("c0", pytest.approx(2 / 3), 1.0, pytest.approx(4 / 5), 2)
    assert b == ClassScores("c1", 1.0, 0.5, pytest.approx(2 / 3), 2)
    assert c == ClassScores("c2", 0.0, 0.0, 0.0, 0)


def test_what_does_not_apply_is_none(small, labels):
    assert labels.confusion is None
    assert small.subset_accuracy is small.hamming_loss is small.f1_micro is small.f1_macro is None


def test_lines(small, labels):
    assert str(small) == "accuracy 66.67 %, cross-entropy 0.1573 (6 samples)"
    assert str(labels) == (
        "subset accuracy 50.00 %, Hamming loss 0.1667, F1 micro 0.7500, macro 0.4889, "
        "cross-entropy 0.2500 (4 samples)"
    )
    assert repr(small) == f"<Evaluation: {small}>"
    assert "quadratic cost 0.1573" in str(dataclasses.replace(small, loss_name="quadratic cost"))


def test_line_counts_in_thousands_and_knows_the_singular():
    assert str(of_predictions(np.zeros(10_000, int), np.zeros(10_000, int), 2)).endswith("(10,000 samples)")
    assert str(of_predictions([0], [0], 2)).endswith("(1 sample)")


@pytest.mark.parametrize(("K", "N"), [(2, 1), (2, 50), (5, 7), (10, 400), (40, 30), (40, 2000)])
def test_single_label_equals_scikit_learn(K, N):
    rng = np.random.default_rng(K * N)
    y, p = rng.integers(K, size=N), rng.dirichlet(np.ones(K), size=N)
    got, predicted = evaluate(y, p, loss=1.0, classes=[str(k) for k in range(K)]), p.argmax(1)
    assert got.accuracy == pytest.approx(metrics.accuracy_score(y, predicted))
    np.testing.assert_array_equal(got.confusion, metrics.confusion_matrix(y, predicted, labels=range(K)))
    expected = metrics.precision_recall_fscore_support(y, predicted, labels=range(K), zero_division=0)
    for row, name in enumerate(["precision", "recall", "f1", "support"]):
        np.testing.assert_allclose([getattr(scores, name) for scores in got.by_class], expected[row])


@pytest.mark.parametrize(("K", "N"), [(2, 1), (2, 50), (5, 7), (14, 400)])
def test_multi_label_equals_scikit_learn(K, N):
    rng = np.random.default_rng(K * N)
    y, p = rng.integers(2, size=(N, K)), rng.random((N, K))
    got, predicted = (
        evaluate(y, p, loss=1.0, classes=[str(k) for k in range(K)], multi_label=True),
        (p > 0.5).astype(int),
    )
    assert got.accuracy == pytest.approx(metrics.accuracy_score(y, predicted))
    assert got.hamming_loss == pytest.approx(metrics.hamming_loss(y, predicted))
    for average, value in [("micro", got.f1_micro), ("macro", got.f1_macro)]:
        assert value == pytest.approx(metrics.f1_score(y, predicted, average=average, zero_division=0))
    expected = metrics.precision_recall_fscore_support(y, predicted, zero_division=0)
    for row, name in enumerate(["precision", "recall", "f1", "support"]):
        np.testing.assert_allclose([getattr(scores, name) for scores in got.by_class], expected[row])


def test_one_label_scores_the_label_and_not_its_absence():
    got = of_labels([[1], [1], [0], [0], [0]], [[1], [0], [0], [0], [1]])
    assert got.by_class == (ClassScores("c0", 0.5, 0.5, 0.5, 2),)
    assert (got.accuracy, got.hamming_loss, got.f1_micro, got.f1_macro) == (0.6, 0.4, 0.5, 0.5)


def test_all_right():
    got = of_predictions([0, 1, 2, 2], [0, 1, 2, 2], 3)
    assert got.accuracy == 1.0
    assert got.confusion.tolist() == [[1, 0, 0], [0, 1, 0], [0, 0, 2]]
    assert all(scores[1:4] == (1.0, 1.0, 1.0) for scores in got.by_class)


def test_all_wrong():
    got = of_predictions([0, 1, 1], [1, 0, 0], 2)
    assert got.accuracy == 0.0
    assert got.confusion.tolist() == [[0, 1], [2, 0]]
    assert [scores[1:4] for scores in got.by_class] == [(0.0, 0.0, 0.0)] * 2


def test_class_that_never_occurs():
    got = of_predictions([0, 1], [0, 1], 3)
    assert got.by_class[2] == ClassScores("c2", 0.0, 0.0, 0.0, 0)
    assert got.confusion.shape == (3, 3)


def test_multi_label_without_any_label():
    got = of_labels(np.zeros((3, 2), int), np.zeros((3, 2), int))
    assert (got.accuracy, got.hamming_loss, got.f1_micro, got.f1_macro) == (1.0, 0.0, 0.0, 0.0)


def test_threshold_is_exclusive_and_ties_go_to_the_first():
    assert decide(np.array([[0.5, 0.5 + 1e-9]]), True).tolist() == [[0, 1]]
    assert decide(np.array([[0.4, 0.4, 0.2]]), False).tolist() == [0]


def test_float_and_boolean_labels_are_taken():
    got = evaluate(np.array([[True, False]]), np.array([[0.9, 0.1]]), loss=0, classes="ab", multi_label=True)
    assert got.accuracy == 1.0
    assert evaluate(np.array([1.0]), np.array([[0.1, 0.9]]), loss=0, classes="ab").predicted.tolist() == [1]
    unsigned = evaluate(np.full(3, 19, np.uint8), np.tile(np.eye(20)[18], (3, 1)), loss=0, classes=["x"] * 20)
    assert unsigned.confusion[19, 18] == 3


def test_frozen(small):
    with pytest.raises(dataclasses.FrozenInstanceError):
        small.loss = 0.0


@pytest.mark.parametrize(
    ("y", "p", "multi_label", "said"),
    [
        ([0], [[0.5, 0.5]], False, r"shape \(N, 3\) for 3 classes; got \(1, 2\)"),
        ([0, 1], [[0.2, 0.3, 0.5]], False, r"y must hold class numbers of shape \(1,\).*got \(2,\)"),
        ([[0, 1, 0]], [[0.2, 0.3, 0.5]], False, "multi_label=True"),
        ([0], [[0.2, 0.3, 0.5]], True, r"y must hold 0/1 rows of shape \(1, 3\)"),
        ([], np.zeros((0, 3)), False, "at least 1 sample; got 0"),
        ([0, 3], np.eye(3)[:2], False, "0…2; got 3 at row 1"),
        ([-1], np.eye(3)[:1], False, "0…2; got -1 at row 0"),
        ([[0, 1, 0], [0, 0, 2]], np.eye(3)[:2], True, "0…1; got 2 at row 1"),
        ([0.5], np.eye(3)[:1], False, "got 0.5 at row 0"),
        (["a"], np.eye(3)[:1], False, "whole numbers 0…2; got <U1"),
        ([0, 0], [[0.1, 0.2, 0.7], [np.nan, 0, 1]], False, "got NaN at row 1"),
    ],
)
def test_errors_say_what_must_hold_and_what_came(y, p, multi_label, said):
    with pytest.raises(InputError, match=said):
        evaluate(y, p, loss=0.0, classes=ABC, multi_label=multi_label)


def test_the_line_needs_no_scikit_learn():
    program = """
import sys
from chainrule.evaluation import evaluate
evaluation = evaluate([0, 1], [[0.9, 0.1], [0.6, 0.4]], loss=0.5, classes=("a", "b"))
str(evaluation), evaluation.accuracy, evaluation.confusion
assert "sklearn" not in sys.modules
evaluation.by_class
assert "sklearn" in sys.modules
"""
    subprocess.run([sys.executable, "-c", program], check=True)


def test_details_are_computed_once(small):
    assert small.by_class is small.by_class
    assert isinstance(small, Evaluation)
