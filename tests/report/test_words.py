"""Sentences of the report follow from what they are said of."""

from __future__ import annotations

import numpy as np

from chainrule.report.page import _settings
from chainrule.report.results import calibration_in_words
from chainrule.runs.reading import USUAL


class Of:
    def __init__(self, **options):
        self.about, self.data = {"data": {}, "versions": {}}, "digits"
        self.options = {"layers": [4, 3, 2], "output": "softmax", **options}


def test_bold_is_spoken_of_where_something_is_bold():
    assert "Bold" not in _settings(Of(**USUAL))
    assert "Bold: not the usual setting" in _settings(Of(**{**USUAL, "epochs": 3}))


def test_calibration_is_not_claimed_beyond_the_data():
    sure, right = np.array([0.9, 0.8]), np.array([True, True])
    said = calibration_in_words(0.15, 0.2, sure, right)
    assert "do not show that the probabilities are off" in said
    assert "trusted" not in said
