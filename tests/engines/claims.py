"""Two engines, one claim: the same task given to both, and how far their results may be apart."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from chainrule.engines.base import Examples, Task
from chainrule.engines.llvm.engine import LlvmEngine
from chainrule.engines.reference import ReferenceEngine, first_moments
from chainrule.equations.activations import ACTIVATIONS, Activation
from chainrule.equations.heads import HEADS
from chainrule.equations.network import Architecture
from chainrule.equations.optimizers import OPTIMIZERS
from chainrule.equations.penalty import Penalty
from chainrule.training.randomness import dropout_masks, epoch_randomness
from chainrule.types import ByLayer, Layer

TOLERANCE = {np.dtype(np.float64): 1e-12, np.dtype(np.float32): 1e-5}


def task(widths, hidden="tanh", head="softmax", optimizer="sgd", batch_size=10, **options):
    """A task; ``hidden`` is one activation or a list, by name or itself."""
    several = [hidden] * (len(widths) - 2) if isinstance(hidden, str | Activation) else hidden
    activations = ByLayer(ACTIVATIONS[a] if isinstance(a, str) else a for a in several)
    head = HEADS[head] if isinstance(head, str) else head
    optimizer = OPTIMIZERS[optimizer]() if isinstance(optimizer, str) else optimizer
    usual = {"penalty": Penalty(), "dropout": 0.0, "label_smoothing": 0.0}
    return Task(Architecture(activations, head), optimizer, batch_size=batch_size, **{**usual, **options})


def parameters(widths, dtype=np.float64, seed=0):
    rng = np.random.default_rng(seed)
    return ByLayer(
        Layer((rng.normal(size=(m, n)) / np.sqrt(n)).astype(dtype), (0.1 * rng.normal(size=m)).astype(dtype))
        for n, m in pairwise(widths)
    )


def examples(widths, n, head="softmax", dtype=np.float64, seed=1, weights=False):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, widths[0])).astype(dtype)
    K = widths[-1]
    Y = rng.integers(0, 2, (n, K)) if head == "sigmoid" or K == 1 else np.eye(K)[rng.integers(0, K, n)]
    weight = rng.uniform(0.2, 2, n) * (rng.random(n) > 0.2) + 1e-3 if weights else np.ones(n)
    return Examples(X, Y.astype(dtype), (weight / weight.mean()).astype(dtype))


def take(engine, task, params, data, steps=None, rate=0.1, seed=3, chunks=None):
    """Take the steps of one epoch, or so many; ``chunks`` splits them. → trainer, losses, hits."""
    random = epoch_randomness(seed, 0)
    order = random.order.permutation(len(data.X))
    batches = -(-len(data.X) // task.batch_size)
    steps = batches if steps is None else steps
    widths = tuple(len(layer.b) for layer in params)[:-1]
    dtype = params[1].W.dtype
    rows = [min(task.batch_size, len(data.X) - task.batch_size * (s % batches)) for s in range(steps)]
    masks = None
    if task.dropout and widths:
        masks = [dropout_masks(random.masks, task.dropout, widths, n, dtype) for n in rows]
    etas = rate / (1 + 0.1 * np.arange(steps))
    trainer = engine.trainer(task, params, first_moments(task.optimizer, params), data)
    losses, hits, done = [], [], 0
    cuts = sorted({*range(0, steps, batches), *(chunks or ()), steps} - {0})
    for stop in cuts:
        some = slice(done, stop)
        result = trainer.take(order, done % batches, etas[some], masks[some] if masks else None)
        losses.extend(result.losses)
        hits.extend(result.hits)
        done = stop
    return trainer, np.array(losses), np.array(hits)


def distance(mine, theirs, least=1e-3):
    """The largest difference of two arrays beside the largest number, or beside ``least``; 0 for nothing."""
    mine, theirs = (np.asarray(x, np.float64) for x in (mine, theirs))
    assert mine.shape == theirs.shape
    return float(np.abs(mine - theirs).max() / max(np.abs(theirs).max(), least)) if theirs.size else 0.0


def numbers(layers):
    return [theta for layer in layers for theta in layer]


def assert_same(task, params, data, threads=1, target=None, steps=None, rate=0.1, tolerance=None):
    """Losses, right samples, parameters, moments and logits of both engines agree."""
    tolerance = tolerance or TOLERANCE[params[1].W.dtype]
    fast, losses, hits = take(LlvmEngine(threads, target), task, params, data, steps, rate)
    slow, their_losses, their_hits = take(ReferenceEngine(), task, params, data, steps, rate)
    # a loss near 0 is a difference of logits: its error is absolute
    assert distance(losses, their_losses, least=1) < tolerance
    np.testing.assert_array_equal(hits, their_hits)
    for mine, theirs in zip(numbers(fast.snapshot()()), numbers(slow.snapshot()()), strict=True):
        assert mine.dtype == theirs.dtype
        assert distance(mine, theirs) < tolerance
    for mine, theirs in zip(numbers(fast.moments()), numbers(slow.moments()), strict=True):
        for name in ("first", "second"):
            assert (getattr(mine, name) is None) == (getattr(theirs, name) is None)
            if getattr(mine, name) is not None:
                # gradients come of a − y, whose numbers are of the size of 1
                assert distance(getattr(mine, name), getattr(theirs, name), least=1) < tolerance
    assert distance(fast.logits(data.X), slow.logits(data.X)) < tolerance
