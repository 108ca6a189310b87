"""Data of every kind, and estimators inside scikit-learn's other tools."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
from scipy import sparse
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.exceptions import InconsistentVersionWarning
from sklearn.inspection import permutation_importance
from sklearn.model_selection import GridSearchCV, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from chainrule.errors import InputError
from chainrule.estimator.sparse import SparseRows
from tests.estimator.small import estimator, same


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_precision_is_kept(iris, dtype):
    X, y = iris
    one = estimator().fit(X.astype(dtype), y)
    assert {theta.dtype for theta in one.coefs_ + one.intercepts_} == {np.dtype(dtype)}
    for method in ("predict_proba", "predict_log_proba", "decision_function"):
        assert getattr(one, method)(X.astype(dtype)).dtype == dtype


def test_labels_may_be_text(iris):
    X, y = iris
    names = np.array(["versicolor", "setosa", "virginica"])
    one, other = estimator().fit(X, names[y]), estimator().fit(X, np.searchsorted(np.sort(names), names[y]))
    assert one.classes_.tolist() == sorted(names)
    assert same(one, other)
    assert np.array_equal(one.predict(X), one.classes_[other.predict(X)])


@pytest.mark.parametrize("name", ["two_classes", "labels", "iris"])
def test_methods_agree_with_each_other(name, request):
    X, y = request.getfixturevalue(name)
    one = estimator().fit(X, y)
    a, z = one.predict_proba(X), one.decision_function(X)
    np.testing.assert_allclose(np.log(a), one.predict_log_proba(X), rtol=1e-9)
    if name == "two_classes":
        assert np.array_equal(one.predict(X), (z > 0).astype(int))
        np.testing.assert_allclose(a.sum(axis=1), 1)
    else:
        assert np.array_equal(one.predict(X), z > 0 if name == "labels" else z.argmax(axis=1))


def test_one_class_and_constant_columns():
    X = np.ones((10, 3))
    one = estimator().fit(X, ["only"] * 10)
    assert one.predict(X).tolist() == ["only"] * 10
    assert np.array_equal(one.predict_proba(X), np.ones((10, 1)))
    assert np.array_equal(one.predict_log_proba(X), np.zeros((10, 1)))


def test_sparse_rows_train_as_dense_ones(iris):
    X, y = iris
    X = np.where(np.abs(X) < 0.7, 0, X)
    dense = estimator(batch_size=20).fit(X, y)
    thin = estimator(batch_size=20).fit(sparse.csr_matrix(X), y)
    assert same(dense, thin)
    assert np.array_equal(thin.predict_proba(sparse.csc_array(X)), dense.predict_proba(X))


def test_a_sparse_matrix_is_never_dense_as_a_whole(monkeypatch):
    """Nor more of it than a block, though 64 rows are looked at after each epoch."""
    largest = []
    taken = SparseRows.__getitem__

    def watched(self, rows):
        found = taken(self, rows)
        largest.append(found.size)
        return found

    monkeypatch.setattr(SparseRows, "__getitem__", watched)
    n = 1000
    X = sparse.random(n, 20_000, density=1e-3, format="csr", random_state=0, dtype=np.float32)
    y = np.arange(n) % 2
    one = estimator(hidden_layer_sizes=(2,), batch_size=20, max_iter=1).fit(X, y)
    one.predict(X)
    assert max(largest) <= 4_000_000 < n * 20_000
    with pytest.raises(TypeError, match="some rows at a time"):
        np.asarray(SparseRows(X))


def test_sparse_rows_may_be_held_out(iris):
    dense = estimator(early_stopping=True).fit(*iris)
    thin = estimator(early_stopping=True).fit(sparse.csr_matrix(iris[0]), iris[1])
    assert same(dense, thin)
    assert dense.validation_loss_curve_ == thin.validation_loss_curve_


def test_sparse_rows_and_an_engine_that_cannot(iris):
    with pytest.raises(InputError, match="engine='llvm' cannot run this network: rows of a sparse matrix"):
        estimator(engine="llvm").fit(sparse.csr_matrix(iris[0]), iris[1])
    with pytest.raises(InputError, match="solver='lbfgs' must have a dense X"):
        estimator(solver="lbfgs").fit(sparse.csr_matrix(iris[0]), iris[1])


def test_no_warning_about_engines_for_sparse_rows_of_any_number():
    X = sparse.random(3000, 10, density=0.5, format="csr", random_state=0)
    one = estimator(hidden_layer_sizes=(100,), max_iter=1).fit(X, np.arange(3000) % 2)
    assert one.history_.engine == "reference"


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_names_of_columns_are_kept_and_checked(iris, library):
    frames = pytest.importorskip(library)
    X, y = iris
    names = ["a", "b", "c", "d"]
    frame = frames.DataFrame(dict(zip(names, X.T, strict=True)))
    one = estimator().fit(frame, frames.Series(y))
    assert one.feature_names_in_.tolist() == names
    assert one.network_.data.features == tuple(names)
    assert np.array_equal(one.predict(frame), estimator().fit(X, y).predict(X))
    with pytest.raises(ValueError, match="feature names should match"):
        one.predict(frame[["b", "a", "c", "d"]])


def test_set_output_before_it(iris):
    pytest.importorskip("pandas")
    X, y = iris
    pipeline = make_pipeline(StandardScaler(), estimator()).set_output(transform="pandas").fit(X, y)
    assert pipeline[-1].feature_names_in_.tolist() == ["x0", "x1", "x2", "x3"]


def test_grid_search_in_a_pipeline(iris):
    pipeline = make_pipeline(StandardScaler(), estimator(max_iter=5))
    grid = {
        "chainruleclassifier__hidden_layer_sizes": [(4,), (8, 4)],
        "chainruleclassifier__dropout": [0, 0.2],
    }
    search = GridSearchCV(pipeline, grid, cv=2, n_jobs=2).fit(*iris)
    assert len(search.cv_results_["params"]) == 4
    assert search.best_estimator_.predict(iris[0]).shape == (150,)


def test_cross_val_predict_and_calibration(two_classes):
    X, y = two_classes
    assert cross_val_predict(estimator(), X, y, cv=3, method="predict_proba").shape == (120, 2)
    calibrated = CalibratedClassifierCV(estimator(), cv=2).fit(X, y)
    np.testing.assert_allclose(calibrated.predict_proba(X).sum(axis=1), 1)


def test_permutation_importance_finds_the_columns_that_matter(two_classes):
    X, y = two_classes
    one = estimator(max_iter=300, learning_rate_init=0.02).fit(X, y)
    found = permutation_importance(one, X, y, n_repeats=5, random_state=0).importances_mean
    assert found[:2].min() > found[2:].max()


def test_clone_and_pickle(iris):
    X, y = iris
    one = estimator(activation=["z*tanh(softplus(z))"], learning_rate="cosine").fit(X, y)
    assert same(one, pickle.loads(pickle.dumps(one)))
    again = clone(one)
    assert not hasattr(again, "network_")
    assert same(one, again.fit(X, y))


def test_a_pickle_of_another_version_warns(iris):
    one = estimator().fit(*iris)
    assert same(one, pickle.loads(pickle.dumps(one)))  # no warning, which would be an error here
    for state in ({**one.__getstate__(), "_chainrule": "0.0.1"}, dict(one.__dict__)):
        again = type(one).__new__(type(one))
        with pytest.warns(
            InconsistentVersionWarning, match=r"ChainruleClassifier from version (0\.0\.1|unknown) "
        ):
            again.__setstate__(state)
        assert same(one, again)
        assert "_chainrule" not in vars(again)


def test_the_same_seed_gives_the_same_bits(iris):
    assert same(estimator(dropout=0.2).fit(*iris), estimator(dropout=0.2).fit(*iris))
    assert not same(estimator().fit(*iris), estimator(random_state=1).fit(*iris))
    one = estimator(random_state=np.random.RandomState(3)).fit(*iris)
    assert same(one, estimator(random_state=np.random.RandomState(3)).fit(*iris))


WRONG = {
    "activation": ({"activation": "rellu"}, "hidden must be one of .* Did you mean 'relu'"),
    "solver": ({"solver": "adams"}, "solver must be one of .* Did you mean 'adam'"),
    "schedule": ({"learning_rate": "cosin"}, "Did you mean 'cosine'"),
    "widths": ({"hidden_layer_sizes": (0,)}, "hidden_layer_sizes must be a whole number of 1 or more"),
    "batch": ({"batch_size": "all"}, "batch_size must be a whole number .* Or 'auto'"),
    "alpha": ({"alpha": -1}, "alpha must be at least 0"),
    "epochs": ({"max_iter": 0}, "max_iter must be a whole number"),
    "dropout": ({"dropout": 1.0}, "dropout must be at least 0 and below 1|dropout must be below 1"),
    "rate": ({"learning_rate_init": 0}, "learning_rate_init must be above 0"),
    "weights": ({"class_weight": {7: 2}}, r"class_weight must name classes of y, \[0, 1, 2\]; got \[7\]"),
    "clip": ({"clip_norm": -1}, "clip_norm must be above 0"),
    "fraction": ({"early_stopping": True, "validation_fraction": 1.0}, "validation_fraction must be"),
}


@pytest.mark.parametrize(("options", "message"), WRONG.values(), ids=WRONG.keys())
def test_wrong_parameters_are_refused(iris, options, message):
    with pytest.raises(InputError, match=message):
        estimator(**options).fit(*iris)


def test_wrong_data_are_refused(iris):
    X, y = iris
    with pytest.raises(InputError, match="rows of y must hold 0 and 1"):
        estimator().fit(X, np.column_stack([y, y]))
    with pytest.raises(InputError, match="sample weights must not all be 0"):
        estimator(class_weight={0: 0, 1: 0, 2: 0}).fit(X, y)
    with pytest.raises(InputError, match=r"sample weights must be 0 or more.*got -1.0 at row 0"):
        estimator().fit(X, y, -np.ones(len(y)))
    with pytest.raises(InputError, match=r"validation_data must be a pair \(X, y\)"):
        estimator().fit(X, y, validation_data=X)
    with pytest.raises(InputError, match="validation_data must have labels of the same kind"):
        estimator().fit(X, y, validation_data=(X, np.eye(3, dtype=int)[y]))
    with pytest.raises(InputError, match="class_weight must be a dict for partial_fit"):
        estimator(class_weight="balanced").partial_fit(X, y, classes=[0, 1, 2])
    with pytest.raises(AttributeError, match="call fit first"):
        estimator().coefs_  # noqa: B018
