"""`Network.from_sklearn` and `to_sklearn`: the same probabilities, classes and names."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, StandardScaler

from chainrule import Activation, ChainruleClassifier, Dataset, Head, InputError, ModelFileError, Network
from chainrule.equations.heads import pos_weighted

X = np.random.default_rng(0).normal(size=(60, 4))
TARGETS = {
    "three": np.arange(60) % 3,
    "words": np.array(["ant", "bee", "cat"])[np.arange(60) % 3],
    "two": np.array(["no", "yes"])[np.arange(60) % 2],
    "many": np.arange(60) % 11,
    "signs": np.array([-1, 1])[np.arange(60) % 2],
    "bool": np.arange(60) % 2 == 0,
    "float": np.array([0.0, 1.0, 2.0])[np.arange(60) % 3],
    "half": np.array([-1.0, 1.0], np.float32)[np.arange(60) % 2],
    "small": np.array([7, 8, 200], np.uint8)[np.arange(60) % 3],
    "numerals": np.array(["1", "10", "2"])[np.arange(60) % 3],
    "numerals with zeros": np.array(["01", "02"])[np.arange(60) % 2],
    "true as words": np.array(["False", "True"])[np.arange(60) % 2],
    "objects": np.array(["no", "yes"], object)[np.arange(60) % 2],
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


@pytest.mark.parametrize(
    ("target", "activation"),
    [*((name, "relu") for name in TARGETS), *(("three", name) for name in ("identity", "logistic", "tanh"))],
)
def test_there_and_back(target, activation):
    y = TARGETS[target]
    mlp = fitted(y, activation=activation)
    network = Network.from_sklearn(mlp)
    assert network.dtype == mlp.coefs_[0].dtype
    assert np.abs(both(network.predict_proba(X)) - mlp.predict_proba(X)).max() < 1e-12
    back = network.to_sklearn()
    assert np.abs(back.predict_proba(X) - mlp.predict_proba(X)).max() < 1e-12
    assert back.classes_.tolist() == mlp.classes_.tolist()
    assert list(map(type, back.classes_.tolist())) == list(map(type, mlp.classes_.tolist()))
    assert mlp.classes_.dtype.kind == "O" or back.classes_.dtype == mlp.classes_.dtype
    assert np.array_equal(back.predict(X), mlp.predict(X))


@pytest.mark.parametrize("y", TARGETS.values(), ids=TARGETS)
def test_the_type_of_labels_is_kept_in_a_file(y, tmp_path):
    network = Network.from_sklearn(fitted(y))
    network.save(tmp_path / "m.safetensors")
    back = Network.load(tmp_path / "m.safetensors")
    assert back.data == network.data
    assert back.to_sklearn().classes_.dtype == network.to_sklearn().classes_.dtype


@pytest.mark.parametrize(
    ("target", "solver"), [("three", "adam"), ("signs", "sgd"), ("bool", "adam"), ("labels", "sgd")]
)
def test_partial_fit_goes_on(target, solver):
    y = TARGETS[target]
    back = Network.from_sklearn(fitted(y)).to_sklearn().set_params(random_state=0, solver=solver)
    before = log_loss(back, y)
    for _ in range(10):
        back.partial_fit(X, y)
    assert log_loss(back, y) < before
    assert len(back.loss_curve_) == 10


def log_loss(mlp, y):
    """The mean cross-entropy, of labels summed over them."""
    a, Y = mlp.predict_proba(X), np.asarray(y)
    if Y.ndim == 1:
        return -np.log(a[np.arange(len(Y)), np.searchsorted(mlp.classes_, Y)]).mean()
    return -(Y * np.log(a) + (1 - Y) * np.log(1 - a)).sum(axis=1).mean()


@pytest.mark.parametrize("name", ["signs", "bool", "float"])
def test_labels_of_an_estimator_keep_their_type(name):
    y = TARGETS[name]
    one = ChainruleClassifier((5,), max_iter=2, random_state=0, tol=0).fit(X, y)
    back = one.network_.to_sklearn()
    assert back.classes_.dtype == y.dtype
    assert np.array_equal(back.predict(X), one.predict(X))


def test_single_precision_goes_on():
    back = Network.from_sklearn(fitted(TARGETS["three"]), dtype="float32").to_sklearn()
    assert back.coefs_[0].dtype == np.float32
    back.partial_fit(X, TARGETS["three"])


HEADS = {
    "of labels that count more": pos_weighted(2.0),
    "focal": Head.from_formulas(link="softmax", loss="-y*(1-a)**2*log(a)"),
    "quadratic": "quadratic",
}


@pytest.mark.parametrize(
    ("head", "layers"), [("of labels that count more", [4, 3]), ("focal", [4, 3]), ("quadratic", [4, 1])]
)
def test_heads_that_differ_in_the_loss_alone(head, layers):
    network = Network(layers, output=HEADS[head], seed=0)
    assert np.abs(both(network.predict_proba(X)) - network.to_sklearn().predict_proba(X)).max() < 1e-12


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
        ({"output": "quadratic"}, "sigmoid for two classes or several labels; got quadratic"),
        ({"output": Head.from_formulas(link="(1+z/sqrt(1+z*z))/2", loss="(a-y)**2")}, "several labels; got"),
        ({"hidden": Activation.from_formula("2*tanh(z)", name="tanh")}, "one of identity, .*; got tanh"),
    ],
    ids=["gelu", "two", "quadratic", "head of formulas", "activation of a formula"],
)
def test_what_scikit_learn_cannot(options, why):
    with pytest.raises(InputError, match=why):
        Network([4, 3, 2, 3], seed=0, **options).to_sklearn()


def test_labels_that_are_none_of_their_type_are_no_model_file(tmp_path):
    network = Network.from_sklearn(fitted(TARGETS["signs"]))
    for classes, kind in ((("no", "yes"), "int64"), (("1", "2"), "object"), (("1", "2"), 7)):
        network.data = network.data._replace(classes=classes, label_type=kind)
        network.save(tmp_path / "m.safetensors")
        with pytest.raises(ModelFileError, match="must describe a network"):
            Network.load(tmp_path / "m.safetensors")


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
