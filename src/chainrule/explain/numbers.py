"""The numbers of one sample: the forward pass, the backward pass, and the terms their sums are made of."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from chainrule.equations.network import Architecture
from chainrule.evaluation import decide
from chainrule.model.validate import Floats
from chainrule.types import ByLayer, Params

if TYPE_CHECKING:
    from chainrule.model.dataspec import DataSpec


class Numbers(NamedTuple):
    """Every number of one sample, as the equations gave it; `Explanation` says what each of them is."""

    net: Architecture
    params: Params
    y: Floats
    z: ByLayer[Floats]
    a: ByLayer[Floats]
    d_phi: ByLayer[Floats]
    d_a: ByLayer[Floats]
    delta: ByLayer[Floats]
    dW: ByLayer[Floats]
    db: ByLayer[Floats]
    loss: float
    classes: tuple[str, ...]
    multi_label: bool
    network: str
    data: DataSpec | None = None
    sample: str = ""

    @property
    def x(self) -> Floats:
        """The input a^0, as the network takes it (scaled). Shape (n_0,)."""
        return self.a[0]

    @property
    def H(self) -> int:
        """The output layer's number."""
        return self.params.last

    @property
    def dtype(self) -> np.dtype[Any]:
        """The precision of every number here: the network's."""
        dtype: np.dtype[Any] = self.params[1].W.dtype
        return dtype

    @property
    def raw(self) -> Floats | None:
        """The input before it was scaled; None where that is not known, or nothing was scaled."""
        if self.data is None or self.data.scaling.is_identity:
            return None
        raw: Floats = np.asarray(self.x * self.data.scaling.scale + self.data.scaling.shift, np.float64)
        return raw

    @property
    def predicted(self) -> Any:
        """The predicted class number, or the 0/1 row (n_H,) of a multi-label network."""
        return decide(self.a[self.H][None], self.multi_label)[0]

    @property
    def target(self) -> Any:
        """The true class number (the largest y_m), or the 0/1 row (n_H,) of a multi-label network."""
        return decide(self.y[None], self.multi_label)[0]

    @property
    def correct(self) -> bool:
        """Whether the prediction is the target; of several labels every one must be right."""
        return bool(np.all(self.predicted == self.target))

    def terms(self, L: int, j: int) -> Floats:
        """The terms W^L_jk a^{L-1}_k of z^L_j; together with b^L_j they make it up. Shape (n_{L-1},)."""
        terms: Floats = self.params[L].W[j] * self.a[L - 1]
        return terms

    def back_terms(self, L: int, j: int) -> Floats:
        """The terms W^{L+1}_ij δ^{L+1}_i of ∂J/∂a^L_j, for L = 0 … H−1. Shape (n_{L+1},)."""
        terms: Floats = self.params[L + 1].W[:, j] * self.delta[L + 1]
        return terms

    def to_dict(self) -> dict[str, Any]:
        """Every number, as JSON can hold it: the sample's, then a list with an entry for each layer."""
        return {
            "sample": self.sample,
            "network": self.network,
            "dtype": self.dtype.name,
            "loss": self.loss,
            "loss_name": self.net.head.loss_name,
            "classes": list(self.classes),
            "target": self.target.tolist(),
            "predicted": self.predicted.tolist(),
            "correct": self.correct,
            "x": self.x.tolist(),
            "y": self.y.tolist(),
            "input_gradient": self.d_a[0].tolist(),
            "layers": [self._layer(L) for L in range(1, self.H + 1)],
        }

    def _layer(self, L: int) -> dict[str, Any]:
        hidden = L < self.H
        return {
            "layer": L,
            "activation": self.net.hidden[L].name if hidden else self.net.head.name,
            "W": self.params[L].W.tolist(),
            "b": self.params[L].b.tolist(),
            "z": self.z[L].tolist(),
            "a": self.a[L].tolist(),
            "d_a": self.d_a[L].tolist() if hidden else None,
            "d_phi": self.d_phi[L].tolist() if hidden else None,
            "delta": self.delta[L].tolist(),
            "dW": self.dW[L].tolist(),
            "db": self.db[L].tolist(),
        }
