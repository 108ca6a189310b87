"""The vocabulary `xp` of the output heads: a sample's row of numbers, with sums and maxima along it.

A `Row` is not stored: it is a function of the vector's number j, and what the equations do to rows is
done to each of their vectors where the result is needed, in one pass.

A row of one sample lies across the lanes (`Width`). Where rows are short, several samples are worked on at
once, one in each lane (`Samples`): vector j holds number j of each, and sums need not cross the lanes.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, TypeAlias, cast

from chainrule.engines.llvm.writer.code import Code
from chainrule.engines.llvm.writer.values import Array, Int, Mask, Vector
from chainrule.engines.llvm.writer.vector_functions import VECTORS, across, select
from chainrule.types import Namespace

UNROLLED = 4
"""Rows of up to this many vectors are held in registers; longer ones are gone through in a loop."""

Combine: TypeAlias = Callable[[Vector, Vector], Vector]


class Width:
    """How long the rows of a head are: n numbers in ``count`` vectors, the last one filled up."""

    def __init__(self, code: Code, n: Int, vectors: int | None) -> None:
        self.code = code
        self.n = n
        self.vectors = vectors
        self._last = code.first_lanes(n - (vectors - 1) * code.lanes) if vectors else None

    def each(self, do: Callable[[Any], None]) -> None:
        """Do it for each j."""
        if self.vectors:
            for number in range(self.vectors):
                do(number)
        else:
            with self.code.loop(0, (self.n + (self.code.lanes - 1)) // self.code.lanes) as j:
                do(j)

    def mask(self, j: Any) -> Mask | None:
        """The lanes of the j-th vector that belong to the row; None for all."""
        if isinstance(j, int):
            return self._last if j + 1 == self.vectors else None
        return self.code.first_lanes(self.n - j * self.code.lanes)

    def numbers(self, j: Any) -> Vector:
        """Which numbers of the row the j-th vector holds."""
        first = (
            self.code.constant(j * self.code.lanes)
            if isinstance(j, int)
            else self.code.number(j * self.code.lanes)
        )
        numbers: Vector = self.code.lane_numbers() + first
        return numbers

    def together(self, parts: Vector, combine: Combine) -> Vector:
        """What was combined vector by vector, combined to one result, in every lane."""
        return across(parts, combine)

    def load(self, place: Array) -> Row:
        """The row at this place in memory, which holds n numbers."""
        return Row(self, lambda j: place.vector(j, self.mask(j)))

    def padded(self, place: Array) -> Row:
        """The row at this place in memory, which holds whole vectors."""
        return Row(self, lambda j: place.vector(j))

    def store(self, row: Row, place: Array) -> None:
        """Store whole vectors, 0 behind the row's end."""

        def put(j: Any) -> None:
            mask, value = self.mask(j), row.at(j)
            place.put(select(mask, value, 0.0) if mask is not None else value, j)

        self.each(put)

    def store_exactly(self, row: Row, place: Array) -> None:
        """Store the n numbers and nothing behind them."""
        self.each(lambda j: place.put(row.at(j), j, self.mask(j)))


class Samples(Width):
    """Several samples at once, one in each lane: of n vectors the j-th holds number j of each."""

    def __init__(self, code: Code, n: Int) -> None:
        super().__init__(code, n, None)

    def each(self, do: Callable[[Any], None]) -> None:
        """Do it for each j."""
        with self.code.loop(0, self.n) as j:
            do(j)

    def mask(self, j: Any) -> None:
        """Every lane has a sample."""

    def numbers(self, j: Any) -> Vector:
        """The number j, in every lane."""
        return self.code.number(j)

    def together(self, parts: Vector, combine: Combine) -> Vector:
        """Each lane has its own result."""
        return parts


def _of_each_vector(function: Callable[..., Any]) -> Callable[..., Any]:
    """An operator of rows, which does the same to each of their vectors."""
    return lambda self, *others: Row(
        self.width, lambda j: function(self.at(j), *(_at(other, j) for other in others))
    )


class Row:
    """One sample's numbers, as a function of the vector's number j; operators act on each vector."""

    __array_ufunc__ = None

    def __init__(self, width: Width, at: Callable[[Any], Vector]) -> None:
        self.width = width
        self._at = at
        self._made: dict[int, tuple[Any, Vector]] = {}

    def at(self, j: Any) -> Vector:
        """The j-th vector; computed once for each j."""
        key = j if isinstance(j, int) else id(j)
        if key not in self._made:
            self._made[key] = j, self._at(j)  # j is kept, so that its id stays its own
        return self._made[key][1]

    __add__ = __radd__ = _of_each_vector(operator.add)
    __sub__, __rsub__ = _of_each_vector(operator.sub), _of_each_vector(lambda x, y: y - x)
    __mul__ = __rmul__ = _of_each_vector(operator.mul)
    __truediv__, __rtruediv__ = _of_each_vector(operator.truediv), _of_each_vector(lambda x, y: y / x)
    __neg__, __pow__ = _of_each_vector(operator.neg), _of_each_vector(operator.pow)
    __lt__, __le__ = _of_each_vector(operator.lt), _of_each_vector(operator.le)
    __gt__, __ge__ = _of_each_vector(operator.gt), _of_each_vector(operator.ge)
    __eq__, __ne__ = _of_each_vector(operator.eq), _of_each_vector(operator.ne)
    __hash__ = None  # type: ignore[assignment]

    def __bool__(self) -> bool:
        raise TypeError("a row holds many numbers: use xp.where, not if")

    def __array__(self, *arguments: Any, **options: Any) -> Any:
        raise TypeError("NumPy's functions cannot be compiled; those of xp can")


def _at(value: Any, j: Any) -> Any:
    return value.at(j) if isinstance(value, Row) else value


def _elementwise(function: Callable[..., Vector]) -> Callable[..., Any]:
    """The function of vectors, for rows; of vectors alone it stays what it is."""

    def over_rows(*arguments: Any) -> Any:
        rows = [argument for argument in arguments if isinstance(argument, Row)]
        if not rows:
            return function(*arguments)
        return Row(rows[0].width, lambda j: function(*(_at(argument, j) for argument in arguments)))

    return over_rows


def _reduce(row: Row, start: float, add: Combine) -> Vector:
    """Combine all numbers of a row; the padding counts as ``start``. The result stands in every lane."""
    total = row.width.code.variable(row.width.code.constant(start))

    def take(j: Any) -> None:
        mask, value = row.width.mask(j), row.at(j)
        total.set(add(total.get(), select(mask, value, start) if mask is not None else value))

    row.width.each(take)
    return row.width.together(total.get(), add)


def total(row: Row, axis: int | None = None, keepdims: bool = False) -> Vector:
    """Σ along the row."""
    _along_the_row(axis)
    return _reduce(row, 0.0, lambda p, q: p + q)


def largest(row: Row, axis: int | None = None, keepdims: bool = False) -> Vector:
    """The largest number of the row."""
    _along_the_row(axis)
    return _reduce(row, float("-inf"), lambda p, q: select(p < q, q, p))


def is_first_largest(row: Row, place: Vector) -> Vector:
    """1 if the largest number stands at that place, and not before it, as ``argmax`` decides; else 0."""
    width, code, best = row.width, row.width.code, largest(row, axis=1)

    def rival(j: Any) -> Vector:
        """1 at the place if the largest is not there, 1 before it where it is."""
        here = width.numbers(j)
        missed = select(row.at(j) < best, 1.0, code.constant(0.0))
        at_place = select(here.equals(place), missed, 0.0)
        return select(here < place, 1.0 - missed, at_place)

    return select(total(Row(width, rival), axis=1) > 0, 0.0, code.constant(1.0))


def _along_the_row(axis: int | None) -> None:
    if axis not in (1, -1):
        raise ValueError(f"an output head sums along a sample's row, axis=1; got axis={axis}")


ROWS = cast(
    Namespace,
    SimpleNamespace(
        **{name: _elementwise(function) for name, function in vars(VECTORS).items()},
        sum=total,
        max=largest,
    ),
)
"""Rows as the interpreter of the output heads."""
