"""Reading figures: texts, lines, ticks, and whether anything is cut off."""

from __future__ import annotations

import io
from typing import NamedTuple

import numpy as np
from matplotlib.text import Text

from chainrule.evaluation import evaluate


class Record(NamedTuple):
    epoch: int
    loss: float
    accuracy: float | None = 0.5
    val_loss: float | None = None
    val_accuracy: float | None = None
    learning_rate: float = 0.1
    seconds: float = 1.0


HISTORY = [
    Record(1, 2.3, 0.1, 2.4, 0.11),
    Record(2, 1.0, 0.6, 1.1, 0.58),
    Record(3, 0.5, 0.9, 0.8, 0.80),
    Record(4, 0.3, 1.0, 0.9, 0.78),
]


def texts(figure):
    return [text.get_text() for text in figure.findobj(Text) if text.get_text()]


def line(axes, label):
    (found,) = [line for line in axes.lines if line.get_label() == label]
    return found.get_xdata(), found.get_ydata()


def ticks(axis):
    return [label.get_text() for label in axis.get_ticklabels()]


def assert_nothing_cut_off(figure):
    """Draw the figure, then look whether everything drawn lies within it."""
    figure.savefig(io.BytesIO(), dpi=figure.dpi)
    boxes = {str(axes): axes.get_tightbbox() for axes in figure.axes}
    boxes |= {str(artist): artist.get_window_extent() for artist in [*figure.texts, *figure.legends]}
    for name, box in boxes.items():
        assert min(box.x0, box.y0) >= -1, name
        assert box.x1 <= figure.bbox.x1 + 1, name
        assert box.y1 <= figure.bbox.y1 + 1, name


def single_label(K=3, N=60, seed=0, name="class {}"):
    rng = np.random.default_rng(seed)
    y, p = rng.integers(K, size=N), rng.dirichlet(np.ones(K), size=N)
    return evaluate(y, p, loss=1.0, classes=[name.format(k) for k in range(K)])


def multi_label(K=3, N=60, name="label {}"):
    rng = np.random.default_rng(1)
    y, p = rng.integers(2, size=(N, K)), rng.random((N, K))
    return evaluate(y, p, loss=1.0, classes=[name.format(k) for k in range(K)], multi_label=True)
