"""Measure the memory that training takes beside the data: 200 MB of float32 samples, on each engine.

Each training runs in a process of its own, which makes the data, trains on a few of them, so that all code
is loaded, then trains on all, and reports how far its peak resident memory rose above what it had before, the
data among it (VmHWM and VmRSS on Linux).
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path

CHILD = """
import re, sys
import numpy as np
from chainrule import Network

def memory(field):
    return int(re.search(field + r":\\s+(\\d+) kB", open("/proc/self/status").read())[1]) * 1024

engine, dtype, validation = sys.argv[1], sys.argv[2], float(sys.argv[3]) or None
rows, width = 200_000_000 // 784 // 4, 784
rng = np.random.default_rng(0)
X = np.empty((rows, width), dtype)
for start in range(0, rows, 4096):
    X[start : start + 4096] = rng.standard_normal(X[start : start + 4096].shape, np.float32)
y = rng.integers(0, 10, rows)
network = Network([width, 30, 10], seed=0, dtype="float32", engine=engine)
options = {"batch_size": 100, "learning_rate": 0.01, "progress": False, "epochs": 1}
network.fit(X[:2000], y[:2000], validation=validation, **options)
before = memory("VmRSS")
network.fit(X, y, validation=validation, **options)
print(X.nbytes, sum(theta.nbytes for layer in network.params for theta in layer), memory("VmHWM") - before)
"""


def measure(engine: str, dtype: str, validation: float) -> tuple[int, int, int]:
    """Bytes of the samples, of the parameters, and what training took beside."""
    command = [sys.executable, "-c", CHILD, engine, dtype, str(validation)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    data, parameters, beside = map(int, done.stdout.split())
    return data, parameters, beside


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--out", type=Path, help="write the table there, as Markdown")
    arguments = parser.parse_args()
    lines = [
        "| engine | samples | validation | data | beside the data | in all / data |",
        "|---|---|---|---|---|---|",
    ]
    for engine in ("llvm", "reference"):
        for dtype, validation in (("float32", 0.0), ("float32", 0.1), ("float64", 0.0)):
            data, parameters, beside = measure(engine, dtype, validation)
            share = (data + beside - parameters) / data
            lines.append(
                f"| {engine} | {dtype} | {validation or 'none'} | {data / 1e6:.0f} MB | "
                f"{beside / 1e6:.0f} MB | {share:.2f} |"
            )
    print("\n".join(lines))
    if arguments.out:
        arguments.out.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
