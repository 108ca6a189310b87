"""Figures are checked for what they show: line data, image arrays, texts; and that nothing is cut off."""

from __future__ import annotations

import io
import subprocess
import sys
from typing import NamedTuple

import numpy as np
import pytest
from matplotlib.image import imread
from matplotlib.text import Text

from chainrule import plots
from chainrule.errors import InputError, StorageError
from chainrule.evaluation import evaluate


class Record(NamedTuple):
    epoch: int
    loss: float
    accuracy: float | None = 0.5
    val_loss: float | None = None
    val_accuracy: float | None = None
    learning_rate: float = 0.1
    seconds: float = 1.0


HISTORY = [
    Record(1, 2.3, 0.1, 2.4, 0.11),
    Record(2, 1.0, 0.6, 1.1, 0.58),
    Record(3, 0.5, 0.9, 0.8, 0.80),
    Record(4, 0.3, 1.0, 0.9, 0.78),
]


def texts(figure):
    return [text.get_text() for text in figure.findobj(Text) if text.get_text()]


def line(axes, label):
    (found,) = [line for line in axes.lines if line.get_label() == label]
    return found.get_xdata(), found.get_ydata()


def ticks(axis):
    return [label.get_text() for label in axis.get_ticklabels()]


def assert_nothing_cut_off(figure):
    """Draw the figure, then look whether everything drawn lies within it."""
    figure.savefig(io.BytesIO(), dpi=figure.dpi)
    boxes = {str(axes): axes.get_tightbbox() for axes in figure.axes}
    boxes |= {str(artist): artist.get_window_extent() for artist in [*figure.texts, *figure.legends]}
    for name, box in boxes.items():
        assert min(box.x0, box.y0) >= -1, name
        assert box.x1 <= figure.bbox.x1 + 1, name
        assert box.y1 <= figure.bbox.y1 + 1, name


def single_label(K=3, N=60, seed=0, name="class {}"):
    rng = np.random.default_rng(seed)
    y, p = rng.integers(K, size=N), rng.dirichlet(np.ones(K), size=N)
    return evaluate(y, p, loss=1.0, classes=[name.format(k) for k in range(K)])


def multi_label(K=3, N=60, name="label {}"):
    rng = np.random.default_rng(1)
    y, p = rng.integers(2, size=(N, K)), rng.random((N, K))
    return evaluate(y, p, loss=1.0, classes=[name.format(k) for k in range(K)], multi_label=True)


# --- learning curves ---------------------------------------------------------------------------------


def test_curves_are_the_history():
    figure = plots.curves(HISTORY, "quadratic cost")
    loss, accuracy = figure.axes
    for axes, label, attribute in [
        (loss, "training", "loss"),
        (loss, "validation", "val_loss"),
        (accuracy, "training", "accuracy"),
        (accuracy, "validation", "val_accuracy"),
    ]:
        x, y = line(axes, label)
        assert list(x) == [1, 2, 3, 4]
        assert list(y) == [getattr(record, attribute) for record in HISTORY]
    assert (loss.get_ylabel(), accuracy.get_ylabel()) == ("Quadratic cost", "Accuracy")
    assert loss.get_xlabel() == accuracy.get_xlabel() == "Epoch"
    assert loss.get_yscale() == "linear"
    assert_nothing_cut_off(figure)


def test_curves_mark_the_best_epoch():
    loss = plots.curves(HISTORY).axes[0]
    assert line(loss, "best epoch: 3 (0.8)") == ([3], [0.8])
    assert plots.best_epoch(HISTORY) is HISTORY[2]
    assert plots.best_epoch([Record(1, 0.3), Record(2, 0.2)]) is None
    assert plots.best_epoch([Record(1, 1, val_loss=np.nan), Record(2, 1, val_loss=0.0)]).epoch == 2


def test_curves_without_validation():
    figure = plots.curves([Record(1, 0.3), Record(2, 0.2)])
    assert [line.get_label() for line in figure.axes[0].lines] == ["training"]
    assert "validation" not in texts(figure)


def test_curves_with_validation_now_and_then():
    history = [Record(1, 0.3), Record(2, 0.2, val_loss=0.5), Record(3, 0.1), Record(4, 0.1, val_loss=0.6)]
    x, y = line(plots.curves(history).axes[0], "validation")
    assert (list(x), list(y)) == ([2, 4], [0.5, 0.6])


def test_learning_rate_is_shown_if_it_varies():
    history = [record._replace(learning_rate=0.1 / record.epoch) for record in HISTORY]
    figure = plots.curves(history)
    assert len(figure.axes) == 3
    x, y = line(figure.axes[2], "learning rate")
    assert (list(x), list(y)) == ([1, 2, 3, 4], [0.1, 0.05, 0.1 / 3, 0.025])
    assert figure.axes[2].get_position().height < 0.5 * figure.axes[0].get_position().height
    assert len(plots.curves(HISTORY).axes) == 2
    assert_nothing_cut_off(figure)


@pytest.mark.parametrize(
    ("losses", "scale"),
    [([1, 0.02], "linear"), ([1, 0.009], "log"), ([1, 0.0], "linear"), ([np.nan, np.inf], "linear")],
)
def test_loss_is_logarithmic_over_two_decades(losses, scale):
    figure = plots.curves([Record(epoch, loss) for epoch, loss in enumerate(losses, 1)])
    assert figure.axes[0].get_yscale() == scale
    assert_nothing_cut_off(figure)


@pytest.mark.parametrize(
    "history",
    [
        [Record(1, 0.0, 0.0, 0.0, 0.0)],
        [Record(epoch, 0.5, 1.0, 0.5, 1.0) for epoch in range(1, 5)],
        [Record(1, 0.5, None)],
    ],
)
def test_curves_of_one_epoch_or_without_variance(history):
    figure = plots.curves(history)
    low, high = figure.axes[1].get_ylim()
    assert high - low > 0.01
    assert high < 1.1
    assert all(tick == round(tick) for tick in figure.axes[0].get_xticks())
    assert_nothing_cut_off(figure)


def test_curves_of_nothing():
    with pytest.raises(InputError, match="at least 1 epoch; got 0"):
        plots.curves([])


# --- confusion ---------------------------------------------------------------------------------------


def test_confusion_shows_counts_and_colours_rows():
    evaluation = evaluate(
        [0, 0, 0, 0, 1], np.eye(3)[[0, 0, 0, 1, 1]], loss=0, classes=("cat", "dog", "$eel$")
    )
    figure = plots.confusion(evaluation)
    axes = figure.axes[0]
    np.testing.assert_allclose(axes.images[0].get_array(), [[0.75, 0.25, 0], [0, 1, 0], [0, 0, 0]])
    cells = {tuple(map(int, text.get_position())): text.get_text() for text in axes.texts}
    assert cells[0, 0] == "3"
    assert cells[1, 0] == "1"  # x is the predicted class, y the true one
    assert cells[0, 1] == "0"
    assert ticks(axes.xaxis) == ticks(axes.yaxis) == ["cat", "dog", "$eel$"]
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("Predicted", "True")
    assert axes.get_title() == "Accuracy 80.00 % of 5 samples"


@pytest.mark.parametrize(("K", "cells"), [(2, 4), (20, 400), (21, 0), (40, 0), (130, 0)])
def test_confusion_of_few_and_many_classes(K, cells):
    figure = plots.confusion(single_label(K, 500))
    assert len(figure.axes[0].texts) == cells
    assert len(ticks(figure.axes[0].xaxis)) == (K if K <= 60 else 44)
    assert max(figure.get_size_inches()) < 15
    assert_nothing_cut_off(figure)


@pytest.mark.parametrize("draw", [single_label, multi_label])
def test_long_names_lose_their_middle(draw):
    figure = plots.confusion(draw(K=3, name="a name that is\nmuch too long for an axis {}"))
    assert ticks(figure.axes[0].yaxis)[2].startswith("a name that…r an axis 2")
    assert_nothing_cut_off(figure)


def test_cell_texts_fit_into_their_cells():
    y = np.arange(10).repeat(120_000)
    figure = plots.confusion(evaluate(y, np.eye(10)[y], loss=0, classes=[str(k) for k in range(10)]))
    figure.savefig(io.BytesIO(), dpi=figure.dpi)
    axes = figure.axes[0]
    cell = axes.get_window_extent().width / 10
    assert max(text.get_window_extent().width for text in axes.texts) < cell


@pytest.mark.parametrize("K", [1, 6, 40])
def test_multi_label_bars_are_the_scores(K):
    evaluation = multi_label(K)
    figure = plots.confusion(evaluation)
    axes = figure.axes[0]
    for container, attribute in zip(axes.containers, ["precision", "recall", "f1"], strict=True):
        assert container.get_label().lower() == attribute
        widths = [bar.get_width() for bar in container]
        np.testing.assert_allclose(widths, [getattr(scores, attribute) for scores in evaluation.by_class])
    first = evaluation.by_class[0]
    assert ticks(axes.yaxis)[0] == f"{first.name}  ({first.support})"
    assert axes.yaxis_inverted()
    assert f"Subset accuracy {100 * evaluation.accuracy:.2f} % of 60 samples" in texts(figure)
    assert_nothing_cut_off(figure)


# --- mistakes ----------------------------------------------------------------------------------------

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


# --- weights -----------------------------------------------------------------------------------------


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


# --- files and global state --------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["curves.png", "curves.PNG", "curves"])
def test_save_writes_png(tmp_path, name):
    path = tmp_path / "new" / name
    plots.save(plots.curves(HISTORY), path)
    assert path.read_bytes().startswith(b"\x89PNG")
    assert imread(path, format="png").shape[:2] == (600, 1500)
    assert [entry.name for entry in path.parent.iterdir()] == [name]


def test_save_refuses_other_formats_and_places(tmp_path):
    with pytest.raises(InputError, match=r"must end in \.png; got .*curves\.svg"):
        plots.save(plots.curves(HISTORY), tmp_path / "curves.svg")
    (tmp_path / "file").touch()
    with pytest.raises(StorageError):
        plots.save(plots.curves(HISTORY), tmp_path / "file" / "curves.png")


def test_no_pyplot_and_no_scikit_learn():
    program = """
import sys
import matplotlib
before = matplotlib.rcParams.copy()
from chainrule import plots
plots.weights([[1.0, 2.0]], None)
assert all(matplotlib.rcParams._get(name) == before._get(name) for name in before)
assert "matplotlib.pyplot" not in sys.modules
assert "sklearn" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", program], check=True)
