"""Training as generated code: one function that takes many steps, run by every thread at once.

Thread t owns a fixed share of each layer's panels: it alone computes their activations, their deltas and
their updates, so that weights stay with a core, but for Eq. B2, which needs all of the next layer's;
activations and deltas travel between cores. The output head is shared out by rows, as many as fill a vector.
All threads meet at a barrier after each layer, forward and back, and after the update.

A step's result does not depend on the number of threads, to the last bit.
"""

from __future__ import annotations

from functools import partial
from typing import Any, NamedTuple

from chainrule.engines.llvm.kernels import columns, products, updates
from chainrule.engines.llvm.kernels.columns import Columns
from chainrule.engines.llvm.kernels.forward import Fields, Layer, activate
from chainrule.engines.llvm.kernels.outputs import head, room
from chainrule.engines.llvm.kernels.prefetch import Coming
from chainrule.engines.llvm.kernels.tiles import Panels, Places, Rows, ceil, gather
from chainrule.engines.llvm.machine.caches import LINE, SAMPLES_AT_A_TIME, room_of_panel
from chainrule.engines.llvm.machine.processor import Shape
from chainrule.engines.llvm.programs.recipe import Recipe, is_at_rest, moments, step_slots, take_step
from chainrule.engines.llvm.writer.code import Code, Function, Unit
from chainrule.engines.llvm.writer.step_numbers import Slots
from chainrule.engines.llvm.writer.values import Array, Int

FRAME = (
    "threads", "lines", "barrier", "layers", "H", "theta", "first", "second", "rows", "zeros",
    "tables", "X", "X_stride", "Y", "weight", "order", "samples", "batch", "step", "steps", "numbers",
    "masks", "masks_of_step", "result", "K", "labels", "room", "partial", "rooms", "gathered", "n_gathered",
    "X_block", "coming", "room_of_coming", "panel_rows", "listed", "room_of_columns",
    "choices",
)  # fmt: skip


def training_unit(shape: Shape, recipe: Recipe) -> Unit:
    """The unit with ``train(frame, thread)``."""
    unit, slots = Unit(shape), step_slots(shape, recipe)
    arrays = 1 + len(moments(recipe.optimizer))
    parts = _Parts(
        product=products.product(unit),
        turned_product=products.turned_product(unit),
        update=updates.update(unit, arrays, partial(take_step, recipe, slots)),
        activate=activate(unit, recipe.activations, slopes=True, dropout=recipe.dropout),
        multiply=_multiply(unit),
        head=head(unit, recipe.output),
        gather=gather(unit, recipe.size_of_X),
        arrays=arrays,
        of_columns=_of_columns(unit, recipe, slots),
    )

    @unit.function("train", ("frame", "thread"), exported=True)
    def train(code: Code, address: Int, thread: Int) -> None:
        frame = Fields(code, address, FRAME)
        step = _Step(code, frame, thread, parts, recipe, slots)
        with code.without_denormals():
            step.begin()
            with code.loop(0, frame.steps) as s:
                step.write(s)

    return unit


class _OfColumns(NamedTuple):
    """What the first layer does with the columns of X that are in use."""

    list_columns: Function
    product: Function
    update: Function


def _of_columns(unit: Unit, recipe: Recipe, slots: Slots) -> _OfColumns:
    arrays = 1 + len(moments(recipe.optimizer))
    return _OfColumns(
        columns.list_columns(unit),
        products.product(unit, listed=True),
        updates.update_of_columns(unit, arrays, partial(take_step, recipe, slots), is_at_rest(recipe)),
    )


class _Parts(NamedTuple):
    product: Function
    turned_product: Function
    update: Function
    activate: Function
    multiply: Function
    head: Function
    gather: Function
    arrays: int
    of_columns: _OfColumns


def _multiply(unit: Unit) -> Function:
    """δ ← δ ⊙ s for a panel's columns: the product of Eq. B2 with the slopes φ'(z)."""

    @unit.function("multiply", ("count", "vectors", "delta", "slope", "stride"))
    def multiply(code: Code, count: Int, vectors: Int, delta: Int, slope: Int, stride: Int) -> None:
        with code.loop(0, count) as i, code.loop(0, vectors) as v:
            at = i * stride + v * code.lanes
            place = code.numbers(delta) + at
            place.put(place.vector() * (code.numbers(slope) + at).vector())

    return multiply


class _Share(NamedTuple):
    """What a thread updates of a layer: panels from ``first`` to ``last``, rows ``start`` to ``stop``."""

    first: Int
    last: Int
    start: Int
    stop: Int


class _MiniBatch(NamedTuple):
    """Where the order of a mini-batch's rows stands, and how many they are."""

    order: Array
    size: Int


class _Step:
    """Writes one step of training: forward, head, back, update."""

    def __init__(
        self, code: Code, frame: Fields, thread: Int, parts: _Parts, recipe: Recipe, slots: Slots
    ) -> None:
        self.code, self.frame, self.thread, self.parts, self.recipe = code, frame, thread, parts, recipe
        self.slots = slots
        self.threads = frame.threads
        self.H = frame.H
        self.panel = code.shape.panel
        self.met = code.variable(0)

    def begin(self) -> None:
        """Gather the first mini-batch; each step gathers the next one."""
        with self.code.when(self.frame.gathered > 0):
            self._gather(self._rows_of_step(self.code.index(0)), self.code.index(0))
            self._meet()

    def write(self, s: Int) -> None:
        code, frame = self.code, self.frame
        own, coming = self._rows_of_step(s), self._rows_of_step(s + 1)
        table = self._find_rows(own, s)
        self._list_columns(own.size, table)
        self._forward(s, own.size, table)
        self._output(s, own.size, own.order, table)
        self._backward(own.size)
        self._update(s, own.size, table, coming)
        with code.when(frame.gathered > 0):
            self._gather(coming, s + 1)
        self._meet()

    def _rows_of_step(self, s: Int) -> _MiniBatch:
        """The mini-batch of step s; none behind the last step."""
        code, frame = self.code, self.frame
        start = s * frame.batch + frame.step * frame.batch
        left = code.pick(s < frame.steps, frame.samples - start, code.index(0))
        return _MiniBatch(code.ints(frame.order) + start, left.at_most(frame.batch))

    def _row_of_X(self, order: Array, i: Int) -> Int:
        return self.frame.X + (order + i).whole() * self.frame.X_stride * self.recipe.size_of_X

    def _find_rows(self, batch: _MiniBatch, s: Int) -> Array:
        """The addresses of a mini-batch's rows, gathered or not, in this thread's table."""
        code, frame = self.code, self.frame
        table = code.ints(frame.tables) + self.thread * 2 * frame.batch
        gathered, place = frame.gathered > 0, self._place(s)
        with code.loop(0, batch.size) as i:
            copied = (place + i * self.panel).address
            (table + i).store(code.pick(gathered, copied, self._row_of_X(batch.order, i)))
        return table

    def _place(self, s: Int) -> Array:
        """Where the rows of step s are gathered: two places take turns."""
        return self.code.numbers(self.frame.gathered) + s % 2 * self.frame.n_gathered

    def _own_rows(self, rows: Int) -> tuple[Int, Int]:
        """The rows of X that this thread reads: its share of them where they are gathered, else all."""
        code, gathered = self.code, self.frame.gathered > 0
        first, stop = self._own(rows)
        return code.pick(gathered, first, code.index(0)), code.pick(gathered, stop, rows)

    def _gather(self, batch: _MiniBatch, s: Int) -> None:
        """Copy this thread's share of step s's rows of X into panels."""
        code, frame = self.code, self.frame
        table = code.ints(frame.tables) + (self.thread * 2 + 1) * frame.batch
        first, stop = self._own_rows(batch.size)
        with code.loop(first, stop) as i:
            (table + (i - first)).store(self._row_of_X(batch.order, i))
        place = self._place(s) + first * self.panel
        inputs = self._layer(code.index(1)).inputs
        self.parts.gather(code, stop - first, table, inputs, place, frame.X_block)

    def _layer(self, L: Int) -> Layer:
        return Layer(self.code, self.frame, L)

    def _table(self, L: Int, deltas: bool) -> Array:
        """The addresses of layer L's rows of activations, or of deltas."""
        frame = self.frame
        line = frame.lines + L * 2 + int(deltas)
        return self.code.ints(frame.tables) + line * frame.batch

    def _inputs_of(self, L: Int, table: Array) -> Rows:
        """The rows of a^{L−1}; those of X, which are whole, for the first layer."""
        code, first = self.code, L.equals(1)
        here = code.pick(first, table.address, self._table(L - 1, False).address)
        return Rows(here, code.pick(first, self.frame.X_block, self._layer(L - 1).block))

    def _apart(self, L: Int) -> Int:
        """How far the rows of a^{L−1} are from each other; 0 for those of X, wherever they lie."""
        code = self.code
        gathered = code.pick(self.frame.gathered > 0, code.index(self.panel), code.index(0))
        return code.pick(L.equals(1), gathered, self._layer(L - 1).stride)

    def _forward(self, s: Int, rows: Int, table: Array) -> None:
        code, parts = self.code, self.parts
        with code.loop(1, self.H) as L:
            layer = self._layer(L)
            first, last = self._own(layer.panels)
            weights = Panels(first, last, layer.outputs_padded, layer.weights, layer.inputs_padded)
            z = Places(layer.activations(), layer.stride, layer.block)
            self._product(L, rows, layer.inputs, *self._inputs_of(L, table), *weights, *z, layer.bias)
            with code.loop(first, last) as p:
                place, mask = layer.activations(p), self._masks(s) + layer.mask(p)
                vectors = layer.vectors(p)
                parts.activate(
                    code, layer.function, rows, vectors, place, layer.slopes(p), mask, layer.stride
                )
            self._meet()

    def _list_columns(self, rows: Int, table: Array) -> None:
        """List the columns in use of the rows that this thread's product reads, if they are to be listed.

        These are all, but where the first layer is the output layer, whose samples are shared out.
        """
        code, frame, inputs = self.code, self.frame, self._layer(self.code.index(1)).inputs
        with code.when(frame.listed > 0):
            alone = self.H.equals(1)
            first, stop = self._own_samples(rows)
            first, stop = code.pick(alone, first, code.index(0)), code.pick(alone, stop, rows)
            self.parts.of_columns.list_columns(
                code, stop - first, table + first, frame.X_block, inputs, self._listed(), frame.choices
            )

    def _listed(self) -> Int:
        """This thread's lists of columns."""
        return self.frame.listed + self.thread * (self.frame.room_of_columns * 8)

    def _product(self, L: Int, *arguments: Int | Array | int) -> None:
        """The product of Eq. F1, in the first layer over the columns in use."""
        code = self.code
        listed = code.pick(L.equals(1), self.frame.listed, code.index(0))
        with code.when(listed > 0):
            self.parts.of_columns.product(code, *arguments, self.panel, self._listed())
        with code.when(listed.equals(0)):
            self.parts.product(code, *arguments, self.panel, 0)

    def _rows_at(self, rows: Rows) -> Array:
        """The table of rows."""
        return rows.table if isinstance(rows.table, Array) else self.code.ints(rows.table)

    def _own(self, panels: Int) -> tuple[Int, Int]:
        """The panels that this thread owns: from the first to before the last."""
        first, last = (n * panels // self.threads for n in (self.thread, self.thread + 1))
        return first, last

    def _masks(self, s: Int) -> Array:
        """This step's dropout masks, laid out as the activations."""
        return self.code.numbers(self.frame.masks) + s * self.frame.masks_of_step

    def _output(self, s: Int, rows: Int, order: Array, table: Array) -> None:
        code, frame, layer = self.code, self.frame, self._layer(self.H)
        first, stop = self._own_samples(rows)
        inputs, z = self._inputs_of(self.H, table), layer.activations()
        weights = Panels(0, layer.panels, layer.outputs_padded, layer.weights, layer.inputs_padded)
        with code.when(first < stop):
            own = Rows(self._rows_at(inputs) + first, inputs.block)
            places = Places(z + first * layer.stride, layer.stride, layer.block)
            self._product(self.H, stop - first, layer.inputs, *own, *weights, *places, layer.bias)
            losses = code.doubles(frame.result) + s * frame.batch * 2
            own_room = code.numbers(frame.room) + self.thread * room(layer.stride, code.lanes)
            self.parts.head(
                code, frame.K, layer.stride, first, stop, rows, z, order, frame.Y, frame.labels, frame.weight,
                losses, losses + frame.batch, own_room,
            )  # fmt: skip
        self._meet()

    def _own_samples(self, rows: Int) -> tuple[Int, Int]:
        """The samples whose outputs this thread computes: from the first to before the last."""
        first, stop = (n * self.code.lanes for n in self._own(ceil(rows, self.code.lanes)))
        return first, stop.at_most(rows)

    def _backward(self, rows: Int) -> None:
        code, parts = self.code, self.parts
        with code.loop(1, self.H) as back:
            L = self.H - back
            layer, after = self._layer(L), self._layer(L + 1)
            first, last = self._own(layer.panels)
            weights = Panels(first, last, after.inputs_padded, after.weights, after.inputs_padded)
            d_a = Places(layer.deltas(), layer.stride, layer.block)
            parts.turned_product(
                code, rows, after.outputs, *self._deltas(L + 1), *weights, *d_a, after.outputs_padded,
                self.frame.zeros, self._room(),
            )  # fmt: skip
            with code.loop(first, last) as p:
                parts.multiply(code, rows, layer.vectors(p), layer.deltas(p), layer.slopes(p), layer.stride)
            self._meet()

    def _deltas(self, L: Int) -> Rows:
        """The rows of δ^L; the output layer's, which are whole, stand where its logits stood."""
        logits, deltas = self._table(L, False).address, self._table(L, True).address
        return Rows(self.code.pick(L.equals(self.H), logits, deltas), self._layer(L).block)

    def _update(self, s: Int, rows: Int, table: Array, coming: _MiniBatch) -> None:
        code, frame, update = self.code, self.frame, self.parts.update
        ahead = self._list_coming(coming, rows)
        on_weights = code.numbers(frame.numbers) + s * (2 * self.slots.room)
        on_biases = on_weights + self.slots.room
        ones = Rows(self._table(self.H + 1, False), 0)
        with code.loop(0, self.H) as back:
            L = self.H - back
            layer, at_output = self._layer(L), L.equals(self.H)
            deltas = code.pick(at_output, layer.activations().address, layer.deltas().address)
            D = Places(deltas, layer.stride, layer.block)
            share = self._share_of_update(layer, at_output)
            room, thetas = self._room(), self._arrays(layer.weights_offset)
            start, stop = code.variable(share.start), share.stop.at_most(layer.inputs)
            inputs, apart = self._inputs_of(L, table), self._apart(L)
            with code.when(self._takes_columns(L, rows)):
                self.parts.of_columns.update(
                    code, rows, layer.inputs, *inputs, apart, share.first, share.last, layer.outputs_padded,
                    *D, on_weights, ahead, layer.inputs_padded, self._listed(), *thetas,
                )  # fmt: skip
                start.set(stop)
            update(
                code, rows, start.get(), stop, *inputs, apart, share.first, share.last, layer.outputs_padded,
                *D, on_weights, ahead, layer.inputs_padded, room, *thetas,
            )  # fmt: skip
            own, past = self._own(layer.panels)
            update(
                code, rows, 0, 1, *ones, 0, own, past, layer.outputs_padded, *D, on_biases, ahead, 1, room,
                *self._arrays(layer.bias_offset),
            )  # fmt: skip

    def _takes_columns(self, L: Int, rows: Int) -> Any:
        """Whether a layer's update goes over the columns in use.

        That is the first layer's, if they are listed, the rows are summed up in one go, and no thread updates
        a part of the columns, as in an output layer.
        """
        code, none = self.code, self.code.index(0)
        alone = code.pick(self.H.equals(1), self.threads, code.index(1))
        few = code.pick(rows < SAMPLES_AT_A_TIME + 1, alone, none)
        listed = code.pick(self.frame.listed > 0, few, none)
        return code.pick(L.equals(1), listed, none).equals(1)

    def _list_coming(self, batch: _MiniBatch, rows: Int) -> Int:
        """List what this thread will read of the next mini-batch: its samples' targets, and rows of X."""
        code, frame = self.code, self.frame
        place = frame.coming + self.thread * (frame.room_of_coming * 8)
        listed = Coming(code, place)
        listed.clear()
        first, stop = self._own_samples(batch.size)
        with code.loop(first, stop) as i:
            row = (batch.order + i).whole()
            targets = code.numbers(frame.Y) + row * frame.K
            listed.add(code.numbers(frame.weight) + row)
            listed.add(code.ints(frame.labels) + row)
            listed.add(targets)
            listed.add(targets + (LINE // code.item_size - 1))  # a vector may reach into the next line
        first, stop = self._own_rows(batch.size)
        with code.loop(first, stop) as i:
            listed.add(code.ints(self._row_of_X(batch.order, i)))
        size = self._layer(code.index(1)).inputs * self.recipe.size_of_X
        passes = ceil(rows, SAMPLES_AT_A_TIME)
        work = code.variable(frame.panel_rows)
        first_layer = self._layer(code.index(1))
        with code.when(self._takes_columns(code.index(1), rows)):
            idle = first_layer.inputs - Columns(code, self._listed(), first_layer.inputs).count
            work.set(frame.panel_rows - idle * first_layer.panels)
        listed.begin(stop - first, size, work.get() // self.threads * passes)
        return place

    def _room(self) -> Array:
        """This thread's rooms for parts of panels."""
        first = self.thread * self.frame.rooms
        return self.code.numbers(self.frame.partial) + first * room_of_panel(self.code.shape)

    def _share_of_update(self, layer: Layer, at_output: Any) -> _Share:
        """The panels a thread owns, all rows; of the output layer, which may be narrow, some rows of all."""
        code, zero = self.code, self.code.index(0)
        first, last = self._own(layer.panels)
        start, stop = (n * code.lanes for n in self._own(layer.inputs_padded // code.lanes))
        return _Share(
            code.pick(at_output, zero, first),
            code.pick(at_output, layer.panels, last),
            code.pick(at_output, start, zero),
            code.pick(at_output, stop, layer.inputs_padded),
        )

    def _arrays(self, offset: Int) -> list[Array]:
        frame = self.frame
        bases = (frame.theta, frame.first, frame.second)[: self.parts.arrays]
        return [self.code.numbers(base) + offset for base in bases]

    def _meet(self) -> None:
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


PATIENCE = 4000
"""Turns of waiting for another thread before the processor is offered to other programs."""
