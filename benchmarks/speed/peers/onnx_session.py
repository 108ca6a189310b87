"""onnxruntime on one thread, on a model made by `onnx.helper`. It predicts only."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

from benchmarks.speed.peers.base import Array, Parameters, Predictor, Task, Trainer


class OnnxRuntime:
    """Every optimisation of the graph switched on."""

    def __init__(self, threads: int | None) -> None:
        self.threads = threads or 0

    def training(self) -> tuple[str, ...]:
        return ()

    def trainer(self, task: Task, setting: str) -> Trainer:
        raise NotImplementedError("onnxruntime predicts only")

    def prediction(self) -> tuple[str, ...]:
        return ("session.run",)

    def predictor(self, parameters: Parameters, setting: str) -> Predictor:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads, options.inter_op_num_threads = self.threads, 1
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
        session = onnxruntime.InferenceSession(model(parameters), options, providers=["CPUExecutionProvider"])

        def predict(X: Array) -> Array:
            outputs: Array = session.run(None, {"x": X})[0]
            return outputs

        return predict

    def forget(self) -> None:
        pass


def model(parameters: Parameters) -> bytes:
    """The network as an ONNX model, opset 17."""
    nodes, constants, last = [], [], "x"
    for L, (W, b) in enumerate(parameters, 1):
        constants += [
            numpy_helper.from_array(np.ascontiguousarray(W), f"W{L}"),
            numpy_helper.from_array(b, f"b{L}"),
        ]
        nodes.append(helper.make_node("Gemm", [last, f"W{L}", f"b{L}"], [f"z{L}"], transB=1))
        kind = "Softmax" if len(parameters) == L else "Sigmoid"
        last = f"a{L}"
        options: dict[str, Any] = {"axis": 1} if kind == "Softmax" else {}
        nodes.append(helper.make_node(kind, [f"z{L}"], [last], **options))
    value = helper.make_tensor_value_info
    x = value("x", TensorProto.FLOAT, ["N", parameters[0][0].shape[1]])
    a = value(last, TensorProto.FLOAT, ["N", len(parameters[-1][1])])
    graph = helper.make_graph(nodes, "network", [x], [a], constants)
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    content: bytes = made.SerializeToString()
    return content


def peer(threads: int | None) -> OnnxRuntime:
    """Onnxruntime with so many threads."""
    return OnnxRuntime(threads)
