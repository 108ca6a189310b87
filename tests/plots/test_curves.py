"""Learning curves show the history, and mark its best epoch."""

from __future__ import annotations

import numpy as np
import pytest

from chainrule import plots
from chainrule.errors import InputError
from tests.plots.figures import HISTORY, Record, assert_nothing_cut_off, line, texts


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
    undecided = [Record(1, 1, val_loss=np.nan), Record(2, 1, val_loss=0.0)]
    assert line(plots.curves(undecided).axes[0], "best epoch: 2 (0)") == ([2], [0.0])


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
