"""`FeedForward`: layers, functions and parameters, and what the equations make of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from copy import copy
from typing import TYPE_CHECKING, Any, Self, TypeVar

import numpy as np
from numpy.typing import DTypeLike

from chainrule.checks import as_real, as_whole
from chainrule.engines.reference import NUMPY
from chainrule.equations.activations import Activation
from chainrule.equations.heads import HEADS, Head
from chainrule.equations.network import Architecture, backward, forward, loss, loss_and_gradients
from chainrule.equations.optimizers import descend
from chainrule.equations.penalty import Penalty
from chainrule.errors import InputError, look_up
from chainrule.escaping.characters import visible
from chainrule.model.initializers import INITIALIZERS
from chainrule.model.validate import (
    Floats,
    as_activations,
    as_dtype,
    as_engine,
    as_head,
    as_numbers,
    as_pair,
    as_penalty,
    as_samples,
    as_seed,
    as_targets,
    as_weights,
    as_widths,
    check_finite,
)
from chainrule.types import ByLayer, Forward, Gradients, Layer, Params

if TYPE_CHECKING:
    from chainrule.model.dataspec import DataSpec


class Parameters(ByLayer[Floats]):
    """The W or b of every layer. ``network.W[1] = array`` copies the array into layer 1."""

    def __setitem__(self, L: int, value: Any) -> None:
        mine = self[L]
        new = as_numbers(f"the new array of layer {L}", value, mine.dtype)
        if new.shape != mine.shape:
            raise InputError(
                f"the new array of layer {L} must have shape {mine.shape}, as the old one; got {new.shape}."
            )
        check_finite(f"the new array of layer {L}", new)
        mine[...] = new


class FeedForward:
    """A feed-forward classifier as the equations take it. `chainrule.Network` adds fitting and files.

    The arguments are those of `Network`. Everything below `Network` works on this class.
    """

    def __init__(
        self,
        layers: Sequence[int],
        *,
        hidden: str | Activation | Sequence[str | Activation] = "sigmoid",
        output: str | Head = "softmax",
        initializer: str = "normal",
        seed: int | None = None,
        dtype: DTypeLike = "float64",
        engine: str = "auto",
        threads: int | None = None,
    ) -> None:
        self.layers = as_widths(layers)
        self.head = as_head(output)
        if self.head.distribution and self.layers[-1] < 2:
            raise InputError(
                "softmax must have at least 2 outputs, which share the probability 1; got 1. "
                "For one yes-or-no label use output='sigmoid'."
            )
        self.hidden = as_activations(hidden, len(self.layers) - 2)
        self.initializer = initializer
        self.dtype = as_dtype(dtype)
        self.seed = as_seed(seed)
        self.engine = as_engine(engine)
        self.threads = None if threads is None else as_whole("threads", threads)
        self.data: DataSpec | None = None
        self.training: list[dict[str, Any]] = []
        initialize = look_up("initializer", initializer, INITIALIZERS)
        rng = np.random.default_rng(self.seed)
        self.params: Params = ByLayer(
            Layer(*(theta.astype(self.dtype) for theta in initialize(rng, n_out, n_in)))
            for n_in, n_out in zip(self.layers, self.layers[1:], strict=False)
        )

    @classmethod
    def from_parameters(cls, parameters: Iterable[tuple[Any, Any]], **options: Any) -> Self:
        """Make a network from [(W^1, b^1), (W^2, b^2), …]; the other options are those of the class."""
        try:
            layers = [(np.asarray(W), np.asarray(b)) for W, b in parameters]
        except (TypeError, ValueError):
            layers = []
        if not layers or any(W.ndim != 2 for W, _ in layers):
            raise InputError(
                "parameters must be pairs (W, b), one a layer, with W of shape (n_L, n_{L-1}); "
                f"got {parameters!r}. Write [(W1, b1), (W2, b2)]."
            )
        network = cls([layers[0][0].shape[1], *(W.shape[0] for W, _ in layers)], **options)
        for L, (W, b) in enumerate(layers, 1):
            network.W[L], network.b[L] = W, b
        return network

    @property
    def W(self) -> Parameters:
        """The weights: ``W[L]`` of shape (n_L, n_{L-1}), L = 1 … H. Assigning copies into the layer."""
        return Parameters(layer.W for layer in self.params)

    @property
    def b(self) -> Parameters:
        """The biases: ``b[L]`` of shape (n_L,), L = 1 … H. Assigning copies into the layer."""
        return Parameters(layer.b for layer in self.params)

    @property
    def architecture(self) -> Architecture:
        """The functions of this network, as the equations take them."""
        return Architecture(self.hidden, self.head)

    @property
    def threshold(self) -> tuple[float, ...] | None:
        """Probability above which each label is on, or of two classes the second is taken; None for ½."""
        return None if self.data is None else self.data.threshold

    @property
    def two_classes(self) -> bool:
        """Whether one output stands for two classes: it is the probability of the second."""
        return self.layers[-1] == 1 and self.data is not None and len(self.data.classes) == 2

    @property
    def multi_label(self) -> bool:
        """Whether every output is a label of its own, on or off."""
        return (self.head.multi_label or self.layers[-1] == 1) and not self.two_classes

    @property
    def loss_name(self) -> str:
        """The name of the loss; two classes on one sigmoid output have the cross-entropy of two classes."""
        return "cross-entropy" if self.two_classes and self.head == HEADS["sigmoid"] else self.head.loss_name

    @property
    def n_parameters(self) -> int:
        """How many numbers are learnt: all weights and biases."""
        return sum(layer.W.size + layer.b.size for layer in self.params)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({chain(self)}; {self.n_parameters:,} parameters, {self.dtype})"

    def forward(self, x: Any) -> Forward:
        """Every z^L and a^L on the way from a^0 = x to the output. Eq. F1, F2, H1 or H3.

        Shapes: x (N, n_0), or one sample (n_0,) or (n_0, 1) → z[L], a[L] (N, n_L), a sample a row.
        """
        return forward(NUMPY, self.architecture, self.params, self._samples(x))

    def backward(
        self, cache: Forward, y: Any, *, sample_weight: Any = None, l1: float = 0.0, l2: float = 0.0
    ) -> Gradients:
        """Every δ^L, ∂J/∂W^L and ∂J/∂b^L of the mean loss, from a forward pass. Eq. B1 to B4.

        For one sample these are the text's quantities. For N samples each row of δ^L carries its
        weight 1/N, so that dW[L] and db[L] are means over the batch. Penalties add to dW alone.
        """
        y, w = self._targets(y, sample_weight, len(cache.a[0]))
        return backward(NUMPY, self.architecture, self.params, cache, y, w, as_penalty(l1, l2))

    def gradients(
        self, X: Any, y: Any, *, sample_weight: Any = None, l1: float = 0.0, l2: float = 0.0
    ) -> Gradients:
        """Forward and backward pass in one: the gradient of `loss` with the same arguments."""
        return self._loss_and_gradients(X, y, sample_weight, as_penalty(l1, l2))[1]

    def loss(self, X: Any, y: Any, *, sample_weight: Any = None, l1: float = 0.0, l2: float = 0.0) -> float:
        """Mean loss J over the samples (Eq. H2, H4 or Q1), plus λ₁ Σ|W| + λ₂ ½ ΣW² over all layers."""
        x = self._samples(X)
        y, w = self._targets(y, sample_weight, len(x))
        z_H = forward(NUMPY, self.architecture, self.params, x).z[-1]
        return float(loss(NUMPY, self.architecture, self.params, z_H, y, w, as_penalty(l1, l2)))

    def gradient_descent(self, mini_batch: Any, learning_rate: float) -> float:
        """Take one step of gradient descent on a mini-batch, averaging over its samples. Eq. G1.

            W^L ← W^L − η/N Σ ∂J/∂W^L        b^L ← b^L − η/N Σ ∂J/∂b^L

        Args:
            mini_batch: a pair (X, y) of arrays, or a list of (x, y) pairs of column vectors.
            learning_rate: η.

        Returns:
            The mean loss of the mini-batch before the step.

        Raises:
            InputError: samples or labels that cannot be right. The parameters stay as they were.
        """
        learning_rate = as_real("learning_rate", learning_rate, above=0, remedy="Try 0.5.")
        value, gradients = self._loss_and_gradients(*as_pair(mini_batch), None, Penalty())
        self.params = ByLayer(
            Layer(descend(layer.W, dW, learning_rate), descend(layer.b, db, learning_rate))
            for layer, dW, db in zip(self.params, gradients.dW, gradients.db, strict=True)
        )
        return value

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of the classes or labels: those of the data it was trained on, else the outputs' numbers."""
        return tuple(map(str, range(self.layers[-1]))) if self.data is None else self.data.classes

    @property
    def output_names(self) -> tuple[str, ...]:
        """The name of each output; one output of two classes has that of the second."""
        return self.classes[-self.layers[-1] :]

    def probabilities(self, a_H: Floats) -> Floats:
        """The probability of each class or label from the outputs; of two classes 1 − a and a.

        Shapes: a_H (N, n_H) → (N, K).
        """
        return np.hstack([1 - a_H, a_H]) if self.two_classes else a_H

    def _loss_and_gradients(
        self, X: Any, y: Any, sample_weight: Any, penalty: Penalty
    ) -> tuple[float, Gradients]:
        x = self._samples(X)
        y, w = self._targets(y, sample_weight, len(x))
        value, gradients = loss_and_gradients(NUMPY, self.architecture, self.params, x, y, w, penalty)
        return float(value), gradients

    def _samples(self, X: Any) -> Floats:
        return as_samples(X, self.layers[0], self.dtype)

    def _targets(self, y: Any, sample_weight: Any, n: int) -> tuple[Floats, Floats]:
        """Rows of targets, and the weights of a mean."""
        Y = as_targets(y, n, self.layers[-1], self.head, self.dtype, known_classes(self))
        w = as_weights(sample_weight, n, self.dtype)
        return Y, w / w.sum()


def known_classes(network: FeedForward) -> tuple[str, ...]:
    """The class names that a network has learnt, none if it knows numbers alone."""
    return () if network.data is None else network.data.classes


Kind = TypeVar("Kind", bound=FeedForward)
"""The class of a network that is to be made, which may be a user's own."""


def chain(network: FeedForward) -> str:
    """The layers in a line: "784 → 30 sigmoid → 10 softmax"."""
    names = [visible(part.name) for part in (*network.hidden, network.head)]
    widths = [f"{n} {name}" for n, name in zip(network.layers[1:], names, strict=True)]
    return " → ".join([str(network.layers[0]), *widths])


def in_float64(network: Kind) -> Kind:
    """A copy with float64 parameters."""
    double = copy(network)
    double.dtype = np.dtype(np.float64)
    double.params = ByLayer(Layer(*(theta.astype(np.float64) for theta in layer)) for layer in network.params)
    return double
