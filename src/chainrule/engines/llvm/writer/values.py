"""What generated code computes with: integers, arrays in memory, and vectors of numbers, with operators.

Every operator appends one LLVM instruction to the function being written. A `Vector` takes part in
the equations as NumPy's arrays do: Python numbers stay exact until they meet one.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeAlias

from llvmlite import ir

if TYPE_CHECKING:
    from chainrule.engines.llvm.writer.code import Code

I1, I8, I32, I64 = ir.IntType(1), ir.IntType(8), ir.IntType(32), ir.IntType(64)
F32, F64 = ir.FloatType(), ir.DoubleType()
POINTER = ir.PointerType()

CONTRACT = ("contract", "nsz")
"""What the arithmetic may assume. Never ``nnan`` or ``ninf``: saturated outputs would turn into NaN."""

Number: TypeAlias = int | float


class Int:
    """A 64-bit integer: a count, an index, an address."""

    __slots__ = ("code", "ir")

    def __init__(self, code: Code, value: Any) -> None:
        self.code = code
        self.ir = value

    def _do(self, name: str, other: Int | int, swap: bool = False) -> Int:
        left, right = self.ir, self.code.index(other).ir
        if swap:
            left, right = right, left
        return Int(self.code, getattr(self.code.builder, name)(left, right))

    def __add__(self, other: Int | int) -> Int:
        return self if isinstance(other, int) and other == 0 else self._do("add", other)

    def __sub__(self, other: Int | int) -> Int:
        return self._do("sub", other)

    def __rsub__(self, other: int) -> Int:
        return self._do("sub", other, swap=True)

    def __mul__(self, other: Int | int) -> Int:
        return self if isinstance(other, int) and other == 1 else self._do("mul", other)

    def __floordiv__(self, other: Int | int) -> Int:
        return self._do("udiv", other)

    def __mod__(self, other: Int | int) -> Int:
        return self._do("urem", other)

    __radd__, __rmul__ = __add__, __mul__

    def _compare(self, sign: str, other: Int | int) -> Any:
        return self.code.builder.icmp_signed(sign, self.ir, self.code.index(other).ir)

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
        other = self.code.index(other)
        return Int(self.code, self.code.builder.select(self < other, self.ir, other.ir))

    def at_least(self, other: Int | int) -> Int:
        """The larger of the two."""
        other = self.code.index(other)
        return Int(self.code, self.code.builder.select(self < other, other.ir, self.ir))


class Array:
    """A place in memory where items of one type follow each other. Adding n moves n items on."""

    __slots__ = ("address", "code", "type")

    def __init__(self, code: Code, address: Int, item: Any) -> None:
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
        return self.code.splat(self.load())

    def vector(self, j: int = 0) -> Vector:
        """The j-th vector from this place on."""
        code = self.code
        place = (self + j * code.lanes)._pointer()
        return Vector(code, code.builder.load(place, align=code.item_size, typ=code.vector_type))

    def cast_vector(self, j: int = 0, mask: Mask | None = None) -> Vector:
        """The j-th vector from this place on, of numbers of another precision, in that of the unit."""
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

    def put(self, value: Vector, j: int = 0) -> None:
        """Store the j-th vector from this place on."""
        code = self.code
        code.builder.store(value.ir, (self + j * code.lanes)._pointer(), align=code.item_size)

    def masked(self, mask: Mask, j: int = 0) -> Vector:
        """The j-th vector, but 0 in the lanes outside the mask, whose memory is not touched."""
        code = self.code
        place = (self + j * code.lanes)._pointer()
        name = f"llvm.masked.load.v{code.lanes}{code.suffix}.p0"
        load = code.intrinsic(name, code.vector_type, [POINTER, I32, mask.ir.type, code.vector_type])
        zero = code.constant(0.0).ir
        return Vector(code, code.builder.call(load, [place, ir.Constant(I32, code.item_size), mask.ir, zero]))

    def put_masked(self, value: Vector, mask: Mask, j: int = 0) -> None:
        """Store the lanes of the mask, and leave the other memory untouched."""
        code = self.code
        place = (self + j * code.lanes)._pointer()
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

    def __init__(self, code: Code, value: Any) -> None:
        self.code = code
        self.ir = value

    def __bool__(self) -> bool:
        raise TypeError("a comparison holds for some numbers and not for others: use xp.where, not if")

    def __and__(self, other: Mask) -> Mask:
        return Mask(self.code, self.code.builder.and_(self.ir, other.ir))


class Vector:
    """As many numbers as fit into one register, computed with lane by lane."""

    __slots__ = ("code", "ir")
    __array_ufunc__ = None

    def __init__(self, code: Code, value: Any) -> None:
        self.code = code
        self.ir = value

    def _do(self, name: str, other: Any, swap: bool = False) -> Any:
        if not isinstance(other, Vector | int | float):
            return NotImplemented
        left, right = self, self.code.as_vector(other)
        if swap:
            left, right = right, left
        flags = self.code.quotient_flags if name == "fdiv" else CONTRACT
        return Vector(self.code, getattr(self.code.builder, name)(left.ir, right.ir, flags=flags))

    def __add__(self, other: Any) -> Any:
        return self._do("fadd", other)

    def __sub__(self, other: Any) -> Any:
        return self._do("fsub", other)

    def __rsub__(self, other: Any) -> Any:
        return self._do("fsub", other, swap=True)

    def __mul__(self, other: Any) -> Any:
        return self._do("fmul", other)

    def __truediv__(self, other: Any) -> Any:
        return self * (1 / other) if isinstance(other, int | float) else self._do("fdiv", other)

    def __rtruediv__(self, other: Any) -> Any:
        return self._do("fdiv", other, swap=True)

    __radd__, __rmul__ = __add__, __mul__

    def __neg__(self) -> Vector:
        return Vector(self.code, self.code.builder.fneg(self.ir))

    def __pow__(self, n: Number) -> Vector:
        return power(self, n)

    def _compare(self, sign: str, other: Vector | Number) -> Mask:
        code = self.code
        return Mask(code, code.builder.fcmp_ordered(sign, self.ir, code.as_vector(other).ir))

    def __lt__(self, other: Vector | Number) -> Mask:
        return self._compare("<", other)

    def __le__(self, other: Vector | Number) -> Mask:
        return self._compare("<=", other)

    def __gt__(self, other: Vector | Number) -> Mask:
        return self._compare(">", other)

    def __ge__(self, other: Vector | Number) -> Mask:
        return self._compare(">=", other)

    def __eq__(self, other: object) -> Any:
        return self._compare("==", other) if isinstance(other, Vector | int | float) else NotImplemented

    def __ne__(self, other: object) -> Any:
        if not isinstance(other, Vector | int | float):
            return NotImplemented
        code = self.code
        return Mask(code, code.builder.fcmp_unordered("!=", self.ir, code.as_vector(other).ir))

    __hash__ = None  # type: ignore[assignment]

    def __bool__(self) -> bool:
        raise TypeError("a vector holds many numbers: use xp.where, not if")

    def __array__(self, *arguments: Any, **options: Any) -> Any:
        raise TypeError("NumPy's functions cannot be compiled; those of xp can")

    def equals(self, other: Vector | Number) -> Mask:
        """For each lane whether both are the same."""
        return self._compare("==", other)


def power(x: Vector, n: Number) -> Vector:
    """x^n: products for a whole n, the C library's ``pow`` for any other."""
    if n != int(n) or abs(n) > 64:
        return x.code.each_lane("pow", x, x.code.constant(float(n)))
    if n < 0:
        one: Vector = x.code.constant(1.0)
        return Vector(x.code, x.code.builder.fdiv(one.ir, power(x, -n).ir, flags=CONTRACT))
    result: Vector | None = None
    square, bits = x, int(n)
    while bits:
        if bits & 1:
            result = square if result is None else _product(result, square)
        bits >>= 1
        square = _product(square, square) if bits else square
    return x.code.constant(1.0) if result is None else result


def _product(x: Vector, y: Vector) -> Vector:
    return Vector(x.code, x.code.builder.fmul(x.ir, y.ir, flags=CONTRACT))


def fused(x: Vector, y: Vector, z: Vector) -> Vector:
    """The sum x y + z, rounded once."""
    code = x.code
    multiply_add = code.vector_intrinsic("fma", 3)
    return Vector(code, code.builder.call(multiply_add, [x.ir, y.ir, z.ir]))


def select(mask: Mask, yes: Vector | Number, no: Vector | Number) -> Vector:
    """For each lane the first where the mask holds, else the second."""
    code = mask.code
    return Vector(code, code.builder.select(mask.ir, code.as_vector(yes).ir, code.as_vector(no).ir))


def across(x: Vector, combine: Callable[[Vector, Vector], Vector]) -> Vector:
    """Combine all lanes with one another; every lane holds the result. The order is fixed."""
    code = x.code
    distance = code.lanes // 2
    while distance:
        lanes = [i ^ distance for i in range(code.lanes)]
        mask = ir.Constant(ir.VectorType(I32, code.lanes), lanes)
        x = combine(x, Vector(code, code.builder.shuffle_vector(x.ir, x.ir, mask)))
        distance //= 2
    return x


class Variable:
    """A value that changes while the code runs, such as an accumulator in a loop."""

    __slots__ = ("_place", "_type", "_wrap", "code")

    def __init__(self, code: Code, first: Vector | Int) -> None:
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
