"""How cost grows with width, depth and batch: seconds a sample in training, plain gradient descent."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from benchmarks.speed.peers import OURS
from benchmarks.speed.run import Result, Run, attempt, best_settings, key_of, label, measure, say, settings
from benchmarks.speed.team import Failed, Key
from benchmarks.speed.training import prepare
from benchmarks.speed.workloads import Workload, training_flops

PEERS_GROWN = ("torch", "torch-step", "jax", "sklearn")
WORK = 2_000_000_000
"""Operations a point: enough to be measured, few enough for a whole figure."""
MOST_ROWS = 60_000
FEWEST_STEPS = 40
"""An epoch of fewer would measure how parameters are taken over and given back."""


class Point(NamedTuple):
    """One network of the figure."""

    axis: str
    value: int
    layers: tuple[int, ...]
    batch: int

    def workload(self) -> Workload:
        """As many rows as the work allows, in whole mini-batches."""
        wanted = WORK // training_flops(self.layers, 1)
        steps = min(max(FEWEST_STEPS, wanted // self.batch), MOST_ROWS // self.batch)
        name = f"{self.axis} {self.value}"
        return Workload(name, self.layers, self.batch, "pictures", steps * self.batch, 0.01)


def points(quick: bool) -> Iterator[Point]:
    """Width 16…4096, depth 1…16, batch 1…4096; a quick run takes the ends of the first half."""
    for width in (16, 128) if quick else (16, 32, 64, 128, 256, 512, 1024, 2048, 4096):
        yield Point("width", width, (784, width, 10), 32)
    for depth in (1, 4) if quick else (1, 2, 4, 8, 16):
        yield Point("depth", depth, (784, *[128] * depth, 10), 32)
    for batch in (1, 64) if quick else (1, 4, 16, 64, 256, 1024, 4096):
        yield Point("batch", batch, (784, 128, 10), batch)


def growth(run: Run, point: Point, compiled: bool) -> Result:
    """Measure one point."""
    workload = point.workload()
    rows = run.rows(workload.rows)
    say(f"growth: {workload.name}, {rows:,} rows")
    tried = []
    for peer in (OURS, *(peer for peer in run.peers if peer in PEERS_GROWN)):
        for key in run.keys(peer):
            tried += _first(run, key, workload, compiled)
    kept = best_settings(tried)

    def ask(candidate: Result, repeats: int) -> Result:
        return run.team.ask(
            key_of(candidate), "train", setting=candidate["setting"], epochs=1, repeats=repeats
        )

    measure(run, kept, ask)
    return {**point._asdict(), "rows": rows, "flops": training_flops(point.layers, rows), "entries": kept}


def _first(run: Run, key: Key, workload: Workload, compiled: bool) -> list[Result]:
    names = [name for name in settings(run, key, "training") if compiled or "compiled" not in name]
    if not names:
        return []
    try:
        prepare(run, key, workload, "sgd")
    except Failed as error:
        say(f"    {error}")
        return []
    results = []
    for setting in names:

        def action(setting: str = setting) -> Result:
            run.team.ask(key, "train", setting=setting, epochs=1, repeats=1)
            return {"first": run.team.ask(key, "train", setting=setting, epochs=1, repeats=1)["seconds"]}

        result = attempt({"peer": key.peer, "threads": key.threads, "setting": setting}, action)
        if "first" in result:
            say(f"    {label(result)}: {1e6 * result['first'] / run.rows(workload.rows):.2f} µs a sample")
        results.append(result)
    return results
