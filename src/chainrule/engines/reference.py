"""The reference engine: NumPy speaks the vocabulary of the equations, and runs them as they stand."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from itertools import pairwise
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from chainrule.engines.base import Examples, Floats, Masks, Steps, Task
from chainrule.equations.heads import smooth_labels
from chainrule.equations.network import Architecture, backward, forward, loss
from chainrule.equations.optimizers import Optimizer, clip_by_norm, descend
from chainrule.evaluation import correct
from chainrule.types import ByLayer, Gradients, Layer, Namespace, Params


def _erf(x: Any) -> Any:
    """The error function. SciPy takes longer to import than all the rest, and few networks need it."""
    from scipy import special

    return special.erf(x)


NUMPY = cast(
    Namespace,
    SimpleNamespace(
        **{
            name: getattr(np, name)
            for name in (
                *("exp", "expm1", "log", "log1p", "tanh", "sin", "cos", "arctan", "arcsinh", "sqrt"),
                *("abs", "sign", "maximum", "minimum", "where", "ones_like", "sum", "max"),
            )
        },
        erf=_erf,
    ),
)
"""NumPy as the interpreter of the equations, in the precision of the arrays it is given."""

CHUNK = 4096
"""Rows predicted at a time, so that a large set needs little memory."""

CHUNK_NUMBERS = 4_000_000
"""Inputs predicted at a time, where rows are long."""

ONE_THREAD_BELOW = 6e6
"""Operations in a matrix product under which a second BLAS thread costs more than it brings."""


class ReferenceEngine:
    """Runs the equations by NumPy."""

    name = "reference"

    def trainer(
        self, task: Task, params: Params, moments: ByLayer[Layer], examples: Examples
    ) -> ReferenceTrainer:
        """Begin training from these parameters."""
        return ReferenceTrainer(task, params, moments, examples)

    @np.errstate(over="ignore", invalid="ignore")
    def outputs(
        self, net: Architecture, params: Params, X: Floats, logits: bool = False
    ) -> tuple[Floats, bool]:
        """a^H, or z^H, of some rows, and whether all inputs were finite. Shapes: X (N, n_0) → (N, n_H)."""
        kind = "z" if logits else "a"
        outputs = _by_chunks(X, params, lambda x: getattr(forward(NUMPY, net, params, x), kind)[-1])
        return outputs, bool(np.isfinite(X).all())

    def few(self, net: Architecture, params: Params) -> None:
        """None: NumPy has no shorter way."""
        return


class ReferenceTrainer:
    """One step after the other, each a forward pass, a backward pass and Eq. G1."""

    def __init__(self, task: Task, params: Params, moments: ByLayer[Layer], examples: Examples) -> None:
        self._task, self._examples = task, examples
        self._params, self._moments = params, moments
        widths = [params[1].W.shape[1], *(len(layer.b) for layer in params)]
        self._threads = blas_threads(widths, task.batch_size)

    def take(
        self, order: NDArray[np.intp], first: int, etas: NDArray[np.float64], masks: Sequence[Masks] | None
    ) -> Steps:
        """Take ``len(etas)`` steps, until a loss is NaN or infinite. See `Trainer.take`."""
        size, dtype = self._task.batch_size, self._params[1].W.dtype
        losses, hits = np.zeros(len(etas)), np.zeros(len(etas))
        with self._threads():
            for step, eta in enumerate(etas.tolist()):
                rows = order[(first + step) * size : (first + step + 1) * size]
                X, Y, weight = (part[rows] for part in self._examples)
                batch = Examples(X.astype(dtype, copy=False), Y, weight / len(rows))
                of_step = masks[step] if masks is not None else None
                losses[step], hits[step], gradients = step_gradients(self._task, self._params, batch, of_step)
                if not np.isfinite(losses[step]):
                    break
                if self._task.clip_norm:
                    gradients = clipped_gradients(gradients, self._task.clip_norm)
                optimizer = self._task.optimizer
                self._params, self._moments = apply_step(
                    optimizer, self._params, gradients, self._moments, eta
                )
        return Steps(losses, hits)

    def snapshot(self, last: bool = False) -> Callable[[], Params]:
        """The parameters as they stand."""
        params = self._params
        return lambda: params

    def moments(self) -> ByLayer[Layer]:
        """The optimiser's state of every W and b."""
        return self._moments

    @np.errstate(over="ignore", invalid="ignore")
    def logits(self, X: Floats) -> Floats:
        """z^H of some rows. Shapes: X (N, n_0) → (N, n_H)."""
        net, params = self._task.net, self._params
        return _by_chunks(X, params, lambda x: forward(NUMPY, net, params, x).z[-1])


@np.errstate(over="ignore", invalid="ignore", divide="ignore")
def step_gradients(
    task: Task, params: Params, batch: Examples, masks: Masks | None
) -> tuple[float, int, Gradients]:
    """Loss, number of correct samples and gradients of one mini-batch. Overflow shows in the loss."""
    net, (x, y, sample_weight) = task.net, batch
    target = y
    if task.label_smoothing:
        target = smooth_labels(y, task.label_smoothing, net.head.uninformed(y.shape[1]))
    cache = forward(NUMPY, net, params, x, masks)
    value = float(loss(NUMPY, net, params, cache.z[-1], target, sample_weight))
    gradients = backward(NUMPY, net, params, cache, target, sample_weight, task.penalty, masks)
    return value, int(correct(cache.a[-1], y, net.head.multi_label).sum()), gradients


@np.errstate(over="ignore", invalid="ignore", divide="ignore")
def apply_step(
    optimizer: Optimizer, params: Params, gradients: Gradients, moments: ByLayer[Layer], learning_rate: float
) -> tuple[Params, ByLayer[Layer]]:
    """Move every W and b by one step of the optimiser, Eq. G1; weight decay acts on W alone."""
    layers, states = [], []
    for layer, dW, db, state in zip(params, gradients.dW, gradients.db, moments, strict=True):
        step_W, state_W = optimizer.update(NUMPY, dW, state.W)
        step_b, state_b = optimizer.update(NUMPY, db, state.b)
        W = descend(layer.W, step_W, learning_rate, optimizer.weight_decay)
        layers.append(Layer(W, descend(layer.b, step_b, learning_rate)))
        states.append(Layer(state_W, state_b))
    return ByLayer(layers), ByLayer(states)


def clipped_gradients(gradients: Gradients, limit: float) -> Gradients:
    """The gradients of all W and b, together no longer than the limit; δ stays as it is."""
    H = len(gradients.dW)
    parts = clip_by_norm(NUMPY, [*gradients.dW, *gradients.db], limit)
    return gradients._replace(dW=ByLayer(parts[:H]), db=ByLayer(parts[H:]))


def first_moments(optimizer: Optimizer, params: Params) -> ByLayer[Layer]:
    """The optimiser's state of every W and b before the first step."""
    return params.map(lambda layer: Layer(*(optimizer.init(NUMPY, theta) for theta in layer)))


def blas_threads(widths: Sequence[int], batch_size: int) -> Callable[[], AbstractContextManager[Any]]:
    """Limit BLAS to one thread where every product of a step is small; else leave it as it is.

    Threads that wait for each other over small products lose most of the time when other programs
    run beside them.
    """
    largest = max(2 * batch_size * n * m for n, m in pairwise(widths))
    if largest >= ONE_THREAD_BELOW:
        return nullcontext
    from threadpoolctl import ThreadpoolController

    controller = ThreadpoolController()
    return lambda: controller.limit(limits=1, user_api="blas")


def _by_chunks(X: Floats, params: Params, of: Callable[[Floats], Floats]) -> Floats:
    dtype = params[1].W.dtype
    size = max(1, min(CHUNK, CHUNK_NUMBERS // X.shape[1]))
    parts = [of(X[i : i + size].astype(dtype, copy=False)) for i in range(0, len(X), size)]
    return parts[0] if len(parts) == 1 else np.concatenate(parts)
