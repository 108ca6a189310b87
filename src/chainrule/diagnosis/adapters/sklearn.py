"""A scikit-learn ``MLPClassifier`` or ``MLPRegressor``: its own ``_backprop``, on weights that it is given.

``_backprop`` is no public name. The penalty is left out (alpha = 0).
"""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from typing import Any

import numpy as np

from chainrule.diagnosis.adapters import Adapted
from chainrule.errors import InputError


def adapted(thing: Any, layers: Sequence[int] | None, criterion: Any = None) -> Adapted:
    """The estimator as functions; one that is not fitted gets its outputs from ``layers``.

    Raises:
        InputError: no multi-layer perceptron, or one without widths.
    """
    from sklearn.base import clone, is_classifier

    if not hasattr(thing, "_backprop"):
        raise InputError(
            f"of scikit-learn MLPClassifier and MLPRegressor can be diagnosed; got {type(thing).__name__}. "
            "Hand in one of these."
        )
    widths = _widths(thing, layers)
    asked = clone(thing)
    asked.set_params(alpha=0.0)
    classes = "logistic" if widths[-1] == 1 else "softmax"
    asked.out_activation_ = classes if is_classifier(asked) else "identity"
    asked.n_layers_, asked.n_outputs_ = len(widths), widths[-1]

    def ask(weights: Any, biases: Any, x: Any, y: Any) -> Any:
        asked.coefs_, asked.intercepts_ = list(weights), list(biases)
        activations: list[Any] = [x, *([None] * (len(widths) - 1))]
        deltas: list[Any] = [None] * (len(widths) - 1)
        gW = [np.empty_like(W) for W in weights]
        gb = [np.empty_like(b) for b in biases]
        given = {
            "X": x, "y": y, "sample_weight": None, "activations": activations, "deltas": deltas,
            "coef_grads": gW, "intercept_grads": gb,
        }  # fmt: skip
        return asked._backprop(
            **{name: given[name] for name in inspect.signature(asked._backprop).parameters}
        )

    def gradients(weights: Any, biases: Any, x: Any, y: Any) -> Any:
        if np.shape(x) != (len(x), widths[0]) or np.ndim(y) != 2:
            raise ValueError("samples as rows")
        _, gW, gb = ask(weights, biases, x, y)
        return list(gW), list(gb)

    def loss(weights: Any, biases: Any, x: Any, y: Any) -> float:
        return float(ask(weights, biases, x, y)[0])

    def forward(weights: Any, biases: Any, x: Any) -> Any:
        asked.coefs_, asked.intercepts_ = list(weights), list(biases)
        return asked._forward_pass([x, *([None] * (len(widths) - 1))])[-1]

    return Adapted(gradients, loss, widths, forward)


def _widths(thing: Any, layers: Sequence[int] | None) -> tuple[int, ...]:
    if layers is not None:
        return tuple(layers)
    if hasattr(thing, "coefs_"):
        return (thing.coefs_[0].shape[0], *(W.shape[1] for W in thing.coefs_))
    hidden = np.atleast_1d(thing.hidden_layer_sizes).tolist()
    return (4, *(min(n, 6) for n in hidden), 3)
