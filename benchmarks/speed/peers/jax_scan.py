"""JAX at its best: one jitted function for the whole epoch, `lax.scan` over the steps, donated buffers."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from benchmarks.speed.data import epoch_order
from benchmarks.speed.peers.base import Array, Parameters, Predictor, Task


class Jax:
    """Rows gathered in every step, or all at once before the scan."""

    def training(self) -> tuple[str, ...]:
        return ("gather in the step", "gather before the scan")

    def trainer(self, task: Task, setting: str) -> Scan:
        return Scan(task, setting)

    def prediction(self) -> tuple[str, ...]:
        return ("jit",)

    def predictor(self, parameters: Parameters, setting: str) -> Predictor:
        params = to_jax(parameters)
        outputs = jax.jit(lambda x: jax.nn.softmax(logits(params, x)))

        def predict(X: Array) -> Array:
            return np.asarray(outputs(X))

        return predict

    def multiply(self, A: Array, B: Array) -> Callable[[], object]:
        product, a, b = jax.jit(jnp.matmul), jnp.asarray(A), jnp.asarray(B)
        return lambda: product(a, b).block_until_ready()

    def forget(self) -> None:
        jax.clear_caches()


class Scan:
    """An epoch is one call."""

    def __init__(self, task: Task, setting: str) -> None:
        self.task = task
        self.X, self.y = jnp.asarray(task.samples.X), jnp.asarray(task.samples.y.astype(np.int32))
        at_once = setting == "gather before the scan"
        step = partial(one_step, adam=task.optimizer == "adam", rate=task.learning_rate, K=task.layers[-1])
        self._epoch = jax.jit(
            partial(one_epoch, step=step, batch=task.batch, at_once=at_once), donate_argnums=0
        )

    def reset(self) -> None:
        params = to_jax(self.task.parameters)
        zeros = jax.tree.map(jnp.zeros_like, params)
        adam = self.task.optimizer == "adam"
        self.state: Any = (
            params,
            (zeros, jax.tree.map(jnp.zeros_like, params)) if adam else (),
            jnp.zeros(()),
        )
        self.epoch = 0
        jax.block_until_ready(self.state)

    def run(self, epochs: int) -> None:
        for _ in range(epochs):
            order = epoch_order(self.task.seed, self.epoch, len(self.X)).astype(np.int32)
            self.state = self._epoch(self.state, self.X, self.y, order)
            self.epoch += 1
        jax.block_until_ready(self.state)

    def parameters(self) -> Parameters:
        return [(np.asarray(W).T, np.asarray(b)) for W, b in self.state[0]]


def one_epoch(state: Any, X: Any, y: Any, order: Any, *, step: Any, batch: int, at_once: bool) -> Any:
    """Scan over the full mini-batches, then the rest in one smaller step."""
    whole = len(order) // batch * batch
    rows = order[:whole].reshape(-1, batch)
    if at_once:
        state, _ = lax.scan(lambda s, xy: (step(s, *xy), None), state, (X[rows], y[rows]))
    else:
        state, _ = lax.scan(lambda s, r: (step(s, X[r], y[r]), None), state, rows)
    rest = order[whole:]
    return step(state, X[rest], y[rest]) if len(rest) else state


def one_step(state: Any, x: Any, y: Any, *, adam: bool, rate: float, K: int) -> Any:
    """Gradient by `jax.grad`, and the optimiser's update."""
    params, moments, t = state
    g = jax.grad(mean_loss)(params, x, jax.nn.one_hot(y, K))
    t = t + 1
    if adam:
        m = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, moments[0], g)
        v = jax.tree.map(lambda v, g: 0.999 * v + 0.001 * g * g, moments[1], g)
        c1, c2 = 1 / (1 - 0.9**t), 1 / (1 - 0.999**t)
        g = jax.tree.map(lambda m, v: m * c1 / (jnp.sqrt(v * c2) + 1e-8), m, v)
        moments = m, v
    return jax.tree.map(lambda p, g: p - rate * g, params, g), moments, t


def mean_loss(params: Any, x: Any, onehot: Any) -> Any:
    """Cross-entropy from the logits."""
    z = logits(params, x)
    return jnp.mean(jax.nn.logsumexp(z, axis=1) - jnp.sum(z * onehot, axis=1))


def logits(params: Any, x: Any) -> Any:
    """The last z."""
    for W, b in params[:-1]:
        x = jax.nn.sigmoid(x @ W + b)
    W, b = params[-1]
    return x @ W + b


def to_jax(parameters: Parameters) -> list[tuple[Any, Any]]:
    """Weights (n_{L-1}, n_L), as JAX's users keep them; copies, for the buffers are donated."""
    return [(jnp.array(np.ascontiguousarray(W.T)), jnp.array(b)) for W, b in parameters]


def peer(threads: int | None) -> Jax:
    """JAX on so many cores: XLA makes a thread for each that the process may use, and has no other switch.

    Compiled code is kept where told.
    """
    if threads is not None and hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[-threads:])
    jax.config.update("jax_platforms", "cpu")
    if folder := os.environ.get("SPEED_CACHE"):
        jax.config.update("jax_compilation_cache_dir", f"{folder}/jax")
        jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.0)
        jax.config.update("jax_persistent_cache_min_entry_size_bytes", -1)
    return Jax()
