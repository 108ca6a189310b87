"""Seconds an epoch, of every workload with every optimiser."""

from __future__ import annotations

from typing import NamedTuple

from benchmarks.speed.arithmetic import Score, load, reference, score
from benchmarks.speed.data import Samples, initial_parameters, read
from benchmarks.speed.peers import PEERS
from benchmarks.speed.peers.base import Parameters, Task
from benchmarks.speed.run import (
    Result,
    Run,
    attempt,
    best_settings,
    key_of,
    label,
    measure,
    say,
    settings,
    trainers,
)
from benchmarks.speed.team import Failed, Key
from benchmarks.speed.workloads import Workload, training_flops

EPOCHS = 1


def training(run: Run, workload: Workload, optimizer: str) -> Result:
    """Measure one workload with one optimiser, over all competitors."""
    rows = run.rows(workload.rows)
    say(f"{workload.name} {list(workload.layers)}, batch {workload.batch}, {optimizer}, {rows:,} rows")
    exact = exact_run(run, workload, optimizer, rows)
    tried = [
        result
        for peer in trainers(run)
        for key in run.keys(peer)
        for result in _first(run, key, workload, optimizer, exact)
    ]
    kept = best_settings(tried)
    for result in tried:
        if result not in kept and "problem" not in result:
            run.team.ask(key_of(result), "drop", setting=result["setting"])
    machine: Result = {"peak": [], "latency": []}

    def ask(candidate: Result, repeats: int) -> Result:
        if candidate is kept[0]:
            look_at_machine(run, machine)
        return run.team.ask(
            key_of(candidate), "train", setting=candidate["setting"], epochs=EPOCHS, repeats=repeats
        )

    measure(run, kept, ask)
    for key in {key_of(result) for result in tried}:
        try:
            run.team.ask(key, "forget")
        except Failed as error:
            say(f"    {error}")
    return {
        "workload": workload.name,
        "layers": workload.layers,
        "batch": workload.batch,
        "optimizer": optimizer,
        "rows": rows,
        "flops": training_flops(workload.layers, rows),
        "reference": exact.score._asdict(),
        "entries": kept,
        "tried": [{k: v for k, v in result.items() if k not in ("seconds", "busy")} for result in tried],
        **machine,
    }


class Exact(NamedTuple):
    """What every result is held to: the same epoch in float64."""

    start: Parameters
    end: Parameters
    test: Samples
    score: Score


def exact_run(run: Run, workload: Workload, optimizer: str, rows: int) -> Exact:
    """Train in float64 over the same mini-batches."""
    start = initial_parameters(workload.layers)
    task = Task(
        workload.layers,
        workload.batch,
        optimizer,
        workload.learning_rate(optimizer),
        start,
        read(run.folder, workload.data, "train", rows),
    )
    end, test = reference(task, EPOCHS), read(run.folder, workload.data, "test")
    return Exact(start, end, test, score(end, end, start, test))


def prepare(run: Run, key: Key, workload: Workload, optimizer: str) -> None:
    """Have a competitor read the data of a workload."""
    run.team.ask(
        key,
        "prepare",
        data=workload.data,
        rows=run.rows(workload.rows),
        layers=workload.layers,
        batch=workload.batch,
        optimizer=optimizer,
        learning_rate=workload.learning_rate(optimizer),
    )


def _first(run: Run, key: Key, workload: Workload, optimizer: str, exact: Exact) -> list[Result]:
    """Every setting of a competitor: once to warm up, once on the clock, its result held to the exact one."""
    names = settings(run, key, "training")
    if names:
        prepare(run, key, workload, optimizer)
    results = []
    for setting in names:
        result: Result = {"peer": key.peer, "threads": key.threads, "setting": setting}

        def action(setting: str = setting) -> Result:
            path = str(run.folder / "weights.npz")
            run.team.ask(key, "train", setting=setting, epochs=EPOCHS, repeats=1)
            answer = run.team.ask(key, "train", setting=setting, epochs=EPOCHS, repeats=1, weights=path)
            reached = score(load(path), exact.end, exact.start, exact.test)
            problem = reached.problem(exact.score)
            found = {"first": answer["seconds"], **reached._asdict()}
            return found | ({"problem": problem} if problem else {})

        result = attempt(result, action)
        if "first" in result:
            end = result.get("problem", f"ends {100 * result['apart']:.2g} % of the way from float64")
            say(f"    {label(result)}: {result['first']:.3f} s, {end}")
        results.append(result)
    return results


def look_at_machine(run: Run, readings: Result) -> None:
    """Once a round: matrix products on every number of threads, and how far apart the cores are."""
    libraries = [peer for peer in dict.fromkeys(("numpy", *run.peers)) if PEERS[peer].multiplies]
    readings["peak"].append({peer: _rates(run, peer) for peer in libraries})
    if max(run.threads) > 1:
        readings["latency"].append(latency(run))


def _rates(run: Run, peer: str) -> dict[int, float]:
    """GFLOP/s of a library's best matrix product, by threads; without those where it cannot."""
    rates = {}
    for n in run.threads:
        try:
            rates[n] = float(max(run.team.ask(Key(peer, n), "matmul")["rates"]))
        except Failed as error:
            say(f"    {PEERS[peer].title}, matrix product: {error}")
    return rates


def latency(run: Run) -> float | None:
    """Nanoseconds from core to core; None where they cannot be measured."""
    try:
        nanoseconds = run.team.ask(Key("numpy", max(run.threads)), "latency")["nanoseconds"]
    except Failed:
        return None
    return None if nanoseconds is None else float(nanoseconds)
