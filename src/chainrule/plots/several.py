"""Learning curves of several runs in one figure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from chainrule.errors import InputError
from chainrule.history import EpochRecord
from chainrule.plots.epochs import _capitalised, _scale_accuracy, _scale_decades
from chainrule.plots.fonts import families
from chainrule.plots.style import BLUE, GREEN, GREY, ORANGE, empty_figure, shorten, tidy

COLOURS = (BLUE, ORANGE, GREEN, "#CC79A7", "#E69F00", GREY)
LINE = 110
"""Characters that fit side by side over the figure."""
STYLES = ("-", "--", ":")


def several(histories: Mapping[str, Sequence[EpochRecord]], loss_name: str = "cross-entropy") -> Figure:
    """Plot loss and accuracy of several runs: on validation data if there are any, else on training data.

    Raises:
        InputError: no run has an epoch.
    """
    if not any(len(history) for history in histories.values()):
        raise InputError("curves need at least 1 epoch; got 0. Train the networks first.")
    figure = empty_figure(10, 4.4)
    panels = figure.subplots(1, 2)
    for axes, column in zip(panels, ("loss", "accuracy"), strict=True):
        for place, (name, history) in enumerate(histories.items()):
            _curve(axes, place, shorten(name, 30), history, column)
        tidy(axes)
        axes.set_xlabel("Epoch")
        axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    of = _part_of(list(histories.values()))
    panels[0].set_ylabel(f"{_capitalised(loss_name)}, {of}", parse_math=False)
    panels[1].set_ylabel(f"Accuracy, {of}")
    _scale_decades(panels[0])
    _scale_accuracy(panels[1])
    handles, labels = panels[0].get_legend_handles_labels()
    legend = figure.legend(
        handles, labels, loc="outside upper center", ncols=_columns(labels), frameon=False,
        prop={"family": families(labels)},
    )  # fmt: skip
    for text in legend.get_texts():
        text.set_parse_math(False)
    return figure


def _part_of(histories: Sequence[Sequence[EpochRecord]]) -> str:
    """Of which data the curves are, for the axes."""
    validated = [history[0].val_loss is not None for history in histories if len(history)]
    if not any(validated):
        return "training data"
    return "validation data" if all(validated) else "validation data (training data where there are none)"


def _columns(labels: Sequence[str]) -> int:
    """As many names side by side as fit over the figure, and no more than four."""
    return max(1, min(len(labels), 4, LINE // (max(map(len, labels)) + 6)))


def _curve(axes: Axes, place: int, name: str, history: Sequence[EpochRecord], column: str) -> None:
    validated = any(getattr(record, f"val_{column}") is not None for record in history)
    key = f"val_{column}" if validated else column
    known = [record for record in history if getattr(record, key) is not None]
    axes.plot(
        [record.epoch for record in known],
        [getattr(record, key) for record in known],
        STYLES[place // len(COLOURS) % len(STYLES)],
        color=COLOURS[place % len(COLOURS)],
        label=f" {name}" if name.startswith("_") else name,  # else it would not be in the legend
        linewidth=1.8,
    )
