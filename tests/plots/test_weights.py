"""First-layer weights, on one scale with white at zero."""

from __future__ import annotations

import numpy as np
import pytest

from chainrule import plots
from chainrule.errors import InputError
from tests.plots.figures import assert_nothing_cut_off, texts


def test_weights_are_pictures_on_one_symmetric_scale():
    W = np.random.default_rng(0).normal(size=(5, 6))
    figure = plots.weights(W, (2, 3))
    *cells, bar = figure.axes
    assert [axes.get_title() for axes in cells] == ["0", "1", "2", "3", "4"]
    for axes, row in zip(cells, W, strict=True):
        np.testing.assert_array_equal(axes.images[0].get_array(), row.reshape(2, 3))
        assert axes.images[0].get_clim() == (-np.abs(W).max(), np.abs(W).max())
    assert bar.get_ylabel() == "Weight"
    assert "Weights of 5 first-layer neurons" in texts(figure)
    assert_nothing_cut_off(figure)


def test_weights_are_limited_and_scaled_by_what_is_shown():
    W = np.diag([1.0, 2.0, 3.0, 4.0])
    figure = plots.weights(W, (2, 2), count=2)
    assert len(figure.axes) == 3
    assert figure.axes[0].images[0].get_clim() == (-2, 2)
    assert "Weights of 2 of 4 first-layer neurons" in texts(figure)


def test_weights_in_colour_show_the_mean_channel():
    W = np.arange(12.0).reshape(1, 12)
    shown = plots.weights(W, (2, 2, 3)).axes[0].images[0].get_array()
    np.testing.assert_allclose(shown, [[1, 4], [7, 10]])


@pytest.mark.parametrize("W", [np.zeros((2, 6)), np.full((2, 6), np.nan)])
@pytest.mark.parametrize("shape", [(2, 3), None])
def test_weights_without_a_scale(W, shape):
    figure = plots.weights(W, shape)
    assert figure.axes[0].images[0].get_clim() == (-1, 1)
    assert_nothing_cut_off(figure)


@pytest.mark.parametrize("size", [(1, 1), (3, 4), (100, 784)])
def test_weights_without_pictures_are_a_heat_map(size):
    W = np.random.default_rng(0).normal(size=size)
    figure = plots.weights(W, None)
    axes = figure.axes[0]
    np.testing.assert_array_equal(axes.images[0].get_array(), W)
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("Input", "Neuron")
    assert_nothing_cut_off(figure)


@pytest.mark.parametrize(
    ("W", "shape", "count", "said"),
    [
        (np.zeros(3), None, 1, r"\(n_1, n_0\); got \(3,\)"),
        (np.zeros((0, 3)), None, 1, r"got \(0, 3\)"),
        (np.zeros((2, 3)), (2, 2), 1, "must have 4 inputs; got 3"),
        (np.zeros((2, 4)), (2, 2), 0, "count must be at least 1; got 0"),
    ],
)
def test_weights_errors(W, shape, count, said):
    with pytest.raises(InputError, match=said):
        plots.weights(W, shape, count)
