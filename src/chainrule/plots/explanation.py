"""One sample: the input, the gradient of the loss in it, and the outputs beside the targets."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from numpy.typing import ArrayLike, NDArray

from chainrule.errors import InputError
from chainrule.plots.neurons import diverging
from chainrule.plots.pictures import as_pictures
from chainrule.plots.style import (
    BLUE,
    GREY,
    ORANGE,
    TITLE_SIZE,
    empty_figure,
    headline,
    name_axis,
    short,
    tidy,
)

Floats = NDArray[np.float64]


def sample(
    x: ArrayLike,
    gradient: ArrayLike,
    outputs: ArrayLike,
    y: ArrayLike,
    classes: Sequence[str],
    *,
    shape: Sequence[int] | None = None,
    features: Sequence[str] | None = None,
    title: str = "One sample",
) -> Figure:
    """Show a sample, ∂J/∂x, and the outputs with their targets.

    In the gradient, blue is negative, white zero, red positive. Pictures are shown as such, other inputs as
    bars.

    Args:
        x: the input (n_0,).
        gradient: ∂J/∂x (n_0,).
        outputs: the outputs a^H (K,).
        y: the targets (K,).
        classes: the K names.
        shape: (height, width) where inputs are pictures; otherwise None.
        features: the n_0 names of the inputs.
        title: over all panels.

    Raises:
        InputError: the arrays, names or ``shape`` do not fit each other.
    """
    values, slopes, a, target = (np.asarray(part, dtype=float).ravel() for part in (x, gradient, outputs, y))
    _check(values, slopes, a, target, classes, features)
    pictures = as_pictures(np.stack([values, slopes]), shape)
    if pictures is None or pictures.ndim != 3:
        tall = min(max(3.2, 1.4 + 0.22 * max(len(values), len(a))), 12)
        figure = empty_figure(11, tall)
        panels = figure.subplots(1, 3)
        _bars(panels[0], values, features, "Input a⁰", GREY)
        _bars(
            panels[1], slopes, features, "Input gradient ∂J/∂a⁰", np.where(slopes > 0, "#B2182B", "#2166AC")
        )
    else:
        figure = empty_figure(11, 4.2)
        panels = figure.subplots(1, 3)
        _picture(figure, panels[0], pictures[0], "Input a⁰", signed=bool((values < 0).any()))
        _picture(figure, panels[1], pictures[1], "Input gradient ∂J/∂a⁰", signed=True)
    _outputs(panels[2], a, target, classes)
    headline(figure, title)
    return figure


def _check(
    x: Floats, gradient: Floats, a: Floats, y: Floats, classes: Sequence[str], features: Sequence[str] | None
) -> None:
    named = len(x) if features is None else len(features)
    if not (len(x) == len(gradient) == named and len(a) == len(y) == len(classes)):
        raise InputError(
            "a sample must have one gradient and name for each input, one target and name for each output; "
            f"got {len(x)} inputs, {len(gradient)} gradients, {named} names, and {len(a)} outputs, "
            f"{len(y)} targets, {len(classes)} names. Pass those of one sample."
        )


def _picture(figure: Figure, axes: Axes, picture: Floats, title: str, *, signed: bool) -> None:
    scale = diverging(picture) if signed else {"cmap": "gray_r"}
    image = axes.imshow(picture, **scale)
    axes.set_title(title, fontsize=TITLE_SIZE - 1)
    axes.set(xlabel="column", ylabel="row")
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_locator(MaxNLocator(nbins=6, integer=True, min_n_ticks=1))
    axes.spines[:].set_color("#CCCCCC")
    figure.colorbar(image, ax=axes, fraction=0.046, pad=0.04).outline.set_visible(False)


def _bars(
    axes: Axes, values: Floats, names: Sequence[str] | None, title: str, colour: str | NDArray[np.str_]
) -> None:
    axes.barh(np.arange(len(values)), values, 0.8, color=colour)
    if names is None:
        axes.yaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    else:
        name_axis(axes, "y", short(names))
    axes.set_ylim(len(values) - 0.4, -0.6)
    axes.axvline(0, color="#444444", linewidth=0.8)
    axes.set_title(title, fontsize=TITLE_SIZE - 1)
    axes.set_ylabel("input")
    tidy(axes, "x")


def _outputs(axes: Axes, a: Floats, y: Floats, classes: Sequence[str]) -> None:
    places = np.arange(len(a))
    axes.barh(places, a, 0.7, color=BLUE, label="output")
    axes.plot(y, places, "D", color=ORANGE, markersize=5, label="target", clip_on=False)
    name_axis(axes, "y", short(classes))
    axes.set(
        xlim=(-0.02, 1), ylim=(len(a) - 0.4, -0.6), ylabel="class", xlabel="output, and target (diamond)"
    )
    axes.set_title("Output", fontsize=TITLE_SIZE - 1)
    tidy(axes, "x")
