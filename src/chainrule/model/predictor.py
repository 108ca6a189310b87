"""What `Network` predicts by: the engine, with a short way for arrays that fit as they are."""

from __future__ import annotations

from operator import is_
from typing import Any

import numpy as np

from chainrule.engines.base import Engine, Few, Unsupported
from chainrule.engines.choice import choose, fall_back
from chainrule.model.feedforward import FeedForward
from chainrule.model.validate import Floats, as_samples, check_finite


class Predictor:
    """Holds what a network's engine has prepared, as long as the network stays the same."""

    def __init__(self, network: FeedForward) -> None:
        self._parts = _parts(network)
        self._engine: Engine = choose(network.engine, network.threads).engine
        self._net, self._params = network.architecture, network.params
        self._few: Few | None = None
        try:
            self._few = self._engine.few(self._net, self._params)
        except Unsupported as reason:
            self._engine = fall_back(network.engine, str(reason))
        self._width, self._dtype = network.layers[0], network.dtype

    def fits(self, network: FeedForward) -> bool:
        """Whether the network is still the one this was made for; its arrays may have changed."""
        return all(map(is_, self._parts, _parts(network)))

    def outputs(self, X: Any) -> Floats:
        """a^H of samples as people hand them in.

        Raises:
            InputError: samples that cannot be right.
        """
        x = X
        plain = type(X) is np.ndarray and X.ndim == 2 and X.dtype == self._dtype and X.flags.c_contiguous
        if not (plain and X.shape[1] == self._width and len(X)):
            x = np.ascontiguousarray(as_samples(X, self._width, self._dtype, finite=False))
        if self._few is not None and len(x) <= self._few.most:
            outputs, finite = self._few.outputs(x)
        else:
            outputs, finite = self._engine.outputs(self._net, self._params, x)
        if not finite:
            check_finite("X", x)
        return outputs

    def logits(self, x: Floats) -> Floats:
        """z^H of checked samples."""
        return self._engine.outputs(self._net, self._params, x, logits=True)[0]


def _parts(network: FeedForward) -> tuple[Any, ...]:
    return network.params, network.hidden, network.head, network.engine, network.threads
