#!/usr/bin/env bash
# emlearn writes the weights of an MLP with six decimals: a network for features in large units becomes a constant.
# Installs pinned public packages in a temporary folder, and exits non-zero if the behaviour has changed.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check emlearn==0.23.2 scikit-learn==1.9.1 numpy==2.4.6
"$folder/venv/bin/python" - "$folder" <<'PY' 2>/dev/null
import re
import sys
from importlib.metadata import version
from pathlib import Path

import emlearn
import numpy as np
from sklearn.neural_network import MLPClassifier

rng = np.random.default_rng(0)
y = rng.integers(0, 2, 400)
raw = ((y - 0.5) + rng.normal(0, 0.1, 400))[:, None] * 2e9  # bytes, nanoseconds, hertz …
mlp = MLPClassifier((4,), solver="lbfgs", max_iter=300, random_state=0).fit(raw / 1e9, y)
mlp.coefs_[0] = mlp.coefs_[0] / 1e9  # the same network, for the raw unit
path = Path(sys.argv[1]) / "net.h"
emlearn.convert(mlp, method="inline", dtype="float").save(file=str(path), name="net")
written = [float(text) for text in re.findall(r"-?\d+\.\d+(?=f)", path.read_text())]
first = [w for w in mlp.coefs_[0].ravel()]
left = sum(any(abs(w - v) < 1e-3 * abs(w) for v in written) for w in first)
print("emlearn", version("emlearn"), "scikit-learn", version("scikit-learn"))
print("Expected: the exported C holds the weights to the precision of a float.")
print("Seen:     six decimals, so that weights near 1e-9 are written as 0 and the features no longer matter.")
print(f"  accuracy in Python {mlp.score(raw, y):.2f}; weights of the first layer {np.round(first, 11).tolist()}")
print(f"  of these {len(first)} in the C file: {left}")
raise SystemExit(0 if left == 0 and mlp.score(raw, y) > 0.95 else 1)
PY
