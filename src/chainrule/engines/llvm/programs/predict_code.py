"""Prediction as generated code: rows go through the layers some at a time, so that they stay in the cache."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from chainrule.engines.llvm.kernels import columns, products
from chainrule.engines.llvm.kernels.activations import activate
from chainrule.engines.llvm.kernels.layer import Fields, Layer
from chainrule.engines.llvm.kernels.outputs import predicted
from chainrule.engines.llvm.kernels.row_functions import ROWS, Width
from chainrule.engines.llvm.kernels.tiles import Panels, Places, Rows, accumulators
from chainrule.engines.llvm.machine.processor import Shape
from chainrule.engines.llvm.writer.code import Code, Function, Unit
from chainrule.engines.llvm.writer.values import Int
from chainrule.engines.llvm.writer.vector_functions import fused, sum_lanes
from chainrule.equations.activations import Activation
from chainrule.equations.heads import Head

MANY = (
    "layers", "H", "theta", "rows", "tables", "X", "X_stride", "start", "stop", "chunk", "out", "K", "check",
    "logits", "room", "listed", "choices",
)  # fmt: skip
FEW = ("places", "H", "buffers", "X", "X_stride", "count", "out", "K", "check", "logits", "pairs")


def prediction_unit(
    shape: Shape, activations: Sequence[Activation], head: Head, output_vectors: int | None
) -> Unit:
    """The unit with ``predict(frame)`` and ``predict_few(frame)``. Eq. F1, F2, H1 or H3."""
    unit = Unit(shape)
    activated = activate(unit, activations, slopes=False)
    check = _check(unit)
    one = _output(unit, head, output_vectors)
    some = _output_of_some(unit, one, predicted(unit, head) if output_vectors else None)
    _many(unit, activated, some, check)
    _few(unit, activated, one, check)
    return unit


def _many(unit: Unit, activated: Function, output: Function, check: Function) -> None:
    """``predict``: the rows from start to stop, by panels of packed weights.

    If there is room for them to be ``listed``, columns of X that are 0 in all rows of a tile are passed over.
    """
    product, list_columns = products.product(unit), columns.list_columns(unit)
    product_of_columns = products.product(unit, listed=True)

    @unit.function("predict", ("frame",), exported=True)
    def predict(code: Code, address: Int) -> None:
        frame = Fields(code, address, MANY)
        panel, H = code.shape.panel, frame.H
        with code.loop(0, (frame.stop - frame.start + (frame.chunk - 1)) // frame.chunk) as c:
            start = frame.start + c * frame.chunk
            count = (frame.stop - start).at_most(frame.chunk)
            X = code.numbers(frame.X) + start * frame.X_stride
            table = code.ints(frame.tables)
            with code.loop(0, count) as i:
                (table + i).store((X + i * frame.X_stride).address)
                check(code, X + i * frame.X_stride, Layer(code, frame, code.index(1)).inputs, frame.check)
            with code.loop(1, H + 1) as L:
                layer = Layer(code, frame, L)
                whole = code.index(panel)
                block = code.pick(L.equals(1), whole, Layer(code, frame, L - 1).block)
                weights = Panels(0, layer.panels, layer.outputs_padded, layer.weights, layer.inputs_padded)
                z = Places(layer.activations(), layer.stride, layer.block)
                inputs = Rows(table + (L - 1) * frame.chunk, block)
                next_chunk = code.pick(L.equals(1), frame.X_stride * frame.chunk, code.index(0))
                arguments = count, layer.inputs, *inputs, *weights, *z, layer.bias, panel
                listed = code.pick(L.equals(1), frame.listed, code.index(0))
                with code.when(listed > 0):
                    list_columns(code, count, table, block, layer.inputs, listed, frame.choices)
                    product_of_columns(code, *arguments, listed)
                with code.when(listed.equals(0)):
                    product(code, *arguments, next_chunk)
                with code.when(L < H), code.loop(0, layer.panels) as p:
                    place = layer.activations(p)
                    activated(
                        code, layer.function, count, layer.vectors(p), place, place, place, layer.stride
                    )
            last = Layer(code, frame, H)
            out = code.numbers(frame.out) + start * frame.K
            output(code, frame.K, last.stride, count, last.activations(), out, frame.logits, frame.room)


def _output(unit: Unit, head: Head, output_vectors: int | None) -> Function:
    """a^H of one row, or its logits."""

    @unit.function("output", ("K", "z", "out", "logits"))
    def output(code: Code, K: Int, z: Int, out: Int, logits: Int) -> None:
        def store(what: Callable[[Any], Any]) -> None:
            width = Width(code, K, output_vectors)
            width.store_exactly(what(width.padded(code.numbers(z))), code.numbers(out))

        code.choose(
            logits, {0: lambda: store(lambda row: head.predict(ROWS, row)), 1: lambda: store(lambda row: row)}
        )

    return output


def _output_of_some(unit: Unit, one: Function, predicted: Function | None) -> Function:
    """a^H of some rows, or their logits."""

    @unit.function("output_of_some", ("K", "width", "count", "z", "out", "logits", "room"))
    def output_of_some(
        code: Code, K: Int, width: Int, count: Int, z: Int, out: Int, logits: Int, room: Int
    ) -> None:
        done = code.variable(logits)
        if predicted is not None:
            with code.when(logits.equals(0)):
                predicted(code, K, width, count, z, room)
            done.set(code.index(1))  # where the logits stood
        with code.loop(0, count) as i:
            row, place = code.numbers(z) + i * width, code.numbers(out) + i * K
            one(code, K, row, place, done.get())

    return output_of_some


def _check(unit: Unit) -> Function:
    """Set an integer to 1 if a number of a row is not finite: then the sum of 0·x is NaN."""

    @unit.function("check", ("x", "n", "place"))
    def check(code: Code, x: Int, n: Int, place: Int) -> None:
        row, found = code.numbers(x), code.variable(code.constant(0.0))
        whole = n // code.lanes
        with code.loop(0, whole) as j:
            found.set(found.get() + (row + j * code.lanes).vector() * 0.0)
        rest = (row + whole * code.lanes).vector(mask=code.first_lanes(n - whole * code.lanes))
        found.set(found.get() + rest * 0.0)
        with code.when(code.is_nan(sum_lanes(found.get()))):
            code.ints(place).store(code.index(1))

    return check


def _few(unit: Unit, activated: Function, output: Function, check: Function) -> None:
    """``predict_few``: some rows, one by one, with W^L read where NumPy keeps it.

    z_m = Σ_k W[m, k] x[k] + b_m: nothing is packed, so that one row costs no more than reading the weights
    once. ``places`` holds for each layer the addresses of W^L and b^L, n_{L−1}, n_L and the activation's
    number; ``buffers`` are two rows of activations, ``pairs`` is room for a list.
    """
    dot = _dot_products(unit)

    @unit.function("predict_few", ("frame",), exported=True)
    def predict_few(code: Code, address: Int) -> None:
        frame = Fields(code, address, FEW)
        with code.loop(0, frame.count) as i:
            row = code.numbers(frame.X) + i * frame.X_stride
            check(code, row, (code.ints(frame.places) + 2).whole(), frame.check)
            x = code.variable(row.address)
            with code.loop(0, frame.H) as L:
                place = code.ints(frame.places) + L * 5
                W, b, n_in, n_out, function = ((place + j).whole() for j in range(5))
                z = code.numbers((code.ints(frame.buffers) + L % 2).whole())
                dot(code, n_out, n_in, W, b, x.get(), z, frame.pairs)
                with code.when(L < frame.H - 1):
                    vectors = (n_out + (code.lanes - 1)) // code.lanes
                    activated(code, function, 1, vectors, z, z, z, 0)
                x.set(z.address)
            output(code, frame.K, x.get(), code.numbers(frame.out) + i * frame.K, frame.logits)


AT_ONCE = 4
"""Outputs of a layer that are worked on together."""


def room_of_pairs(shape: Shape, inputs: int) -> int:
    """Integers in the list of a row's pairs of vectors."""
    return inputs // (2 * shape.lanes) + 1


def _dot_products(unit: Unit) -> Function:
    """W x + b, without the pairs of vectors of x that are all 0, which add nothing to any sum."""

    @unit.function("dot_products", ("n_out", "n_in", "W", "b", "x", "z", "pairs"))
    def dot_products(code: Code, n_out: Int, n_in: Int, W: Int, b: Int, x: Int, z: Int, pairs: Int) -> None:
        weights, bias, inputs, target = (code.numbers(place) for place in (W, b, x, z))
        whole, used = n_in // code.lanes, code.variable(0)
        with code.loop(0, whole // 2) as k:
            (code.ints(pairs) + used.get()).store(k)
            pair = inputs + k * (2 * code.lanes)
            used.set(used.get() + columns.are_in_use(pair.vector(), pair.vector(1)))
        tail, rest = code.first_lanes(n_in - whole * code.lanes), whole * code.lanes

        def some(m: Int, count: int) -> None:
            rows = [weights + (m + i) * n_in for i in range(count)]
            sums = accumulators(code, count, 2)

            def take(k: Int, part: int) -> None:
                values = (inputs + k * code.lanes).vector()
                for row, total in zip(rows, sums, strict=True):
                    (row + count * n_in + k * code.lanes).prefetch()  # what the next outputs need
                    weight = (row + k * code.lanes).vector()
                    total[part].set(fused(weight, values, total[part].get()))

            with code.loop(0, used.get()) as n:
                k = (code.ints(pairs) + n).whole()
                take(k * 2, 0)
                take(k * 2 + 1, 1)
            with code.when((whole % 2).equals(1)):
                take(whole - 1, 0)
            values = (inputs + rest).vector(mask=tail)
            for i, (row, total) in enumerate(zip(rows, sums, strict=True)):
                last = fused((row + rest).vector(mask=tail), values, total[0].get() + total[1].get())
                (target + m + i).store((sum_lanes(last) + (bias + m + i).splat()).lane())

        groups = n_out // AT_ONCE
        with code.loop(0, groups) as g:
            some(g * AT_ONCE, AT_ONCE)
        with code.loop(groups * AT_ONCE, n_out) as m:
            some(m, 1)

    return dot_products
