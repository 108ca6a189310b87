"""Keras's `SKLearnClassifier`, on torch: the model is always the user's, by a function that builds it."""

from __future__ import annotations

import os
import pickle
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

os.environ.setdefault("KERAS_BACKEND", "torch")

import keras
import numpy as np
import torch
from keras import layers, losses, optimizers
from keras.wrappers import SKLearnClassifier, SKLearnRegressor

from benchmarks.features.base import Array, Model, NotHere, Parameters, Peer, by_code
from benchmarks.features.telling import told

keras.config.disable_interactive_logging()


def build(
    X: Any,
    y: Any,
    *,
    hidden: Sequence[int] = (8,),
    optimizer: Any = None,
    loss: Any = None,
    out: str | None = "softmax",
    inner: Callable[[Any], Any] | None = None,
    network: Any = keras.Model,
    outputs: int = 0,
    first: Any = None,
) -> Any:
    """The function that every user of the wrapper writes: widths, relu between, and how it is trained."""
    keras.utils.set_random_seed(0)
    start = a = layers.Input(X.shape[1:])
    a = first(a) if first else a
    for width in hidden if inner is None else ():
        a = layers.Dense(width, activation="relu")(a)
    a = a if inner is None else inner(a)
    model = network(start, layers.Dense(outputs or y.shape[1], activation=out)(a))
    loss = loss or losses.CategoricalCrossentropy(reduction="mean_with_sample_weight")
    model.compile(optimizer=optimizer() if optimizer else optimizers.Adam(0.05), loss=loss)
    return model


class Keras(Peer):
    """`SKLearnClassifier`; what it passes on to `Model.fit` and `Model.compile` are options, too."""

    name, title = "keras", "Keras"

    def version(self) -> str:
        return f"Keras {keras.__version__} with {keras.backend.backend()} {torch.__version__}"

    def make(self, *, cls: Any = SKLearnClassifier, builder: Any = build, **model: Any) -> Any:
        """An estimator."""
        return cls(builder, model_kwargs=model)

    def fit(self, model: Model, X: Any, y: Any, **options: Any) -> Model:
        """The whole batch, in order, unless said otherwise."""
        return model.fit(
            X, y, **{"epochs": 30, "batch_size": len(y), "shuffle": False, "verbose": 0, **options}
        )

    def train(self, X: Any, y: Any, **options: Any) -> Model:
        names = {"epochs": "epochs", "batch": "batch_size", "shuffle": "shuffle"}
        given = {names[key]: options.pop(key) for key in names if key in options}
        return self.fit(self.make(**options), X, y, **given)

    def proba(self, model: Model, X: Any) -> Array:
        method = "predict_proba" if hasattr(model, "predict_proba") else "decision_function"
        return np.asarray(getattr(model, method)(X))

    def parameters(self, model: Model) -> Parameters:
        flat = (model.model_ if hasattr(model, "model_") else model).get_weights()
        return [(W.T.copy(), b.copy()) for W, b in zip(flat[::2], flat[1::2], strict=True)]

    def estimator(self) -> Any:
        return SKLearnClassifier(
            build, model_kwargs={"hidden": (20, 20)}, fit_kwargs={"epochs": 5, "verbose": 0}
        )

    def _labels(self, X: Array, Y: Array, limits: Any = 0.5, weight: Any = 1.0) -> Model:
        """Neither wrapper takes a y of two dimensions: a row of labels goes in as a number, bit for bit."""
        bits = 2.0 ** np.arange(Y.shape[1], dtype=np.float32)

        def loss(number: Any, a: Any) -> Any:
            y = keras.ops.floor(number / bits) % 2
            on, off = y * keras.ops.log(a + 1e-7), (1 - y) * keras.ops.log(1 - a + 1e-7)
            return -keras.ops.sum(keras.ops.array(weight) * on + off, axis=-1)

        class Labels(SKLearnRegressor):
            def predict_proba(self, X: Any) -> Array:
                return np.asarray(self.model_.predict(X, verbose=0))

            def predict(self, X: Any) -> Array:
                return (self.predict_proba(X) > limits).astype(int)

        given = {"cls": Labels, "outputs": Y.shape[1], "out": "sigmoid", "loss": loss, "epochs": 300}
        return self.train(X, Y @ bits, **given)

    @by_code
    def several(self, X: Array, Y: Array) -> Model:
        return self._labels(X, Y)

    @by_code
    def pos_weight(self, X: Array, Y: Array, weight: Sequence[float]) -> Model:
        return self._labels(X, Y, weight=weight)

    @by_code
    def thresholds(self, X: Array, Y: Array, limits: Sequence[float]) -> Model:
        return self._labels(X, Y, limits)

    @by_code
    def sparse(self, X: Any, y: Array, **options: Any) -> Model:
        """The wrapper takes no sparse matrix: it gets numbers of rows, and a layer looks them up."""

        class Rows(layers.Layer):
            def call(self, numbers: Any) -> Any:
                rows = numbers.numpy().astype(int).ravel()
                return torch.tensor(self.X[rows].toarray(), dtype=torch.float32)

            def compute_output_shape(self, shape: Any) -> Any:
                return shape[0], X.shape[1]

        class Sparse(SKLearnClassifier):
            def fit(self, X: Any, y: Any, **given: Any) -> Any:
                rows.X = X
                return super().fit(np.arange(X.shape[0])[:, None], y, **given)

            def decision_function(self, X: Any) -> Array:
                rows.X = X
                return super().decision_function(np.arange(X.shape[0])[:, None])

        rows = Rows()
        return self.train(X, y, cls=Sparse, first=rows, **options)

    def weighted(self, X: Array, y: Array, weight: Array) -> Model:
        return self.fit(self.make(), X, y, sample_weight=weight)

    def class_weight(self, X: Array, y: Array, weight: dict[int, float]) -> Model:
        return self.fit(self.make(), X, y, class_weight=weight)

    def _validation(self, X_val: Array, y_val: Array) -> tuple[Array, Array]:
        return X_val, np.equal.outer(y_val, np.unique(y_val)).astype(np.float32)

    def validated(
        self, X: Array, y: Array, X_val: Array, y_val: Array, epochs: int
    ) -> tuple[Model, list[float]]:
        held = self._validation(X_val, y_val)
        model = self.fit(self.make(), X, y, epochs=epochs, validation_data=held)
        return model, model.history_.history["val_loss"]

    def best(self, X: Array, y: Array, X_val: Array, y_val: Array) -> tuple[Model, list[float]]:
        stop = keras.callbacks.EarlyStopping("val_loss", patience=10, restore_best_weights=True)
        given = {"epochs": 300, "validation_data": self._validation(X_val, y_val), "callbacks": [stop]}
        model = self.fit(self.make(hidden=(50,)), X, y, **given)
        return model, model.history_.history["val_loss"]

    def stopped(self, X: Array, y: Array, at: int) -> tuple[Model, list[int]]:
        seen: list[int] = []

        class Stop(keras.callbacks.Callback):
            def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
                seen.append(epoch + 1)
                self.model.stop_training = seen[-1] == at

        return self.fit(self.make(), X, y, callbacks=[Stop()]), seen

    @by_code
    def scikit_callbacks(self, X: Array, y: Array, callback: Any) -> Model:
        """A builder that gives the same model again: training goes on."""
        held = build(X, np.eye(3))

        def one_epoch(model: Model, X: Array, y: Array) -> None:
            self.fit(super(type(model), model), X, y, epochs=1)

        model = told(SKLearnClassifier, one_epoch)(lambda X, y: held)
        return model.set_callbacks(callback).fit(X, y)

    @by_code
    def activations(self, X: Array, y: Array) -> Model:
        def inner(a: Any) -> Any:
            a = layers.Dense(8, activation="gelu")(a)
            return layers.Dense(7, activation=lambda z: z * keras.ops.tanh(keras.ops.softplus(z)))(a)

        return self.train(X, y, inner=inner)

    @by_code
    def dropout(self, X: Array, y: Array, share: float) -> Model:
        def inner(a: Any) -> Any:
            return layers.Dropout(share)(layers.Dense(8, activation="relu")(a))

        return self.train(X, y, inner=inner)

    def smoothing(self, X: Array, y: Array, epsilon: float) -> Model:
        return self.train(X, y, loss=losses.CategoricalCrossentropy(label_smoothing=epsilon), epochs=500)

    def optimisers(self, X: Array, y: Array) -> dict[str, Model]:
        choice = (optimizers.RMSprop, optimizers.AdamW, optimizers.Adagrad)
        return {one.__name__: self.train(X, y, optimizer=partial(one, 0.05), epochs=100) for one in choice}

    def falling(self, X: Array, y: Array, epochs: int) -> list[Parameters]:
        found: list[Parameters] = []

        class Note(keras.callbacks.Callback):
            def on_epoch_end(note, epoch: int, logs: Any = None) -> None:
                found.append(self.parameters(note.model))

        optimizer = partial(optimizers.Adam, optimizers.schedules.CosineDecay(0.05, epochs))
        self.fit(self.make(optimizer=optimizer), X, y, epochs=epochs, callbacks=[Note()])
        return found

    def clip_norm(self, X: Array, y: Array, limit: float, epochs: int) -> Model:
        return self.train(X, y, optimizer=lambda: optimizers.SGD(1.0, global_clipnorm=limit), epochs=epochs)

    def clip_value(self, X: Array, y: Array, limit: float, epochs: int) -> Model:
        return self.train(X, y, optimizer=lambda: optimizers.SGD(1.0, clipvalue=limit), epochs=epochs)

    @by_code
    def lbfgs(self, X: Array, y: Array) -> Model:
        """A training step of one's own, around torch's optimiser."""

        class Stepped(keras.Model):
            def train_step(self, data: Any) -> Any:
                x, y = data[:2]

                def loss() -> Any:
                    self.zero_grad()
                    value = self.compute_loss(x, y, self(x, training=True))
                    value.backward()
                    return value

                given = {"line_search_fn": "strong_wolfe", "max_iter": 400}
                torch.optim.LBFGS([v.value for v in self.trainable_variables], **given).step(loss)
                return {"loss": loss()}

        return self.train(X, y, hidden=(), network=Stepped, epochs=1)

    @by_code
    def parts(self, X: Array, y: Array, epochs: int) -> tuple[Model, Model]:
        """A builder that gives the same model again: `warm_start` builds a new one."""
        given = {"shuffle": True, "batch_size": 20}
        whole = self.fit(self.make(), X, y, epochs=epochs, **given)
        held = build(X, np.eye(3))
        parts = self.make(builder=lambda X, y: held)
        for epoch in range(epochs):
            self.fit(parts, X, y, initial_epoch=epoch, epochs=epoch + 1, **given)
        return whole, parts

    @by_code
    def parts_pickled(
        self, X: Array, y: Array, epochs: int, between: Callable[[], None]
    ) -> tuple[Model, Model]:
        """A builder that gives the same model again; the order comes from the number of the epoch."""
        steps = epochs * -(-len(y) // 20)
        schedule = optimizers.schedules.CosineDecay(0.05, steps)
        begin = keras.callbacks.LambdaCallback(
            on_epoch_begin=lambda epoch, logs: keras.utils.set_random_seed(epoch)
        )
        given = {"shuffle": True, "batch_size": 20, "callbacks": [begin]}
        held = build(X, np.eye(3), optimizer=lambda: optimizers.Adam(schedule))
        whole = self.train(X, y, optimizer=lambda: optimizers.Adam(schedule), epochs=0)
        self.fit(whole, X, y, epochs=epochs, **given)
        for epoch in range(epochs):
            parts = self.make(builder=partial(lambda held, X, y: held, held))
            self.fit(parts, X, y, initial_epoch=epoch, epochs=epoch + 1, **given)
            held = pickle.loads(pickle.dumps(parts.model_))
            between()
        return whole, parts

    @by_code
    def log_proba(self, X: Array, y: Array, far: Array) -> Array:
        class Logs(SKLearnClassifier):
            def predict_log_proba(self, X: Any) -> Array:
                return np.asarray(keras.ops.log_softmax(self.decision_function(X)))

        loss = losses.CategoricalCrossentropy(from_logits=True)
        return np.asarray(self.train(X, y, cls=Logs, out=None, loss=loss).predict_log_proba(far))

    def one_step(self, X: Array, y: Array, theta: Parameters, rate: float) -> tuple[float, Parameters]:
        def set_there(X: Any, y: Any) -> Any:
            loss = losses.CategoricalCrossentropy(from_logits=True)
            given = {"out": None, "loss": loss, "optimizer": lambda: optimizers.SGD(rate)}
            model = build(X, y, hidden=(), **given)
            model.set_weights([theta[0][0].T, theta[0][1]])
            return model

        model = self.fit(self.make(builder=set_there), X, y, epochs=1)
        return model.history_.history["loss"][0], self.parameters(model)

    def bar(self, X: Array, y: Array) -> None:
        keras.config.enable_interactive_logging()
        self.fit(self.make(), X, y, verbose=1)
        keras.config.disable_interactive_logging()

    def searched(self) -> tuple[Any, str, Sequence[Any]]:
        return (
            self.make(optimizer=fast),
            "model_kwargs",
            [{"hidden": (n,), "optimizer": fast} for n in (4, 8)],
        )

    @by_code
    def gradients(self, X: Array, y: Array) -> bool:
        """In float32, Keras's precision: longer differences, of a network without kinks."""
        model = build(X, np.eye(3), inner=layers.Dense(8, activation="tanh"))

        def loss(*theta: Any) -> Any:
            a, _ = model.stateless_call(list(theta), [], torch.tensor(X))
            return torch.nn.functional.nll_loss(torch.log(a), torch.tensor(y))

        theta = tuple(variable.value for variable in model.trainable_variables)
        return torch.autograd.gradcheck(loss, theta, eps=1e-2, atol=1e-3)

    @by_code
    def other_layers(self, images: Array, y: Array) -> list[Model]:
        def convolution(a: Any) -> Any:
            a = layers.Conv2D(8, 3, activation="relu")(layers.Reshape((8, 8, 1))(a))
            return layers.Flatten()(a)

        def recurrent(a: Any) -> Any:
            return layers.GRU(20)(layers.Reshape((8, 8))(a))

        rows = images.reshape(len(images), 64)
        return [self.train(rows, y, inner=inner) for inner in (convolution, recurrent)]

    def gpu(self, X: Array, y: Array) -> Model:
        if not torch.cuda.is_available():
            raise NotHere("no GPU here")
        with torch.device("cuda"):
            return self.train(X, y)


def fast() -> Any:
    """An optimiser that one epoch of small batches is enough for."""
    return optimizers.Adam(0.1)
