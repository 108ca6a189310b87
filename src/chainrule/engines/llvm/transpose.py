"""Keeping a transposed copy of the weights, which the product of Eq. B2 reads as Eq. F1 reads the weights."""

from __future__ import annotations

from llvmlite import ir

from chainrule.engines.llvm.code import Code, Function, Unit
from chainrule.engines.llvm.values import I32, Int, Vector


def transposed_copy(unit: Unit) -> Function:
    """Bring the rows of panel p from start to stop into the copy, whose panels go along the inputs.

    ``outputs`` and ``inputs`` are the sizes of the whole matrix, in whole vectors.
    """
    block = unit.shared(transpose_block)
    names = ("source", "vectors", "start", "stop", "copy", "p", "outputs", "inputs")

    @unit.function("transposed_copy", names)
    def transposed_copy(
        code: Code,
        source: Int,
        vectors: Int,
        start: Int,
        stop: Int,
        copy: Int,
        p: Int,
        outputs: Int,
        inputs: Int,
    ) -> None:
        lanes, panel = code.lanes, unit.shape.panel
        width = vectors * lanes
        with code.loop(start, stop, lanes) as k:
            q = k // panel
            target = code.numbers(copy) + (q * panel * outputs + k - q * panel)
            target_width = (inputs - q * panel).at_most(panel)
            with code.loop(0, vectors) as v:
                n = p * panel + v * lanes
                rows = code.numbers(source) + (k * width + v * lanes)
                block(code, rows, width, target + n * target_width, target_width)

    return transposed_copy


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
