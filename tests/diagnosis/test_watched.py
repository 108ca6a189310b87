"""Programs that define nothing to ask: they are run as they stand, up to a step of their own training."""

from __future__ import annotations

import json
from textwrap import dedent

import numpy as np
import pytest

from chainrule.diagnosis.asking.observe import findings
from chainrule.diagnosis.asking.source import from_file
from chainrule.diagnosis.diagnosis import Diagnosis
from chainrule.diagnosis.verdict.intended import Options
from chainrule.diagnosis.verdict.judge import judge


@pytest.fixture
def diagnosed(tmp_path, monkeypatch):
    """Write a program, run it here, and judge it."""
    monkeypatch.setattr("chainrule.diagnosis.verdict.judge.SEARCH_SECONDS", float("inf"))

    def run(text, name="program.py", **options):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(dedent(text), encoding="utf-8")
        return Diagnosis(judge(findings(from_file(str(path)), None, None), Options(**options)))

    return run


SCRIPT = """
import numpy as np

points = np.array([[0, 0, 1], [0, 1, 1], [1, 0, 1], [1, 1, 1]])
targets = np.array([[0], [1], [1], [0]])
v = np.random.uniform(-1, 1, (3, 4))
u = np.random.uniform(-1, 1, (4, 1))
for turn in range(10_000_000):
    hidden = 1 / (1 + np.exp(-points @ v))
    out = 1 / (1 + np.exp(-hidden @ u))
    at_out = (targets - out) * out * (1 - out)
    at_hidden = at_out @ u.T * hidden * (1 - hidden)
    u += hidden.T @ at_out
    v += points.T @ at_hidden
"""


def test_a_script_whose_loop_stands_in_the_module(diagnosed):
    found = diagnosed(SCRIPT)
    assert (found.verdict, found.part.model.loss) == ("right", "quadratic cost")
    assert "the training step of the loop on line 8" in str(found)
    assert "3-4-1" in str(found)


@pytest.mark.parametrize(
    ("right", "wrong", "key"),
    [
        (" * hidden * (1 - hidden)", "", "B2 slope missing"),
        ("u += hidden.T @ at_out", "u -= hidden.T @ at_out", None),
        ("at_out @ u.T", "at_out @ np.abs(u).T", None),
    ],
)
def test_what_is_wrong_in_it_is_found(diagnosed, right, wrong, key):
    assert right in SCRIPT
    found = diagnosed(SCRIPT.replace(right, wrong))
    assert found.verdict == "wrong"
    assert key is None or key in found.keys


LAYERS = """
import numpy as np

class Affine:
    def __init__(self, n_in, n_out):
        self.W = np.random.randn(n_out, n_in)
        self.shift = np.zeros((n_out, 1))
    def __call__(self, given):
        self.given = given
        return self.W @ given + self.shift
    def back(self, slope, rate):
        onward = self.W.T @ slope
        self.W = self.W - rate * slope @ self.given.T
        self.shift = self.shift - rate * slope
        return onward

class Tanh:
    def __call__(self, given):
        self.out = np.tanh(given)
        return self.out
    def back(self, slope, rate):
        return slope * (1 - self.out ** 2)

def train(chain, X, Y, rate):
    for epoch in range(10_000):
        for x, y in zip(X, Y):
            a = x
            for part in chain:
                a = part(a)
            slope = a - y
            for part in reversed(chain):
                slope = part.back(slope, rate)

X = np.reshape([[0, 0], [0, 1], [1, 0], [1, 1]], (4, 2, 1))
Y = np.reshape([[0], [1], [1], [0]], (4, 1, 1))
train([Affine(2, 3), Tanh(), Affine(3, 1), Tanh()], X, Y, 0.1)
"""


def test_a_chain_of_layers_is_asked_one_sample_a_step(diagnosed):
    found = diagnosed(LAYERS)
    assert found.verdict == "right"
    assert "2-3-1, tanh hidden layers, tanh outputs" in str(found)
    wrong = diagnosed(LAYERS.replace("self.W.T @ slope\n", "self.W.T @ slope * 0.5\n"))
    assert wrong.verdict == "wrong"
    assert "dW^1, db^1 wrong; dW^2, db^2 right" in str(wrong)


FUNCTIONS = """
import numpy as np
import pandas as pd
from no_such_package.utils import progress

table = np.array(pd.read_csv("/nowhere/digits/train.csv"))
np.random.shuffle(table)
X, labels = table[1000:, 1:].T / 255, table[1000:, 0]
count = X.shape[1]

def start():
    return np.random.rand(10, 784) - .5, np.zeros((10, 1)), np.random.rand(10, 10) - .5, np.zeros((10, 1))

def ahead(W1, b1, W2, b2, X):
    Z1 = W1 @ X + b1
    A1 = np.maximum(Z1, 0)
    Z2 = W2 @ A1 + b2
    E = np.exp(Z2 - Z2.max(axis=0))
    return Z1, A1, Z2, E / E.sum(axis=0)

def back(Z1, A1, Z2, A2, W1, W2, X, labels):
    coded = np.zeros((labels.size, labels.max() + 1))
    coded[np.arange(labels.size), labels] = 1
    dZ2 = A2 - coded.T
    dZ1 = W2.T @ dZ2 * (Z1 > 0)
    db1, db2 = dZ1.sum(axis=1, keepdims=True) / count, dZ2.sum(axis=1, keepdims=True) / count
    return dZ1 @ X.T / count, db1, dZ2 @ A1.T / count, db2

def learn(X, labels, rate, turns):
    W1, b1, W2, b2 = start()
    for turn in range(turns):
        Z1, A1, Z2, A2 = ahead(W1, b1, W2, b2, X)
        dW1, db1, dW2, db2 = back(Z1, A1, Z2, A2, W1, W2, X, labels)
        W1 = W1 - rate * dW1
        b1 = b1 - rate * db1
        W2 = W2 - rate * dW2
        b2 = b2 - rate * db2
    return W1, b1, W2, b2

W1, b1, W2, b2 = learn(X, labels, 0.1, 10_000_000)
"""


def test_functions_that_hand_on_their_intermediates_with_a_table_that_is_not_there(diagnosed):
    pytest.importorskip("pandas", reason="pandas is not installed")
    found = diagnosed(FUNCTIONS)
    assert found.verdict == "right"
    assert "784-10-10, relu hidden layers, softmax outputs" in str(found)
    assert "a stand-in took its place: no_such_package, pandas.read_csv" in " ".join(str(found).split())
    wrong = diagnosed(FUNCTIONS.replace(" * (Z1 > 0)", ""))
    assert (wrong.verdict, wrong.keys) == ("wrong", ("B2 slope missing",))


def test_a_mini_batch_is_recognised_by_the_rows_that_it_holds(diagnosed):
    loop, rows = "for turn in range(10_000_000):\n", "    X, y = points[at:at + 2], targets[at:at + 2]\n"
    text = SCRIPT.replace(loop, f"{loop}  for at in range(0, 4, 2):\n{rows}")
    lines = text.splitlines()
    start = next(k for k, line in enumerate(lines) if "X, y = " in line) + 1
    body = [line.replace("points", "X").replace("targets", "y") for line in lines[start:]]
    found = diagnosed("\n".join([*lines[:start], *body]))
    assert found.verdict == "right"


def test_a_notebook_is_read_without_its_magics(diagnosed):
    cells = [
        {"cell_type": "markdown", "source": ["# Two layers"]},
        {
            "cell_type": "code",
            "source": ["%matplotlib inline\n", "!pip install numpy\n", "import numpy as np"],
        },
        {"cell_type": "code", "source": "%%bash\nls"},
        {"cell_type": "code", "source": "%%time\n" + SCRIPT},
    ]
    found = diagnosed(json.dumps({"cells": cells, "nbformat": 4}), "mine.ipynb")
    assert found.verdict == "right"


def test_imports_from_the_package_that_the_file_is_in(diagnosed, tmp_path):
    package = tmp_path / "thing" / "inner"
    package.mkdir(parents=True)
    for folder in (package.parent, package):
        (folder / "__init__.py").write_text("", encoding="utf-8")
    (package.parent / "slopes.py").write_text("def logistic(a):\n    return a * (1 - a)\n", encoding="utf-8")
    text = SCRIPT.replace("import numpy as np\n", "import numpy as np\nfrom ..slopes import logistic\n")
    text = text.replace("hidden * (1 - hidden)", "logistic(hidden)")
    assert diagnosed(text, "thing/inner/net.py").verdict == "right"
    text = text.replace("from ..slopes", "from thing.slopes")
    assert diagnosed(text, "thing/inner/net2.py").verdict == "right"


def test_a_statement_that_fails_does_not_hide_the_rest(diagnosed):
    found = diagnosed("import numpy as np\nopen('/nowhere/at/all').read()\n" + SCRIPT)
    assert found.verdict == "right"
    said = " ".join(str(found).split())
    assert (
        "Left out while the file was read: line 2: open('/nowhere/at/all').read() (FileNotFoundError" in said
    )


def test_a_program_that_trains_nothing_says_so(diagnosed):
    found = diagnosed("x = 1\nfor k in range(3):\n    x += k\n")
    assert found.verdict == "could not run"
    assert "it came to no training step" in " ".join(str(found).split())


def test_zero_gradients_are_not_right(diagnosed):
    found = diagnosed(SCRIPT.replace("(targets - out)", "0 * (targets - out)"))
    assert found.verdict != "right"


def test_the_program_is_asked_in_its_own_numbers(tmp_path):
    """What is put in stands where the program reads it, whatever holds it."""
    path = tmp_path / "program.py"
    path.write_text(SCRIPT, encoding="utf-8")
    (answer,) = findings(from_file(str(path)), None, None).answers
    one = answer.observed[0]
    assert np.array_equal(one.trial.x, np.rint(one.trial.x))  # the program's inputs are whole numbers
    assert one.trial.x.shape == (4, 3)
    assert one.db == (None, None)


def test_biases_that_a_step_leaves_alone_are_biases(diagnosed):
    """One number for all of db^H is the sum of softmax's errors, which is 0: nothing moves."""
    pytest.importorskip("pandas", reason="pandas is not installed")
    found = diagnosed(FUNCTIONS.replace("dZ2.sum(axis=1, keepdims=True)", "dZ2.sum()"))
    assert (found.verdict, found.keys) == ("wrong", ("B4 one number",))


def test_a_step_that_is_not_understood_is_not_called_wrong(diagnosed):
    """Adam's first step is ±η, whatever the gradient: nothing can be read off it."""
    text = SCRIPT.replace("u += hidden.T @ at_out", "u += 0.1 * np.sign(hidden.T @ at_out)")
    found = diagnosed(text.replace("v += points.T @ at_hidden", "v += 0.1 * np.sign(points.T @ at_hidden)"))
    assert found.verdict == "could not run"
    assert "it is not clear what the step was given" in " ".join(str(found).split())
    assert found.exit_code == 2


def test_names_of_weights_may_say_hidden_and_output(diagnosed):
    """A part of a network is not judged as the whole."""
    names = {
        "v = ": "hidden_weights = ",
        "points @ v": "points @ hidden_weights",
        "v += ": "hidden_weights += ",
    }
    names |= {
        "u = ": "output_weights = ",
        "hidden @ u": "hidden @ output_weights",
        "u += ": "output_weights += ",
    }
    text = SCRIPT.replace("at_out @ u.T", "at_out @ output_weights.T")
    for old, new in names.items():
        text = text.replace(old, new)
    assert diagnosed(text).verdict == "right"
    wrong = diagnosed(text.replace("hidden.T @ at_out", "2 * hidden.T @ at_out"))
    assert wrong.verdict != "right"


FIXED = """
import numpy as np

class Fixed:
    def __init__(self):
        self.W1 = np.random.randn(2, 3)
        self.W2 = np.random.randn(3, 1)

    def forward(self, X):
        self.a2 = np.tanh(X @ self.W1)
        return np.tanh(self.a2 @ self.W2)

    def costFunctionPrime(self, X, y):
        out = self.forward(X)
        delta3 = (out - y) * (1 - out**2)
        dJdW2 = self.a2.T @ delta3
        dJdW1 = X.T @ (delta3 @ self.W2.T * (1 - self.a2**2))
        return dJdW1, dJdW2
"""


def test_widths_that_are_fixed_in_the_file_are_found(diagnosed):
    found = diagnosed(FIXED)
    assert (found.verdict, found.part.answer.observed[0].trial.params[1].W.shape) == ("right", (3, 2))
    wrong = diagnosed(FIXED.replace(" * (1 - self.a2**2)", ""))
    assert (wrong.verdict, wrong.keys) == ("wrong", ("B2 slope missing",))


SCORES = """
import numpy as np

class Net:
    def __init__(self, n_in, n_hidden, n_out):
        self.params = {"W1": np.random.randn(n_in, n_hidden), "b1": np.zeros(n_hidden)}
        self.params |= {"W2": np.random.randn(n_hidden, n_out), "b2": np.zeros(n_out)}

    def loss(self, X, y=None, reg=0.0):
        p = self.params
        h = np.maximum(0, X @ p["W1"] + p["b1"])
        scores = h @ p["W2"] + p["b2"]
        if y is None:
            return scores
        e = np.exp(scores - scores.max(axis=1, keepdims=True))
        q = e / e.sum(axis=1, keepdims=True)
        value = -np.log(q[range(len(X)), y]).mean()
        q[range(len(X)), y] -= 1
        d = q / len(X)
        dh = d @ p["W2"].T
        dh[h <= 0] = 0
        return value, {"W1": X.T @ dh, "b1": dh.sum(axis=0), "W2": h.T @ d, "b2": d.sum(axis=0)}
"""


def test_a_method_that_returns_the_loss_and_its_gradients(diagnosed):
    assert diagnosed(SCORES).verdict == "right"
    wrong = diagnosed(SCORES.replace("        dh[h <= 0] = 0\n", ""))
    assert (wrong.verdict, wrong.keys) == ("wrong", ("B2 slope missing",))


def test_a_number_called_loss_that_is_another_is_no_alarm(diagnosed):
    """People print a mean absolute error, or the loss after the step, under that name."""
    shown = "    loss = np.mean(np.abs(targets - out))\n"
    assert diagnosed(SCRIPT.rstrip("\n") + "\n" + shown).verdict == "right"
