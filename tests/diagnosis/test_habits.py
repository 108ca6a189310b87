"""What stands beside a right gradient: learning rates, labels, one-hot coding, accuracy."""

from __future__ import annotations

import pytest

from chainrule.diagnosis import diagnose_file
from chainrule.diagnosis.catalogue.models import Model
from chainrule.diagnosis.catalogue.scales import MEAN, SUM
from chainrule.diagnosis.telling.rates import Rate, far_off, stated_rates
from tests.diagnosis.cases import CORPUS
from tests.patience import PATIENCE

CROSS_ENTROPY = Model("tanh", "softmax", "categorical cross-entropy")
QUADRATIC = Model("sigmoid", "sigmoid", "quadratic cost")


@pytest.mark.parametrize("model", [CROSS_ENTROPY, QUADRATIC], ids=["cross-entropy", "quadratic"])
@pytest.mark.parametrize("eta", [0.003, 0.01, 0.1, 0.5, 1.0, 3.0])
@pytest.mark.parametrize("scale", [MEAN, SUM], ids=["mean", "sum"])
def test_a_rate_that_people_use_is_not_far_off(model, eta, scale):
    assert far_off(Rate(eta, 1, ""), (3, 4, 2), model, scale, False) is None


def test_a_rate_that_is_far_off_is_said_with_a_better_one():
    large = far_off(Rate(1e4, 1, ""), (3, 4, 2), CROSS_ENTROPY, MEAN, False)
    assert large is not None
    assert large.too_large
    assert large.better <= 1e4 / 30
    assert large.better_ratio < 1 < large.ratio
    small = far_off(Rate(1e-7, 1, ""), (3, 4, 2), CROSS_ENTROPY, MEAN, False)
    assert small is not None
    assert not small.too_large
    assert small.better >= 30e-7
    assert small.better_ratio < 0.9


def test_rates_are_read_where_they_are_stated():
    text = "lr = 0.5\ndef relu(x, alpha=0.01): ...\ndef train(x, alpha=2, *, eta=3): ...\n"
    text += "fit(x, learning_rate=4)\n"
    assert [(rate.value, rate.line) for rate in stated_rates(text)] == [(0.5, 1), (2, 3), (3, 3), (4, 4)]
    assert stated_rates("not python (") == ()


def edited(tmp_path, *edits, base="labelled", layers=(3, 5, 4)):
    text = (CORPUS / f"{base}.py").read_text(encoding="utf-8")
    for old, new in edits:
        assert text.count(old) == 1
        text = text.replace(old, new)
    (tmp_path / "code.py").write_text(text, encoding="utf-8")
    return diagnose_file(str(tmp_path / "code.py"), None, layers, seconds=PATIENCE)


def test_a_one_hot_code_as_wide_as_its_largest_label_is_worth_a_word(tmp_path):
    found = edited(tmp_path, ("np.zeros((len(y), n_classes))", "np.zeros((len(y), y.max() + 1))"))
    assert found.verdict == "right"
    assert [r.key for r in found.remarks if not r.severe and r.key != "slope"] == ["one-hot by the largest"]


def test_class_numbers_given_where_one_hot_rows_are_taken(tmp_path):
    found = edited(
        tmp_path, ("Y = one_hot(y_train)", "Y = y_train"), ("def one_hot(", "def coded("), base="labelled"
    )
    assert found.keys == ("labels as one-hot",)
    assert "np.eye(4)[y_train]" in str(found)


def test_a_categorical_loss_over_sigmoids(tmp_path):
    (tmp_path / "code.py").write_text(SIGMOIDS, encoding="utf-8")
    found = diagnose_file(str(tmp_path / "code.py"), None, (3, 4, 3), seconds=PATIENCE)
    assert found.verdict == "wrong"
    assert found.keys == ("sigmoid with categorical loss",)
    assert "all outputs go to 1" in str(found)


SIGMOIDS = """
import numpy as np

def sigmoid(z):
    return 1 / (1 + np.exp(-z))

def forward(weights, biases, x):
    return sigmoid(sigmoid(x @ weights[0] + biases[0]) @ weights[1] + biases[1])

def loss(weights, biases, x, y):
    return -np.mean(np.sum(y * np.log(forward(weights, biases, x)), axis=1))

def gradients(weights, biases, x, y):
    h = sigmoid(x @ weights[0] + biases[0])
    a = sigmoid(h @ weights[1] + biases[1])
    d = -y * (1 - a) / len(x)
    e = d @ weights[1].T * h * (1 - h)
    return [x.T @ e, h.T @ d], [e.sum(axis=0), d.sum(axis=0)]
"""


def test_an_accuracy_of_columns_is_right(tmp_path):
    """Samples as columns: argmax over axis 0 is over the outputs there."""
    text = (CORPUS / "columns_function.py").read_text(encoding="utf-8")
    text += "\n\ndef accuracy(outputs, labels):\n"
    text += "    return np.mean(outputs.argmax(axis=0) == labels.argmax(axis=0))\n"
    (tmp_path / "code.py").write_text(text, encoding="utf-8")
    assert diagnose_file(str(tmp_path / "code.py"), None, (3, 4, 2), seconds=PATIENCE).verdict == "right"


def test_what_is_seen_comes_with_the_line(tmp_path):
    text = str(edited(tmp_path, ("learning_rate=0.5", "learning_rate=3000")))
    lines = (CORPUS / "labelled.py").read_text(encoding="utf-8").splitlines()
    number = next(n for n, line in enumerate(lines, 1) if line.startswith("def train"))
    assert f"far too large (line {number}: def train(params" in " ".join(text.split())
    assert text.count("is right:") == 1
