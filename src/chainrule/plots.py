"""Figures: learning curves, confusion, mistakes and first-layer weights.

Every function returns a `matplotlib.figure.Figure` made without pyplot, so nothing global changes
and no display is needed; `save` writes it. Rows, neurons and inputs are counted from 0, as in NumPy;
epochs from 1. Colours are Okabe and Ito's, which colour-blind readers can tell apart.
"""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import PowerNorm
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.ticker import MaxNLocator, NullFormatter, PercentFormatter
from numpy.typing import ArrayLike, NDArray

from chainrule.errors import InputError
from chainrule.evaluation import Evaluation, checked, decide
from chainrule.files import atomic_path

BLUE, ORANGE, GREEN, GREY = "#0072B2", "#D55E00", "#009E73", "#6B6B6B"
_TITLE, _SMALL, _DPI = 12, 8, 150
_MOST_CELLS_WITH_TEXT, _MOST_NAMES, _LONGEST_NAME = 20, 60, 24


class EpochRecord(Protocol):
    """What `curves` reads of one epoch."""

    @property
    def epoch(self) -> int:
        """Counted from 1."""

    @property
    def loss(self) -> float:
        """Mean training loss."""

    @property
    def accuracy(self) -> float | None:
        """Training accuracy, 0…1."""

    @property
    def val_loss(self) -> float | None:
        """Mean validation loss; None without validation."""

    @property
    def val_accuracy(self) -> float | None:
        """Validation accuracy, 0…1; None without validation."""

    @property
    def learning_rate(self) -> float:
        """Learning rate η of that epoch."""


def save(figure: Figure, path: str | os.PathLike[str]) -> None:
    """Write ``figure`` to ``path`` as PNG, wholly or not at all.

    Raises:
        InputError: the name ends in something other than ``.png``.
        StorageError: the disk refused.
    """
    if Path(path).suffix.lower() not in ("", ".png"):
        raise InputError(f"a figure's file must end in .png; got {os.fspath(path)!r}. Rename it.")
    with atomic_path(path) as temporary:
        figure.savefig(temporary, format="png", dpi=_DPI)


# --- learning curves ---------------------------------------------------------------------------------


def curves(history: Sequence[EpochRecord], loss_name: str = "cross-entropy") -> Figure:
    """Plot loss and accuracy by epoch, and the learning rate if it varies; mark the best epoch.

    Raises:
        InputError: ``history`` is empty.
    """
    if not history:
        raise InputError("curves need at least 1 epoch; got 0. Train the network first.")
    rates = [record.learning_rate for record in history]
    varies = len(set(rates)) > 1
    figure = _figure(10, 5.2 if varies else 4)
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


def best_epoch(history: Sequence[EpochRecord]) -> EpochRecord | None:
    """Return the epoch of lowest validation loss (the first of several); None without validation."""
    validated = [r for r in history if r.val_loss is not None and math.isfinite(r.val_loss)]
    return min(validated, key=lambda r: r.val_loss or 0.0, default=None)


def _curve_pair(axes: Axes, history: Sequence[EpochRecord], name: str, label: str) -> None:
    """Plot training solid and validation dashed, so that one shows where it covers the other."""
    for attribute, legend, colour in ((name, "training", BLUE), (f"val_{name}", "validation", ORANGE)):
        known = [record for record in history if getattr(record, attribute) is not None]
        if known:
            epochs, values = [r.epoch for r in known], [getattr(r, attribute) for r in known]
            _plot(axes, epochs, values, legend, colour)
    axes.set_ylabel(label)


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
    best = best_epoch(history)
    if best is None:
        return
    for panel in axes.values():
        panel.axvline(best.epoch, color=GREY, linestyle=":", linewidth=1.2, zorder=0)
    label = f"best epoch: {best.epoch} ({best.val_loss:.4g})"
    axes["loss"].plot(
        [best.epoch], [best.val_loss or 0.0], label=label, color=GREY, marker="o", markersize=9,
        markerfacecolor="none", markeredgewidth=1.5, linestyle=":", linewidth=1.2,
    )  # fmt: skip


def _finish_curve(axes: Axes, history: Sequence[EpochRecord]) -> None:
    _tidy(axes)
    axes.set_xlabel("Epoch")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    first, last = history[0].epoch, history[-1].epoch
    room = 0.5 if first == last else 0.03 * (last - first)
    axes.set_xlim(first - room, last + room)


# --- confusion ---------------------------------------------------------------------------------------


def confusion(evaluation: Evaluation) -> Figure:
    """Draw the confusion matrix; for multi-label, precision, recall and F1 of every label as bars.

    The colour is the share of the true class, on a square-root scale that keeps rare mistakes visible.
    """
    return _score_bars(evaluation) if evaluation.multi_label else _confusion_matrix(evaluation)


def _confusion_matrix(evaluation: Evaluation) -> Figure:
    counts, names = evaluation.confusion, _short(evaluation.classes)
    assert counts is not None
    K = len(names)
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    size = min(max(3.4, 0.5 * K), 9.0)
    longest = max(map(len, names))
    upright = 0.085 * longest > size / K
    margin = 0.075 * longest
    figure = _figure(size + margin + 2.2, size + (margin if upright else 0.2) + 1.2, compress=True)
    axes = figure.subplots()
    image = axes.imshow(shares, cmap="Blues", norm=PowerNorm(0.5, vmin=0, vmax=1))
    _name_axis(axes, "x", names, upright=upright)
    _name_axis(axes, "y", names)
    axes.set(xlabel="Predicted", ylabel="True")
    axes.set_title(_accuracy_title(evaluation), fontsize=_TITLE)
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
    names, scores = _short(evaluation.classes), evaluation.by_class
    K = len(names)
    figure = _figure(8, min(max(2.6, 1.4 + 0.42 * K), 13))
    axes = figure.subplots()
    parts = (("Precision", "precision", BLUE), ("Recall", "recall", ORANGE), ("F1", "f1", GREEN))
    for place, (label, attribute, colour) in enumerate(parts):
        values = [getattr(score, attribute) for score in scores]
        axes.barh(np.arange(K) + 0.27 * (place - 1), values, 0.25, label=label, color=colour)
    _name_axis(axes, "y", [f"{name}  ({score.support:,})" for name, score in zip(names, scores, strict=True)])
    axes.set(xlim=(0, 1.0), ylim=(K - 0.4, -0.6), xlabel="Score", ylabel="Label (support)")
    _tidy(axes, "x")
    _headline(figure, _accuracy_title(evaluation))
    figure.legend(loc="outside lower center", ncols=3, frameon=False)
    return figure


def _accuracy_title(evaluation: Evaluation) -> str:
    kind = "Subset accuracy" if evaluation.multi_label else "Accuracy"
    return f"{kind} {100 * evaluation.accuracy:.2f} % of {_counted(evaluation.n, 'sample')}"


# --- mistakes ----------------------------------------------------------------------------------------


def mistakes(
    X: ArrayLike,
    y: ArrayLike,
    probabilities: ArrayLike,
    classes: Sequence[str],
    shape: Sequence[int] | None,
    multi_label: bool = False,
    count: int = 25,
) -> Figure:
    """Show the samples that were predicted worst, each with "true → predicted (p)" and its row in X.

    A sample is the worse, the less probable its true class is; for multi-label, the larger Σ|y − p| is.

    Args:
        X: inputs (N, n_0).
        y: class numbers (N,), or 0/1 rows (N, K) if ``multi_label``.
        probabilities: the network's output (N, K).
        classes: the K names.
        shape: (height, width) or (height, width, 3) where inputs are pictures; otherwise None.
        multi_label: whether a sample may have several labels, or none.
        count: how many samples to show at most.

    Raises:
        InputError: the arrays or ``shape`` do not fit each other, or ``count`` is not positive.
    """
    truth, p = checked(y, probabilities, classes, multi_label)
    x = _rows(X, len(p))
    _check_count(count)
    badness = np.abs(truth - p).sum(axis=1) if multi_label else -p[np.arange(len(p)), truth]
    wrong = _wrong(truth, decide(p, multi_label))
    if not wrong.size:
        return _message(f"No mistakes in {_counted(len(p), 'sample')}")
    worst = wrong[np.argsort(-badness[wrong], kind="stable")][:count]
    titles = [_title(truth[i], p[i], classes, multi_label) for i in worst]
    pictures = _pictures(x[worst].astype(float), shape)
    if pictures is None:
        figure = _mistake_bars(worst, titles, badness[worst] + (not multi_label), multi_label)
    else:
        feet = [f"row {i}, error {badness[i]:.2f}" if multi_label else f"row {i}" for i in worst]
        figure = _mistake_pictures(titles, feet, pictures)
    _headline(figure, f"{_worst_of(len(worst), len(wrong))} in {_counted(len(p), 'sample')}")
    return figure


def _wrong(truth: NDArray[np.int64], predicted: NDArray[np.int64]) -> NDArray[np.int64]:
    different = truth != predicted
    return np.flatnonzero(different.any(axis=1) if different.ndim == 2 else different)


def _worst_of(shown: int, wrong: int) -> str:
    which = "" if shown == wrong else "The worst of " if shown == 1 else f"The {shown} worst of "
    return which + _counted(wrong, "mistake")


def _title(truth: Any, p: NDArray[Any], classes: Sequence[str], multi_label: bool) -> list[str]:
    """Return "true", "→ predicted (p)"; for sets too long to be compared, what they differ in."""
    if not multi_label:
        best = int(p.argmax())
        return [_shorten(classes[int(truth)], 16), f"→ {_shorten(classes[best], 16)} ({p[best]:.2f})"]
    said = decide(p[None], True)[0]
    true_set, said_set = _label_set(truth, classes), _label_set(said, classes)
    if max(len(true_set), len(said_set)) <= 20:
        return [true_set, f"→ {said_set}"]
    lines = [
        (word, np.flatnonzero(which)) for word, which in (("missed", truth > said), ("added", said > truth))
    ]
    return [f"{word} {_first_of(labels, classes)}" for word, labels in lines if labels.size]


def _one_line(title: list[str]) -> str:
    return (" " if title[-1].startswith("→") else ", ").join(title)


def _label_set(labels: NDArray[Any], classes: Sequence[str]) -> str:
    return ", ".join(classes[int(k)] for k in np.flatnonzero(labels)) or "none"


def _first_of(labels: NDArray[Any], classes: Sequence[str]) -> str:
    more = f" +{len(labels) - 1}" if len(labels) > 1 else ""
    return _shorten(classes[int(labels[0])], 14 if more else 18) + more


def _mistake_pictures(titles: list[list[str]], feet: list[str], pictures: NDArray[np.float64]) -> Figure:
    two_lines = max(len(_one_line(title)) for title in titles) > 14
    figure, cells = _grid(len(pictures), pictures.shape[1:3], title_lines=2 if two_lines else 1, foot=True)
    low, high = float(np.nanmin(pictures)), float(np.nanmax(pictures))
    for axes, title, foot, picture in zip(cells, titles, feet, pictures, strict=True):
        if picture.ndim == 3:
            axes.imshow((picture - low) / ((high - low) or 1.0))
        else:
            axes.imshow(picture, cmap="gray_r", vmin=low, vmax=high)
        lines = "\n".join(title) if two_lines else _one_line(title)
        axes.set_title(lines, fontsize=_SMALL, pad=3, parse_math=False)
        axes.set_xlabel(foot, fontsize=_SMALL - 1, color=GREY, labelpad=2)
    return figure


def _mistake_bars(
    rows: NDArray[np.int64], titles: list[list[str]], badness: NDArray[Any], multi_label: bool
) -> Figure:
    figure = _figure(8, 1.5 + 0.27 * len(rows))
    axes = figure.subplots()
    axes.barh(np.arange(len(rows)), badness, 0.7, color=ORANGE)
    names = [f"row {row}:  {_one_line(title)}" for row, title in zip(rows, titles, strict=True)]
    _name_axis(axes, "y", names)
    axes.set_ylim(len(rows) - 0.4, -0.6)
    axes.set_xlabel("Σ |y − p| over the labels" if multi_label else "1 − probability of the true class")
    axes.set_xlim(0, None if multi_label else 1)
    _tidy(axes, "x")
    return figure


# --- weights -----------------------------------------------------------------------------------------


def weights(W: ArrayLike, shape: Sequence[int] | None, count: int = 64) -> Figure:
    """Show what each neuron of the first layer looks for: its row of ``W``.

    Blue is negative, white zero, red positive, on one scale for all. Of pictures in colour the mean of the
    channels is shown; without a picture ``shape``, all of W as one heat map.

    Args:
        W: first-layer weights (n_1, n_0).
        shape: (height, width) or (height, width, 3) where inputs are pictures; otherwise None.
        count: how many neurons to show at most, as pictures.

    Raises:
        InputError: W is not a matrix, ``shape`` does not fit it, or ``count`` is not positive.
    """
    matrix = np.asarray(W, dtype=float)
    if matrix.ndim != 2 or not matrix.size:
        raise InputError(f"W must have the shape (n_1, n_0); got {matrix.shape}. Pass one layer's W.")
    _check_count(count)
    pictures = _pictures(matrix[:count], shape)
    if pictures is None:
        return _weight_map(matrix)
    if pictures.ndim == 4:
        pictures = pictures.mean(axis=3)
    figure, cells = _grid(len(pictures), pictures.shape[1:3], title_lines=1, bar=True)
    scale = _diverging(pictures)
    for neuron, (axes, picture) in enumerate(zip(cells, pictures, strict=True)):
        image = axes.imshow(picture, **scale)
        axes.set_title(str(neuron), fontsize=_SMALL, pad=2)
    _weight_bar(figure, image, figure.axes[-1])
    shown = f"{len(pictures)} of " if len(pictures) < len(matrix) else ""
    _headline(figure, f"Weights of {shown}{_counted(len(matrix), 'first-layer neuron')}")
    return figure


def _weight_map(matrix: NDArray[np.float64]) -> Figure:
    n_1, n_0 = matrix.shape
    figure = _figure(min(max(4.5, 2.5 + 0.25 * n_0), 10), min(max(3.0, 1.5 + 0.25 * n_1), 10))
    axes = figure.subplots()
    image = axes.imshow(matrix, aspect="auto", interpolation="nearest", **_diverging(matrix))
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    axes.set(xlabel="Input", ylabel="Neuron")
    axes.set_title(f"Weights of {_counted(n_1, 'first-layer neuron')}", fontsize=_TITLE)
    axes.spines[:].set_visible(False)
    _weight_bar(figure, image)
    return figure


def _weight_bar(figure: Figure, image: Any, cax: Axes | None = None) -> None:
    bar = figure.colorbar(image, cax=cax, ax=None if cax else figure.axes, label="Weight")
    bar.outline.set_visible(False)


def _diverging(values: NDArray[np.float64]) -> dict[str, Any]:
    """A scale that is symmetric about 0, so that white is always zero."""
    finite = np.abs(values[np.isfinite(values)])
    limit = float(finite.max(initial=0.0)) or 1.0
    return {"cmap": "RdBu_r", "vmin": -limit, "vmax": limit}


# --- common ground -----------------------------------------------------------------------------------


def _figure(width: float, height: float, compress: bool = False) -> Figure:
    """Make an empty figure; ``compress`` where panels keep their aspect, or their labels may be cut off."""
    layout = ConstrainedLayoutEngine(w_pad=0.1, h_pad=0.1, compress=compress)
    return Figure(figsize=(width, height), layout=layout, facecolor="white")


def _grid(
    count: int,
    picture: tuple[int, ...],
    *,
    title_lines: int,
    foot: bool = False,
    bar: bool = False,
) -> tuple[Figure, list[Axes]]:
    """Lay out ``count`` pictures in a figure of the size they need; with ``bar``, the last axes are for one.

    Measured in inches, because matplotlib's constrained layout takes seconds for a hundred panels.
    """
    columns = count if count <= 5 else math.ceil(math.sqrt(count))
    lines = math.ceil(count / columns)
    wide = 1.0 if title_lines == 1 else 1.5
    tall = wide * min(max(picture[0] / picture[1], 0.4), 2.5)
    over, under, gap = 0.08 + 0.14 * title_lines, (0.24 if foot else 0.06), (0.3 if foot else 0.1)
    content = columns * (wide + gap)
    width = max(content, 3.8) + (1.2 if bar else 0.2)
    height = lines * (over + tall + under) + 0.5
    left = 0.1 + (max(content, 3.8) - content + gap) / 2
    figure = Figure(figsize=(width, height), facecolor="white")
    cells = []
    for place in range(count):
        line, column = divmod(place, columns)
        x = left + column * (wide + gap)
        y = height - 0.4 - (line + 1) * (over + tall) - line * under
        axes = figure.add_axes((x / width, y / height, wide / width, tall / height))
        axes.set(xticks=[], yticks=[])
        axes.spines[:].set_color("#CCCCCC")
        cells.append(axes)
    if bar:
        figure.add_axes(((width - 0.95) / width, 0.16 / height, 0.14 / width, (height - 0.78) / height))
    return figure, cells


def _headline(figure: Figure, text: str) -> None:
    """Put a title over all panels; where the layout is fixed, 0.1 inch below the upper edge."""
    if figure.get_layout_engine() is None:
        figure.suptitle(text, fontsize=_TITLE, y=1 - 0.1 / figure.get_figheight(), va="top")
    else:
        figure.suptitle(text, fontsize=_TITLE)


def _message(text: str) -> Figure:
    figure = _figure(6, 2)
    figure.text(0.5, 0.5, text, ha="center", va="center", fontsize=_TITLE)
    return figure


def _tidy(axes: Axes, grid: str = "both") -> None:
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(axis=grid, color="#E2E2E2", linewidth=0.8)  # type: ignore[arg-type]
    axes.set_axisbelow(True)


def _name_axis(axes: Axes, which: str, names: Sequence[str], upright: bool = False) -> None:
    """Write names at 0, 1, …; of very many only every second, third, … one."""
    step = math.ceil(len(names) / _MOST_NAMES)
    axis = axes.xaxis if which == "x" else axes.yaxis
    size = 9 if len(names) <= 30 else 7
    axis.set_ticks(
        range(0, len(names), step), labels=names[::step], fontsize=size, parse_math=False,
        rotation=90 if upright else 0,
    )  # fmt: skip
    axis.set_tick_params(length=0)


def _short(names: Sequence[str]) -> list[str]:
    return [_shorten(name, _LONGEST_NAME) for name in names]


def _shorten(name: str, longest: int) -> str:
    """Leave out the middle of a long name: what tells names apart is often at their end."""
    line = " ".join(str(name).split())
    if len(line) <= longest:
        return line
    head, tail = longest // 2, (longest - 1) // 2
    return f"{line[:head].rstrip()}…{line[-tail:].lstrip()}"


def _counted(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _capitalised(text: str) -> str:
    return text[:1].upper() + text[1:]


def _check_count(count: int) -> None:
    if count < 1:
        raise InputError(f"count must be at least 1; got {count}. Say how many to show.")


def _rows(X: ArrayLike, N: int) -> NDArray[Any]:
    x = np.asarray(X)
    if x.ndim < 2 or len(x) != N:
        raise InputError(
            f"X must hold one row for each of the {N} predictions; got an array of shape {x.shape}. "
            "Pass the inputs that were predicted."
        )
    return x.reshape(N, -1)


def _pictures(rows: NDArray[np.float64], shape: Sequence[int] | None) -> NDArray[np.float64] | None:
    """Return rows as pictures (N, height, width) or (N, height, width, 3); None if they are none."""
    if shape is None or len(shape) < 2:
        return None
    size = tuple(int(n) for n in shape)
    if len(size) == 3 and size[2] == 1:
        size = size[:2]
    if len(size) > 3 or (len(size) == 3 and size[2] != 3):
        raise InputError(
            f"a picture's shape must be (height, width) or (height, width, 3); got {tuple(shape)}. "
            "Move the channels last, or pass None."
        )
    if math.prod(size) != rows.shape[1]:
        raise InputError(
            f"a picture of shape {size} must have {math.prod(size)} inputs; got {rows.shape[1]}. "
            "Pass the shape of one sample, or None."
        )
    return rows.reshape(-1, *size)
