"""Training as generated code: one function that takes many steps, run by every thread at once.

Thread t owns a fixed share of each layer's panels: it alone computes their activations, their deltas and
their updates, so that weights never travel between cores; only activations and deltas do. The output head
is shared out by rows. All threads meet at a barrier after each layer, forward and back, and after the update.

A step's result does not depend on the number of threads, to the last bit.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from functools import partial
from types import SimpleNamespace
from typing import Any, NamedTuple

from chainrule.engines.llvm import tiles
from chainrule.engines.llvm.code import Code, Function, Unit
from chainrule.engines.llvm.forward import Fields, Layer, activate, owned
from chainrule.engines.llvm.functions import VECTORS
from chainrule.engines.llvm.rows import ROWS, Width, is_first_largest, total
from chainrule.engines.llvm.scalars import Slots, StepNumbers
from chainrule.engines.llvm.transpose import transpose_block
from chainrule.engines.llvm.values import Array, Int, Vector, select
from chainrule.equations.activations import Activation
from chainrule.equations.heads import Head, smooth_labels
from chainrule.equations.penalty import Penalty, penalty_gradient
from chainrule.optimizers import Moments, Optimizer, descend

FRAME = (
    "threads", "lines", "barrier", "layers", "H", "theta", "first", "second", "transposed", "rows", "zeros",
    "tables", "X", "X_stride", "Y", "weight", "order", "samples", "batch", "step", "steps", "numbers",
    "masks", "masks_of_step", "result", "K", "labels",
)  # fmt: skip


class Recipe(NamedTuple):
    """What one step computes, besides the shapes: everything the generated code depends on."""

    activations: tuple[Activation, ...]
    head: Head
    optimizer: Optimizer
    penalty: Penalty
    dropout: bool
    label_smoothing: float
    uninformed: float
    multi_label: bool
    output_vectors: int | None


def training_unit(unit: Unit, recipe: Recipe) -> Slots:
    """Write ``train(frame, thread)`` into the unit; returns the numbers each step needs."""
    slots = Slots()
    arrays = 1 + len(moments(recipe.optimizer))
    parts = _Parts(
        product=tiles.product(unit),
        product_alike=tiles.product(unit, alike=True),
        update=tiles.update(unit, arrays, partial(_descend, recipe, slots)),
        transpose=transpose_block(unit),
        activate=activate(unit, recipe.activations, slopes=True, dropout=recipe.dropout),
        multiply=_multiply(unit),
        head=_head(unit, recipe),
        arrays=arrays,
    )

    @unit.function("train", ("frame", "thread"), exported=True)
    def train(code: Code, address: Int, thread: Int) -> None:
        frame = Fields(code, address, FRAME)
        step = _Step(code, frame, thread, parts, recipe, slots)
        with code.without_denormals(), code.loop(0, frame.steps) as s:
            step.write(s)

    return slots


def moments(optimizer: Optimizer) -> tuple[str, ...]:
    """Which moments of the gradient an optimiser keeps: those that `Optimizer.init` fills."""
    xp: Any = SimpleNamespace(ones_like=lambda theta: 1.0)
    state = optimizer.init(xp, 1.0)
    return tuple(name for name in ("first", "second") if getattr(state, name) is not None)


class Rows(NamedTuple):
    """A factor of a product: a table of its rows' addresses, and blocks of ``width`` columns."""

    table: Int
    width: Int
    block: Int


class _Parts(NamedTuple):
    product: Function
    product_alike: Function
    update: Function
    transpose: Function
    activate: Function
    multiply: Function
    head: Function
    arrays: int


def _descend(recipe: Recipe, slots: Slots, code: Code, g: Vector, places: list[Array], numbers: Int) -> None:
    """Penalty, optimiser and Eq. G1 on one vector of the gradient, by the bodies that NumPy runs."""
    step: Any = StepNumbers(code, slots, code.numbers(numbers))
    theta, optimizer = places[0].vector(), recipe.optimizer
    if recipe.penalty:
        strengths: Any = Penalty(*(step.on_weights(value) if value else 0.0 for value in recipe.penalty))
        g = g + penalty_gradient(VECTORS, strengths, theta)
    names = moments(optimizer)
    state = Moments(step.number(), **{n: p.vector() for n, p in zip(names, places[1:], strict=True)})
    with code.approximately():
        direction, state = optimizer.update(VECTORS, g, state)
    for name, place in zip(names, places[1:], strict=True):
        place.put(getattr(state, name))
    decay = step.on_weights(optimizer.weight_decay) if optimizer.weight_decay else 0.0
    places[0].put(descend(theta, direction, step.learning_rate(), decay))


def _multiply(unit: Unit) -> Function:
    """δ ← δ ⊙ s for a panel's columns: the product of Eq. B2 with the slopes φ'(z)."""

    @unit.function("multiply", ("count", "vectors", "delta", "slope", "stride"))
    def multiply(code: Code, count: Int, vectors: Int, delta: Int, slope: Int, stride: Int) -> None:
        with code.loop(0, count) as i, code.loop(0, vectors) as v:
            at = i * stride + v * code.lanes
            place = code.numbers(delta) + at
            place.put(place.vector() * (code.numbers(slope) + at).vector())

    return multiply


def _head(unit: Unit, recipe: Recipe) -> Function:
    """One sample's output: a^H and loss from the logits, then δ^H (Eq. B1) over them, times its weight."""
    head = recipe.head

    @unit.function("head", ("K", "rows", "z", "y", "label", "weight", "result"))
    def output(
        code: Code, K: Int, rows: Int, z_place: Int, y_place: Int, label: Int, weight: Int, result: Int
    ) -> None:
        width = Width(code, K, recipe.output_vectors)
        z, y = width.padded(code.numbers(z_place)), width.load(code.numbers(y_place))
        target = y
        if recipe.label_smoothing:
            target = smooth_labels(y, recipe.label_smoothing, recipe.uninformed)
        a = head.predict(ROWS, z)
        w = code.numbers(weight).splat() / code.number(rows)
        _put(code.doubles(result), head.loss(ROWS, z, target) * w)
        right = _all_right(a, y) if recipe.multi_label else is_first_largest(a, label)
        _put(code.doubles(result) + 1, right)
        width.store(head.delta(ROWS, z, a, target) * w, code.numbers(z_place))

    return output


def _all_right(a: Any, y: Any) -> Vector:
    """1 if every label of the sample is on or off as it should be, else 0."""
    on, off = ROWS.where(a > 0.5, 1.0, 0.0), ROWS.where(a > 0.5, 0.0, 1.0)
    wrong = total(on * (1 - y) + off * y, axis=1)
    return select(wrong > 0, 0.0, wrong.code.constant(1.0))


def _put(place: Array, value: Vector) -> None:
    code = value.code
    number = code.lane(value)
    if code.item_size == 4:
        number = code.builder.fpext(number, place.type)
    place.store(number)


class _Step:
    """Writes one step of training: forward, head, back, update."""

    def __init__(
        self, code: Code, frame: Fields, thread: Int, parts: _Parts, recipe: Recipe, slots: Slots
    ) -> None:
        self.code, self.frame, self.thread, self.parts, self.recipe = code, frame, thread, parts, recipe
        self.slots = slots
        self.threads = frame.threads
        self.H = frame.H
        self.met = code.variable(0)

    def write(self, s: Int) -> None:
        code, frame = self.code, self.frame
        start = s * frame.batch + frame.step * frame.batch
        rows = (frame.samples - start).at_most(frame.batch)
        order = code.ints(frame.order) + start
        table = self._find_rows(order, rows, 0)
        is_last = (s + 1).equals(frame.steps)
        soon = Int(code, code.builder.select(is_last, code.index(0).ir, (frame.samples - start - rows).ir))
        soon = soon.at_most(frame.batch)
        ahead = self._find_rows(order + rows, soon, 1)
        self._forward(s, rows, table)
        self._output(s, rows, order, table)
        self._backward(rows)
        self._update(s, rows, table, (ahead.address, soon))

    def _find_rows(self, order: Array, rows: Int, line: int) -> Array:
        """The addresses of a mini-batch's rows of X, in this thread's table of this step or of the next."""
        code, frame = self.code, self.frame
        table = code.ints(frame.tables) + (self.thread * 2 + line) * frame.batch
        size = code.item_size
        with code.loop(0, rows) as i:
            (table + i).store(frame.X + (order + i).whole() * frame.X_stride * size)
        return table

    def _layer(self, L: Int) -> Layer:
        return Layer(self.code, self.frame, L)

    def _table(self, L: Int, deltas: bool) -> Array:
        """The addresses of layer L's rows of activations, or of deltas."""
        frame = self.frame
        line = frame.lines + L * 2 + int(deltas)
        return self.code.ints(frame.tables) + line * frame.batch

    def _inputs_of(self, L: Int, table: Array) -> Rows:
        """The rows of a^{L−1}: of X, which is one block, for the first layer."""
        code, first = self.code, L.equals(1)
        before = self._layer(L - 1)

        def pick(of_X: Int, of_layer: Int) -> Int:
            return Int(code, code.builder.select(first, of_X.ir, of_layer.ir))

        panel = code.index(code.unit.shape.panel)
        return Rows(
            pick(table.address, self._table(L - 1, False).address),
            pick(self._layer(L).inputs, panel),
            pick(code.index(0), before.block),
        )

    def _forward(self, s: Int, rows: Int, table: Array) -> None:
        code, parts = self.code, self.parts
        with code.loop(1, self.H) as L:
            layer, inputs = self._layer(L), self._inputs_of(L, table)
            with owned(code, layer.panels, self.thread, self.threads) as p:
                z, vectors = layer.activations(p), layer.vectors(p)
                bias = layer.bias + p * code.unit.shape.panel
                parts.product(
                    code, rows, vectors, layer.inputs, *inputs, layer.panel(p), z, layer.stride, bias
                )
                mask = self._masks(s) + layer.mask(p)
                parts.activate(code, layer.function, rows, vectors, z, layer.slopes(p), mask, layer.stride)
            self._meet()

    def _masks(self, s: Int) -> Array:
        """This step's dropout masks, laid out as the activations."""
        return self.code.numbers(self.frame.masks) + s * self.frame.masks_of_step

    def _output(self, s: Int, rows: Int, order: Array, table: Array) -> None:
        code, frame, layer = self.code, self.frame, self._layer(self.H)
        first = self.thread * rows // self.threads
        stop = (self.thread + 1) * rows // self.threads
        inputs, z = self._inputs_of(self.H, table), layer.activations()
        own = Rows(inputs.table + first * 8, inputs.width, inputs.block)
        with code.when(first < stop):
            with code.loop(0, layer.panels) as p:
                column = p * code.unit.shape.panel
                self.parts.product_alike(
                    code, stop - first, layer.vectors(p), layer.inputs, *own, layer.panel(p),
                    z + (first * layer.stride + column), layer.stride, layer.bias + column,
                )  # fmt: skip
            results = code.doubles(frame.result) + s * frame.batch * 2
            with code.loop(first, stop) as i:
                row = (order + i).whole()
                weight = code.numbers(frame.weight) + row
                self.parts.head(
                    code, frame.K, rows, z + i * layer.stride, code.numbers(frame.Y) + row * frame.K,
                    (code.ints(frame.labels) + row).whole(), weight, results + i * 2,
                )  # fmt: skip
        self._meet()

    def _backward(self, rows: Int) -> None:
        code, parts = self.code, self.parts
        with code.loop(1, self.H) as back:
            L = self.H - back
            layer, after = self._layer(L), self._layer(L + 1)
            with owned(code, layer.panels, self.thread, self.threads) as p:
                delta, vectors = layer.deltas(p), layer.vectors(p)
                parts.product(
                    code, rows, vectors, after.outputs, *self._deltas(L + 1), after.transposed_panel(p),
                    delta, layer.stride, self.frame.zeros,
                )  # fmt: skip
                parts.multiply(code, rows, vectors, delta, layer.slopes(p), layer.stride)
            self._meet()

    def _deltas(self, L: Int) -> Rows:
        """The rows of δ^L: the output layer's stand where its logits stood, and are whole."""
        code, at_output, layer = self.code, L.equals(self.H), self._layer(L)

        def pick(of_output: Int, of_hidden: Int) -> Int:
            return Int(code, code.builder.select(at_output, of_output.ir, of_hidden.ir))

        return Rows(
            pick(self._table(L, False).address, self._table(L, True).address),
            pick(layer.outputs, code.index(code.unit.shape.panel)),
            layer.block,
        )

    def _update(self, s: Int, rows: Int, table: Array, ahead: tuple[Int, Int]) -> None:
        code, frame, shape = self.code, self.frame, self.code.unit.shape
        H = self.H
        on_weights = code.numbers(frame.numbers) + s * (2 * self.slots.room)
        on_biases = on_weights + self.slots.room
        ones = self._table(H + 1, False)
        with code.loop(0, H) as back:
            L = H - back
            layer, at_output = self._layer(L), L.equals(H)
            D = code.builder.select(at_output, layer.activations().address.ir, layer.deltas().address.ir)
            inputs = self._inputs_of(L, table)
            first, last = self._rows_to_update(layer, at_output)
            with self._panels_to_update(layer, at_output) as p:
                deltas, vectors = code.numbers(Int(code, D)) + p * layer.block, layer.vectors(p)
                self.parts.update(
                    code, rows, vectors, first, last.at_most(layer.inputs), *inputs, deltas,
                    layer.stride, on_weights, ahead[0], self._soon(L, p, ahead[1]),
                    *self._arrays(layer.panel_offset(p)),
                )  # fmt: skip
                mine = (p % self.threads).equals(self.thread)
                with code.when(code.builder.or_(code.builder.not_(at_output), mine)):
                    self.parts.update(
                        code, rows, vectors, 0, 1, ones, 1, 0, deltas,
                        layer.stride, on_biases, ahead[0], 0,
                        *self._arrays(layer.bias_offset + p * shape.panel),
                    )  # fmt: skip
                with code.when(L > 1):
                    self._transpose(layer, p, first, last)
        self._meet()

    def _soon(self, L: Int, p: Int, rows: Int) -> Int:
        """How many rows of the next mini-batch to fetch: all, beside the first panel of the first layer."""
        code, b = self.code, self.code.builder
        first = self.thread * self._layer(L).panels // self.threads
        here = b.and_(L.equals(1), b.or_(p.equals(first), L.equals(self.H)))
        return Int(code, b.select(here, rows.ir, code.index(0).ir))

    def _panels_to_update(self, layer: Layer, at_output: Any) -> AbstractContextManager[Int]:
        """The panels a thread owns; of the output layer, whose panels may be few, all of them."""
        code, b = self.code, self.code.builder
        first, last = (n * layer.panels // self.threads for n in (self.thread, self.thread + 1))
        return code.loop(
            Int(code, b.select(at_output, code.index(0).ir, first.ir)),
            Int(code, b.select(at_output, layer.panels.ir, last.ir)),
        )

    def _rows_to_update(self, layer: Layer, at_output: Any) -> tuple[Int, Int]:
        """All rows; of the output layer a share in whole vectors."""
        code, b = self.code, self.code.builder
        groups = layer.inputs_padded // code.lanes
        first, last = (n * groups // self.threads * code.lanes for n in (self.thread, self.thread + 1))
        return (
            Int(code, b.select(at_output, first.ir, code.index(0).ir)),
            Int(code, b.select(at_output, last.ir, layer.inputs_padded.ir)),
        )

    def _transpose(self, layer: Layer, p: Int, first: Int, last: Int) -> None:
        """Bring the rows of panel p from first to last into the transposed copy."""
        code, lanes, panel = self.code, self.code.lanes, self.code.unit.shape.panel
        width = layer.vectors(p) * lanes
        with code.loop(first, last, lanes) as k:
            q = k // panel
            target_width = (layer.inputs_padded - q * panel).at_most(panel)
            with code.loop(0, layer.vectors(p)) as v:
                n = p * panel + v * lanes
                source = layer.panel(p) + (k * width + v * lanes)
                target = layer.transposed_panel(q) + (n * target_width + k - q * panel)
                self.parts.transpose(code, source, width, target, target_width)

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
