"""Running what was exported: the NumPy file, the C file compiled, ONNX by its reference and onnxruntime."""

from __future__ import annotations

import ctypes
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import numpy as np
import pytest

from chainrule import Network, datasets
from chainrule.exchange.c_file import c_file
from chainrule.exchange.model import described
from chainrule.exchange.numpy_file import numpy_file
from chainrule.model.dataspec import DataSpec

STRICT = ("-std=c99", "-O1", "-Wall", "-Wextra", "-Wpedantic", "-Werror")
COMPILER = shutil.which(os.environ.get("CC", "cc"))
needs_compiler = pytest.mark.skipif(COMPILER is None, reason="no C compiler (cc, or $CC) on this machine")

FORMULA = "z*tanh(softplus(z))"


def compiled(source, place, *options):
    """Compile C and return where it was put; any warning is an error."""
    place = Path(place)
    place.with_suffix(".c").write_text(source, encoding="utf-8")
    command = [COMPILER, *STRICT, *options, str(place.with_suffix(".c")), "-lm", "-o", str(place)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return place


def by_c(network, X, *options):
    """The probabilities that the C file computes, sample by sample."""
    with tempfile.TemporaryDirectory() as folder:
        library = ctypes.CDLL(
            str(compiled(c_file(described(network)), Path(folder) / "m", "-shared", "-fPIC", *options))
        )
    floats = ctypes.POINTER(ctypes.c_float)
    X = np.ascontiguousarray(X, np.float32)
    a = np.empty((len(X), len(network.classes)), np.float32)
    for x, row in zip(X, a, strict=True):
        library.predict_proba(x.ctypes.data_as(floats), row.ctypes.data_as(floats))
    return a


def names_of(network):
    """What the NumPy file defines."""
    names = {"__name__": "exported"}
    exec(compile(numpy_file(described(network)), "exported.py", "exec"), names)
    return names


def by_numpy(network, X):
    """The probabilities that the NumPy file computes."""
    return names_of(network)["predict_proba"](X)


def by_onnx(network, X):
    """The probabilities that ONNX's own reference computes."""
    return onnx_outputs(network, X)[0]


def onnx_outputs(network, X):
    """Probabilities and labels by ONNX's reference."""
    onnx = pytest.importorskip("onnx", reason="needs the package onnx")
    reference = pytest.importorskip("onnx.reference", reason="needs the package onnx")

    from chainrule.exchange.onnx_file import onnx_file

    session = reference.ReferenceEvaluator(onnx.load_from_string(onnx_file(network)))
    return session.run(None, {"x": np.asarray(X, np.float32)})


def by_onnxruntime(network, X):
    """The probabilities that onnxruntime computes, which most people run ONNX with."""
    runtime = pytest.importorskip("onnxruntime", reason="needs the package onnxruntime")

    from chainrule.exchange.onnx_file import onnx_file

    session = runtime.InferenceSession(onnx_file(network), providers=["CPUExecutionProvider"])
    return session.run(None, {"x": np.asarray(X, np.float32)})[0]


WAYS = {"numpy": by_numpy, "c": by_c, "onnx": by_onnx, "onnxruntime": by_onnxruntime}


def digits_network(layers, epochs=1, dtype="float32", **options):
    """A network that has seen the digits for a moment, with the raw test set: (network, raw, scaled)."""
    train, test = datasets.load("digits")
    network = Network(
        layers, **{"seed": 3, "initializer": "xavier", "engine": "reference", "dtype": dtype, **options}
    )
    if network.layers[-1] == 10:
        network.fit(train, epochs=epochs, batch_size=30, learning_rate=0.1, progress=False)
    else:
        network.data = DataSpec.of(train)._replace(classes=tuple("ab" if layers[-1] == 1 else "abcde"))
    scaling = test.scaling
    return network, test.X * scaling.scale + scaling.shift, test.X
