"""Columns of X that are 0 in some rows, such as the margins of pictures.

They add nothing to z (Eq. F1) of these rows, and where they are 0 in a whole mini-batch, their gradient
(Eq. B3) is 0: both products pass them over, F1 tile by tile, and the bits of the result are the same (but for
weights too small for a full mantissa, which a step with a gradient of 0 would make 0).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir
from numpy.typing import NDArray

from chainrule.engines.llvm.kernels.tiles import Whole, ceil, tile_by_tile
from chainrule.engines.llvm.machine.caches import rows_at_a_time
from chainrule.engines.llvm.machine.processor import Shape
from chainrule.engines.llvm.writer.block import I64
from chainrule.engines.llvm.writer.code import Code, Function, Unit
from chainrule.engines.llvm.writer.values import Array, Int, Variable, Vector
from chainrule.equations.affine import TERMS

TOGETHER = 4
"""Columns that are listed together, by looking up which of them are in use: a divisor of a panel's."""

CHOICES = np.array(
    [sorted(range(TOGETHER), key=lambda i: ~bits >> i & 1) for bits in range(1 << TOGETHER)],
    np.int64,
)
"""For each choice of them, given by its bits, the chosen ones first."""

WORTH = 0.1
"""Share of columns that must be 0 for mini-batches to be looked through."""

LOOKED_AT = 250_000
"""Numbers of X that are looked at to see whether it is worth while."""

FEW_ROWS = 16
"""The tiles of up to this many rows share one list: more lists take as long to write as they would save."""

MOST_LISTED = 1 << 20
"""Integers in a thread's lists for tiles; where they would be more, the tiles share one list, too."""


class Columns:
    """A list of columns: those in use, in order, and, if it is of all rows, the idle ones behind.

    Before them stands where in the list each part of a sum begins, of which `TERMS` columns are one.
    """

    def __init__(self, code: Code, address: Int, inputs: Int) -> None:
        self.parts = ceil(inputs, TERMS)
        self.bounds = code.ints(address)
        self.used = self.bounds + (self.parts + 1)
        self.idle = self.used + (inputs + TOGETHER)

    def of_part(self, part: Int) -> tuple[Int, Int]:
        """Where the columns in use of a sum's part begin and end in the list."""
        return (self.bounds + part).whole(), (self.bounds + part + 1).whole()

    @property
    def count(self) -> Int:
        """How many columns are in use."""
        return (self.bounds + self.parts).whole()


class Lists:
    """A thread's lists: one of the columns of all rows, and one for each tile of F1.

    Behind the first stand a bit for each column, of all rows and of one tile; the table of the tiles' lists,
    by their addresses; and these lists.
    """

    def __init__(self, code: Code, address: Int, inputs: Int) -> None:
        self.code, self.inputs = code, inputs
        self.panels = ceil(inputs, code.shape.panel)
        self.whole = Columns(code, address, inputs)
        self.bits = self.whole.idle + (inputs + TOGETHER)
        self.bits_of_tile = self.bits + self.panels
        self.table = self.bits_of_tile + self.panels

    def of_tiles(self, before: Int) -> Array:
        """The table from the tile on that begins after ``before`` rows, a whole number of parts."""
        shape = self.code.shape
        return self.table + tiles_of(shape, before)

    def are_shared(self, rows: Int) -> Int:
        """1 if the tiles of these rows share the list of all, else 0."""
        code, one = self.code, self.code.index(1)
        room = tiles_of(code.shape, rows) * _length(self.inputs)
        return code.pick(rows > FEW_ROWS, code.pick(room > MOST_LISTED, one, code.index(0)), one)

    def place(self, tiles: Int, t: Int) -> Array:
        """Where the list of tile t is written; ``tiles`` is how many there are."""
        return self.table + tiles + t * _length(self.inputs)


def tiles_of(shape: Shape, rows: Whole) -> Whole:
    """How many tiles the rows make, which a product takes in parts that stay in the second cache."""
    part = rows_at_a_time(shape, TERMS)
    return rows // part * ceil(part, shape.tallest) + ceil(rows % part, shape.tallest)


def room_of_columns(shape: Shape, inputs: int, rows: int) -> int:
    """Integers that a thread's lists need, for up to ``rows`` rows."""
    tiles, one = tiles_of(shape, rows), _length(inputs)
    lists = one + inputs + TOGETHER + (min(tiles * one, MOST_LISTED) if rows > FEW_ROWS else 0)
    return lists + 2 * ceil(inputs, shape.panel) + tiles


def _length(inputs: Whole) -> Whole:
    """Integers in a list of the columns in use, with the bounds of its parts; four are written at a time."""
    return ceil(inputs, TERMS) + 1 + inputs + TOGETHER


def are_worth_listing(X: NDArray[Any], batch: int) -> bool:
    """Whether in random mini-batches of these rows enough columns are 0, to judge by some."""
    rows, inputs = X.shape
    samples = min(20, rows // batch, max(1, LOOKED_AT // (batch * inputs)))
    rng = np.random.default_rng(0)
    some = np.sort(rng.choice(inputs, max(1, min(inputs, LOOKED_AT // batch)), replace=False))
    chosen = (rng.choice(rows, batch, replace=False, shuffle=False) for _ in range(samples))
    return _mean_share([X[np.ix_(them, some)] for them in chosen]) > WORTH


def are_worth_listing_in_order(X: NDArray[Any], chunk: int) -> bool:
    """The same of chunks of rows as they come, to judge by at most one in twenty."""
    samples = min(20, len(X) // (20 * chunk), max(1, LOOKED_AT // (chunk * X.shape[1])))
    starts = (len(X) * n // samples for n in range(samples))
    return _mean_share([X[start : start + chunk] for start in starts]) > WORTH


def _mean_share(parts: list[NDArray[Any]]) -> float:
    """The share of columns that are 0, in the mean over some parts of X."""
    return float(np.mean([(part == 0).all(axis=0).mean() for part in parts])) if parts else 0.0


def list_columns(unit: Unit) -> Function:
    """List the columns in use in some rows, found through a table; their panels are ``block`` apart."""
    shape = unit.shape
    look = _look(unit)

    @unit.function("list_columns", ("rows", "table", "block", "inputs", "place", "choices"))
    def list_columns(
        code: Code, rows: Int, table: Int, block: Int, inputs: Int, place: Int, choices: Int
    ) -> None:
        lists, part = Lists(code, place, inputs), rows_at_a_time(shape, TERMS)
        shared = lists.are_shared(rows)
        with code.when(shared.equals(1)):
            look(code, rows, table, block, inputs, lists.bits)
            with code.loop(0, tiles_of(shape, rows)) as t:
                (lists.table + t).store(place)
        with code.when(shared.equals(0)):
            with code.loop(0, lists.panels) as p:
                (lists.bits + p).store(code.index(0))
            with (
                code.loop(0, rows, part) as i,
                tile_by_tile(code, (rows - i).at_most(part), shape.tallest) as tile,
            ):
                t, first, height = tile
                look(code, height, code.ints(table) + i + first, block, inputs, lists.bits_of_tile)
                with code.loop(0, lists.panels) as p:
                    _add_bits(lists.bits + p, (lists.bits_of_tile + p).whole())
                t = t + tiles_of(shape, i)
                own = lists.place(tiles_of(shape, rows), t).address
                (lists.table + t).store(own)
                of_tile = Columns(code, own, inputs)
                _write(code, of_tile, inputs, lists.bits_of_tile, choices, idle=False)
        _write(code, lists.whole, inputs, lists.bits, choices, idle=True)

    return list_columns


def _look(unit: Unit) -> Function:
    """Set a bit for each column that is in use in some rows, panel by panel."""

    @unit.function("look", ("rows", "table", "block", "inputs", "bits"))
    def look(code: Code, rows: Int, table: Int, block: Int, inputs: Int, bits: Int) -> None:
        width, lanes = unit.shape.panel, code.lanes

        def of_panel(p: Int, count: Int | None) -> None:
            """Look at panel p, which has ``count`` columns, or all."""
            found = [code.variable(code.constant(0.0)) for _ in range(2)]
            masks = [None if count is None else code.first_lanes(count - j * lanes) for j in range(2)]
            with code.loop(0, rows) as i:
                row = code.numbers((code.ints(table) + i).whole()) + p * block
                for j, mask in enumerate(masks):
                    _collect(found[j], row.vector(j, mask))
            (code.ints(bits) + p).store(
                _lanes_in_use(found[0].get()) + _lanes_in_use(found[1].get()) * (1 << lanes)
            )

        with code.loop(0, inputs // width) as p:
            of_panel(p, None)
        with code.when(inputs % width > 0):
            of_panel(inputs // width, inputs % width)

    return look


def _write(code: Code, columns: Columns, inputs: Int, bits: Array, choices: Int, idle: bool) -> None:
    """Write a list of the columns whose bits are set, and of the others."""
    width, ends = code.shape.panel, [code.variable(0) for _ in range(2)]
    with code.loop(0, ceil(inputs, width)) as p:
        k, used = p * width, (bits + p).whole()
        with code.when((k % TERMS).equals(0)):
            (columns.bounds + k // TERMS).store(ends[0].get())
        others = _power_of_2((inputs - k).at_most(width)) - 1 - used
        parts = [(columns.used, used), (columns.idle, others)][: 1 + idle]
        for first in range(0, width, TOGETHER):
            for end, (list_, chosen) in zip(ends, parts, strict=False):
                some = chosen // (1 << first) % (1 << TOGETHER)
                _copy(code.ints(choices) + some * TOGETHER, k + first, list_ + end.get())
                end.set(end.get() + _count_of_bits(some))
    (columns.bounds + columns.parts).store(ends[0].get())


def _add_bits(place: Array, bits: Int) -> None:
    code = place.code
    place.store(Int(code, code.builder.or_(place.whole().ir, bits.ir)))


def are_in_use(x: Vector, y: Vector) -> Int:
    """1 if a lane of either is not 0, else 0."""
    code = x.code
    return Int(code, code.builder.zext(_lanes_in_use(_either(x, y)) > 0, I64))


def _collect(found: Variable, x: Vector) -> None:
    """Keep every bit that is set in a vector: −0 and NaN are in use, too."""
    found.set(_either(found.get(), x))


def _either(x: Vector, y: Vector) -> Vector:
    """The bits that are set in one or the other."""
    code = x.code
    kind = ir.VectorType(code.bits_type, code.lanes)
    both = code.builder.or_(*(code.builder.bitcast(v.ir, kind) for v in (x, y)))
    return Vector(code, code.builder.bitcast(both, code.vector_type))


def _lanes_in_use(x: Vector) -> Int:
    """A bit for each lane that is not 0."""
    code = x.code
    kind = ir.VectorType(code.bits_type, code.lanes)
    bits = code.builder.bitcast(x.ir, kind)
    on = code.builder.icmp_unsigned("!=", bits, ir.Constant(kind, [0] * code.lanes))
    return Int(code, code.builder.zext(code.builder.bitcast(on, ir.IntType(code.lanes)), I64))


def _power_of_2(n: Int) -> Int:
    code = n.code
    return Int(code, code.builder.shl(ir.Constant(I64, 1), n.ir))


def _count_of_bits(n: Int) -> Int:
    code = n.code
    return Int(code, code.builder.call(code.intrinsic("llvm.ctpop.i64", I64, [I64]), [n.ir]))


def _copy(choice: Array, first: Int, target: Array) -> None:
    """Write four columns, of which ``first`` is the first, in the order of a choice."""
    code, kind = first.code, ir.VectorType(I64, TOGETHER)
    pointers = [code.builder.inttoptr(place.address.ir, ir.PointerType()) for place in (choice, target)]
    chosen = code.builder.load(pointers[0], align=8, typ=kind)
    moved = code.builder.add(chosen, code.spread(first.ir, TOGETHER))
    code.builder.store(moved, pointers[1], align=8)
