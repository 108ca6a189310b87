"""`ChainruleClassifier`: a network with scikit-learn's conventions."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.exceptions import InconsistentVersionWarning
from sklearn.utils import check_random_state
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted, validate_data

from chainrule.about import VERSION
from chainrule.checks import check_unmasked
from chainrule.engines.base import Examples, Floats
from chainrule.engines.reference import NUMPY
from chainrule.equations.activations import Activation, sigmoid, softplus
from chainrule.equations.heads import log_softmax
from chainrule.equations.optimizers import Optimizer
from chainrule.errors import InputError
from chainrule.estimator import options, train
from chainrule.estimator.attributes import FittedAttributes
from chainrule.estimator.callbacks import CallbackSupport, with_callbacks
from chainrule.estimator.inputs import (
    check_known,
    check_no_gaps,
    check_no_times,
    validation_parts,
    warn_if_far,
)
from chainrule.estimator.labels import Labels, class_weights_of, labels_of, read_labels
from chainrule.estimator.sparse import SparseRows
from chainrule.evaluation import decide
from chainrule.history import EpochRecord
from chainrule.model.names import columns_of
from chainrule.model.validate import as_engine
from chainrule.training.schedules import Schedule


def _in_steps(self: Any) -> bool:
    if self.solver == "lbfgs":
        raise AttributeError(
            "partial_fit takes steps on mini-batches, and lbfgs has none: use another solver"
        )
    return True


class ChainruleClassifier(ClassifierMixin, CallbackSupport, FittedAttributes, BaseEstimator):
    """Feed-forward classifier trained with cross-entropy: `sklearn.neural_network.MLPClassifier` and more.

    Two classes, many classes, or several labels a sample (y of 0 and 1, a column a label). X may be an array,
    a sparse matrix, or a data frame; float32 stays float32. ``network_`` is the `Network`, so everything that
    explains, proves or draws a network works on it.

    Args:
        hidden_layer_sizes: widths of the hidden layers.
        activation: "relu", "logistic", "tanh", "identity", any other name in `ACTIVATIONS`, a formula, an
            `Activation`, or a list with one for each hidden layer.
        solver: "adam", "sgd", "lbfgs", "momentum", "nesterov", "rmsprop", "adamw", or an `Optimizer`.
        alpha: strength of the L2 penalty, over the number of samples in a mini-batch; "auto" is that of a
            Gaussian prior on the weights, which counts for less the more samples there are. Eq. P1.
        batch_size: samples in a mini-batch; "auto" takes 200, or all where there are fewer.
        learning_rate: "auto", which falls slowly, η/(1 + e/100) after e epochs, "constant", "invscaling",
            "adaptive", "step", "exponential", "cosine" or a `Schedule`.
        learning_rate_init: η.
        power_t: exponent of "invscaling".
        max_iter: most epochs; with lbfgs iterations.
        shuffle: whether each epoch has an order of its own.
        random_state: decides initial parameters, order, dropout and held-out samples.
        tol: a loss that falls by less has not fallen.
        verbose: show a progress bar.
        warm_start: `fit` goes on from the parameters that there are. What decides the network (its layers,
            activation, pos_weight, initializer) must be as before.
        momentum: μ of "sgd", "momentum" and "nesterov".
        nesterovs_momentum: whether "sgd" has Nesterov's.
        early_stopping: hold out samples, stop when their loss no longer falls, and keep the best parameters.
        validation_fraction: share of samples held out.
        beta_1: β₁ of Adam.
        beta_2: β₂ of Adam.
        epsilon: ε of Adam and RMSprop.
        n_iter_no_change: epochs without a lower loss after which training stops.
        max_fun: most evaluations of the loss by lbfgs.
        l1: strength of the L1 penalty. Eq. P2.
        dropout: share of hidden activations dropped in training. Eq. D1.
        label_smoothing: ε of Eq. S1.
        clip_norm: longest gradient, all parameters together; None for any.
        clip_value: largest entry of a gradient; None for any.
        class_weight: what each class counts: a dict, "balanced", or None.
        pos_weight: how much more a label counts where it is on: one number, or one for each label.
        threshold: probability above which a label is on: one number, or one for each label. Of two classes:
            that of the second, ``classes_[1]``, above which it is taken. ``network_`` keeps it, in files and
            exports, too.
        callbacks: function, or several, called with each `EpochRecord`; returning True stops training. With
            lbfgs a record is of an iteration, and its learning rate NaN.
        initializer: "uniform", which draws the biases, too, "xavier", "he", "lecun" or "normal".
        engine: "auto", "llvm" or "reference"; "auto" compiles only where that takes less time than it saves.
        threads: how many threads the fast engine may use.

    Attributes:
        network_: the `Network`.
        classes_: the classes; of labels the numbers of their columns.
        n_features_in_: columns of X.
        feature_names_in_: their names, where X had any.
        n_iter_: epochs done.
        loss_curve_: the training loss of each epoch; with lbfgs of each iteration, with the penalty.
        validation_loss_curve_: that of the validation data, where there are any.
        validation_scores_: their accuracy.
        best_loss_: the lowest loss watched.
        history_: the `History` of the last call.
    """

    def __init__(
        self,
        hidden_layer_sizes: Sequence[int] | int = (100,),
        activation: str | Activation | Sequence[str | Activation] = "relu",
        *,
        solver: str | Optimizer = "adam",
        alpha: float | str = "auto",
        batch_size: int | str = "auto",
        learning_rate: str | Schedule = "auto",
        learning_rate_init: float = 0.003,
        power_t: float = 0.5,
        max_iter: int = 200,
        shuffle: bool = True,
        random_state: Any = None,
        tol: float = 1e-4,
        verbose: bool = False,
        warm_start: bool = False,
        momentum: float = 0.9,
        nesterovs_momentum: bool = True,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-8,
        n_iter_no_change: float = 10,
        max_fun: int = 15000,
        l1: float = 0.0,
        dropout: float = 0.0,
        label_smoothing: float = 0.0,
        clip_norm: float | None = None,
        clip_value: float | None = None,
        class_weight: Any = None,
        pos_weight: Any = None,
        threshold: Any = 0.5,
        callbacks: Callable[[EpochRecord], Any] | Sequence[Callable[[EpochRecord], Any]] | None = None,
        initializer: str = "uniform",
        engine: str = "auto",
        threads: int | None = None,
    ) -> None:
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.solver = solver
        self.alpha = alpha
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.learning_rate_init = learning_rate_init
        self.power_t = power_t
        self.max_iter = max_iter
        self.shuffle = shuffle
        self.random_state = random_state
        self.tol = tol
        self.verbose = verbose
        self.warm_start = warm_start
        self.momentum = momentum
        self.nesterovs_momentum = nesterovs_momentum
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.beta_1 = beta_1
        self.beta_2 = beta_2
        self.epsilon = epsilon
        self.n_iter_no_change = n_iter_no_change
        self.max_fun = max_fun
        self.l1 = l1
        self.dropout = dropout
        self.label_smoothing = label_smoothing
        self.clip_norm = clip_norm
        self.clip_value = clip_value
        self.class_weight = class_weight
        self.pos_weight = pos_weight
        self.threshold = threshold
        self.callbacks = callbacks
        self.initializer = initializer
        self.engine = engine
        self.threads = threads

    @with_callbacks
    def fit(
        self,
        X: Any,
        y: Any,
        sample_weight: Any = None,
        *,
        validation_data: tuple[Any, Any] | None = None,
        X_val: Any = None,
        y_val: Any = None,
        sample_weight_val: Any = None,
    ) -> ChainruleClassifier:
        """Train on all of the data, until the loss no longer falls or after ``max_iter`` epochs.

        Args:
            X: samples, (N, n_0).
            y: a class for each, (N,), or 0/1 rows of labels, (N, K). Rows may hold probabilities: of labels,
                or, where every row sums to 1, of the classes 0 … K−1.
            sample_weight: what each sample counts, (N,); only ratios matter.
            validation_data: samples and labels whose loss and accuracy are recorded after each epoch; with
                ``early_stopping`` they are watched, and nothing is held out. A third part are
                their weights.
            X_val: the same as parts of their own, which scikit-learn's metadata routing can send through the
                steps of a Pipeline (``transform_input=["X_val"]``).
            y_val: their labels.
            sample_weight_val: what each of them counts.

        Raises:
            InputError: parameters or data that cannot be right.
            TrainingDiverged: the loss turned NaN or infinite.
        """
        parts = validation_parts(validation_data, X_val, y_val, sample_weight_val)
        return self._fit(X, y, sample_weight, parts)

    @available_if(_in_steps)  # type: ignore[untyped-decorator]
    @with_callbacks
    def partial_fit(
        self, X: Any, y: Any, classes: Any = None, sample_weight: Any = None
    ) -> ChainruleClassifier:
        """Train one more epoch, on these samples. Parameters and the optimiser's moments go on from before.

        As often as `fit` would have trained epochs, on the same data, it gives the same bits. With
        ``alpha="auto"`` these samples are taken for all there are: where they come in small parts, name an
        ``alpha``.

        Args:
            X: samples, (N, n_0).
            y: their labels, as for `fit`.
            classes: every class that will ever come; needed in the first call, unless y has rows of labels.
            sample_weight: what each sample counts.
        """
        if self.early_stopping:
            raise InputError(
                "early_stopping must be False for partial_fit, which sees the data in parts; got True. "
                "Watch the loss on data of your own between the calls."
            )
        return self._fit(X, y, sample_weight, None, classes, partial=True)

    def _fit(
        self, X: Any, y: Any, sample_weight: Any, validation: Any, classes: Any = None, partial: bool = False
    ) -> ChainruleClassifier:
        options.check(self)
        goes_on = (partial or self.warm_start) and hasattr(self, "network_")
        columns = columns_of(y)
        X, y, multi_label = self._validated(X, y, self.network_.dtype if goes_on else None)
        if partial and not (goes_on or multi_label) and classes is None:
            raise InputError(
                "classes must be named in the first call to partial_fit, since later calls may bring others; "
                "got None. Pass classes=np.unique(y) of all labels."
            )
        labels = labels_of(y, multi_label, classes)
        if goes_on:
            labels = self._same_labels(labels, classes, y, partial)
            self._same_network(labels)
        class_weights = class_weights_of(y, labels, self.class_weight, partial)
        data = train.read(X, y, labels, sample_weight, class_weights)
        held_out = None if validation is None else self._validation(validation, labels, class_weights, X)
        threshold = options.as_thresholds(self.threshold, labels)
        if not goes_on:
            self._begin(data[0], labels, columns if multi_label else ())
        assert self.network_.data is not None
        self.network_.data = self.network_.data._replace(threshold=threshold)
        train.train(self, data, held_out, partial)
        return self

    def _begin(self, data: Examples, labels: Labels, columns: tuple[str, ...]) -> None:
        seed = options.seed_of(check_random_state(self.random_state))
        network = options.new_network(self, data.X, labels, data.Y.dtype, seed)
        network.data = train.spec(labels, getattr(self, "feature_names_in_", None), columns)
        self.network_, self._labels = network, labels
        self.classes_ = labels.classes
        self._state = None
        self.n_iter_, self.t_ = 0, 0
        self.loss_curve_: list[float] = []
        self.validation_loss_curve_: list[float] | None = None
        self.validation_scores_: list[float] | None = None
        self.best_loss_ = np.inf

    def _validated(self, X: Any, y: Any, dtype: Any) -> tuple[Any, NDArray[Any], bool]:
        """X and y, checked, and whether samples have several labels; later data have a ``dtype``."""
        check_unmasked("X", X)
        check_unmasked("y", y)
        check_no_gaps(y)
        check_no_times(X)
        with np.errstate(over="ignore", invalid="ignore"):  # it adds up all of X, which may overflow
            X, y = validate_data(
                self,
                X,
                y,
                reset=dtype is None,
                accept_sparse="csr",
                multi_output=True,
                dtype=(np.float64, np.float32) if dtype is None else dtype,
            )
        return X, *read_labels(y)

    def _same_labels(self, labels: Labels, classes: Any, y: Any, partial: bool) -> Labels:
        """The labels of before, which the new ones must be among."""
        mine = self._labels
        if labels.multi_label != mine.multi_label or (
            mine.multi_label and len(labels.classes) != mine.n_outputs
        ):
            raise InputError(
                f"y must hold labels of the same kind as before, {_kind(mine)}; got {_kind(labels)}. "
                "Fit a new estimator, or one with warm_start=False."
            )
        named = labels.classes if classes is not None or not partial else mine.classes
        if not (mine.multi_label or np.array_equal(named, mine.classes)):
            raise InputError(
                f"classes must be those of the first call, {mine.classes.tolist()}; got "
                f"{named.tolist()}. Fit a new estimator, or one with warm_start=False."
            )
        return mine

    def _same_network(self, labels: Labels) -> None:
        """The network of before, on the engine that is asked for now."""
        options.check_same(self, self.network_, labels)
        if self.engine != "auto":
            self.network_.engine = as_engine(self.engine)
        self.network_.threads = self.threads

    def _validation(
        self, data: Any, labels: Labels, class_weights: NDArray[np.float64] | None, train_X: Any
    ) -> Examples:
        """Validation data as the training takes them, each class counting as in training."""
        if not (isinstance(data, tuple | list) and len(data) in (2, 3)):
            raise InputError(
                f"validation_data must be a pair (X, y), or (X, y, sample_weight); got {type(data).__name__}."
            )
        dtype = train_X.dtype
        X, y, *weight = data
        X, y, multi_label = self._validated(X, y, dtype)
        warn_if_far(train_X, X, getattr(self, "feature_names_in_", None))
        if multi_label != labels.multi_label or (multi_label and y.shape[1] != labels.n_outputs):
            raise InputError("validation_data must have labels of the same kind as y; theirs differ.")
        given = weight[0] if weight else None
        if not multi_label and y.ndim == 1:
            check_known("y_val", y, labels.classes)
        return train.read(X.astype(dtype, copy=False), y, labels, given, class_weights)[0]

    def set_params(self, **params: Any) -> ChainruleClassifier:
        """As everywhere in scikit-learn; another ``threshold`` goes into a network that is there already."""
        super().set_params(**params)
        if "threshold" in params and hasattr(self, "network_") and self.network_.data is not None:
            with suppress(InputError):  # which `predict` and `fit` raise
                threshold = options.as_thresholds(self.threshold, self._labels)
                self.network_.data = self.network_.data._replace(threshold=threshold)
        return self

    def decision_function(self, X: Any) -> Floats:
        """The logits z^H. → (N, K), or (N,) for two classes, where above 0 means the second."""
        z = self._logits(X)
        return z if self._labels.multi_label or z.shape[1] > 1 else z[:, 0]

    def predict_proba(self, X: Any) -> Floats:
        """The probability of each class, (N, K), or of each label."""
        z = self._logits(X)
        if z.shape[1] > 1 or self._labels.multi_label:
            return np.asarray(self.network_.head.predict(NUMPY, z))
        if len(self.classes_) == 1:
            return np.ones_like(z)
        return np.asarray(sigmoid(NUMPY, np.hstack([-z, z])))

    def predict_log_proba(self, X: Any) -> Floats:
        """The logarithms of `predict_proba`, from the logits: never −∞."""
        z = self._logits(X)
        if self.network_.head.distribution:
            return np.asarray(log_softmax(NUMPY, z))
        if len(self.classes_) == 1 and not self._labels.multi_label:
            return np.zeros_like(z)
        z = z if self._labels.multi_label else np.hstack([-z, z])
        return np.asarray(-softplus(NUMPY, -z))

    def predict(self, X: Any) -> NDArray[Any]:
        """The most probable class of each sample, (N,); of labels those above ``threshold``, (N, K)."""
        check_is_fitted(self)
        multi_label, threshold = self._labels.multi_label, options.as_thresholds(self.threshold, self._labels)
        if threshold is None and not multi_label:
            return self._labels.decide(self._logits(X))
        said = decide(self.predict_proba(X), multi_label, threshold)
        return said if multi_label else np.asarray(self.classes_[said])

    def _logits(self, X: Any) -> Floats:
        check_is_fitted(self)
        check_unmasked("X", X)
        check_no_times(X)
        X = validate_data(self, X, reset=False, accept_sparse="csr", dtype=(np.float64, np.float32))
        if sparse.issparse(X):
            return np.concatenate([self.network_.logits(block) for block in SparseRows(X).blocks()])
        return self.network_.logits(X)

    def __getstate__(self) -> dict[str, Any]:
        return {**super().__getstate__(), "_chainrule": VERSION}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Read a pickle; with scikit-learn's warning where another version made it."""
        made_by = state.get("_chainrule", "unknown")
        if made_by != VERSION:
            warning = InconsistentVersionWarning(
                estimator_name=type(self).__name__,
                current_sklearn_version=VERSION,
                original_sklearn_version=made_by,
            )
            warnings.warn(warning, stacklevel=2)
        super().__setstate__({name: value for name, value in state.items() if name != "_chainrule"})

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        tags.input_tags.sparse = True
        return tags


def _kind(labels: Labels) -> str:
    return f"{labels.n_outputs} labels a sample" if labels.multi_label else "one class a sample"
