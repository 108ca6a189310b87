"""L-BFGS by SciPy, for small data: loss and gradient of all samples at once, by the reference equations."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from chainrule.engines.base import Examples
from chainrule.engines.reference import NUMPY
from chainrule.equations.heads import smooth_labels
from chainrule.equations.network import loss_and_gradients
from chainrule.equations.penalty import Penalty
from chainrule.model.feedforward import FeedForward
from chainrule.types import ByLayer, Layer, Params


class Minimum(NamedTuple):
    """What came of it: iterations, the loss after each, and whether the gradient is as small as asked for."""

    iterations: int
    curve: list[float]
    converged: bool


def minimize(
    network: FeedForward, examples: Examples, penalty: Penalty, smoothing: float, options: dict[str, Any]
) -> Minimum:
    """Move ``network`` to a minimum of the mean loss with its penalty.

    Source: Liu & Nocedal, Math. Programming 45, 1989; `scipy.optimize.minimize`.
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

    def after_iteration(intermediate_result: Any) -> None:
        curve.append(float(intermediate_result.fun))

    start = flatten(network.params).astype(np.float64)
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        found = search(
            value_and_gradient,
            start,
            method="L-BFGS-B",
            jac=True,
            callback=after_iteration,
            options=options,
        )
    network.params = unflatten(found.x.astype(dtype), network.params)
    return Minimum(int(found.nit), curve or [float(found.fun)], bool(found.success))


def flatten(params: Params) -> Any:
    """All W and b one after the other. Shapes: → (n_parameters,)."""
    return np.concatenate([theta.ravel() for layer in params for theta in layer])


def unflatten(theta: Any, like: Params) -> Params:
    """The inverse of `flatten`."""
    sizes = [part.size for layer in like for part in layer]
    parts = iter(np.split(theta, np.cumsum(sizes)[:-1]))
    return like.map(lambda layer: Layer(*(next(parts).reshape(part.shape) for part in layer)))
