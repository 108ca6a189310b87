"""Programs that are right in their own way: no false alarm; and the same programs with a fault."""

from __future__ import annotations

import pytest

from tests.diagnosis.test_own_loss import edited, told

START = """
import numpy as np
def softmax(z):
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)
class Net:
    def __init__(self, sizes, **options):
        n, m, k = sizes
        self.W1, self.b1 = np.random.randn(n, m), np.zeros((1, m))
        self.W2, self.b2 = np.random.randn(m, k), np.zeros((1, k))
        self.kept = [np.zeros_like(p) for p in self.parameters()]
        self.second = [np.zeros_like(p) for p in self.parameters()]
        self.steps = 0
    def parameters(self):
        return [self.W1, self.b1, self.W2, self.b2]
    def slopes(self, X, y):
        h = np.tanh(X @ self.W1 + self.b1)
        d = (softmax(h @ self.W2 + self.b2) - y) / len(X)
        e = (d @ self.W2.T) * (1 - h**2)
        return [X.T @ e, e.sum(axis=0, keepdims=True), h.T @ d, d.sum(axis=0, keepdims=True)]
"""
OPTIMISERS = {
    "momentum": """
    def train_step(self, X, y, lr, momentum=0.9):
        for i, (p, g) in enumerate(zip(self.parameters(), self.slopes(X, y))):
            self.kept[i] = momentum * self.kept[i] - lr * g
            p += self.kept[i]
""",
    "a mean of gradients": """
    def train_step(self, X, y, lr, beta1=0.8):
        for i, (p, g) in enumerate(zip(self.parameters(), self.slopes(X, y))):
            self.kept[i] = beta1 * self.kept[i] + (1 - beta1) * g
            p -= lr * self.kept[i]
""",
    "Adam": """
    def train_step(self, X, y, lr=0.01):
        self.steps += 1
        for i, (p, g) in enumerate(zip(self.parameters(), self.slopes(X, y))):
            self.kept[i] = 0.9 * self.kept[i] + 0.1 * g  # Adam
            self.second[i] = 0.999 * self.second[i] + 0.001 * g * g
            m, v = self.kept[i] / (1 - 0.9**self.steps), self.second[i] / (1 - 0.999**self.steps)
            p -= lr * m / (np.sqrt(v) + 1e-8)
""",
    "RMSprop": """
    def train_step(self, X, y, lr=0.01):
        for i, (p, g) in enumerate(zip(self.parameters(), self.slopes(X, y))):
            self.second[i] = 0.9 * self.second[i] + 0.1 * g * g  # RMSprop
            p -= lr * g / (np.sqrt(self.second[i]) + 1e-8)
""",
}


@pytest.mark.parametrize("name", OPTIMISERS)
def test_the_first_step_of_an_optimiser(name, tmp_path):
    found = told(START + OPTIMISERS[name], tmp_path)
    assert found.verdict == "right", str(found)
    assert "keeps a state" in {remark.key for remark in found.remarks}
    wrong = told(edited(("(1 - h**2)", "(1 - h)"), text=START + OPTIMISERS[name]), tmp_path)
    assert wrong.verdict == "wrong"
    assert wrong.keys == ("F2 d_tanh: 1 − a",)


def test_a_step_that_keeps_what_it_should_not_is_wrong(tmp_path):
    """The buffer of gradients is not cleared, and no optimiser is meant."""
    text = (
        START
        + """
    def train_step(self, X, y, lr):
        for i, g in enumerate(self.slopes(X, y)):
            self.kept[i] += g
        for p, g in zip(self.parameters(), self.kept):
            p -= lr * g
"""
    )
    assert told(text, tmp_path).keys == ("accumulates",)


UPHILL = (
    START.replace("- y) / len(X)", "- y) / -len(X)")
    + """
    def backward(self, X, y):
        return self.slopes(X, y)
"""
)
ADDED = """
    def train(self, X, y, learning_rate):
        for p, g in zip(self.parameters(), self.slopes(X, y)):
            p += learning_rate * g
"""


def test_the_other_sign_is_right_where_the_step_adds(tmp_path):
    assert told(UPHILL, tmp_path).verdict == "wrong"
    found = told(UPHILL + ADDED, tmp_path)
    assert (found.verdict, [remark.key for remark in found.remarks]) == ("right", ["made good"]), str(found)
    assert told((UPHILL + ADDED).replace("p += learning", "p -= learning"), tmp_path).verdict == "wrong"
    assert told((UPHILL + ADDED).replace("/ -len", "/ len"), tmp_path).verdict == "wrong"


DROPOUT = """
import numpy as np
DRAWING
class Net:
    def __init__(self, sizes, keep=0.6):
        self.W1, self.b1 = 0.1 * np.random.randn(sizes[0], sizes[1]), np.zeros(sizes[1])
        self.W2, self.b2 = 0.1 * np.random.randn(sizes[1], sizes[2]), np.zeros(sizes[2])
        self.keep = keep
    def forward(self, X, training=True):
        self.h = np.maximum(0, X @ self.W1 + self.b1)
        self.mask = (DRAW(self.h.shape) < self.keep) / self.keep if training else 1.0
        self.h = self.h * self.mask
        e = np.exp(self.h @ self.W2 + self.b2)
        self.p = e / e.sum(axis=1, keepdims=True)
        return self.p
    def backward(self, X, y):
        self.forward(X)
        d = (self.p - y) / len(X)
        e = (d @ self.W2.T) * (self.h > 0) * self.mask
        return [X.T @ e, self.h.T @ d], [e.sum(axis=0), d.sum(axis=0)]
"""


@pytest.mark.parametrize(
    ("before", "draw"),
    [
        ("np.random.seed(3)", "np.random.random_sample"),
        ("rng = np.random.default_rng()", "rng.random"),
        ("rng = np.random.RandomState(1)", "rng.random_sample"),
    ],
)
def test_dropout_drops_the_same_neurons_for_gradient_and_loss(before, draw, tmp_path):
    text = DROPOUT.replace("DRAWING", before).replace("DRAW", draw)
    found = told(text, tmp_path)
    assert found.verdict == "right", str(found)
    assert (
        told(edited((" * self.mask\n        return", "\n        return"), text=text), tmp_path).verdict
        == "wrong"
    )
    off = edited(("X, training=True", "X, training=False"), text=text)
    assert told(off, tmp_path).verdict == "right"


DECAY = (
    START
    + """
    def backprop(self, X, y):
        return self.slopes(X, y)
    def update(self, X, y, lr, lam=0.3):
        dW1, db1, dW2, db2 = self.slopes(X, y)
        self.W1 = (1 - lr * lam / len(X)) * self.W1 - lr * dW1
        self.W2 = (1 - lr * lam / len(X)) * self.W2 - lr * dW2
        self.b1 -= lr * db1
        self.b2 -= lr * db2
"""
)
COST = """
    def cost(self, X, y, lam=0.3):
        p = softmax(np.tanh(X @ self.W1 + self.b1) @ self.W2 + self.b2)
        return -np.sum(y * np.log(p)) / len(X) + lam / 2 / len(X) * (np.sum(self.W1**2) + np.sum(self.W2**2))
"""


def test_weight_decay_in_the_update(tmp_path):
    found = told(DECAY, tmp_path)
    assert found.verdict == "right", str(found)
    assert "λ/N ‖θ‖²/2 with λ = 0.3" in " ".join(str(found).split())
    found = told(DECAY + COST, tmp_path)
    assert found.verdict == "right", str(found)
    assert "the update adds it" in " ".join(str(found).split())
    wrong = told(DECAY.replace("- lr * dW2", "+ lr * dW2"), tmp_path)
    assert [(one.mistake.key, one.layers) for one in wrong.mistakes] == [("B3 sign", (2,))]


def test_a_penalty_of_the_loss_that_nothing_adds_is_missing(tmp_path):
    text = (DECAY + COST).replace("(1 - lr * lam / len(X)) * ", "")
    found = told(text, tmp_path)
    assert (found.verdict, found.keys) == ("wrong", ("penalty missing",)), str(found)
    assert "λ = 0.05" in str(found)  # 0.3 / 6 samples


@pytest.mark.parametrize("slope", ["0.02 * W", "0.02 * W + 0.01 * np.sign(W)"])
def test_a_penalty_in_the_gradient_alone(slope, tmp_path):
    terms = [slope.replace("W", f"self.{name}") for name in ("W1", "W2")]
    text = START + "    def backprop(self, X, y):\n        dW1, db1, dW2, db2 = self.slopes(X, y)\n"
    text += f"        return dW1 + {terms[0]}, db1, dW2 + {terms[1]}, db2\n"
    found = told(text, tmp_path)
    assert (found.verdict, [r.key for r in found.remarks]) == ("right", ["penalty"]), str(found)
    found = told(text + COST.replace("lam=0.3", "lam=0.0"), tmp_path)
    assert found.verdict == "right", str(found)
    assert "leaves the penalty out" in " ".join(str(found).split())
    wrong = told(text.replace("(1 - h**2)", "(1 - h)"), tmp_path)
    assert wrong.keys == ("F2 d_tanh: 1 − a",)
    assert told(text.replace("dW1 + ", "dW1 - "), tmp_path).verdict == "wrong"


RETURNED = "return [X.T @ e, e.sum(axis=0, keepdims=True), h.T @ d, d.sum(axis=0, keepdims=True)]"
ASKED = START + "    def backprop(self, X, target):\n        return self.slopes(X, target)\n"


@pytest.mark.parametrize(
    "result",
    [
        "np.concatenate([(X.T @ e).ravel(), e.sum(axis=0), (h.T @ d).ravel(), d.sum(axis=0)])",
        "((X.T @ e).ravel(), e.sum(axis=0), (h.T @ d).ravel(), d.sum(axis=0))",
        "dict(layer2=(h.T @ d, d.sum(axis=0)), layer1=(X.T @ e, e.sum(axis=0)))",
        "Found(X.T @ e, e.sum(axis=0), h.T @ d, d.sum(axis=0))",
        "{'dW1': X.T @ e, 'db1': e.sum(0), 'dW2': h.T @ d, 'db2': d.sum(0)}",
    ],
)
def test_gradients_in_other_wrappings(result, tmp_path):
    kept = """
class Found:
    def __init__(self, dW1, db1, dW2, db2):
        self.dW1, self.db1, self.dW2, self.db2 = dW1, db1, dW2, db2
"""
    found = told(edited((RETURNED, f"return {result}"), text=kept + ASKED), tmp_path)
    assert found.verdict == "right", str(found)
    wrong = told(edited((RETURNED, f"return {result}"), ("(1 - h**2)", "h"), text=kept + ASKED), tmp_path)
    assert wrong.verdict == "wrong"


def test_biases_that_are_subtracted(tmp_path):
    text = (
        ASKED.replace("+ self.b", "- self.b")
        .replace("e.sum(axis=0", "-e.sum(axis=0")
        .replace("d.sum(", "-d.sum(")
    )
    found = told(text, tmp_path)
    assert (found.verdict, [r.key for r in found.remarks]) == ("right", ["thresholds"]), str(found)
    assert told(text.replace("-d.sum(", "d.sum("), tmp_path).verdict == "wrong"
