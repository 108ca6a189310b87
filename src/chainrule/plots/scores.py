"""Confusion matrix, or bars of precision, recall and F1 where samples have several labels."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import PowerNorm
from matplotlib.figure import Figure
from numpy.typing import NDArray

from chainrule.evaluation import Evaluation
from chainrule.plots.style import (
    BLUE,
    GREEN,
    ORANGE,
    TITLE_SIZE,
    counted,
    empty_figure,
    headline,
    name_axis,
    short,
    tidy,
)

_MOST_CELLS_WITH_TEXT = 20


def confusion(evaluation: Evaluation) -> Figure:
    """Draw the confusion matrix; for multi-label, precision, recall and F1 of every label as bars.

    The colour is the share of the true class, on a square-root scale that keeps rare mistakes visible.
    """
    return _score_bars(evaluation) if evaluation.multi_label else _confusion_matrix(evaluation)


def _confusion_matrix(evaluation: Evaluation) -> Figure:
    counts, names = evaluation.confusion, short(evaluation.classes)
    assert counts is not None
    K = len(names)
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    size = min(max(3.4, 0.5 * K), 9.0)
    longest = max(map(len, names))
    upright = 0.085 * longest > size / K
    margin = 0.075 * longest
    figure = empty_figure(size + margin + 2.2, size + (margin if upright else 0.2) + 1.2, compress=True)
    axes = figure.subplots()
    image = axes.imshow(shares, cmap="Blues", norm=PowerNorm(0.5, vmin=0, vmax=1))
    name_axis(axes, "x", names, upright=upright)
    name_axis(axes, "y", names)
    axes.set(xlabel="Predicted", ylabel="True")
    axes.set_title(_accuracy_title(evaluation), fontsize=TITLE_SIZE)
    axes.spines[:].set_visible(False)
    if K <= _MOST_CELLS_WITH_TEXT:
        _write_counts(axes, counts, shares, cell=size / K)
    bar = figure.colorbar(image, ax=axes, label="Share of the true class", fraction=0.05, pad=0.03)
    bar.set_ticks([0, 0.01, 0.05, 0.2, 0.5, 1], labels=["0", "1 %", "5 %", "20 %", "50 %", "100 %"])
    bar.outline.set_visible(False)
    return figure


def _write_counts(axes: Axes, counts: NDArray[np.int64], shares: NDArray[np.float64], cell: float) -> None:
    """Write every count, so small that the longest fits into a cell of ``cell`` inches."""
    size = min(11.0, 72 * 0.8 * cell / (0.65 * len(str(counts.max()))))
    for (row, column), count in np.ndenumerate(counts):
        colour = "white" if shares[row, column] > 0.35 else "#222222" if count else "#BBBBBB"
        axes.text(column, row, str(count), ha="center", va="center", color=colour, fontsize=size)


def _score_bars(evaluation: Evaluation) -> Figure:
    names, scores = short(evaluation.classes), evaluation.by_class
    K = len(names)
    figure = empty_figure(8, min(max(2.6, 1.4 + 0.42 * K), 13))
    axes = figure.subplots()
    parts = (("Precision", "precision", BLUE), ("Recall", "recall", ORANGE), ("F1", "f1", GREEN))
    for place, (label, attribute, colour) in enumerate(parts):
        values = [getattr(score, attribute) for score in scores]
        axes.barh(np.arange(K) + 0.27 * (place - 1), values, 0.25, label=label, color=colour)
    name_axis(axes, "y", [f"{name}  ({score.support:,})" for name, score in zip(names, scores, strict=True)])
    axes.set(xlim=(0, 1.0), ylim=(K - 0.4, -0.6), xlabel="Score", ylabel="Label (support)")
    tidy(axes, "x")
    headline(figure, _accuracy_title(evaluation))
    figure.legend(loc="outside lower center", ncols=3, frameon=False)
    return figure


def _accuracy_title(evaluation: Evaluation) -> str:
    kind = "Subset accuracy" if evaluation.multi_label else "Accuracy"
    return f"{kind} {100 * evaluation.accuracy:.2f} % of {counted(evaluation.n, 'sample')}"
