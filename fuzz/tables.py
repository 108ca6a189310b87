"""Fuzz the readers of CSV and idx files: ``python -m fuzz.tables --inputs 100000``.

Each input is a good file, changed at random, or random bytes. A reader must return data or raise a
`ChainruleError` whose message names the file; within `SECONDS`; without code being run, a process or a
connection begun (Python's own audit events say so); and the process must not grow by more than `GROWTH_MB`.
Everything comes from the seed.
"""

from __future__ import annotations

import argparse
import collections
import gzip
import random
import resource
import struct
import sys
import tempfile
import time
import traceback
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from chainrule import datasets
from chainrule.datasets import Preprocessing, Scaling
from chainrule.datasets.preparing.preprocessing import Input
from chainrule.errors import ChainruleError

SECONDS = 2.0
GROWTH_MB = 200
FORBIDDEN = ("exec", "compile", "os.system", "os.exec", "os.fork", "subprocess", "socket.connect", "pickle")

TABLES = (
    "a,b,kind\n1,2,x\n3,4,y\n5,6,x\n7,8,y\n",
    "age;colour;kind\n4.5;red;x\n;blue;y\nNA;red;x\n7;;y\n",
    "a\tb\tcat\tdog\n1\t2\t0\t1\n3\t4\t1\t1\n5\t6\t0\t0\n",
    '"a b","c ""d""",k\n"1",2,"x, y"\n3,"4\n",z\n5,6,z\n',
    "1,2,0\n3,4,1\n5,6,0\n",
    "age;colour;kind\n1.200,50;9 %;x\n\u22123,5;8 %;y\n1.000;7\u00a0%;x\n;0 %;y\n",
    "\ufeffgröße,farbe,k\n1e300,rot,1\n-1e-320,blau,2\n0,grün,1\n3,rot,2\n",
)
PIECES = (
    *(
        b",",
        b";",
        b"\t",
        b"\n",
        b"\r",
        b"\r\n",
        b'"',
        b'""',
        b"'",
        b"\\",
        b"\0",
        b"\xff",
        b"\xc3",
        b" ",
        b"-",
        b".",
    ),
    *(
        b"nan",
        b"inf",
        b"-inf",
        b"1e999",
        b"1e-400",
        b"1_0",
        b"0x1",
        b"NA",
        b"?",
        b"=1+1",
        b"__import__('os')",
        b"1,200",
        b"1.200",
        b"1'200.5",
        b"9%",
        b"$5",
        b"sep=;",
    ),
    *("\ufeff".encode(), "٣".encode(), "²".encode(), "\u2028".encode(), "\u200b".encode()),
    *(b"9" * 400, b"x" * 3000),
)

MODEL = Preprocessing((Input("age", 1.0), Input("colour", None, ("red", "blue", None))))

Reader = Callable[[Path], object]
MATCHING = {
    0: ("read", "read, target by name", "load", "read, by a model"),
    1: ("load", "read, by a model", "read_features, by a model"),
    2: ("load, several labels",),
    3: ("read", "load"),
    4: ("read", "read_features", "load"),
    5: ("read, target by name", "load"),
    6: ("load", "load, decimal comma", "read, thousands"),
}
"""Readers that take each of the tables as it is."""

READERS: dict[str, Reader] = {
    "read": datasets.read,
    "read, target by name": lambda path: datasets.read(path, target="kind"),
    "load": lambda path: datasets.load(path, test_fraction=0.4),
    "load, several labels": lambda path: datasets.load(path, target="cat,dog"),
    "load, categorical": lambda path: datasets.load(path, categorical="a", test_fraction=0.4),
    "load, decimal comma": lambda path: datasets.load(path, decimal=",", missing="-999", test_fraction=0.4),
    "read, thousands": lambda path: datasets.read(path, thousands=","),
    "read_features": lambda path: datasets.read_features(path, n_features=3),
    "read_features, by a model": lambda path: datasets.read_features(path, n_features=4, preprocessing=MODEL),
    "read, by a model": lambda path: datasets.read(
        path, target="kind", preprocessing=MODEL, scaling=Scaling.identity(), classes=("x", "y")
    ),
}


class Forbidden(Exception):
    """Something ran that must not."""


class Watch:
    """Refuses forbidden audit events while it is on."""

    def __init__(self, forbidden: tuple[str, ...] = FORBIDDEN) -> None:
        self.on, self.forbidden = False, forbidden
        sys.addaudithook(self._hear)

    def _hear(self, event: str, args: object) -> None:
        if self.on and event.startswith(self.forbidden):
            raise Forbidden(f"{event} {args!r}"[:200])

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Be on for a while."""
        self.on = True
        try:
            yield
        finally:
            self.on = False


def mutated(rng: random.Random, content: bytes) -> bytes:
    """The same with some bytes cut, doubled, moved, replaced or put in."""
    data = bytearray(content)
    for _ in range(rng.choice((0, 1, 1, 1, 2, 3, 8))):
        at, to = sorted((rng.randint(0, len(data)), rng.randint(0, len(data))))
        to = min(to, at + rng.choice((1, 3, 20, 10_000)))
        match rng.randrange(6):
            case 0:
                del data[at:to]
            case 1:
                data[at:at] = data[at:to] * rng.choice((1, 2, 30))
            case 2:
                data[at:at] = rng.choice(PIECES)
            case 3:
                data[at:to] = rng.choice(PIECES)
            case 4 if data:
                data[min(at, len(data) - 1)] = rng.randrange(256)
            case _:
                data[at:to] = bytes(rng.randrange(256) for _ in range(rng.randrange(8)))
    return bytes(data[:200_000])


def table(rng: random.Random) -> tuple[str, bytes]:
    """A name and the content of a CSV or TSV file; no content for one of `TABLES`."""
    if rng.random() < 0.05:
        return "t.csv", rng.randbytes(rng.randrange(300))
    if rng.random() < 0.2:
        cells = [rng.choice((*PIECES, b"1", b"2.5", b"x")) for _ in range(rng.randrange(60))]
        width = rng.randint(1, 6)
        lines = (b",".join(cells[i : i + width]) for i in range(0, len(cells), width))
        return "t.csv", b"\n".join(lines)
    return rng.choice(("t.csv",) * 9 + ("t.tsv",)), b""


def pictures(rng: random.Random) -> tuple[bytes, bytes]:
    """The content of an idx file of pictures and of its labels, now and then compressed."""
    n, h, w = rng.randint(0, 9), rng.randint(0, 4), rng.randint(1, 4)
    huge = rng.random() < 0.1
    claimed = [2**31, h, rng.choice((w, 2**32 - 1))] if huge else [n, h, w]
    images = struct.pack(">4I", rng.choice((0x803,) * 9 + (0x801, 0x80D)), *claimed) + rng.randbytes(
        n * h * w
    )
    labels = struct.pack(">2I", 0x801, n) + bytes(rng.randrange(3) for _ in range(n))
    return _packed(rng, images), _packed(rng, labels)


def _packed(rng: random.Random, content: bytes) -> bytes:
    if rng.random() < 0.3:
        content = mutated(rng, content)
    if rng.random() < 0.5:
        content = gzip.compress(content, mtime=0)
        if rng.random() < 0.3:
            content = mutated(rng, content)
    return content


def attempt(watch: Watch, reader: Reader, path: Path) -> tuple[str, str]:
    """What came of it ("taken", "refused" or "finding"), and the finding."""
    started = time.perf_counter()
    try:
        with warnings.catch_warnings(), watch.watching():
            warnings.simplefilter("ignore")
            warnings.simplefilter("error", RuntimeWarning)
            found = reader(path)
        outcome = "taken", _not_finite(found)
    except ChainruleError as error:
        named = str(path.parent) in str(error) or "both parts of a split" in str(error)  # an argument's error
        outcome = "refused", "" if named else f"no file in: {error}"
    except BaseException as error:
        if isinstance(error, KeyboardInterrupt):
            raise
        outcome = "finding", "".join(traceback.format_exception(error)[-3:])
    seconds = time.perf_counter() - started
    if seconds > SECONDS:
        return "finding", f"{seconds:.1f} s"
    return ("finding", outcome[1]) if outcome[1] else outcome


def _not_finite(found: object) -> str:
    parts = found if isinstance(found, tuple) else (found,)
    arrays: list[Any] = [getattr(part, "X", part) for part in parts]
    good = all(np.isfinite(array).all() for array in arrays)
    return "" if good else "a number that is not finite was taken"


def fuzz(inputs: int, seed: int, folder: Path) -> tuple[collections.Counter[tuple[str, str]], list[str]]:
    """Count outcomes by reader, and list the findings with the files that make them."""
    watch, rng = Watch(), random.Random(seed)
    _warm_up(folder)
    counts: collections.Counter[tuple[str, str]] = collections.Counter()
    findings: list[str] = []
    names = list(READERS)
    before = _peak_mb()
    for number in range(inputs):
        if number % 2 == 0:
            kind = "idx"
            path = folder / "t-images-idx3-ubyte"
            images, labels = pictures(rng)
            path.write_bytes(images)
            (folder / "t-labels-idx1-ubyte").write_bytes(labels)
            content = images + b" | " + labels
        else:
            kind = rng.choice(names)
            name, content = table(rng)
            if not content:
                chosen = rng.randrange(len(TABLES))
                kind = rng.choice(MATCHING[chosen]) if rng.random() < 0.7 else kind
                content = mutated(rng, TABLES[chosen].encode())
            path = folder / name
            path.write_bytes(content)
        outcome, finding = attempt(watch, READERS.get(kind, datasets.read), path)
        counts[kind, outcome] += 1
        if outcome == "finding":
            findings.append(f"{kind}, input {number}: {finding}\n{content[:2000]!r}")
    grown = _peak_mb() - before
    if grown > GROWTH_MB:
        findings.append(f"the process grew by {grown:.0f} MB")
    return counts, findings


def _warm_up(folder: Path) -> None:
    """Import all that is imported late: importing runs code."""
    for text in TABLES:
        for name in ("t.csv", "t.tsv"):
            (folder / name).write_text(text, encoding="utf-8")
            for reader in READERS.values():
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")
                    try:
                        reader(folder / name)
                    except ChainruleError:
                        continue


def _peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    """Fuzz, print a table, and end with 1 if there is a finding."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--inputs", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, help="write the table there, as Markdown")
    arguments = parser.parse_args()
    started = time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="fuzz-") as folder:
        counts, findings = fuzz(arguments.inputs, arguments.seed, Path(folder))
    lines = ["| reader | inputs | taken | refused with a message | findings |", "|---|---|---|---|---|"]
    for kind in ("idx", *READERS):
        row = [counts[kind, outcome] for outcome in ("taken", "refused", "finding")]
        lines.append(f"| {kind} | {sum(row):,} | {row[0]:,} | {row[1]:,} | {row[2]:,} |")
    seconds = time.perf_counter() - started
    lines.append(
        f"\n{arguments.inputs:,} inputs, seed {arguments.seed}, {len(findings)} findings, {seconds:.0f} s"
    )
    print("\n".join([*findings[:20], *lines]))
    if arguments.out:
        command = f"python -m fuzz.tables --inputs {arguments.inputs}"
        arguments.out.write_text(f"`{command}` printed:\n\n" + "\n".join(lines) + "\n", encoding="utf-8")
    sys.exit(bool(findings))


if __name__ == "__main__":
    main()
