"""Weights of classes, labels and samples, as people hand them in."""

from __future__ import annotations

import numpy as np
import pytest

from chainrule import ChainruleClassifier, Dataset, Network
from chainrule.errors import InputError
from chainrule.model.weights import as_class_weights, relative

NAN, INF = float("nan"), float("inf")
RNG = np.random.default_rng(0)
X = RNG.standard_normal((30, 2))
y = np.arange(30) % 3 // 2  # class 1 is half as frequent as class 0
Y = (RNG.random((30, 3)) < 0.4).astype(int)

WRONG_CLASS_WEIGHTS = {
    "nan": ({0: 1, 1: NAN}, "got nan for class"),
    "none": ({0: 1, 1: None}, "got None for class"),
    "negative": ({0: -1}, "got -1 for class"),
    "infinite": ({1: INF}, "got inf for class"),
    "beyond float64": ({1: 10**400}, "for class"),
    "text": ({0: "2"}, "got '2' for class"),
    "bool": ({0: True}, "got True for class"),
    "unknown": ({0: 1, 2: 3}, "must name classes of y"),
    "mixed": ({0: 1, 5: 2, "x": 1}, "must name classes of y"),
    "list": ([1, 2], "must be a dict"),
    "name": ("balancd", "must be a dict"),
}


@pytest.mark.parametrize(("weights", "message"), WRONG_CLASS_WEIGHTS.values(), ids=WRONG_CLASS_WEIGHTS)
def test_class_weights_that_cannot_be_right(weights, message):
    for fit in (
        lambda: ChainruleClassifier((3,), class_weight=weights).fit(X, y),
        lambda: Network([2, 3, 2]).fit(X, y, class_weight=weights),
    ):
        with pytest.raises(InputError, match=message):
            fit()


def test_a_class_under_two_names():
    with pytest.raises(InputError, match="name each class once"):
        Network([2, 3, 2]).fit(X, y, class_weight={1: 2, "1": 3})


def test_class_weights():
    counts = np.array([20, 10, 0])
    assert as_class_weights({"b": 3}, "abc", counts).tolist() == [1, 3, 1]
    balanced = as_class_weights("balanced", "abc", counts)
    assert (balanced * counts)[:2].tolist() == [15, 15]


WRONG_SAMPLE_WEIGHTS = {
    "nan": ([1.0] * 29 + [NAN], "got nan at row 29"),
    "none": ([1.0] * 29 + [None], "got nan at row 29"),
    "infinite": ([INF] + [1.0] * 29, "got inf at row 0"),
    "negative": ([1.0] * 7 + [-2.0] * 23, "got -2.0 at row 7"),
    "zero": ([0.0] * 30, "not all be zero"),
    "text": (["a"] * 30, "real numbers"),
    "short": ([1.0] * 3, r"shape \(30,\)"),
}


@pytest.mark.parametrize(("weights", "message"), WRONG_SAMPLE_WEIGHTS.values(), ids=WRONG_SAMPLE_WEIGHTS)
def test_sample_weights_that_cannot_be_right(weights, message):
    with pytest.raises(InputError, match=message):
        ChainruleClassifier((3,)).fit(X, y, weights)
    with pytest.raises(InputError, match=message):
        Network([2, 3, 2]).fit(X, y, sample_weight=weights)


def test_weights_whose_sum_overflows():
    assert relative(np.full(4, 1e308)).tolist() == [1, 1, 1, 1]
    assert relative(np.array([3e38, 1e38], np.float32)).mean() == 1


WRONG_POS_WEIGHTS = {
    "nan": (NAN, "got nan"),
    "infinite": (INF, "got inf"),
    "zero": (0, "got 0"),
    "none": ([1, None, 2], "got None for label 1"),
    "negative": ([1, 2, -2.0], "got -2.0 for label 2"),
    "short": ([1, 2], "one for each of 3 labels; got 2"),
    "rows": ([[1, 2, 3]], r"got shape \(1, 3\)"),
    "text": ("a", "real numbers"),
}


@pytest.mark.parametrize(("weights", "message"), WRONG_POS_WEIGHTS.values(), ids=WRONG_POS_WEIGHTS)
def test_pos_weights_that_cannot_be_right(weights, message):
    network = Network([2, 3, 3], output="sigmoid")
    with pytest.raises(InputError, match=message):
        network.fit(X, Y, pos_weight=weights)
    assert network.head.name == "sigmoid"
    with pytest.raises(InputError, match=message):
        ChainruleClassifier((3,), pos_weight=weights).fit(X, Y)


def fitted(output="softmax", n=2, **options):
    network = Network([2, 3, n], output=output, seed=1, engine="reference")
    network.fit(options.pop("data", (X, y)), epochs=2, progress=False, **options)
    return network.W[1]


def test_fit_takes_class_weights():
    by_sample = fitted(sample_weight=np.where(y == 1, 5.0, 1.0))
    assert np.array_equal(fitted(class_weight={1: 5}), by_sample)
    named = Dataset(X, y, ("no", "yes"))
    assert np.allclose(fitted(data=named, class_weight={"yes": 5}), fitted(class_weight={1: 5}), rtol=1e-5)
    assert np.allclose(fitted(class_weight="balanced"), fitted(sample_weight=np.where(y == 1, 2.0, 1.0)))
    weighted = Dataset(X, y, ("no", "yes"), weight=np.where(y == 1, 5.0, 1.0))
    assert np.array_equal(fitted(data=weighted), fitted(data=named, class_weight={"yes": 5}))
    one_output = fitted("sigmoid", 1, class_weight={1: 5})
    assert np.array_equal(one_output, fitted("sigmoid", 1, sample_weight=np.where(y == 1, 5.0, 1.0)))


def test_classes_count_alike_in_validation_data():
    def losses(**options):
        network = Network([2, 3, 2], seed=1, engine="reference")
        return network.fit(X, y, epochs=2, progress=False, **options).column("val_loss")

    w = np.where(y == 1, 5.0, 1.0)
    assert losses(class_weight={1: 5}, validation=(X, y)) == losses(sample_weight=w, validation=(X, y, w))
    assert losses(class_weight={1: 5}, validation=0.5) == losses(sample_weight=w, validation=0.5)
    assert losses(validation=(X, y, w)) != losses(validation=(X, y))


def test_fit_takes_pos_weight():
    network = Network([2, 3, 3], output="sigmoid", seed=1, engine="reference")
    network.fit(X, Y, pos_weight=3.0, epochs=2, progress=False)
    assert network.head.pos_weight == 3
    with pytest.raises(InputError, match="Use class_weight instead"):
        Network([2, 3, 3]).fit(X, y, pos_weight=3.0)
    with pytest.raises(InputError, match="Use pos_weight"):
        Network([2, 3, 3], output="sigmoid").fit(X, Y, class_weight={0: 2})


def test_weights_of_a_dataset_follow_its_rows():
    data = Dataset(X, y, ("no", "yes"), weight=np.arange(30))
    assert data.subset([3, 1]).weight.tolist() == [3, 1]
    assert data.checksum() != Dataset(X, y, ("no", "yes")).checksum()
    for weight, message in (
        ([1, 2], "30 numbers"),
        (-np.ones(30), "got -1.0 at row 0"),
        (["a"] * 30, "30 numbers"),
    ):
        with pytest.raises(InputError, match=message):
            Dataset(X, y, ("no", "yes"), weight=weight)
