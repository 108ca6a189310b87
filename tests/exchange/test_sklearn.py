"""`Network.from_sklearn` and `to_sklearn`: the same probabilities, classes and names."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, StandardScaler

from chainrule import Dataset, InputError, Network

X = np.random.default_rng(0).normal(size=(60, 4))
TARGETS = {
    "three": np.arange(60) % 3,
    "words": np.array(["ant", "bee", "cat"])[np.arange(60) % 3],
    "two": np.array(["no", "yes"])[np.arange(60) % 2],
    "many": np.arange(60) % 11,
    "labels": (np.random.default_rng(1).random((60, 3)) < 0.4).astype(int),
}


def quietly(estimator, y, X=X):
    """Fit without the warning that a few epochs converge nowhere."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return estimator.fit(X, y)


def fitted(y, **options):
    return quietly(MLPClassifier((5, 4), max_iter=5, random_state=0, **options), y)


def both(a):
    """One output as the probabilities of both classes."""
    return np.hstack([1 - a, a]) if a.shape[1] == 1 else a


@pytest.mark.parametrize("activation", ["identity", "logistic", "tanh", "relu"])
@pytest.mark.parametrize("y", TARGETS.values(), ids=TARGETS)
def test_there_and_back(y, activation):
    mlp = fitted(y, activation=activation)
    network = Network.from_sklearn(mlp)
    assert network.dtype == mlp.coefs_[0].dtype
    assert np.abs(both(network.predict_proba(X)) - mlp.predict_proba(X)).max() < 1e-12
    back = network.to_sklearn()
    assert np.abs(back.predict_proba(X) - mlp.predict_proba(X)).max() < 1e-12
    assert back.classes_.tolist() == mlp.classes_.tolist()
    assert np.array_equal(back.predict(X), mlp.predict(X))


def test_names_are_kept():
    network = Network.from_sklearn(fitted(TARGETS["words"]))
    assert network.classes == ("ant", "bee", "cat")
    assert network.data.features is None


def test_a_pipeline_brings_its_scaling(tmp_path):
    raw = X * 7 + 3
    pipeline = make_pipeline(StandardScaler(), MLPClassifier((5,), max_iter=5, random_state=0))
    quietly(pipeline, TARGETS["three"], raw)
    network = Network.from_sklearn(pipeline)
    scaled = network.data.scaling(raw, np.float64)
    assert np.abs(network.predict_proba(scaled) - pipeline.predict_proba(raw)).max() < 1e-12
    network.export(tmp_path / "m.py")  # which takes raw numbers
    names = {"__name__": "m"}
    exec((tmp_path / "m.py").read_text(encoding="utf-8"), names)
    assert np.abs(names["predict_proba"](raw) - pipeline.predict_proba(raw)).max() < 1e-12


def test_training_goes_on_in_the_network():
    network = Network.from_sklearn(fitted(TARGETS["three"]), engine="reference")
    before = network.loss(X, TARGETS["three"])
    network.fit(X, TARGETS["three"], epochs=20, learning_rate=0.1, progress=False)
    assert network.loss(X, TARGETS["three"]) < before


@pytest.mark.parametrize(
    "given",
    [
        MLPClassifier(),
        quietly(MLPRegressor(hidden_layer_sizes=(2,), max_iter=2, random_state=0), X[:, 0]),
        LogisticRegression().fit(X, TARGETS["three"]),
        make_pipeline(MinMaxScaler(), MLPClassifier()),
        None,
    ],
    ids=["unfitted", "regressor", "logistic", "other scaler", "none"],
)
def test_others_are_refused(given):
    with pytest.raises(InputError, match=r"fitted MLPClassifier|StandardScaler → MLPClassifier"):
        Network.from_sklearn(given)


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ({"hidden": "gelu"}, "one activation for all hidden layers"),
        ({"hidden": ["tanh", "relu"]}, "one activation for all hidden layers"),
        ({"output": "quadratic"}, "has the outputs softmax, sigmoid"),
    ],
    ids=str,
)
def test_what_scikit_learn_cannot(options, why):
    with pytest.raises(InputError, match=why):
        Network([4, 3, 2, 3], seed=0, **options).to_sklearn()


def test_classes_in_another_order_are_refused():
    network = Network([4, 3], seed=0, engine="reference")
    network.fit(Dataset(X, TARGETS["three"], ("b", "a", "c")), epochs=1, progress=False)
    with pytest.raises(InputError, match="sorted order"):
        network.to_sklearn()
    network.data = None
    assert network.to_sklearn().classes_.tolist() == [0, 1, 2]


def test_without_hidden_layers():
    network = Network([4, 3], seed=0)
    assert np.abs(network.to_sklearn().predict_proba(X) - network.predict_proba(X)).max() < 1e-12
