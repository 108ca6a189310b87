"""Curves of several runs say of which data they are."""

from __future__ import annotations

import pytest

from chainrule import plots
from chainrule.history import EpochRecord


def history(val_loss):
    return [EpochRecord(k, 1 / k, 0.5, val_loss, 0.5 if val_loss else None, 0.1, 0.1) for k in (1, 2)]


@pytest.mark.parametrize(
    ("losses", "of"),
    [
        ([0.5, 0.6], "validation data"),
        ([None, None], "training data"),
        ([0.5, None], "validation data (training data where there are none)"),
    ],
)
def test_the_axes_say_of_which_data(losses, of):
    figure = plots.several({f"run {k}": history(loss) for k, loss in enumerate(losses)})
    assert [axes.get_ylabel() for axes in figure.axes] == [f"Cross-entropy, {of}", f"Accuracy, {of}"]
