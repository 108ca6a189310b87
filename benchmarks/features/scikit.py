"""Classifiers with MLPClassifier's parameters: scikit-learn's own, and ours."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import sklearn
from sklearn.metrics import log_loss
from sklearn.neural_network import MLPClassifier
from sklearn.utils.class_weight import compute_sample_weight

import chainrule
from benchmarks.features.base import Array, Model, Parameters, Peer, by_code
from benchmarks.features.telling import told
from chainrule import ChainruleClassifier


class Scikit(Peer):
    """What both have in common, for one has the other's parameters."""

    make: Callable[..., Any]

    def given(self, n: int, **options: Any) -> dict[str, Any]:
        """Parameters for the constructor; without some stopping early."""
        names = {"hidden": "hidden_layer_sizes", "epochs": "max_iter", "rate": "learning_rate_init"}
        names |= {"batch": "batch_size", "optimizer": "solver"}
        plain = {"hidden": (8,), "epochs": 30, "rate": 0.05, "batch": n, "shuffle": False, "alpha": 0.0}
        plain |= {"learning_rate": "constant"}
        mine = {**plain, "n_iter_no_change": 10_000, "random_state": 0, **options}
        return {names.get(key, key): value for key, value in mine.items()}

    def train(self, X: Any, y: Any, **options: Any) -> Model:
        return self.make(**self.given(len(y), **options)).fit(X, y)

    def parameters(self, model: Model) -> Parameters:
        return [(W.T.copy(), b.copy()) for W, b in zip(model.coefs_, model.intercepts_, strict=True)]

    def estimator(self) -> Any:
        return self.make()

    def weighted(self, X: Array, y: Array, weight: Array) -> Model:
        return self.make(**self.given(len(y))).fit(X, y, sample_weight=weight)

    def lbfgs(self, X: Array, y: Array) -> Model:
        return self.train(X, y, hidden=(), optimizer="lbfgs", epochs=1000, tol=1e-10)

    def _parts(self, X: Array, y: Array, epochs: int, **given: Any) -> tuple[Model, Model]:
        mine = {"epochs": epochs, "batch": 20, "shuffle": True, **given}
        parts = self.make(**self.given(len(y), **mine))
        for _ in range(epochs):
            parts.partial_fit(X, y, classes=np.unique(y))
        return self.train(X, y, **mine), parts

    def parts(self, X: Array, y: Array, epochs: int) -> tuple[Model, Model]:
        return self._parts(X, y, epochs)

    def searched(self) -> tuple[Any, str, Sequence[Any]]:
        return self.make(max_iter=200, random_state=0), "hidden_layer_sizes", [(4,), (8,)]


class Chainrule(Scikit):
    """`ChainruleClassifier`."""

    name, title = "chainrule", "chainrule"
    make = ChainruleClassifier

    def version(self) -> str:
        return f"chainrule {chainrule.__version__}"

    def class_weight(self, X: Array, y: Array, weight: dict[int, float]) -> Model:
        return self.train(X, y, class_weight=weight)

    def pos_weight(self, X: Array, Y: Array, weight: Sequence[float]) -> Model:
        return self.train(X, Y, pos_weight=list(weight), epochs=500)

    def thresholds(self, X: Array, Y: Array, limits: Sequence[float]) -> Model:
        return self.train(X, Y, threshold=list(limits))

    def _validated(self, data: tuple[Any, ...], **options: Any) -> tuple[Model, list[float]]:
        X, y, X_val, y_val = data
        model: Model = self.make(**self.given(len(y), **options))
        model.fit(X, y, validation_data=(X_val, y_val))
        return model, model.validation_loss_curve_

    def validated(
        self, X: Array, y: Array, X_val: Array, y_val: Array, epochs: int
    ) -> tuple[Model, list[float]]:
        return self._validated((X, y, X_val, y_val), epochs=epochs)

    def best(self, X: Array, y: Array, X_val: Array, y_val: Array) -> tuple[Model, list[float]]:
        given = {"epochs": 300, "hidden": (50,), "n_iter_no_change": 10, "early_stopping": True}
        return self._validated((X, y, X_val, y_val), **given)

    def stopped(self, X: Array, y: Array, at: int) -> tuple[Model, list[int]]:
        seen: list[int] = []
        functions = [lambda record: seen.append(record.epoch), lambda record: record.epoch == at]
        return self.train(X, y, callbacks=functions), seen

    def scikit_callbacks(self, X: Array, y: Array, callback: Any) -> Model:
        return self.make(**self.given(len(y), epochs=5)).set_callbacks(callback).fit(X, y)

    def activations(self, X: Array, y: Array) -> Model:
        return self.train(X, y, hidden=(8, 7), activation=["gelu", "z*tanh(softplus(z))"])

    def dropout(self, X: Array, y: Array, share: float) -> Model:
        return self.train(X, y, dropout=share)

    def smoothing(self, X: Array, y: Array, epsilon: float) -> Model:
        return self.train(X, y, label_smoothing=epsilon, epochs=500)

    def optimisers(self, X: Array, y: Array) -> dict[str, Model]:
        return {name: self.train(X, y, optimizer=name, epochs=100) for name in ("rmsprop", "adamw")}

    def falling(self, X: Array, y: Array, epochs: int) -> list[Parameters]:
        model = self.make(**self.given(len(y), epochs=epochs, learning_rate="cosine"))
        return [self.parameters(model.partial_fit(X, y, classes=np.unique(y))) for _ in range(epochs)]

    def clip_norm(self, X: Array, y: Array, limit: float, epochs: int) -> Model:
        return self.train(X, y, optimizer="sgd", momentum=0.0, rate=1.0, epochs=epochs, clip_norm=limit)

    def clip_value(self, X: Array, y: Array, limit: float, epochs: int) -> Model:
        return self.train(X, y, optimizer="sgd", momentum=0.0, rate=1.0, epochs=epochs, clip_value=limit)

    def parts_pickled(
        self, X: Array, y: Array, epochs: int, between: Callable[[], None]
    ) -> tuple[Model, Model]:
        given = {"epochs": epochs, "batch": 20, "shuffle": True, "learning_rate": "cosine"}
        parts = self.make(**self.given(len(y), **given))
        for _ in range(epochs):
            parts = pickle.loads(pickle.dumps(parts.partial_fit(X, y, classes=np.unique(y))))
            between()
        return self.train(X, y, **given), parts

    def log_proba(self, X: Array, y: Array, far: Array) -> Array:
        return np.asarray(self.train(X, y).predict_log_proba(far))

    def one_step(self, X: Array, y: Array, theta: Parameters, rate: float) -> tuple[float, Parameters]:
        given = {"hidden": (), "optimizer": "sgd", "momentum": 0.0, "rate": rate}
        model = self.make(**self.given(len(y), **given)).partial_fit(X, y, classes=[0, 1])
        model.network_.W[1], model.network_.b[1] = theta[0]
        model.partial_fit(X, y)
        return model.loss_curve_[-1], self.parameters(model)

    def bar(self, X: Array, y: Array) -> None:
        self.train(X, y, verbose=True)

    def gradients(self, X: Array, y: Array) -> bool:
        return bool(chainrule.gradient_check(self.train(X, y, activation="tanh").network_, X, y).passed)

    def explained(self, X: Array, y: Array) -> str:
        return str(self.train(X, y).network_.explain(X[0], int(y[0])).weight(2, 1, 3))


class Mlp(Scikit):
    """`MLPClassifier`. Where it has no option, a loop over `partial_fit` may do."""

    name, title = "sklearn", "MLPClassifier"
    make = MLPClassifier

    def version(self) -> str:
        return f"scikit-learn {sklearn.__version__}"

    @by_code
    def class_weight(self, X: Array, y: Array, weight: dict[int, float]) -> Model:
        return self.weighted(X, y, compute_sample_weight(weight, y))

    def pos_weight(self, X: Array, Y: Array, weight: Sequence[float]) -> Model:
        return self.make(**self.given(len(Y))).fit(X, Y, sample_weight=np.where(Y == 1, weight, 1.0))

    @by_code
    def thresholds(self, X: Array, Y: Array, limits: Sequence[float]) -> Model:
        class Thresholds(MLPClassifier):
            def predict(self, X: Any) -> Array:
                return (self.predict_proba(X) > limits).astype(int)

        return Thresholds(**self.given(len(Y))).fit(X, Y)

    def _epochs(self, X: Array, y: Array, epochs: int, **options: Any) -> Any:
        """The model after each epoch."""
        model = self.make(**self.given(len(y), **options))
        for _ in range(epochs):
            yield model.partial_fit(X, y, classes=np.unique(y))

    @by_code
    def validated(
        self, X: Array, y: Array, X_val: Array, y_val: Array, epochs: int
    ) -> tuple[Model, list[float]]:
        curve = []
        for model in self._epochs(X, y, epochs):
            curve.append(log_loss(y_val, model.predict_proba(X_val)))
        return model, curve

    @by_code
    def best(self, X: Array, y: Array, X_val: Array, y_val: Array) -> tuple[Model, list[float]]:
        curve = []
        for model in self._epochs(X, y, 300, hidden=(50,)):
            curve.append(log_loss(y_val, model.predict_proba(X_val)))
            if curve[-1] == min(curve):
                best = copy.deepcopy(model)
        return best, curve

    @by_code
    def stopped(self, X: Array, y: Array, at: int) -> tuple[Model, list[int]]:
        seen: list[int] = []
        epochs = self._epochs(X, y, 30)
        while at not in seen:
            model = next(epochs)
            seen.append(len(seen) + 1)
        return model, seen

    @by_code
    def scikit_callbacks(self, X: Array, y: Array, callback: Any) -> Model:
        def one_epoch(model: Model, X: Array, y: Array) -> None:
            model.partial_fit(X, y, classes=np.unique(y))

        model = told(MLPClassifier, one_epoch)(**self.given(len(y)))
        return model.set_callbacks(callback).fit(X, y)

    def activations(self, X: Array, y: Array) -> Model:
        return self.train(X, y, hidden=(8, 7), activation=["gelu", "mish"])

    def dropout(self, X: Array, y: Array, share: float) -> Model:
        return self.train(X, y, dropout=share)

    @by_code
    def smoothing(self, X: Array, y: Array, epsilon: float) -> Model:
        """A row for each class, weighted by its part in the smoothed label."""
        classes = np.unique(y)
        weight = np.where(np.equal.outer(classes, y), 1 - epsilon, 0) + epsilon / len(classes)
        rows, labels = np.tile(X, (len(classes), 1)), np.repeat(classes, len(y))
        model = self.make(**self.given(len(rows), epochs=500))
        return model.fit(rows, labels, sample_weight=weight.ravel())

    def optimisers(self, X: Array, y: Array) -> dict[str, Model]:
        return {name: self.train(X, y, optimizer=name, epochs=100) for name in ("rmsprop", "adamw")}

    @by_code
    def falling(self, X: Array, y: Array, epochs: int) -> list[Parameters]:
        """Each epoch begins with a new optimiser: only plain gradient descent loses nothing by it."""
        given = self.given(len(y), optimizer="sgd", momentum=0.0, epochs=1, warm_start=True)
        model, rates = self.make(**given), 0.5 * (1 + np.cos(np.pi * np.arange(epochs) / epochs))
        after = (model.set_params(learning_rate_init=0.05 * rate).fit(X, y) for rate in rates)
        return [self.parameters(one) for one in after]

    def clip_norm(self, X: Array, y: Array, limit: float, epochs: int) -> Model:
        return self.train(X, y, clip_norm=limit)

    def clip_value(self, X: Array, y: Array, limit: float, epochs: int) -> Model:
        return self.train(X, y, clip_value=limit)

    def parts_pickled(
        self, X: Array, y: Array, epochs: int, between: Callable[[], None]
    ) -> tuple[Model, Model]:
        return self._parts(X, y, epochs, optimizer="sgd", momentum=0.0, learning_rate="invscaling")

    @by_code
    def log_proba(self, X: Array, y: Array, far: Array) -> Array:
        """The forward pass anew, from the parameters."""
        model, a = self.train(X, y), far
        for W, b in zip(model.coefs_[:-1], model.intercepts_[:-1], strict=True):
            a = np.maximum(a @ W + b, 0)
        z = a @ model.coefs_[-1] + model.intercepts_[-1]
        return np.hstack([-np.logaddexp(0, z), -np.logaddexp(0, -z)])

    def one_step(self, X: Array, y: Array, theta: Parameters, rate: float) -> tuple[float, Parameters]:
        given = {"hidden": (), "optimizer": "sgd", "momentum": 0.0, "rate": rate}
        model = self.make(**self.given(len(y), **given)).partial_fit(X, y, classes=[0, 1])
        model.coefs_[0][...], model.intercepts_[0][...] = theta[0][0].T, theta[0][1]
        model.partial_fit(X, y)
        return model.loss_, self.parameters(model)

    @by_code
    def bar(self, X: Array, y: Array) -> None:
        from rich.progress import track

        list(track(self._epochs(X, y, 30), total=30))

    @by_code
    def gradients(self, X: Array, y: Array) -> bool:
        """A step of plain gradient descent with η = 1 subtracts the gradient."""
        model = self.train(X, y, activation="tanh", optimizer="sgd", momentum=0.0, rate=1.0)
        theta = [*model.coefs_, *model.intercepts_]
        start = [values.copy() for values in theta]

        def loss(part: int, entry: int, h: float) -> float:
            for values, before in zip(theta, start, strict=True):
                values[...] = before
            theta[part].flat[entry] += h
            return model.partial_fit(X, y).loss_

        loss(0, 0, 0.0)
        taken = [before - after for before, after in zip(start, theta, strict=True)]
        entries = [(k, i, dW) for k, part in enumerate(taken) for i, dW in enumerate(part.flat)]
        return all(abs((loss(k, i, 1e-5) - loss(k, i, -1e-5)) / 2e-5 - dW) < 1e-7 for k, i, dW in entries)
