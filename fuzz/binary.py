"""Fuzz the readers of NumPy archives and Parquet files: ``python -m fuzz.binary npz --inputs 100000``.

Each input is a file written at random, of any types and shapes; most have something changed in what describes
the data, or in any byte. A reader must return data or raise a `ChainruleError` that names the file, as
`fuzz.tables` has it. The inputs are read in a process of their own, with a bound on its memory: a crash of a
library's compiled code ends that process, is a finding, and the next process goes on behind it. Everything
comes from the seed and the number of the input.
"""

from __future__ import annotations

import argparse
import collections
import faulthandler
import io
import json
import random
import resource
import struct
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np

from chainrule import datasets
from chainrule.datasets import Preprocessing
from chainrule.datasets.preparing.preprocessing import Input
from chainrule.datasets.streams.parquet_stream import open_stream
from fuzz import harness, tables

MEMORY_MB = 4096
GROWTH_MB = 400
ROOT = Path(__file__).parents[1]
PROGRAM = (sys.executable, "-m", "fuzz.binary")
LATE = 60
"""Seconds after which a process is ended that no longer comes back from compiled code."""

# NumPy reads a header by ast.literal_eval, which compiles without running.
FORBIDDEN = tuple(event for event in tables.FORBIDDEN if event != "compile")

MODEL = Preprocessing((Input("a", 1.0), Input("b", None, ("x", "y", None))))
Reader = Callable[[Path], object]
Maker = Callable[[random.Random], bytes]


def streamed(path: Path) -> object:
    """The blocks of a stream, the first few."""
    stream, _, test = open_stream(path, test_fraction=0.4)
    blocks = [
        X for X, _ in zip((X for X, _ in stream.blocks(np.random.default_rng(0))), range(5), strict=False)
    ]
    return (*blocks, test)


READERS: dict[str, dict[str, Reader]] = {
    "npz": {
        "read": datasets.read,
        "read_features": lambda path: datasets.read_features(path, n_features=2),
        "load": lambda path: datasets.load(path, test_fraction=0.4),
    },
    "parquet": {
        "read": datasets.read,
        "read, target by name": lambda path: datasets.read(path, target="a"),
        "load": lambda path: datasets.load(path, test_fraction=0.4),
        "load, several labels": lambda path: datasets.load(path, target="a,b", test_fraction=0.4),
        "load, categorical": lambda path: datasets.load(path, categorical="a", test_fraction=0.4),
        "read_features": lambda path: datasets.read_features(path, n_features=2),
        "read_features, by a model": lambda path: datasets.read_features(
            path, n_features=4, preprocessing=MODEL
        ),
        "stream": streamed,
    },
}

TYPES = ("<f8", "<f4", "<f2", ">f8", "<i8", "<u8", "|u1", "|i1", "|b1", "<U3", "|S2", "<c16", "<M8[s]", "|V4")
CLAIMS = (b"1000000000000", b"-1", b"0", b"2", b"99999999999999999999", b"3, 4", b"None", b"1.5", b"9" * 300)


def archive(rng: random.Random) -> bytes:
    """A NumPy archive: members by the names that are read, and by others."""
    n, width = rng.choice((0, 1, 6, 9, 30, 30)), rng.choice((1, 2, 2, 3))
    shapes = {"X": (n, width), "x": (n, width), "y": (n,), "classes": (3,), "features": (width,)}
    shapes |= {f"{key}_{part}": shapes[key] for key in "xy" for part in ("train", "test")}
    names = rng.choice(
        (["X", "y"], ["X", "y"], ["x", "y"], ["x_train", "y_train", "x_test", "y_test"], ["X"], [])
    )
    names = names + [key for key in ("classes", "features") if rng.random() < 0.2]
    content = io.BytesIO()
    method = rng.choice((zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED))
    with zipfile.ZipFile(content, "w", method) as file:
        for name in names:
            suffix = rng.choice((".npy",) * 49 + ("",))
            file.writestr(zipfile.ZipInfo(name + suffix), member(rng, name, shapes[name]), method)
    return content.getvalue()


def member(rng: random.Random, name: str, shape: tuple[int, ...]) -> bytes:
    """An array as NumPy writes it, now and then of another shape or type, or with a changed header."""
    if rng.random() < 0.05:
        shape = tuple(rng.randint(0, 4) for _ in range(rng.randint(0, 5)))
    usual = {"y": ("<i8", "<i8", "<U3", "<f8", "|u1"), "c": ("<U3",), "f": ("<U3", "|S2")}
    kind = rng.choice(TYPES if rng.random() < 0.1 else usual.get(name[0], ("<f8", "<f4", "|u1")))
    file = io.BytesIO()
    np.lib.format.write_array(file, entries(rng, np.dtype(kind), shape), allow_pickle=False)
    written = file.getvalue()
    return with_other_header(rng, written) if rng.random() < 0.1 else written


def entries(rng: random.Random, kind: np.dtype[Any], shape: tuple[int, ...]) -> Any:
    """Small numbers, or any bytes, which may be no number or a very large one."""
    size = int(np.prod(shape, dtype=int))
    if rng.random() < 0.05:
        return np.frombuffer(rng.randbytes(size * kind.itemsize), kind).reshape(shape)
    if kind.kind == "U":
        return np.array([rng.choice("abc") for _ in range(size)], kind).reshape(shape)
    return np.array([rng.randrange(3) for _ in range(size)], "<i8").astype(kind).reshape(shape)


def with_other_header(rng: random.Random, written: bytes) -> bytes:
    """The same numbers behind a header that claims something else."""
    (length,) = struct.unpack("<H", written[8:10])
    header = written[10 : 10 + length]
    at, to = header.find(b"(") + 1, header.find(b")")
    match rng.randrange(5):
        case 0:
            header = header[:at] + rng.choice(CLAIMS) + b"," + header[to:]
        case 1:
            header = header.replace(b"False", rng.choice((b"True", b"None", b"1")))
        case 2:
            header = header.replace(b"'<", rng.choice((b"'|O", b"'>", b"[('a','<i4')],'", b"'<9", b"'=M")))
        case 3:
            header = harness.mutated(rng, header, [b"'descr': 'O'", b"__import__('os')"])
        case _:
            header = b"(" * rng.choice((10, 5000)) + header
    version = rng.choice((b"\1\0", b"\1\0", b"\1\0", b"\2\0", b"\3\0", b"\4\0"))
    size = struct.pack("<H" if version == b"\1\0" else "<I", len(header))
    return written[:6] + version + size + header + written[10 + length :]


def parquet(rng: random.Random) -> bytes:
    """A Parquet file of a few columns, of types that can be read and of others."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    n = rng.choice((0, 1, 10, 40, 40))
    names = rng.choice((["a", "b", "kind"], ["a", "b", "c", "kind"], ["a", "b"], rng.sample("abcdefg", 3)))
    whole = rng.random() < 0.7
    table = pa.table({name: expected(rng, name, n) if whole else column(rng, n) for name in names})
    file = io.BytesIO()
    pq.write_table(
        table,
        file,
        row_group_size=rng.choice((1, 5, 100)),
        compression=rng.choice(("none", "snappy", "gzip", "zstd", "lz4", "brotli")),
        use_dictionary=rng.random() < 0.5,
        data_page_version=rng.choice(("1.0", "2.0")),
        write_statistics=rng.random() < 0.7,
        store_schema=rng.random() < 0.8,
        write_page_checksum=rng.random() < 0.1,
    )
    return file.getvalue()


def expected(rng: random.Random, name: str, n: int) -> Any:
    """A column that a reader can do something with."""
    import pyarrow as pa

    numbers = [rng.randrange(2) for _ in range(n)]
    if name == "kind" or (name == "b" and rng.random() < 0.5):
        return pa.array(["xy"[number] for number in numbers], pa.string())
    kinds = (pa.int64(), pa.float64(), pa.float32(), pa.int8())
    return pa.array(numbers, rng.choice(kinds[:1] if name == "a" else kinds))


def column(rng: random.Random, n: int) -> Any:
    """One column; some have gaps, some are of types that no network reads."""
    import pyarrow as pa

    numbers = [rng.choice((0, 1, 2, 3)) for _ in range(n)]
    gaps = [None if rng.random() < 0.1 else number for number in numbers] if rng.random() < 0.4 else numbers
    words = [None if number is None else "xyz "[number] for number in gaps]
    match rng.randrange(14):
        case 0 | 1 | 2:
            return pa.array(gaps, rng.choice((pa.float64(), pa.float32(), pa.float16())))
        case 3 | 4:
            return pa.array(gaps, rng.choice((pa.int64(), pa.uint64(), pa.int8(), pa.int32())))
        case 5 | 6 | 7:
            return pa.array(words, rng.choice((pa.string(), pa.large_string())))
        case 8:
            return pa.array(words, pa.string()).dictionary_encode()
        case 9:
            return pa.array([None if number is None else number > 1 for number in gaps], pa.bool_())
        case 10:
            exact = [None if number is None else Decimal(number) for number in gaps]
            return pa.array(exact, pa.decimal128(rng.choice((5, 38)), 2))
        case 11:
            odd = (float("nan"), float("inf"), -1e308, 2.0**63, 5e-324)
            return pa.array([rng.choice(odd) for _ in range(n)], pa.float64())
        case 12:
            return pa.nulls(n)
        case _:
            kind = rng.choice((pa.timestamp("us"), pa.binary(), pa.list_(pa.int8()), pa.date32()))
            return pa.nulls(n, kind)


def changed(rng: random.Random, content: bytes, kind: str) -> bytes:
    """As it is, or with bytes changed: anywhere, or in the footer, which describes the data."""
    if rng.random() < 0.4 or not content:
        return content
    if rng.random() < 0.05:
        return rng.randbytes(rng.randrange(300))
    at = 0
    if kind == "parquet" and rng.random() < 0.6:
        at = max(0, len(content) - 8 - int.from_bytes(content[-8:-4], "little"))
    tail = harness.mutated(rng, content[at:-8] if at else content, [content])
    if not at:
        return tail
    length = len(tail) if rng.random() < 0.9 else rng.randrange(2**32)
    return content[:at] + tail + length.to_bytes(4, "little") + content[-4:]


MAKERS: dict[str, Maker] = {"npz": archive, "parquet": parquet}


def made(kind: str, seed: int, number: int) -> tuple[str, bytes]:
    """The reader and the content of one input."""
    rng = random.Random(f"{kind} {seed} {number}")
    return rng.choice(list(READERS[kind])), changed(rng, MAKERS[kind](rng), kind)


def work(kind: str, seed: int, numbers: range, folder: Path) -> Iterator[tuple[str, str, str]]:
    """Read the inputs of these numbers: the reader, what came of it, and the finding."""
    watch, path = tables.Watch(FORBIDDEN), folder / f"t.{kind}"
    for reader in READERS[kind].values():  # what is imported late is imported now: importing runs code
        for number in range(-30, 0):
            path.write_bytes(MAKERS[kind](random.Random(number)))
            tables.attempt(tables.Watch(()), reader, path)
    peak = peak_mb()
    for number in numbers:
        name, content = made(kind, seed, number)
        path.write_bytes(content)
        faulthandler.dump_traceback_later(LATE, exit=True)
        outcome, finding = tables.attempt(watch, READERS[kind][name], path)
        if finding.endswith(" s"):  # perhaps the machine stood still
            outcome, finding = tables.attempt(watch, READERS[kind][name], path)
        faulthandler.cancel_dump_traceback_later()
        grown, peak = peak_mb() - peak, max(peak, peak_mb())
        if grown > GROWTH_MB:
            outcome, finding = "finding", f"the process grew by {grown:.0f} MB"
        yield name, outcome, finding


def peak_mb() -> float:
    """The most memory that this process has had; `getrusage` begins with that of the parent."""
    status = Path("/proc/self/status")
    if status.exists():
        return int(status.read_text().split("VmHWM:")[1].split()[0]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def worker(kind: str, seed: int, start: int, end: int) -> None:
    """Do the work in this process, with a bound on its memory; a line of JSON for each input."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_MB << 20, MEMORY_MB << 20))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with tempfile.TemporaryDirectory(prefix="fuzz-") as folder:
        for line in work(kind, seed, range(start, end), Path(folder)):
            print(json.dumps(line), flush=True)


def fuzz(
    kind: str, inputs: int, seed: int, seconds: float = float("inf"), program: Sequence[str] = PROGRAM
) -> tuple[collections.Counter[tuple[str, str]], list[str]]:
    """Count outcomes by reader, and list the findings; end after so many seconds, if not before."""
    counts: collections.Counter[tuple[str, str]] = collections.Counter()
    findings: list[str] = []
    number, end = 0, time.monotonic() + seconds
    while number < inputs and time.monotonic() < end:
        command = [*program, kind, "--seed", str(seed), "--worker", str(number), str(inputs)]
        with (
            tempfile.TemporaryFile() as errors,
            subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=errors, text=True) as process,
        ):
            for line in process.stdout or ():
                name, outcome, finding = json.loads(line)
                counts[name, outcome] += 1
                if finding:
                    findings.append(f"{name}, input {number}: {finding}")
                number += 1
                if time.monotonic() > end:
                    process.kill()
                    return counts, findings
            errors.seek(0)
            said = errors.read().decode(errors="replace")[-2000:]
        if number < inputs:
            name = made(kind, seed, number)[0]
            counts[name, "finding"] += 1
            findings.append(f"{name}, input {number}: the process ended with {process.returncode}\n{said}")
            number += 1
    return counts, findings


def main() -> None:
    """Fuzz, print a table, and end with 1 if there is a finding."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("kind", choices=READERS)
    parser.add_argument("--inputs", type=int, default=100_000)
    parser.add_argument("--seconds", type=float, default=float("inf"), help="end after so many")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--worker", type=int, nargs=2, help=argparse.SUPPRESS)
    parser.add_argument("--out", type=Path, help="write the table there, as Markdown")
    given = parser.parse_args()
    if given.worker:
        worker(given.kind, given.seed, *given.worker)
        return
    started = time.perf_counter()
    counts, findings = fuzz(given.kind, given.inputs, given.seed, given.seconds)
    lines = [
        f"| reader, {given.kind} | inputs | taken | refused with a message | findings |",
        "|---|---|---|---|---|",
    ]
    for name in READERS[given.kind]:
        row = [counts[name, outcome] for outcome in ("taken", "refused", "finding")]
        lines.append(f"| {name} | {sum(row):,} | {row[0]:,} | {row[1]:,} | {row[2]:,} |")
    seconds, inputs = time.perf_counter() - started, sum(counts.values())
    lines.append(f"\n{inputs:,} inputs, seed {given.seed}, {len(findings)} findings, {seconds:.0f} s")
    print("\n".join([*findings[:20], *lines]))
    if given.out:
        command = f"python -m fuzz.binary {given.kind} --inputs {inputs}"
        given.out.write_text(f"`{command}` printed:\n\n" + "\n".join(lines) + "\n", encoding="utf-8")
    sys.exit(bool(findings))


if __name__ == "__main__":
    main()
