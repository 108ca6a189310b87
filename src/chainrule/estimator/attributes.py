"""A fitted estimator's attributes that scikit-learn's users know, read from its network."""

from __future__ import annotations

from chainrule.engines.base import Floats
from chainrule.network import Network


class FittedAttributes:
    """Attributes that follow from ``network_``; none of them is there before `fit`."""

    loss_curve_: list[float]

    @property
    def coefs_(self) -> list[Floats]:
        """The weights as scikit-learn has them: of layer L an array (n_{L-1}, n_L). To be read only."""
        return [_read_only(layer.W.T) for layer in self._fitted().params]

    @property
    def intercepts_(self) -> list[Floats]:
        """The biases of each layer. To be read only."""
        return [_read_only(layer.b.view()) for layer in self._fitted().params]

    @property
    def n_layers_(self) -> int:
        """Layers, the inputs among them."""
        return len(self._fitted().layers)

    @property
    def n_outputs_(self) -> int:
        """Outputs of the network."""
        return self._fitted().layers[-1]

    @property
    def out_activation_(self) -> str:
        """The output activation, by scikit-learn's name."""
        return "softmax" if self._fitted().head.distribution else "logistic"

    @property
    def loss_(self) -> float:
        """The training loss of the last epoch."""
        self._fitted()
        return self.loss_curve_[-1]

    def _fitted(self) -> Network:
        network: Network | None = self.__dict__.get("network_")
        if network is None:
            raise AttributeError("an attribute of a fitted estimator was asked for: call fit first")
        return network


def _read_only(array: Floats) -> Floats:
    array.flags.writeable = False
    return array
