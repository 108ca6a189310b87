"""What who starts a program waits for: a fresh process that imports, compiles or loads, and trains."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from time import perf_counter

from benchmarks.speed.run import Result, Run, attempt, best_settings, label, measure, say, settings, trainers
from benchmarks.speed.team import ROOT, Failed, Key, environment
from benchmarks.speed.workloads import Workload

IMPORTS = {
    "chainrule": "from chainrule import Network",
    "reference": "from chainrule import Network",
    "jax": "import jax.numpy",
    "torch": "import torch",
    "torch-step": "import torch",
    "sklearn": "from sklearn.neural_network import MLPClassifier",
    "onnxruntime": "import onnxruntime",
    "numpy": "import numpy",
}


def processes(run: Run, workload: Workload, optimizer: str = "sgd") -> list[Result]:
    """Seconds from start to end of one epoch's process, of the import alone, and peak memory."""
    say(f"whole process: import, compile or load, one epoch of {workload.name}, warm caches")
    task = {
        "data": workload.data,
        "rows": run.rows(workload.rows),
        "layers": workload.layers,
        "batch": workload.batch,
        "optimizer": optimizer,
        "learning_rate": workload.learning_rate(optimizer),
    }
    tried = []
    for key in [run.keys(peer)[0] for peer in trainers(run)]:
        for setting in settings(run, key, "training"):
            result: Result = {"peer": key.peer, "threads": key.threads, "setting": setting, "memory": []}

            def action(result: Result = result) -> Result:
                _epoch(run, result, task)  # fills the caches
                return {"first": _epoch(run, result, task)["seconds"]}

            tried.append(attempt(result, action))
            if "first" in tried[-1]:
                say(f"    {label(tried[-1])}: {tried[-1]['first']:.2f} s")
    kept = best_settings(tried)

    def ask(candidate: Result, repeats: int) -> Result:
        answer = _epoch(run, candidate, task)
        candidate["memory"].append(answer["memory"])
        candidate.setdefault("import", []).append(_import(run, candidate["peer"]))
        return answer

    return measure(run, kept, ask)


def _epoch(run: Run, result: Result, task: Result) -> Result:
    threads = "auto" if result["threads"] is None else str(result["threads"])
    words = ["-m", "benchmarks.speed.once", result["peer"], threads, result["setting"]]
    key = Key(result["peer"], result["threads"])
    seconds, printed = timed([*words, str(run.folder), json.dumps(task)], key, run.folder)
    return {"seconds": seconds, "memory": int(printed[-1])}


def _import(run: Run, peer: str) -> float:
    return timed(["-c", IMPORTS[peer]], run.keys(peer)[0], run.folder)[0]


def timed(arguments: list[str], key: Key, folder: Path) -> tuple[float, list[str]]:
    """Run Python; seconds from start to end, and the lines it printed.

    Raises:
        Failed: it ended with an error.
    """
    start = perf_counter()
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=ROOT,
        env=environment(key.threads, folder),
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )
    seconds = perf_counter() - start
    if done.returncode:
        raise Failed((done.stderr.strip().splitlines() or ["it ended without a word"])[-1])
    return seconds, done.stdout.strip().splitlines()
