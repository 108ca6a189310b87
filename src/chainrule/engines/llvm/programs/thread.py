"""One thread of a training, as generated code: its share of the work, and its places in memory.

Thread t owns a fixed share of each layer's panels: it alone computes their activations, their deltas and
their updates, so that weights stay with a core, but for Eq. B2, which needs all of the next layer's;
activations and deltas travel between cores. The output head is shared out by rows, as many as fill a vector.
"""

from __future__ import annotations

from typing import NamedTuple

from chainrule.engines.llvm.kernels.layer import Fields, Layer
from chainrule.engines.llvm.kernels.tiles import Rows, ceil
from chainrule.engines.llvm.machine.caches import room_of_panel
from chainrule.engines.llvm.writer.code import Code
from chainrule.engines.llvm.writer.values import Array, Int

FRAME = (
    "threads", "lines", "barrier", "layers", "H", "theta", "first", "second", "rows", "zeros",
    "tables", "X", "X_stride", "Y", "weight", "order", "samples", "batch", "step", "steps", "numbers",
    "masks", "masks_of_step", "result", "K", "labels", "room", "partial", "rooms", "gathered", "n_gathered",
    "X_block", "coming", "room_of_coming", "panel_rows", "listed", "room_of_columns",
    "choices",
)  # fmt: skip
"""What a call of ``train`` hands over."""

PATIENCE = 4000
"""Turns of waiting for another thread before the processor is offered to other programs."""


class MiniBatch(NamedTuple):
    """Where the order of a mini-batch's rows stands, and how many they are."""

    order: Array
    size: Int


class Thread:
    """Thread ``number`` of ``threads``."""

    def __init__(self, code: Code, address: Int, number: Int, size_of_X: int) -> None:
        self.code, self.number, self.size_of_X = code, number, size_of_X
        self.frame = Fields(code, address, FRAME)
        self.threads, self.H = self.frame.threads, self.frame.H
        self.panel = code.shape.panel
        self.met = code.variable(0)

    def own(self, panels: Int) -> tuple[Int, Int]:
        """The panels that this thread owns: from the first to before the last."""
        first, last = (n * panels // self.threads for n in (self.number, self.number + 1))
        return first, last

    def own_samples(self, rows: Int) -> tuple[Int, Int]:
        """The samples whose outputs this thread computes: from the first to before the last."""
        first, stop = (n * self.code.lanes for n in self.own(ceil(rows, self.code.lanes)))
        return first, stop.at_most(rows)

    def own_rows(self, rows: Int) -> tuple[Int, Int]:
        """The rows of X that this thread reads: its share of them where they are gathered, else all."""
        code, gathered = self.code, self.frame.gathered > 0
        first, stop = self.own(rows)
        return code.pick(gathered, first, code.index(0)), code.pick(gathered, stop, rows)

    def rows_of_step(self, s: Int) -> MiniBatch:
        """The mini-batch of step s; none behind the last step."""
        code, frame = self.code, self.frame
        start = s * frame.batch + frame.step * frame.batch
        left = code.pick(s < frame.steps, frame.samples - start, code.index(0))
        return MiniBatch(code.ints(frame.order) + start, left.at_most(frame.batch))

    def row_of_X(self, order: Array, i: Int) -> Int:
        """The address of the row of X that comes i-th."""
        return self.frame.X + (order + i).whole() * self.frame.X_stride * self.size_of_X

    def gathered_at(self, s: Int) -> Array:
        """Where the rows of step s are gathered: two places take turns."""
        return self.code.numbers(self.frame.gathered) + s % 2 * self.frame.n_gathered

    def layer(self, L: Int) -> Layer:
        """Layer L."""
        return Layer(self.code, self.frame, L)

    def table(self, L: Int, deltas: bool) -> Array:
        """The addresses of layer L's rows of activations, or of deltas."""
        frame = self.frame
        line = frame.lines + L * 2 + int(deltas)
        return self.code.ints(frame.tables) + line * frame.batch

    def inputs_of(self, L: Int, table: Array) -> Rows:
        """The rows of a^{L−1}; those of X, which are whole, for the first layer."""
        code, first = self.code, L.equals(1)
        here = code.pick(first, table.address, self.table(L - 1, False).address)
        return Rows(here, code.pick(first, self.frame.X_block, self.layer(L - 1).block))

    def apart(self, L: Int) -> Int:
        """How far the rows of a^{L−1} are from each other; 0 for those of X, wherever they lie."""
        code = self.code
        gathered = code.pick(self.frame.gathered > 0, code.index(self.panel), code.index(0))
        return code.pick(L.equals(1), gathered, self.layer(L - 1).stride)

    def deltas(self, L: Int) -> Rows:
        """The rows of δ^L; the output layer's, which are whole, stand where its logits stood."""
        logits, deltas = self.table(L, False).address, self.table(L, True).address
        return Rows(self.code.pick(L.equals(self.H), logits, deltas), self.layer(L).block)

    def listed(self) -> Int:
        """This thread's lists of columns."""
        return self.frame.listed + self.number * (self.frame.room_of_columns * 8)

    def room(self) -> Array:
        """This thread's rooms for parts of panels."""
        first = self.number * self.frame.rooms
        return self.code.numbers(self.frame.partial) + first * room_of_panel(self.code.shape)

    def meet(self) -> None:
        """Wait until every thread has come here."""
        code, frame = self.code, self.frame
        with code.when(self.threads > 1):
            self.met.set(self.met.get() + 1)
            barrier = code.ints(frame.barrier)
            code.add_atomically(barrier)
            due, waited = self.met.get() * self.threads, code.variable(0)
            with code.loop_while(lambda: code.load_atomically(barrier) < due):
                waited.set(waited.get() + 1)
                code.pause()
                with code.when(waited.get() > PATIENCE):
                    code.yield_processor()
