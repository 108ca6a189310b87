"""Whether everybody did the same arithmetic: held to a float64 run over the same mini-batches."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from benchmarks.speed.data import Samples
from benchmarks.speed.peers.base import Parameters, Task
from benchmarks.speed.peers.numpy_loop import Loop, outputs

LOSS_TOLERANCE = 1e-3
ACCURACY_TOLERANCE = 0.01
PATH_TOLERANCE = 0.05


class Score(NamedTuple):
    """Cross-entropy and accuracy on samples not trained on, and the distance from the exact end."""

    loss: float
    accuracy: float
    apart: float
    """‖θ − θ_exact‖ / ‖θ_exact − θ_0‖: how far from where float64 ends, as a share of the whole way."""

    def problem(self, reference: Score) -> str | None:
        """In what this differs from the reference by more than float32 explains; None where it does not."""
        if not abs(self.loss - reference.loss) <= LOSS_TOLERANCE * reference.loss:
            return f"other arithmetic: cross-entropy {self.loss:.6f} instead of {reference.loss:.6f}"
        if not abs(self.accuracy - reference.accuracy) <= ACCURACY_TOLERANCE:
            return f"other arithmetic: accuracy {self.accuracy:.4f} instead of {reference.accuracy:.4f}"
        if not self.apart <= PATH_TOLERANCE:
            return f"other arithmetic: the parameters end {100 * self.apart:.2g} % of the way apart"
        return None


def score(parameters: Parameters, exact_end: Parameters, start: Parameters, samples: Samples) -> Score:
    """Score parameters in float64, whoever found them."""
    exact = [(W.astype(np.float64), b.astype(np.float64)) for W, b in parameters]
    p = outputs(exact, samples.X.astype(np.float64))
    right = p[np.arange(len(p)), samples.y]
    with np.errstate(
        divide="ignore"
    ):  # a probability that is 0 gives an infinite loss, which no tolerance passes
        loss = float(-np.log(right).mean())
    accuracy = float((p.argmax(axis=1) == samples.y).mean())
    return Score(loss, accuracy, distance(parameters, exact_end) / distance(exact_end, start))


def distance(some: Parameters, others: Parameters) -> float:
    """The Euclidean distance of all parameters."""
    pairs = [(a, b) for one, other in zip(some, others, strict=True) for a, b in zip(one, other, strict=True)]
    return float(np.sqrt(sum(np.square(a.astype(np.float64) - b).sum() for a, b in pairs)))


def reference(task: Task, epochs: int) -> Parameters:
    """The same training in float64."""
    loop = Loop(task, "float64")
    loop.reset()
    loop.run(epochs)
    return loop.parameters()


def load(path: str) -> Parameters:
    """The parameters that a competitor wrote."""
    with np.load(path) as arrays:
        flat = [arrays[name] for name in arrays.files]
    return list(zip(flat[::2], flat[1::2], strict=True))
