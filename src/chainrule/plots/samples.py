"""The samples that were predicted worst, as pictures or bars."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import ArrayLike, NDArray

from chainrule.errors import InputError
from chainrule.evaluation import checked, decide
from chainrule.plots.fonts import drawable, families
from chainrule.plots.pictures import as_pictures, check_count, grid
from chainrule.plots.style import (
    GREY,
    ORANGE,
    SMALL_SIZE,
    counted,
    empty_figure,
    headline,
    message,
    name_axis,
    shorten,
    tidy,
)


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

    Worst first: the least probable true class; for multi-label, the largest Σ|y − p|.

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
    check_count(count)
    badness = np.abs(truth - p).sum(axis=1) if multi_label else -p[np.arange(len(p)), truth]
    wrong = _wrong(truth, decide(p, multi_label))
    if not wrong.size:
        return message(f"No mistakes in {counted(len(p), 'sample')}")
    worst = wrong[np.argsort(-badness[wrong], kind="stable")][:count]
    titles = [_title(truth[i], p[i], classes, multi_label) for i in worst]
    pictures = as_pictures(x[worst].astype(float), shape)
    if pictures is None:
        figure = _mistake_bars(worst, titles, badness[worst] + (not multi_label), multi_label)
    else:
        feet = [f"row {i}, error {badness[i]:.2f}" if multi_label else f"row {i}" for i in worst]
        figure = _mistake_pictures(titles, feet, pictures)
    headline(figure, f"{_worst_of(len(worst), len(wrong))} in {counted(len(p), 'sample')}")
    return figure


def _wrong(truth: NDArray[np.int64], predicted: NDArray[np.int64]) -> NDArray[np.int64]:
    different = truth != predicted
    return np.flatnonzero(different.any(axis=1) if different.ndim == 2 else different)


def _worst_of(shown: int, wrong: int) -> str:
    which = "" if shown == wrong else "The worst of " if shown == 1 else f"The {shown} worst of "
    return which + counted(wrong, "mistake")


def _title(truth: Any, p: NDArray[Any], classes: Sequence[str], multi_label: bool) -> list[str]:
    """Return "true", "→ predicted (p)"; for sets too long to be compared, what they differ in."""
    if not multi_label:
        best = int(p.argmax())
        return [shorten(classes[int(truth)], 16), f"→ {shorten(classes[best], 16)} ({p[best]:.2f})"]
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
    return ", ".join(drawable(classes[int(k)]) for k in np.flatnonzero(labels)) or "none"


def _first_of(labels: NDArray[Any], classes: Sequence[str]) -> str:
    more = f" +{len(labels) - 1}" if len(labels) > 1 else ""
    return shorten(classes[int(labels[0])], 14 if more else 18) + more


def _mistake_pictures(titles: list[list[str]], feet: list[str], pictures: NDArray[np.float64]) -> Figure:
    two_lines = max(len(_one_line(title)) for title in titles) > 14
    figure, cells = grid(len(pictures), pictures.shape[1:3], title_lines=2 if two_lines else 1, foot=True)
    low, high = float(np.nanmin(pictures)), float(np.nanmax(pictures))
    for axes, title, foot, picture in zip(cells, titles, feet, pictures, strict=True):
        if picture.ndim == 3:
            axes.imshow((picture - low) / ((high - low) or 1.0))
        else:
            axes.imshow(picture, cmap="gray_r", vmin=low, vmax=high)
        lines = "\n".join(title) if two_lines else _one_line(title)
        axes.set_title(lines, fontsize=SMALL_SIZE, pad=3, parse_math=False, fontfamily=families([lines]))
        axes.set_xlabel(foot, fontsize=SMALL_SIZE - 1, color=GREY, labelpad=2)
    return figure


def _mistake_bars(
    rows: NDArray[np.int64], titles: list[list[str]], badness: NDArray[Any], multi_label: bool
) -> Figure:
    figure = empty_figure(8, 1.5 + 0.27 * len(rows))
    axes = figure.subplots()
    axes.barh(np.arange(len(rows)), badness, 0.7, color=ORANGE)
    names = [f"row {row}:  {_one_line(title)}" for row, title in zip(rows, titles, strict=True)]
    name_axis(axes, "y", names)
    axes.set_ylim(len(rows) - 0.4, -0.6)
    axes.set_xlabel("Σ |y − p| over the labels" if multi_label else "1 − probability of the true class")
    axes.set_xlim(0, None if multi_label else 1)
    tidy(axes, "x")
    return figure


def _rows(X: ArrayLike, N: int) -> NDArray[Any]:
    x = np.asarray(X)
    if x.ndim < 2 or len(x) != N:
        raise InputError(
            f"X must hold one row for each of the {N} predictions; got an array of shape {x.shape}. "
            "Pass the inputs that were predicted."
        )
    return x.reshape(N, -1)
