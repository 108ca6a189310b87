"""The two matrix products, tile by tile: a tile is a block of the result that fits into the registers.

Weights lie in panels, two vectors wide, so that a tile reads them one after another. The other factor's rows
are found through a table of their addresses, so that a mini-batch is never copied. The sums are taken over
some hundred k at a time: so much of a panel stays in the innermost cache while all rows pass by.

For each of its k, a tile of R rows and V vectors reads V vectors and R numbers (4 (V·lanes + R) bytes in
float32) and does R·V·lanes multiply-adds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import NamedTuple, TypeAlias

from chainrule.engines.llvm.caches import LINE, SAMPLES_AT_A_TIME, block_of_k, room_of_panel, rows_at_a_time
from chainrule.engines.llvm.code import Code, Function, Unit
from chainrule.engines.llvm.transpose import turned_panel
from chainrule.engines.llvm.values import Array, Int, Variable, Vector, fused

Accumulators: TypeAlias = list[list[Variable]]

TALLEST_UPDATE = 8
"""Rows of the tallest tile of an update: each brings the optimiser's step into the code once more."""

SIDE_BY_SIDE = 4
"""Panels that a single row is multiplied with at once."""

WRITTEN_OUT = 8
"""So many k of a product's tile are written out one after another: no instruction counts them."""

FEW_SAMPLES = 16
"""Up to so many samples a tile is done so soon that calling it would take as long."""

LOW = 4
"""Rows of an update's tiles then, one below the other without a call between: a divisor of a panel's."""


class Rows(NamedTuple):
    """A factor's rows: a table of their addresses, and how far apart their panels are."""

    table: Int | Array
    block: Int | int


class Panels(NamedTuple):
    """Weights in panels of ``height`` rows, ``columns`` wide in all: those from ``first`` to ``last``."""

    first: Int | int
    last: Int
    columns: Int
    weights: Int | Array
    height: Int


class Places(NamedTuple):
    """Where a mini-batch's rows lie: from row to row ``stride``, from panel to panel ``block``."""

    address: Int | Array
    stride: Int
    block: Int


def vectors_of(code: Code, columns: Int, p: Int) -> Int:
    """The width of panel p, in vectors: 2, or 1 for a narrow last one."""
    return (columns // code.lanes - p * 2).at_most(2)


def product(unit: Unit) -> Function:
    """Σ_k A[i, k] B[k, :] + bias: the product of Eq. F1, with A = a^{L-1}, B = (W^L)ᵀ and bias = b^L.

    Meanwhile what lies ``ahead`` numbers behind A is brought into the cache, if that is not 0.
    """
    shape = unit.shape
    some, one = unit.shared(_product_of_panel), _product_of_row(unit)
    parameters = ("rows", "K", *Rows._fields, *Panels._fields, *Places._fields, "bias", "bias_step", "ahead")

    @unit.function("product", parameters)
    def product(
        code: Code, rows: Int, K: Int, table: Int, block: Int, first: Int, last: Int, columns: Int,
        weights: Int, height: Int, address: Int, stride: Int, distance: Int, bias: Int, bias_step: Int,
        ahead: Int,
    ) -> None:  # fmt: skip
        size, part = block_of_k(shape), rows_at_a_time(shape)
        begin = code.variable(first)
        with code.when(rows.equals(1)):
            whole = last.at_most(columns // (2 * code.lanes))
            with code.loop(0, (whole - first).at_least(0) // SIDE_BY_SIDE) as g:
                p = first + g * SIDE_BY_SIDE
                B = code.numbers(weights) + p * shape.panel * height
                C = code.numbers(address) + p * distance
                start = code.numbers(bias) + p * bias_step
                one(code, K, table, block, B, height, C, distance, start, bias_step)
                begin.set(p + SIDE_BY_SIDE)
        first = begin.get()
        with code.loop(0, rows, part) as i, code.loop(0, K, size) as k:
            some_rows, place = (rows - i).at_most(part), code.ints(table) + i
            count, offset = (K - k).at_most(size), k // shape.panel * block
            with code.loop(first, last) as p:
                vectors = vectors_of(code, columns, p)
                B = code.numbers(weights) + (p * shape.panel * height + k * vectors * code.lanes)
                C = code.numbers(address) + (p * distance + i * stride)
                start = code.numbers(bias) + p * bias_step
                begun = k > 0
                start_at = code.pick(begun, C.address, start.address)
                step = code.pick(begun, stride, code.index(0))
                soon = code.pick(p.equals(first), ahead, code.index(0))
                some(
                    code, some_rows, vectors, count, place, offset, block, B, C, stride, start_at, step, soon
                )

    return product


def turned_product(unit: Unit) -> Function:
    """Σ_k A[i, k] B[k, :]: the product of Eq. B2, with A = δ^{L+1} and B = W^{L+1}, kept as its transpose.

    As much of B as one part of the sums needs is turned into ``room``, and stays in the innermost cache while
    all rows pass by. B has ``columns`` columns; its transpose has panels of ``height`` rows, and ``depth``
    columns in all.
    """
    shape = unit.shape
    some, turned = unit.shared(_product_of_panel), turned_panel(unit)
    names = ("rows", "K", *Rows._fields, *Panels._fields, *Places._fields, "depth", "zeros", "room")

    @unit.function("turned_product", names)
    def turned_product(
        code: Code, rows: Int, K: Int, table: Int, block: Int, first: Int, last: Int, columns: Int,
        weights: Int, height: Int, address: Int, stride: Int, distance: Int, depth: Int, zeros: Int,
        room: Int,
    ) -> None:  # fmt: skip
        size, part = block_of_k(shape), rows_at_a_time(shape)
        with code.loop(0, K, size) as k, code.loop(first, last) as p:
            vectors, count = vectors_of(code, columns, p), (K - k).at_most(size)
            turned(code, weights, height, depth, p, vectors, k, count, room)
            with code.loop(0, rows, part) as i:
                C = code.numbers(address) + (p * distance + i * stride)
                begun = k > 0
                start = code.pick(begun, C.address, zeros)
                step = code.pick(begun, stride, code.index(0))
                some(
                    code, (rows - i).at_most(part), vectors, count, code.ints(table) + i,
                    k // shape.panel * block, block, room, C, stride, start, step, 0,
                )  # fmt: skip

    return turned_product


def _product_of_panel(unit: Unit) -> Function:
    tallest = unit.shape.tallest
    tiles = {(R, V): _product_tile(unit, R, V) for V in (2, 1) for R in range(1, tallest + 1)}
    names = (
        "rows", "vectors", "K", "table", "offset", "block", "B", "C", "stride", "start", "start_stride",
        "ahead",
    )  # fmt: skip

    @unit.function("product_of_panel", names)
    def product_of_panel(
        code: Code, rows: Int, vectors: Int, K: Int, table: Int, offset: Int, block: Int, B: Int, C: Int,
        stride: Int, start: Int, start_stride: Int, ahead: Int,
    ) -> None:  # fmt: skip
        with tile_by_tile(code, rows, tallest) as (i, height):
            place, begin = code.numbers(C) + i * stride, code.numbers(start) + i * start_stride
            arguments = (K, code.ints(table) + i, offset, block, B, place, stride, begin, start_stride, ahead)
            for V in (2, 1):
                with code.when(vectors.equals(V)):
                    calls = {R: partial(tiles[R, V], code, *arguments) for R in range(1, tallest + 1)}
                    code.choose(height, calls)

    return product_of_panel


def _product_of_row(unit: Unit) -> Function:
    """One row, and panels side by side: one panel has not sums enough to keep the multipliers busy."""
    names = ("K", "table", "block", "B", "height", "C", "distance", "start", "start_step")
    width = unit.shape.panel

    @unit.function("product_of_row", names)
    def product_of_row(
        code: Code, K: Int, table: Int, block: Int, B: Int, height: Int, C: Int, distance: Int, start: Int,
        start_step: Int,
    ) -> None:  # fmt: skip
        row, panels = code.numbers(code.ints(table).whole()), range(SIDE_BY_SIDE)
        weights = [code.numbers(B) + height * (p * width) for p in panels]
        sums = [
            [code.variable((code.numbers(start) + start_step * p).vector(j)) for j in range(2)]
            for p in panels
        ]
        with code.loop(0, _ceil(K, width)) as n, code.loop(0, (K - n * width).at_most(width)) as k:
            a = (row + (n * block + k)).splat()
            for panel, total in zip(weights, sums, strict=True):
                at = panel + (n * width + k) * width
                _add(total, a, [at.vector(j) for j in range(2)])
        for p in panels:
            for j in range(2):
                (code.numbers(C) + distance * p).put(sums[p][j].get(), j)

    return product_of_row


def _ceil(n: Int, size: int) -> Int:
    return (n + (size - 1)) // size


@contextmanager
def tile_by_tile(code: Code, rows: Int, tallest: int) -> Iterator[tuple[Int, Int]]:
    """Where each tile of some rows begins, and its height: as few as will do, as even as can be."""
    count = _ceil(rows, tallest)
    short, more = rows // count, rows % count
    done = code.variable(0)
    with code.loop(0, count) as t:
        height = short + Int(code, code.builder.zext((t < more), short.ir.type))
        i = done.get()
        done.set(i + height)
        yield i, height


def _product_tile(unit: Unit, R: int, V: int) -> Function:
    """Every sum is taken in the order of k: a row's bits do not depend on how many rows come with it."""
    names = ("K", "table", "offset", "block", "B", "C", "stride", "start", "start_stride", "ahead")

    @unit.function(f"product_{R}x{V}", names)
    def tile(
        code: Code, K: Int, table: Int, offset: Int, block: Int, B: Int, C: Int, stride: Int, start: Int,
        start_stride: Int, ahead: Int,
    ) -> None:  # fmt: skip
        step, width = V * code.lanes, unit.shape.panel
        rows = [code.numbers((code.ints(table) + i).whole()) + offset for i in range(R)]
        sums = [
            [code.variable((code.numbers(start) + start_stride * i).vector(j)) for j in range(V)]
            for i in range(R)
        ]
        weights, some, line = code.numbers(B), min(width, WRITTEN_OUT), LINE // code.item_size

        def add(k: Int, moved: Int, more: int = 0) -> None:
            b = [(weights + k * step + more * step).vector(j) for j in range(V)]
            for i in range(R):
                _add(sums[i], (rows[i] + moved + more).splat(), b)

        with code.loop(0, K // some) as n:
            k = n * some
            moved = k // width * block + k % width
            with code.when(code.pick((k % line).equals(0), ahead, code.index(0)) > 0):
                for row in rows:
                    (row + (moved + ahead)).prefetch(2)
            for more in range(some):
                add(k, moved, more)
        with code.loop(K // some * some, K) as k:
            add(k, k // width * block + k % width)
        for i in range(R):
            for j in range(V):
                (code.numbers(C) + stride * i).put(sums[i][j].get(), j)

    return tile


def gather(unit: Unit, size: int) -> Function:
    """Copy rows of ``n`` numbers of ``size`` bytes, found through a table, into panels ``distance`` apart.

    Rows of X are far from each other, a page of memory each; a product that reads some columns of all of them
    finds those of the copy side by side.
    """

    @unit.function("gather", ("rows", "table", "n", "target", "distance"))
    def gather(code: Code, rows: Int, table: Int, n: Int, target: Int, distance: Int) -> None:
        lanes, width = code.lanes, unit.shape.panel
        with code.loop(0, rows) as i:
            row = code.samples((code.ints(table) + i).whole(), size)
            place = code.numbers(target) + i * width
            with code.loop(0, n // width) as p:
                for j in range(2):
                    (place + p * distance).put((row + p * width).cast_vector(j), j)
            with code.loop(n // width * 2, (n + (lanes - 1)) // lanes) as v:
                rest = (row + v * lanes).cast_vector(0, code.first_lanes(n - v * lanes))
                (place + (v // 2 * distance + v % 2 * lanes)).put(rest)

    return gather


Descend: TypeAlias = Callable[[Code, Vector, list[Array], "Int"], None]
"""Takes a vector of the gradient, the places of the parameter and its moments, and the step's numbers."""


def update(unit: Unit, arrays: int, descend: Descend) -> Function:
    """Σ_m A[m, i] D[m, :] and at once the optimiser's step: Eq. B3 (with A = 1, B4) and G1.

    The gradient never leaves the registers, but where the samples are many: then sums over some hundred of
    them are kept in ``room``, which holds a block of k of each panel. ``arrays`` is how many arrays the step
    changes: the parameter and its moments. Of M rows A the columns from ``start`` to ``stop`` are taken, and
    of D the panels from ``first`` to ``last``. Rows of A that are equally far from each other are ``apart``;
    where that is 0, only the table knows. Meanwhile the same columns of ``soon`` rows ``ahead``, which
    the next step will need, are fetched into the cache.
    """
    shape = unit.shape
    thetas = tuple(f"theta{n}" for n in range(arrays))
    some = _update_of_panel(unit, thetas, descend)
    parameters = (
        "M", "start", "stop", *Rows._fields, "apart", "first", "last", "columns", *Places._fields, "numbers",
        "ahead", "soon", "height", "room",
    )  # fmt: skip

    @unit.function("update", (*parameters, *thetas))
    def update(
        code: Code, M: Int, start: Int, stop: Int, table: Int, block: Int, apart: Int, first: Int, last: Int,
        columns: Int, address: Int, stride: Int, distance: Int, numbers: Int, ahead: Int, soon: Int,
        height: Int, room: Int, *places: Int,
    ) -> None:  # fmt: skip
        size = block_of_k(shape)
        with code.loop(start, stop, size) as k:
            end = (k + size).at_most(stop)
            with code.loop(0, M, SAMPLES_AT_A_TIME) as m, code.loop(first, last) as p:
                vectors, count = vectors_of(code, columns, p), (M - m).at_most(SAMPLES_AT_A_TIME)
                D = code.numbers(address) + (p * distance + m * stride)
                panels = [code.numbers(place) + p * shape.panel * height for place in places]
                kept = code.numbers(room) + (p - first) * room_of_panel(shape)
                fetched = code.pick(
                    m.equals(0), code.pick(p.equals(first), soon, code.index(0)), code.index(0)
                )
                some(
                    code, count, vectors, k, end, code.ints(table) + m, block, apart, D, stride, numbers,
                    ahead, fetched, kept, m, M - m - count, *panels,
                )  # fmt: skip

    return update


def _update_of_panel(unit: Unit, thetas: tuple[str, ...], descend: Descend) -> Function:
    """Panel by panel of A, as few tiles as will do."""
    tallest, width = min(TALLEST_UPDATE, unit.shape.tallest), unit.shape.panel
    names = (
        "M", "table", "block", "apart", "first", "last", "D", "stride", "numbers", "room", "begun", "left",
        *thetas,
    )  # fmt: skip
    tiles = {(R, V): _update_tile(unit, R, V, names, descend) for V in (2, 1) for R in range(1, tallest + 1)}
    low = {V: _update_tile(unit, LOW, V, names, descend, few=True) for V in (2, 1)}
    parameters = (
        "M", "vectors", "start", "stop", "table", "block", "apart", "D", "stride", "numbers", "ahead", "soon",
        "room", "begun", "left",
    )  # fmt: skip

    @unit.function("update_of_panel", (*parameters, *thetas))
    def update_of_panel(
        code: Code, M: Int, vectors: Int, start: Int, stop: Int, table: Int, block: Int, apart: Int, D: Int,
        stride: Int, numbers: Int, ahead: Int, soon: Int, room: Int, begun: Int, left: Int, *places: Int,
    ) -> None:  # fmt: skip
        def some(tile: Function, V: int, first: Int, last: Int) -> None:
            kept = code.numbers(room) + start * -(V * code.lanes)
            tile(code, M, table, block, apart, first, last, D, stride, numbers, kept, begun, left, *places)

        def fetch(first: Int) -> None:
            with code.loop(0, soon) as m:
                (code.numbers((code.ints(ahead) + m).whole()) + first).prefetch()

        line = LINE // code.item_size
        fetch(stop - 1)  # a row need not begin with a line: its end may reach into one line more
        done = code.variable(start)
        few = code.pick(M > FEW_SAMPLES, code.index(1), start % LOW).equals(0)
        for V in (2, 1):
            with code.when(vectors.equals(V)):
                with code.when(few):
                    with code.loop(start, stop, line) as first:
                        fetch(first)
                    done.set(start + (stop - start) // LOW * LOW)
                    some(low[V], V, start, done.get())
                with code.loop(done.get() // width, _ceil(stop, width)) as q:
                    for i in range(0, width, line):
                        fetch(q * width + i)
                    begin, end = (q * width).at_least(done.get()), (q * width + width).at_most(stop)
                    with code.when(begin < end), tile_by_tile(code, end - begin, tallest) as (above, height):
                        top = begin + above
                        heights = range(1, tallest + 1)
                        code.choose(height, {R: partial(some, tiles[R, V], V, top, top + R) for R in heights})

    return update_of_panel


def _update_tile(
    unit: Unit, R: int, V: int, names: tuple[str, ...], descend: Descend, few: bool = False
) -> Function:
    """Tiles one below the other, from row ``first`` to ``last``; of a ``few`` samples, or several a turn."""

    @unit.function(f"update_{R}x{V}{'_few' * few}", names)
    def tile(
        code: Code, M: Int, table: Int, block: Int, apart: Int, first: Int, last: Int, D: Int, stride: Int,
        numbers: Int, room: Int, begun: Int, left: Int, *places: Int,
    ) -> None:  # fmt: skip
        lanes, width = code.lanes, unit.shape.panel
        rows, deltas = code.ints(table), code.numbers(D)
        each = [(i, j) for i in range(R) for j in range(V)]
        with code.loop(first, last, R) as top:
            offset, kept = top // width * block + top % width, code.numbers(room) + top * (V * lanes)
            moved = [code.numbers(place) + top * (V * lanes) for place in places]
            for place in moved:
                for line in range(0, R * V * lanes, LINE // code.item_size):
                    (place + line).prefetch()
            sums = _accumulators(code, R, V)
            with code.when(begun > 0):
                for i, j in each:
                    sums[i][j].set(kept.vector(i * V + j))

            def add(m: Int, a: Array) -> None:
                d = [(deltas + m * stride).vector(j) for j in range(V)]
                for i in range(R):
                    _add(sums[i], (a + i).splat(), d)

            def add_row(m: Int) -> None:
                add(m, code.numbers((rows + m).whole()) + offset)

            if few:
                with code.loop(0, M) as m:
                    add_row(m)
            else:
                first_row = code.numbers(rows.whole()) + offset
                with code.when(apart > 0):
                    code.repeat(M, 4, lambda m: add(m, first_row + m * apart))
                with code.when(apart.equals(0)):
                    code.repeat(M, 2, add_row)
            with code.when(left > 0):
                for i, j in each:
                    kept.put(sums[i][j].get(), i * V + j)
            with code.when(left.equals(0)):
                for i, j in each:
                    at = [place + (i * V + j) * lanes for place in moved]
                    descend(code, sums[i][j].get(), at, numbers)

    return tile


def _accumulators(code: Code, R: int, V: int) -> Accumulators:
    return [[code.variable(code.constant(0.0)) for _ in range(V)] for _ in range(R)]


def _add(sums: list[Variable], a: Vector, b: list[Vector]) -> None:
    for total, vector in zip(sums, b, strict=True):
        total.set(fused(a, vector, total.get()))
