"""Learning curves: loss, accuracy and learning rate by epoch."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, NullFormatter, PercentFormatter

from chainrule.errors import InputError
from chainrule.history import EpochRecord, best_of
from chainrule.plots.style import BLUE, GREEN, GREY, ORANGE, empty_figure, shorten, tidy


def curves(history: Sequence[EpochRecord], loss_name: str = "cross-entropy") -> Figure:
    """Plot loss and accuracy by epoch, and the learning rate if it varies; mark the best epoch.

    Raises:
        InputError: ``history`` is empty.
    """
    if not history:
        raise InputError("curves need at least 1 epoch; got 0. Train the network first.")
    rates = [record.learning_rate for record in history]
    varies = len(set(rates)) > 1
    figure = empty_figure(10, 5.2 if varies else 4)
    panels = [["loss", "accuracy"], ["rate", "rate"]] if varies else [["loss", "accuracy"]]
    axes = figure.subplot_mosaic(panels, height_ratios=[4, 1][: len(panels)])  # type: ignore[arg-type]
    _curve_pair(axes["loss"], history, "loss", _capitalised(loss_name))
    _scale_decades(axes["loss"])
    _curve_pair(axes["accuracy"], history, "accuracy", "Accuracy")
    _scale_accuracy(axes["accuracy"])
    if varies:
        _plot(axes["rate"], [r.epoch for r in history], rates, "learning rate", GREEN)
        axes["rate"].set_ylabel("Learning\nrate")
        _scale_decades(axes["rate"])
    _mark_best(axes, history)
    for panel in axes.values():
        _finish_curve(panel, history)
    handles, labels = axes["loss"].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper center", ncols=3, frameon=False)
    return figure


def _curve_pair(axes: Axes, history: Sequence[EpochRecord], name: str, label: str) -> None:
    """Plot training solid and validation dashed, so that one shows where it covers the other."""
    for attribute, legend, colour in ((name, "training", BLUE), (f"val_{name}", "validation", ORANGE)):
        known = [record for record in history if getattr(record, attribute) is not None]
        if known:
            epochs, values = [r.epoch for r in known], [getattr(r, attribute) for r in known]
            _plot(axes, epochs, values, legend, colour)
    axes.set_ylabel(label, parse_math=False)


def _plot(axes: Axes, x: Sequence[int], y: Sequence[float], label: str, colour: str) -> None:
    style = "--" if colour == ORANGE else "-"
    marker = "o" if len(x) <= 30 else ""
    axes.plot(x, y, style, label=label, color=colour, linewidth=1.8, marker=marker, markersize=4)


def _scale_decades(axes: Axes) -> None:
    """Use a logarithmic scale where the values span more than two decades."""
    values = np.concatenate([np.asarray(line.get_ydata(), dtype=float) for line in axes.lines])
    values = values[np.isfinite(values)]
    if values.size and values.min() > 0 and values.max() > 100 * values.min():
        axes.set_yscale("log")
        axes.yaxis.set_minor_formatter(NullFormatter())


def _scale_accuracy(axes: Axes) -> None:
    low, high = axes.get_ylim()
    if high - low < 0.02:
        low, high = low - 0.02, high + 0.02
    room = 0.03 * (min(high, 1.0) - low)
    axes.set_ylim(max(low, -room), min(high, 1.0 + room))
    axes.yaxis.set_major_formatter(PercentFormatter(xmax=1, symbol=" %"))


def _mark_best(axes: dict[str, Axes], history: Sequence[EpochRecord]) -> None:
    found = best_of(history)
    if found is None:
        return
    for panel in axes.values():
        panel.axvline(found.epoch, color=GREY, linestyle=":", linewidth=1.2, zorder=0)
    label = f"best epoch: {found.epoch} ({found.val_loss:.4g})"
    axes["loss"].plot(
        [found.epoch], [found.val_loss or 0.0], label=label, color=GREY, marker="o", markersize=9,
        markerfacecolor="none", markeredgewidth=1.5, linestyle=":", linewidth=1.2,
    )  # fmt: skip


def _finish_curve(axes: Axes, history: Sequence[EpochRecord]) -> None:
    tidy(axes)
    axes.set_xlabel("Epoch")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    first, last = history[0].epoch, history[-1].epoch
    room = 0.5 if first == last else 0.03 * (last - first)
    axes.set_xlim(first - room, last + room)


def _capitalised(text: str) -> str:
    return shorten(text[:1].upper() + text[1:], 60)
