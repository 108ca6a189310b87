"""A competitor's own process: reads commands, one JSON object a line, and answers each with another.

    python -m benchmarks.speed.child NAME THREADS FOLDER

Standard output belongs to the answers; what a library prints goes to standard error.
"""

from __future__ import annotations

import gc
import json
import os
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from time import perf_counter, process_time
from typing import Any, cast

import numpy as np

from benchmarks.speed.data import initial_parameters, read
from benchmarks.speed.peers import make
from benchmarks.speed.peers.base import Array, Multiplier, Peer, Predictor, Task


class Competitor:
    """Carries out commands. Each public method is one, and its arguments are the command's."""

    def __init__(self, name: str, threads: int | None, folder: Path) -> None:
        self.folder = folder
        self._peer: Peer = make(name, threads)
        self._trainers: dict[str, Any] = {}
        self._predictors: dict[str, Predictor] = {}

    def hello(self) -> dict[str, Any]:
        """The settings there are."""
        return {"training": self._peer.training(), "prediction": self._peer.prediction()}

    def prepare(self, data: str, rows: int, layers: list[int], **options: Any) -> dict[str, Any]:
        """Read the data, and forget what was trained before."""
        self.forget()
        samples = read(self.folder, data, "train", rows)
        self._task = Task(tuple(layers), parameters=initial_parameters(layers), samples=samples, **options)
        return {}

    def forget(self) -> dict[str, Any]:
        """Let go of data and models."""
        self._trainers, self._predictors, self._task = {}, {}, None  # type: ignore[assignment]
        self._peer.forget()
        gc.collect()
        return {}

    def train(self, setting: str, epochs: int, repeats: int, weights: str = "") -> dict[str, Any]:
        """Train anew ``repeats`` times: seconds an epoch, and the processors that were busy."""
        if setting not in self._trainers:
            self._trainers[setting] = self._peer.trainer(self._task, setting)
        trainer = self._trainers[setting]
        seconds, busy = [], []
        for _ in range(repeats):
            trainer.reset()
            spent, wall = process_time(), perf_counter()
            own = trainer.run(epochs)
            wall, spent = perf_counter() - wall, process_time() - spent
            if own is not None:
                wall, spent = own, spent * own / wall
            seconds.append(wall / epochs)
            busy.append(spent / wall)
        if weights:
            arrays = [array for pair in trainer.parameters() for array in pair]
            np.savez(weights, *arrays)
        return {"seconds": float(np.median(seconds)), "busy": float(np.median(busy))}

    def drop(self, setting: str) -> dict[str, Any]:
        """Let go of one setting's model."""
        self._trainers.pop(setting, None)
        return {}

    def bulk(self, setting: str, chunk: int, outputs: str = "") -> dict[str, Any]:
        """Predict all rows, ``chunk`` at a time (0: in one call): seconds."""
        X, predict = self._task.samples.X, self._predictor(setting)
        start = perf_counter()
        probabilities = _in_chunks(predict, X, chunk) if chunk else predict(X)
        seconds = perf_counter() - start
        if outputs:
            np.save(outputs, np.asarray(probabilities)[:1000])
        return {"seconds": seconds}

    def row(self, setting: str, count: int) -> dict[str, Any]:
        """Predict one row at a time: median and quartiles of the seconds."""
        predict = self._predictor(setting)
        rows = [np.ascontiguousarray(row[None]) for row in self._task.samples.X[:1000]]
        for row in rows[:100]:
            predict(row)
        seconds = np.empty(count)
        for k in range(count):
            row = rows[k % len(rows)]
            start = perf_counter()
            predict(row)
            seconds[k] = perf_counter() - start
        return {"seconds": float(np.median(seconds))}

    def matmul(self) -> dict[str, Any]:
        """GFLOP/s of large matrix products."""
        from benchmarks.speed.peak import matmul_rates

        return {"rates": matmul_rates(cast(Multiplier, self._peer).multiply)}

    def latency(self) -> dict[str, Any]:
        """Nanoseconds from core to core."""
        from benchmarks.speed.latency import latency

        return {"nanoseconds": latency()}

    def _predictor(self, setting: str) -> Predictor:
        if setting not in self._predictors:
            self._predictors[setting] = self._peer.predictor(self._task.parameters, setting)
        return self._predictors[setting]


def _in_chunks(predict: Callable[[Array], Array], X: Array, chunk: int) -> Array:
    parts = [predict(X[start : start + chunk]) for start in range(0, len(X), chunk)]
    return np.concatenate(parts)


def serve(name: str, threads: int | None, folder: Path) -> None:
    """Answer commands until there are no more."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    competitor: Competitor | None = None
    for line in sys.stdin:
        command = json.loads(line)
        try:
            competitor = competitor or Competitor(name, threads, folder)
            answer = getattr(competitor, command.pop("do"))(**command)
        except Exception as error:
            traceback.print_exc()
            answer = {"error": f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}"}
        print(json.dumps(answer), file=answers, flush=True)


if __name__ == "__main__":
    serve(sys.argv[1], None if sys.argv[2] == "auto" else int(sys.argv[2]), Path(sys.argv[3]))
