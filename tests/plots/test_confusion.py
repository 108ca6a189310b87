"""The confusion matrix, and bars of scores where samples have several labels."""

from __future__ import annotations

import io

import numpy as np
import pytest

from chainrule import plots
from chainrule.evaluation import evaluate
from tests.plots.figures import assert_nothing_cut_off, multi_label, single_label, texts, ticks


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
