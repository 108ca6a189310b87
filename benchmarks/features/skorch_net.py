"""skorch's `NeuralNetClassifier`: the network is always the user's, a module of torch's."""

from __future__ import annotations

import math
import pickle
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import skorch
import torch
from skorch import callbacks
from skorch.dataset import Dataset
from skorch.helper import predefined_split

from benchmarks.features.base import Array, Model, NotHere, Parameters, Peer, by_code
from benchmarks.features.telling import told


class Net(torch.nn.Module):
    """The network that every user of skorch writes: widths, and relu between."""

    def __init__(self, widths: Sequence[int] = (4, 8, 3)) -> None:
        super().__init__()
        self.layers = torch.nn.ModuleList([torch.nn.Linear(n, m) for n, m in pairwise(widths)])

    def forward(self, X: Any) -> Any:
        """The logits."""
        for layer in self.layers[:-1]:
            X = torch.relu(layer(X))
        return self.layers[-1](X)


class AnyNet(torch.nn.Module):
    """For scikit-learn's checks: any number of columns, any kind of numbers, up to ten classes."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = torch.nn.Sequential(torch.nn.LazyLinear(20), torch.nn.ReLU(), torch.nn.LazyLinear(10))

    def forward(self, X: Any) -> Any:
        """The logits."""
        return self.layers(X.float())


class Skorch(Peer):
    """`NeuralNetClassifier` with cross-entropy of logits, torch's criterion for classes."""

    name, title = "skorch", "skorch"

    def version(self) -> str:
        return f"skorch {skorch.__version__} with torch {torch.__version__}"

    def net(
        self,
        widths: Sequence[int],
        *,
        cls: Any = skorch.NeuralNetClassifier,
        module: Any = Net,
        **options: Any,
    ) -> Any:
        """An estimator; the seed decides its parameters."""
        torch.manual_seed(0)
        names = {"epochs": "max_epochs", "rate": "lr", "batch": "batch_size"}
        names |= {"shuffle": "iterator_train__shuffle"}
        plain = {"epochs": 30, "rate": 0.05, "batch": -1, "optimizer": torch.optim.Adam}
        plain |= {"criterion": torch.nn.CrossEntropyLoss, "train_split": None, "verbose": 0}
        if module is Net:
            plain["module__widths"] = widths
        return cls(module, **{names.get(key, key): value for key, value in (plain | options).items()})

    def train(self, X: Any, y: Any, *, hidden: Sequence[int] = (8,), **options: Any) -> Model:
        widths = [X.shape[1], *hidden, y.shape[1] if np.ndim(y) > 1 else len(np.unique(y))]
        return self.net(widths, **options).fit(single(X), y)

    def proba(self, model: Model, X: Any) -> Array:
        return np.asarray(model.predict_proba(single(X)))

    def predict(self, model: Model, X: Any) -> Array:
        return np.asarray(model.predict(single(X)))

    def parameters(self, model: Model) -> Parameters:
        flat = [theta.detach().numpy().copy() for theta in model.module_.parameters()]
        return list(zip(flat[::2], flat[1::2], strict=True))

    def estimator(self) -> Any:
        return self.net([], module=AnyNet, epochs=50)

    @by_code
    def text(self, X: Array, names: Array) -> Model:
        class Words(skorch.NeuralNetClassifier):
            def fit(self, X: Any, y: Any) -> Any:
                self.classes, codes = np.unique(y, return_inverse=True)
                return super().fit(X, codes)

            def predict(self, X: Any) -> Array:
                return np.asarray(self.classes_[super().predict(X)])

        return self.train(X, names, cls=Words)

    def _labels(self, X: Array, Y: Array, threshold: Any = 0.5, **options: Any) -> Model:
        class Labels(skorch.NeuralNetClassifier):
            def predict(self, X: Any) -> Array:
                return (self.predict_proba(X) > threshold).astype(int)

        given = {"criterion": torch.nn.BCEWithLogitsLoss, "predict_nonlinearity": torch.sigmoid}
        return self.train(X, single(Y), cls=Labels, **given, **options)

    @by_code
    def several(self, X: Array, Y: Array) -> Model:
        return self._labels(X, Y, epochs=100)

    @by_code
    def pos_weight(self, X: Array, Y: Array, weight: Sequence[float]) -> Model:
        return self._labels(X, Y, criterion__pos_weight=torch.tensor(weight), epochs=500)

    @by_code
    def thresholds(self, X: Array, Y: Array, limits: Sequence[float]) -> Model:
        return self._labels(X, Y, limits)

    def sparse(self, X: Any, y: Array, **options: Any) -> Model:
        return self.train(X.astype(np.float32), y, **options)

    def sparse_proba(self, model: Model, X: Any) -> Array:
        return np.asarray(model.predict_proba(X.astype(np.float32)))

    @by_code
    def names(self, frame: Any, y: Array) -> Model:
        """A data frame's columns are arguments of `forward`, by name."""

        class Named(Net):
            def forward(self, a: Any, b: Any, c: Any, d: Any) -> Any:  # type: ignore[override]
                return super().forward(torch.hstack([a, b, c, d]))

        return self.net([], module=Named, module__widths=[4, 8, 3]).fit(frame, y)

    @by_code
    def weighted(self, X: Array, y: Array, weight: Array) -> Model:
        class Weighted(skorch.NeuralNetClassifier):
            def get_loss(self, y_pred: Any, y_true: Any, X: Any, *args: Any, **given: Any) -> Any:
                each = super().get_loss(y_pred, y_true, X, *args, **given)
                return (X["weight"] * each).sum() / X["weight"].sum()

        class WithWeight(Net):
            def forward(self, X: Any, weight: Any = None) -> Any:
                return super().forward(X)

        given = {"module__widths": [X.shape[1], 8, len(np.unique(y))], "criterion__reduction": "none"}
        net = self.net([], cls=Weighted, module=WithWeight, **given)
        return net.fit({"X": single(X), "weight": single(weight)}, y)

    def class_weight(self, X: Array, y: Array, weight: dict[int, float]) -> Model:
        return self.train(X, y, criterion__weight=torch.tensor([weight[k] for k in sorted(weight)]))

    def validated(
        self, X: Array, y: Array, X_val: Array, y_val: Array, epochs: int
    ) -> tuple[Model, list[float]]:
        held = predefined_split(Dataset(single(X_val), y_val))
        model = self.train(X, y, epochs=epochs, train_split=held)
        return model, model.history[:, "valid_loss"]

    def best(self, X: Array, y: Array, X_val: Array, y_val: Array) -> tuple[Model, list[float]]:
        held = predefined_split(Dataset(single(X_val), y_val))
        stop = callbacks.EarlyStopping(patience=10, load_best=True, threshold=0)
        model = self.train(X, y, hidden=(50,), epochs=300, train_split=held, callbacks=[stop])
        return model, model.history[:, "valid_loss"]

    def stopped(self, X: Array, y: Array, at: int) -> tuple[Model, list[int]]:
        seen: list[int] = []

        class Stop(callbacks.Callback):
            def on_epoch_end(self, net: Any, **given: Any) -> None:
                seen.append(net.history[-1, "epoch"])
                if seen[-1] == at:
                    raise KeyboardInterrupt  # as EarlyStopping does

        return self.train(X, y, callbacks=[Stop()]), seen

    @by_code
    def scikit_callbacks(self, X: Array, y: Array, callback: Any) -> Model:
        def one_epoch(model: Model, X: Array, y: Array) -> None:
            model.partial_fit(X, y, epochs=1)

        net = self.net([4, 8, 3], cls=told(skorch.NeuralNetClassifier, one_epoch))
        return net.set_callbacks(callback).fit(single(X), y)

    @by_code
    def activations(self, X: Array, y: Array) -> Model:
        class Mixed(Net):
            def forward(self, X: Any) -> Any:
                first, second, last = self.layers
                z = second(torch.nn.functional.gelu(first(X)))
                return last(z * torch.tanh(torch.log1p(torch.exp(z))))

        return self.net([], module=Mixed, module__widths=[4, 8, 7, 3]).fit(single(X), y)

    @by_code
    def dropout(self, X: Array, y: Array, share: float) -> Model:
        class Dropped(Net):
            def forward(self, X: Any) -> Any:
                first, last = self.layers
                return last(torch.nn.functional.dropout(torch.relu(first(X)), share, self.training))

        return self.net([], module=Dropped, module__widths=[4, 8, 3]).fit(single(X), y)

    def smoothing(self, X: Array, y: Array, epsilon: float) -> Model:
        return self.train(X, y, criterion__label_smoothing=epsilon, epochs=500)

    def optimisers(self, X: Array, y: Array) -> dict[str, Model]:
        choice = (torch.optim.RMSprop, torch.optim.AdamW, torch.optim.Adagrad)
        return {one.__name__: self.train(X, y, optimizer=one, epochs=100) for one in choice}

    def falling(self, X: Array, y: Array, epochs: int) -> list[Parameters]:
        found: list[Parameters] = []
        schedule = callbacks.LRScheduler(torch.optim.lr_scheduler.CosineAnnealingLR, T_max=epochs)

        class Note(callbacks.Callback):
            def on_epoch_end(note, net: Any, **given: Any) -> None:
                found.append(self.parameters(net))

        self.train(X, y, epochs=epochs, callbacks=[schedule, Note()])
        return found

    def clip_norm(self, X: Array, y: Array, limit: float, epochs: int) -> Model:
        clip = callbacks.GradientNormClipping(limit)
        return self.train(X, y, optimizer=torch.optim.SGD, rate=1.0, epochs=epochs, callbacks=[clip])

    @by_code
    def clip_value(self, X: Array, y: Array, limit: float, epochs: int) -> Model:
        class Clip(callbacks.Callback):
            def on_grad_computed(self, net: Any, named_parameters: Any, **given: Any) -> None:
                torch.nn.utils.clip_grad_value_([theta for _, theta in named_parameters], limit)

        return self.train(X, y, optimizer=torch.optim.SGD, rate=1.0, epochs=epochs, callbacks=[Clip()])

    def lbfgs(self, X: Array, y: Array) -> Model:
        given = {"optimizer__line_search_fn": "strong_wolfe", "epochs": 20, "rate": 1.0}
        return self.train(X, y, hidden=(), optimizer=torch.optim.LBFGS, **given)

    def parts(self, X: Array, y: Array, epochs: int) -> tuple[Model, Model]:
        whole = self.train(X, y, epochs=epochs, batch=20, shuffle=True)
        parts = self.net([4, 8, 3], batch=20, shuffle=True)
        for _ in range(epochs):
            parts.partial_fit(single(X), y, epochs=1)
        return whole, parts

    @by_code
    def parts_pickled(
        self, X: Array, y: Array, epochs: int, between: Callable[[], None]
    ) -> tuple[Model, Model]:
        """The order and the learning rate come from the number of the epoch."""
        given: dict[str, Any] = {
            "batch": 20,
            "shuffle": True,
            "callbacks": [ByEpoch(epochs)],
            "epochs": epochs,
        }
        whole, parts = self.train(X, y, **given), self.net([4, 8, 3], **given)
        for _ in range(epochs):
            parts = pickle.loads(pickle.dumps(parts.partial_fit(single(X), y, epochs=1)))
            between()
        return whole, parts

    @by_code
    def log_proba(self, X: Array, y: Array, far: Array) -> Array:
        class Logs(skorch.NeuralNetClassifier):
            def predict_log_proba(self, X: Any) -> Array:
                return np.asarray(torch.log_softmax(self.forward(X), dim=1))

        return np.asarray(self.train(X, y, cls=Logs).predict_log_proba(single(far)))

    def one_step(self, X: Array, y: Array, theta: Parameters, rate: float) -> tuple[float, Parameters]:
        net = self.net([1, 2], optimizer=torch.optim.SGD, rate=rate).initialize()
        (W, b), layer = theta[0], net.module_.layers[0]
        layer.weight.data[...], layer.bias.data[...] = torch.tensor(W), torch.tensor(b)
        net.partial_fit(single(X), y, epochs=1)
        return net.history[-1, "train_loss"], self.parameters(net)

    def bar(self, X: Array, y: Array) -> None:
        self.train(X, y, batch=20, callbacks=[callbacks.ProgressBar()])

    def searched(self) -> tuple[Any, str, Sequence[Any]]:
        return self.net([4, 8, 3], epochs=100), "module__widths", [(4, 4, 3), (4, 8, 3)]

    @by_code
    def gradients(self, X: Array, y: Array) -> bool:
        module, inputs, classes = self.train(X, y).module_.double(), torch.tensor(X), torch.tensor(y)
        names, theta = zip(*module.named_parameters(), strict=True)

        def loss(*theta: Any) -> Any:
            z = torch.func.functional_call(module, dict(zip(names, theta, strict=True)), (inputs,))
            return torch.nn.functional.cross_entropy(z, classes)

        return torch.autograd.gradcheck(loss, theta)

    @by_code
    def other_layers(self, images: Array, y: Array) -> list[Model]:
        class Recurrent(torch.nn.Module):
            def __init__(self) -> None:
                super().__init__()
                self.rows, self.last = torch.nn.GRU(8, 20, batch_first=True), torch.nn.Linear(20, 10)

            def forward(self, X: Any) -> Any:
                return self.last(self.rows(X)[0][:, -1])

        convolution = torch.nn.Sequential(
            torch.nn.Unflatten(1, (1, 8)), torch.nn.Conv2d(1, 8, 3), torch.nn.ReLU(),
            torch.nn.Flatten(), torch.nn.Linear(288, 10),
        )  # fmt: skip
        return [self.net([], module=module, rate=0.02).fit(images, y) for module in (convolution, Recurrent)]

    def gpu(self, X: Array, y: Array) -> Model:
        if not torch.cuda.is_available():
            raise NotHere("no GPU here")
        return self.train(X, y, device="cuda")


class ByEpoch(callbacks.Callback):
    """Order and learning rate from the number of the epoch, which the history keeps."""

    def __init__(self, epochs: int) -> None:
        self.epochs = epochs

    def on_epoch_begin(self, net: Any, **given: Any) -> None:
        """Before the order is drawn."""
        epoch = len(net.history) - 1
        torch.manual_seed(epoch)
        for group in net.optimizer_.param_groups:
            group["lr"] = net.lr * (1 + math.cos(math.pi * epoch / self.epochs)) / 2


def single(X: Any) -> Any:
    """In float32, torch's precision; a sparse matrix or data frame stays one."""
    return X.astype(np.float32) if hasattr(X, "astype") else X
