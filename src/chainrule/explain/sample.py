"""One sample run forward and back, every number of it kept, and what can be asked of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.checks import as_whole
from chainrule.engines.reference import NUMPY
from chainrule.equations.affine import input_gradient
from chainrule.equations.network import backward, forward, loss
from chainrule.errors import InputError
from chainrule.explain.blocks import Block
from chainrule.explain.numbers import Numbers
from chainrule.explain.parameter import ParameterExplanation, explain_parameter
from chainrule.explain.sample_report import blocks, verdict
from chainrule.explain.shown import Shown
from chainrule.model.feedforward import FeedForward, known_classes
from chainrule.model.validate import Floats, as_samples, as_targets
from chainrule.types import ByLayer, Layer

if TYPE_CHECKING:
    from matplotlib.figure import Figure


class Explanation(Numbers, Shown):
    """Every number of one sample, as the equations gave it; ``print`` shows it in words.

    Vectors are the text's columns, without a batch: ``z[L]``, ``a[L]`` and ``delta[L]`` (n_L,), where
    ``a[0]`` is the input. ``d_phi[L]`` is φ'(z^L) of the hidden layers; ``d_a[L]`` is
    ∂J/∂a^L = (W^{L+1})ᵀ δ^{L+1} for L = 0 … H−1, so that δ^L = d_a[L] · d_phi[L] (B2) and ``d_a[0]`` is
    the gradient in the input. ``dW[L]`` (n_L, n_{L-1}) and ``db[L]`` (n_L,) are this sample's, not
    divided by any N and without penalties. ``params`` is a copy: training on does not change it.
    """

    def weight(self, L: int, j: int, k: int, *, learning_rate: float = 0.5) -> ParameterExplanation:
        """Explain ∂J/∂W^L_jk: its chain rule, a check by differences, and one step at ``learning_rate``.

        Args:
            L: layer, from 1.
            j: neuron of layer L, from 0.
            k: neuron of layer L−1 (or input), from 0.
            learning_rate: η of the step.

        Raises:
            InputError: there is no such weight, or η is not positive.
        """
        self._check_layer(L)
        n_out, n_in = self.params[L].W.shape
        if not (_counts(j, n_out) and _counts(k, n_in)):
            raise InputError(
                f"a weight of layer {L} must have j = 0…{n_out - 1} and k = 0…{n_in - 1}, its neurons and "
                f"those of layer {L - 1}; got j = {j}, k = {k}. Neurons are counted from 0, layers from 1."
            )
        return explain_parameter(self, L, "W", (int(j), int(k)), learning_rate)

    def bias(self, L: int, j: int, *, learning_rate: float = 0.5) -> ParameterExplanation:
        """Explain ∂J/∂b^L_j, as `weight` does."""
        self._check_layer(L)
        n = len(self.params[L].b)
        if not _counts(j, n):
            raise InputError(
                f"a bias of layer {L} must have j = 0…{n - 1}, its neurons; got j = {j}. "
                "Neurons are counted from 0, layers from 1."
            )
        return explain_parameter(self, L, "b", (int(j),), learning_rate)

    def _check_layer(self, L: int) -> None:
        if not _counts(L, self.H + 1) or L == 0:
            raise InputError(
                f"layers with weights must be 1…{self.H}; got {L}. "
                "Layers are counted from 1, and 0 is the input."
            )

    def blocks(self) -> list[Block]:
        """The explanation in words, as the pieces that `to_text`, `to_markdown` and `to_html` set."""
        return blocks(self)

    def plot(self) -> Figure:
        """Draw the input, the gradient in it, and the outputs beside the targets."""
        from chainrule import plots  # matplotlib takes long to load

        data, first = self.data, self.sample or "One sample"
        return plots.sample(
            self.x,
            self.d_a[0],
            self.a[self.H],
            self.y,
            self.classes,
            shape=None if data is None else data.shape,
            features=None if data is None else data.features,
            title=f"{first}\n{verdict(self)}",
        )

    def __repr__(self) -> str:
        return f"<Explanation of {self.sample or 'a sample'}: loss {self.loss:.6g}, {self.network}>"


def explain(network: FeedForward, x: Any, y: Any, *, sample: str = "") -> Explanation:
    """Run one sample forward and back, and keep every number.

    Args:
        network: the network; it is not changed.
        x: the sample, (n_0,) or one row, scaled as the network takes it.
        y: its target: a class number, or a row (n_H,).
        sample: what to call it.

    Raises:
        InputError: more than one sample, or a sample or target that cannot be right.
    """
    X = as_samples(x, network.layers[0], network.dtype)
    if len(X) != 1:
        raise InputError(f"explain must get one sample; got {len(X)}. Pass X[7] and y[7], say.")
    Y = as_targets(y, 1, network.layers[-1], network.head, network.dtype, known_classes(network))
    net, params = network.architecture, network.params.map(lambda p: Layer(p.W.copy(), p.b.copy()))
    one, H = np.ones(1, network.dtype), network.params.last
    cache = forward(NUMPY, net, params, X)
    (z, a), (delta, dW, db) = cache, backward(NUMPY, net, params, cache, Y, one)
    return Explanation(
        net=net,
        params=params,
        y=Y[0],
        z=z.map(_column),
        a=a.map(lambda rows: rows[0].copy()),
        d_phi=ByLayer(net.hidden[L].d_phi(NUMPY, z[L], a[L])[0] for L in range(1, H)),
        d_a=ByLayer((input_gradient(delta[L + 1], params[L + 1].W)[0] for L in range(H)), first=0),
        delta=delta.map(_column),
        dW=dW,
        db=db,
        loss=float(loss(NUMPY, net, params, z[H], Y, one)),
        classes=network.output_names,
        multi_label=network.multi_label or network.two_classes,
        network=repr(network),
        data=network.data,
        sample=sample,
    )


def _column(rows: Floats) -> Floats:
    column: Floats = rows[0]
    return column


def _counts(number: Any, end: int) -> bool:
    """Whether it is one of the whole numbers 0 … end − 1."""
    try:
        return as_whole("index", number, at_least=0) < end
    except InputError:
        return False
