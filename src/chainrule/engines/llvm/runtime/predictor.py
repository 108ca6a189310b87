"""Prediction by generated code: many rows by packed panels, few rows straight from NumPy's arrays."""

from __future__ import annotations

import ctypes
import threading
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.engines.llvm.kernels import layout
from chainrule.engines.llvm.kernels.columns import CHOICES, are_worth_listing_in_order, room_of_columns
from chainrule.engines.llvm.kernels.layout import Block, Frame
from chainrule.engines.llvm.kernels.outputs import room
from chainrule.engines.llvm.programs.build import PredictionProgram
from chainrule.engines.llvm.programs.predict_code import FEW, MANY, room_of_pairs
from chainrule.types import Params

CHUNK = 96
"""Rows that go through all layers together: their activations stay in the cache."""

FEW_ROWS = 16
"""Up to this many rows are predicted one by one, by the parameters where they are."""

FEWEST_ROWS = 8
"""Rows of a thread's share at least, for each share reads all weights."""

OPERATIONS_A_THREAD = 2.4e7
"""A thread is only worth starting for as many as this: some tenths of a millisecond's."""


class Panels:
    """Predicts by weights in panels: those of a trainer, or its own."""

    def __init__(
        self, program: PredictionProgram, widths: Sequence[int], dtype: Any, theta: Block | None = None
    ) -> None:
        self._program, self._dtype = program, np.dtype(dtype)
        self._plan = layout.plan(program.shape, widths, CHUNK, [*program.functions, 0])
        self._theta = theta or Block(self._plan.n_theta, dtype)
        self._table = self._plan.table
        self._operations = 2 * sum(n * m for n, m in pairwise(widths))

    def pack(self, params: Params) -> Panels:
        """Take over parameters."""
        layout.pack(self._plan, self._theta.numbers, params)
        return self

    def outputs(self, X: NDArray[Any], threads: int, logits: bool = False) -> tuple[NDArray[Any], bool]:
        """a^H, or z^H, of some rows, and whether X is finite. Shapes: X (N, n_0), contiguous → (N, n_H)."""
        out = np.empty((len(X), self._plan.layers[-1].outputs), self._dtype)
        worth = min(len(X) // FEWEST_ROWS, int(self._operations * len(X) / OPERATIONS_A_THREAD))
        shares = max(1, min(threads, worth))
        bounds = [len(X) * n // shares for n in range(shares + 1)]
        passes_over = are_worth_listing_in_order(X, CHUNK)
        parts = [_Part(self, X, out, bounds[n], bounds[n + 1], logits, passes_over) for n in range(shares)]
        others = [threading.Thread(target=part.run) for part in parts[1:]]
        for thread in others:
            thread.start()
        parts[0].run()
        for thread in others:
            thread.join()
        return out, not any(part.check[0] for part in parts)


class _Part:
    """One thread's share of the rows, with activations of its own."""

    def __init__(
        self, panels: Panels, X: NDArray[Any], out: NDArray[Any], start: int, stop: int, logits: bool,
        passes_over: bool,
    ) -> None:  # fmt: skip
        plan, size = panels._plan, panels._dtype.itemsize
        self._run = panels._program.predict
        self._held = panels, X, out  # a thread may outlive a caller who is interrupted
        self._rows, self.check = Block(plan.n_rows, panels._dtype), np.zeros(1, np.int64)
        self._room = Block(room(plan.layers[-1].stride, plan.shape.lanes), panels._dtype)
        self._listed = Block(room_of_columns(plan.shape, X.shape[1], CHUNK) if passes_over else 0, np.int64)
        self._tables = np.zeros((len(plan.layers), CHUNK), np.int64)
        for L, place in enumerate(plan.layers[1:], 1):
            self._tables[L] = (
                self._rows.address + (place.activations + np.arange(CHUNK) * place.stride) * size
            )
        values = {
            "layers": panels._table.ctypes.data, "H": len(plan.layers) - 1, "theta": panels._theta.address,
            "rows": self._rows.address, "tables": self._tables.ctypes.data, "X": X.ctypes.data,
            "X_stride": X.shape[1], "start": start, "stop": stop, "chunk": CHUNK, "out": out.ctypes.data,
            "K": out.shape[1], "check": self.check.ctypes.data, "logits": int(logits),
            "room": self._room.address, "choices": CHOICES.ctypes.data,
            "listed": self._listed.address if passes_over else 0,
        }  # fmt: skip
        self._frame = Frame(MANY, values)

    def run(self) -> None:
        self._run(self._frame.address)


class Direct:
    """Predicts a few rows by the parameters where they are, so that changing them needs no word."""

    most = FEW_ROWS

    def __init__(self, program: PredictionProgram, params: Params) -> None:
        dtype = params[1].W.dtype
        self.params = params
        self._run = program.predict_few
        self._arrays = [array for layer in params for array in layer]
        functions = [*program.functions, 0]
        self._places = np.array(
            [
                (layer.W.ctypes.data, layer.b.ctypes.data, layer.W.shape[1], layer.W.shape[0], function)
                for layer, function in zip(params, functions, strict=True)
            ],
            np.int64,
        )
        widest = layout.padded(program.shape, max(len(layer.b) for layer in params))
        self._buffers = [Block(widest, dtype) for _ in range(2)]
        self._pairs = Block(room_of_pairs(program.shape, max(layer.W.shape[1] for layer in params)), np.int64)
        self._check = (ctypes.c_int64 * 1)()
        self._out = np.empty((FEW_ROWS, len(params[-1].b)), dtype)
        self._addresses = np.array([block.address for block in self._buffers], np.int64)
        values = {
            "places": self._places.ctypes.data, "H": len(params), "buffers": self._addresses.ctypes.data,
            "X_stride": params[1].W.shape[1], "K": len(params[-1].b),
            "check": ctypes.addressof(self._check), "out": self._out.ctypes.data,
            "pairs": self._pairs.address,
        }  # fmt: skip
        self._frame = Frame(FEW, values)
        self._values, self._address = self._frame.values, self._frame.address
        self._X, self._count = FEW.index("X"), FEW.index("count")
        self._lock = threading.Lock()

    def outputs(self, X: NDArray[Any]) -> tuple[NDArray[Any], bool]:
        """a^H of some rows, and whether X is finite. X (N, n_0): contiguous, of the parameters' dtype."""
        n = len(X)
        with self._lock:
            if n > len(self._out):
                self._make_room(n)
            self._values[self._X], self._values[self._count] = X.ctypes.data, n
            self._run(self._address)
            finite = not self._check[0]
            self._check[0] = 0
            return self._out[:n].copy(), finite

    def _make_room(self, n: int) -> None:
        self._out = np.empty((n, self._out.shape[1]), self._out.dtype)
        self._frame["out"] = self._out.ctypes.data
