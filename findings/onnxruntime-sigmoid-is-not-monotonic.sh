#!/usr/bin/env bash
# onnxruntime's Sigmoid on a CPU is exactly 0 below z = -18, and falls and rises again just above.
# Installs pinned public packages in a temporary folder, and exits non-zero if the behaviour has changed.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check onnxruntime==1.32.0 onnx==1.23.2 numpy==2.4.6
"$folder/venv/bin/python" - <<'PY'
import numpy as np
import onnxruntime
from onnx import TensorProto, helper

z = np.linspace(-20, -16, 41).astype(np.float32)
graph = helper.make_graph(
    [helper.make_node("Sigmoid", ["z"], ["a"])], "sigmoid",
    [helper.make_tensor_value_info("z", TensorProto.FLOAT, [41])],
    [helper.make_tensor_value_info("a", TensorProto.FLOAT, [41])],
)
model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
a = session.run(None, {"z": z})[0]
right = 1 / (1 + np.exp(-z.astype(np.float64)))
print("onnxruntime", onnxruntime.__version__)
print("Expected: sigma(z) grows with z and float32 holds 2e-9 at z = -20 easily.")
print("Seen:     sigma is 0 up to z = -18, then goes up and down: a larger logit can have a smaller probability.")
for one in range(0, 41, 4):
    print(f"  z = {z[one]:6.1f}   onnxruntime {a[one]:.3e}   exact {right[one]:.3e}")
zero, falls = bool((a[z <= -18.05] == 0).all()), int((np.diff(a) < 0).sum())
print(f"all 0 below -18: {zero}; places where it falls although z rises: {falls}")
raise SystemExit(0 if zero and falls else 1)
PY
