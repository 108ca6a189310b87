#!/usr/bin/env bash
# tinygrad's argmax of a row with NaN is the length of the row: the number of no column (needs clang).
# Installs pinned public packages in a temporary folder, and exits non-zero if the behaviour has changed.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check tinygrad==0.14.0 numpy==2.4.6
TRAINING=0 "$folder/venv/bin/python" - <<'PY'
from importlib.metadata import version

import numpy as np
from tinygrad import Tensor

rows = np.array([[np.nan, -2.0, 3.0], [1.0, 2.0, 3.0]], np.float32)
found = Tensor(rows).argmax(axis=1).numpy()
print("tinygrad", version("tinygrad"), "numpy", np.__version__)
print("Expected: the place of NaN, as NumPy and PyTorch answer, or at least a column that exists: 0, 1 or 2.")
print("Seen:     3 for a row of three columns; as a class label or an index it points behind the end.")
print(f"  NumPy {rows.argmax(axis=1).tolist()}, tinygrad {found.tolist()}")
raise SystemExit(0 if found.tolist() == [3, 2] else 1)
PY
