"""L-BFGS by SciPy, for small data: loss and gradient of all samples at once, by the reference equations."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from chainrule.checks import as_real
from chainrule.engines.base import Examples
from chainrule.engines.reference import NUMPY
from chainrule.equations.heads import smooth_labels
from chainrule.equations.network import forward, loss_and_gradients
from chainrule.equations.penalty import Penalty
from chainrule.errors import InputError, TrainingDiverged
from chainrule.estimator.callbacks import Tasks
from chainrule.estimator.stopping import warn_not_converged
from chainrule.history import EpochRecord, History
from chainrule.model.feedforward import FeedForward
from chainrule.training.events import BatchEnd, EpochEnd
from chainrule.training.keeper import any_stops, several
from chainrule.training.progress import ProgressBar
from chainrule.training.score import score
from chainrule.training.state import TrainingState
from chainrule.types import ByLayer, Layer, Params


def train(estimator: Any, examples: Examples, held_out: Examples | None, penalty: Penalty) -> None:
    """Train the estimator's network on all samples at once and set what is known afterwards.

    Raises:
        InputError: sparse rows.
        TrainingDiverged: the loss, or that of the validation data, became NaN or infinite.
    """
    if not isinstance(examples.X, np.ndarray):
        raise InputError(
            "solver='lbfgs' must have a dense X, since it takes all samples at once; got a sparse matrix. "
            "Use solver='adam', or X.toarray() where that fits into memory."
        )
    settings = {"maxiter": estimator.max_iter, "maxfun": estimator.max_fun, "gtol": estimator.tol}
    settings["ftol"] = 64 * np.finfo(np.float64).eps
    smoothing = as_real("label_smoothing", estimator.label_smoothing, at_least=0, below=1)
    estimator.history_, estimator._state = History(), None
    with ProgressBar(estimator.max_iter, bool(estimator.verbose)) as bar:
        told = _Iterations(estimator, examples, held_out, bar)
        try:
            found = minimize(estimator.network_, examples, penalty, smoothing, settings, told)
        except NotFinite as error:
            raise _diverged(estimator, [examples, held_out], *error.args) from None
    told.tasks.end()
    estimator.n_iter_, estimator.loss_curve_ = found.iterations, found.curve
    estimator.t_, estimator.best_loss_ = found.iterations * len(examples.X), min(found.curve)
    estimator.validation_loss_curve_, estimator.validation_scores_ = None, None
    if held_out is not None:
        estimator.validation_loss_curve_ = estimator.history_.column("val_loss")
        estimator.validation_scores_ = estimator.history_.column("val_accuracy")
    if found.stopped_by in ("callback", "interrupted"):
        estimator.history_.stopped = found.stopped_by
    elif found.stopped_by:
        remedy = {"rounding": "Pass X in float64"}.get(found.stopped_by, f"Raise {found.stopped_by}")
        warn_not_converged(
            f"lbfgs did not reach tol={estimator.tol:g} in {found.iterations} iterations. {remedy}"
        )


class _Iterations:
    """Called after each iteration of lbfgs: its line of the history, the callbacks and the progress bar."""

    def __init__(
        self, estimator: Any, examples: Examples, held_out: Examples | None, bar: ProgressBar
    ) -> None:
        self.estimator, self.examples, self.held_out, self.bar = estimator, examples, held_out, bar
        self.callbacks = () if estimator.callbacks is None else several(estimator.callbacks)
        self.tasks = Tasks(estimator, estimator.max_iter, examples.X, examples.Y)
        self.started = time.perf_counter()

    def __call__(self) -> bool:
        """Tell of an iteration; return whether a callback wants to stop."""
        history = self.estimator.history_
        loss, accuracy = self._score(self.examples)
        val_loss, val_accuracy = (None, None) if self.held_out is None else self._score(self.held_out)
        if val_loss is not None and not np.isfinite(val_loss):
            raise NotFinite(len(history) + 1)
        begun, self.started = self.started, time.perf_counter()
        record = EpochRecord(
            len(history) + 1, loss, accuracy, val_loss, val_accuracy, np.nan, self.started - begun
        )
        history.records.append(record)
        self._show(record)
        stop = any_stops(self.callbacks, record)
        return self.tasks.epoch_ends(stop) or stop

    def _show(self, record: EpochRecord) -> None:
        n, params = len(self.examples.X), self.estimator.network_.params
        end = BatchEnd(record.epoch, 1, 1, n, record.loss, record.accuracy, np.nan, lambda: params, _no_state)
        for event in (EpochEnd(record, end, _no_state), end):
            self.bar.update(event)

    def _score(self, examples: Examples) -> tuple[float, float]:
        network = self.estimator.network_
        z_H = forward(NUMPY, network.architecture, network.params, examples.X).z[-1]
        return score(network.architecture, z_H, examples)


def _no_state() -> TrainingState:
    raise InputError("lbfgs keeps no state to go on from; it was asked for one. Use solver='adam'.")


def _diverged(estimator: Any, data: list[Examples | None], iteration: int) -> TrainingDiverged:
    history = estimator.history_
    history.stopped = "diverged"
    inputs = max(float(np.abs(examples.X).max()) for examples in data if examples is not None)
    weights = max(float(np.abs(layer.W).max()) for layer in estimator.network_.params)
    return TrainingDiverged(
        f"the loss must stay finite; it became NaN or infinite in iteration {iteration} of lbfgs, with "
        f"inputs up to {inputs:.3g} and weights up to {weights:.3g}. Scale the inputs to about −1…1 first. "
        "The network keeps its last good parameters.",
        epoch=iteration,
        batch=1,
        history=history,
    )


class Minimum(NamedTuple):
    """What came of it: the loss with its penalty after each iteration, and what ended the search too early.

    ``stopped_by`` is "max_iter", "max_fun", "rounding" (no lower loss was found along the direction),
    "callback", "interrupted", or nothing where the gradient is as small as asked for.
    """

    iterations: int
    curve: list[float]
    stopped_by: str = ""


def minimize(
    network: FeedForward,
    examples: Examples,
    penalty: Penalty,
    smoothing: float,
    options: dict[str, Any],
    after_iteration: Callable[[], bool] = lambda: False,
) -> Minimum:
    """Move ``network`` to a minimum of the mean loss with its penalty.

    ``after_iteration`` is called when the network has the parameters of one more iteration; True ends the
    search. Source: Liu & Nocedal, Math. Programming 45, 1989; `scipy.optimize.minimize`.

    Ctrl-C ends the search, too, from the first iteration on.

    Raises:
        NotFinite: the loss became NaN or infinite. The network keeps its last finite parameters.
    """
    from scipy import optimize

    search: Any = optimize.minimize  # its types know no callback of this kind
    net, dtype = network.architecture, network.dtype
    weight = examples.weight / examples.weight.sum()
    Y = examples.Y
    if smoothing:
        Y = smooth_labels(Y, smoothing, net.head.uninformed(Y.shape[1]))

    def value_and_gradient(theta: Any) -> tuple[float, Any]:
        params = unflatten(theta.astype(dtype), network.params)
        value, g = loss_and_gradients(NUMPY, net, params, examples.X, Y, weight, penalty)
        flat = flatten(ByLayer(Layer(*pair) for pair in zip(g.dW, g.db, strict=True)))
        return float(value), flat.astype(np.float64)

    curve: list[float] = []

    def each_iteration(intermediate_result: Any) -> None:
        _keep_finite(network, intermediate_result, len(curve) + 1)
        curve.append(float(intermediate_result.fun))
        if after_iteration():
            raise StopIteration

    start = flatten(network.params).astype(np.float64)
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        try:
            found = search(
                value_and_gradient,
                start,
                method="L-BFGS-B",
                jac=True,
                callback=each_iteration,
                options=options,
            )
        except KeyboardInterrupt:
            if not curve:
                raise
            return Minimum(len(curve), curve, "interrupted")
    _keep_finite(network, found, len(curve) + 1)
    return Minimum(int(found.nit), curve or [float(found.fun)], _stopped_by(found, options["maxfun"]))


def _stopped_by(found: Any, max_fun: int) -> str:
    if found.success:
        return ""
    limit = "max_fun" if found.nfev >= max_fun else "max_iter"
    return {1: limit, 99: "callback"}.get(found.status, "rounding")


class NotFinite(ArithmeticError):
    """The loss is NaN or infinite at an iteration, counted from 1."""


def _keep_finite(network: FeedForward, found: Any, iteration: int) -> None:
    """Give the network the parameters found, where the loss is finite at them."""
    if not (np.isfinite(found.fun) and np.isfinite(found.x).all()):
        raise NotFinite(iteration)
    network.params = unflatten(found.x.astype(network.dtype), network.params)


def flatten(params: Params) -> Any:
    """All W and b one after the other. Shapes: → (n_parameters,)."""
    return np.concatenate([theta.ravel() for layer in params for theta in layer])


def unflatten(theta: Any, like: Params) -> Params:
    """The inverse of `flatten`."""
    sizes = [part.size for layer in like for part in layer]
    parts = iter(np.split(theta, np.cumsum(sizes)[:-1]))
    return like.map(lambda layer: Layer(*(next(parts).reshape(part.shape) for part in layer)))
