"""Kill training processes with SIGKILL, at random instants, and see whether what comes out is the same.

    python -m benchmarks.kills --kills 1000 [--log kills.jsonl]

A process trains and writes a checkpoint after every step, so that it spends most of its time writing. It is
killed after a random time, another one goes on from what it finds, and so on, until one gets to the end. The
parameters, the optimiser's moments and the history must then have the same bits as those of a run that was
never stopped. With ``--log`` each run is added to a file, and a second call goes on from there.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import random
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from chainrule import Checkpoints, CheckpointWarning, Network
from chainrule.training.checkpoints import find

LIFE = 0.25
"""Seconds from the beginning of training to the kill, at most."""

SETTINGS: dict[str, dict[str, Any]] = {
    "sgd, reference, float64": {"engine": "reference", "dtype": "float64", "optimizer": "sgd"},
    "adam, dropout, llvm, float32": {
        "engine": "llvm", "dtype": "float32", "optimizer": "adam", "dropout": 0.3,
    },
    "momentum, patience, llvm, float64": {
        "engine": "llvm", "dtype": "float64", "optimizer": "momentum", "patience": 200,
    },
    "adamw, cosine, patience, reference, float32": {
        "engine": "reference", "dtype": "float32", "optimizer": "adamw", "schedule": "cosine",
        "patience": 200,
    },
    "rmsprop, dropout, cosine, llvm, float64": {
        "engine": "llvm", "dtype": "float64", "optimizer": "rmsprop", "schedule": "cosine", "dropout": 0.5,
    },
}  # fmt: skip


def train(setting: str, folder: Path) -> None:
    """One training, from wherever its folder says it stands to its end."""
    options = dict(SETTINGS[setting])
    rng = np.random.default_rng(11)
    y = rng.integers(0, 4, 250)
    X = rng.standard_normal((250, 12)) + 2 * np.eye(4, 12)[y]
    place = {name: options.pop(name) for name in ("engine", "dtype")}
    options |= {"batch_size": 16, "learning_rate": 0.01, "validation": 0.2, "progress": False}
    network, other = (
        Network([12, 17, 9, 4], hidden="tanh", initializer="xavier", seed=3, **place) for _ in range(2)
    )
    other.fit(X, y, epochs=1, **options)  # so that all is imported, and the machine code found
    print("begins", flush=True)
    at_every_step = [lambda event: None]
    where = Checkpoints(folder, batches=1)
    network.fit(X, y, epochs=100, on_batch=at_every_step, checkpoint=where, resume=True, **options)
    print(outcome(network, folder))


def outcome(network: Network, folder: Path) -> str:
    """A digest of every bit that must be alike; the moments are in the checkpoint alone."""
    digest = hashlib.sha256()
    for layer in network.params:
        for theta in layer:
            digest.update(theta.tobytes())
    run = network.training[-1]
    digest.update(json.dumps({**run, "last": {**run["last"], "seconds": 0}}).encode())
    found = find(folder)
    assert found is not None
    digest.update(repr([record._replace(seconds=0) for record in found.records]).encode())
    for layer in found.state.moments:
        for moments in layer:
            digest.update(b"".join(moment.tobytes() for moment in moments[1:] if moment is not None))
    return digest.hexdigest()


def begin(setting: str, folder: Path) -> subprocess.Popen[str]:
    """Start a process, and wait until its training begins."""
    process = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.kills", "--worker", setting, str(folder)],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    if process.stdout.readline() != "begins\n":
        raise SystemExit(f"a process that was to go on in {folder} did not begin")
    return process


def chain(setting: str, chance: random.Random, most: int) -> dict[str, Any]:
    """One run, killed again and again, at most so often; the last process is left in peace."""
    with tempfile.TemporaryDirectory(prefix="kills-") as name:
        folder = Path(name) / "run"
        kills = inside = damaged = 0
        while True:
            process = begin(setting, folder)
            if kills < most:
                time.sleep(chance.uniform(0, LIFE))
                process.kill()
            out, _ = process.communicate()
            if process.returncode == 0:
                return {
                    "setting": setting, "kills": kills, "inside": inside, "damaged": damaged,
                    "end": out.strip(),
                }  # fmt: skip
            if process.returncode != -9:
                raise SystemExit(f"a process ended with exit code {process.returncode}")
            kills += 1
            inside += any(folder.glob(".chainrule-*"))
            damaged += is_damaged(folder)


def is_damaged(folder: Path) -> bool:
    """Whether a kill left a checkpoint that cannot be read."""
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always", CheckpointWarning)
        find(folder)
    return bool(told)


def runs(kills: int, seed: int, log: Path | None) -> Iterator[dict[str, Any]]:
    """As many runs as hold that many kills; first those in the log."""
    done = 0
    if log is not None and log.exists():
        for line in log.read_text(encoding="utf-8").splitlines():
            run = json.loads(line)
            done += run["kills"]
            yield run
    settings = list(SETTINGS)
    chance = random.Random(f"{seed} {done}")
    while done < kills:
        run = chain(settings[chance.randrange(len(settings))], chance, kills - done)
        done += run["kills"]
        if log is not None:
            with log.open("a", encoding="utf-8") as file:
                file.write(json.dumps(run) + "\n")
        yield run


def never_stopped(setting: str) -> str:
    """The outcome of one process that nobody kills."""
    with tempfile.TemporaryDirectory(prefix="kills-") as name:
        return begin(setting, Path(name) / "run").communicate()[0].strip()


def report(done: list[dict[str, Any]]) -> bool:
    """Print the table; say whether all is well."""
    print("| setting | runs | kills | while writing | damaged files | same bits at the end |")
    print("|---|---|---|---|---|---|")
    total = [0] * 5
    for setting in SETTINGS:
        mine = [run for run in done if run["setting"] == setting]
        whole = never_stopped(setting)
        same = sum(run["end"] == whole for run in mine)
        row = [len(mine), *(sum(run[name] for run in mine) for name in ("kills", "inside", "damaged")), same]
        total = [a + b for a, b in zip(total, row, strict=True)]
        print(f"| {setting} | {' | '.join(f'{n:,}' for n in row[:4])} | {same} of {len(mine)} |")
    n, kills, inside, damaged, same = total
    print(f"| **all** | {n:,} | {kills:,} | {inside:,} | {damaged:,} | **{same} of {n}** |")
    survived = (
        kills
        if same == n
        else sum(run["kills"] for run in done if run["end"] == never_stopped(run["setting"]))
    )
    print(f"\nKills survived: {survived:,} of {kills:,}.")
    return same == n and damaged == 0


def main() -> None:
    """Kill, compare, and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--kills", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--log", type=Path)
    parser.add_argument("--seconds", type=float, help="stop after so long; the log keeps what was done")
    parser.add_argument("--worker", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.worker:
        train(options.worker[0], Path(options.worker[1]))
        return
    started, done = time.monotonic(), []
    for run in runs(options.kills, options.seed, options.log):
        done.append(run)
        if options.seconds is not None and time.monotonic() - started > options.seconds:
            print(f"{sum(run['kills'] for run in done)} kills so far")
            return
    print(f"Killed at a random instant, at most {LIFE} s after training begins, on {os.cpu_count()} cores.\n")
    sys.exit(not report(done))


if __name__ == "__main__":
    main()
