"""What a library has to offer: a way to do each thing, which `rows.py` then checks by its effect."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Parameters = list[tuple[Array, Array]]
"""(W, b) of every layer, W of shape (n_L, n_{L-1})."""
Model = Any
"""A trained classifier of the library's."""

LINES = 25
"""Most lines of code that a way marked `by_code` may take."""

Way = TypeVar("Way", bound=Callable[..., Any])


class Refused(Exception):
    """The library has no way; there is not even something to try."""


class NotHere(Exception):
    """This machine cannot say."""


def by_code(way: Way) -> Way:
    """Mark a way in which the user writes the code that does it, in at most `LINES` lines of public names."""
    way.by_code = True  # type: ignore[attr-defined]
    return way


class Peer:
    """A library at its best. A method without a way of its own raises what the library raises.

    Trainings are of the whole batch, without penalty, from parameters that the seed decides, unless said
    otherwise; the `Model` that comes back is given to `proba`, `predict` and `parameters`.
    """

    name = ""
    title = ""

    def version(self) -> str:
        """The name and version of what is tried."""
        raise NotImplementedError

    def train(self, X: Any, y: Any, **options: Any) -> Model:
        """Train: `hidden`, `epochs`, `rate`, `batch` (None for all), `shuffle`, `optimizer`, and its own."""
        raise NotImplementedError

    def proba(self, model: Model, X: Any) -> Array:
        """The probability of each class or label."""
        return np.asarray(model.predict_proba(X))

    def predict(self, model: Model, X: Any) -> Array:
        """The classes, or 0/1 rows of labels."""
        return np.asarray(model.predict(X))

    def parameters(self, model: Model) -> Parameters:
        """The parameters, copied."""
        raise NotImplementedError

    def estimator(self) -> Any:
        """An estimator for scikit-learn's checks."""
        raise Refused("none")

    def text(self, X: Array, names: Array) -> Model:
        """Trained on labels that are words."""
        return self.train(X, names)

    def several(self, X: Array, Y: Array) -> Model:
        """Trained on several labels a sample."""
        return self.train(X, Y)

    def sparse(self, X: Any, y: Array, **options: Any) -> Model:
        """Trained on a sparse matrix."""
        return self.train(X, y, **options)

    def sparse_proba(self, model: Model, X: Any) -> Array:
        """Probabilities of the rows of a sparse matrix."""
        return self.proba(model, X)

    def names(self, frame: Any, y: Array) -> Model:
        """Trained on a data frame."""
        return self.train(frame, y)

    def weighted(self, X: Array, y: Array, weight: Array) -> Model:
        """Trained with sample weights."""
        raise Refused("no such option")

    def class_weight(self, X: Array, y: Array, weight: dict[int, float]) -> Model:
        """Trained with class weights."""
        raise Refused("no such option")

    def pos_weight(self, X: Array, Y: Array, weight: Sequence[float]) -> Model:
        """Trained for 500 epochs with weights of labels that are on."""
        raise Refused("no such option")

    def thresholds(self, X: Array, Y: Array, limits: Sequence[float]) -> Model:
        """Trained; predicts a label where its probability is above the limit."""
        raise Refused("no such option")

    def validated(
        self, X: Array, y: Array, X_val: Array, y_val: Array, epochs: int
    ) -> tuple[Model, list[float]]:
        """Trained, with the loss on other data after each epoch."""
        raise Refused("no such option")

    def best(self, X: Array, y: Array, X_val: Array, y_val: Array) -> tuple[Model, list[float]]:
        """The best of 300 epochs of 50 hidden units by the loss on other data; that loss after each epoch."""
        raise Refused("no such option")

    def stopped(self, X: Array, y: Array, at: int) -> tuple[Model, list[int]]:
        """Stopped after an epoch by a function of the user's, which notes the epochs."""
        raise Refused("no such option")

    def scikit_callbacks(self, X: Array, y: Array, callback: Any) -> Model:
        """Trained for five epochs with a callback of scikit-learn's protocol."""
        raise Refused("no such option")

    def activations(self, X: Array, y: Array) -> Model:
        """Trained with hidden layers of 8 and 7, gelu and z tanh(log(1 + e^z))."""
        raise Refused("no such option")

    def dropout(self, X: Array, y: Array, share: float) -> Model:
        """Trained with dropout."""
        raise Refused("no such option")

    def smoothing(self, X: Array, y: Array, epsilon: float) -> Model:
        """Trained for 500 epochs with label smoothing."""
        raise Refused("no such option")

    def optimisers(self, X: Array, y: Array) -> dict[str, Model]:
        """Trained by each of some optimisers that are none of SGD, Adam and L-BFGS."""
        raise Refused("no such option")

    def falling(self, X: Array, y: Array, epochs: int) -> list[Parameters]:
        """The parameters after each epoch, with learning rates that fall to zero."""
        raise Refused("no such option")

    def clip_norm(self, X: Array, y: Array, limit: float, epochs: int) -> Model:
        """Trained by plain gradient descent with η = 1 and a bound on the gradient's length."""
        raise Refused("no such option")

    def clip_value(self, X: Array, y: Array, limit: float, epochs: int) -> Model:
        """Trained by plain gradient descent with η = 1 and a bound on each entry of the gradient."""
        raise Refused("no such option")

    def lbfgs(self, X: Array, y: Array) -> Model:
        """Trained by L-BFGS, without a hidden layer, to the minimum."""
        raise Refused("no such option")

    def parts(self, X: Array, y: Array, epochs: int) -> tuple[Model, Model]:
        """Trained in one call, and in calls of one epoch each; shuffled mini-batches of 20."""
        raise Refused("no such method")

    def parts_pickled(
        self, X: Array, y: Array, epochs: int, between: Callable[[], None]
    ) -> tuple[Model, Model]:
        """The same with a schedule, pickling and `between` after each epoch of the second."""
        raise Refused("no such method")

    def log_proba(self, X: Array, y: Array, far: Array) -> Array:
        """Logarithms of probabilities, far from what was trained on."""
        raise Refused("no such method")

    def one_step(self, X: Array, y: Array, theta: Parameters, rate: float) -> tuple[float, Parameters]:
        """The loss that it reports, and the parameters after one step of gradient descent from `theta`."""
        raise Refused("parameters cannot be set")

    def bar(self, X: Array, y: Array) -> None:
        """Train and show a progress bar."""
        raise Refused("no such option")

    def searched(self) -> tuple[Any, str, Sequence[Any]]:
        """An estimator for a search, the name of a parameter, and two values for it."""
        raise Refused("no estimator")

    def gradients(self, X: Array, y: Array) -> bool:
        """Hold the gradients of a network to differences of its loss."""
        raise Refused("no such function")

    def explained(self, X: Array, y: Array) -> str:
        """The chain rule of one weight for one sample, with its numbers, as text."""
        raise Refused("nothing in it prints how a number comes about")

    def other_layers(self, images: Array, y: Array) -> list[Model]:
        """Trained networks with a convolution, and with recurrence over rows."""
        raise Refused("dense layers alone")

    def gpu(self, X: Array, y: Array) -> Model:
        """Trained on a GPU."""
        raise Refused("runs on the processor alone")
