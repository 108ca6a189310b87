"""What generated code computes with: integers, arrays in memory, and vectors of numbers, with operators.

Every operator appends one LLVM instruction to the function being written. A `Vector` takes part in
the equations as NumPy's arrays do: Python numbers stay exact until they meet one.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

from llvmlite import ir

from chainrule.engines.llvm.writer.block import CONTRACT, I32, I64, POINTER, Block

Number: TypeAlias = int | float


class Int:
    """A 64-bit integer: a count, an index, an address."""

    __slots__ = ("code", "ir")

    def __init__(self, code: Block, value: Any) -> None:
        self.code = code
        self.ir = value

    @classmethod
    def of(cls, code: Block, value: Int | int) -> Int:
        """An integer as it is, or a constant."""
        return value if isinstance(value, Int) else cls(code, ir.Constant(I64, value))

    def _do(self, name: str, other: Int | int) -> Int:
        return Int(self.code, getattr(self.code.builder, name)(self.ir, Int.of(self.code, other).ir))

    def __add__(self, other: Int | int) -> Int:
        return self if isinstance(other, int) and other == 0 else self._do("add", other)

    def __sub__(self, other: Int | int) -> Int:
        return self._do("sub", other)

    def __rsub__(self, other: int) -> Int:
        return Int.of(self.code, other) - self

    def __mul__(self, other: Int | int) -> Int:
        return self if isinstance(other, int) and other == 1 else self._do("mul", other)

    def __floordiv__(self, other: Int | int) -> Int:
        return self._do("udiv", other)

    def __mod__(self, other: Int | int) -> Int:
        return self._do("urem", other)

    __radd__, __rmul__ = __add__, __mul__

    def _compare(self, sign: str, other: Int | int) -> Any:
        return self.code.builder.icmp_signed(sign, self.ir, Int.of(self.code, other).ir)

    def __lt__(self, other: Int | int) -> Any:
        return self._compare("<", other)

    def __ge__(self, other: Int | int) -> Any:
        return self._compare(">=", other)

    def __gt__(self, other: Int | int) -> Any:
        return self._compare(">", other)

    def equals(self, other: Int | int) -> Any:
        """A condition: whether both are the same."""
        return self._compare("==", other)

    def at_most(self, other: Int | int) -> Int:
        """The smaller of the two."""
        other = Int.of(self.code, other)
        return Int(self.code, self.code.builder.select(self < other, self.ir, other.ir))

    def at_least(self, other: Int | int) -> Int:
        """The larger of the two."""
        other = Int.of(self.code, other)
        return Int(self.code, self.code.builder.select(self < other, other.ir, self.ir))


class Array:
    """A place in memory where items of one type follow each other. Adding n moves n items on."""

    __slots__ = ("address", "code", "type")

    def __init__(self, code: Block, address: Int, item: Any) -> None:
        self.code = code
        self.address = address
        self.type = item

    def __add__(self, n: Int | int) -> Array:
        if isinstance(n, int) and n == 0:
            return self
        return Array(self.code, self.address + n * self.code.sizeof(self.type), self.type)

    def _pointer(self) -> Any:
        return self.code.builder.inttoptr(self.address.ir, POINTER)

    def load(self) -> Any:
        """The item at this place."""
        size = self.code.sizeof(self.type)
        return self.code.builder.load(self._pointer(), align=size, typ=self.type)

    def whole(self) -> Int:
        """The item at this place, an integer."""
        return Int(self.code, self.load())

    def store(self, value: Any) -> None:
        """Put one item here."""
        raw = value.ir if isinstance(value, Int) else value
        self.code.builder.store(raw, self._pointer(), align=self.code.sizeof(self.type))

    def splat(self) -> Vector:
        """The number at this place, in every lane."""
        return Vector(self.code, self.code.spread(self.load(), self.code.lanes))

    def vector(self, j: int = 0, mask: Mask | None = None) -> Vector:
        """The j-th vector from this place on, in the precision of the unit.

        Lanes outside the mask are 0, and their memory is not touched.
        """
        code, of = self.code, ir.VectorType(self.type, self.code.lanes)
        place, size = (self + j * code.lanes)._pointer(), code.sizeof(self.type)
        if mask is None:
            loaded = code.builder.load(place, align=size, typ=of)
        else:
            name = f"llvm.masked.load.v{code.lanes}f{8 * size}.p0"
            load = code.intrinsic(name, of, [POINTER, I32, mask.ir.type, of])
            zero = ir.Constant(of, [0.0] * code.lanes)
            loaded = code.builder.call(load, [place, ir.Constant(I32, size), mask.ir, zero])
        if self.type == code.number_type:
            return Vector(code, loaded)
        cast = code.builder.fptrunc if size > code.item_size else code.builder.fpext
        return Vector(code, cast(loaded, code.vector_type))

    def put(self, value: Vector, j: int = 0, mask: Mask | None = None) -> None:
        """Store the j-th vector from this place on; outside the mask memory is left as it is."""
        code = self.code
        place = (self + j * code.lanes)._pointer()
        if mask is None:
            code.builder.store(value.ir, place, align=code.item_size)
            return
        name = f"llvm.masked.store.v{code.lanes}{code.suffix}.p0"
        store = code.intrinsic(name, ir.VoidType(), [code.vector_type, POINTER, I32, mask.ir.type])
        code.builder.call(store, [value.ir, place, ir.Constant(I32, code.item_size), mask.ir])

    def prefetch(self, level: int = 1) -> None:
        """Ask for the cache line of this place, into the cache of that level."""
        code = self.code
        fetch = code.intrinsic("llvm.prefetch.p0", ir.VoidType(), [POINTER, I32, I32, I32])
        code.builder.call(fetch, [self._pointer(), *(ir.Constant(I32, n) for n in (0, 4 - level, 1))])


class Mask:
    """For each lane whether a comparison holds."""

    __slots__ = ("code", "ir")

    def __init__(self, code: Block, value: Any) -> None:
        self.code = code
        self.ir = value

    def __bool__(self) -> bool:
        raise TypeError("a comparison holds for some numbers and not for others: use xp.where, not if")

    def __and__(self, other: Mask) -> Mask:
        return Mask(self.code, self.code.builder.and_(self.ir, other.ir))


def _arithmetic(name: str, swap: bool = False) -> Callable[[Vector, Any], Any]:
    """An operator of vectors, or of a vector and a number: one instruction of that name."""

    def operate(self: Vector, other: Any) -> Any:
        if not isinstance(other, Vector | int | float):
            return NotImplemented
        code, pair = self.code, (self.ir, Vector.of(self.code, other).ir)
        flags = code.quotient_flags if name == "fdiv" else CONTRACT
        return Vector(code, getattr(code.builder, name)(*(pair[::-1] if swap else pair), flags=flags))

    return operate


def _comparison(sign: str) -> Callable[[Vector, Any], Any]:
    """A comparison of vectors, or of a vector and a number, that is false where one is NaN."""

    def compare(self: Vector, other: Any) -> Any:
        if not isinstance(other, Vector | int | float):
            return NotImplemented
        code = self.code
        return Mask(code, code.builder.fcmp_ordered(sign, self.ir, Vector.of(code, other).ir))

    return compare


class Vector:
    """As many numbers as fit into one register, computed with lane by lane."""

    __slots__ = ("code", "ir")
    __array_ufunc__ = None

    def __init__(self, code: Block, value: Any) -> None:
        self.code = code
        self.ir = value

    @classmethod
    def of(cls, code: Block, value: Vector | Number) -> Vector:
        """A vector as it is, or a number in every lane."""
        if isinstance(value, Vector):
            return value
        return cls(code, ir.Constant(code.vector_type, [float(value)] * code.lanes))

    def lane(self, i: int = 0) -> Any:
        """One of the numbers."""
        return self.code.builder.extract_element(self.ir, ir.Constant(I32, i))

    __add__ = __radd__ = _arithmetic("fadd")
    __sub__, __rsub__ = _arithmetic("fsub"), _arithmetic("fsub", swap=True)
    __mul__ = __rmul__ = _arithmetic("fmul")
    __rtruediv__ = _arithmetic("fdiv", swap=True)
    _divided_by = _arithmetic("fdiv")

    def __truediv__(self, other: Any) -> Any:
        return self * (1 / other) if isinstance(other, int | float) else self._divided_by(other)

    def __neg__(self) -> Vector:
        return Vector(self.code, self.code.builder.fneg(self.ir))

    def __pow__(self, n: Number) -> Vector:
        return power(self, n)

    __lt__, __le__ = _comparison("<"), _comparison("<=")
    __gt__, __ge__ = _comparison(">"), _comparison(">=")
    __eq__ = equals = _comparison("==")

    def __ne__(self, other: object) -> Any:
        if not isinstance(other, Vector | int | float):
            return NotImplemented
        code = self.code
        return Mask(code, code.builder.fcmp_unordered("!=", self.ir, Vector.of(code, other).ir))

    __hash__ = None  # type: ignore[assignment]

    def __bool__(self) -> bool:
        raise TypeError("a vector holds many numbers: use xp.where, not if")

    def __array__(self, *arguments: Any, **options: Any) -> Any:
        raise TypeError("NumPy's functions cannot be compiled; those of xp can")


def power(x: Vector, n: Number) -> Vector:
    """x^n: products for a whole n, the C library's ``pow`` for any other."""
    if n != int(n) or abs(n) > 64:
        return each_lane("pow", x, Vector.of(x.code, float(n)))
    if n < 0:
        one = Vector.of(x.code, 1)
        return Vector(x.code, x.code.builder.fdiv(one.ir, power(x, -n).ir, flags=CONTRACT))
    result: Vector | None = None
    square, bits = x, int(n)
    while bits:
        if bits & 1:
            result = square if result is None else result * square
        bits >>= 1
        square = square * square if bits else square
    return Vector.of(x.code, 1) if result is None else result


def each_lane(name: str, *vectors: Vector) -> Vector:
    """The C library's function, such as ``erf``, of each lane: slow, but right to the last bits."""
    code = vectors[0].code
    name += "f" if code.item_size == 4 else ""
    function = code.intrinsic(name, code.number_type, [code.number_type] * len(vectors))
    function.attributes.add("nounwind")
    result = ir.Constant(code.vector_type, ir.Undefined)
    for i in range(code.lanes):
        number = code.builder.call(function, [v.lane(i) for v in vectors])
        result = code.builder.insert_element(result, number, ir.Constant(I32, i))
    return Vector(code, result)


class Variable:
    """A value that changes while the code runs, such as an accumulator in a loop."""

    __slots__ = ("_place", "_type", "_wrap", "code")

    def __init__(self, code: Block, first: Vector | Int) -> None:
        self.code = code
        self._wrap: type[Any] = type(first)
        self._type = first.ir.type
        self._place = code.reserve(self._type)
        self.set(first)

    def get(self) -> Any:
        """The value now."""
        return self._wrap(self.code, self.code.builder.load(self._place, typ=self._type))

    def set(self, value: Vector | Int) -> None:
        """Change the value."""
        self.code.builder.store(value.ir, self._place)
