"""The two matrix products, tile by tile: a tile is a block of the result that fits into the registers.

Weights lie in panels, two vectors wide, so that a tile reads them one after another. The other factor is
`Rows`: found through a table of their addresses, so that a mini-batch is never copied, and cut into blocks
of columns.

For each of its k, a tile of R rows and V vectors reads V vectors and R numbers (4 (V·lanes + R) bytes in
float32) and does R·V·lanes multiply-adds.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TypeAlias

from chainrule.engines.llvm.code import Code, Function, Unit
from chainrule.engines.llvm.values import Array, Int, Variable, Vector, fused

Accumulators: TypeAlias = list[list[Variable]]

LINE = 64
"""Bytes of a cache line."""

IN_FLIGHT = 8
"""Multiply-adds that must be under way at once to keep the units busy: latency 4 on two units."""


def product(unit: Unit, alike: bool = False) -> Function:
    """Σ_k A[i, k] B[k, :] + bias, for a panel of B: the products of Eq. F1 and of Eq. B2.

    F1: A = a^{L-1}, B = (W^L)ᵀ, bias = b^L. B2: A = δ^{L+1}, B = W^{L+1}, bias = 0.
    With ``alike`` a row's bits do not depend on how many rows come with it: for rows shared among threads.
    """
    tallest = unit.shape.tallest
    tiles = {(R, V): _product_tile(unit, R, V, alike) for V in (2, 1) for R in range(1, tallest + 1)}
    parameters = ("rows", "vectors", "K", "table", "width", "block", "B", "C", "stride", "bias")

    @unit.function("product_alike" if alike else "product", parameters)
    def product(
        code: Code, rows: Int, vectors: Int, K: Int, table: Int, width: Int, block: Int,
        B: Int, C: Int, stride: Int, bias: Int,
    ) -> None:  # fmt: skip
        """As few tiles as will do, of heights that differ by at most one."""
        count = (rows + (tallest - 1)) // tallest
        short, more = rows // count, rows % count
        start = code.variable(0)
        with code.loop(0, count) as t:
            height = short + Int(code, code.builder.zext((t < more), short.ir.type))
            i = start.get()
            start.set(i + height)
            place = code.numbers(C) + i * stride
            arguments = (K, code.ints(table) + i, width, block, B, place, stride, bias)
            for V in (2, 1):
                with code.when(vectors.equals(V)):
                    code.choose(
                        height,
                        {R: partial(tiles[R, V], code, *arguments) for R in range(1, tallest + 1)},
                    )

    return product


def _product_tile(unit: Unit, R: int, V: int, alike: bool) -> Function:
    """Few rows would leave the units idle: then the sum over k is cut into parts that run side by side."""
    parts = 1 if alike else max(1, IN_FLIGHT // (R * V))
    name = f"product_{R}x{V}"

    @unit.function(
        f"{name}_alike" if alike else name, ("K", "table", "width", "block", "B", "C", "stride", "bias")
    )
    def tile(
        code: Code, K: Int, table: Int, width: Int, block: Int, B: Int, C: Int, stride: Int, bias: Int
    ) -> None:
        step = V * code.lanes
        rows = [code.numbers((code.ints(table) + i).whole()) for i in range(R)]
        first = code.numbers(bias)
        sums = [_accumulators(code, R, V) for _ in range(parts)]
        for i in range(R):
            for j in range(V):
                sums[0][i][j].set(first.vector(j))

        def take(part: int, k: Int, offset: Int, panel: Array) -> None:
            b = [(panel + k * step).vector(j) for j in range(V)]
            for i in range(R):
                _add(sums[part][i], (rows[i] + (offset + k)).splat(), b)

        with code.loop(0, (K + (width - 1)) // width) as n:
            start, offset = n * width, n * block
            count = (K - start).at_most(width)
            panel = code.numbers(B) + start * step
            whole = count - count % parts if parts > 1 else count
            with code.loop(0, whole, parts) as k:
                for part in range(parts):
                    take(part, k + part, offset, panel)
            if parts > 1:
                with code.loop(whole, count) as k:
                    take(0, k, offset, panel)
        for i in range(R):
            place = code.numbers(C) + stride * i
            for j in range(V):
                value = sums[0][i][j].get()
                for part in range(1, parts):
                    value = value + sums[part][i][j].get()
                place.put(value, j)

    return tile


Descend: TypeAlias = Callable[[Code, Vector, list[Array], "Int"], None]
"""Takes a vector of the gradient, the places of the parameter and its moments, and the step's numbers."""


def update(unit: Unit, arrays: int, descend: Descend) -> Function:
    """Σ_m A[m, i] D[m, :] for a panel, and at once the optimiser's step: Eq. B3 (with A = 1, B4) and G1.

    The gradient never leaves the registers. ``arrays`` is how many arrays the step changes: the parameter and
    its moments.
    Parameters of the code: batch rows M, the panel's vectors, rows from … to of the panel, the table of A's
    rows, their blocks' width and distance,
    D and its stride, the numbers of the step, a table of ``soon`` rows ``ahead`` whose same columns will be
    needed in the next step (they are fetched into the cache meanwhile), and the places of the arrays' panels.
    """
    height = min(8, unit.shape.panel, 1 << (unit.shape.tallest.bit_length() - 1))  # divides a block's width
    thetas = [f"theta{n}" for n in range(arrays)]
    names = ("M", "table", "offset", "D", "stride", "numbers", *thetas)
    tiles = {(R, V): _update_tile(unit, R, V, names, descend) for V in (2, 1) for R in range(1, height + 1)}

    parameters = (
        "M",
        "vectors",
        "start",
        "stop",
        "table",
        "width",
        "block",
        "D",
        "stride",
        "numbers",
        "ahead",
        "soon",
    )

    @unit.function("update", (*parameters, *thetas))
    def update(
        code: Code, M: Int, vectors: Int, start: Int, stop: Int, table: Int, width: Int, block: Int,
        D: Int, stride: Int, numbers: Int, ahead: Int, soon: Int, *places: Int,
    ) -> None:  # fmt: skip
        count = (stop - start) // height
        middle = start + count * height

        def tile(R: int, V: int, first: Int) -> None:
            moved = (code.numbers(place) + first * (V * code.lanes) for place in places)
            offset = first // width * block + first % width
            tiles[R, V](code, M, table, offset, D, stride, numbers, *moved)

        def fetch(first: Int) -> None:
            with code.loop(0, soon) as m:
                (code.numbers((code.ints(ahead) + m).whole()) + first).prefetch()

        for V in (2, 1):
            with code.when(vectors.equals(V)):
                with code.loop(0, count) as t:
                    first = start + t * height
                    with code.when(((first * code.item_size) % LINE).equals(0)):
                        fetch(first)
                    tile(height, V, first)
                code.choose(stop - middle, {R: partial(tile, R, V, middle) for R in range(1, height)})

    return update


def _update_tile(unit: Unit, R: int, V: int, names: tuple[str, ...], descend: Descend) -> Function:
    @unit.function(f"update_{R}x{V}", names)
    def tile(
        code: Code, M: Int, table: Int, offset: Int, D: Int, stride: Int, numbers: Int, *places: Int
    ) -> None:
        lanes, rows, deltas = code.lanes, code.ints(table), code.numbers(D)
        sums = _accumulators(code, R, V)
        with code.loop(0, M) as m:
            a = code.numbers((rows + m).whole()) + offset
            d = [(deltas + m * stride).vector(j) for j in range(V)]
            for i in range(R):
                _add(sums[i], (a + i).splat(), d)
        for i in range(R):
            for j in range(V):
                at = [code.numbers(place) + (i * V + j) * lanes for place in places]
                descend(code, sums[i][j].get(), at, numbers)

    return tile


def _accumulators(code: Code, R: int, V: int) -> Accumulators:
    return [[code.variable(code.constant(0.0)) for _ in range(V)] for _ in range(R)]


def _add(sums: list[Variable], a: Vector, b: list[Vector]) -> None:
    for total, vector in zip(sums, b, strict=True):
        total.set(fused(a, vector, total.get()))
