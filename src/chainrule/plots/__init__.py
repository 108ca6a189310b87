"""Figures: learning curves, confusion, mistakes, first-layer weights, and one sample explained.

Every function returns a `matplotlib.figure.Figure` made without pyplot, so nothing global changes
and no display is needed; `save` writes it. Rows, neurons and inputs are counted from 0, as in NumPy;
epochs from 1. Colours are Okabe and Ito's, which colour-blind readers can tell apart.
"""

from chainrule.history import EpochRecord
from chainrule.plots.epochs import curves
from chainrule.plots.explanation import sample
from chainrule.plots.neurons import weights
from chainrule.plots.samples import mistakes
from chainrule.plots.scores import confusion
from chainrule.plots.several import several
from chainrule.plots.style import BLUE, GREEN, GREY, ORANGE, save

__all__ = [
    "BLUE",
    "GREEN",
    "GREY",
    "ORANGE",
    "EpochRecord",
    "confusion",
    "curves",
    "mistakes",
    "sample",
    "save",
    "several",
    "weights",
]
