"""The matrix product of Eq. F1 and B2, tile by tile.

The sums are taken over some hundred k at a time, so that a panel's weights stay in a cache while all rows
pass by; each part begins at 0, and is added to those before. For each of its k, a tile of R rows and V
vectors reads V vectors and R numbers (4 (V·lanes + R) bytes in float32) and does R·V·lanes multiply-adds.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from chainrule.engines.llvm.kernels.columns import Columns, Lists
from chainrule.engines.llvm.kernels.tiles import (
    Panels,
    Places,
    Rows,
    accumulators,
    add_products,
    tile_by_tile,
    vectors_of,
)
from chainrule.engines.llvm.kernels.transpose import turned_panel
from chainrule.engines.llvm.machine.caches import LINE, block_of_k, rows_at_a_time
from chainrule.engines.llvm.writer.code import Code, Function, Unit
from chainrule.engines.llvm.writer.values import Int, Variable
from chainrule.equations.affine import TERMS

SIDE_BY_SIDE = 4
"""Panels that a single row is multiplied with at once."""

WRITTEN_OUT = 8
"""Terms k of a product's tile that are written out one after another: no instruction counts them."""


def product(unit: Unit, listed: bool = False) -> Function:
    """Σ_k A[i, k] B[k, :] + bias: the product of Eq. F1, with A = a^{L-1}, B = (W^L)ᵀ and bias = b^L.

    If they are ``listed``, the sum is taken over the columns of A in use, and ``more`` is where their lists
    stand; else it is how many numbers behind A something lies to be brought into the cache meanwhile, or 0.
    """
    shape = unit.shape
    some, one = unit.shared(_columns_of_panel if listed else _product_of_panel), _product_of_row(unit, listed)
    parameters = ("rows", "K", *Rows._fields, *Panels._fields, *Places._fields, "bias", "bias_step", "more")

    @unit.function("product_of_columns" if listed else "product", parameters)
    def product(
        code: Code, rows: Int, K: Int, table: Int, block: Int, first: Int, last: Int, columns: Int,
        weights: Int, height: Int, address: Int, stride: Int, distance: Int, bias: Int, bias_step: Int,
        more: Int,
    ) -> None:  # fmt: skip
        part = rows_at_a_time(shape, TERMS)
        begin = code.variable(first)
        with code.when(rows.equals(1)):
            whole = last.at_most(columns // (2 * code.lanes))
            with code.loop(0, (whole - first).at_least(0) // SIDE_BY_SIDE) as g:
                p = first + g * SIDE_BY_SIDE
                B = code.numbers(weights) + p * shape.panel * height
                C = code.numbers(address) + p * distance
                start = code.numbers(bias) + p * bias_step
                one(code, K, table, block, B, height, C, distance, start, bias_step, more)
                begin.set(p + SIDE_BY_SIDE)
        first = begin.get()
        with code.loop(0, rows, part) as i, code.loop(0, K, TERMS) as k:
            some_rows, place = (rows - i).at_most(part), code.ints(table) + i
            with code.loop(first, last) as p:
                vectors = vectors_of(code, columns, p)
                B = code.numbers(weights) + p * shape.panel * height
                C = code.numbers(address) + (p * distance + i * stride)
                start = code.numbers(bias) + p * bias_step
                begun = k > 0
                start_at = code.pick(begun, C.address, start.address)
                step = code.pick(begun, stride, code.index(0))
                if listed:
                    count, offset, extra = K, k, Lists(code, more, K).of_tiles(i).address
                else:
                    B = B + k * vectors * code.lanes
                    count, offset = (K - k).at_most(TERMS), k // shape.panel * block
                    extra = code.pick(p.equals(first), more, code.index(0))
                some(
                    code, some_rows, vectors, count, place, offset, block, B, C, stride, start_at, step, extra
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
    return _by_tiles(unit, "product_of_panel", _product_tile, listed=False)


def _columns_of_panel(unit: Unit) -> Function:
    return _by_tiles(unit, "columns_of_panel", _columns_tile, listed=True)


TILE = ("K", "table", "offset", "block", "B", "C", "stride", "start", "start_stride", "more")
"""What a tile is told; one over listed columns takes ``offset`` for the first of a part of all K."""


def _by_tiles(unit: Unit, name: str, write: Callable[[Unit, int, int], Function], listed: bool) -> Function:
    """Tile by tile; if they are ``listed``, ``more`` is the table of the tiles' lists of columns."""
    tallest = unit.shape.tallest
    tiles = {(R, V): write(unit, R, V) for V in (2, 1) for R in range(1, tallest + 1)}

    @unit.function(name, ("rows", "vectors", *TILE))
    def by_tiles(
        code: Code, rows: Int, vectors: Int, K: Int, table: Int, offset: Int, block: Int, B: Int, C: Int,
        stride: Int, start: Int, start_stride: Int, more: Int,
    ) -> None:  # fmt: skip
        with tile_by_tile(code, rows, tallest) as (t, i, height):
            place, begin = code.numbers(C) + i * stride, code.numbers(start) + i * start_stride
            own = (code.ints(more) + t).whole() if listed else more
            arguments = (K, code.ints(table) + i, offset, block, B, place, stride, begin, start_stride, own)
            for V in (2, 1):
                with code.when(vectors.equals(V)):
                    calls = {R: partial(tiles[R, V], code, *arguments) for R in range(1, tallest + 1)}
                    code.choose(height, calls)

    return by_tiles


def _product_of_row(unit: Unit, listed: bool) -> Function:
    """One row, and panels side by side: one panel has not sums enough to keep the multipliers busy."""
    names = ("K", "table", "block", "B", "height", "C", "distance", "start", "start_step", "more")
    width = unit.shape.panel

    @unit.function("columns_of_row" if listed else "product_of_row", names)
    def product_of_row(
        code: Code, K: Int, table: Int, block: Int, B: Int, height: Int, C: Int, distance: Int, start: Int,
        start_step: Int, more: Int,
    ) -> None:  # fmt: skip
        row, panels = code.numbers(code.ints(table).whole()), range(SIDE_BY_SIDE)
        weights = [code.numbers(B) + height * (p * width) for p in panels]
        each = [(p, j) for p in panels for j in range(2)]
        totals = {(p, j): code.variable((code.numbers(start) + start_step * p).vector(j)) for p, j in each}
        columns = Columns(code, more, K)
        with code.loop(0, K, TERMS) as first:
            sums = accumulators(code, SIDE_BY_SIDE, 2)
            begin, end = columns.of_part(first // TERMS) if listed else (first, (first + TERMS).at_most(K))
            with code.loop(begin, end) as n:
                k = (columns.used + n).whole() if listed else n
                a = (row + (k // width * block + k % width)).splat()
                for panel, part in zip(weights, sums, strict=True):
                    at = panel + k * width
                    add_products(part, a, [at.vector(j) for j in range(2)])
            for p, j in each:
                totals[p, j].set(totals[p, j].get() + sums[p][j].get())
        for p, j in each:
            (code.numbers(C) + distance * p).put(totals[p, j].get(), j)

    return product_of_row


def _product_tile(unit: Unit, R: int, V: int) -> Function:
    """Every sum is taken in the order of k: a row's bits do not depend on how many rows come with it.

    It begins at 0, and what stands at ``start`` is added at the end.
    """

    @unit.function(f"product_{R}x{V}", TILE)
    def tile(
        code: Code, K: Int, table: Int, offset: Int, block: Int, B: Int, C: Int, stride: Int, start: Int,
        start_stride: Int, ahead: Int,
    ) -> None:  # fmt: skip
        step, width = V * code.lanes, unit.shape.panel
        rows = [code.numbers((code.ints(table) + i).whole()) + offset for i in range(R)]
        sums = accumulators(code, R, V)
        weights, some, line = code.numbers(B), min(width, WRITTEN_OUT), LINE // code.item_size

        def add(k: Int, moved: Int, more: int = 0) -> None:
            b = [(weights + k * step + more * step).vector(j) for j in range(V)]
            for i in range(R):
                add_products(sums[i], (rows[i] + moved + more).splat(), b)

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
        _put(code, sums, C, stride, start, start_stride)

    return tile


def _columns_tile(unit: Unit, R: int, V: int) -> Function:
    """The same over the listed columns of the part of the sum that begins at column ``first``, of K."""

    @unit.function(f"columns_{R}x{V}", TILE)
    def tile(
        code: Code, K: Int, table: Int, first: Int, block: Int, B: Int, C: Int, stride: Int, start: Int,
        start_stride: Int, listed: Int,
    ) -> None:  # fmt: skip
        step, width, weights = V * code.lanes, unit.shape.panel, code.numbers(B)
        rows = [code.numbers((code.ints(table) + i).whole()) for i in range(R)]
        sums, columns = accumulators(code, R, V), Columns(code, listed, K)
        begin, end = columns.of_part(first // TERMS)
        with code.loop(begin, end) as n:
            k = (columns.used + n).whole()
            b = [(weights + k * step).vector(j) for j in range(V)]
            moved = k // width * block + k % width
            for i in range(R):
                add_products(sums[i], (rows[i] + moved).splat(), b)
        _put(code, sums, C, stride, start, start_stride)

    return tile


def _put(code: Code, sums: list[list[Variable]], C: Int, stride: Int, start: Int, start_stride: Int) -> None:
    """Add a tile's sums to what stands at ``start``."""
    for i, of_row in enumerate(sums):
        before, place = code.numbers(start) + start_stride * i, code.numbers(C) + stride * i
        for j, total in enumerate(of_row):
            place.put(before.vector(j) + total.get(), j)
