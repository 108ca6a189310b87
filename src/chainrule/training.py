"""The training loop: epochs, shuffled mini-batches, one gradient step each, and what happened on the way.

`train` is a generator. It yields a `BatchEnd` after every step and an `EpochEnd` after every epoch,
each with the parameters as they stand; whoever iterates decides what to keep, show or stop.
"""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from chainrule.engines.reference import NUMPY
from chainrule.equations.heads import Head, smooth_labels
from chainrule.equations.network import Architecture, backward, forward, loss
from chainrule.equations.penalty import Penalty
from chainrule.errors import TrainingDiverged
from chainrule.evaluation import decide
from chainrule.history import EpochRecord, History
from chainrule.inputs import Floats
from chainrule.optimizers import Optimizer, descend
from chainrule.schedules import Schedule
from chainrule.types import ByLayer, Gradients, Layer, Params

CHUNK = 4096
"""Rows scored at a time, so that scoring a large set needs little memory."""


class Examples(NamedTuple):
    """Checked rows: X (N, n_0), targets Y (N, K), and sample weights (N,) relative to their mean."""

    X: Floats
    Y: Floats
    weight: Floats


class Plan(NamedTuple):
    """Everything that decides a training run besides the data and the initial parameters."""

    epochs: int
    batch_size: int
    learning_rate: float
    optimizer: Optimizer
    schedule: Schedule
    penalty: Penalty
    dropout: float
    label_smoothing: float
    seed: int
    first_epoch: int
    """Epochs this network has seen before: the order of the samples goes on from there."""


class BatchEnd(NamedTuple):
    """After one step: running means of the epoch so far, and the new parameters."""

    epoch: int
    batch: int
    batches: int
    samples: int
    loss: float
    accuracy: float
    learning_rate: float
    params: Params


class EpochEnd(NamedTuple):
    """After one epoch: its line of the history, and the parameters."""

    record: EpochRecord
    params: Params


Event: TypeAlias = BatchEnd | EpochEnd


def train(
    net: Architecture, params: Params, examples: Examples, plan: Plan, validation: Examples | None = None
) -> Iterator[Event]:
    """Train by mini-batch gradient descent, yielding an event after each step and each epoch.

    Epoch e draws its order and its dropout masks from (plan.seed, e) alone: the same seed gives the same
    bits, and a second run that starts at epoch e sees the samples in the order a longer run would have.

    Raises:
        TrainingDiverged: the loss of a mini-batch, or of the validation data, is NaN or infinite. The
            parameters yielded last but one are the last ones known to be good.
    """
    moments = params.map(lambda layer: Layer(*(plan.optimizer.init(NUMPY, theta) for theta in layer)))
    history = History()
    for number in range(1, plan.epochs + 1):
        started = time.perf_counter()
        end, moments = yield from _epoch(net, params, moments, examples, plan, number, history)
        params = end.params
        val_loss, val_accuracy = score(net, params, validation) if validation else (None, None)
        if val_loss is not None and not np.isfinite(val_loss):
            raise _diverged(end, examples.X, history)
        seconds = time.perf_counter() - started
        record = EpochRecord(
            number, end.loss, end.accuracy, val_loss, val_accuracy, end.learning_rate, seconds
        )
        history.records.append(record)
        yield EpochEnd(record, params)


def _epoch(
    net: Architecture,
    params: Params,
    moments: ByLayer[Layer],
    examples: Examples,
    plan: Plan,
    number: int,
    history: History,
) -> Generator[BatchEnd, None, tuple[BatchEnd, ByLayer[Layer]]]:
    """One pass over the shuffled examples; returns its last event and the optimiser's moments."""
    n, dtype = len(examples.X), params[1].W.dtype
    order, mask_rng = epoch_randomness(plan.seed, plan.first_epoch + number - 1, n)
    batches = -(-n // plan.batch_size)
    end = BatchEnd(number, 0, batches, 0, 0.0, 0.0, plan.learning_rate, params)
    total_loss = total_hits = 0.0
    for batch in range(batches):
        rows = order[batch * plan.batch_size : (batch + 1) * plan.batch_size]
        x, y = examples.X[rows].astype(dtype, copy=False), examples.Y[rows]
        w = examples.weight[rows] / len(rows)
        masks = dropout_masks(mask_rng, plan.dropout, params, len(rows))
        value, hits, gradients = step_gradients(net, params, x, y, w, plan, masks)
        if not np.isfinite(value):
            raise _diverged(end._replace(batch=batch + 1, params=params), x, history)
        eta = plan.learning_rate * float(
            plan.schedule.share(number - 1 + (batch + 0.5) / batches, plan.epochs)
        )
        params, moments = apply_step(plan.optimizer, params, gradients, moments, eta)
        samples = end.samples + len(rows)
        total_loss += value * len(rows)
        total_hits += hits
        running = total_loss / samples, total_hits / samples
        end = BatchEnd(number, batch + 1, batches, samples, running[0], running[1], eta, params)
        yield end
    if not np.isfinite(step_loss(net, params, x, y, w)):
        raise _diverged(end, x, history)
    return end, moments


@np.errstate(over="ignore", invalid="ignore", divide="ignore")
def step_loss(net: Architecture, params: Params, x: Floats, y: Floats, sample_weight: Floats) -> float:
    """The loss of one mini-batch: after the last step of an epoch nothing else would look at it."""
    z_H = forward(NUMPY, net, params, x).z[-1]
    return float(loss(NUMPY, net, params, z_H, y, sample_weight))


@np.errstate(over="ignore", invalid="ignore", divide="ignore")
def step_gradients(
    net: Architecture,
    params: Params,
    x: Floats,
    y: Floats,
    sample_weight: Floats,
    plan: Plan,
    masks: ByLayer[Floats] | None,
) -> tuple[float, int, Gradients]:
    """Loss, number of correct samples and gradients of one mini-batch. Overflow shows in the loss."""
    target = y
    if plan.label_smoothing:
        target = smooth_labels(y, plan.label_smoothing, net.head.uninformed(y.shape[1]))
    cache = forward(NUMPY, net, params, x, masks)
    value = float(loss(NUMPY, net, params, cache.z[-1], target, sample_weight))
    gradients = backward(NUMPY, net, params, cache, target, sample_weight, plan.penalty, masks)
    return value, int(correct(net.head, cache.a[-1], y).sum()), gradients


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


def epoch_randomness(seed: int, epoch: int, n: int) -> tuple[NDArray[np.intp], np.random.Generator]:
    """The order of the samples in one epoch, and the generator of its dropout masks."""
    order_rng, mask_rng = (
        np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(epoch, stream))) for stream in (0, 1)
    )
    return order_rng.permutation(n), mask_rng


def dropout_masks(rng: np.random.Generator, rate: float, params: Params, n: int) -> ByLayer[Floats] | None:
    """Masks r^L for the hidden layers: 0 at ``rate``, else 1/(1 − rate). Eq. D1. None at rate 0."""
    if rate == 0 or len(params) == 1:
        return None
    dtype = params[1].W.dtype
    return ByLayer(
        (rng.random((n, len(params[L].b)), np.float32) >= rate).astype(dtype) / dtype.type(1 - rate)
        for L in range(1, params.last)
    )


def correct(head: Head, a: Floats, y: Floats) -> NDArray[np.bool_]:
    """Which samples are right: the largest output, or for labels of their own all of them. → (N,) bool."""
    multi_label = head.multi_label or a.shape[1] == 1
    same = decide(a, multi_label) == decide(y, multi_label)
    return np.asarray(same.all(axis=1) if multi_label else same)


@np.errstate(over="ignore", invalid="ignore")
def score_outputs(net: Architecture, params: Params, examples: Examples) -> tuple[float, Floats]:
    """Weighted mean loss, and outputs a^H (N, K), without dropout, smoothing or penalty."""
    dtype = params[1].W.dtype
    outputs = np.empty(examples.Y.shape, dtype)
    total_loss = 0.0
    for start in range(0, len(examples.X), CHUNK):
        x, y, w = (part[start : start + CHUNK] for part in examples)
        cache = forward(NUMPY, net, params, x.astype(dtype, copy=False))
        outputs[start : start + CHUNK] = cache.a[-1]
        total_loss += float(loss(NUMPY, net, params, cache.z[-1], y, w))
    return total_loss / float(examples.weight.sum()), outputs


def score(net: Architecture, params: Params, examples: Examples) -> tuple[float, float]:
    """Weighted mean loss, and accuracy."""
    value, outputs = score_outputs(net, params, examples)
    return value, float(correct(net.head, outputs, examples.Y).mean())


def _diverged(at: BatchEnd, x: Floats, history: History) -> TrainingDiverged:
    largest_input = float(np.abs(x).max())
    largest_weight = max(float(np.abs(layer.W).max()) for layer in at.params)
    if largest_input > 1e3:
        cause = f"the inputs are large (up to {largest_input:.3g}). Scale them to about −1…1 first"
    else:
        cause = (
            f"the learning rate {at.learning_rate:g} is too large (weights have grown to "
            f"{largest_weight:.3g}). Try {at.learning_rate / 10:g}"
        )
    return TrainingDiverged(
        f"the loss must stay finite; it became NaN or infinite in epoch {at.epoch}, mini-batch {at.batch}. "
        f"Most likely {cause}. The network keeps its last good parameters.",
        epoch=at.epoch,
        batch=at.batch,
        history=history,
    )
