"""Prediction on one thread: all rows at once, and one row at a time."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from benchmarks.speed.data import initial_parameters, read
from benchmarks.speed.peers import OURS
from benchmarks.speed.peers.numpy_loop import outputs
from benchmarks.speed.run import Result, Run, attempt, best_settings, key_of, label, measure, say, settings
from benchmarks.speed.team import Key
from benchmarks.speed.training import prepare
from benchmarks.speed.workloads import Workload, prediction_flops

CHUNKS = (0, 1024)
"""Rows a call; 0 for all. What is best depends on caches, so everybody gets both."""
TOLERANCE = 1e-5
"""Of float32 probabilities."""


def prediction(run: Run, workload: Workload, count: int) -> list[Result]:
    """Measure both kinds on one network; ``count`` single rows a round."""
    rows = run.rows(workload.rows)
    keys = [Key(peer, 1) for peer in (OURS, *run.peers)]
    say(f"{workload.name} {list(workload.layers)}, prediction of {rows:,} rows, 1 thread")
    found = {key: settings(run, key, "prediction") for key in keys}
    for key in (key for key in keys if found[key]):
        prepare(run, key, workload, "sgd")
    pairs = [(key, setting) for key in keys for setting in found[key]]
    return [_bulk(run, workload, rows, pairs), _single(run, workload, count, pairs)]


def _bulk(run: Run, workload: Workload, rows: int, pairs: Iterable[tuple[Key, str]]) -> Result:
    path = run.folder / "outputs.npy"
    samples = read(run.folder, workload.data, "train", min(rows, 1000))
    exact = outputs(_float64(workload), samples.X.astype(np.float64))
    tried = []
    for key, setting in pairs:
        for chunk in CHUNKS:

            def action(key: Key = key, setting: str = setting, chunk: int = chunk) -> Result:
                run.team.ask(key, "bulk", setting=setting, chunk=chunk, outputs=str(path))
                error = float(np.abs(np.load(path) - exact).max())
                if not error <= TOLERANCE:
                    return {"problem": f"other outputs: off by {error:.1e}"}
                return {
                    "first": run.team.ask(key, "bulk", setting=setting, chunk=chunk)["seconds"],
                    "error": error,
                }

            name = f"{setting}, {chunk} rows a call" if chunk else setting
            result = {"peer": key.peer, "threads": 1, "setting": name, "name": setting, "chunk": chunk}
            tried.append(_told(attempt(result, action)))
    kept = best_settings(tried)

    def ask(candidate: Result, repeats: int) -> Result:
        options = {"setting": candidate["name"], "chunk": candidate["chunk"]}
        times = [run.team.ask(key_of(candidate), "bulk", **options)["seconds"] for _ in range(repeats)]
        return {"seconds": float(np.median(times))}

    measure(run, kept, ask)
    flops = prediction_flops(workload.layers, rows)
    return _result(workload, "bulk", rows, flops, kept, tried)


def _single(run: Run, workload: Workload, count: int, pairs: Iterable[tuple[Key, str]]) -> Result:
    tried = []
    for key, setting in pairs:

        def action(key: Key = key, setting: str = setting) -> Result:
            return {"first": run.team.ask(key, "row", setting=setting, count=count)["seconds"]}

        tried.append(_told(attempt({"peer": key.peer, "threads": 1, "setting": setting}, action)))
    kept = best_settings(tried)

    def ask(candidate: Result, repeats: int) -> Result:
        return run.team.ask(key_of(candidate), "row", setting=candidate["setting"], count=count)

    measure(run, kept, ask)
    return _result(workload, "row", 1, prediction_flops(workload.layers, 1), kept, tried)


def _result(
    workload: Workload, what: str, rows: int, flops: int, kept: list[Result], tried: list[Result]
) -> Result:
    tried = [{k: v for k, v in result.items() if k not in ("seconds", "busy")} for result in tried]
    known = {"workload": workload.name, "layers": workload.layers, "what": what, "rows": rows, "flops": flops}
    return known | {"entries": kept, "tried": tried}


def _float64(workload: Workload) -> list[tuple[np.ndarray, np.ndarray]]:
    return [(W.astype(np.float64), b.astype(np.float64)) for W, b in initial_parameters(workload.layers)]


def _told(result: Result) -> Result:
    if "first" in result:
        say(f"    {label(result)}: {1e6 * result['first']:,.1f} µs")
    return result
