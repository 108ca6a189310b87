"""The exported files as a user meets them: read, run, compiled, asked for their classes."""

from __future__ import annotations

import ast
import csv
import io
import json
import re
import subprocess
import sys

import numpy as np
import pytest

from chainrule import Dataset, InputError, Network
from chainrule.datasets import Scaling
from chainrule.exchange.c_file import c_file
from chainrule.exchange.model import described
from chainrule.exchange.numpy_file import numpy_file
from tests.exchange.exported import compiled, digits_network, names_of, needs_compiler, onnx_outputs

CLASSES = ("a b", 'quote"s', "*/ end", "über\\", "??/")
FEATURES = ("u", "v, w", "'x'")


def trained(n_classes=5, multi_label=False, **options):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(40, 3)) * (1, 20, 3) + (0, 100, -5)
    y = (rng.random((40, n_classes)) < 0.4).astype(np.uint8) if multi_label else np.arange(40) % n_classes
    data = Dataset(X, y, CLASSES[:n_classes], features=FEATURES)
    scaled = data.scaled(Scaling.standard(X))
    network = Network(
        [3, 6, n_classes], hidden="tanh", seed=0, output="sigmoid" if multi_label else "softmax",
        dtype="float32", engine="reference", **options,
    )  # fmt: skip
    network.fit(scaled, epochs=3, progress=False)
    return network, X, scaled.X


def table(text):
    header, *rows = csv.reader(io.StringIO(text))
    return (
        header,
        [row[0] for row in rows],
        np.array([[float(v) for v in row[-len(header) + 1 :]] for row in rows]),
    )


@pytest.mark.parametrize("multi_label", [False, True])
def test_the_numpy_file_runs_alone(tmp_path, multi_label):
    network, X, scaled = trained(multi_label=multi_label)
    (tmp_path / "model.py").write_text(numpy_file(described(network)), encoding="utf-8")
    with open(tmp_path / "rows.csv", "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow([FEATURES[2], "other", FEATURES[0], FEATURES[1]])  # found by name
        writer.writerows([x[2], "?", x[0], x[1]] for x in X)
    command = [sys.executable, "-I", "-X", "utf8", "-W", "error", "model.py", "rows.csv"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, encoding="utf-8", check=True)
    header, said, a = table(done.stdout)
    assert header == ["labels" if multi_label else "class", *(f"p({name})" for name in CLASSES)]
    assert np.abs(a - network.predict_proba(scaled)).max() < 2e-6
    predicted = network.predict(scaled)
    if multi_label:
        assert said == [" ".join(np.array(CLASSES)[row == 1]) for row in predicted]
    else:
        assert said == [CLASSES[k] for k in predicted]


def test_the_numpy_file_imports_numpy_alone():
    tree = ast.parse(numpy_file(described(digits_network([64, 12, 10], hidden="gelu")[0])))
    modules = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    assert modules == {"base64", "csv", "math", "re", "sys", "numpy"}
    assert not [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]


@pytest.mark.parametrize("output", ["softmax", "sigmoid", "quadratic"])
def test_every_line_of_mathematics_is_tagged(output):
    network = Network([3, 4, 5, 2], hidden=["silu", "z*sigmoid(z)"], output=output, seed=0)
    text = numpy_file(described(network))
    passes = text[text.index("def forward") : text.index("def numbers")].splitlines()
    last = "H1" if output == "softmax" else "H3"
    assert re.findall(r"# (\w\d)$", "\n".join(passes), re.MULTILINE) == ["F1", "F2", "F1", "F2", "F1", last]
    functions = text[text.index("FEATURES") : text.index("def forward")]
    for line in functions.splitlines()[1:]:
        if line.startswith("    ") and not line.lstrip().startswith(("#", '"""')):
            assert re.search(r"# (F2|H1|H3)$", line), line
    c = c_file(described(network))
    for line in c.splitlines():
        if re.search(r"\b(exp|affine|f_\w+|tanh)\(", line) and "static" not in line:
            assert re.search(r"/\* (F1|F2|H1|H3) \*/$", line), line


def test_small_arrays_are_readable_and_long_ones_are_not_many_lines():
    small = numpy_file(described(Network([2, 2], seed=0)))
    assert "base64" not in small
    assert "W1 = np.array([\n    [" in small
    network = digits_network([64, 30, 10])[0]
    text = numpy_file(described(network))
    assert len(text) < 1.5 * 4 * network.n_parameters + 5500
    assert max(map(len, text.splitlines())) <= 110
    assert np.array_equal(names_of(network)["W1"], network.W[1])


def test_predict_of_the_numpy_file():
    for multi_label in (False, True):
        network, X, scaled = trained(multi_label=multi_label)
        names = names_of(network)
        assert np.array_equal(names["predict"](X), network.predict(scaled))
        assert names["CLASSES"] == CLASSES
        assert names["FEATURES"] == FEATURES


@needs_compiler
@pytest.mark.parametrize("precision", ["double", "float"])
@pytest.mark.parametrize("multi_label", [False, True])
def test_the_c_program(tmp_path, precision, multi_label):
    network, X, scaled = trained(multi_label=multi_label)
    program = compiled(c_file(described(network)), tmp_path / "model", "-DMAIN", f"-DREAL={precision}")
    rows = "\r\n".join(",".join(map(str, x)) for x in X)
    done = subprocess.run([program], input=rows, capture_output=True, encoding="utf-8", check=True)
    header, said, a = table(done.stdout)
    assert header == ["labels" if multi_label else "class", *(f"p({name})" for name in CLASSES)]
    assert np.abs(a - network.predict_proba(scaled)).max() < 2e-6
    predicted = network.predict(scaled)
    expected = (
        [" ".join(np.array(CLASSES)[row == 1]) for row in predicted]
        if multi_label
        else [CLASSES[k] for k in predicted]
    )
    assert said == expected
    spaced = subprocess.run([program], input="1 2 3", capture_output=True, encoding="utf-8", check=True)
    expected = network.predict_proba(network.data.scaling(np.array([[1, 2, 3]])))
    assert table(spaced.stdout)[2] == pytest.approx(expected, abs=2e-6)


@needs_compiler
def test_c_of_every_shape_compiles_without_a_warning(tmp_path):
    for number, (layers, options) in enumerate(
        [([1, 1], {"output": "sigmoid"}), ([3, 2], {}), ([2, 3, 2], {"hidden": "where(z>0,z,-z/8)"})]
    ):
        compiled(c_file(described(Network(layers, seed=0, **options))), tmp_path / f"m{number}", "-DMAIN")


@needs_compiler
def test_the_compiler_is_strict(tmp_path):
    with pytest.raises(AssertionError, match="unused"):
        compiled("static int unused;\nint main(void) { return 0; }\n", tmp_path / "m")


def test_weights_beyond_float32_are_refused_in_c():
    network = Network([2, 2], seed=0)
    network.W[1] = [[1e300, 0], [0, 0]]
    with pytest.raises(InputError, match=r"must fit into float32.*--to numpy"):
        c_file(described(network))
    assert "1e+300" in numpy_file(described(network))


def test_a_name_cannot_break_out():
    from chainrule import Activation

    evil = '"""\nimport os  # */ int x; \\'
    network = Network([2, 2, 2], hidden=Activation(evil, lambda xp, z: z * 2, lambda xp, z, a: 2), seed=0)
    tree = ast.parse(numpy_file(described(network)))
    assert not [n for n in ast.walk(tree) if isinstance(n, ast.Import) and n.names[0].name == "os"]
    assert c_file(described(network)).count("int x") == c_file(described(network)).count("* / int x")


@pytest.mark.parametrize("multi_label", [False, True])
def test_onnx_says_what_it_is(multi_label):
    onnx = pytest.importorskip("onnx", reason="needs the package onnx")
    from chainrule.exchange.onnx_file import onnx_file

    network, X, scaled = trained(multi_label=multi_label)
    made = onnx.load_from_string(onnx_file(network))
    onnx.checker.check_model(made, full_check=True)
    assert (made.ir_version, made.opset_import[0].version) == (8, 17)
    about = {entry.key: entry.value for entry in made.metadata_props}
    assert json.loads(about["classes"]) == list(CLASSES)
    assert json.loads(about["features"]) == list(FEATURES)
    assert json.loads(about["multi_label"]) is multi_label
    for n in (1, 7):  # any number of rows
        probabilities, label = onnx_outputs(network, X[:n])
        assert np.array_equal(label, network.predict(scaled[:n]))
        assert probabilities.shape == (n, 5)


@pytest.mark.parametrize("hidden", ["elu", "gelu", "z*tanh(softplus(z))", "asinh(z)+sign(z)*z*cos(z)"])
def test_onnxruntime_agrees(hidden):
    runtime = pytest.importorskip("onnxruntime", reason="needs the package onnxruntime")
    pytest.importorskip("onnx", reason="needs the package onnx")
    from chainrule.exchange.onnx_file import onnx_file

    network, raw, scaled = digits_network([64, 12, 10], hidden=hidden)
    session = runtime.InferenceSession(onnx_file(network))
    probabilities, label = session.run(None, {"x": raw.astype(np.float32)})
    assert np.abs(probabilities - network.predict_proba(scaled)).max() < 1e-6
    assert np.array_equal(label, network.predict(scaled))


def test_without_onnx_the_remedy_is_named(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(InputError, match=r"pip install 'chainrule\[onnx\]'"):
        Network([2, 2], seed=0).export(tmp_path / "m.onnx")
    assert not list(tmp_path.iterdir())


def test_the_ending_says_what_is_written(tmp_path):
    network = Network([2, 2], seed=0)
    network.export(tmp_path / "m.py")
    network.export(tmp_path / "m.c")
    network.export(tmp_path / "m.txt", to="c")
    assert (tmp_path / "m.c").read_text() == (tmp_path / "m.txt").read_text()
    with pytest.raises(InputError, match="one of onnx, numpy, c"):
        network.export(tmp_path / "m")
    with pytest.raises(InputError, match="Did you mean 'onnx'"):
        network.export(tmp_path / "m", to="onxx")
