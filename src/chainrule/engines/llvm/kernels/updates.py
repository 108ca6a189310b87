"""The matrix product of Eq. B3 and B4, tile by tile, and the optimiser's step (G1) on each tile.

For each sample, a tile of R rows and V vectors reads V vectors and R numbers, and does R·V·lanes
multiply-adds.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TypeAlias

from chainrule.engines.llvm.kernels.columns import Columns
from chainrule.engines.llvm.kernels.prefetch import fetch
from chainrule.engines.llvm.kernels.tiles import (
    Places,
    Rows,
    accumulators,
    add_products,
    ceil,
    tile_by_tile,
    vectors_of,
)
from chainrule.engines.llvm.machine.caches import LINE, SAMPLES_AT_A_TIME, block_of_k, room_of_panel
from chainrule.engines.llvm.writer.code import Code, Function, Unit
from chainrule.engines.llvm.writer.values import Array, Int, Vector

SAMPLES_A_TURN = 4
"""Samples that a turn of a tile's loop adds up, and half as many whose addresses must be looked up."""

FEW_SAMPLES = 16
"""Up to this many samples a tile is done so soon that calling it would take as long."""

LOW = 4
"""Rows of an update's tiles then, one below the other without a call between: a divisor of a panel's."""

TILE_OF_COLUMNS = 4
"""Columns in use that are a tile: wherever they stand, so that each has an address of its own."""

COLUMNS_AT_A_TIME = 32
"""Columns in use between which lines are asked for, where a tile does not take long."""

LONG = 48
"""Samples from which on a tile takes so long that lines are asked for before each, and not for a panel."""

Descend: TypeAlias = Callable[[Code, Vector, list[Array], "Int"], None]
"""Takes a vector of the gradient, the places of the parameter and its moments, and the step's numbers."""


def update(unit: Unit, arrays: int, descend: Descend) -> Function:
    """Σ_m A[m, i] D[m, :] and at once the optimiser's step: Eq. B3 (with A = 1, B4) and G1.

    The gradient never leaves the registers, but where the samples are many: then sums over some hundred of
    them are kept in ``room``, which holds a block of k of each panel. ``arrays`` is how many arrays the step
    changes: the parameter and its moments. Of M rows A the columns from ``start`` to ``stop`` are taken, and
    of D the panels from ``first`` to ``last``. Rows of A that are equally far from each other are ``apart``;
    where that is 0, only the table knows. Meanwhile the lines that are ``coming`` are fetched.
    """
    shape = unit.shape
    thetas = tuple(f"theta{n}" for n in range(arrays))
    some = _update_of_panel(unit, thetas, descend)
    parameters = (
        "M", "start", "stop", *Rows._fields, "apart", "first", "last", "columns", *Places._fields, "numbers",
        "coming", "height", "room",
    )  # fmt: skip

    @unit.function("update", (*parameters, *thetas))
    def update(
        code: Code, M: Int, start: Int, stop: Int, table: Int, block: Int, apart: Int, first: Int, last: Int,
        columns: Int, address: Int, stride: Int, distance: Int, numbers: Int, coming: Int, height: Int,
        room: Int, *places: Int,
    ) -> None:  # fmt: skip
        size = block_of_k(shape)
        with code.loop(start, stop, size) as k:
            end = (k + size).at_most(stop)
            with code.loop(0, M, SAMPLES_AT_A_TIME) as m, code.loop(first, last) as p:
                vectors, count = vectors_of(code, columns, p), (M - m).at_most(SAMPLES_AT_A_TIME)
                D = code.numbers(address) + (p * distance + m * stride)
                panels = [code.numbers(place) + p * shape.panel * height for place in places]
                kept = code.numbers(room) + (p - first) * room_of_panel(shape)
                some(
                    code, count, vectors, k, end, code.ints(table) + m, block, apart, D, stride, numbers,
                    coming, kept, m, M - m - count, *panels,
                )  # fmt: skip

    return update


def update_of_columns(unit: Unit, arrays: int, descend: Descend, at_rest: bool) -> Function:
    """The same over the columns of A in use, of up to `SAMPLES_AT_A_TIME` rows.

    Of the others the gradient is 0. If a parameter is not ``at_rest`` then, as with moments or a penalty, the
    optimiser takes its step with them all the same.
    """
    width, thetas = unit.shape.panel, tuple(f"theta{n}" for n in range(arrays))
    names = ("M", "table", "block", "apart", "first", "last", "D", "stride", "numbers", *thetas)
    tiles = {
        (n, V): _update_tile_of_columns(unit, n, V, names, descend)
        for V in (2, 1)
        for n in (TILE_OF_COLUMNS, 1)
    }
    fetched = unit.shared(fetch)
    parameters = (
        "M", "K", *Rows._fields, "apart", "first", "last", "columns", *Places._fields, "numbers", "coming",
        "height", "listed", *thetas,
    )  # fmt: skip

    @unit.function("update_of_columns", parameters)
    def update_of_columns(
        code: Code, M: Int, K: Int, table: Int, block: Int, apart: Int, first: Int, last: Int, columns: Int,
        address: Int, stride: Int, distance: Int, numbers: Int, coming: Int, height: Int, listed: Int,
        *places: Int,
    ) -> None:  # fmt: skip
        lists = Columns(code, listed, K)
        together = code.pick(M < LONG, code.index(COLUMNS_AT_A_TIME), code.index(TILE_OF_COLUMNS))

        with code.loop(first, last) as p:
            D = code.numbers(address) + p * distance
            panels = [code.numbers(place) + p * width * height for place in places]

            def go(
                V: int, M: Int | int, list_: Array, end: Int, D: Array = D, panels: list[Array] = panels
            ) -> None:
                whole = list_ + end // TILE_OF_COLUMNS * TILE_OF_COLUMNS
                rest = M, table, block, apart
                tiles[TILE_OF_COLUMNS, V](code, *rest, list_, whole, D, stride, numbers, *panels)
                tiles[1, V](code, *rest, whole, list_ + end, D, stride, numbers, *panels)

            for V in (2, 1):
                with code.when(vectors_of(code, columns, p).equals(V)):
                    with code.loop(0, (lists.count + (together - 1)) // together) as n:
                        some = (lists.count - n * together).at_most(together)
                        fetched(code, coming, some)
                        go(V, M, lists.used + n * together, some)
                    if not at_rest:
                        go(V, 0, lists.idle, K - lists.count)

    return update_of_columns


def _update_tile_of_columns(unit: Unit, n: int, V: int, names: tuple[str, ...], descend: Descend) -> Function:
    """Tile after tile, each of n columns that stand in a list, from ``first`` to ``last``."""

    @unit.function(f"update_columns_{n}x{V}", names)
    def tile(
        code: Code, M: Int, table: Int, block: Int, apart: Int, first: Int, last: Int, D: Int, stride: Int,
        numbers: Int, *places: Int,
    ) -> None:  # fmt: skip
        lanes, width = code.lanes, unit.shape.panel
        rows, deltas = code.ints(table), code.numbers(D)
        with code.loop(first, last, 8 * n) as entry:
            columns = [(code.ints(entry) + i).whole() for i in range(n)]
            offsets = [k // width * block + k % width for k in columns]
            moved = [[code.numbers(place) + k * (V * lanes) for place in places] for k in columns]
            for place in (place for of_column in moved for place in of_column):
                for line in range(0, V * lanes, LINE // code.item_size):
                    (place + line).prefetch()
            sums = accumulators(code, n, V)

            def add(m: Int, a: Array) -> None:
                d = [(deltas + m * stride).vector(j) for j in range(V)]
                for i in range(n):
                    add_products(sums[i], (a + offsets[i]).splat(), d)

            first_row = code.numbers(rows.whole())
            with code.when(apart > 0):
                code.repeat(M, SAMPLES_A_TURN, lambda m: add(m, first_row + m * apart))
            with code.when(apart.equals(0)):
                code.repeat(M, SAMPLES_A_TURN // 2, lambda m: add(m, code.numbers((rows + m).whole())))
            for i in range(n):
                for j in range(V):
                    at = [place + j * lanes for place in moved[i]]
                    descend(code, sums[i][j].get(), at, numbers)

    return tile


def _update_of_panel(unit: Unit, thetas: tuple[str, ...], descend: Descend) -> Function:
    """Panel by panel of A, as few tiles as will do."""
    tallest, width = unit.shape.tallest, unit.shape.panel
    names = (
        "M", "table", "block", "apart", "first", "last", "D", "stride", "numbers", "room", "begun", "left",
        *thetas,
    )  # fmt: skip
    tiles = {(R, V): _update_tile(unit, R, V, names, descend) for V in (2, 1) for R in range(1, tallest + 1)}
    fetched = unit.shared(fetch)
    low = {V: _update_tile(unit, LOW, V, names, descend, few=True) for V in (2, 1)}
    parameters = (
        "M", "vectors", "start", "stop", "table", "block", "apart", "D", "stride", "numbers", "coming",
        "room", "begun", "left",
    )  # fmt: skip

    @unit.function("update_of_panel", (*parameters, *thetas))
    def update_of_panel(
        code: Code, M: Int, vectors: Int, start: Int, stop: Int, table: Int, block: Int, apart: Int, D: Int,
        stride: Int, numbers: Int, coming: Int, room: Int, begun: Int, left: Int, *places: Int,
    ) -> None:  # fmt: skip
        def some(tile: Function, V: int, first: Int, last: Int) -> None:
            kept = code.numbers(room) + start * -(V * code.lanes)
            tile(code, M, table, block, apart, first, last, D, stride, numbers, kept, begun, left, *places)

        few = code.pick(M > FEW_SAMPLES, code.index(1), start % LOW).equals(0)
        heights = range(1, tallest + 1)
        for V in (2, 1):
            with code.when(vectors.equals(V)), code.loop(start // width, ceil(stop, width)) as q:
                begin, end = (q * width).at_least(start), (q * width + width).at_most(stop)
                with code.when(M < LONG):
                    fetched(code, coming, end - begin)
                done = code.variable(begin)
                with code.when(few):
                    done.set(begin + (end - begin) // LOW * LOW)
                    some(low[V], V, begin, done.get())
                begin = done.get()
                with code.when(begin < end), tile_by_tile(code, end - begin, tallest) as tile:
                    _, above, height = tile
                    top = begin + above
                    with code.when(M >= LONG):
                        fetched(code, coming, height)
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
            sums = accumulators(code, R, V)
            with code.when(begun > 0):
                for i, j in each:
                    sums[i][j].set(kept.vector(i * V + j))

            def add(m: Int, a: Array) -> None:
                d = [(deltas + m * stride).vector(j) for j in range(V)]
                for i in range(R):
                    add_products(sums[i], (a + i).splat(), d)

            def add_row(m: Int) -> None:
                add(m, code.numbers((rows + m).whole()) + offset)

            if few:
                with code.loop(0, M) as m:
                    add_row(m)
            else:
                first_row = code.numbers(rows.whole()) + offset
                with code.when(apart > 0):
                    code.repeat(M, SAMPLES_A_TURN, lambda m: add(m, first_row + m * apart))
                with code.when(apart.equals(0)):
                    code.repeat(M, SAMPLES_A_TURN // 2, add_row)
            with code.when(left > 0):
                for i, j in each:
                    kept.put(sums[i][j].get(), i * V + j)
            with code.when(left.equals(0)):
                for i, j in each:
                    at = [place + (i * V + j) * lanes for place in moved]
                    descend(code, sums[i][j].get(), at, numbers)

    return tile
