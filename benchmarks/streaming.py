"""Train one epoch on a Parquet file of 10,000,000 × 20 numbers, and measure the memory that takes.

The file is written piece by piece; `chainrule train FILE --stream` runs in a process of its own, whose
peak resident memory the system reports (VmHWM on Linux). Everything lies in a temporary folder, about
1.7 GB, which is removed afterwards.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

LIMIT_GB = 1.0
GROUP = 200_000
"""Rows of a row group."""

CHILD = """
import re, sys
from chainrule.cli import main
try:
    main()
except SystemExit as end:
    if end.code:
        raise
print("peak", re.search(r"VmHWM:\\s+(\\d+) kB", open("/proc/self/status").read())[1])
"""


def write(path: Path, rows: int, columns: int) -> None:
    """Numbers of which some decide the label, and a tenth of the labels by chance."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    rng = np.random.default_rng(0)
    names = [f"x{j}" for j in range(columns)]
    schema = pa.schema([*((name, pa.float64()) for name in names), ("y", pa.int8())])
    with pq.ParquetWriter(path, schema, compression="none", use_dictionary=False) as writer:
        for start in range(0, rows, GROUP):
            X = rng.standard_normal((min(GROUP, rows - start), columns))
            y = (X[:, 0] * X[:, 1] + X[:, 2] > 0) ^ (rng.random(len(X)) < 0.1)
            table = pa.table(
                [*(pa.array(X[:, j]) for j in range(columns)), pa.array(y.astype(np.int8))], schema
            )
            writer.write_table(table)


def train(path: Path, *options: str) -> tuple[str, float, float]:
    """What the command said, the seconds it took, and its peak memory in GB."""
    started = time.perf_counter()
    command = ["train", str(path), "--target", "y", "--run", str(path.parent / "run"), *options]
    done = subprocess.run(
        [sys.executable, "-c", CHILD, *command], capture_output=True, text=True, check=False
    )
    if done.returncode:
        sys.exit(done.stdout + done.stderr)
    found = re.search(r"^peak (\d+)$", done.stdout, re.MULTILINE)
    assert found
    return done.stdout, time.perf_counter() - started, int(found[1]) * 1024 / 1e9


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--columns", type=int, default=20)
    parser.add_argument("--out", type=Path, help="write the table there, as Markdown")
    arguments = parser.parse_args()
    rows, columns = arguments.rows, arguments.columns
    with tempfile.TemporaryDirectory(prefix="streaming-") as folder:
        path = Path(folder) / "big.parquet"
        write(path, rows, columns)
        size = path.stat().st_size / 1e9
        options = ("--stream", "--epochs", "1", "--batch-size", "256", "--optimizer", "adam")
        said, seconds, peak = train(path, *options, "--hidden", "relu", "--no-progress")
    accuracy = re.search(r"test accuracy ([\d.]+) %", said)
    epoch = re.search(r"trained 1 epoch in ([\d.]+) s", said)
    assert accuracy
    assert epoch
    lines = [
        "| rows × columns | file | as float64 | whole command | its epoch | peak memory | test accuracy |",
        "|---|---|---|---|---|---|---|",
        f"| {rows:,} × {columns} | {size:.2f} GB | {rows * columns * 8 / 1e9:.2f} GB | {seconds:.0f} s | "
        f"{epoch[1]} s | {peak:.2f} GB | {accuracy[1]} % (at most 90 can be had) |",
    ]
    print("\n".join(lines))
    if arguments.out:
        text = (
            f"`python benchmarks/streaming.py` printed, with `chainrule train FILE {' '.join(options)}`:\n\n"
        )
        arguments.out.write_text(text + "\n".join(lines) + "\n", encoding="utf-8")
    if peak >= LIMIT_GB:
        sys.exit(f"peak memory must stay under {LIMIT_GB} GB; it was {peak:.2f} GB")


if __name__ == "__main__":
    main()
