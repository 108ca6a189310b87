"""The worst mistakes come first, as pictures or bars, each with its row."""

from __future__ import annotations

import numpy as np
import pytest

from chainrule import plots
from chainrule.errors import InputError
from tests.plots.figures import assert_nothing_cut_off, texts, ticks

X = np.arange(4 * 6, dtype=float).reshape(4, 6)
P = np.array([[0.9, 0.1], [0.3, 0.7], [0.8, 0.2], [0.05, 0.95]])


def test_mistakes_show_the_worst_first():
    figure = plots.mistakes(X, [1, 0, 0, 0], P, ("no", "yes"), (2, 3))
    titles = [axes.get_title().split() for axes in figure.axes]
    assert titles == [
        ["no", "→", "yes", "(0.95)"],
        ["yes", "→", "no", "(0.90)"],
        ["no", "→", "yes", "(0.70)"],
    ]
    assert [axes.get_xlabel() for axes in figure.axes] == ["row 3", "row 0", "row 1"]
    for axes, row in zip(figure.axes, [3, 0, 1], strict=True):
        np.testing.assert_array_equal(axes.images[0].get_array(), X[row].reshape(2, 3))
        assert axes.images[0].get_clim() == (X[[3, 0, 1]].min(), X[[3, 0, 1]].max())
    assert "3 mistakes in 4 samples" in texts(figure)
    assert_nothing_cut_off(figure)


def test_mistakes_are_limited():
    figure = plots.mistakes(X, [1, 0, 0, 0], P, ("no", "yes"), (2, 3), count=2)
    assert [axes.get_xlabel() for axes in figure.axes] == ["row 3", "row 0"]
    assert "The 2 worst of 3 mistakes in 4 samples" in texts(figure)
    assert "The worst of 3 mistakes in 4 samples" in texts(
        plots.mistakes(X, [1, 0, 0, 0], P, ("no", "yes"), (2, 3), count=1)
    )


@pytest.mark.parametrize("shape", [None, (6,)])
def test_mistakes_without_pictures_are_bars(shape):
    figure = plots.mistakes(X, [1, 0, 0, 0], P, ("no", "yes"), shape)
    (axes,) = figure.axes
    np.testing.assert_allclose([bar.get_width() for bar in axes.containers[0]], [0.95, 0.9, 0.7])
    assert ticks(axes.yaxis)[0] == "row 3:  no → yes (0.95)"
    assert_nothing_cut_off(figure)


def test_mistakes_in_colour_are_scaled_to_one():
    colour = np.linspace(-1, 3, 12).reshape(1, 12)
    figure = plots.mistakes(colour, [1], [[1.0, 0.0]], ("no", "yes"), (2, 2, 3))
    shown = figure.axes[0].images[0].get_array()
    np.testing.assert_allclose(shown, np.linspace(0, 1, 12).reshape(2, 2, 3))


def test_almost_impossible_answers_are_still_ordered():
    p = np.array([[1.0, 1e-20], [1.0, 1e-30], [1.0, 1e-25]], dtype=np.float32)
    figure = plots.mistakes(X[:3], [1, 1, 1], p, ("no", "yes"), (2, 3))
    assert [axes.get_xlabel() for axes in figure.axes] == ["row 1", "row 2", "row 0"]


def test_one_channel_and_samples_that_are_pictures_already():
    figure = plots.mistakes(X.reshape(4, 2, 3), [1, 0, 0, 0], P, ("no", "yes"), (2, 3, 1))
    np.testing.assert_array_equal(figure.axes[0].images[0].get_array(), X[3].reshape(2, 3))


def test_constant_pictures():
    for shape in [(2, 3), (1, 2, 3)]:
        figure = plots.mistakes(np.zeros((4, 6)), [1, 0, 0, 0], P, ("no", "yes"), shape)
        assert_nothing_cut_off(figure)


@pytest.mark.parametrize("shape", [None, (2, 3)])
def test_no_mistakes_says_so(shape):
    figure = plots.mistakes(X, P.argmax(1), P, ("no", "yes"), shape)
    assert texts(figure) == ["No mistakes in 4 samples"]
    assert not figure.axes


def test_multi_label_mistakes():
    y = np.array([[1, 0, 1], [0, 1, 0], [0, 0, 0]])
    p = np.array([[0.9, 0.1, 0.4], [0.2, 0.8, 0.1], [0.9, 0.9, 0.1]])
    figure = plots.mistakes(X[:3], y, p, ("a", "b", "c"), (2, 3), multi_label=True)
    assert [axes.get_title() for axes in figure.axes] == ["none → a, b", "a, c → a"]
    assert [axes.get_xlabel() for axes in figure.axes] == ["row 2, error 1.90", "row 0, error 0.80"]
    bars = plots.mistakes(X[:3], y, p, ("a", "b", "c"), None, multi_label=True).axes[0]
    np.testing.assert_allclose([bar.get_width() for bar in bars.containers[0]], [1.9, 0.8])
    assert ticks(bars.yaxis) == ["row 2:  none → a, b", "row 0:  a, c → a"]


def test_many_labels_show_what_differs():
    y = np.array([[1, 1, 1, 0, 0]])
    p = np.array([[0.9, 0.1, 0.4, 0.9, 0.1]])
    names = ["mountain", "river side", "forest", "city", "sea"]
    figure = plots.mistakes(X[:1], y, p, names, None, multi_label=True)
    assert ticks(figure.axes[0].yaxis) == ["row 0:  missed river side +1, added city"]
    figure = plots.mistakes(X[:1], y, p, names, (2, 3), multi_label=True)
    assert figure.axes[0].get_title() == "missed river side +1\nadded city"


@pytest.mark.parametrize("name", ["{}", "class {}", "a name that is much too long {}"])
@pytest.mark.parametrize("count", [1, 2, 25])
@pytest.mark.parametrize("shape", [(28, 2), (2, 28), (8, 7), None])
def test_titles_of_mistakes_do_not_touch(name, count, shape):
    rng = np.random.default_rng(0)
    p = rng.dirichlet(np.ones(10), size=60)
    classes = [name.format(k) for k in range(10)]
    figure = plots.mistakes(rng.random((60, 56)), p.argmin(1), p, classes, shape, count=count)
    assert_nothing_cut_off(figure)
    titles = [axes.title.get_window_extent() for axes in figure.axes if axes.get_title()]
    assert not any(a.overlaps(b) for i, a in enumerate(titles) for b in titles[:i])


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"shape": (3, 3)}, r"shape \(3, 3\) must have 9 inputs; got 6"),
        ({"shape": (3, 2, 1, 1)}, r"got \(3, 2, 1, 1\)"),
        ({"shape": (3, 1, 2)}, "Move the channels last"),
        ({"X": X[:3]}, r"each of the 4 predictions; got an array of shape \(3, 6\)"),
        ({"y": [0, 0, 0, 2]}, "0…1; got 2 at row 3"),
        ({"count": 0}, "count must be at least 1; got 0"),
    ],
)
def test_mistakes_errors(change, said):
    arguments = {"X": X, "y": [1, 0, 0, 0], "probabilities": P, "classes": ("no", "yes"), "shape": (2, 3)}
    with pytest.raises(InputError, match=said):
        plots.mistakes(**{**arguments, **change})
