"""The Python file that trains: the steps of `Network`, bit for bit, with every line's tag."""

from __future__ import annotations

import ast
import re
import subprocess
import sys

import numpy as np
import pytest
from scipy import special

from chainrule import Activation, Head, InputError, Network, datasets
from chainrule.datasets import Scaling
from chainrule.equations.activations import ACTIVATIONS
from chainrule.equations.heads import pos_weighted
from chainrule.exchange.model import described
from chainrule.exchange.numpy_file import numpy_file
from chainrule.exchange.training_file import INITIAL, training_file
from chainrule.model.initializers import INITIALIZERS

PASSES = ("forward", "backward", "gradient_descent")
HELPERS = ("erf", "inputs", "numbers", "targets", "decide", "main", "array")
MISH = "z*tanh(softplus(z))"
FOCAL = "-y*(1-a)**2*log(a)-(1-y)*a**2*log(1-a)"
CASES = {
    **{f"hidden {name}": ([4, 6, 3], {"hidden": name}) for name in ACTIVATIONS},
    "hidden formula": ([4, 6, 3], {"hidden": MISH}),
    "hidden branches": ([4, 6, 3], {"hidden": "where(z > 1, log(1+z**2), atan(z)*log(2)*4/pi)"}),
    "no hidden layer": ([4, 3], {}),
    "deep": ([4, 6, 5, 7, 3], {"hidden": ["relu", "tanh", MISH]}),
    "labels": ([4, 6, 5], {"output": "sigmoid", "hidden": "sigmoid"}),
    "one label": ([4, 6, 1], {"output": "sigmoid"}),
    "quadratic": ([4, 6, 3], {"output": "quadratic"}),
    "weighted labels": ([4, 6, 2], {"output": pos_weighted(np.array([2.5, 0.3]))}),
    "focal loss": ([4, 6, 2], {"output": Head.from_formulas("1/(1+exp(-z))", FOCAL, multi_label=True)}),
    "own loss of softmax": ([4, 6, 3], {"output": Head.from_formulas("softmax", "-y*(1-a)**2*log(a)")}),
    **{f"initializer {name}": ([4, 6, 3], {"initializer": name}) for name in INITIALIZERS},
}


def made(network, learnt=True, **names):
    """What the file defines; ``names`` take the place of some of it."""
    text = training_file(network, learnt)
    found = {"__name__": "written"}
    exec(compile(text, "written.py", "exec"), found)
    found.update(names)
    return found


def rows_for(network, n=30):
    rng = np.random.default_rng(8)
    K = network.layers[-1]
    X = rng.normal(size=(n, network.layers[0]))
    y = (
        (rng.random((n, K)) < 0.4).astype(int)
        if network.multi_label and K > 1
        else rng.integers(0, max(K, 2), n)
    )
    return X, y


def same(written, network):
    return all(
        np.array_equal(getattr(written, f"{letter}{L}"), theta)
        for L, layer in network.params.items()
        for letter, theta in layer._asdict().items()
    )


@pytest.mark.parametrize("case", CASES)
def test_a_hundred_steps_have_the_bits_of_network(case, capsys):
    """Ten epochs of ten mini-batches, the last of them smaller, from the seed on."""
    layers, options = CASES[case]
    network = Network(layers, seed=5, engine="reference", **options)
    X, y = rows_for(network, 28)
    names = made(network, learnt=False, **({"erf": special.erf} if case == "hidden gelu" else {}))
    written = names["Network"](seed=5)
    assert same(written, network)
    network.fit(X, y, epochs=10, batch_size=3, learning_rate=0.3, progress=False)
    written.fit(X, y, epochs=10, batch_size=3, learning_rate=0.3)
    assert same(written, network)
    assert np.array_equal(written.predict_proba(X), network.predict_proba(X))
    assert np.array_equal(written.predict(X), network.predict(X))
    assert written.loss(X, y) == pytest.approx(network.loss(X, y), rel=1e-12)
    assert capsys.readouterr().out.splitlines()[-1].startswith("epoch 10: loss ")


def test_one_wrong_bit_is_seen():
    network = Network([4, 6, 3], seed=5, engine="reference")
    written = made(network)["Network"](seed=5)
    written.W1[0, 0] = np.nextafter(written.W1[0, 0], 9)
    assert not same(written, network)


def test_erf_of_the_file_itself_is_near():
    """NumPy has no erf: with gelu the steps agree but for rounding."""
    network = Network([4, 6, 3], hidden="gelu", seed=5, engine="reference")
    X, y = rows_for(network)
    written = made(network)["Network"](seed=5)
    network.fit(X, y, epochs=3, progress=False)
    written.fit(X, y, epochs=3)
    assert np.abs(written.predict_proba(X) - network.predict_proba(X)).max() < 1e-12


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_what_was_learnt_goes_along_and_training_goes_on(dtype):
    train, _ = datasets.load("digits")
    network = Network([64, 12, 10], seed=3, initializer="xavier", engine="reference", dtype=dtype)
    network.fit(train, epochs=1, batch_size=30, learning_rate=0.1, progress=False)
    raw = train.X * train.scaling.scale + train.scaling.shift
    written = made(network)["Network"].trained()
    assert same(written, network)
    network.fit(train, epochs=1, batch_size=30, learning_rate=0.1, progress=False)
    written.fit(raw, train.y)  # one epoch more, with the options of the last training
    assert written.epoch == 2
    assert same(written, network)


def test_what_the_training_had_besides_is_said():
    network = Network([4, 6, 3], seed=5, engine="reference")
    X, y = rows_for(network)
    assert "was trained with" not in training_file(network)
    network.fit(X, y, epochs=1, optimizer="adam", schedule="cosine", l2=0.01, clip_value=2, progress=False)
    text = training_file(network)
    said = "trained with adam, cosine schedule, l2 0.01, clip_value 2; this file trains by plain gradient"
    assert said in " ".join(text.split())
    assert "learning_rate=0.5):" in text


def test_a_table_with_gaps_and_words_and_two_classes_on_one_output(tmp_path):
    """Rows as in the table, of which the file fills the gaps and encodes the words."""
    lines = [f"{i % 7 or ''},{'red' if i % 3 else 'blue'},{'no' if i % 2 else 'yes'}" for i in range(40)]
    (tmp_path / "t.csv").write_text("\n".join(["size,colour,answer", *lines]), encoding="utf-8")
    data = datasets.load(tmp_path / "t.csv")
    train, _ = data if isinstance(data, tuple) else (data, None)
    network = Network([train.n_features, 4, 1], output="sigmoid", seed=1, engine="reference")
    network.fit(train, epochs=2, batch_size=10, learning_rate=0.2, progress=False)
    names = made(network)
    written = names["Network"].trained()
    rows = [["3", "red"], ["", "blue"], ["6", "blue"]]
    exported = {"__name__": "exported"}
    exec(numpy_file(described(network)), exported)
    assert np.abs(written.predict_proba(rows) - exported["predict_proba"](rows)).max() < 1e-12
    assert written.predict_proba(rows).shape == (3, 2)
    assert np.array_equal(written.predict(rows), exported["predict"](rows))
    assert names["CLASSES"] == ("no", "yes")
    with pytest.raises(ValueError, match="size must be a finite number; got 'big'"):
        written.predict([["big", "red"]])


def test_rows_that_are_no_numbers_are_refused():
    written = made(Network([2, 2], seed=0))["Network"]()
    for X in ([[1.0, np.nan]], [[1.0, 2.0, 3.0]], [1.0, 2.0]):
        with pytest.raises(ValueError, match="rows of 2 finite numbers"):
            written.predict(X)


def test_scaling_is_done_by_the_file():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(40, 3)) * (1, 20, 3) + (0, 100, -5)
    data = datasets.Dataset(X, np.arange(40) % 4, ("a", "b", "c", "d"))
    scaled = data.scaled(Scaling.standard(X))
    network = Network([3, 5, 4], seed=0, engine="reference")
    network.fit(scaled, epochs=2, batch_size=7, learning_rate=0.2, progress=False)
    names = made(network)
    assert names["CLASSES"] == ("a", "b", "c", "d")
    written = names["Network"].trained()
    assert np.abs(written.predict_proba(X) - network.predict_proba(scaled.X)).max() < 1e-7
    fresh = names["Network"]()
    fresh.fit(X, data.y, epochs=2)  # batch size and learning rate are those of the training
    assert np.abs(fresh.predict_proba(X) - network.predict_proba(scaled.X)).max() < 1e-7


@pytest.mark.parametrize("case", CASES)
def test_the_file_is_readable(case):
    """NumPy alone; lines of at most 110 characters; each of mathematics with its tag."""
    layers, options = CASES[case]
    text = training_file(Network(layers, seed=0, **options))
    tree = ast.parse(text)
    modules = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    assert modules <= {"base64", "math", "sys", "numpy"}
    assert not [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    lines = text.splitlines()
    assert max(len(line) for line in lines) <= 110
    functions = [node for node in tree.body if isinstance(node, ast.FunctionDef)]
    network = next(node for node in tree.body if isinstance(node, ast.ClassDef))
    passes = [node for node in network.body if getattr(node, "name", "") in PASSES]
    tags = set()
    for node in [*(node for node in functions if node.name not in HELPERS), *passes]:
        for statement in node.body[isinstance(node.body[0], ast.Expr) :]:
            line = lines[statement.end_lineno - 1]
            if node in passes and ("= self." in line or "return" in line) and "#" not in line:
                continue  # what one pass hands to the next
            tags.add(re.search(r"# ([A-Z]\d?|what each sample counts in the mean)$", line)[1])
    assert {"F1", "B3", "B4", "G1"} <= tags
    for tag in tags - {"what each sample counts in the mean"}:
        assert f"\n    {tag:4}" in text  # the docstring explains it


def test_it_is_printed_from_the_equations(monkeypatch):
    """Another B2 is another line."""
    from chainrule.equations import network as equations

    network = Network([2, 2, 2], seed=0)
    assert "delta1 = (delta2 @ self.W2) * d_sigmoid(z1, a1)  # B2" in training_file(network)
    monkeypatch.setattr(equations, "input_gradient", lambda delta, W: delta @ W.T)
    assert "delta1 = (delta2 @ self.W2.T) * d_sigmoid(z1, a1)  # B2" in training_file(network)


def test_every_initializer_is_known():
    assert set(INITIAL) == set(INITIALIZERS)


def test_the_file_trains_by_itself(tmp_path):
    network = Network([4, 6, 3], seed=5, engine="reference")
    X, y = rows_for(network)
    (tmp_path / "written.py").write_text(training_file(network, learnt=False), encoding="utf-8")
    np.savez(tmp_path / "data.npz", X=X, y=y)
    command = [sys.executable, "-I", "-X", "utf8", "-W", "error", "written.py", "data.npz"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, encoding="utf-8", check=True)
    assert len(done.stdout.splitlines()) == 30


def test_names_do_not_break_out():
    evil = '"""\nimport os  # \\'
    phi = Activation(evil, lambda xp, z: z * 2, lambda xp, z, a: 2)
    tree = ast.parse(training_file(Network([2, 2, 2], hidden=phi, seed=0)))
    assert not [n for n in ast.walk(tree) if isinstance(n, ast.Import) and n.names[0].name == "os"]


def test_refusals(tmp_path):
    network = Network([2, 2], seed=0)
    network.export(tmp_path / "m.py", with_training=True)
    assert "class Network" in (tmp_path / "m.py").read_text(encoding="utf-8")
    for path, to in ((tmp_path / "m.c", None), (tmp_path / "m", "onnx")):
        with pytest.raises(InputError, match=r"'numpy' alone; got '(c|onnx)'"):
            network.export(path, to, with_training=True)
        assert not path.exists()
    bad = Activation("bad", lambda xp, z: z, lambda xp, z, a: np.asarray(1.0) * z)
    with pytest.raises(InputError, match="the slope of 'bad' must be written with xp"):
        training_file(Network([2, 2, 2], hidden=bad, seed=0))
