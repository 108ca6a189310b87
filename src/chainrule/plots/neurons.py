"""First-layer weights: what each neuron looks for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from numpy.typing import ArrayLike, NDArray

from chainrule.errors import InputError
from chainrule.plots.pictures import as_pictures, check_count, grid
from chainrule.plots.style import SMALL_SIZE, TITLE_SIZE, counted, empty_figure, headline


def weights(W: ArrayLike, shape: Sequence[int] | None, count: int = 64) -> Figure:
    """Show what each neuron of the first layer looks for: its row of ``W``.

    Blue is negative, white zero, red positive, on one scale for all. For colour pictures the mean of the
    channels is shown; without a picture ``shape``, W is shown as one heat map.

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
    check_count(count)
    pictures = as_pictures(matrix[:count], shape)
    if pictures is None:
        return _weight_map(matrix)
    if pictures.ndim == 4:
        pictures = pictures.mean(axis=3)
    figure, cells = grid(len(pictures), pictures.shape[1:3], title_lines=1, bar=True)
    scale = diverging(pictures)
    for neuron, (axes, picture) in enumerate(zip(cells, pictures, strict=True)):
        image = axes.imshow(picture, **scale)
        axes.set_title(str(neuron), fontsize=SMALL_SIZE, pad=2)
    _weight_bar(figure, image, figure.axes[-1])
    shown = f"{len(pictures)} of " if len(pictures) < len(matrix) else ""
    headline(figure, f"Weights of {shown}{counted(len(matrix), 'first-layer neuron')}")
    return figure


def _weight_map(matrix: NDArray[np.float64]) -> Figure:
    n_1, n_0 = matrix.shape
    figure = empty_figure(min(max(4.5, 2.5 + 0.25 * n_0), 10), min(max(3.0, 1.5 + 0.25 * n_1), 10))
    axes = figure.subplots()
    image = axes.imshow(matrix, aspect="auto", interpolation="nearest", **diverging(matrix))
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    axes.set(xlabel="Input", ylabel="Neuron")
    axes.set_title(f"Weights of {counted(n_1, 'first-layer neuron')}", fontsize=TITLE_SIZE)
    axes.spines[:].set_visible(False)
    _weight_bar(figure, image)
    return figure


def _weight_bar(figure: Figure, image: Any, cax: Axes | None = None) -> None:
    bar = figure.colorbar(image, cax=cax, ax=None if cax else figure.axes, label="Weight")
    bar.outline.set_visible(False)


def diverging(values: NDArray[np.float64]) -> dict[str, Any]:
    """A scale that is symmetric about 0, so that white is always zero."""
    finite = np.abs(values[np.isfinite(values)])
    limit = float(finite.max(initial=0.0)) or 1.0
    return {"cmap": "RdBu_r", "vmin": -limit, "vmax": limit}
