"""How somebody lays out weights, biases and samples: arrays into that layout, gradients out of it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from chainrule.diagnosis.catalogue.backprop import Trial
from chainrule.model.validate import Floats

SINGLE = ("vectors", "column")


class Layout(NamedTuple):
    """``samples``: rows, columns, vectors or column (one sample a call), or pairs of those (x, y).

    ``out_in``: W^L is (n_L, n_{L-1}). ``bias``: vector, column (n, 1) or row (1, n). ``labels``: y as
    class numbers.
    """

    samples: str
    out_in: bool = True
    bias: str = "vector"
    labels: bool = False

    @property
    def single(self) -> bool:
        """Whether a call takes one sample."""
        return self.samples in SINGLE

    def x(self, trial: Trial) -> Floats:
        """The inputs of a trial."""
        return self._set(trial.x)

    def y(self, trial: Trial) -> Any:
        """The targets of a trial."""
        if not self.labels:
            return self._set(trial.y)
        true = np.argmax(trial.y, axis=1)
        return int(true[0]) if self.single else true

    def _set(self, rows: Floats) -> Floats:
        if self.samples == "vectors":
            return np.array(rows[0])
        return np.array(rows if self.samples == "rows" else rows.T, order="C")

    def batch(self, trial: Trial) -> Any:
        """The batch: a list of pairs, or a pair of arrays."""
        if self.samples.startswith("pairs of "):
            one = Layout(self.samples.removeprefix("pairs of "), labels=self.labels)
            rows = range(trial.N)
            return [
                (one.x(t), one.y(t))
                for i in rows
                for t in (trial._replace(x=trial.x[i : i + 1], y=trial.y[i : i + 1]),)
            ]
        return (self.x(trial), self.y(trial))

    def W(self, W: Floats) -> Floats:
        """A copy of our W in their layout."""
        return np.array(W if self.out_in else W.T, order="C")

    def b(self, b: Floats) -> Floats:
        """A copy of our b in their layout."""
        shapes = {"vector": b.shape, "column": (-1, 1), "row": (1, -1)}
        return np.array(b.reshape(shapes[self.bias]))

    def our_dW(self, dW: Floats) -> Floats:
        """Their gradient in our layout; whatever its shape."""
        return dW if self.out_in or dW.ndim != 2 else dW.T

    def our_db(self, db: Floats, n: int) -> Floats:
        """Their gradient as a vector (n,) where it is one; samples as rows where it is not summed."""
        if db.size == n and db.ndim <= 2 and (n > 1 or db.ndim < 2):
            return db.reshape(n)
        if db.ndim == 0 or (db.size == 1 and n > 1):
            return np.full(n, float(db.reshape(-1)[0]))
        if db.ndim == 2 and 1 in db.shape:
            return db.reshape(-1)
        return db.T if db.ndim == 2 and self.samples != "rows" else db

    def words(self) -> str:
        """The layout in words, for the user."""
        W = "(out, in)" if self.out_in else "(in, out)"
        samples = {
            "rows": "samples as rows",
            "columns": "samples as columns",
            "vectors": "one sample a call, a vector",
            "column": "one sample a call, a column",
        }.get(self.samples, f"a batch as a list of pairs (x, y), {self.samples}")
        bias = {"vector": "vectors", "column": "columns (n, 1)", "row": "rows (1, n)"}[self.bias]
        return f"weights {W}, {samples}, biases {bias}{', labels as class numbers' if self.labels else ''}"

    @property
    def stacking(self) -> str:
        """Rows, columns or vectors, as `chainrule.diagnosis.telling.numpy_lines` names them."""
        return {"rows": "rows", "columns": "columns"}.get(self.samples, "vectors")


def leaves(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[tuple[Any, ...], Floats]]:
    """Every array of numbers in nested lists, tuples, dictionaries and plain objects, with its path."""
    if hasattr(value, "_asdict"):
        value = value._asdict()
    elif _is_plain_object(value):
        value = vars(value)
    if isinstance(value, dict):
        keys = sorted(value) if all(isinstance(key, int) for key in value) else list(value)
        for key in keys:
            yield from leaves(value[key], (*path, key))
    elif isinstance(value, list | tuple) or (isinstance(value, np.ndarray) and value.dtype == object):
        if len(value) and all(np.isscalar(item) for item in value):
            yield path, np.asarray(value)
            return
        for place, item in enumerate(value):
            yield from leaves(item, (*path, place))
    elif isinstance(value, np.ndarray | np.generic | float):
        array = np.asarray(value)
        if array.dtype.kind in "fiu":
            yield path, array


def _is_plain_object(value: Any) -> bool:
    """Whether it is an object of the program's own that holds things, such as ``Cache(a1=…, z1=…)``."""
    home = type(value).__module__.partition(".")[0]
    return hasattr(value, "__dict__") and not callable(value) and home not in ("builtins", "numpy", "types")


BESIDE = re.compile(r"veloc|moment|prev|best|adam|cache|mask")
"""Names of what is kept beside parameters and gradients."""
MARKS = re.compile(r"^d_?[wb]|^d_?(weights?|bias)|grad|nabla|^delta_?[wb]|^g[wb]\d*$|^sum_d")
"""Names of gradients."""


def _words(path: Sequence[Any]) -> list[str]:
    return [str(word).lower().strip("_") for word in path if isinstance(word, str)]


def is_beside(path: Sequence[Any]) -> bool:
    """Whether the names on the path say that it is no parameter: a gradient, or what an optimiser keeps."""
    return any(BESIDE.search(name) or MARKS.search(name) for name in _words(path))


def kind(path: Sequence[Any]) -> tuple[str, bool]:
    """("W" or "b" or "", whether it is a gradient) by the names on the path."""
    names = _words(path)
    if not names or any(BESIDE.search(name) for name in names):
        return "", False
    gradient = any(MARKS.search(name) for name in names)
    base = re.sub(r"gradients?|grads?|nabla|delta|^d_|^sum_d|^acc", "", names[-1]).strip("_")
    if gradient and re.match(r"[dg][wb]", base):
        base = base[1:]
    if re.match(r"w|theta|kernel|coef", base) or "weight" in base:
        return "W", gradient
    return ("b", gradient) if base.startswith(("b", "intercept")) or "bias" in base else ("", gradient)


def in_order(found: list[tuple[tuple[Any, ...], Any]]) -> list[Any]:
    """The items by the numbers in their paths where all have one, otherwise as they came."""

    def numbers(path: tuple[Any, ...]) -> list[int]:
        return [int(n) for word in path for n in re.findall(r"\d+", str(word))]

    keys = [numbers(path) for path, _ in found]
    if all(keys) and len({len(key) for key in keys}) == 1:
        return [item for _, (_, item) in sorted(zip(keys, found, strict=True), key=lambda pair: pair[0])]
    return [item for _, item in found]
