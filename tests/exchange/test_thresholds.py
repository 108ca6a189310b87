"""Thresholds of an estimator, of two classes and of labels: in files, exports and on the command line."""

from __future__ import annotations

import csv
import subprocess
import sys
import warnings

import numpy as np
import pytest
from sklearn.exceptions import ConvergenceWarning

from chainrule import ChainruleClassifier, InputError, Network
from chainrule.exchange.c_file import c_file
from chainrule.exchange.export import export
from chainrule.exchange.model import described
from tests.cli.commandline import chainrule
from tests.exchange.exported import compiled, names_of, needs_compiler, onnx_outputs

RNG = np.random.default_rng(1)
X = RNG.standard_normal((60, 3)).astype(np.float32)
SCORE = X[:, 0] + 0.5 * X[:, 1]
TWO = np.where(SCORE > 0, "yes", "no")
LABELS = np.stack([SCORE > 0, X[:, 2] > 0.5, X[:, 1] > 0], axis=1).astype(int)
CASES = {"two classes": (TWO, 0.8), "labels": (LABELS, [0.2, 0.5, 0.9]), "one for all": (LABELS, 0.7)}


def fitted(y, threshold=0.5):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return ChainruleClassifier((4,), random_state=0, max_iter=8, threshold=threshold).fit(X, y)


def expected(y, threshold):
    """By the probabilities of an estimator without one."""
    p = fitted(y).predict_proba(X)
    if y.ndim == 2:
        return (p > np.asarray(threshold, p.dtype)).astype(int)
    return np.where(p[:, 1] > np.float32(threshold), "yes", "no")


@pytest.mark.parametrize("case", CASES)
def test_the_estimator_and_its_saved_network(tmp_path, case):
    y, threshold = CASES[case]
    one, right = fitted(y, threshold), expected(y, threshold)
    assert not np.array_equal(right, fitted(y).predict(X))  # it makes a difference
    assert np.array_equal(one.predict(X), right)
    one.network_.save(tmp_path / "m")
    network = Network.load(tmp_path / "m")
    said = network.predict(X)
    assert np.array_equal(said if y.ndim == 2 else np.array(network.classes)[said], right)
    truth = y if y.ndim == 2 else (y == "yes").astype(int)
    assert network.evaluate(X, truth).accuracy == one.score(X, y)


@pytest.mark.parametrize("case", CASES)
def test_onnx_and_numpy(case, tmp_path):
    y, threshold = CASES[case]
    one, right = fitted(y, threshold), expected(y, threshold)
    label = onnx_outputs(one.network_, X)[1]
    assert label.shape == right.shape
    assert np.array_equal(label, right)
    names = names_of(one.network_)
    said = names["predict"](X)
    assert np.array_equal(said if y.ndim == 2 else np.array(names["CLASSES"])[said], right)
    export(one.network_, tmp_path / "train.py", to="numpy", with_training=True)
    made = {"__name__": "made"}
    exec(compile((tmp_path / "train.py").read_text("utf-8"), "train.py", "exec"), made)
    again = made["Network"].trained() if hasattr(made["Network"], "trained") else None
    assert again is None or np.array_equal(np.asarray(again.predict(X)), said)


@needs_compiler
@pytest.mark.parametrize("case", CASES)
def test_c(case, tmp_path):
    y, threshold = CASES[case]
    one, right = fitted(y, threshold), expected(y, threshold)
    program = compiled(c_file(described(one.network_)), tmp_path / "m", "-DMAIN")
    text = "\n".join(",".join(map(repr, map(float, row))) for row in X) + "\n"
    done = subprocess.run([program], input=text, capture_output=True, text=True, check=True)
    assert first_cells(done.stdout) == in_words(right)


@pytest.mark.parametrize("case", CASES)
def test_the_command_line(case, tmp_path):
    y, threshold = CASES[case]
    one, right = fitted(y, threshold), expected(y, threshold)
    one.network_.save(tmp_path / "m.safetensors")
    np.savetxt(tmp_path / "bare.csv", X, delimiter=",", fmt="%.9g")
    done = chainrule("predict", "m.safetensors", "bare.csv", cwd=tmp_path)
    assert done.code == 0, done.err
    assert first_cells(done.out) == in_words(right)
    export(one.network_, tmp_path / "m.py")
    run = [sys.executable, "m.py", "bare.csv"]
    said = subprocess.run(run, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert first_cells(said.stdout) == in_words(right)


def first_cells(text):
    return [row[0] for row in list(csv.reader(text.splitlines()))[1:]]


def in_words(right):
    if right.ndim == 1:
        return right.tolist()
    return [" ".join(str(k) for k, on in enumerate(row) if on) for row in right]


@pytest.mark.parametrize(
    ("y", "threshold", "said"),
    [
        (TWO, [0.2, 0.8], r"one number, between 0 and 1; got \[0.2, 0.8\]"),
        (TWO, float("nan"), "between 0 and 1; got nan"),
        (TWO, 1.5, "got 1.5"),
        (TWO, "half", "got 'half'"),
        (TWO, None, "got None"),
        (TWO, True, "got True"),
        (TWO, 1 + 0j, "got"),
        (TWO, np.ma.masked, "between 0 and 1"),
        (LABELS, [".1", ".2", ".3"], "between 0 and 1"),
        (LABELS, [0.2, 0.8], "one number, or one for each of 3 labels"),
        (LABELS, [0.2, 0.8, -0.1], "between 0 and 1"),
        (LABELS, [0.2, 0.8, None], "between 0 and 1"),
        (np.arange(60) % 3, 0.4, "left out where there are 3 classes, of which the most probable"),
    ],
)
def test_what_cannot_be_a_threshold_is_refused_at_fit(y, threshold, said):
    with pytest.raises(InputError, match=said):
        fitted(y, threshold)


def test_a_list_of_one_is_one_number():
    assert np.array_equal(fitted(TWO, [0.8]).predict(X), expected(TWO, 0.8))


def test_another_threshold_after_fit():
    one = fitted(TWO).set_params(threshold=0.8)
    assert np.array_equal(one.predict(X), expected(TWO, 0.8))
    assert np.array_equal(np.array(["no", "yes"])[one.network_.predict(X)], expected(TWO, 0.8))


def test_a_probability_that_is_the_threshold_is_not_above_it():
    """Everywhere alike: the label is on, or the second class taken, where p > threshold."""
    one = fitted(TWO)
    p = one.predict_proba(X)[:, 1]
    one.set_params(threshold=float(p[3]))
    network = one.network_
    assert one.predict(X)[3] == "no"
    assert network.predict(X)[3] == names_of(network)["predict"](X)[3] == 0
    assert onnx_outputs(network, X)[1][3] == "no"
