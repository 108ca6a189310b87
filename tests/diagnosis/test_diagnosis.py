"""``diagnose(thing)`` in Python: functions, objects, other libraries' networks."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from chainrule import InputError, diagnose
from chainrule.diagnosis.asking.observe import findings
from chainrule.diagnosis.asking.source import from_file
from chainrule.diagnosis.asking.transfer import pack, unpack


def gradients(weights, biases, x, y, wrong=1.0):
    """Rows, (out, in); softmax."""
    h = np.tanh(x @ weights[0].T + biases[0])
    e = np.exp(h @ weights[1].T + biases[1])
    d = (e / e.sum(axis=1, keepdims=True) - y) / len(x)
    back = d @ weights[1] * (1 - h**2)
    return [wrong * back.T @ x, d.T @ h], [back.sum(axis=0), d.sum(axis=0)]


def negative(weights, biases, x, y):
    return gradients(weights, biases, x, y, wrong=-1.0)


def noisy(weights, biases, x, y):
    dW, db = gradients(weights, biases, x, y)
    return [dW[0] + 0.1 * np.sin(weights[0]), dW[1]], db


def test_a_function():
    found = diagnose(gradients)
    assert (found.verdict, found.exit_code, found.mistakes) == ("right", 0, ())
    assert "tanh hidden layers, softmax outputs" in str(found)
    assert "(out, in), samples as rows" in str(found)


def test_a_wrong_function():
    found = diagnose(negative, [3, 4, 2], hidden="tanh")
    assert (found.verdict, found.keys) == ("wrong", ("B3 sign",))
    assert found.mistakes[0].layers == (1,)
    assert "dW^1 wrong; db^1, dW^2, db^2 right." in str(found)
    assert "<table" in found._repr_html_()


@pytest.mark.parametrize(
    ("slope", "keys"),
    [
        (lambda z: np.where(np.abs(z) < 3, z / 3 + 0.5, z > 0), ()),
        (lambda z: np.clip(z + 3, 0, 6) / 6, ("F2 d_hardswish: product rule forgotten",)),
        (lambda z: np.where(np.abs(z) < 3, z / 3, z > 0), ("F2 d_hardswish: 3 forgotten",)),
        (lambda z: (np.abs(z) < 3) * (z / 3 + 0.5), ("F2 d_hardswish: 0 above 3",)),
    ],
    ids=lambda x: x[0] if isinstance(x, tuple) and x else "",
)
def test_slopes_of_hardswish(slope, keys):
    def gradients(weights, biases, x, y):
        z = x @ weights[0].T + biases[0]
        h = z * np.clip(z + 3, 0, 6) / 6
        e = np.exp(h @ weights[1].T + biases[1])
        d = (e / e.sum(axis=1, keepdims=True) - y) / len(x)
        back = d @ weights[1] * slope(z)
        return [back.T @ x, d.T @ h], [back.sum(axis=0), d.sum(axis=0)]

    found = diagnose(gradients, hidden="hardswish")
    assert "hardswish hidden layers" in str(found)
    assert (found.verdict, found.keys) == ("wrong" if keys else "right", keys)


def test_what_nothing_explains_says_which_equations_hold():
    found = diagnose(noisy, [3, 4, 2], hidden="tanh", output="softmax")
    assert found.verdict == "wrong"
    assert found.mistakes == ()
    broken = [(e.tag, e.layer) for e in found.part.equations if not e.right]
    assert broken == [("B3", 1)]
    assert "Look at B3 of layer 1 first" in str(found)


def test_an_object_is_left_as_it_was():
    class Net:
        def __init__(self):
            self.weights = [np.ones((4, 3)), np.ones((2, 4))]
            self.biases = [np.zeros(4), np.zeros(2)]

        def backprop(self, x, y):
            return gradients(self.weights, self.biases, x, y)

    net = Net()
    found = diagnose(net)
    assert found.verdict == "right"
    assert found.to_dict()["layers"] == [3, 4, 2]
    assert (net.weights[0] == 1).all()


def test_it_needs_names_it_knows():
    with pytest.raises(InputError, match="Did you mean 'softmax'"):
        diagnose(gradients, output="softmaxx")


def test_what_comes_back_from_the_other_process_is_what_was_found(tmp_path):
    from tests.diagnosis.cases import CORPUS

    found = findings(from_file(str(CORPUS / "textbook.py")), None, (3, 4, 2))
    pack(found, tmp_path / "found.npz")
    again = unpack(tmp_path / "found.npz")
    assert str(again) == str(found)
    assert np.array_equal(again.answers[0].observed[5].dW[1], found.answers[0].observed[5].dW[1])


def test_scikit_learns_regressor_has_n_outputs_times_its_losss_gradient():
    """Issue 8349 there: reported loss and gradient differ by the number of outputs."""
    from sklearn.neural_network import MLPRegressor

    found = diagnose(MLPRegressor(hidden_layer_sizes=(5,), activation="tanh"))
    assert found.keys == ("ALL times outputs",)
    assert "n_outputs × the gradient" in str(found)
    assert "times the slope of your own loss" in " ".join(str(found).split())


def test_scikit_learns_classifier_is_right_and_its_loss_is_clipped():
    from sklearn.linear_model import LogisticRegression
    from sklearn.neural_network import MLPClassifier

    found = diagnose(MLPClassifier((5, 4), activation="logistic"))
    assert found.verdict == "right"
    assert {"slope", "clipped"} <= {remark.key for remark in found.remarks}
    assert "MLPClassifier" in str(found)
    with pytest.raises(InputError, match="MLPClassifier and MLPRegressor"):
        diagnose(LogisticRegression())


def test_pytorch():
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    nn = torch.nn
    module = nn.Sequential(nn.Linear(3, 5), nn.Tanh(), nn.Linear(5, 4))
    assert (
        diagnose(module, criterion=nn.CrossEntropyLoss(), hidden="tanh", output="softmax").verdict == "right"
    )
    twice = nn.Sequential(*module, nn.Softmax(dim=1))
    found = diagnose(twice, criterion=nn.CrossEntropyLoss(), hidden="tanh", output="softmax")
    assert found.keys == ("B1 softmax twice",)
    with pytest.raises(InputError, match="must come with its loss"):
        diagnose(module)


def test_jax():
    pytest.importorskip("jax", reason="JAX is not installed")
    from jax import numpy as jnp
    from jax.nn import log_softmax

    from chainrule.diagnosis.adapters.jax import functions

    def loss(params, x, y):
        for W, b in params[:-1]:
            x = jnp.tanh(x @ W.T + b)
        W, b = params[-1]
        return -jnp.mean(jnp.sum(y * log_softmax(x @ W.T + b), axis=1))

    assert diagnose(functions(loss), [3, 4, 2], hidden="tanh", output="softmax").verdict == "right"


@pytest.fixture
def compiled():
    """``compiled(last, loss)``: a model 3-4-2 of Keras, on whichever backend is there."""
    keras = pytest.importorskip("keras", reason="Keras is not installed")

    def make(last, loss):
        layers = [keras.Input((3,)), keras.layers.Dense(4, "tanh"), keras.layers.Dense(2, last)]
        model = keras.Sequential(layers)
        model.compile(loss=loss(keras) if callable(loss) else loss)
        return model

    return make


def test_keras_is_right(compiled):
    model = compiled("softmax", "categorical_crossentropy")
    before = [np.array(w) for w in model.get_weights()]
    assert diagnose(model, hidden="tanh", output="softmax").verdict == "right"
    assert all(map(np.array_equal, before, model.get_weights()))
    logits = compiled(None, lambda keras: keras.losses.CategoricalCrossentropy(from_logits=True))
    assert diagnose(logits, hidden="tanh", loss="categorical").verdict == "right"


def test_keras_with_softmax_and_from_logits(compiled):
    twice = compiled("softmax", lambda keras: keras.losses.CategoricalCrossentropy(from_logits=True))
    assert diagnose(twice, hidden="tanh", output="softmax").keys == ("B1 softmax twice",)


def test_keras_with_a_loss_of_its_own(compiled):
    squared = compiled("sigmoid", lambda keras: lambda y, a: keras.ops.sum((a - y) ** 2, axis=-1) / 2)
    found = diagnose(squared, hidden="tanh", output="sigmoid", loss="multi-label")
    assert found.keys == ("B1 gradient of quadratic cost with sigmoid",)


def test_keras_must_be_compiled():
    keras = pytest.importorskip("keras", reason="Keras is not installed")
    with pytest.raises(InputError, match="not compiled"):
        diagnose(keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)]))


@pytest.mark.parametrize("package", ["torch", "keras"])
def test_a_missing_package_is_named_with_its_extra(package, monkeypatch):
    kind = type("Network", (), {"__module__": f"{package}.nn"})
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(InputError, match=rf"pip install 'chainrule\[{package}\]'"):
        diagnose(kind(), [3, 4, 2])


def test_a_missing_jax_is_named_with_its_extra(monkeypatch):
    from chainrule.diagnosis.adapters.jax import functions

    monkeypatch.setitem(sys.modules, "jax", None)
    with pytest.raises(InputError, match=r"pip install 'chainrule\[jax\]'"):
        functions(len)
