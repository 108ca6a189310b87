"""Runs a reader on many inputs, within bounds, and keeps what it should not have done."""

from __future__ import annotations

import argparse
import faulthandler
import hashlib
import random
import resource
import signal
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

FORBIDDEN = (
    "os.system", "os.exec", "os.posix_spawn", "os.fork", "os.forkpty", "os.spawn", "os.remove", "os.rename",
    "os.rmdir", "os.kill", "subprocess.Popen", "socket.connect", "socket.bind", "ctypes.dlopen",
)  # fmt: skip
"""Audit events that no input may cause. Writing a file is looked for apart."""


class Hang(BaseException):
    """An input took longer than it may. No `Exception`, so that no reader can swallow it."""


class Ran(BaseException):
    """An input made the reader run code, start a process or write a file."""


class Reader(NamedTuple):
    """What is fuzzed.

    ``make`` gives an input, ``place`` puts it where it is read from, and ``read`` reads it and returns a word
    for what came of it; ``refusals`` are the exceptions by which it may refuse. ``guided`` makes an input of
    bytes that a guided fuzzer chose, and ``corpus`` is what it begins with.
    """

    name: str
    make: Callable[[random.Random], bytes]
    place: Callable[[bytes], None]
    read: Callable[[bytes], str]
    refusals: tuple[type[Exception], ...]
    seconds: float
    guided: Callable[[bytes], bytes] = bytes
    corpus: Sequence[bytes] = ()


class Watch:
    """Looks at audit events while an input is read."""

    def __init__(self) -> None:
        self.on = False
        sys.addaudithook(self._hear)

    def _hear(self, event: str, args: tuple[Any, ...]) -> None:
        if not self.on:
            return
        writes = event == "open" and isinstance(args[1], str) and bool(set(args[1]) & set("wax+"))
        if writes or event.startswith(FORBIDDEN):
            self.on = False
            raise Ran(f"{event}{args!r:.200}")


@contextmanager
def bounded(seconds: float, watch: Watch) -> Iterator[None]:
    """Bound processor time; from C, which no signal interrupts, the process ends with a traceback."""

    def late(*_: object) -> None:
        raise Hang(f"more than {seconds:g} s")

    signal.signal(signal.SIGPROF, late)
    faulthandler.dump_traceback_later(60 * seconds, exit=True)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    watch.on = True
    try:
        yield
    finally:
        watch.on = False
        signal.setitimer(signal.ITIMER_PROF, 0)
        faulthandler.cancel_dump_traceback_later()


def try_one(reader: Reader, content: bytes, watch: Watch) -> tuple[str, str]:
    """What came of one input: a word, and for a finding the traceback."""
    reader.place(content)
    try:
        with bounded(reader.seconds, watch):
            return reader.read(content), ""
    except reader.refusals:
        return "refused", ""
    except Hang:
        return "HANG", traceback.format_exc()
    except MemoryError:
        return "MEMORY", traceback.format_exc()
    except Ran:
        return "CODE RUN", traceback.format_exc()
    except BaseException as error:
        if isinstance(error, KeyboardInterrupt):
            raise
        return f"CRASH {type(error).__name__}", traceback.format_exc()


def run(reader: Reader, inputs: int, seed: int, folder: Path) -> Counter[str]:
    """Read so many inputs; findings go to ``folder``, one file of input and one of traceback each."""
    watch, counts, started = Watch(), Counter[str](), time.monotonic()
    rng = random.Random(seed)
    slowest = 0.0
    for number in range(inputs):
        content = reader.make(rng)
        begun = time.process_time()
        word, trace = try_one(reader, content, watch)
        slowest = max(slowest, time.process_time() - begun)
        counts[word] += 1
        if trace:
            keep(folder, content, word, trace)
        if number % 5000 == 4999:
            print(f"{number + 1:,} inputs, {dict(counts)}", file=sys.stderr, flush=True)
    report(reader, counts, slowest, time.monotonic() - started, seed)
    return counts


def keep(folder: Path, content: bytes, word: str, trace: str) -> None:
    """Keep an input that went wrong; the same content is kept once."""
    folder.mkdir(parents=True, exist_ok=True)
    name = hashlib.sha256(content).hexdigest()[:12]
    (folder / f"{name}.input").write_bytes(content)
    (folder / f"{name}.txt").write_text(f"{word}\n{trace}")
    print(f"{word}: {folder / name}.input", file=sys.stderr, flush=True)


def report(reader: Reader, counts: Counter[str], slowest: float, seconds: float, seed: int) -> None:
    """Print what came of them, as lines of a table."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{reader.name}: {sum(counts.values()):,} inputs, seed {seed}, {seconds:.0f} s")
    for word, count in counts.most_common():
        print(f"  {word:<24}{count:>9,}")
    print(f"  slowest input {slowest:.2f} s of processor time, peak memory {peak:.0f} MB")


def guided(reader: Reader, folder: Path, arguments: list[str]) -> None:
    """Let atheris choose inputs by the branches they reach."""
    import atheris

    watch = Watch()

    def one(data: bytes) -> None:
        content = reader.guided(data)
        word, trace = try_one(reader, content, watch)
        if trace:
            keep(folder, content, word, trace)
            raise RuntimeError(f"{word}\n{trace}")

    corpus = tempfile.mkdtemp(prefix="corpus-")
    for number, seed in enumerate(reader.corpus):
        Path(corpus, str(number)).write_bytes(seed)
    atheris.instrument_all()
    atheris.Setup([sys.argv[0], *arguments, corpus], one)
    atheris.Fuzz()


def main(reader: Reader) -> None:
    """The command line of a fuzzer; exit code 1 if something was found."""
    parser = argparse.ArgumentParser(prog=f"python -m fuzz.{reader.name}")
    parser.add_argument("--inputs", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--memory", type=int, default=4096, help="megabytes of address space")
    parser.add_argument(
        "--seconds", type=float, default=reader.seconds, help="of processor time for an input"
    )
    parser.add_argument("--findings", type=Path, default=Path("findings") / reader.name)
    parser.add_argument(
        "--atheris", action="store_true", help="guided by coverage; further words go to libFuzzer"
    )
    options, rest = parser.parse_known_args()
    reader = reader._replace(seconds=options.seconds)
    if options.atheris:
        guided(reader, options.findings, rest)
        return
    resource.setrlimit(resource.RLIMIT_AS, (options.memory << 20, options.memory << 20))
    counts = run(reader, options.inputs, options.seed, options.findings)
    sys.exit(int(any(word.isupper() or word.split()[0].isupper() for word in counts)))


def mutated(rng: random.Random, content: bytes, others: list[bytes]) -> bytes:
    """A few random changes: bits, bytes, blocks doubled, dropped, or taken from another input."""
    out = bytearray(content)
    for _ in range(rng.choice((1, 1, 1, 2, 3, 8))):
        at = rng.randrange(len(out) + 1)
        kind = rng.randrange(6)
        if kind == 0 and out:
            out[at % len(out)] ^= 1 << rng.randrange(8)
        elif kind == 1 and out:
            out[at % len(out)] = rng.choice((0, 1, 0x7F, 0x80, 0xFF, rng.randrange(256)))
        elif kind == 2:
            del out[at : at + rng.choice((1, 2, 8, 64))]
        elif kind == 3:
            out[at:at] = out[at : at + rng.choice((1, 4, 32))] * rng.choice((1, 2, 16))
        elif kind == 4:
            other = rng.choice(others)
            start = rng.randrange(len(other) + 1)
            out[at : at + rng.choice((0, 8))] = other[start : start + rng.choice((1, 8, 64))]
        else:
            del out[at:]
    return bytes(out)
