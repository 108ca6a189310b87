"""What a form of code gives on a trial, whatever the form: gradients, or parameters before and after."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from chainrule.diagnosis.asking.arguments import call
from chainrule.diagnosis.asking.layouts import Layout, leaves
from chainrule.diagnosis.asking.results import Assigned
from chainrule.diagnosis.asking.trials import trials
from chainrule.diagnosis.catalogue.backprop import Trial
from chainrule.diagnosis.catalogue.models import OUTPUTS
from chainrule.engines.reference import NUMPY
from chainrule.model.validate import Floats


class Unfit(Exception):
    """The code cannot be called in this way, or what it gives cannot be gradients."""


class Raw(NamedTuple):
    """What one call gave: dW, db as they came; ``notes`` on what else was seen.

    ``rate_inside``: an update by a learning rate of its own.
    ``trial``: what was computed in fact, where the code took some of the samples only.
    """

    given: Assigned
    output: Floats | None = None
    loss: float | None = None
    notes: tuple[str, ...] = ()
    update: bool = False
    rate_inside: bool = False
    trial: Trial | None = None


class Form(NamedTuple):
    """A way to call somebody's code. ``name`` says what is called, ``compute`` does it on a trial.

    ``outputs``: the way forward alone. ``file``: where the code stands.
    ``automatic``: its gradients are a library's derivatives of its loss.
    ``N``, ``widths``: where the code leaves no choice. ``prepared``: a trial as the code can hold it.
    ``watched``: it was not called, but run up to a step of its own.
    """

    name: str
    layout: Layout
    compute: Callable[[Trial], Raw]
    update: bool
    loss: Callable[[Trial], float] | None = None
    twice: Callable[[Trial], tuple[Raw, Raw]] | None = None
    biasless: bool = False
    outputs: Callable[[Trial], Floats | None] | None = None
    file: str = ""
    automatic: bool = False
    N: int | None = None
    widths: tuple[int, ...] | None = None
    prepared: Callable[[Trial], Trial] | None = None
    watched: bool = False

    def trials(self, widths: Sequence[int], count: int | None = None) -> list[Trial]:
        """Random networks as this form takes them."""
        found = trials(self.widths or widths, self.layout.single, count, self.biasless, self.N)
        return [self.as_held(one) for one in found]

    def as_held(self, trial: Trial) -> Trial:
        """A trial as the code can hold it."""
        return trial if self.prepared is None else self.prepared(trial)


def read_off(before: Sequence[Floats], after: Sequence[Floats], eta: float) -> tuple[Floats, ...]:
    """The gradient of an update θ ← θ − η g, by tensor."""
    return tuple(
        (np.asarray(b, np.float64) - np.asarray(a, np.float64)) / eta
        for b, a in zip(before, after, strict=True)
    )


def updated(before_W: Sequence[Floats], before_b: Sequence[Floats], after: Assigned, eta: float) -> Assigned:
    """The gradients behind changed parameters."""
    dW, db = read_off(before_W, after.dW, eta), read_off(before_b, after.db, eta)
    fitting = sum(g.shape == W.shape for g, W in zip((*dW, *db), (*before_W, *before_b), strict=True))
    return Assigned(dW, db, after.order, fitting)


def outputs_in(value: Any, trial: Trial, layout: Layout) -> Floats | None:
    """The last array in ``value`` that has the shape of the outputs, as rows."""
    N, K = trial.y.shape
    shapes = {"rows": (N, K), "columns": (K, N), "vectors": (K,), "column": (K, 1)}
    shape = shapes.get(layout.samples)
    raw = raw_outputs(value, shape)
    if raw is None:
        return None
    found = np.asarray(raw, np.float64)
    return found.reshape(1, K) if layout.single else (found if layout.samples == "rows" else found.T)


def raw_outputs(value: Any, shape: tuple[int, ...] | None) -> Floats | None:
    """The array that is the outputs: the first part of a tuple if it fits, otherwise the last that fits.

    Of two of which one is an output activation of the other, a^H = φ(z^H), it is that one.
    """
    if isinstance(value, tuple) and value and isinstance(value[0], np.ndarray) and value[0].shape == shape:
        return value[0]
    fitting = [array for _, array in leaves(value) if array.shape == shape]
    activated = [a for a in fitting if any(_is_activation_of(a, z) for z in fitting)]
    found = activated or fitting
    return found[-1] if found else None


def _is_activation_of(a: Floats, z: Floats) -> bool:
    if np.array_equal(a, z):
        return False
    rows = (a.reshape(1, -1), z.reshape(1, -1))
    pairs = [rows] if 1 in a.shape or a.ndim < 2 else [(a, z), (a.T, z.T)]
    with np.errstate(all="ignore"):
        return any(
            np.allclose(out, output.predict(NUMPY, given), rtol=1e-6, atol=1e-9)
            for output in OUTPUTS.values()
            for out, given in pairs
        )


def number_of(
    function: Callable[..., Any], values: Mapping[str, Any], given: Mapping[str, str]
) -> float | None:
    """The one number that a function returns, if it does."""
    try:
        array = np.asarray(call(function, values, given), dtype=np.float64)
    except Exception:
        return None
    return float(array.reshape(-1)[0]) if array.size == 1 and np.isfinite(array).all() else None


NATURAL = (
    ("columns", True, "column"),
    ("rows", False, "vector"),
    ("rows", False, "row"),
    ("rows", True, "vector"),
    ("rows", True, "row"),
    ("columns", False, "column"),
    ("vectors", True, "vector"),
    ("vectors", False, "vector"),
    ("column", True, "column"),
    ("column", False, "column"),
)


def layouts(batch: bool, labels: bool = True) -> list[Layout]:
    """The layouts to try for a function, those that go together first; class numbers for y last."""
    pairs = [
        ("pairs of column", True, "column"), ("pairs of column", False, "column"),
        ("pairs of vectors", True, "vector"), ("pairs of vectors", False, "vector"),
    ]  # fmt: skip
    whole = [one for one in NATURAL if one[0] in ("rows", "columns")]
    chosen = [*pairs, *whole] if batch else list(NATURAL)
    return [Layout(*one, labels=coded) for coded in ((False, True) if labels else (False,)) for one in chosen]
