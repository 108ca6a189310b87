"""Two classes keep both names, wherever the network goes: files, exports, and the command line."""

from __future__ import annotations

import csv
import json
import subprocess
import sys

import numpy as np
import pytest

from chainrule import ChainruleClassifier, Dataset, Network
from chainrule.exchange.c_file import c_file
from chainrule.exchange.export import export
from chainrule.exchange.model import described
from tests.cli.commandline import chainrule
from tests.exchange.exported import (
    WAYS,
    by_onnxruntime,
    compiled,
    names_of,
    needs_compiler,
    onnx_outputs,
)

RNG = np.random.default_rng(0)
X = RNG.standard_normal((40, 3))
ON = X[:, 0] + X[:, 1] > 0.3
EVERY_WAY = [pytest.param(way, marks=needs_compiler if way == "c" else ()) for way in WAYS]

KINDS = {
    "texts": np.array(["no", "yes"]),
    "numbers": np.array([-1, 1]),
    "bools": np.array([False, True]),
    "halves": np.array([0.0, 1.0]),
}


def estimator(names=KINDS["texts"], **options):
    given = {"hidden_layer_sizes": (4,), "random_state": 0, "max_iter": 5, "tol": 0, **options}
    return ChainruleClassifier(**given).fit(X, names[ON.astype(int)])


@pytest.fixture(autouse=True)
def _unconverged():
    """Five epochs are enough here."""
    import warnings

    from sklearn.exceptions import ConvergenceWarning

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        yield


@pytest.fixture
def files(tmp_path):
    """A saved estimator, and a labelled table."""
    one = estimator()
    one.network_.save(tmp_path / "model.safetensors")
    with (tmp_path / "rows.csv").open("w", newline="") as file:
        table = csv.writer(file)
        table.writerow(["a", "b", "c", "answer"])
        table.writerows([*x.tolist(), ("no", "yes")[on]] for x, on in zip(X, ON.astype(int), strict=True))
    return one


def test_a_saved_network_says_what_the_estimator_says(tmp_path, files):
    network = Network.load(tmp_path / "model.safetensors")
    assert network.two_classes
    assert not network.multi_label
    assert network.classes == ("no", "yes")
    assert network.loss_name == "cross-entropy"
    np.testing.assert_allclose(network.predict_proba(X), files.predict_proba(X), atol=1e-15)
    said = network.predict(X)
    assert said.shape == (40,)
    assert np.array_equal(np.array(network.classes)[said], files.predict(X))
    evaluation = network.evaluate(X, ON.astype(int))
    assert evaluation.accuracy == files.score(X, np.array(["no", "yes"])[ON.astype(int)])
    assert evaluation.confusion.shape == (2, 2)
    assert str(evaluation).startswith("accuracy")


def test_on_the_command_line(tmp_path, files):
    np.savetxt(tmp_path / "bare.csv", X, delimiter=",")
    done = chainrule("predict", "model.safetensors", "bare.csv", cwd=tmp_path)
    assert done.code == 0, done.err
    header, *rows = csv.reader(done.out.splitlines())
    assert header == ["class", "p(no)", "p(yes)"]
    assert [row[0] for row in rows] == files.predict(X).tolist()
    p = np.array([row[1:] for row in rows], float)
    np.testing.assert_allclose(p, files.predict_proba(X), atol=1e-5)
    done = chainrule("evaluate", "model.safetensors", "rows.csv", cwd=tmp_path)
    assert done.code == 0, done.err
    assert "accuracy" in done.out
    assert "Hamming" not in done.out
    assert "subset" not in done.out
    assert "multi-label" not in done.out
    assert [line.split()[0] for line in done.out.splitlines()[-2:]] == ["no", "yes"]
    done = chainrule("explain", "model.safetensors", "rows.csv", cwd=tmp_path)
    assert done.code == 0, done.err
    assert "true class" in done.out


@pytest.mark.parametrize("way", EVERY_WAY)
def test_exports_give_both_probabilities(way):
    one = estimator()
    p = WAYS[way](one.network_, X)
    assert p.shape == (40, 2)
    np.testing.assert_allclose(p, one.predict_proba(X.astype(np.float32)), atol=1e-6)


def test_the_numpy_file_names_the_class(tmp_path, files):
    names = names_of(files.network_)
    assert names["CLASSES"] == ("no", "yes")
    assert np.array_equal(np.array(names["CLASSES"])[names["predict"](X)], files.predict(X))
    export(files.network_, tmp_path / "model.py")
    np.savetxt(tmp_path / "bare.csv", X, delimiter=",")
    done = subprocess.run(
        [sys.executable, "model.py", "bare.csv"], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    header, *rows = done.stdout.splitlines()
    assert header == "class,p(no),p(yes)"
    assert [row.split(",")[0] for row in rows] == files.predict(X).tolist()


@needs_compiler
def test_the_c_program_names_the_class(tmp_path, files):
    program = compiled(c_file(described(files.network_)), tmp_path / "m", "-DMAIN")
    text = "\n".join(",".join(map(str, row)) for row in X.tolist()) + "\n"
    done = subprocess.run([program], input=text, capture_output=True, text=True, check=True)
    header, *rows = [line.split(",") for line in done.stdout.splitlines()]
    assert header == ["class", "p(no)", "p(yes)"]
    assert [row[0] for row in rows] == files.predict(X).tolist()
    np.testing.assert_allclose(np.array([row[1:] for row in rows], float).sum(axis=1), 1, atol=1e-6)


@pytest.mark.parametrize("kind", KINDS)
def test_onnx_gives_the_class_itself(kind):
    """As skl2onnx: int64 where the classes are whole numbers, else text; one for each row."""
    one = estimator(KINDS[kind])
    label = onnx_outputs(one.network_, X)[1]
    assert label.shape == (40,)
    if kind == "numbers":
        assert label.dtype == np.int64
        assert np.array_equal(label, one.predict(X))
    else:
        assert label.tolist() == list(map(str, one.predict(X)))


def test_onnxruntime_gives_the_class_itself():
    runtime = pytest.importorskip("onnxruntime", reason="needs the package onnxruntime")

    from chainrule.exchange.onnx_file import onnx_file

    assert by_onnxruntime(estimator().network_, X).shape == (40, 2)
    one = estimator()
    session = runtime.InferenceSession(onnx_file(one.network_), providers=["CPUExecutionProvider"])
    label = session.run(["label"], {"x": X.astype(np.float32)})[0]
    assert label.tolist() == one.predict(X).tolist()
    about = session.get_modelmeta().custom_metadata_map
    assert json.loads(about["classes"]) == ["no", "yes"]
    assert json.loads(about["multi_label"]) is False


def test_one_output_without_names_stays_one_label():
    network = Network([3, 4, 1], output="sigmoid", seed=0)
    assert (network.multi_label, network.classes) == (True, ("0",))
    assert network.predict(X).shape == network.predict_proba(X).shape == (40, 1)


def test_a_network_trained_on_two_classes_by_one_output():
    network = Network([3, 4, 1], output="sigmoid", seed=0)
    network.fit(Dataset(X, ON.astype(int), ("no", "yes")), epochs=1, progress=False)
    assert network.predict_proba(X).shape == (40, 2)
    assert network.predict(X).shape == (40,)
    said = ("no", "yes")[int(network.predict(X)[0])]
    words = str(network.explain(X[0], int(ON[0])))
    true = int(ON[0])
    assert f"true class {true} '{('no', 'yes')[true]}'; predicted class" in words
    assert f"'{said}' with probability" in words


def test_one_class_has_its_contrary_beside_it():
    one = ChainruleClassifier((4,), max_iter=60, tol=0, learning_rate_init=0.1).fit(X, np.full(40, "yes"))
    assert one.network_.classes == ("yes", "not yes")
    assert set(one.network_.predict(X)) == {0}
