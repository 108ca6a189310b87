"""NaN and saturation where a network runs elsewhere, and what exported weights lose."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.conventions.base import Row, number, numbers

X = np.array([[np.nan, -2.0, 3.0]], np.float32)
ONES = np.ones((1, 3), np.float32)
OPERATORS = ("Relu", "Max", "Tanh", "Sigmoid", "ArgMax")


def onnx_model(operator: str) -> bytes:
    """A model of one operator over x (1, 3); Max has a second argument of ones."""
    from onnx import TensorProto, helper, numpy_helper

    whole = operator == "ArgMax"
    inputs = ["x", "ones"] if operator == "Max" else ["x"]
    options: dict[str, Any] = {"axis": 1, "keepdims": 0} if whole else {}
    node = helper.make_node(operator, inputs, ["out"], **options)
    kind, shape = (TensorProto.INT64, [1]) if whole else (TensorProto.FLOAT, [1, 3])
    graph = helper.make_graph(
        [node],
        "one",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 3])],
        [helper.make_tensor_value_info("out", kind, shape)],
        [numpy_helper.from_array(ONES, "ones")] if operator == "Max" else [],
    )
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    content: bytes = made.SerializeToString()
    return content


def by_onnxruntime(operator: str) -> np.ndarray:
    import onnxruntime

    session = onnxruntime.InferenceSession(onnx_model(operator), providers=["CPUExecutionProvider"])
    return session.run(None, {"x": X})[0]


def by_reference(operator: str) -> np.ndarray:
    import onnx
    from onnx.reference import ReferenceEvaluator

    evaluator: Any = ReferenceEvaluator(onnx.load_from_string(onnx_model(operator)))
    return evaluator.run(None, {"x": X})[0]


def by_tract(operator: str) -> np.ndarray:
    import tract

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "one.onnx"
        path.write_bytes(onnx_model(operator))
        return tract.onnx().load(str(path)).into_model().into_runnable().run([X])[0].to_numpy()


def by_tinygrad(operator: str) -> np.ndarray:
    from tinygrad import Tensor

    x = Tensor(X)
    answers: dict[str, Callable[[], Any]] = {
        "Relu": x.relu,
        "Max": lambda: x.maximum(Tensor(ONES)),
        "Tanh": x.tanh,
        "Sigmoid": x.sigmoid,
        "ArgMax": lambda: x.argmax(axis=1),
    }
    return answers[operator]().numpy()


def by_ours() -> str:
    """What `Network.predict` does with NaN."""
    from chainrule import InputError, Network

    try:
        Network([3, 3], seed=0).predict(X)
    except InputError:
        return "refused"
    return "taken"


def saying(run: Callable[[str], np.ndarray], operator: str) -> Callable[[], str]:
    """The first entry of the answer, which is NaN's."""
    return lambda: number(np.ravel(run(operator))[0])


SATURATED = np.array([-20, -60, -88, -100], np.float32)


def floor_ours() -> str:
    from chainrule.engines.reference import NUMPY
    from chainrule.equations.activations import sigmoid

    return numbers(sigmoid(NUMPY, SATURATED))


def floor_torch() -> str:
    import torch

    return numbers(torch.sigmoid(torch.tensor(SATURATED)))


def floor_jax() -> str:
    import jax

    return numbers(np.asarray(jax.nn.sigmoid(SATURATED)))


def floor_mlx() -> str:
    import mlx.core as mx

    return numbers(np.array(mx.sigmoid(mx.array(SATURATED))))


def floor_tinygrad() -> str:
    from tinygrad import Tensor

    return numbers(Tensor(SATURATED).sigmoid().numpy())


def _floor_model() -> bytes:
    from onnx import TensorProto, helper

    made = helper.make_model(
        helper.make_graph(
            [helper.make_node("Sigmoid", ["x"], ["out"])], "one",
            [helper.make_tensor_value_info("x", TensorProto.FLOAT, [4])],
            [helper.make_tensor_value_info("out", TensorProto.FLOAT, [4])],
        ),
        opset_imports=[helper.make_opsetid("", 17)], ir_version=8,
    )  # fmt: skip
    content: bytes = made.SerializeToString()
    return content


def floor_onnxruntime() -> str:
    import onnxruntime

    session = onnxruntime.InferenceSession(_floor_model(), providers=["CPUExecutionProvider"])
    return numbers(session.run(None, {"x": SATURATED})[0])


def floor_tract() -> str:
    import tract

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "one.onnx"
        path.write_bytes(_floor_model())
        return numbers(
            tract.onnx().load(str(path)).into_model().into_runnable().run([SATURATED])[0].to_numpy()
        )


def _units() -> tuple[np.ndarray, np.ndarray]:
    """Two classes told apart by a feature in the unit of 1e9."""
    rng = np.random.default_rng(0)
    y = rng.integers(0, 2, 400)
    return ((y - 0.5) + rng.normal(0, 0.1, 400))[:, None] * 2e9, y


def decimals_emlearn() -> str:
    """How many decimals the weights of an exported network keep."""
    import re

    import emlearn
    from sklearn.neural_network import MLPClassifier

    X, y = _units()
    mlp = MLPClassifier((4,), max_iter=300, random_state=0, solver="lbfgs").fit(X / 1e9, y)
    mlp.coefs_[0] = mlp.coefs_[0] / 1e9  # the same network for raw numbers
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "net.h"
        emlearn.convert(mlp, method="inline", dtype="float").save(file=str(path), name="net")
        found = re.findall(r"-?\d+\.\d+(?:e[-+]?\d+)?f?", path.read_text())
    weights = [float(text.rstrip("f")) for text in found]
    kept = sum(0 < abs(w) < 1e-6 for w in weights)
    digits = max(len(text.rstrip("f").split(".")[1].split("e")[0]) for text in found)
    return f"{digits} decimals; {kept} of 4 weights near 1e-9 are left"


def decimals_ours() -> str:
    """The same weights in our C file: read back, all are there."""
    import re

    from chainrule import Network
    from chainrule.exchange.c_file import c_file
    from chainrule.exchange.model import described

    W = np.array([[1.25e-9], [-3.5e-10], [2e-9], [7.77e-10]])
    network = Network.from_parameters(
        [(W, np.zeros(4)), (np.ones((2, 4)), np.zeros(2))], hidden="relu", output="softmax"
    )
    text = c_file(described(network))
    found = [float(one) for one in re.findall(r"(-?[\d.]+e-\d+)f", text)]
    whole = np.array_equal(np.array(found[:4], np.float32), W.ravel().astype(np.float32))
    return (
        f"all digits of float32; {sum(map(bool, found[:4])) if whole else 0} of 4 weights near 1e-9 are left"
    )


ROWS = [
    *(
        Row(
            f"{operator} of NaN"
            + (" and 1" if operator == "Max" else ", −2 and 3" if operator == "ArgMax" else ""),
            "inputs must be finite",
            {
                "chainrule": by_ours,
                "onnxruntime": saying(by_onnxruntime, operator),
                "ONNX's reference": saying(by_reference, operator),
                "tract": saying(by_tract, operator),
                "tinygrad": saying(by_tinygrad, operator),
            },
            moving,
        )
        for operator, moving in (
            (
                "Relu",
                (
                    "Where NaN becomes 0 a broken sensor looks like an ordinary row: check inputs before the"
                    " network."
                ),
            ),
            ("Max", "The same."),
            ("Tanh", "tract answers with a saturated unit."),
            ("Sigmoid", "tract answers with a probability near 0."),
            (
                "ArgMax",
                (
                    "The label of a row with NaN is 0, another class, or (tinygrad) the number of no class at"
                    " all."
                ),
            ),
        )
    ),
    Row(
        "σ(z) in float32 at z = −20, −60, −88, −100",
        "H3",
        {
            "chainrule": floor_ours,
            "PyTorch": floor_torch,
            "JAX": floor_jax,
            "MLX": floor_mlx,
            "tinygrad": floor_tinygrad,
            "onnxruntime": floor_onnxruntime,
            "tract": floor_tract,
        },
        "A loss −log a from such outputs is cut off, and infinite where they are 0: compute it from the"
        " logits (Eq. H4).",
    ),
    Row(
        "Weights of a network for features in units of 1e9, exported to C",
        "export --to c",
        {"chainrule": decimals_ours, "emlearn": decimals_emlearn},
        "Standardise the features first, or the exported network knows nothing of them.",
    ),
]
