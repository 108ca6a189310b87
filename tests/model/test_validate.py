"""What people hand in: every shape that is meant to work, and every message for what cannot."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chainrule import Dataset
from chainrule.equations.heads import HEADS
from chainrule.errors import InputError
from chainrule.model.validate import as_pair, as_samples, as_targets, as_weights

SOFTMAX, SIGMOID, QUADRATIC = HEADS["softmax"], HEADS["sigmoid"], HEADS["quadratic"]
NAN, INF = float("nan"), float("inf")


def samples(X, n_inputs=2, dtype=np.float64):
    return as_samples(X, n_inputs, dtype)


def targets(y, n, K=3, head=SOFTMAX, dtype=np.float64):
    return as_targets(y, n, K, head, dtype)


def refused(function, *parts):
    """The message of the `InputError`, after checking that it holds these parts, in order."""
    with pytest.raises(InputError) as caught:
        function()
    message = str(caught.value)
    places = [message.find(part) for part in parts]
    assert -1 not in places, message
    assert places == sorted(places), message
    assert message.endswith(".")
    return message


@pytest.mark.parametrize(
    "X", [[1, 2], [[1, 2]], (1, 2), np.array([1, 2], np.uint8), [[1], [2]], np.array([[1], [2]], ">i2")]
)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_one_sample_is_a_row(X, dtype):
    x = samples(X, dtype=dtype)
    assert x.tolist() == [[1, 2]]
    assert x.dtype == dtype


def test_rows_stay_rows_and_are_not_copied():
    X = np.arange(6.0).reshape(3, 2)
    assert samples(X) is X
    assert samples([[5], [6], [7]], n_inputs=1).tolist() == [[5], [6], [7]]


@pytest.mark.parametrize(
    ("X", "parts"),
    [
        (np.zeros((4, 3)), ["2 columns", "got shape (4, 3)", "network for this width"]),
        (np.zeros((4, 2, 1)), ["2 columns", "got shape (4, 2, 1)", "Flatten pictures"]),
        (np.zeros(3), ["2 columns", "got shape (3,)"]),
        (5, ["2 columns", "got shape ()"]),
        (None, ["2 columns", "got shape ()"]),
        (np.zeros((0, 2)), ["at least one sample", "got none", "Check"]),
        ([[1, 2], [3, NAN]], ["finite", "got nan at row 1, column 1", "Remove or fill in"]),
        ([[1, 2], [-INF, NAN]], ["finite", "got -inf at row 1, column 0"]),
        ([[1, None]], ["finite", "got nan at row 0, column 1"]),
        ([[1, 2], [3]], ["every row of the same length", "got list", "Encode"]),
        ([["a", "b"]], ["array of real numbers", "got list", "Encode text as numbers"]),
    ],
)
def test_samples_that_cannot_be_right(X, parts):
    refused(lambda: samples(X), "X must", *parts)


def test_too_large_for_float32_is_said_so():
    refused(
        lambda: samples([[1, 1e300]], dtype=np.float32), "finite in float32", "got inf at row 0, column 1"
    )


def test_a_data_set_in_place_of_an_array():
    data = Dataset(np.zeros((2, 2), np.float32), np.array([0, 1]), ("a", "b"))
    refused(lambda: samples(data), "X must be an array", "Dataset", "Pass its .X and .y")


def test_complex_samples():
    refused(lambda: samples(np.array([[1, 1j]])), "X must")


@given(labels=st.lists(st.integers(0, 2), min_size=1, max_size=5), head=st.sampled_from(list(HEADS.values())))
def test_class_numbers_one_hot_and_column_are_the_same(labels, head):
    n = len(labels)
    hot = np.eye(3)[labels]
    for y in (labels, np.array(labels, np.uint8), np.array(labels, float), np.c_[labels], hot, hot.tolist()):
        rows = targets(y, n, head=head)
        assert rows.tolist() == hot.tolist()
        assert rows.dtype == np.float64


@pytest.mark.parametrize("y", [2, [2], [[2]], [0, 0, 1], [[0, 0, 1]], [[0], [0], [1]], np.int64(2)])
def test_targets_of_one_sample(y):
    assert targets(y, 1).tolist() == [[0, 0, 1]]


@pytest.mark.parametrize("y", [[1, 0], [[1], [0]], [True, False], np.array([1.0, 0.0], np.float32)])
@pytest.mark.parametrize("head", [SIGMOID, QUADRATIC])
def test_targets_of_one_output(y, head):
    assert targets(y, 2, K=1, head=head).tolist() == [[1], [0]]


def test_soft_rows():
    soft = [[0.2, 0.3, 0.5]]
    assert targets(soft, 1).tolist() == soft
    assert targets([[0.5, 0.25, 0]], 1, head=QUADRATIC).tolist() == [[0.5, 0.25, 0]]
    thirds = np.full((1, 3), 1 / 3, np.float32)
    assert targets(thirds, 1, dtype=np.float32).dtype == np.float32


def test_several_labels():
    y = [[1, 1, 0], [0, 0, 0]]
    assert targets(y, 2, head=SIGMOID).tolist() == y


@pytest.mark.parametrize(
    ("y", "parts"),
    [
        ([0, 1, 3], ["labels must be 0…2 for 3 outputs", "got 3 at row 2", "as many outputs"]),
        ([0, -1, 5], ["labels must be 0…2", "got -1 at row 1", "Fix the row"]),
        ([0.5, 1, 1], ["labels must be 0…2", "got 0.5 at row 0"]),
        (np.array([0, 1, 2**63], np.uint64), ["labels must be 0…2", "got 9223372036854775808 at row 2"]),
        (["cat", "dog", "cat"], ["numbers", "'cat'", "Turn names into numbers"]),
        ([0, None, 1], ["labels must be 0…2", "got nan at row 1"]),
        ([0, 1], ["as many rows", "got 3 in X and 2 in y"]),
        ([], ["as many rows", "got 3 in X and 0 in y"]),
        (np.zeros((3, 2)), ["shape (3,)", "shape (3, 3)", "got shape (3, 2)", "3 outputs"]),
        (np.zeros((3, 3, 1)), ["got shape (3, 3, 1)"]),
        ([[1, 0, 0], [1, 1, 0], [0, 0, 1]], ["sum to 1", "[1.0, 1.0, 0.0] at row 1", "output='sigmoid'"]),
        ([[1, 0, 0], [0, 0, 0], [0, 0, 1]], ["sum to 1", "[0.0, 0.0, 0.0] at row 1", "output='sigmoid'"]),
        ([[1, 0, 0], [0, 0, 1], [2, -1, 0]], ["between 0 and 1", "[2.0, -1.0, 0.0] at row 2", "one-hot"]),
        ([[1, 0, 0], [NAN, 0, 1], [0, 1, 0]], ["between 0 and 1", "nan", "at row 1"]),
    ],
)
def test_targets_that_cannot_be_right(y, parts):
    refused(lambda: targets(y, 3), *parts)


@pytest.mark.parametrize(
    ("y", "parts"),
    [
        ([[1, 0, 0], [0, 2, 0]], ["0 and 1", "output='sigmoid'", "[0.0, 2.0, 0.0] at row 1", "how probable"]),
        ([[-0.5, 0, 0], [0, 1, 0]], ["0 and 1", "[-0.5, 0.0, 0.0] at row 0", "how probable"]),
        ([[NAN, 0, 0], [0, 1, 0]], ["0 and 1", "nan", "at row 0"]),
        ([0, 3], ["labels must be 0…2", "got 3 at row 1"]),
    ],
)
def test_multi_label_targets_that_cannot_be_right(y, parts):
    refused(lambda: targets(y, 2, head=SIGMOID), *parts)


@pytest.mark.parametrize("bad", [NAN, INF])
def test_a_label_that_is_not_finite_is_named(bad):
    refused(lambda: targets([0, 1, bad], 3), "labels must be 0…2", f"got {bad} at row 2")


@pytest.mark.parametrize("bad", [1e300, 2**63])
def test_a_label_beyond_int64(bad):
    refused(lambda: targets([0, 1, bad], 3), "labels must be 0…2", "at row 2")


@pytest.mark.parametrize(
    "y", [[[1, 2], [1]], np.array([0, 1j]), np.array([0, 1], "m8[s]")], ids=["ragged", "complex", "timedelta"]
)
def test_labels_of_an_odd_kind(y):
    refused(lambda: targets(y, 2), "y must")


def test_whole_numbers_in_an_object_array():
    assert targets(np.array([0, 2], object), 2).tolist() == [[1, 0, 0], [0, 0, 1]]


def test_weights():
    assert as_weights(None, 3, np.float32).tolist() == [1, 1, 1]
    assert as_weights(None, 3, np.float32).dtype == np.float32
    assert as_weights([0, 2, 0.5], 3, np.float64).tolist() == [0, 2, 0.5]


@pytest.mark.parametrize(
    ("w", "parts"),
    [
        ([1, 2], ["shape (3,)", "got (2,)"]),
        ([[1], [2], [3]], ["shape (3,)", "got (3, 1)"]),
        (1.0, ["shape (3,)", "got ()"]),
        ([1, -2, 1], ["0 or more", "got -2.0 at row 1"]),
        ([0, 0, 0], ["not all be zero"]),
        ([1, NAN, 1], ["finite", "got nan at row 1"]),
        ([1, 1, INF], ["finite", "got inf at row 2"]),
        ("abc", ["array of real numbers", "got str"]),
    ],
)
def test_weights_that_cannot_be_right(w, parts):
    refused(lambda: as_weights(w, 3, np.float64), *parts)


def test_mini_batches():
    X, y = np.arange(6.0).reshape(3, 2), np.array([0, 1, 2])
    for batch in ((X, y), [X, y]):
        assert as_pair(batch)[0] is X
        assert as_pair(batch)[1] is y
    columns = [(x[:, None], np.eye(3)[[k]].T) for x, k in zip(X, y, strict=True)]
    assert [part.tolist() for part in as_pair(columns)] == [X.tolist(), np.eye(3).tolist()]
    numbers = [(x, k) for x, k in zip(X, y, strict=True)]
    assert [part.tolist() for part in as_pair(numbers)] == [X.tolist(), y.tolist()]
    assert as_pair(tuple(numbers))[1].tolist() == y.tolist()


def test_a_tuple_of_two_samples():
    assert as_pair(((np.ones(2), 0), (np.zeros(2), 1)))[1].tolist() == [0, 1]


@pytest.mark.parametrize(
    ("batch", "parts"),
    [
        ([], ["at least one sample", "got none"]),
        (np.zeros((2, 2)), ["a pair (X, y)", "got ndarray"]),
        (None, ["a pair (X, y)", "got NoneType"]),
        ("ab", ["a pair (X, y)", "got str"]),
        ((1,), ["a pair (X, y)", "got tuple"]),
        ([(np.ones(2), 0), (np.ones(3), 1)], ["same size", "got sizes [2, 3]"]),
    ],
)
def test_mini_batches_that_cannot_be_right(batch, parts):
    refused(lambda: as_pair(batch), *parts)
