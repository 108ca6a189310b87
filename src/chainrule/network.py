"""`Network`: the face of the library. Everything beyond the equations is done by the packages below."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray

from chainrule.engines.reference import NUMPY
from chainrule.equations.optimizers import Optimizer
from chainrule.history import EpochRecord, History
from chainrule.model.feedforward import FeedForward
from chainrule.model.pickling import plain, restored
from chainrule.model.validate import Floats, as_samples
from chainrule.training.events import BatchEnd
from chainrule.training.schedules import Schedule

if TYPE_CHECKING:
    from chainrule.datasets import Dataset
    from chainrule.evaluation import Evaluation
    from chainrule.explain import Explanation
    from chainrule.model.predictor import Predictor
    from chainrule.training.checkpoints import Checkpoints


class Network(FeedForward):
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
        threads: how many threads the fast engine may use; None for the fastest number.

    Raises:
        InputError: invalid widths, names or seed.
    """

    _prepared: Predictor | None = None

    def __getstate__(self) -> dict[str, Any]:
        """What copying and pickling take along: not the machine code that predicts, which is found again."""
        return plain({**self.__dict__, "_prepared": None})

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(restored(state))

    def predict_proba(self, X: Any) -> Floats:
        """The probability of every class or label: the outputs a^H, of two classes 1 − a and a. → (N, K)."""
        return self.probabilities(self._predictor().outputs(X))

    def logits(self, X: Any) -> Floats:
        """The logits z^H: what goes into the output head. Eq. F1. → (N, n_H)."""
        x = as_samples(X, self.layers[0], self.dtype)
        return self._predictor().logits(x)

    def predict(self, X: Any) -> NDArray[np.int64]:
        """Class numbers (N,); of several labels 0/1 rows (N, n_H), a label being on above `threshold`."""
        from chainrule.evaluation import decide

        return decide(self.predict_proba(X), self.multi_label, self.threshold)

    def evaluate(self, data: Any, y: Any = None) -> Evaluation:
        """Loss, accuracy and more on a `Dataset`, a pair (X, y), or X and y. ``print`` shows one line."""
        from chainrule.evaluation import decide, evaluate
        from chainrule.training.data import as_examples
        from chainrule.training.score import mean_loss

        examples = as_examples(self, data, y)
        z_H = self._predictor().logits(examples.X)
        return evaluate(
            decide(examples.Y, self.multi_label),
            self.probabilities(self.head.predict(NUMPY, z_H)),
            loss=mean_loss(self.architecture, z_H, examples),
            classes=self.classes,
            loss_name=self.loss_name,
            multi_label=self.multi_label,
            threshold=self.threshold,
        )

    def explain(self, x: Any, y: Any, *, sample: str = "") -> Explanation:
        """Every number on the way of one sample, forward and back; ``print`` shows it in words.

        Args:
            x: the sample, (n_0,).
            y: its target: a class number, or a row (n_H,).
            sample: what to call it.

        Raises:
            InputError: more than one sample, or an invalid sample or target.
        """
        from chainrule.explain import explain

        return explain(self, x, y, sample=sample)

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
        class_weight: Any = None,
        pos_weight: Any = None,
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
                A `datasets.Stream` gives its samples block by block, again in each epoch.
            y: the targets, if ``data`` is X: class numbers, one-hot rows, or names. Names, and those of the
                columns of a frame, are remembered in ``network.classes``.
            epochs: passes over the data, reshuffled in each.
            batch_size: samples in a mini-batch; the last one may be smaller.
            learning_rate: η; None takes the optimiser's usual one.
            optimizer: "sgd", "momentum", "nesterov", "rmsprop", "adam", "adamw", or an `Optimizer`.
            schedule: "constant", "step", "exponential", "cosine", or a `Schedule`.
            l1: strength of the L1 penalty on weights, Eq. P2.
            l2: strength of the L2 penalty on weights, Eq. P1.
            dropout: share of hidden activations dropped in training, Eq. D1.
            label_smoothing: ε of Eq. S1.
            clip_norm: largest norm of the gradient of all parameters; a larger gradient is scaled down.
            clip_value: largest size of an entry of the gradient; larger entries are cut.
            sample_weight: how much each sample counts, (N,); only ratios matter; None takes a `Dataset`'s.
            class_weight: how much each class counts: a dict from names (numbers, where classes have no
                names), "balanced" for the same share of the whole for every class, or None.
            pos_weight: how much more a label counts where it is on: one number, or one for each label.
                It becomes a part of the network's loss.
            validation: a `Dataset`, a pair (X, y), (X, y, sample_weight), or the fraction of ``data`` to hold
                out. Classes count there as in training.
            patience: early stopping: stop after this many epochs without a lower validation loss, and
                return to the best parameters.
            on_epoch: function, or several, called with each `EpochRecord`; returning True stops training.
            on_batch: function, or several, called with each `BatchEnd`; returning True stops training.
            seed: decides order and dropout; None takes the seed of the network or of the resumed run.
            checkpoint: folder for checkpoints, one every 30 s and one at the end, or `Checkpoints`.
            resume: go on from the checkpoint in that folder, to the same bits as if the run had never
                stopped. Without a checkpoint, training starts; if the run is finished, its result is
                returned. With the constant schedule ``epochs`` may be larger; all else must be as before.
            progress: show a progress bar; None shows it on a terminal only.

        Ctrl-C ends training after the current step and keeps the parameters.

        Raises:
            InputError: data or options that are invalid, or not those of the resumed run. The network
                stays as it was.
            FolderBusy: another process is training with these checkpoints.
            ModelFileError: both of the last two checkpoints are damaged.
            TrainingDiverged: the loss turned NaN or infinite. The last good parameters are kept.
        """
        from chainrule.training.fit import fit
        from chainrule.training.plan import FitOptions

        options = FitOptions(
            epochs=epochs,
            batch_size=batch_size,
            learning_rate=learning_rate,
            optimizer=optimizer,
            schedule=schedule,
            l1=l1,
            l2=l2,
            dropout=dropout,
            label_smoothing=label_smoothing,
            clip_norm=clip_norm,
            clip_value=clip_value,
            sample_weight=sample_weight,
            class_weight=class_weight,
            pos_weight=pos_weight,
            validation=validation,
            patience=patience,
            on_epoch=on_epoch,
            on_batch=on_batch,
            seed=seed,
            checkpoint=checkpoint,
            resume=resume,
            progress=progress,
        )
        return fit(self, data, y, options)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write architecture, parameters, class names, scaling and training record to one file.

        Raises:
            StorageError: the disk refused; what stood at ``path`` before is untouched.
        """
        from chainrule.model.serialization import save

        save(self, path)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Self:
        """Read a network from a file that `save` wrote. No code in the file is ever run.

        Raises:
            ModelFileError: missing, truncated, altered or foreign file.
        """
        from chainrule.model.serialization import load

        return load(cls, path)

    def export(
        self, path: str | os.PathLike[str], to: str | None = None, *, with_training: bool = False
    ) -> None:
        """Write the network as a file that runs without chainrule, and takes and scales raw inputs.

        Args:
            path: where to write; its ending says what, unless ``to`` does.
            to: "onnx" (needs the package onnx), "numpy" (one Python file) or "c" (one C99 file, in float32).
            with_training: write a Python file with a class of this architecture that also trains: its
                initialization, forward and backward pass and gradient descent.

        Raises:
            InputError: an unknown kind, or a network that cannot be written so.
            StorageError: the disk refused; what stood at ``path`` before is untouched.
        """
        from chainrule.exchange.export import export

        export(self, path, to, with_training)

    @classmethod
    def from_sklearn(cls, mlp: Any, **options: Any) -> Self:
        """The same network as a fitted ``MLPClassifier``, class names included; options as `Network`'s.

        Raises:
            InputError: not a fitted MLPClassifier.
        """
        from chainrule.exchange.sklearn_mlp import from_sklearn

        return from_sklearn(cls, mlp, **options)

    def to_sklearn(self) -> Any:
        """An ``MLPClassifier`` that predicts as this network does, from inputs scaled as here.

        Raises:
            InputError: activations or an output head that scikit-learn does not have.
        """
        from chainrule.exchange.sklearn_mlp import to_sklearn

        return to_sklearn(self)

    @classmethod
    def from_torch(cls, module: Any, *, output: str | None = None, **options: Any) -> Self:
        """The same network as a ``torch.nn.Module`` that is a chain of Linear layers and activations.

        Args:
            module: a Sequential, or one whose code `torch.fx` can follow; its last layer may be a Softmax,
                LogSoftmax or Sigmoid.
            output: the output head, where the module ends with logits: softmax if None.
            options: those of `Network`.

        Raises:
            InputError: a module with other layers, or whose outputs on random rows differ.
        """
        from chainrule.exchange.torch_module import from_torch

        return from_torch(cls, module, output, **options)

    @classmethod
    def from_keras(cls, model: Any, *, output: str | None = None, **options: Any) -> Self:
        """The same network as a model of Keras 3 that is a chain of Dense layers and activations.

        Args:
            model: a Sequential, a functional model or one of its own; built, with any backend.
            output: the output head, where the model ends with logits: softmax if None.
            options: those of `Network`.

        Raises:
            InputError: a model with other layers, or whose outputs on random rows differ.
        """
        from chainrule.exchange.keras_model import from_keras

        return from_keras(cls, model, output, **options)

    @classmethod
    def from_flax(
        cls,
        module: Any,
        variables: Any = None,
        *,
        output: str | None = None,
        call: Mapping[str, Any] | None = None,
        **options: Any,
    ) -> Self:
        """The same network as a Flax module that is a chain of Dense or Linear layers and activations.

        Args:
            module: of flax.linen or flax.nnx; or the ``GraphDef`` of the latter.
            variables: of Linen: ``{"params": …, "batch_stats": …}``, parameters alone, or a ``TrainState``;
                of NNX: the state, if it is not the module's own.
            output: the output head, where the module ends with logits: softmax if None.
            call: arguments with which the module predicts. Those named train, training, is_training,
                deterministic, use_running_average and eval are found by themselves.
            options: those of `Network`.

        Raises:
            InputError: a module with other layers, or whose outputs on random rows differ.
        """
        from chainrule.exchange.flax_module import from_flax

        return from_flax(cls, module, variables, output, call, **options)

    def to_torch(self) -> Any:
        """A ``torch.nn.Sequential`` that ends with probabilities, from inputs scaled as here.

        Raises:
            InputError: activations or an output head that torch does not have; torch is not installed.
        """
        from chainrule.exchange.torch_module import to_torch

        return to_torch(self)

    def _predictor(self) -> Predictor:
        """What predicts, prepared once for as long as the parameters are the same arrays."""
        from chainrule.model.predictor import Predictor

        if self._prepared is None or not self._prepared.fits(self):
            self._prepared = Predictor(self)
        return self._prepared
