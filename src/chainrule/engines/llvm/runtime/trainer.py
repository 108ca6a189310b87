"""Training by generated code: lay out the memory, list the numbers of each step, and send off the threads."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.engines.base import Examples, Masks, Steps, Task
from chainrule.engines.llvm.kernels import layout
from chainrule.engines.llvm.kernels.columns import CHOICES, are_worth_listing, room_of_columns
from chainrule.engines.llvm.kernels.layout import Block, Frame
from chainrule.engines.llvm.kernels.outputs import room
from chainrule.engines.llvm.kernels.prefetch import room_of_coming
from chainrule.engines.llvm.programs.build import PredictionProgram, TrainingProgram
from chainrule.engines.llvm.programs.recipe import moments
from chainrule.engines.llvm.programs.thread import FRAME
from chainrule.engines.llvm.runtime.predictor import Panels
from chainrule.engines.llvm.runtime.thread_choice import Pace
from chainrule.equations.optimizers import Moments
from chainrule.types import ByLayer, Layer, Params

CAST_ROWS = 8192
"""Rows that are copied into another precision at a time."""

NOBODY_WAITS = 2**62
"""At the barrier: more arrivals than anybody waits for."""


class LlvmTrainer:
    """Parameters in panels, and the code that moves them."""

    def __init__(
        self,
        program: TrainingProgram,
        prediction: PredictionProgram,
        task: Task,
        params: Params,
        state: ByLayer[Layer],
        examples: Examples,
        threads: int,
        fixed: bool = True,
    ) -> None:
        self.threads = threads
        self._program, self._task, self._examples = program, task, examples
        self._dtype = params[1].W.dtype
        self._names = moments(task.optimizer)
        self._t = int(state[1].W.t)
        widths = [params[1].W.shape[1], *(len(layer.b) for layer in params)]
        functions = [*program.functions, 0]
        plan = self._plan = layout.plan(
            program.shape, widths, task.batch_size, functions, cast=examples.X.dtype != self._dtype
        )
        block = partial(Block, dtype=self._dtype)
        self._theta, self._rows = block(plan.n_theta), block(plan.n_rows)
        self._moments = {name: block(plan.n_theta) for name in self._names}
        self._gathered = block(2 * plan.n_gathered)
        self._partial = block(layout.n_partial(plan, threads))
        self._room = block(threads * room(plan.layers[-1].stride, plan.shape.lanes))
        self._zeros, self._ones = block(plan.shape.panel), block(1)
        self._ones.numbers[:] = 1
        self._barrier = Block(1, np.int64)
        self._layers = plan.table
        self._tables = self._make_tables()
        self._room_of_coming = room_of_coming(task.batch_size)
        passes_over = are_worth_listing(examples.X, task.batch_size)
        self._room_of_columns = room_of_columns(plan.shape, widths[0], plan.batch) if passes_over else 0
        self._listed = Block(threads * self._room_of_columns, np.int64)
        self._coming = Block(threads * self._room_of_coming, np.int64)
        layout.pack(plan, self._theta.numbers, params)
        for name, moment in self._moments.items():
            layout.pack(plan, moment.numbers, state.map(lambda s, n=name: Layer(*(getattr(p, n) for p in s))))  # type: ignore[misc]
        self._X = np.ascontiguousarray(examples.X)
        self._Y = np.ascontiguousarray(examples.Y, self._dtype)
        self._weight = np.ascontiguousarray(examples.weight, self._dtype)
        self._labels = np.ascontiguousarray(self._Y.argmax(axis=1), np.int64)
        self._frame = self._make_frame(plan, task)
        self._pace = Pace(threads, fixed, operations(widths, task.batch_size))
        self._panels = Panels(prediction, widths, self._dtype, self._theta)

    def _make_tables(self) -> NDArray[np.int64]:
        """Addresses of rows: two lines for each thread's rows of X, two for each layer, one for the ones."""
        plan, size = self._plan, self._dtype.itemsize
        H = len(plan.layers) - 1
        lines = np.zeros((2 * self.threads + 2 * (H + 2), plan.batch), np.int64)
        rows = np.arange(plan.batch)
        for L, place in enumerate(plan.layers[1:], 1):
            for side, offset in enumerate((place.activations, place.deltas)):
                lines[2 * self.threads + 2 * L + side] = (
                    self._rows.address + (offset + rows * place.stride) * size
                )
        lines[2 * self.threads + 2 * (H + 1)] = self._ones.address
        return lines

    def _make_frame(self, plan: layout.Plan, task: Task) -> Frame:
        places = {
            "lines": 2 * self.threads, "barrier": self._barrier.address, "layers": self._layers.ctypes.data,
            "H": len(plan.layers) - 1, "theta": self._theta.address,
            "rows": self._rows.address, "zeros": self._zeros.address, "tables": self._tables.ctypes.data,
            "X": self._X.ctypes.data, "X_stride": self._X.shape[1], "Y": self._Y.ctypes.data,
            "weight": self._weight.ctypes.data, "samples": len(self._X), "batch": task.batch_size,
            "masks_of_step": plan.n_masks, "K": self._Y.shape[1], "labels": self._labels.ctypes.data,
            "room": self._room.address, "partial": self._partial.address,
            "gathered": self._gathered.address if plan.n_gathered else 0, "n_gathered": plan.n_gathered,
            "listed": self._listed.address if self._room_of_columns else 0,
            "room_of_columns": self._room_of_columns, "choices": CHOICES.ctypes.data,
            "coming": self._coming.address, "room_of_coming": self._room_of_coming,
            "panel_rows": sum(p.inputs * -(-p.outputs_padded // plan.shape.panel) for p in plan.layers[1:]),
            "X_block": plan.shape.panel * (plan.spread if plan.n_gathered else 1),
        }  # fmt: skip
        moments = zip(("first", "second"), self._names, strict=False)
        return Frame(FRAME, places | {place: self._moments[name].address for place, name in moments})

    def snapshot(self, last: bool = False) -> Callable[[], Params]:
        """The parameters as they stand, in the shapes of the text; unpacked when asked for."""
        plan, theta = self._plan, self._theta.numbers if last else self._theta.numbers.copy()
        return lambda: layout.unpack(plan, theta)

    def moments(self) -> ByLayer[Layer]:
        """Copies of the optimiser's state."""
        parts = {name: layout.unpack(self._plan, block.numbers) for name, block in self._moments.items()}
        return ByLayer(
            Layer(*(Moments(self._t, **{n: p[L][side] for n, p in parts.items()}) for side in (0, 1)))
            for L in range(1, len(self._plan.layers))
        )

    def logits(self, X: NDArray[Any]) -> NDArray[Any]:
        """z^H of some rows, by the parameters as they stand. Shapes: X (N, n_0) → (N, n_H)."""
        size = len(X) if X.dtype == self._dtype else CAST_ROWS
        parts = (np.ascontiguousarray(X[i : i + size], self._dtype) for i in range(0, len(X), size))
        z = [self._panels.outputs(part, self.threads, logits=True)[0] for part in parts]
        return z[0] if len(z) == 1 else np.concatenate(z)

    def take(
        self, order: NDArray[np.intp], first: int, etas: NDArray[np.float64], masks: Sequence[Masks] | None
    ) -> Steps:
        """Take ``len(etas)`` steps, beginning with mini-batch number ``first`` of the epoch."""
        order = np.ascontiguousarray(order, np.int64)
        parts, done = [], 0
        while done < len(etas):
            threads, count = self._pace.next(len(etas) - done)
            some = slice(done, done + count)
            started = time.perf_counter()
            parts.append(
                self._take(
                    order, first + done, etas[some], masks[some] if masks is not None else None, threads
                )
            )
            self._pace.took(threads, count, time.perf_counter() - started)
            done += count
        return Steps(*np.concatenate(parts).T)

    def _take(
        self, order: NDArray[np.int64], first: int, etas: NDArray[np.float64], masks: Sequence[Masks] | None,
        threads: int,
    ) -> NDArray[np.float64]:  # fmt: skip
        steps, frame = len(etas), self._frame
        t = self._t + np.arange(steps, dtype=np.float64)
        with np.errstate(over="ignore"):  # a learning rate beyond float32 is infinite, and training diverges
            numbers = self._program.slots.values(etas, t, self._task.penalty, self._dtype)
        result = np.zeros((steps, 2, self._plan.batch))  # each sample's: summed in one order
        packed = self._pack_masks(masks) if masks is not None else None
        frame["order"], frame["step"], frame["steps"] = order.ctypes.data, first, steps
        frame["samples"] = len(order)
        frame["numbers"], frame["result"] = numbers.ctypes.data, result.ctypes.data
        frame["masks"] = 0 if packed is None else packed.ctypes.data
        frame["threads"], frame["rooms"] = threads, layout.rooms(self._plan, threads)
        self._barrier.numbers[:] = 0
        self._run(threads)
        self._t += steps
        return np.asarray(result.sum(axis=2))

    def _pack_masks(self, masks: Sequence[Masks]) -> NDArray[Any]:
        packed = np.zeros((len(masks), self._plan.n_masks), self._dtype)
        for step, of_step in enumerate(masks):
            for place, mask in zip(self._plan.layers[1:-1], of_step, strict=True):
                for p, column in enumerate(range(0, place.outputs, self._plan.shape.panel)):
                    start, part = place.mask + p * place.block, mask[:, column : column + place.stride]
                    rows = packed[step, start : start + self._plan.batch * place.stride]
                    rows.reshape(self._plan.batch, place.stride)[: len(part), : part.shape[1]] = part
        return packed

    def _run(self, threads: int) -> None:
        train, address = self._program.train, self._frame.address
        others = [threading.Thread(target=train, args=(address, n)) for n in range(1, threads)]
        try:
            for thread in others:
                thread.start()
            train(address, 0)
        except BaseException:  # Ctrl-C, before thread 0 set off: the others must not wait for it
            self._barrier.numbers[:] = NOBODY_WAITS
            raise
        finally:
            for thread in others:
                if thread.ident is not None:
                    thread.join()

    @property
    def pace(self) -> Pace:
        """How many threads it takes."""
        return self._pace

    @property
    def blocks(self) -> list[Block]:
        """All memory that generated code may change, for tests of what it leaves alone."""
        own = [self._theta, self._rows, self._room, self._partial, self._gathered, self._coming, self._listed]
        return [*own, self._zeros, self._ones, *self._moments.values()]


def operations(widths: Sequence[int], batch_size: int) -> int:
    """Operations of one step: three products for each layer, two for the first."""
    products = sum(n * m * (3 if L else 2) for L, (n, m) in enumerate(pairwise(widths)))
    return 2 * batch_size * products
