"""The program's own loss is the judge: a constant times its slope is right, anything else is not."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

from chainrule.diagnosis.asking.observe import findings
from chainrule.diagnosis.asking.slopes import INSIDE, OWN, Slope
from chainrule.diagnosis.asking.source import from_file
from chainrule.diagnosis.asking.spying import numbers_inside
from chainrule.diagnosis.diagnosis import Diagnosis
from chainrule.diagnosis.telling.added_up import added_up
from chainrule.diagnosis.verdict.intended import Options
from chainrule.diagnosis.verdict.judge import judge
from chainrule.diagnosis.verdict.own_loss import Constant, constant_of

NETWORK = """
import numpy as np
RATE = 0.03

def softmax(z):
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)

def phi(z):
    return np.tanh(z)

def slope(z):
    return 1 - np.tanh(z) ** 2

def out(z):
    return softmax(z)

def forward(W1, b1, W2, b2, X):
    return out(phi(X @ W1 + b1) @ W2 + b2)

def loss(W1, b1, W2, b2, X, y):
    return -np.sum(y * np.log(forward(W1, b1, W2, b2, X))) / len(X)

def gradients(W1, b1, W2, b2, X, y):
    z1 = X @ W1 + b1
    h = phi(z1)
    d = (out(h @ W2 + b2) - y) / len(X)
    e = (d @ W2.T) * slope(z1)
    return X.T @ e, e.sum(axis=0), h.T @ d, d.sum(axis=0)
"""
PENALTIES = {
    "L2": ("0.05 * (np.sum(W1**2) + np.sum(W2**2))", "0.1 * W", "0"),
    "L1": ("0.02 * (np.abs(W1).sum() + np.abs(W2).sum())", "0.02 * np.sign(W)", "0"),
    "biases too": (
        "0.05 * sum(np.sum(p**2) for p in (W1, b1, W2, b2))",
        "0.1 * W",
        "0.1 * b",
    ),
    "elastic, divided by N": (
        "(0.2 * (np.sum(W1**2) + np.sum(W2**2)) + 0.1 * (np.abs(W1).sum() + np.abs(W2).sum())) / len(X)",
        "(0.4 * W + 0.1 * np.sign(W)) / len(X)",
        "0",
    ),
}


def told(text, tmp_path, widths=None, options=None):
    (tmp_path / "code.py").write_text(text, encoding="utf-8")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = findings(from_file(str(tmp_path / "code.py")), None, widths)
    return Diagnosis(judge(found, options or Options()))


def edited(*edits, text=NETWORK):
    for old, new in edits:
        assert text.count(old) == 1, (old, text.count(old))
        text = text.replace(old, new)
    return text


def activated(phi, slope):
    return edited(
        ("return np.tanh(z)\n", f"return {phi}\n"), ("return 1 - np.tanh(z) ** 2", f"return {slope}")
    )


def penalised(loss, of_W, of_b, sign="+"):
    W1, W2 = (of_W.replace("W", name) for name in ("W1", "W2"))
    b1, b2 = (of_b.replace("b", name) if of_b != "0" else "0" for name in ("b1", "b2"))
    old = "return X.T @ e, e.sum(axis=0), h.T @ d, d.sum(axis=0)"
    new = f"return X.T @ e {sign} {W1}, e.sum(axis=0) + {b1}, h.T @ d {sign} {W2}, d.sum(axis=0) + {b2}"
    return edited((old, new), ("X))) / len(X)\n", f"X))) / len(X) + {loss}\n"))


@pytest.mark.parametrize("name", PENALTIES)
def test_a_penalty_in_loss_and_gradient_is_right(name, tmp_path):
    found = told(penalised(*PENALTIES[name]), tmp_path)
    assert found.verdict == "right", str(found)
    assert found.part.slope.loss == OWN
    assert "slope of your own loss" in " ".join(str(found).split())
    assert "a loss of your own" in str(found)


@pytest.mark.parametrize("name", PENALTIES)
def test_a_penalty_of_the_wrong_sign_is_wrong(name, tmp_path):
    assert told(penalised(*PENALTIES[name], sign="-"), tmp_path).verdict == "wrong"


@pytest.mark.parametrize(
    ("phi", "slope"),
    [
        ("np.clip(z, -1, 1)", "(np.abs(z) < 1) * 1.0"),
        ("np.sin(z)", "np.cos(z)"),
        ("np.exp(-z * z)", "-2 * z * np.exp(-z * z)"),
        ("np.maximum(z, 0) ** 2", "2 * np.maximum(z, 0)"),
    ],
)
def test_an_activation_that_nobody_knows(phi, slope, tmp_path):
    text = edited(
        ("return np.tanh(z)\n", f"return {phi}\n"), ("return 1 - np.tanh(z) ** 2", f"return {slope}")
    )
    found = told(text, tmp_path)
    assert found.verdict == "right", str(found)
    assert "activations of your own" in str(found)
    assert told(text.replace(f"return {slope}", f"return 1.1 * ({slope})"), tmp_path).verdict == "wrong"


def test_without_a_loss_known_ones_stand_in(tmp_path):
    text = edited(
        ("return np.tanh(z)\n", "return np.sin(z)\n"), ("return 1 - np.tanh(z) ** 2", "return np.cos(z)")
    )
    start, end = text.index("def loss"), text.index("def gradients")
    text = text[:start] + text[end:]
    found = told(text, tmp_path)
    assert found.verdict == "right", str(found)
    assert "the categorical cross-entropy" in " ".join(str(found).split())
    assert told(text.replace("np.cos(z)", "np.cos(z) ** 2"), tmp_path).verdict == "wrong"
    assert told(text.replace("- y) / len(X)", "- y) * 2 / len(X)"), tmp_path).verdict == "wrong"


@pytest.mark.parametrize("loss", ["0.0", "1.0 * len(X)", "np.mean(forward(W1, b1, W2, b2, X)) * 0"])
def test_a_constant_is_no_loss_and_makes_nothing_right(loss, tmp_path):
    start, end = NETWORK.index("    return -np.sum"), NETWORK.index("def gradients")
    text = NETWORK[:start] + f"    return {loss}\n\n" + NETWORK[end:]
    assert told(text, tmp_path).verdict == "right"
    wrong = edited(("slope(z1)", "slope(h)"), text=text)
    assert told(wrong, tmp_path).keys == ("B2 slope of a",)
    assert told(edited(("X.T @ e, e", "0 * X.T @ e, e"), text=text), tmp_path).verdict == "wrong"


@pytest.mark.parametrize(
    ("new", "said"),
    [
        ("- y) / len(X) * RATE", "A learning rate of 0.03"),
        ("- y) * 0.7", "0.7·N times"),
        ("- y) / len(X) * 3", "3 times"),
    ],
)
def test_a_constant_is_a_remark(new, said, tmp_path):
    found = told(edited(("- y) / len(X)", new)), tmp_path)
    assert found.verdict == "right", str(found)
    assert said in " ".join(str(found).split()), str(found)


def test_the_other_direction_is_wrong(tmp_path):
    found = told(edited(("- y) / len(X)", "- y) / -len(X)")), tmp_path)
    assert found.verdict == "wrong"
    assert found.keys in (("B1 sign",), ("ALL sign",))


def test_what_an_option_states_outranks_the_loss(tmp_path):
    """The gradient of the quadratic cost, which the file computes, though cross-entropy is asked for."""
    text = edited(
        ("def out(z):\n    return softmax(z)", "def out(z):\n    return 1 / (1 + np.exp(-z))"),
        ("return -np.sum(y * np.log(forward(W1, b1, W2, b2, X))) / len(X)",
         "return np.sum((forward(W1, b1, W2, b2, X) - y) ** 2) / 2 / len(X)"),
        ("    d = (out(h @ W2 + b2) - y) / len(X)",
         "    a = out(h @ W2 + b2)\n    d = (a - y) * a * (1 - a) / len(X)"),
    )  # fmt: skip
    assert told(text, tmp_path).verdict == "right"
    found = told(text, tmp_path, options=Options(loss="cross-entropy"))
    assert found.keys == ("B1 gradient of quadratic cost with sigmoid",)


def test_a_loss_inside_of_the_function(tmp_path):
    """It makes right what is its slope, and nothing wrong: it may be any number that is shown."""
    start, end = NETWORK.index("def loss"), NETWORK.index("def gradients")
    text = NETWORK[:start] + NETWORK[end:]
    inside = "    cost = -np.sum(y * np.log(out(h @ W2 + b2))) / len(X) + 0.05 * np.sum(W1**2)\n    return"
    text = edited(("    return X.T @ e,", f"{inside} X.T @ e + 0.1 * W1,"), text=text)
    found = told(text, tmp_path)
    assert found.verdict == "right", str(found)
    assert found.part.slope.loss == INSIDE
    assert told(text.replace("0.1 * W1", "0.2 * W1"), tmp_path).verdict == "wrong"
    shown = NETWORK[:start] + NETWORK[end:].replace("    return X", "    error = np.sum(h**2)\n    return X")
    assert told(shown, tmp_path).verdict == "right"


def test_numbers_inside_are_those_of_the_file_and_of_names_of_losses():
    def inside():
        loss, lossy, costs, error = 3.5, 2.5, [1.0], np.array([[4.0]])
        return lossy, costs, loss, error

    assert numbers_inside(__file__, inside) == {"loss": 3.5, "error": 4.0}
    assert numbers_inside("elsewhere.py", inside) == {}


def test_a_learning_rate_inside_of_an_update(tmp_path):
    text = """
import numpy as np
class Net:
    def __init__(self, sizes):
        self.W1, self.b1 = np.random.randn(sizes[0], sizes[1]), np.zeros((1, sizes[1]))
        self.W2, self.b2 = np.random.randn(sizes[1], sizes[2]), np.zeros((1, sizes[2]))
    def train_step(self, X, y):
        h = np.tanh(X @ self.W1 + self.b1)
        z = h @ self.W2 + self.b2
        d = (np.exp(z) / np.exp(z).sum(1, keepdims=True) - y) / len(X)
        e = (d @ self.W2.T) * (1 - h**2)
        self.W2 -= 0.02 * h.T @ d; self.b2 -= 0.02 * d.sum(0, keepdims=True)
        self.W1 -= 0.02 * X.T @ e; self.b1 -= 0.02 * e.sum(0, keepdims=True)
"""
    found = told(text, tmp_path)
    assert found.verdict == "right", str(found)
    assert "A learning rate of 0.02 is inside" in str(found)
    wrong = told(edited(("self.b1 -= 0.02", "self.b1 += 0.02"), text=text), tmp_path)
    assert [(one.mistake.key, one.layers) for one in wrong.mistakes] == [("B4 sign", (1,))]
    slope = told(edited(("(1 - h**2)", "(1 - h)"), text=text), tmp_path)
    assert slope.verdict == "wrong"
    assert slope.keys == ("F2 d_tanh: 1 − a",)


def test_constants_in_words():
    assert str(Constant(1.0, 1)) == "N"
    assert str(Constant(1.0, -1)) == "1/N"
    assert str(Constant(0.5, -1, 1)) == "0.5·η/N"
    assert str(Constant(2.0)) == "2"
    assert Constant(1.0).is_one
    assert not Constant(1.0, 1).is_one


def test_a_constant_must_be_the_same_on_every_network():
    class Answer:
        update = False
        observed = tuple(
            type("Seen", (), {"trial": type("Trial", (), {"N": N, "eta": eta})})
            for N, eta in ((6, 0.3), (7, 0.5), (8, 0.8))
        )

    assert constant_of(Slope(OWN, 0.0, (6.0, 7.0, 8.0)), Answer) == Constant(1.0, 1)
    assert constant_of(Slope(OWN, 0.0, (0.3, 0.5, 0.8)), Answer) == Constant(1.0, 0, 1)
    assert constant_of(Slope(OWN, 0.0, (1.0, 1.0, 1.1)), Answer) is None
    assert constant_of(Slope(OWN, 0.0, (1.0, None, 1.0)), Answer) is None


LOOP = """
import numpy as np
class Network:
    def __init__(self, sizes):
        self.weights = [np.random.randn(m, n) for n, m in zip(sizes[:-1], sizes[1:])]
        self.biases = [np.random.randn(m) for m in sizes[1:]]
    def backprop(self, x, y):
        h = np.tanh(self.weights[0] @ x + self.biases[0])
        e = np.exp(self.weights[1] @ h + self.biases[1])
        d = e / e.sum() - y
        back = self.weights[1].T @ d * (1 - h**2)
        return [np.outer(back, x), np.outer(d, h)], [back, d]
    def update_mini_batch(self, batch, eta):
        for x, y in batch:
            dW, db = self.backprop(x, y)
            for L in range(2):
                self.weights[L] -= eta * dW[L]
                self.biases[L] -= eta * db[L]
"""


def test_updates_sample_by_sample_are_steps_of_batches_of_one(tmp_path):
    found = told(LOOP, tmp_path)
    assert found.verdict == "right", str(found)
    assert [remark.key for remark in found.remarks] == ["one by one"]
    divided = told(edited(("eta * dW[L]", "eta / len(batch) * dW[L]"),
                          ("eta * db[L]", "eta / len(batch) * db[L]"), text=LOOP), tmp_path)  # fmt: skip
    assert divided.verdict == "right", str(divided)
    wrong = told(edited(("self.biases[L] -= eta", "self.biases[L] += eta"), text=LOOP), tmp_path)
    assert wrong.keys == ("B4 sign",)
    assert wrong.lines == (18,)
    assert "one by one" in {remark.key for remark in wrong.remarks}


def test_a_whole_batch_is_no_step_by_step(tmp_path):
    given = "        given = [self.backprop(x, y) for x, y in batch]\n        for dW, db in given:\n"
    sums = edited(
        ("        for x, y in batch:\n            dW, db = self.backprop(x, y)\n", given), text=LOOP
    )
    found = told(sums, tmp_path)
    assert found.verdict == "right", str(found)
    assert found.remarks == []


BUFFERS = """
import numpy as np
class Net:
    def __init__(self, sizes):
        self.W = [np.random.randn(n, m) for m, n in zip(sizes, sizes[1:])]
        self.b = [np.zeros((n, 1)) for n in sizes[1:]]
        self.grad_W = [np.zeros_like(W) for W in self.W]
        self.grad_b = [np.zeros_like(b) for b in self.b]
    def backward(self, x, y):
        h = np.tanh(self.W[0] @ x + self.b[0])
        z = self.W[1] @ h + self.b[1]
        d2 = (np.exp(z) / np.exp(z).sum(0) - y) / x.shape[1]
        d1 = (self.W[1].T @ d2) * (1 - h**2)
        for L, (d, a) in enumerate([(d1, x), (d2, h)]):
            self.grad_W[L] += d @ a.T
            self.grad_b[L] += d.sum(1, keepdims=True)
        return self.grad_W, self.grad_b
"""


def test_buffers_that_add_up_are_found_though_they_are_returned(tmp_path):
    found = told(BUFFERS, tmp_path)
    assert (found.verdict, found.keys, found.lines) == ("wrong", ("accumulates",), (15,))
    assert "Right: self.grad_W[L] = d @ a.T" in str(found)
    cleared = edited(
        (
            "        for L, (d",
            "        for g in (*self.grad_W, *self.grad_b):\n            g[...] = 0\n        for L, (d",
        ),
        text=BUFFERS,
    )
    assert told(cleared, tmp_path).verdict == "right"


def test_only_what_is_kept_elsewhere_adds_up():
    made = "def backward(x):\n    dW = 0\n    for s in x:\n        dW += s\n    return dW\n"
    assert added_up(made) is None
    over_samples = "def backward(self, batch):\n    for x in batch:\n        self.dW += x\n"
    assert added_up(over_samples, 5) == (7, "self.dW += x", "")
    assert added_up("def f(:") is None


LAYERS = """
import numpy as np
class Layer:
    def __init__(self, n, m):
        self.grad_w, self.grad_b = np.zeros((n, m)), np.zeros(m)
        self.kernel_, self.offset_ = np.random.randn(n, m), np.zeros(m)
    def __call__(self, x):
        self.x = x
        return x @ self.kernel_ + self.offset_
    def back(self, d):
        self.grad_w, self.grad_b = self.x.T @ d, d.sum(0)
        return d @ self.kernel_.T
class Net:
    def __init__(self, sizes):
        self.layers = [Layer(m, n) for m, n in zip(sizes, sizes[1:])]
    def forward(self, X):
        self.h = np.tanh(self.layers[0](X))
        z = self.layers[1](self.h)
        self.p = np.exp(z) / np.exp(z).sum(1, keepdims=True)
        return self.p
    def backward(self, X, y):
        d = self.layers[1].back((self.p - y) / len(X))
        self.layers[0].back(d * (1 - self.h**2))
        return [l.grad_w for l in self.layers], [l.grad_b for l in self.layers]
"""


def test_layers_that_are_called_and_a_state_that_the_way_forward_keeps(tmp_path):
    found = told(LAYERS, tmp_path)
    assert found.verdict == "right", str(found)
    wrong = told(edited(("(1 - self.h**2)", "(1 - self.h)"), text=LAYERS), tmp_path)
    assert wrong.keys == ("F2 d_tanh: 1 − a",)


@pytest.mark.parametrize("order", ["", "[::-1]"])
def test_a_function_without_biases(order, tmp_path):
    text = f"""
import numpy as np
def gradients(W1, W2, x, y):
    h = np.tanh(x @ W1)
    p = np.exp(h @ W2)
    d = (p / p.sum(1, keepdims=True) - y) / len(x)
    return [x.T @ ((d @ W2.T) * (1 - h**2)), h.T @ d]{order}
"""
    assert told(text, tmp_path).verdict == "right"
    assert told(edited((" - y)", " + y)"), text=text), tmp_path).verdict == "wrong"
