"""A network from scikit-learn's ``MLPClassifier``, and an ``MLPClassifier`` from a network."""

from __future__ import annotations

from typing import Any

import numpy as np

from chainrule.datasets import Scaling
from chainrule.equations.activations import ACTIVATIONS
from chainrule.errors import InputError
from chainrule.model.dataspec import DataSpec, label_type
from chainrule.model.feedforward import FeedForward, Kind

THEIRS = {"identity": "identity", "logistic": "sigmoid", "tanh": "tanh", "relu": "relu"}
"""scikit-learn's names of activations, and ours."""
HEADS = {"softmax": "softmax", "logistic": "sigmoid"}


def from_sklearn(kind: type[Kind], mlp: Any, **options: Any) -> Kind:
    """A network of that kind, with the weights of a fitted MLPClassifier, or StandardScaler → MLPClassifier.

    Class names, feature names and the pipeline's scaling are kept in ``data``.

    Raises:
        InputError: anything else.
    """
    scaler, mlp = _parts(mlp)
    if not hasattr(mlp, "coefs_") or not hasattr(mlp, "out_activation_") or not hasattr(mlp, "classes_"):
        raise InputError(
            "of scikit-learn a fitted MLPClassifier can be taken, or StandardScaler → MLPClassifier; "
            f"got {mlp!r}. Fit it first."
        )
    network = kind.from_parameters(
        [(W.T, b) for W, b in zip(mlp.coefs_, mlp.intercepts_, strict=True)],
        hidden=THEIRS[mlp.activation],
        output=HEADS[mlp.out_activation_],
        **{"dtype": mlp.coefs_[0].dtype, **options},
    )
    names = getattr(scaler if scaler is not None else mlp, "feature_names_in_", None)
    network.data = DataSpec(
        name="scikit-learn",
        classes=tuple(map(str, mlp.classes_.tolist())),
        features=None if names is None else tuple(map(str, names)),
        shape=None,
        scaling=_scaling(scaler),
        label_type=label_type(mlp.classes_),
    )
    return network


def _parts(given: Any) -> tuple[Any, Any]:
    """The scaler, if there is one, and the classifier."""
    steps = [step for _, step in getattr(given, "steps", [(None, given)])]
    if len(steps) == 1:
        return None, steps[0]
    if len(steps) != 2 or type(steps[0]).__name__ != "StandardScaler":
        raise InputError(
            "a pipeline must be StandardScaler → MLPClassifier to be taken whole; got "
            f"{' → '.join(type(step).__name__ for step in steps)}. Pass its last step, and transform X."
        )
    return steps[0], steps[1]


def _scaling(scaler: Any) -> Scaling:
    if scaler is None:
        return Scaling.identity()
    mean, scale = getattr(scaler, "mean_", None), getattr(scaler, "scale_", None)
    return Scaling(0.0 if mean is None else mean, 1.0 if scale is None else scale)


def to_sklearn(network: FeedForward) -> Any:
    """A fitted ``MLPClassifier`` whose ``predict_proba`` is the network's, of inputs scaled as here.

    With one output it gives both classes, as scikit-learn does: their probabilities are 1 − a and a.
    ``partial_fit`` trains it further.

    Raises:
        InputError: several kinds of activation, or functions that scikit-learn does not have.
    """
    from sklearn.neural_network import MLPClassifier
    from sklearn.preprocessing import LabelBinarizer

    widths, n_outputs = network.layers, network.layers[-1]
    mlp = MLPClassifier(hidden_layer_sizes=widths[1:-1], activation=_activation(network))
    mlp.out_activation_ = _head(network)
    mlp.coefs_ = [layer.W.T.copy() for layer in network.params]
    mlp.intercepts_ = [layer.b.copy() for layer in network.params]
    mlp._label_binarizer = LabelBinarizer().fit(_labels(network, n_outputs))
    mlp.classes_ = mlp._label_binarizer.classes_
    mlp.n_layers_, mlp.n_outputs_, mlp.n_features_in_ = len(widths), n_outputs, widths[0]
    mlp.n_iter_ = sum(run["epochs_done"] for run in network.training)
    _as_initialized(mlp)
    return mlp


def _as_initialized(mlp: Any) -> None:
    """What scikit-learn sets before the first epoch, and partial_fit goes on from."""
    mlp.t_, mlp.loss_curve_, mlp._no_improvement_count, mlp.best_loss_ = 0, [], 0, np.inf
    mlp.validation_scores_ = mlp.best_validation_score_ = None


def _labels(network: FeedForward, n_outputs: int) -> Any:
    """What a label binarizer learns the classes from, in their order."""
    if network.multi_label and n_outputs > 1:
        return np.eye(n_outputs, dtype=int)
    if network.data is None:
        return np.arange(max(n_outputs, 2))
    names = network.data.classes
    labels = network.data.labels if network.data.labels is not None else _numbers_or_names(names)
    if not np.array_equal(labels, np.unique(labels)):
        raise InputError(
            f"scikit-learn keeps classes in sorted order; got {', '.join(names)}. Set network.data = None to "
            "have them numbered."
        )
    return labels


def _numbers_or_names(names: tuple[str, ...]) -> Any:
    """Whole numbers, if that is what all names are, else the names."""
    whole = all(name.isdecimal() and name == str(int(name)) for name in names)
    return np.array([int(name) for name in names]) if whole else np.array(names)


def _activation(network: FeedForward) -> str:
    ours = {mine: theirs for theirs, mine in THEIRS.items()}
    names = {activation.name for activation in network.hidden} or {"identity"}
    built_in = all(ACTIVATIONS.get(activation.name) == activation for activation in network.hidden)
    if len(names) > 1 or not (built_in and names <= set(ours)):
        raise InputError(
            f"scikit-learn has one activation for all hidden layers, one of {', '.join(ours)}; got "
            f"{', '.join(sorted(names))}. Export to ONNX instead."
        )
    return ours[names.pop()]


def _head(network: FeedForward) -> str:
    """scikit-learn's name of the output activation; logistic is that of two classes and of several labels."""
    head, ours = network.head, {mine: theirs for theirs, mine in HEADS.items()}
    if head.link in ours and (head.distribution or head.multi_label or network.layers[-1] == 1):
        return ours[head.link]
    raise InputError(
        f"scikit-learn has the outputs softmax, and sigmoid for two classes or several labels; got "
        f"{head.name}. Export to ONNX."
    )
