"""Loss and accuracy of samples whose logits are known."""

from __future__ import annotations

import numpy as np

from chainrule.engines.base import Examples, Floats
from chainrule.engines.reference import NUMPY
from chainrule.equations.network import Architecture
from chainrule.evaluation import correct


@np.errstate(over="ignore", invalid="ignore", divide="ignore")
def mean_loss(net: Architecture, z_H: Floats, examples: Examples) -> float:
    """Weighted mean loss from the logits, without penalty."""
    losses = net.head.loss(NUMPY, z_H, examples.Y)
    return float((losses * examples.weight).sum() / examples.weight.sum())


@np.errstate(over="ignore", invalid="ignore")
def score(net: Architecture, z_H: Floats, examples: Examples) -> tuple[float, float]:
    """Weighted mean loss, and accuracy, without dropout, smoothing or penalty."""
    a_H = net.head.predict(NUMPY, z_H)
    return mean_loss(net, z_H, examples), float(correct(a_H, examples.Y, net.head.multi_label).mean())
