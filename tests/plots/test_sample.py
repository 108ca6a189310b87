"""One sample: its input, the gradient in it, its outputs."""

from __future__ import annotations

import numpy as np
import pytest

from chainrule import Network, plots
from chainrule.errors import InputError
from tests.plots.figures import assert_nothing_cut_off, texts, ticks

X = np.array([0.0, 0.5, 1.0, 0.25, 0.0, 0.75])
GRADIENT = np.array([0.1, -0.4, 0.0, 0.2, -0.1, 0.3])
OUTPUT = {"outputs": [0.7, 0.3], "y": [0, 1], "classes": ("no", "yes")}


def test_pictures():
    figure = plots.sample(X, GRADIENT, **OUTPUT, shape=(2, 3), title="Sample 7")
    picture, gradient, bars = figure.axes[:3]
    np.testing.assert_array_equal(picture.images[0].get_array(), X.reshape(2, 3))
    np.testing.assert_array_equal(gradient.images[0].get_array(), GRADIENT.reshape(2, 3))
    assert gradient.images[0].get_clim() == (-0.4, 0.4)
    assert gradient.images[0].get_cmap().name == "RdBu_r"
    assert (gradient.get_xlabel(), gradient.get_ylabel()) == ("column", "row")
    assert [bar.get_width() for bar in bars.containers[0]] == [0.7, 0.3]
    np.testing.assert_array_equal(bars.lines[0].get_xdata(), [0, 1])
    assert ticks(bars.yaxis) == ["no", "yes"]
    assert "Sample 7" in texts(figure)
    assert_nothing_cut_off(figure)


def test_inputs_that_are_no_pictures_are_bars():
    figure = plots.sample(X, GRADIENT, **OUTPUT, features=tuple("abcdef"))
    values, slopes, _ = figure.axes
    np.testing.assert_array_equal([bar.get_width() for bar in values.containers[0]], X)
    np.testing.assert_array_equal([bar.get_width() for bar in slopes.containers[0]], GRADIENT)
    red, blue = (slopes.containers[0][k].get_facecolor() for k in (0, 1))
    assert red[0] > red[2]
    assert blue[2] > blue[0]
    assert ticks(values.yaxis) == list("abcdef")
    assert_nothing_cut_off(figure)


def test_an_input_with_signs_is_centred_too():
    figure = plots.sample(X - 0.5, GRADIENT, **OUTPUT, shape=(3, 2))
    assert figure.axes[0].images[0].get_clim() == (-0.5, 0.5)


@pytest.mark.parametrize("n", [1, 100])
def test_any_number_of_inputs_and_classes(n):
    classes = [f"a rather long name {k}" for k in range(n)]
    figure = plots.sample(np.zeros(n), np.zeros(n), np.full(n, 0.5), np.zeros(n), classes)
    assert_nothing_cut_off(figure)


def test_an_explanation_draws_itself(tmp_path):
    network = Network([4, 3, 2], seed=0)
    e = network.explain([1, 2, 3, 4], 1, sample="the first")
    figure = e.plot()
    np.testing.assert_allclose([bar.get_width() for bar in figure.axes[1].containers[0]], e.d_a[0])
    assert any(text.startswith("the first\ntrue class 1; predicted class") for text in texts(figure))
    plots.save(figure, tmp_path / "e.png")
    assert (tmp_path / "e.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"gradient": [1.0]}, "got 6 inputs, 1 gradients"),
        ({"y": [1]}, "2 outputs, 1 targets"),
        ({"classes": ("no",)}, "1 names. Pass those of one sample"),
        ({"features": ("a",)}, "6 gradients, 1 names"),
        ({"shape": (2, 2)}, r"shape \(2, 2\) must have 4 inputs; got 6"),
    ],
)
def test_errors(change, said):
    with pytest.raises(InputError, match=said):
        plots.sample(**{"x": X, "gradient": GRADIENT, **OUTPUT, **change})
