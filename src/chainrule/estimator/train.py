"""From an estimator's data and parameters to a training run, and its figures back."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray
from scipy import sparse
from sklearn.model_selection import train_test_split

from chainrule.checks import as_real
from chainrule.datasets import Scaling
from chainrule.engines.base import Examples
from chainrule.engines.reference import first_moments
from chainrule.equations.penalty import Penalty
from chainrule.errors import InputError
from chainrule.estimator import lbfgs, options
from chainrule.estimator.callbacks import Tasks
from chainrule.estimator.labels import Labels, sample_weights_of
from chainrule.estimator.sparse import SparseRows
from chainrule.estimator.stopping import Watch, warn_not_converged
from chainrule.history import EpochRecord
from chainrule.model.dataspec import DataSpec, label_type
from chainrule.model.weights import relative
from chainrule.training.data import TrainingData, Whole
from chainrule.training.fit import run
from chainrule.training.keeper import any_stops, several
from chainrule.training.plan import FitOptions, Plan, plan_of
from chainrule.training.state import Position, TrainingState

SPLIT = 3
"""Distinguishes the held-out samples' seed from others."""


def read(
    X: Any,
    y: NDArray[Any],
    labels: Labels,
    sample_weight: Any,
    class_weights: NDArray[np.float64] | None,
) -> tuple[Examples, float]:
    """Checked data as the training takes them, and the mean of their weights.

    Samples of weight 0 are left out, so that they count as if they were not there.
    """
    Y = labels.rows(y, X.dtype)
    weight = sample_weights_of(y, labels, sample_weight, class_weights)
    counts = weight > 0
    if not counts.any():
        raise InputError(
            "sample weights must not all be 0; they are. Leave out sample_weight, or class_weight."
        )
    if not counts.all():
        X, Y, weight = X[counts], Y[counts], weight[counts]
    with np.errstate(over="ignore"):  # an infinite number of samples, if weights are that large
        mean = float(weight.mean())
    return Examples(dense_or_rows(X, X.dtype), Y, np.asarray(relative(weight), X.dtype)), mean


def dense_or_rows(X: Any, dtype: DTypeLike) -> Any:
    """A dense array as it is, a sparse matrix as rows that are made dense as they are taken."""
    is_sparse: bool = sparse.issparse(X)
    return SparseRows(X.astype(dtype, copy=False)) if is_sparse else np.asarray(X, dtype)


def spec(labels: Labels, features: Any, label_columns: tuple[str, ...] = ()) -> DataSpec:
    """What explanations and files call the outputs and inputs; one class has its contrary beside it."""
    names = label_columns or tuple(map(str, labels.classes.tolist()))
    if not labels.multi_label and len(names) == 1:
        names = (*names, f"not {names[0]}")
    columns = None if features is None else tuple(map(str, features))
    kind = label_type(labels.classes) if len(labels.classes) == len(names) else None
    return DataSpec("", names, columns, None, Scaling.identity(), label_type=kind)


def train(estimator: Any, data: tuple[Examples, float], held_out: Examples | None, partial: bool) -> None:
    """Train the estimator's network and set what is known afterwards."""
    examples, mean_weight = data
    if held_out is None and estimator.early_stopping:
        seed, fraction = estimator.network_.seed, estimator.validation_fraction
        examples, held_out = _split(examples, seed, fraction, estimator._labels)
    size = options.batch_size(estimator.batch_size, len(examples.X))
    penalty = options.penalty_of(estimator, size, len(examples.X), mean_weight)
    if estimator.solver == "lbfgs":
        lbfgs.train(estimator, examples, held_out, penalty)
    else:
        _by_steps(estimator, examples, held_out, size, penalty, partial)


def _by_steps(
    estimator: Any, examples: Examples, held_out: Examples | None, size: int, penalty: Penalty, partial: bool
) -> None:
    network, start = estimator.network_, None
    plan, falling = _plan(estimator, len(examples.X), size, penalty)
    if partial:
        start = _start(estimator, plan)
        plan = plan._replace(first_epoch=0, epochs=max(plan.epochs, start.at.epoch + 1))
    watch = Watch(network, estimator.tol, estimator.n_iter_no_change, estimator.early_stopping, falling)
    watch.best = estimator.best_loss_ if partial else np.inf
    tasks = Tasks(estimator, 1 if partial else plan.epochs, examples.X, examples.Y)
    callbacks = () if estimator.callbacks is None else several(estimator.callbacks)

    def after_epoch(record: EpochRecord) -> bool:
        _keep(estimator, record, len(examples.X))
        stop = any_stops([watch, *callbacks], record) or partial
        return tasks.epoch_ends(stop) or stop

    data, show = TrainingData(Whole.of(examples), held_out), bool(estimator.verbose)
    history, state = run(network, plan, data, on_epoch=[after_epoch], progress=show, start=start)
    estimator._state, estimator._solver = state() if state is not None else None, plan.optimizer.name
    if watch.best_params is not None:
        network.params, estimator._state = watch.best_params, None
    if watch.converged:
        history.stopped = "early stopping"
    estimator.best_loss_, estimator.history_ = watch.best, history
    tasks.end()
    if not partial and history.stopped == "finished" and estimator.tol > 0:
        warn_not_converged(f"the loss was still falling after max_iter={plan.epochs} epochs. Raise max_iter")


def _plan(estimator: Any, n: int, size: int, penalty: Penalty) -> tuple[Plan, options.Falling | None]:
    schedule, falling = options.schedule_of(estimator, n)
    asked = FitOptions(
        epochs=estimator.max_iter,
        batch_size=size,
        learning_rate=as_real("learning_rate_init", estimator.learning_rate_init, above=0),
        optimizer=options.optimizer_of(estimator),
        schedule=schedule,
        l1=penalty.l1,
        l2=penalty.l2,
        dropout=estimator.dropout,
        label_smoothing=estimator.label_smoothing,
        clip_norm=estimator.clip_norm,
        clip_value=estimator.clip_value,
        shuffle=bool(estimator.shuffle),
    )
    return plan_of(asked, estimator.network_), falling


def _start(estimator: Any, plan: Plan) -> TrainingState:
    """Where training in parts stands: the parameters as they are now, and the moments of before.

    Another optimiser begins with moments of its own.
    """
    params, state = estimator.network_.params, estimator._state
    first, at = first_moments(plan.optimizer, params), Position(plan.first_epoch)
    if state is None:
        return TrainingState(params, first, at)
    moments = state.moments if estimator._solver == plan.optimizer.name else first
    return TrainingState(params, moments, state.at)


def _split(examples: Examples, seed: int, fraction: float, labels: Labels) -> tuple[Examples, Examples]:
    """The samples trained on and those held out, with the same share of each class in both."""
    Y = examples.Y
    classes = None if labels.multi_label else (Y[:, 0] if Y.shape[1] == 1 else Y.argmax(axis=1)).astype(int)
    if classes is not None:
        _check_classes(classes, fraction, labels)
    rest, held_out = train_test_split(
        np.arange(len(Y)), test_size=fraction, stratify=classes, random_state=(seed + SPLIT) % 2**32
    )
    parts = [Examples(*(_some(part, np.sort(rows)) for part in examples)) for rows in (rest, held_out)]
    return parts[0]._replace(weight=parts[0].weight / parts[0].weight.mean()), parts[1]


def _check_classes(classes: NDArray[np.intp], fraction: float, labels: Labels) -> None:
    """Make sure that every class can be in both parts.

    Raises:
        InputError: a class has one sample, or too few samples are held out.
    """
    counts = np.bincount(classes, minlength=len(labels.classes))
    rare = [labels.classes[place : place + 1].tolist()[0] for place in np.flatnonzero(counts == 1)]
    if rare:
        named = " and ".join(repr(name) for name in rare[:3]) + (
            f" and {len(rare) - 3} more" if rare[3:] else ""
        )
        raise InputError(
            "early_stopping must hold out samples of every class, and train on others of it; of class "
            f"{named} there is only one sample. Add samples, leave the class out, or pass validation_data."
        )
    held_out, K = int(np.ceil(fraction * len(classes))), int((counts > 0).sum())
    if min(held_out, len(classes) - held_out) < K:
        raise InputError(
            f"early_stopping must hold out at least one sample of each of {K} classes; "
            f"validation_fraction={fraction:g} of {len(classes)} samples is {held_out}. Raise it to "
            f"{K / len(classes):.2g} or more, or pass validation_data."
        )


def _some(part: Any, rows: NDArray[np.intp]) -> Any:
    return part.some(rows) if isinstance(part, SparseRows) else part[rows]


def _keep(estimator: Any, record: EpochRecord, n: int) -> None:
    estimator.n_iter_ += 1
    estimator.t_ += n
    estimator.loss_curve_.append(record.loss)
    if record.val_loss is not None:
        estimator.validation_loss_curve_ = [*(estimator.validation_loss_curve_ or []), record.val_loss]
        estimator.validation_scores_ = [*(estimator.validation_scores_ or []), record.val_accuracy]
