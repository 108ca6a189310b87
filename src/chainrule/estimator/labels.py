"""Labels of any kind as the rows Y that a network is trained on, and back."""

from __future__ import annotations

from numbers import Real
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import DTypeLike, NDArray
from sklearn.utils import column_or_1d
from sklearn.utils.multiclass import check_classification_targets, type_of_target, unique_labels

from chainrule.engines.base import Floats
from chainrule.errors import InputError
from chainrule.model.validate import SUM_TOLERANCE, as_weights
from chainrule.model.weights import as_class_weights


class Labels(NamedTuple):
    """The classes in their order; with ``multi_label`` each is a label of its own, on or off."""

    classes: NDArray[Any]
    multi_label: bool

    @property
    def n_outputs(self) -> int:
        """One output for a yes-or-no question, else one for each class or label."""
        return len(self.classes) if self.multi_label or len(self.classes) > 2 else 1

    @property
    def head(self) -> str:
        """The output head: softmax where classes share one probability, else sigmoid."""
        return "softmax" if self.n_outputs > 1 and not self.multi_label else "sigmoid"

    def rows(self, y: NDArray[Any], dtype: DTypeLike) -> Floats:
        """Targets for the network. Shapes: classes (N,) or labels (N, K) → (N, n_outputs).

        Raises:
            InputError: a class that was not among those learnt first.
        """
        if self.multi_label:
            return np.ascontiguousarray(y, dtype)
        if y.ndim == 2:  # probabilities of the classes
            return np.ascontiguousarray(y if self.n_outputs > 1 else y[:, 1:], dtype)
        columns = np.arange(self.n_outputs) + (self.n_outputs == 1)  # one output stands for the second class
        return np.asarray(self.numbers(y)[:, None] == columns, dtype)

    def numbers(self, y: NDArray[Any]) -> NDArray[np.intp]:
        """The place of each sample's class among the classes. Shapes: (N,) → (N,).

        Raises:
            InputError: a class that was not among those learnt first.
        """
        place = np.searchsorted(self.classes, y).clip(max=len(self.classes) - 1)
        unknown = self.classes[place] != y
        if unknown.any():
            row = int(unknown.argmax())
            got = y[row : row + 1].tolist()[0]
            raise InputError(
                f"labels must be among the classes {self.classes.tolist()}; got {got!r} at row {row}. "
                "Name every class in the first call: partial_fit(X, y, classes=…), or call fit."
            )
        return place

    def decide(self, z: Floats) -> NDArray[Any]:
        """The most probable class of each row of logits. Shapes: (N, n_outputs) → (N,)."""
        if self.n_outputs == 1:
            place = (z[:, 0] > 0).astype(np.intp) if len(self.classes) == 2 else np.zeros(len(z), np.intp)
        else:
            place = z.argmax(axis=1)
        return self.classes[place]


def _soft(y: Any) -> bool | None:
    """Whether rows of probabilities are of labels each of its own; None where they are no such rows.

    Rows that all sum to 1 are distributions over classes.
    """
    if not (isinstance(y, np.ndarray) and y.ndim == 2 and y.dtype.kind == "f" and y.shape[1] > 1):
        return None
    if not ((y >= 0) & (y <= 1)).all() or not ((y != 0) & (y != 1)).any():
        return None
    return not bool(np.allclose(y.sum(axis=1), 1, atol=SUM_TOLERANCE))


def read_labels(y: Any) -> tuple[NDArray[Any], bool]:
    """One class a sample (N,), or rows (N, K) where samples have several labels; and whether they have.

    Rows may hold probabilities: of labels each of its own, or, where all sum to 1, of classes.

    Raises:
        InputError: rows of labels that are not 0 and 1.
        ValueError: what scikit-learn takes for regression.
    """
    soft = _soft(y)
    if soft is not None:
        return np.asarray(y), soft
    check_classification_targets(y)
    kind = type_of_target(y, input_name="y")
    if kind == "multiclass-multioutput":
        raise InputError(
            "rows of y must hold 0 and 1, each column a label that is on or off; got other values. "
            "For several questions with many answers each, use MultiOutputClassifier."
        )
    if kind == "multilabel-indicator":
        return np.asarray(y.toarray() if hasattr(y, "toarray") else y), True
    return column_or_1d(y, warn=True), False


def labels_of(y: NDArray[Any], multi_label: bool, classes: Any = None) -> Labels:
    """The classes, as given or found in ``y``; of labels the numbers of their columns."""
    if multi_label:
        return Labels(np.arange(y.shape[1]), True)
    if y.ndim == 2:
        return Labels(np.arange(y.shape[1]) if classes is None else unique_labels(classes), False)
    return Labels(unique_labels(y) if classes is None else unique_labels(classes), False)


def class_weights_of(
    y: NDArray[Any], labels: Labels, class_weight: Any, partial: bool
) -> NDArray[np.float64] | None:
    """What each class counts, by all labels ``y``; None where they count alike. Shapes: → (K,).

    Raises:
        InputError: class weights for labels that do not exclude each other, or balanced ones in parts; or
            weights that cannot be right.
    """
    if class_weight is None:
        return None
    if labels.multi_label:
        raise InputError(
            f"class_weight must be None where a sample has several labels; got {class_weight!r}. "
            "Use pos_weight: how much more a label counts where it is on."
        )
    if y.ndim == 2:
        raise InputError(
            f"class_weight must be None where y holds probabilities of classes; got {class_weight!r}. "
            "Use sample_weight."
        )
    if partial and isinstance(class_weight, str):
        raise InputError(
            "class_weight must be a dict for partial_fit, which sees the data in parts; got "
            f"{class_weight!r}. Compute it from all labels: sklearn.utils.class_weight.compute_class_weight."
        )
    counts = np.bincount(labels.numbers(y), minlength=len(labels.classes))
    return as_class_weights(class_weight, labels.classes.tolist(), counts)


def sample_weights_of(
    y: NDArray[Any], labels: Labels, sample_weight: Any, class_weights: NDArray[np.float64] | None
) -> Floats:
    """What each sample counts: its own weight times that of its class. Shapes: → (N,).

    Raises:
        InputError: sample weights that cannot be right.
    """
    if isinstance(sample_weight, Real):
        sample_weight = np.full(len(y), sample_weight)
    weight = as_weights(sample_weight, len(y), np.float64)
    return weight if class_weights is None else np.asarray(weight * class_weights[labels.numbers(y)])
