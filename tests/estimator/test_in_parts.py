"""`partial_fit` and `warm_start`: training that goes on."""

from __future__ import annotations

import pickle
from types import SimpleNamespace

import numpy as np
import pytest
from sklearn.base import clone

from chainrule.engines.reference import first_moments
from chainrule.equations.optimizers import adam, clip_by_value, rmsprop
from chainrule.errors import InputError, TrainingDiverged
from chainrule.training.schedules import cosine, warm_up
from tests.estimator.small import estimator, same

OPTIONS = {
    "adam": {},
    "compiled": {"engine": "llvm"},
    "sgd": {"solver": "sgd", "learning_rate_init": 0.1},
    "schedule": {"learning_rate": "cosine"},
    "falling": {"learning_rate": "invscaling", "solver": "sgd"},
    "dropout": {"dropout": 0.3},
    "clipped": {"clip_norm": 0.1},
    "in-order": {"shuffle": False, "batch_size": 7},
    "float32": {"batch_size": 16},
}


@pytest.mark.parametrize("name", OPTIONS)
def test_ten_parts_are_ten_epochs_to_the_last_bit(iris, name):
    X, y = iris
    X = X.astype(np.float32) if name == "float32" else X
    given = {**OPTIONS[name], "max_iter": 10}
    whole, parts = estimator(**given).fit(X, y), estimator(**given)
    for _ in range(10):
        parts.partial_fit(X, y, classes=np.unique(y))
    assert same(whole, parts)
    assert whole.loss_curve_ == parts.loss_curve_
    assert (whole.n_iter_, whole.t_) == (parts.n_iter_, parts.t_)


def test_the_optimiser_goes_on_too(iris):
    """Without its moments ten parts would be another training: the test above could not pass by chance."""
    X, y = iris
    whole, parts = estimator(max_iter=10).fit(X, y), estimator(max_iter=10)
    for _ in range(10):
        parts.partial_fit(X, y, classes=np.unique(y))
        parts._state = None
    assert not same(whole, parts)


def test_going_on_after_fit_and_after_pickling(iris):
    X, y = iris
    whole = estimator(max_iter=12).fit(X, y)
    begun = estimator(max_iter=10).fit(X, y)
    for _ in range(2):
        begun = pickle.loads(pickle.dumps(begun)).partial_fit(X, y)
    assert same(whole, begun)


def test_schedules_and_optimisers_given_as_objects_pickle(iris):
    X, y = iris
    given = {"solver": clip_by_value(adam(0.8), 0.5), "learning_rate": warm_up(cosine(0.1), 2), "max_iter": 4}
    whole, parts = estimator(**given).fit(X, y), clone(estimator(**given))
    for _ in range(4):
        parts = pickle.loads(pickle.dumps(parts)).partial_fit(X, y, classes=np.unique(y))
    assert same(whole, parts)


def test_the_schedule_goes_on_through_pickling(iris):
    X, y = iris
    parts = estimator(max_iter=10, learning_rate="cosine")
    for _ in range(10):
        parts = pickle.loads(pickle.dumps(parts.partial_fit(X, y, classes=np.unique(y))))
    assert same(estimator(max_iter=10, learning_rate="cosine").fit(X, y), parts)


def test_parameters_changed_between_parts_are_gone_on_from(iris):
    X, y = iris
    one = estimator(solver="sgd", momentum=0).partial_fit(X, y, classes=np.unique(y))
    one.network_.W[1] = np.zeros_like(one.network_.W[1])
    one.network_.b[1] = np.full_like(one.network_.b[1], -1.0)
    one.partial_fit(X, y)
    assert not one.coefs_[0].any()  # every relu is off, so nothing moves


def test_several_labels_need_no_classes(labels):
    X, Y = labels
    parts = estimator(max_iter=5)
    for _ in range(5):
        parts.partial_fit(X, Y)
    assert same(parts, estimator(max_iter=5).fit(X, Y))


def test_a_class_may_be_missing_in_a_part(iris):
    X, y = iris
    one = estimator().partial_fit(X[:50], y[:50], classes=[0, 1, 2]).partial_fit(X[50:], y[50:])
    assert one.predict_proba(X).shape == (150, 3)


def test_classes_must_be_named_first(iris):
    with pytest.raises(InputError, match="classes must be named in the first call"):
        estimator().partial_fit(*iris)


def test_other_classes_are_refused(iris):
    X, y = iris
    one = estimator().partial_fit(X, y, classes=[0, 1, 2])
    with pytest.raises(InputError, match="classes must be those of the first call"):
        one.partial_fit(X, y, classes=[0, 1, 2, 3])
    with pytest.raises(InputError, match=r"labels must be among the classes \[0, 1, 2\]; got 7"):
        one.partial_fit(X, np.where(y == 1, 7, y))


def test_no_parts_with_early_stopping_or_lbfgs(iris):
    with pytest.raises(InputError, match="early_stopping must be False for partial_fit"):
        estimator(early_stopping=True).partial_fit(*iris, classes=[0, 1, 2])
    assert not hasattr(estimator(solver="lbfgs"), "partial_fit")
    assert hasattr(estimator(), "partial_fit")


def test_warm_start_goes_on_from_the_parameters(iris):
    X, y = iris
    one = estimator(max_iter=5, warm_start=True).fit(X, y)
    before = one.loss_curve_[-1]
    one.fit(X, y)
    assert one.loss_curve_[-1] < before
    assert estimator(max_iter=5).fit(X, y).fit(X, y).loss_curve_[-1] == before  # without it, anew


def test_warm_start_with_other_classes_is_refused(iris):
    X, y = iris
    with pytest.raises(InputError, match="classes must be those of the first call"):
        estimator(warm_start=True).fit(X, y).fit(X, y + 1)


CHANGES = {
    "hidden_layer_sizes": ((7,), (8, 8), ()),
    "activation": ("tanh", "z*tanh(z)", ["tanh"]),
    "initializer": ("he",),
}


@pytest.mark.parametrize("again", ["fit", "partial_fit"])
@pytest.mark.parametrize(("name", "value"), [(name, value) for name in CHANGES for value in CHANGES[name]])
def test_a_parameter_that_decides_the_network_must_stay(iris, name, value, again):
    one = estimator(warm_start=True, max_iter=2).fit(*iris).set_params(**{name: value})
    before = one.coefs_[0].copy()
    with pytest.raises(InputError, match=f"^{name} must stay .* for warm_start and partial_fit"):
        getattr(one, again)(*iris)
    assert np.array_equal(one.coefs_[0], before)
    one.set_params(warm_start=False).fit(*iris)  # begins with a new network


@pytest.mark.parametrize(("before", "now"), [(None, 3.0), (3.0, None), (3.0, [3.0, 1.0, 1.0]), (2.0, 3.0)])
def test_pos_weight_must_stay(labels, before, now):
    one = estimator(pos_weight=before, max_iter=2).fit(*labels).set_params(pos_weight=now)
    with pytest.raises(InputError, match=r"^pos_weight must stay .*; got "):
        one.partial_fit(*labels)


@pytest.mark.parametrize(
    ("name", "before", "now"),
    [
        ("hidden_layer_sizes", (8,), 8),
        ("hidden_layer_sizes", [8], np.array([8])),
        ("activation", "logistic", "sigmoid"),
        ("activation", "relu", ["relu"]),
        ("activation", "z*tanh(z)", ["z*tanh(z)"]),
        ("learning_rate_init", 0.1, 0.01),
        ("solver", "adam", "sgd"),
        ("solver", "nesterov", "rmsprop"),
        ("engine", "auto", "reference"),
    ],
)
def test_the_same_in_other_words_and_all_else_may_change(iris, name, before, now):
    one = estimator(max_iter=2, **{name: before}).fit(*iris)
    pickle.loads(pickle.dumps(one)).set_params(**{name: now}).partial_fit(*iris)


@pytest.mark.parametrize("again", ["fit", "partial_fit"])
def test_pos_weight_the_same_in_other_words(labels, again):
    one = estimator(pos_weight=[2.0, 3.0, 4.0], max_iter=2, warm_start=True).fit(*labels)
    getattr(one.set_params(pos_weight=np.array([2, 3, 4])), again)(*labels)


def test_another_solver_begins_with_its_own_moments(iris):
    """RMSprop keeps one moment of each parameter, as momentum does, but another one."""
    X, y = iris
    one, fresh, stale = (estimator(solver="momentum", max_iter=3).fit(X, y) for _ in range(3))
    fresh._solver = stale._solver = "rmsprop"  # as if it had made their moments
    fresh._state = fresh._state._replace(moments=first_moments(rmsprop(), fresh.network_.params))
    for each in (one, fresh):
        each.set_params(solver="rmsprop").partial_fit(X, y)
    assert same(one, fresh)
    with pytest.raises(TrainingDiverged):  # its moments are no squares: some are negative
        stale.set_params(solver="rmsprop").partial_fit(X, y)


def test_the_engine_asked_for_last_trains(iris):
    one = estimator(engine="llvm", max_iter=1).fit(*iris).set_params(engine="reference").partial_fit(*iris)
    assert one.history_.engine == "reference"


@pytest.mark.parametrize("again", ["fit", "partial_fit"])
def test_the_precision_stays(iris, again):
    X, y = iris
    one = estimator(max_iter=2, warm_start=True).fit(X.astype(np.float32), y)
    getattr(one, again)(X, y)
    assert {theta.dtype for theta in one.coefs_ + one.intercepts_} == {np.dtype("float32")}


def test_the_engine_does_not_depend_on_the_number_of_epochs(iris):
    """Else ten parts of one epoch could run on another engine than ten epochs."""
    from chainrule.estimator.labels import labels_of
    from chainrule.estimator.options import new_network

    X, y = np.zeros((100_000, 50)), np.arange(100_000) % 2
    found = set()
    for max_iter in (1, 10_000):
        given = SimpleNamespace(**estimator(max_iter=max_iter).get_params())
        found.add(new_network(given, X, labels_of(y, False), np.float64, 0).engine)
    assert found == {"auto"}
