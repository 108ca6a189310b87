"""Parameters that have scikit-learn's names mean the same: from equal weights both train alike."""

from __future__ import annotations

import inspect
import warnings

import numpy as np
import pytest
from sklearn.neural_network import MLPClassifier

from chainrule import ChainruleClassifier
from tests.estimator.small import estimator

SAME = {
    "adam": {},
    "alpha": {"alpha": 0.5},
    "adam-options": {"beta_1": 0.8, "beta_2": 0.99, "learning_rate_init": 0.01},
    "sgd": {"solver": "sgd", "learning_rate_init": 0.1},
    "momentum": {"solver": "sgd", "learning_rate_init": 0.1, "momentum": 0.5, "nesterovs_momentum": False},
    "plain-sgd": {"solver": "sgd", "learning_rate_init": 0.1, "momentum": 0.0},
    "adaptive": {
        "solver": "sgd", "learning_rate": "adaptive", "learning_rate_init": 0.05, "tol": 0.05,
        "n_iter_no_change": 3, "momentum": 0.0, "alpha": 0.0,
    },
    "batches": {"batch_size": 32, "alpha": 0.0},
    "logistic": {"activation": "logistic"},
    "two-layers": {"activation": "tanh", "hidden_layer_sizes": (7, 5)},
}  # fmt: skip

DIFFERENT: dict[str, tuple[object, object]] = {
    "alpha": ("auto", 0.0001),
    "learning_rate": ("auto", "constant"),
    "learning_rate_init": (0.003, 0.001),
}
"""Defaults that are not theirs: ours, theirs. The page says why."""


def trained_by_both(X, y, sample_weight=None, **options):
    """Ours, and scikit-learn's from the parameters with which ours began.

    ε is all but 0, for in Adam's step theirs has it before the correction of the bias, ours after it.
    """
    given = {
        "hidden_layer_sizes": (8,),
        "max_iter": 15,
        "random_state": 0,
        "shuffle": False,
        "epsilon": 1e-15,
        **{name: theirs for name, (_, theirs) in DIFFERENT.items()},
        **options,
    }
    ours = ChainruleClassifier(**given).fit(X, y, sample_weight)
    begun = ChainruleClassifier(**{**given, "solver": "adam", "learning_rate": "constant"})
    begun.set_params(learning_rate_init=1e-300, max_iter=1).fit(X, y)
    theirs = MLPClassifier(**given, warm_start=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs.set_params(max_iter=1).fit(X, y).set_params(max_iter=given["max_iter"])
        theirs.best_loss_, theirs._no_improvement_count = np.inf, 0
        theirs.coefs_ = [np.array(W) for W in begun.coefs_]
        theirs.intercepts_ = [np.array(b) for b in begun.intercepts_]
        theirs.fit(X, y, sample_weight)
    return ours, theirs


@pytest.mark.parametrize("options", SAME.values(), ids=SAME.keys())
def test_parameters_mean_the_same(iris, options):
    ours, theirs = trained_by_both(*iris, **options)
    np.testing.assert_allclose(ours.predict_proba(iris[0]), theirs.predict_proba(iris[0]), rtol=1e-8)
    for mine, their in zip(ours.coefs_, theirs.coefs_, strict=True):
        np.testing.assert_allclose(mine, their, rtol=1e-7, atol=1e-10)


@pytest.mark.parametrize("kind", ["two_classes", "labels"])
def test_outputs_of_every_kind_train_the_same(kind, request):
    X, y = request.getfixturevalue(kind)
    ours, theirs = trained_by_both(X, y)
    assert ours.out_activation_ == theirs.out_activation_
    np.testing.assert_allclose(ours.predict_proba(X), theirs.predict_proba(X), rtol=1e-8)


def test_sample_weights_train_the_same(iris):
    """alpha is over the sum of the weights of a mini-batch in theirs, and so it is in ours."""
    X, y = iris
    weight = np.random.default_rng(0).uniform(0.5, 3, len(y))
    ours, theirs = trained_by_both(X, y, weight, alpha=0.1)
    np.testing.assert_allclose(ours.predict_proba(X), theirs.predict_proba(X), rtol=1e-8)


def test_replacing_the_import_is_enough():
    """Every parameter of MLPClassifier's constructor is one of ours, and so is every method."""
    theirs = inspect.signature(MLPClassifier).parameters
    ours = inspect.signature(ChainruleClassifier).parameters
    assert set(theirs) <= set(ours)
    methods = {name for name in dir(MLPClassifier) if not name.startswith("_")}
    assert methods - set(dir(ChainruleClassifier)) == set()


def test_defaults_are_theirs_but_for_those_that_the_page_names():
    theirs = MLPClassifier().get_params()
    ours = ChainruleClassifier().get_params()
    assert {n: (ours[n], theirs[n]) for n in theirs if ours[n] != theirs[n]} == DIFFERENT


def test_fitted_attributes_are_theirs(iris):
    ours = estimator().fit(*iris)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = MLPClassifier((8,), max_iter=2).fit(*iris)
    wanted = {name for name in vars(theirs) if name.endswith("_") and not name.startswith("_")}
    assert {name for name in wanted if not hasattr(ours, name)} == {"best_validation_score_"}
    for name in ("n_layers_", "n_outputs_", "out_activation_", "n_features_in_"):
        assert getattr(ours, name) == getattr(theirs, name)
    assert [W.shape for W in ours.coefs_] == [W.shape for W in theirs.coefs_]
    assert ours.t_ == ours.n_iter_ * len(iris[0])
    with pytest.raises(ValueError, match="read-only"):
        ours.coefs_[0][0, 0] = 1
