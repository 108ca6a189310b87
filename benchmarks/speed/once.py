"""One competitor's whole life: import, compile or load, read the data, train one epoch.

    python -m benchmarks.speed.once NAME THREADS SETTING FOLDER TASK

Prints, last of all, the most memory it held.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from benchmarks.speed.data import initial_parameters, read
from benchmarks.speed.peers import make
from benchmarks.speed.peers.base import Task


def main() -> None:
    """Train, and be done."""
    name, threads, setting, folder, text = sys.argv[1:]
    options = json.loads(text)
    number = None if threads == "auto" else int(threads)
    peer = make(name, number)
    samples = read(Path(folder), options.pop("data"), "train", options.pop("rows"))
    layers = tuple(options.pop("layers"))
    task = Task(layers, parameters=initial_parameters(layers), samples=samples, **options)
    trainer = peer.trainer(task, setting)
    trainer.reset()
    trainer.run(1)
    print(f"\n{peak_memory()}", flush=True)


def peak_memory() -> int:
    """The most memory this process held, in bytes.

    Linux counts into ru_maxrss what the parent held when it started the process; VmHWM begins anew.
    """
    status = Path("/proc/self/status")
    if status.exists():
        lines = status.read_text(encoding="utf-8").splitlines()
        return 1024 * next(int(line.split()[1]) for line in lines if line.startswith("VmHWM"))
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss  # macOS: in bytes


if __name__ == "__main__":
    main()
