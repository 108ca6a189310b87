"""An explanation as JSON can hold it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from chainrule.explain.sample import Explanation


def figures(explanation: Explanation) -> dict[str, Any]:
    """Every number of the sample: its head, then a list with one entry for each layer 1 … H."""
    e = explanation
    return {
        "sample": e.sample,
        "network": e.network,
        "dtype": e.dtype.name,
        "loss": e.loss,
        "loss_name": e.net.head.loss_name,
        "classes": list(e.classes),
        "target": e.target.tolist(),
        "predicted": e.predicted.tolist(),
        "correct": e.correct,
        "x": e.x.tolist(),
        "y": e.y.tolist(),
        "input_gradient": e.d_a[0].tolist(),
        "layers": [_layer(e, L) for L in range(1, e.H + 1)],
    }


def _layer(e: Explanation, L: int) -> dict[str, Any]:
    hidden = L < e.H
    return {
        "layer": L,
        "activation": e.net.hidden[L].name if hidden else e.net.head.name,
        "W": e.params[L].W.tolist(),
        "b": e.params[L].b.tolist(),
        "z": e.z[L].tolist(),
        "a": e.a[L].tolist(),
        "d_a": e.d_a[L].tolist() if hidden else None,
        "d_phi": e.d_phi[L].tolist() if hidden else None,
        "delta": e.delta[L].tolist(),
        "dW": e.dW[L].tolist(),
        "db": e.db[L].tolist(),
    }
