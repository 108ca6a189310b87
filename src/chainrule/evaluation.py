"""How well a network does on samples it has not seen: loss, accuracy, and where the mistakes are.

scikit-learn's metrics are imported only when a detail is asked for: its import takes longer than
evaluating a small network, and the line that ``print`` shows needs nothing but counting.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from chainrule.errors import InputError
from chainrule.escaping.characters import visible

THRESHOLD = 0.5
"""A label is predicted when its probability is above this (multi-label networks)."""


class ClassScores(NamedTuple):
    """Scores of one class (or label) against all the others; a ratio 0/0 counts as 0."""

    name: str
    precision: float
    recall: float
    f1: float
    support: int


@dataclass(frozen=True, eq=False, repr=False)
class Evaluation:
    """What a network predicted for samples whose answer is known; ``print`` shows it in one line.

    Attributes:
        y: the truth: class numbers (N,), or 0/1 rows (N, K) if ``multi_label``.
        predicted: what the network said, of the same shape.
        loss: mean loss of a sample.
        loss_name: name of that loss, for example ``"cross-entropy"``.
        classes: the K names.
        multi_label: whether a sample may have several labels, or none.
    """

    y: NDArray[np.int64]
    predicted: NDArray[np.int64]
    loss: float
    loss_name: str
    classes: tuple[str, ...]
    multi_label: bool = False

    @property
    def n(self) -> int:
        """Number of samples N."""
        return len(self.y)

    @cached_property
    def accuracy(self) -> float:
        """Share of samples predicted right; of a multi-label sample every label must be right."""
        right = self.y == self.predicted
        return float(right.all(axis=1).mean() if self.multi_label else right.mean())

    @property
    def subset_accuracy(self) -> float | None:
        """`accuracy` under the name the multi-label literature gives it; None for single-label."""
        return self.accuracy if self.multi_label else None

    @cached_property
    def confusion(self) -> NDArray[np.int64] | None:
        """Counts (K, K), true class by predicted class; None for multi-label."""
        if self.multi_label:
            return None
        K = len(self.classes)
        return np.bincount(self.y * K + self.predicted, minlength=K * K).reshape(K, K)

    @cached_property
    def hamming_loss(self) -> float | None:
        """Share of the N·K labels predicted wrong; None for single-label."""
        return float((self.y != self.predicted).mean()) if self.multi_label else None

    @cached_property
    def f1_micro(self) -> float | None:
        """F1 of all N·K labels counted together; None for single-label."""
        if not self.multi_label:
            return None
        # One flat 0/1 column: scikit-learn reads a (N, 1) array as a two-class problem, not as one label.
        pooled = _scores(self.y.ravel(), self.predicted.ravel(), labels=[1])
        return float(pooled[2][0])

    @cached_property
    def f1_macro(self) -> float | None:
        """Mean of the labels' F1 scores; None for single-label."""
        return float(np.mean([scores.f1 for scores in self.by_class])) if self.multi_label else None

    @cached_property
    def by_class(self) -> tuple[ClassScores, ...]:
        """Precision, recall, F1 and support of every class, in the order of ``classes``."""
        columns = _label_scores(self.y, self.predicted) if self.multi_label else self._class_scores()
        return tuple(
            ClassScores(name, float(precision), float(recall), float(f1), int(support))
            for name, precision, recall, f1, support in zip(self.classes, *columns, strict=True)
        )

    def _class_scores(self) -> _Columns:
        """Scores from the K·K cells of the confusion matrix, weighted by their counts.

        The N samples themselves would give the same numbers, slower, and scikit-learn warns when
        there are few samples to a class.
        """
        K = len(self.classes)
        y, predicted = np.divmod(np.arange(K * K), K)
        assert self.confusion is not None
        return _scores(y, predicted, labels=range(K), sample_weight=self.confusion.ravel())

    def __str__(self) -> str:
        loss = f"{visible(self.loss_name)} {loss_text(self.loss)}"
        samples = f"({self.n:,} sample{'' if self.n == 1 else 's'})"
        if not self.multi_label:
            return f"accuracy {100 * self.accuracy:.2f} %, {loss} {samples}"
        return (
            f"subset accuracy {100 * self.accuracy:.2f} %, Hamming loss {self.hamming_loss:.4f}, "
            f"F1 micro {self.f1_micro:.4f}, macro {self.f1_macro:.4f}, {loss} {samples}"
        )

    def __repr__(self) -> str:
        return f"<Evaluation: {self}>"


def loss_text(loss: float) -> str:
    """A loss with four decimals, or four digits where it is huge."""
    return f"{loss:.4f}" if loss < 1e4 else f"{loss:.4g}"


def evaluate(
    y: ArrayLike,
    probabilities: ArrayLike,
    *,
    loss: float,
    classes: Sequence[str],
    loss_name: str = "cross-entropy",
    multi_label: bool = False,
    threshold: Sequence[float] | None = None,
) -> Evaluation:
    """Compare what a network says with what is true.

    Args:
        y: class numbers (N,), or 0/1 rows (N, K) if ``multi_label``.
        probabilities: the network's output, (N, K).
        loss: mean loss of a sample, computed from the logits.
        classes: the K names.
        loss_name: name of that loss.
        multi_label: whether a sample may have several labels, or none.
        threshold: see `decide`.

    Raises:
        InputError: the shapes do not fit each other, there is no sample, or a label is impossible.
    """
    y, p = checked(y, probabilities, classes, multi_label)
    said = decide(p, multi_label, threshold)
    return Evaluation(y, said, float(loss), loss_name, tuple(classes), multi_label)


def decide(
    probabilities: NDArray[Any], multi_label: bool, threshold: Sequence[float] | None = None
) -> NDArray[np.int64]:
    """Turn probabilities (N, K) into class numbers (N,), or into 0/1 rows (N, K) if ``multi_label``.

    A class is the most probable one (the first of several); a label is one with p > 0.5. Of two classes
    one column may stand for the second. ``threshold``: another bound than 0.5 for each label, or, of two
    classes, one for the second.
    """
    bound = THRESHOLD if threshold is None else np.asarray(threshold, probabilities.dtype)
    if multi_label:
        return (probabilities > bound).astype(np.int64)
    if probabilities.shape[1] == 1 or threshold is not None:
        return (probabilities[:, -1:] > bound).astype(np.int64)[:, 0]
    best: NDArray[np.int64] = probabilities.argmax(axis=1)
    return best


def correct(a: NDArray[Any], y: NDArray[Any], multi_label: bool) -> NDArray[np.bool_]:
    """Which samples are right: the largest output, or for labels of their own all of them. → (N,) bool.

    Shapes: outputs a and targets y (N, K).
    """
    multi_label = multi_label or a.shape[1] == 1
    same = decide(a, multi_label) == decide(y, multi_label)
    return np.asarray(same.all(axis=1) if multi_label else same)


def checked(
    y: ArrayLike, probabilities: ArrayLike, classes: Sequence[str], multi_label: bool
) -> tuple[NDArray[np.int64], NDArray[Any]]:
    """Return ``y`` and ``probabilities`` as arrays that fit each other.

    Raises:
        InputError: the shapes do not fit each other, there is no sample, or a label is impossible.
    """
    p, truth = np.asarray(probabilities), np.asarray(y)
    _check_probabilities(p, len(classes))
    expected = p.shape if multi_label else p.shape[:1]
    if truth.shape != expected:
        kind = "0/1 rows" if multi_label else "class numbers"
        raise InputError(
            f"y must hold {kind} of shape {expected} to go with the probabilities; got {truth.shape}. "
            f"Pass as many answers as there are predictions, and multi_label={not multi_label} "
            "if that is what the network is."
        )
    _check_labels(truth, 1 if multi_label else p.shape[1] - 1)
    return truth.astype(np.int64, copy=False), p


def _check_probabilities(p: NDArray[Any], K: int) -> None:
    if p.ndim != 2 or p.shape[1] != K:
        raise InputError(
            f"probabilities must have the shape (N, {K}) for {K} classes; got {p.shape}. "
            "Pass one row per sample and one column per class."
        )
    if len(p) == 0:
        raise InputError("an evaluation needs at least 1 sample; got 0. Pass some samples.")
    if np.isnan(p).any():
        row = int(np.isnan(p).any(axis=1).argmax())
        raise InputError(
            f"probabilities must be numbers; got NaN at row {row}. "
            "Look for NaN in that sample, or in the network's weights."
        )


def _check_labels(y: NDArray[Any], highest: int) -> None:
    if y.dtype.kind not in "biuf":
        raise InputError(
            f"labels must be whole numbers 0…{highest}; got {y.dtype}. Pass each class's place in `classes`."
        )
    wrong = (y != np.round(y)) | (y < 0) | (y > highest)
    if wrong.any():
        row = int(np.argwhere(wrong)[0][0])
        raise InputError(
            f"labels must be whole numbers 0…{highest}; got {y[wrong][0]} at row {row}. Fix that row."
        )


_Columns = tuple[NDArray[Any], NDArray[Any], NDArray[Any], NDArray[Any]]


def _label_scores(y: NDArray[np.int64], predicted: NDArray[np.int64]) -> _Columns:
    """Scores of each label of 0/1 rows (N, K); see `Evaluation.f1_micro` for K = 1."""
    if y.shape[1] == 1:
        return _scores(y.ravel(), predicted.ravel(), labels=[1])
    return _scores(y, predicted)


def _scores(y: NDArray[np.int64], predicted: NDArray[np.int64], **how: Any) -> _Columns:
    """Precision, recall, F1 and support, one entry per class."""
    from sklearn.metrics import precision_recall_fscore_support

    columns: _Columns = precision_recall_fscore_support(y, predicted, average=None, zero_division=0.0, **how)
    return columns
