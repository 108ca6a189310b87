"""What users hand in: labels with gaps, times, unscaled validation data, classes of one sample."""

from __future__ import annotations

import datetime
import warnings

import numpy as np
import pytest
import sklearn
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from chainrule import ChainruleClassifier, InputError
from chainrule.errors import DataWarning

RNG = np.random.default_rng(0)
X = 100 + 20 * RNG.standard_normal((80, 3))
Y = (X[:, 0] + X[:, 1] > 200).astype(int)
X_VAL = 100 + 20 * RNG.standard_normal((40, 3))
Y_VAL = (X_VAL[:, 0] + X_VAL[:, 1] > 200).astype(int)


def small(**options):
    return ChainruleClassifier((4,), random_state=0, max_iter=20, tol=0, **options)


@pytest.fixture(autouse=True)
def _unconverged():
    warnings.filterwarnings("ignore", message=".*max_iter.*")


GAPS = {
    "a list": lambda pd: [None, "no", "yes"] * 4,
    "objects": lambda pd: np.array([None, "no", "yes"] * 4, object),
    "NaN among texts": lambda pd: np.array([float("nan"), "no", "yes"] * 4, object),
    "pandas' text": lambda pd: pd.Series([None, "no", "yes"] * 4, dtype="string"),
    "pandas' objects": lambda pd: pd.Series([None, "no", "yes"] * 4, dtype=object),
    "categories": lambda pd: pd.Series([None, "no", "yes"] * 4, dtype="category"),
    "whole numbers": lambda pd: pd.Series([None, 0, 1] * 4, dtype="Int64"),
    "bools": lambda pd: pd.Series([None, False, True] * 4, dtype="boolean"),
}


@pytest.mark.parametrize("kind", GAPS)
def test_a_missing_label_is_named_by_its_row(kind):
    pd = pytest.importorskip("pandas", reason="pandas is not installed")
    with pytest.raises(InputError, match=r"labels must not be missing; got .* at row 0\. Drop that row"):
        small().fit(X[:12], GAPS[kind](pd))


def test_a_missing_label_of_polars():
    pl = pytest.importorskip("polars", reason="polars is not installed")
    for values in ([None, "no", "yes"] * 4, [None, 0, 1] * 4):
        with pytest.raises(InputError, match="labels must not be missing; got None at row 0"):
            small().fit(X[:12], pl.Series(values))
    assert small().fit(X[:12], pl.Series(["a", "b"] * 6)).classes_.tolist() == ["a", "b"]


def test_a_missing_label_in_a_frame():
    pd = pytest.importorskip("pandas", reason="pandas is not installed")
    pl = pytest.importorskip("polars", reason="polars is not installed")
    texts, numbers = ["no", None, "yes"] * 4, [[0, 1], [None, 1], [1, 0]] * 4
    for y in (
        pd.DataFrame({"y": pd.Series(texts, dtype="string")}),
        pd.DataFrame(numbers, columns=["a", "b"], dtype="Int64"),
        np.array(texts, object)[:, None],
        pl.DataFrame({"y": texts}),
    ):
        with pytest.raises(InputError, match=r"labels must not be missing; got .* at row 1"):
            small().fit(X[:12], y)


def test_a_class_of_the_validation_data_alone_is_named():
    y_val = np.where(np.arange(40) == 5, 7, Y_VAL)
    with pytest.raises(
        InputError, match=r"y_val must hold classes of the training data, \[0, 1\]; got 7 at row 5"
    ):
        small().fit(X, Y, X_val=X_VAL, y_val=y_val)


def test_kinds_without_gaps_are_learnt():
    pd = pytest.importorskip("pandas", reason="pandas is not installed")
    for kind in ("string", object, "category"):
        found = small().fit(X[:12], pd.Series(["no", "yes"] * 6, dtype=kind))
        assert found.classes_.tolist() == ["no", "yes"]


def test_times_are_no_numbers():
    pd = pytest.importorskip("pandas", reason="pandas is not installed")
    days = pd.date_range("2026-01-01", periods=12)
    for frame, name in [
        (pd.DataFrame({"a": range(12), "day": days}), "'day' holds times"),
        (pd.DataFrame({"a": range(12), "day": days - days[0]}), "'day' holds times"),
        (days.to_numpy()[:, None], "'X' holds times"),
    ]:
        with pytest.raises(InputError, match=name):
            small().fit(frame, Y[:12])
    with pytest.raises(InputError, match="'X' holds times"):
        small().fit(X[:12, :1], Y[:12]).predict(days.to_numpy()[:, None])
    pl = pytest.importorskip("polars", reason="polars is not installed")
    frame = pl.DataFrame({"a": range(12), "day": [datetime.date(2026, 1, k) for k in range(1, 13)]})
    with pytest.raises(InputError, match="'day' holds times"):
        small().fit(frame, Y[:12])


def test_validation_data_that_skipped_the_scaler_are_noticed():
    pipe = make_pipeline(StandardScaler(), small(early_stopping=True))
    with pytest.warns(
        DataWarning, match=r"far from the training data in 3 of 3 columns; column 0 is .*±.*transform"
    ):
        pipe.fit(X, Y, chainruleclassifier__validation_data=(X_VAL, Y_VAL))


@pytest.mark.filterwarnings("error")
def test_validation_data_alike_are_not(recwarn):
    warnings.filterwarnings("ignore", message=".*max_iter.*")
    scaler = StandardScaler().fit(X)
    small().fit(scaler.transform(X), Y, validation_data=(scaler.transform(X_VAL), Y_VAL))
    small().fit(scaler.transform(X), Y, X_val=scaler.transform(X_VAL), y_val=Y_VAL)
    shifted = scaler.transform(X_VAL)
    shifted[:, 0] += 50  # one column of three
    small().fit(scaler.transform(X), Y, validation_data=(shifted, Y_VAL))


@pytest.mark.filterwarnings("error::chainrule.errors.DataWarning")
def test_metadata_routing_sends_validation_data_through_the_pipeline():
    with sklearn.config_context(enable_metadata_routing=True):
        last = small(early_stopping=True).set_fit_request(X_val=True, y_val=True, sample_weight_val=True)
        pipe = make_pipeline(StandardScaler(), last, transform_input=["X_val"])
        weight = np.linspace(1, 2, len(Y_VAL))
        pipe.fit(X, Y, X_val=X_VAL, y_val=Y_VAL, sample_weight_val=weight)
    scaler = StandardScaler().fit(X)
    alone = small(early_stopping=True).fit(
        scaler.transform(X), Y, validation_data=(scaler.transform(X_VAL), Y_VAL, weight)
    )
    assert pipe[-1].validation_loss_curve_ == alone.validation_loss_curve_


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"X_val": X_VAL}, "X_val and y_val must be given together; got X_val alone"),
        ({"y_val": Y_VAL}, "got y_val alone"),
        ({"sample_weight_val": Y_VAL}, "got sample_weight_val alone"),
        ({"X_val": X_VAL, "y_val": Y_VAL, "validation_data": (X_VAL, Y_VAL)}, "must be given once"),
    ],
)
def test_validation_data_in_part_or_twice(given, said):
    with pytest.raises(InputError, match=said):
        small().fit(X, Y, **given)


def test_class_weights_count_alike_for_held_out_and_given_validation_data():
    """The loss of the same samples is the same, whichever way they are watched."""
    weights = {0: 1.0, 1: 5.0}
    held = small(early_stopping=True, class_weight=weights, validation_fraction=0.25).fit(X - 100, Y)
    from sklearn.model_selection import train_test_split

    from chainrule.estimator.train import SPLIT

    rest, out = train_test_split(
        np.arange(len(Y)), test_size=0.25, stratify=Y, random_state=held.network_.seed + SPLIT
    )
    rest, out = np.sort(rest), np.sort(out)
    given = small(early_stopping=True, class_weight=weights)
    given.fit(X[rest] - 100, Y[rest], validation_data=(X[out] - 100, Y[out]))
    p = held.predict_proba(X[out] - 100)[np.arange(len(out)), Y[out]]
    w = np.array([weights[c] for c in Y[out]])
    mine = float((w * -np.log(p)).sum() / w.sum())
    assert mine == pytest.approx(held.best_loss_, rel=1e-6)
    p = given.predict_proba(X[out] - 100)[np.arange(len(out)), Y[out]]
    assert float((w * -np.log(p)).sum() / w.sum()) == pytest.approx(given.best_loss_, rel=1e-6)


@pytest.mark.parametrize("names", [["common", "other", "rare"], [0, 1, 2]])
def test_a_class_of_one_sample_is_named(names):
    y = np.array(names)[np.where(np.arange(80) == 7, 2, Y)]
    with pytest.raises(
        InputError, match=rf"of class {names[2]!r} there is only one sample\. Add samples, leave"
    ):
        small(early_stopping=True).fit(X, y)
    small(early_stopping=True).fit(X, y, validation_data=(X_VAL, np.array(names)[Y_VAL]))


def test_too_few_samples_for_every_class():
    y = np.arange(12) % 4
    with pytest.raises(
        InputError, match=r"each of 4 classes; validation_fraction=0.1 of 12 samples is 2\. Raise"
    ):
        small(early_stopping=True).fit(X[:12], y)
    small(early_stopping=True, validation_fraction=0.34).fit(X[:12], y)
