"""Exported files take a table as `predict` takes it, gaps and categories too, and refuse what it refuses."""

from __future__ import annotations

import csv
import io
import math
import subprocess
import sys
import warnings

import numpy as np
import pytest

from chainrule import DataWarning, InputError, Network, datasets
from chainrule.cli.predict import predictions
from chainrule.exchange.c_file import c_file
from chainrule.exchange.model import described
from chainrule.exchange.numpy_file import numpy_file
from chainrule.model.dataspec import DataSpec
from tests.exchange.exported import compiled, names_of, needs_compiler

TABLE = """age,colour,size,x,bought
30,red,1.5,4,yes
41,"b, l""ue",,5,no
,green,2.5,1,yes
25,red,1.0,2,no
38,,3.5,3,yes
52,"b, l""ue",2.0,9,no
33,red,1.7,8,yes
"""
_, ROWS_OF_TABLE = TABLE.split("\n", 1)

NUMBERS = "u,v,w,class\n" + "\n".join(f"{i},{i * i},{5 - i},{'ab'[i % 2]}" for i in range(12)) + "\n"

WAYS = ["numpy", pytest.param("c", marks=needs_compiler)]


@pytest.mark.parametrize(
    ("cells", "missing", "got"),
    [
        (("1,5", "1.200"), None, "'size' has a decimal comma"),
        (("1.5", "-999"), "-999", "'size' has signs of its own"),
    ],
)
def test_a_notation_of_its_own_is_refused(cells, missing, got, tmp_path):
    """1.200 would be read as 1.2, and -999 as a size."""
    rows = [f"{cells[i // 2 % 2]};{'xy'[i % 2]}" for i in range(20)]
    (tmp_path / "t.csv").write_text("\n".join(["size;kind", *rows, f"{cells[0]};x"]))
    data, _ = datasets.load(tmp_path / "t.csv", missing=missing, decimal=cells[0][1])
    network = Network([data.n_features, 2], seed=0)
    network.data = DataSpec.of(data)
    for write in (c_file, numpy_file):
        with pytest.raises(InputError, match=got):
            write(described(network))


def network_of(text, folder, target):
    path = folder / "train.csv"
    path.write_text(text, encoding="utf-8")
    data, _ = datasets.load(path, target=target)
    network = Network([data.X.shape[1], 5, len(data.classes)], seed=4, dtype="float32", engine="reference")
    network.fit(data, epochs=20, learning_rate=0.5, progress=False)
    network.data = DataSpec.of(data)._replace(target=target)
    return network


class Program:
    """An exported file that reads CSV: called with text, it gives exit code, output and errors."""

    def __init__(self, network, way, folder):
        self.way, self.folder = way, folder
        if way == "c":
            self.command = [compiled(c_file(described(network)), folder / "said", "-DMAIN")]
        else:
            (folder / "alone.py").write_text(numpy_file(described(network)), encoding="utf-8")
            self.command = [sys.executable, "-I", "-X", "utf8", "alone.py", "rows.csv"]

    def __call__(self, text):
        given = text.encode("utf-8")
        (self.folder / "rows.csv").write_bytes(given)
        done = subprocess.run(self.command, cwd=self.folder, input=given, capture_output=True, check=False)
        return done.returncode, done.stdout.decode(), done.stderr.decode()


@pytest.fixture(scope="module", params=WAYS)
def way(request):
    return request.param


@pytest.fixture(scope="module")
def table(way, tmp_path_factory):
    folder = tmp_path_factory.mktemp("table")
    network = network_of(TABLE + 3 * ROWS_OF_TABLE, folder, "bought")
    return network, Program(network, way, folder)


@pytest.fixture(scope="module")
def numbers(way, tmp_path_factory):
    folder = tmp_path_factory.mktemp("numbers")
    network = network_of(NUMBERS, folder, "class")
    return network, Program(network, way, folder)


@pytest.fixture(scope="module")
def unnamed(way, tmp_path_factory):
    folder = tmp_path_factory.mktemp("unnamed")
    network = Network([2, 3], seed=0)
    return network, Program(network, way, folder)


def predicted(network, text, folder):
    """What `chainrule predict` says of the same rows."""
    path = folder / "same.csv"
    path.write_text(text, encoding="utf-8")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataWarning)
        X = datasets.read_features(
            path,
            n_features=network.layers[0],
            features=network.data.features,
            ignore=["bought", "class"],
            preprocessing=network.data.preprocessing,
        )
    return predictions(network, network.data.scaling(X, network.dtype))


def same(ours, theirs):
    """Two CSV texts with the same header and classes, and nearly the same probabilities."""
    ours, theirs = (list(csv.reader(io.StringIO(text))) for text in (ours, theirs))
    assert [row[0] for row in ours] == [row[0] for row in theirs]
    assert ours[0] == theirs[0]
    a, b = (np.array([[float(p) for p in row[1:]] for row in rows[1:]]) for rows in (ours, theirs))
    return a.shape == b.shape and np.abs(a - b).max() < 2e-6


ROWS = {
    "as trained": TABLE,
    "another order": "size,x,age,note,colour\n1.5,4,30,?,red\n2.25,1,20,,green\n",
    "gaps": "age,colour,size,x\nNA,?,-,null\n , ,  , \n",
    "an unknown category": "age,colour,size,x\n30,violet,1.5,4\n",
    "semicolons": "age;colour;size;x\n30;red;1.5;4\n",
    "tabs, BOM and CRLF": "\ufeffage\tcolour\tsize\tx\r\n30\tred\t1.5\t4\r\n\r\n",
    "spaces": "age, colour ,size,x\n 30 , red, 1.5,4 \n",
    "numbers of every form": "age,colour,size,x\n3e1,red,+1.5,.5\n-4.,red,1E-3,007\n",
}


@pytest.mark.parametrize("name", ROWS)
def test_rows_are_taken_as_predict_takes_them(table, name, tmp_path):
    network, program = table
    code, said, errors = program(ROWS[name])
    assert code == 0, errors
    assert same(said, predicted(network, ROWS[name], tmp_path))
    assert ("violet" in errors) == ("violet" in ROWS[name])


WRONG = {
    "a word": ("age,colour,size,x\n30,red,1.5,4\nold,red,1,4\n", 3, "age"),
    "infinity": ("age,colour,size,x\ninf,red,1,4\n", 2, "age"),
    "infinity by overflow": ("age,colour,size,x\n1e999,red,1,4\n", 2, "age"),
    "too few cells": ("age,colour,size,x\n30,red,1.5\n", 2, "4 cells; got 3"),
    "too many cells": ("age,colour,size,x\n30,red,1.5,4,5\n", 2, "4 cells; got 5"),
    "no header": ("30,red,1.5,4\n", 1, "the first line must name the columns age, colour, size, x"),
    "a misspelt header": ("aged,colour,size,x\n30,red,1.5,4\n", 1, "the first line must name"),
    "a hexadecimal number": ("age,colour,size,x\n0x1F,red,1,4\n", 2, "age"),
    "a number with underscores": ("age,colour,size,x\n1_0,red,1,4\n", 2, "age"),
    "an open quotation mark": ('age,colour,size,x\n30,"red,1,4\n', 2, ""),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_row_is_an_error_with_its_line(table, name):
    text, line, what = WRONG[name]
    code, said, errors = table[1](text)
    assert code == 1
    assert f"line {line}" in errors
    assert what in errors
    assert len(said.splitlines()) <= max(0, line - 1)
    assert "Traceback" not in errors


@pytest.mark.parametrize(
    "text", [",4,1\n", "nan,4,1\n", "1,,2\n", "u,v,w\n1,,2\n", "1,2,-inf\n", "1,2\n", "1,2,3,4\n"]
)
def test_a_model_of_numbers_alone_takes_no_gap(numbers, text):
    """A gap was dropped, shifted or answered with class 0, with exit code 0."""
    code, said, errors = numbers[1](text)
    assert code == 1
    assert f"line {1 + text.startswith('u')}" in errors
    assert said == ""
    assert "Traceback" not in errors


def test_a_header_is_recognised_without_names(unnamed):
    """Of data without column names, a first line without any number is a header; one with a gap is a row."""
    _, program = unnamed
    code, said, _ = program("left,right\n1,2\n")
    assert code == 0
    plain = program("1,2\n")[1]
    assert said == plain
    assert program(",4\n")[0] == 1
    assert program("left,4\n")[0] == 1
    assert program("\n")[0] == program("left,right\n")[0] == 1


def test_nothing_but_finite_numbers_reaches_the_network(numbers, unnamed, way, tmp_path):
    """As `predict` refuses NaN and infinity, so does the function that other programs call."""
    network = numbers[0]
    if way == "numpy":
        names = names_of(network)
        for value in (math.nan, math.inf, -math.inf):
            with pytest.raises(ValueError, match=r"row 1: v must be a finite number; got -?(nan|inf)"):
                names["predict"]([[1, 2, 3], [1, value, 3]])
        with pytest.raises(ValueError, match=r"rows of 3 numbers; got an array of shape \(2,\)"):
            names["predict"]([1, 2])
        return
    import ctypes

    library = ctypes.CDLL(str(compiled(c_file(described(network)), tmp_path / "m", "-shared", "-fPIC")))
    a = (ctypes.c_float * 2)()
    for value in (math.nan, math.inf, -math.inf):
        x = (ctypes.c_float * 3)(1, value, 3)
        assert library.predict_proba(x, a) == 2
        assert np.isnan(a).all()
        assert library.predict(x) == -1
    assert library.predict_proba((ctypes.c_float * 3)(1, 2, 3), a) == 0
    assert sum(a) == pytest.approx(1)


def test_the_numpy_file_takes_rows_of_python(table, tmp_path):
    """Numbers, text, None and NaN, as a program has them."""
    network = table[0]
    names = names_of(network)
    rows = [[30, "red", 1.5, 4], [None, None, math.nan, "4"], ["41", 'b, l"ue', 2, 5.0]]
    text = 'age,colour,size,x\n30,red,1.5,4\n,,,4\n41,"b, l""ue",2,5.0\n'
    theirs = list(csv.reader(io.StringIO(predicted(network, text, tmp_path))))[1:]
    assert [names["CLASSES"][k] for k in names["predict"](rows)] == [row[0] for row in theirs]
    assert names["FEATURES"] == ("age", "colour", "size", "x")
    with pytest.warns(UserWarning, match="colour holds 'violet'"):
        names["predict_proba"]([[1, "violet", 1, 1]])


def test_onnx_takes_a_column_each(tmp_path):
    """Text in, as scikit-learn's converters do; an input called as the graph's own tensors keeps apart."""
    onnx = pytest.importorskip("onnx", reason="needs the package onnx")
    runtime = pytest.importorskip("onnxruntime", reason="needs the package onnxruntime")
    from onnx.reference import ReferenceEvaluator

    from chainrule.exchange.onnx_file import onnx_file

    network = network_of(TABLE + 3 * ROWS_OF_TABLE, tmp_path, "bought")
    made = onnx_file(network)
    session = runtime.InferenceSession(made, providers=["CPUExecutionProvider"])
    kinds = {"age": "float", "colour": "string", "size": "float", "column x": "float"}
    assert {i.name: i.type for i in session.get_inputs()} == {n: f"tensor({k})" for n, k in kinds.items()}
    text = 'age,colour,size,x\n30,red,1.5,4\n,,,4\n41,"b, l""ue",2,5.0\n3,violet,2,5\n'
    rows = list(csv.reader(io.StringIO(text)))[1:]
    feeds = {
        name: np.array(
            [[row[j] if j == 1 else float(row[j] or "nan")] for row in rows], object if j == 1 else np.float32
        )
        for j, name in enumerate(["age", "colour", "size", "column x"])
    }
    theirs = list(csv.reader(io.StringIO(predicted(network, text, tmp_path))))[1:]
    for probabilities, label in (
        session.run(None, feeds),
        ReferenceEvaluator(onnx.load_from_string(made)).run(None, feeds),
    ):
        assert np.abs(probabilities - np.array([[float(p) for p in row[1:]] for row in theirs])).max() < 2e-6
        assert [network.classes[k] for k in label] == [row[0] for row in theirs]
