"""Training as generated code: one function that takes many steps, run by every thread at once.

All threads meet at a barrier after each layer, forward and back, and after the update. A step's result does
not depend on the number of threads, to the last bit.
"""

from __future__ import annotations

from functools import partial
from typing import Any, NamedTuple

from chainrule.engines.llvm.kernels import columns, products, updates
from chainrule.engines.llvm.kernels.activations import activate, multiply
from chainrule.engines.llvm.kernels.columns import Columns
from chainrule.engines.llvm.kernels.layer import Layer
from chainrule.engines.llvm.kernels.outputs import head, room
from chainrule.engines.llvm.kernels.prefetch import Coming
from chainrule.engines.llvm.kernels.tiles import Panels, Places, Rows, ceil, gather
from chainrule.engines.llvm.machine.caches import LINE, SAMPLES_AT_A_TIME
from chainrule.engines.llvm.machine.processor import Shape
from chainrule.engines.llvm.programs.recipe import Recipe, is_at_rest, moments, step_slots, take_step
from chainrule.engines.llvm.programs.thread import MiniBatch, Thread
from chainrule.engines.llvm.writer.code import Code, Function, Unit
from chainrule.engines.llvm.writer.step_numbers import Slots
from chainrule.engines.llvm.writer.values import Array, Int


def training_unit(shape: Shape, recipe: Recipe) -> Unit:
    """The unit with ``train(frame, thread)``."""
    unit, slots = Unit(shape), step_slots(shape, recipe)
    arrays, descend = 1 + len(moments(recipe.optimizer)), partial(take_step, recipe, slots)
    parts = _Parts(
        product=products.product(unit),
        turned_product=products.turned_product(unit),
        update=updates.update(unit, arrays, descend),
        activate=activate(unit, recipe.activations, slopes=True, dropout=recipe.dropout),
        multiply=multiply(unit),
        head=head(unit, recipe.output),
        gather=gather(unit, recipe.size_of_X),
        list_columns=columns.list_columns(unit),
        product_of_columns=products.product(unit, listed=True),
        update_of_columns=updates.update_of_columns(unit, arrays, descend, is_at_rest(recipe)),
        arrays=arrays,
    )

    @unit.function("train", ("frame", "thread"), exported=True)
    def train(code: Code, address: Int, thread: Int) -> None:
        step = _Step(code, address, thread, parts, recipe.size_of_X, slots)
        with code.without_denormals():
            step.begin()
            with code.loop(0, step.frame.steps) as s:
                step.write(s)

    return unit


class _Parts(NamedTuple):
    product: Function
    turned_product: Function
    update: Function
    activate: Function
    multiply: Function
    head: Function
    gather: Function
    list_columns: Function
    product_of_columns: Function
    update_of_columns: Function
    arrays: int


class _Share(NamedTuple):
    """What a thread updates of a layer: panels from ``first`` to ``last``, rows ``start`` to ``stop``."""

    first: Int
    last: Int
    start: Int
    stop: Int


class _Step(Thread):
    """What a thread does in one step of training: forward, head, back, update."""

    def __init__(
        self, code: Code, address: Int, number: Int, parts: _Parts, size_of_X: int, slots: Slots
    ) -> None:
        super().__init__(code, address, number, size_of_X)
        self.parts, self.slots = parts, slots

    def begin(self) -> None:
        """Gather the first mini-batch; each step gathers the next one."""
        with self.code.when(self.frame.gathered > 0):
            self._gather(self.rows_of_step(self.code.index(0)), self.code.index(0))
            self.meet()

    def write(self, s: Int) -> None:
        """Step s."""
        code, frame = self.code, self.frame
        own, coming = self.rows_of_step(s), self.rows_of_step(s + 1)
        table = self._find_rows(own, s)
        self._list_columns(own.size, table)
        self._forward(s, own.size, table)
        self._output(s, own.size, own.order, table)
        self._backward(own.size)
        self._update(s, own.size, table, coming)
        with code.when(frame.gathered > 0):
            self._gather(coming, s + 1)
        self.meet()

    def _find_rows(self, batch: MiniBatch, s: Int) -> Array:
        """The addresses of a mini-batch's rows, gathered or not, in this thread's table."""
        code, frame = self.code, self.frame
        table = code.ints(frame.tables) + self.number * 2 * frame.batch
        gathered, place = frame.gathered > 0, self.gathered_at(s)
        with code.loop(0, batch.size) as i:
            copied = (place + i * self.panel).address
            (table + i).store(code.pick(gathered, copied, self.row_of_X(batch.order, i)))
        return table

    def _gather(self, batch: MiniBatch, s: Int) -> None:
        """Copy this thread's share of step s's rows of X into panels."""
        code, frame = self.code, self.frame
        table = code.ints(frame.tables) + (self.number * 2 + 1) * frame.batch
        first, stop = self.own_rows(batch.size)
        with code.loop(first, stop) as i:
            (table + (i - first)).store(self.row_of_X(batch.order, i))
        place = self.gathered_at(s) + first * self.panel
        inputs = self.layer(code.index(1)).inputs
        self.parts.gather(code, stop - first, table, inputs, place, frame.X_block)

    def _forward(self, s: Int, rows: Int, table: Array) -> None:
        code, parts = self.code, self.parts
        with code.loop(1, self.H) as L:
            layer = self.layer(L)
            first, last = self.own(layer.panels)
            weights = Panels(first, last, layer.outputs_padded, layer.weights, layer.inputs_padded)
            z = Places(layer.activations(), layer.stride, layer.block)
            self._product(L, rows, layer.inputs, *self.inputs_of(L, table), *weights, *z, layer.bias)
            with code.loop(first, last) as p:
                place, mask = layer.activations(p), self._masks(s) + layer.mask(p)
                vectors = layer.vectors(p)
                parts.activate(
                    code, layer.function, rows, vectors, place, layer.slopes(p), mask, layer.stride
                )
            self.meet()

    def _list_columns(self, rows: Int, table: Array) -> None:
        """List the columns in use of the rows that this thread's product reads, if they are to be listed.

        These are all, but where the first layer is the output layer, whose samples are shared out.
        """
        code, frame, inputs = self.code, self.frame, self.layer(self.code.index(1)).inputs
        with code.when(frame.listed > 0):
            alone = self.H.equals(1)
            first, stop = self.own_samples(rows)
            first, stop = code.pick(alone, first, code.index(0)), code.pick(alone, stop, rows)
            self.parts.list_columns(
                code, stop - first, table + first, frame.X_block, inputs, self.listed(), frame.choices
            )

    def _product(self, L: Int, *arguments: Int | Array | int) -> None:
        """The product of Eq. F1, in the first layer over the columns in use."""
        code = self.code
        listed = code.pick(L.equals(1), self.frame.listed, code.index(0))
        with code.when(listed > 0):
            self.parts.product_of_columns(code, *arguments, self.panel, self.listed())
        with code.when(listed.equals(0)):
            self.parts.product(code, *arguments, self.panel, 0)

    def _rows_at(self, rows: Rows) -> Array:
        """The table of rows."""
        return rows.table if isinstance(rows.table, Array) else self.code.ints(rows.table)

    def _output(self, s: Int, rows: Int, order: Array, table: Array) -> None:
        code, frame, layer = self.code, self.frame, self.layer(self.H)
        first, stop = self.own_samples(rows)
        inputs, z = self.inputs_of(self.H, table), layer.activations()
        weights = Panels(0, layer.panels, layer.outputs_padded, layer.weights, layer.inputs_padded)
        with code.when(first < stop):
            own = Rows(self._rows_at(inputs) + first, inputs.block)
            places = Places(z + first * layer.stride, layer.stride, layer.block)
            self._product(self.H, stop - first, layer.inputs, *own, *weights, *places, layer.bias)
            losses = code.doubles(frame.result) + s * frame.batch * 2
            own_room = code.numbers(frame.room) + self.number * room(layer.stride, code.lanes)
            self.parts.head(
                code, frame.K, layer.stride, first, stop, rows, z, order, frame.Y, frame.labels, frame.weight,
                losses, losses + frame.batch, own_room,
            )  # fmt: skip
        self.meet()

    def _backward(self, rows: Int) -> None:
        code, parts = self.code, self.parts
        with code.loop(1, self.H) as back:
            L = self.H - back
            layer, after = self.layer(L), self.layer(L + 1)
            first, last = self.own(layer.panels)
            weights = Panels(first, last, after.inputs_padded, after.weights, after.inputs_padded)
            d_a = Places(layer.deltas(), layer.stride, layer.block)
            parts.turned_product(
                code, rows, after.outputs, *self.deltas(L + 1), *weights, *d_a, after.outputs_padded,
                self.frame.zeros, self.room(),
            )  # fmt: skip
            with code.loop(first, last) as p:
                parts.multiply(code, rows, layer.vectors(p), layer.deltas(p), layer.slopes(p), layer.stride)
            self.meet()

    def _update(self, s: Int, rows: Int, table: Array, coming: MiniBatch) -> None:
        code, frame, update = self.code, self.frame, self.parts.update
        ahead = self._list_coming(coming, rows)
        on_weights = code.numbers(frame.numbers) + s * (2 * self.slots.room)
        on_biases = on_weights + self.slots.room
        ones = Rows(self.table(self.H + 1, False), 0)
        with code.loop(0, self.H) as back:
            L = self.H - back
            layer, at_output = self.layer(L), L.equals(self.H)
            deltas = code.pick(at_output, layer.activations().address, layer.deltas().address)
            D = Places(deltas, layer.stride, layer.block)
            share = self._share_of_update(layer, at_output)
            room, thetas = self.room(), self._arrays(layer.weights_offset)
            start, stop = code.variable(share.start), share.stop.at_most(layer.inputs)
            inputs, apart = self.inputs_of(L, table), self.apart(L)
            with code.when(self._takes_columns(L, rows)):
                self.parts.update_of_columns(
                    code, rows, layer.inputs, *inputs, apart, share.first, share.last, layer.outputs_padded,
                    *D, on_weights, ahead, layer.inputs_padded, self.listed(), *thetas,
                )  # fmt: skip
                start.set(stop)
            update(
                code, rows, start.get(), stop, *inputs, apart, share.first, share.last, layer.outputs_padded,
                *D, on_weights, ahead, layer.inputs_padded, room, *thetas,
            )  # fmt: skip
            own, past = self.own(layer.panels)
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

    def _list_coming(self, batch: MiniBatch, rows: Int) -> Int:
        """List what this thread will read of the next mini-batch: its samples' targets, and rows of X."""
        code, frame = self.code, self.frame
        place = frame.coming + self.number * (frame.room_of_coming * 8)
        listed = Coming(code, place)
        listed.clear()
        first, stop = self.own_samples(batch.size)
        with code.loop(first, stop) as i:
            row = (batch.order + i).whole()
            targets = code.numbers(frame.Y) + row * frame.K
            listed.add(code.numbers(frame.weight) + row)
            listed.add(code.ints(frame.labels) + row)
            listed.add(targets)
            listed.add(targets + (LINE // code.item_size - 1))  # a vector may reach into the next line
        first, stop = self.own_rows(batch.size)
        with code.loop(first, stop) as i:
            listed.add(code.ints(self.row_of_X(batch.order, i)))
        size = self.layer(code.index(1)).inputs * self.size_of_X
        passes = ceil(rows, SAMPLES_AT_A_TIME)
        work = code.variable(frame.panel_rows)
        first_layer = self.layer(code.index(1))
        with code.when(self._takes_columns(code.index(1), rows)):
            idle = first_layer.inputs - Columns(code, self.listed(), first_layer.inputs).count
            work.set(frame.panel_rows - idle * first_layer.panels)
        listed.begin(stop - first, size, work.get() // self.threads * passes)
        return place

    def _share_of_update(self, layer: Layer, at_output: Any) -> _Share:
        """The panels a thread owns, all rows; of the output layer, which may be narrow, some rows of all."""
        code, zero = self.code, self.code.index(0)
        first, last = self.own(layer.panels)
        start, stop = (n * code.lanes for n in self.own(layer.inputs_padded // code.lanes))
        return _Share(
            code.pick(at_output, zero, first),
            code.pick(at_output, layer.panels, last),
            code.pick(at_output, start, zero),
            code.pick(at_output, stop, layer.inputs_padded),
        )

    def _masks(self, s: Int) -> Array:
        """This step's dropout masks, laid out as the activations."""
        return self.code.numbers(self.frame.masks) + s * self.frame.masks_of_step

    def _arrays(self, offset: Int) -> list[Array]:
        frame = self.frame
        bases = (frame.theta, frame.first, frame.second)[: self.parts.arrays]
        return [self.code.numbers(base) + offset for base in bases]
