"""Turning weights for Eq. B2, whose product goes along the other side of W than that of Eq. F1."""

from __future__ import annotations

from llvmlite import ir

from chainrule.engines.llvm.writer.block import I32
from chainrule.engines.llvm.writer.code import Code, Function, Unit
from chainrule.engines.llvm.writer.values import Int, Vector


def turned_panel(unit: Unit) -> Function:
    """Rows k to k + count of panel p of a matrix B whose transpose is kept in panels, side by side.

    Row n of B stands in column n of the transpose, in its panel n // ``unit.shape.panel``; a panel has
    ``height`` rows, and all together ``depth`` columns, in whole vectors. The next panel is fetched into the
    cache while one is turned.
    """
    block = unit.shared(transpose_block)
    names = ("source", "height", "depth", "p", "vectors", "k", "count", "target")

    @unit.function("turned_panel", names)
    def turned_panel(
        code: Code, source: Int, height: Int, depth: Int, p: Int, vectors: Int, k: Int, count: Int,
        target: Int,
    ) -> None:  # fmt: skip
        lanes, panel = code.lanes, unit.shape.panel
        width = vectors * lanes
        with code.loop(0, (count + (lanes - 1)) // lanes) as v:
            n = k + v * lanes
            q = n // panel
            source_width = (depth - q * panel).at_most(panel)
            rows = code.numbers(source) + (q * panel * height + p * panel * source_width + n % panel)
            with code.loop(0, vectors) as u:
                here = rows + u * lanes * source_width
                for i in range(lanes):
                    (here + (source_width * i + panel * height)).prefetch()
                block(code, here, source_width, code.numbers(target) + (v * lanes * width + u * lanes), width)

    return turned_panel


def transpose_block(unit: Unit) -> Function:
    """Turn a square block of as many rows as a vector has lanes, in log₂(lanes) rounds of exchanges."""

    @unit.function("transpose", ("source", "source_stride", "target", "target_stride"))
    def transpose(code: Code, source: Int, source_stride: Int, target: Int, target_stride: Int) -> None:
        n = code.lanes
        rows = [(code.numbers(source) + source_stride * i).vector() for i in range(n)]
        half = n // 2
        while half:
            for i in range(n):
                if not i & half:
                    rows[i], rows[i + half] = _exchange(rows[i], rows[i + half], half)
            half //= 2
        for i, row in enumerate(rows):
            (code.numbers(target) + target_stride * i).put(row)

    return transpose


def _exchange(p: Vector, q: Vector, half: int) -> tuple[Vector, Vector]:
    """Exchange the upper halves of p's groups of 2·half lanes with the lower halves of q's."""
    code, n = p.code, p.code.lanes
    low = [i if not i & half else n + i - half for i in range(n)]
    high = [i + half if not i & half else n + i for i in range(n)]
    kind = ir.VectorType(I32, n)
    first, second = (
        Vector(code, code.builder.shuffle_vector(p.ir, q.ir, ir.Constant(kind, lanes)))
        for lanes in (low, high)
    )
    return first, second
