"""Faults that people make beside the equations: explained first, with the line as it should be."""

from __future__ import annotations

import pytest

from tests.diagnosis.test_own_loss import edited, told

FUNCTION = """
import numpy as np
def softmax(z):
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / (e.sum(axis=1, keepdims=True) + 1e-12)
def coded(y, k):
    Y = np.zeros((len(y), k))
    Y[np.arange(len(y)), y] = 1
    return Y
def gradients(W1, b1, W2, b2, x, y):
    Y = coded(y, W2.shape[1])
    h = np.tanh(x @ W1 + b1)
    d = (softmax(h @ W2 + b2) - Y) / len(x)
    e = (d @ W2.T) * (1 - h**2)
    return x.T @ e, e.sum(axis=0), h.T @ d, d.sum(axis=0)
"""
STEP = """
import numpy as np
class Net:
    def __init__(self, sizes):
        self.W1, self.b1 = np.random.randn(sizes[0], sizes[1]), np.zeros((1, sizes[1]))
        self.W2, self.b2 = np.random.randn(sizes[1], sizes[2]), np.zeros((1, sizes[2]))
    def train_step(self, X, y, lr):
        h = np.tanh(X @ self.W1 + self.b1)
        z = np.exp(h @ self.W2 + self.b2)
        d = (z / z.sum(axis=1, keepdims=True) - y) / len(X)
        e = (d @ self.W2.T) * (1 - h**2)
        self.W1 -= lr * X.T @ e
        self.W2 -= lr * h.T @ d
        self.b1 -= lr * e.sum(axis=0, keepdims=True)
        self.b2 -= lr * d.sum(axis=0, keepdims=True)
"""


@pytest.mark.parametrize("text", [FUNCTION, STEP], ids=["function", "step"])
def test_without_a_fault_they_are_right(text, tmp_path):
    assert told(text, tmp_path).verdict == "right"


@pytest.mark.parametrize(
    ("text", "edits", "keys", "line", "right"),
    [
        (FUNCTION, [("len(y)), y] = 1", "len(y)), y - 1] = 1")], "B1 label of the class before", 8,
         "Y[np.arange(len(y)), y] = 1"),
        (FUNCTION, [("len(y)), y] = 1", "len(y)), (y + 1) % k] = 1")], "B1 label of the next class", 8,
         "Y[np.arange(len(y)), y % k] = 1"),
        (FUNCTION, [("e.sum(axis=0), h", "np.sum(e), h"), ("d.sum(axis=0)\n", "np.sum(d)\n")],
         "B4 one number", 15, "np.sum(e, axis=0)"),
        (FUNCTION, [("e.sum(axis=0), h", "e.mean(axis=1), h"), ("d.sum(axis=0)\n", "d.mean(axis=1)\n")],
         "B4 mean over neurons", 15, "e.sum(axis=0)"),
        (FUNCTION, [("- Y) / len(x)", "- Y).mean(axis=1, keepdims=True) * np.ones(3) / len(x)"),
                    ("e / (e.sum(axis=1, keepdims=True) + 1e-12)", "1 / (1 + np.exp(-z))")],
         "B1 one error for all outputs", 13, ""),
        (STEP, [("        self.W1 -= lr * X.T @ e\n        self.W2 -= lr * h.T @ d\n",
                 "        self.W1 -= lr * (lr * X.T @ e)\n        self.W2 -= lr * (lr * h.T @ d)\n")],
         "B3 eta twice", None, ""),
        (STEP, [("self.b1 -= lr", "self.b1 -= lr * lr"), ("self.b2 -= lr", "self.b2 -= lr * lr")],
         "B4 eta twice", None, ""),
    ],
)  # fmt: skip
def test_a_fault_is_explained_first(text, edits, keys, line, right, tmp_path):
    found = told(edited(*edits, text=text), tmp_path)
    assert found.keys == (keys,), str(found)
    if line is not None:
        assert found.lines == (line,), str(found)
    assert right in " ".join(str(found).split())


@pytest.mark.parametrize(
    ("edits", "keys"),
    [
        ([("(1 - h**2)", "(1 - h)"), ("d.sum(axis=0)\n", "d.mean(axis=0)\n")],
         {"F2 d_tanh: 1 − a", "B4 averaged twice"}),
        ([("- Y) / len(x)", "+ 0 * Y) / len(x)"), ("(1 - h**2)", "1")],
         {"B1 labels missing", "B2 slope missing"}),
    ],
)  # fmt: skip
def test_two_faults_at_once_in_different_equations(edits, keys, tmp_path, monkeypatch):
    found = told(edited(*edits, text=FUNCTION), tmp_path)
    assert set(found.keys) == keys, str(found)


BUFFERS = """
import numpy as np
class Net:
    def __init__(self, sizes):
        self.weights = [np.random.randn(m, n) for n, m in zip(sizes, sizes[1:])]
        self.biases = [np.random.randn(m, 1) for m in sizes[1:]]
        self.vel_w = [np.zeros_like(w) for w in self.weights]
        self.vel_b = [np.zeros_like(b) for b in self.biases]
    def train_step(self, x, y, lr, momentum=0.9):
        h = np.tanh(self.weights[0] @ x + self.biases[0])
        z = self.weights[1] @ h + self.biases[1]
        d = (np.exp(z) / np.exp(z).sum(0) - y) / x.shape[1]
        e = self.weights[1].T @ d * (1 - h**2)
        for L, (delta, a) in enumerate([(e, x), (d, h)]):
            self.vel_w[L] *= momentum
            self.vel_w[L] += delta @ a.T
            self.vel_b[L] *= momentum
            self.vel_b[L] += delta.sum(1, keepdims=True)
            self.weights[L] -= lr * self.vel_w[L]
            self.biases[L] -= lr * self.vel_b[L]
"""


def test_two_buffers_that_are_one_array(tmp_path):
    assert told(BUFFERS, tmp_path, (4, 4, 4)).verdict == "right"
    one = edited(("[np.zeros_like(b) for b in self.biases]", "[np.zeros((4, 1))] * 2"), text=BUFFERS)
    found = told(one, tmp_path, (4, 4, 4))
    assert (found.verdict, found.keys, found.lines) == ("wrong", ("aliased",), (8,)), str(found)
    assert "vel_b[0] and vel_b[1] are one array" in str(found)


def test_a_column_and_a_vector_make_a_matrix(tmp_path):
    text = """
import numpy as np
class Net:
    def __init__(self, sizes):
        self.W1, self.b1 = np.random.randn(sizes[1], sizes[0]), np.random.randn(sizes[1])
        self.W2, self.b2 = np.random.randn(sizes[2], sizes[1]), np.random.randn(sizes[2])
    def backprop(self, x, y):
        x, y = x.reshape(-1, 1), y.reshape(-1, 1)
        h = np.tanh(self.W1 @ x + self.b1)
        z = np.exp(self.W2 @ h + self.b2[:, None])
        d = z / z.sum(0) - y
        e = self.W2.T @ d * (1 - h**2)
        return [e @ np.repeat(x, e.shape[1], 1).T, d @ h.T], [e.sum(1), d.sum(1)]
"""
    found = told(text, tmp_path)
    assert (found.verdict, found.keys, found.lines) == ("wrong", ("broadcast",), (9,)), str(found)
    right = edited(("x + self.b1)", "x + self.b1[:, None])"), text=text)
    assert told(right, tmp_path).verdict == "right"
