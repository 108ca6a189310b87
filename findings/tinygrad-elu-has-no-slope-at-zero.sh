#!/usr/bin/env bash
# The gradient of tinygrad's elu at 0 is 0: neither that from the left nor that from the right (needs clang).
# Installs pinned public packages in a temporary folder, and exits non-zero if the behaviour has changed.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check tinygrad==0.14.0 numpy==2.4.6
"$folder/venv/bin/python" - <<'PY'
from importlib.metadata import version

from tinygrad import Tensor


def slope(z, alpha):
    t = Tensor([z])
    t.elu(alpha).sum().backward()
    return t.grad.item()


print("tinygrad", version("tinygrad"))
print("Expected: with alpha = 1, ELU is smooth and its slope at 0 is 1; with alpha = 2 it is 2 from the left, 1 from the right.")
print("Seen:     0 for both, so a unit whose input is exactly 0 (an all-zero row, zero biases) does not learn.")
found = [slope(0.0, 1.0), slope(0.0, 2.0)]
print(f"  at 0: alpha 1 → {found[0]}, alpha 2 → {found[1]};  beside it: {slope(-1e-4, 1.0):.4f}, {slope(1e-4, 1.0):.4f}")
raise SystemExit(0 if found == [0.0, 0.0] else 1)
PY
