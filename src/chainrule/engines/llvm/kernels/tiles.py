"""What the two matrix products share: a tile is a block of the result that fits into the registers.

Weights lie in panels, two vectors wide, so that a tile reads them one after another. The other factor's rows
are found through a table of their addresses, so that a mini-batch need not be copied.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple, TypeVar

from chainrule.engines.llvm.writer.code import Code, Function, Unit
from chainrule.engines.llvm.writer.values import Array, Int, Variable, Vector
from chainrule.engines.llvm.writer.vector_functions import fused

Whole = TypeVar("Whole", int, Int)
"""A number known while code is written, or while it runs."""


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


def ceil(n: Whole, size: int) -> Whole:
    """The quotient n / size, rounded up."""
    return (n + (size - 1)) // size


@contextmanager
def tile_by_tile(code: Code, rows: Int, tallest: int) -> Iterator[tuple[Int, Int, Int]]:
    """Each tile's number, where it begins, and its height: as few as will do, as even as can be."""
    count = ceil(rows, tallest)
    short, more = rows // count, rows % count
    done = code.variable(0)
    with code.loop(0, count) as t:
        height = short + Int(code, code.builder.zext((t < more), short.ir.type))
        i = done.get()
        done.set(i + height)
        yield t, i, height


def accumulators(code: Code, R: int, V: int) -> list[list[Variable]]:
    """The sums of a tile of R rows and V vectors, from 0."""
    return [[code.variable(code.constant(0.0)) for _ in range(V)] for _ in range(R)]


def add_products(sums: list[Variable], a: Vector, b: list[Vector]) -> None:
    """A row of a tile's sums grows by a number times each vector."""
    for total, vector in zip(sums, b, strict=True):
        total.set(fused(a, vector, total.get()))


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
                    (place + p * distance).put((row + p * width).vector(j), j)
            with code.loop(n // width * 2, (n + (lanes - 1)) // lanes) as v:
                rest = (row + v * lanes).vector(0, code.first_lanes(n - v * lanes))
                (place + (v // 2 * distance + v % 2 * lanes)).put(rest)

    return gather
