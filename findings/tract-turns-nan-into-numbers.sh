#!/usr/bin/env bash
# tract's Relu, Max, Tanh, Sigmoid and ArgMax answer NaN with ordinary numbers, where ONNX's own reference keeps NaN.
# Installs pinned public packages in a temporary folder, and exits non-zero if the behaviour has changed.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check tract==0.23.9 onnx==1.23.2 numpy==2.4.6
"$folder/venv/bin/python" - "$folder" <<'PY'
import sys
from importlib.metadata import version

import numpy as np
import onnx
import tract
from onnx import TensorProto, helper, numpy_helper
from onnx.reference import ReferenceEvaluator

x = np.array([[np.nan, -2.0, 3.0]], np.float32)
print("tract", version("tract"), "onnx", version("onnx"))
print("Expected: NaN in, NaN out, as ONNX's reference (and onnxruntime) answer; a row with a broken sensor is seen.")
print("Seen:     an ordinary number comes out, so the row looks like any other.")
changed = False
for operator in ("Relu", "Max", "Tanh", "Sigmoid", "ArgMax"):
    whole, two = operator == "ArgMax", operator == "Max"
    node = helper.make_node(operator, ["x", "one"] if two else ["x"], ["out"], **({"axis": 1, "keepdims": 0} if whole else {}))
    out = helper.make_tensor_value_info("out", TensorProto.INT64 if whole else TensorProto.FLOAT, [1] if whole else [1, 3])
    given = helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 3])
    held = [numpy_helper.from_array(np.ones((1, 3), np.float32), "one")] if two else []
    graph = helper.make_graph([node], "one", [given], [out], held)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    path = f"{sys.argv[1]}/{operator}.onnx"
    onnx.save(model, path)
    with np.errstate(invalid="ignore"):
        reference = np.ravel(ReferenceEvaluator(model).run(None, {"x": x})[0])[0]
    found = np.ravel(tract.onnx().load(path).into_model().into_runnable().run([x])[0].to_numpy())[0]
    print(f"  {operator:8} of NaN first: reference {reference}, tract {found}")
    changed |= bool(np.isnan(found)) or (whole and found == reference)
raise SystemExit(1 if changed else 0)
PY
