"""`Network`: the object people hold. It owns the parameters and lends them to the equations."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from chainrule.checks import as_real, as_whole
from chainrule.engines.reference import NUMPY
from chainrule.equations.activations import Activation
from chainrule.equations.heads import Head
from chainrule.equations.network import Architecture, backward, forward, loss, loss_and_gradients
from chainrule.equations.optimizers import Optimizer, descend
from chainrule.equations.penalty import Penalty
from chainrule.errors import InputError, look_up
from chainrule.history import EpochRecord, History
from chainrule.model.initializers import INITIALIZERS
from chainrule.model.validate import (
    Floats,
    as_activations,
    as_dtype,
    as_engine,
    as_head,
    as_numbers,
    as_pair,
    as_penalty,
    as_samples,
    as_seed,
    as_targets,
    as_weights,
    as_widths,
    check_finite,
)
from chainrule.training.loop import BatchEnd
from chainrule.training.schedules import Schedule
from chainrule.types import ByLayer, Forward, Gradients, Layer, Params

if TYPE_CHECKING:
    from chainrule.datasets import Dataset
    from chainrule.evaluation import Evaluation
    from chainrule.explain import Explanation
    from chainrule.model.dataspec import DataSpec
    from chainrule.model.predictor import Predictor
    from chainrule.training.checkpoints import Checkpoints


class Parameters(ByLayer[Floats]):
    """The W or b of every layer. ``network.W[1] = array`` copies the array into layer 1."""

    def __setitem__(self, L: int, value: Any) -> None:
        mine = self[L]
        new = as_numbers(f"the new array of layer {L}", value, mine.dtype)
        if new.shape != mine.shape:
            raise InputError(
                f"the new array of layer {L} must have shape {mine.shape}, as the old one; got {new.shape}."
            )
        check_finite(f"the new array of layer {L}", new)
        mine[...] = new


class Network:
    """A feed-forward classifier: layers, activations, an output head, and their parameters.

    Layer L of the text is layer L here: ``network.W[1]`` has shape (n_1, n_0), and so on up to H.

    Args:
        layers: the widths n_0, n_1, …, n_H, such as ``[784, 30, 10]``.
        hidden: activation of the hidden layers, by name (see `ACTIVATIONS`), by a formula such as
            "z*tanh(softplus(z))" (see `Activation.from_formula`), or one for each.
        output: "softmax" (categorical cross-entropy), "sigmoid" (multi-label cross-entropy),
            "quadratic" (½‖a − y‖² on sigmoid outputs, for comparison), or a `Head.from_formulas`.
        initializer: "normal" (N(0, 1) weights and biases), "lecun", "xavier", "he" or "uniform".
        seed: decides the initial parameters and the order of the samples; drawn and recorded if None.
        dtype: "float64" or "float32".
        engine: what trains and predicts: "auto" (the fastest that can), "llvm" (machine code made of the
            equations) or "reference" (NumPy); `chainrule doctor` tells more. Not part of the saved network.
        threads: how many threads the fast engine may use; None for as many as are fastest.

    Raises:
        InputError: widths, names or seed that cannot be right.
    """

    def __init__(
        self,
        layers: Sequence[int],
        *,
        hidden: str | Activation | Sequence[str | Activation] = "sigmoid",
        output: str | Head = "softmax",
        initializer: str = "normal",
        seed: int | None = None,
        dtype: DTypeLike = "float64",
        engine: str = "auto",
        threads: int | None = None,
    ) -> None:
        self.layers = as_widths(layers)
        self.head = as_head(output)
        if self.head.distribution and self.layers[-1] < 2:
            raise InputError(
                "softmax must have at least 2 outputs, which share the probability 1; got 1. "
                "For one yes-or-no label use output='sigmoid'."
            )
        self.hidden = as_activations(hidden, len(self.layers) - 2)
        self.initializer = initializer
        self.dtype = as_dtype(dtype)
        self.seed = as_seed(seed)
        self.engine = as_engine(engine)
        self.threads = None if threads is None else as_whole("threads", threads)
        self.data: DataSpec | None = None
        self.training: list[dict[str, Any]] = []
        self._prepared: Predictor | None = None
        initialize = look_up("initializer", initializer, INITIALIZERS)
        rng = np.random.default_rng(self.seed)
        self.params: Params = ByLayer(
            Layer(*(theta.astype(self.dtype) for theta in initialize(rng, n_out, n_in)))
            for n_in, n_out in zip(self.layers, self.layers[1:], strict=False)
        )

    @classmethod
    def from_parameters(cls, parameters: Iterable[tuple[Any, Any]], **options: Any) -> Network:
        """Make a network from [(W^1, b^1), (W^2, b^2), …]; the other options are those of `Network`."""
        try:
            layers = [(np.asarray(W), np.asarray(b)) for W, b in parameters]
        except (TypeError, ValueError):
            layers = []
        if not layers or any(W.ndim != 2 for W, _ in layers):
            raise InputError(
                "parameters must be pairs (W, b), one a layer, with W of shape (n_L, n_{L-1}); "
                f"got {parameters!r}. Write [(W1, b1), (W2, b2)]."
            )
        network = cls([layers[0][0].shape[1], *(W.shape[0] for W, _ in layers)], **options)
        for L, (W, b) in enumerate(layers, 1):
            network.W[L], network.b[L] = W, b
        return network

    def __getstate__(self) -> dict[str, Any]:
        """What copying and pickling take along: not the machine code that predicts, which is found again."""
        return {**self.__dict__, "_prepared": None}

    @property
    def W(self) -> Parameters:
        """The weights: ``W[L]`` of shape (n_L, n_{L-1}), L = 1 … H. Assigning copies into the layer."""
        return Parameters(layer.W for layer in self.params)

    @property
    def b(self) -> Parameters:
        """The biases: ``b[L]`` of shape (n_L,), L = 1 … H. Assigning copies into the layer."""
        return Parameters(layer.b for layer in self.params)

    @property
    def architecture(self) -> Architecture:
        """The functions of this network, as the equations take them."""
        return Architecture(self.hidden, self.head)

    @property
    def multi_label(self) -> bool:
        """Whether every output is a label of its own, on or off."""
        return self.head.multi_label or self.layers[-1] == 1

    @property
    def n_parameters(self) -> int:
        """How many numbers are learnt: all weights and biases."""
        return sum(layer.W.size + layer.b.size for layer in self.params)

    def __repr__(self) -> str:
        names = [*(activation.name for activation in self.hidden), self.head.name]
        widths = [f"{n} {name}" for n, name in zip(self.layers[1:], names, strict=True)]
        chain = " → ".join([str(self.layers[0]), *widths])
        return f"Network({chain}; {self.n_parameters:,} parameters, {self.dtype})"

    def forward(self, x: Any) -> Forward:
        """Every z^L and a^L on the way from a^0 = x to the output. Eq. F1, F2, H1 or H3.

        Shapes: x (N, n_0), or one sample (n_0,) or (n_0, 1) → z[L], a[L] (N, n_L), a sample a row.
        """
        return forward(NUMPY, self.architecture, self.params, self._samples(x))

    def backward(
        self, cache: Forward, y: Any, *, sample_weight: Any = None, l1: float = 0.0, l2: float = 0.0
    ) -> Gradients:
        """Every δ^L, ∂J/∂W^L and ∂J/∂b^L of the mean loss, from a forward pass. Eq. B1 to B4.

        For one sample these are the text's quantities. For N samples each row of δ^L carries its
        weight 1/N, so that dW[L] and db[L] are means over the batch. Penalties add to dW alone.
        """
        n = len(cache.a[0])
        y, w = self._targets(y, n), self._mean_weights(sample_weight, n)
        return backward(NUMPY, self.architecture, self.params, cache, y, w, as_penalty(l1, l2))

    def gradients(
        self, X: Any, y: Any, *, sample_weight: Any = None, l1: float = 0.0, l2: float = 0.0
    ) -> Gradients:
        """Forward and backward pass in one: the gradient of `loss` with the same arguments."""
        return self._loss_and_gradients(X, y, sample_weight, as_penalty(l1, l2))[1]

    def loss(self, X: Any, y: Any, *, sample_weight: Any = None, l1: float = 0.0, l2: float = 0.0) -> float:
        """Mean loss J over the samples (Eq. H2, H4 or Q1), plus λ₁ Σ|W| + λ₂ ½ ΣW² over all layers."""
        x = self._samples(X)
        y, w = self._targets(y, len(x)), self._mean_weights(sample_weight, len(x))
        z_H = forward(NUMPY, self.architecture, self.params, x).z[-1]
        return float(loss(NUMPY, self.architecture, self.params, z_H, y, w, as_penalty(l1, l2)))

    def gradient_descent(self, mini_batch: Any, learning_rate: float) -> float:
        """Take one step of gradient descent on a mini-batch, averaging over its samples. Eq. G1.

            W^L ← W^L − η/N Σ ∂J/∂W^L        b^L ← b^L − η/N Σ ∂J/∂b^L

        Args:
            mini_batch: a pair (X, y) of arrays, or a list of (x, y) pairs of column vectors.
            learning_rate: η.

        Returns:
            The mean loss of the mini-batch before the step.

        Raises:
            InputError: samples or labels that cannot be right. The parameters stay as they were.
        """
        learning_rate = as_real("learning_rate", learning_rate, above=0, remedy="Try 0.5.")
        value, gradients = self._loss_and_gradients(*as_pair(mini_batch), None, Penalty())
        self.params = ByLayer(
            Layer(descend(layer.W, dW, learning_rate), descend(layer.b, db, learning_rate))
            for layer, dW, db in zip(self.params, gradients.dW, gradients.db, strict=True)
        )
        return value

    def predict_proba(self, X: Any) -> Floats:
        """The outputs a^H: the probability of every class (softmax) or label (sigmoid). → (N, n_H)."""
        return self._predictor().outputs(X)

    def logits(self, X: Any) -> Floats:
        """The logits z^H: what goes into the output head. Eq. F1. → (N, n_H)."""
        x = as_samples(X, self.layers[0], self.dtype)
        return self._predictor().logits(x)

    def predict(self, X: Any) -> NDArray[np.int64]:
        """Class numbers (N,); with sigmoid outputs 0/1 rows (N, n_H), a label being on above ½."""
        from chainrule.evaluation import decide

        return decide(self.predict_proba(X), self.multi_label)

    def evaluate(self, data: Any, y: Any = None) -> Evaluation:
        """Loss, accuracy and more on a `Dataset`, a pair (X, y), or X and y. ``print`` shows one line."""
        from chainrule.evaluation import decide, evaluate
        from chainrule.training.data import as_examples
        from chainrule.training.loop import mean_loss

        examples = as_examples(self, data, y)
        z_H = self._predictor().logits(examples.X)
        return evaluate(
            decide(examples.Y, self.multi_label),
            self.head.predict(NUMPY, z_H),
            loss=mean_loss(self.architecture, z_H, examples),
            classes=self.classes,
            loss_name=self.head.loss_name,
            multi_label=self.multi_label,
        )

    def explain(self, x: Any, y: Any, *, sample: str = "") -> Explanation:
        """Every number on the way of one sample, forward and back; ``print`` shows it in words.

        Args:
            x: the sample, (n_0,).
            y: its target: a class number, or a row (n_H,).
            sample: what to call it.

        Raises:
            InputError: more than one sample, or a sample or target that cannot be right.
        """
        from chainrule.explain import explain

        return explain(self, x, y, sample=sample)

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of the outputs: those of the data it was trained on, else their numbers.

        The one output of a yes-or-no network stands for the second of two classes.
        """
        n_outputs = self.layers[-1]
        return tuple(map(str, range(n_outputs))) if self.data is None else self.data.classes[-n_outputs:]

    def fit(
        self,
        data: Dataset | Any,
        y: Any = None,
        *,
        epochs: int = 30,
        batch_size: int = 10,
        learning_rate: float | None = None,
        optimizer: str | Optimizer = "sgd",
        schedule: str | Schedule = "constant",
        l1: float = 0.0,
        l2: float = 0.0,
        dropout: float = 0.0,
        label_smoothing: float = 0.0,
        clip_norm: float | None = None,
        clip_value: float | None = None,
        sample_weight: Any = None,
        validation: Dataset | tuple[Any, Any] | float | None = None,
        patience: int | None = None,
        on_epoch: Callable[[EpochRecord], Any] | Sequence[Callable[[EpochRecord], Any]] = (),
        on_batch: Callable[[BatchEnd], Any] | Sequence[Callable[[BatchEnd], Any]] = (),
        seed: int | None = None,
        checkpoint: str | os.PathLike[str] | Checkpoints | None = None,
        resume: bool = False,
        progress: bool | None = None,
    ) -> History:
        """Train on a `Dataset`, a pair (X, y), or X and y, and return the history.

        Args:
            data: what to learn from; class names, picture shape and scaling are remembered from a `Dataset`.
                A `datasets.Stream` gives its samples block by block, anew in each epoch.
            y: the targets, where ``data`` is X.
            epochs: passes over the data, reshuffled in each.
            batch_size: samples in a mini-batch; the last one may be smaller.
            learning_rate: η; None takes the optimiser's usual one.
            optimizer: "sgd", "momentum", "nesterov", "rmsprop", "adam", "adamw", or an `Optimizer`.
            schedule: "constant", "step", "exponential", "cosine", or a `Schedule`.
            l1: strength of the L1 penalty on weights, Eq. P2.
            l2: strength of the L2 penalty on weights, Eq. P1.
            dropout: share of hidden activations dropped in training, Eq. D1.
            label_smoothing: ε of Eq. S1.
            clip_norm: longest gradient, of all parameters together; a longer one is shortened to it.
            clip_value: largest entry of a gradient; a larger one is cut to it.
            sample_weight: how much each sample counts, (N,); only ratios matter.
            validation: a `Dataset`, a pair (X, y), or the fraction of ``data`` to hold out.
            patience: stop after so many epochs without a lower validation loss, and go back to the
                best parameters.
            on_epoch: function, or several, called with each `EpochRecord`; returning True stops training.
            on_batch: function, or several, called with each `BatchEnd`; returning True stops training.
            seed: decides order and dropout; None takes the network's, or the one of the run that is resumed.
            checkpoint: folder for checkpoints, one every 30 s and one at the end, or `Checkpoints`.
            resume: go on from the checkpoint in that folder to the same bits as if the run had never
                stopped. Without one begin; where the run is over give back how it ended. More ``epochs``
                may be asked for where the schedule is constant; the rest must be as before.
            progress: show a bar; None shows it on a terminal only.

        Ctrl-C ends training after the step under way and keeps what was learnt.

        Raises:
            InputError: data or options that cannot be right, or not those of the run that is resumed. The
                network stays as it was.
            FolderBusy: another process is training with these checkpoints.
            ModelFileError: both of the last two checkpoints are damaged.
            TrainingDiverged: the loss turned NaN or infinite. The last good parameters are kept.
        """
        options = {name: value for name, value in locals().items() if name != "self"}
        from chainrule.training.fit import fit

        return fit(self, **options)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write architecture, parameters, class names, scaling and training record to one file.

        Raises:
            StorageError: the disk refused; what stood at ``path`` before is untouched.
        """
        from chainrule.model.serialization import save

        save(self, path)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Network:
        """Read a network from a file that `save` wrote. No code in the file is ever run.

        Raises:
            ModelFileError: missing, truncated, altered or foreign file.
        """
        from chainrule.model.serialization import load

        return load(path)

    def export(self, path: str | os.PathLike[str], to: str | None = None) -> None:
        """Write the network as a file that runs without chainrule, and takes and scales raw inputs.

        Args:
            path: where to write; its ending says what, unless ``to`` does.
            to: "onnx" (needs the package onnx), "numpy" (one Python file) or "c" (one C99 file, in float32).

        Raises:
            InputError: an unknown kind, or a network that cannot be written so.
            StorageError: the disk refused; what stood at ``path`` before is untouched.
        """
        from chainrule.exchange.export import export

        export(self, path, to)

    @classmethod
    def from_sklearn(cls, mlp: Any, **options: Any) -> Network:
        """The same network as a fitted ``MLPClassifier``, class names included; options as `Network`'s.

        Raises:
            InputError: not a fitted MLPClassifier.
        """
        from chainrule.exchange.sklearn_mlp import from_sklearn

        return from_sklearn(mlp, **options)

    def to_sklearn(self) -> Any:
        """An ``MLPClassifier`` that predicts as this network does, from inputs scaled as here.

        Raises:
            InputError: activations or an output head that scikit-learn does not have.
        """
        from chainrule.exchange.sklearn_mlp import to_sklearn

        return to_sklearn(self)

    @classmethod
    def from_torch(cls, module: Any, *, output: str | None = None, **options: Any) -> Network:
        """The same network as a ``torch.nn.Sequential`` of Linear layers and activations.

        Args:
            module: a Sequential; its last layer may be a Softmax, LogSoftmax or Sigmoid.
            output: the output head, where the module ends with logits: softmax if None.
            options: those of `Network`.

        Raises:
            InputError: a module with other layers.
        """
        from chainrule.exchange.torch_module import from_torch

        return from_torch(module, output, **options)

    def to_torch(self) -> Any:
        """A ``torch.nn.Sequential`` that ends with probabilities, from inputs scaled as here.

        Raises:
            InputError: activations or an output head that torch does not have; torch is not installed.
        """
        from chainrule.exchange.torch_module import to_torch

        return to_torch(self)

    def _loss_and_gradients(
        self, X: Any, y: Any, sample_weight: Any, penalty: Penalty
    ) -> tuple[float, Gradients]:
        x = self._samples(X)
        y, w = self._targets(y, len(x)), self._mean_weights(sample_weight, len(x))
        value, gradients = loss_and_gradients(NUMPY, self.architecture, self.params, x, y, w, penalty)
        return float(value), gradients

    def _predictor(self) -> Predictor:
        """What predicts, prepared once for as long as the parameters are the same arrays."""
        from chainrule.model.predictor import Predictor

        if self._prepared is None or not self._prepared.fits(self):
            self._prepared = Predictor(self)
        return self._prepared

    def _samples(self, X: Any) -> Floats:
        return as_samples(X, self.layers[0], self.dtype)

    def _targets(self, y: Any, n: int) -> Floats:
        return as_targets(y, n, self.layers[-1], self.head, self.dtype)

    def _mean_weights(self, sample_weight: Any, n: int) -> Floats:
        w = as_weights(sample_weight, n, self.dtype)
        mean: Floats = w / w.sum()
        return mean
