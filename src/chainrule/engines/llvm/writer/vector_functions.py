"""The vocabulary `xp` of the equations, spoken in vectors.

The exponential and the logarithm are their Taylor series after the usual reduction of the argument, to
as many terms as the precision needs; their coefficients are 1/n! and 1/(2n + 1). Errors stay below 3 units in
the last place. The exponential is ∞ where it exceeds the largest number, and 0 below e^−708 (float32: e^−87).
NaN comes out where it went in.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from math import factorial
from types import SimpleNamespace
from typing import Any, NamedTuple, cast

from llvmlite import ir

from chainrule.engines.llvm.writer.block import CONTRACT, I32, Block
from chainrule.engines.llvm.writer.values import Mask, Number, Vector, each_lane
from chainrule.types import Namespace


class Format(NamedTuple):
    """A floating-point format, and how its exponential and logarithm are computed.

    ``ln2`` in two parts: the first has so few digits that its product with an exponent is exact.
    """

    mantissa: int
    bias: int
    ln2: tuple[float, float]
    lowest: float
    highest: float
    terms_exp: int
    terms_log: int


FORMATS = {
    4: Format(23, 127, (0.693359375, -2.12194440054690583e-4), -87.5, 88.8, 7, 6),
    8: Format(52, 1023, (6.93145751953125e-1, 1.42860682030941723212e-6), -708.3, 709.8, 13, 12),
}


def call_vector(name: str, *vectors: Vector) -> Vector:
    """LLVM's function of vectors, such as ``sqrt``."""
    code = vectors[0].code
    function = code.vector_intrinsic(name, len(vectors))
    return Vector(code, code.builder.call(function, [v.ir for v in vectors], fastmath=CONTRACT))


def fused(x: Vector, y: Vector | Number, z: Vector | Number) -> Vector:
    """The sum x y + z, rounded once."""
    code = x.code
    multiply_add = code.vector_intrinsic("fma", 3)
    return Vector(code, code.builder.call(multiply_add, [x.ir, *(Vector.of(code, v).ir for v in (y, z))]))


def select(mask: Mask, yes: Vector | Number, no: Vector | Number) -> Vector:
    """For each lane the first where the mask holds, else the second."""
    code = mask.code
    return Vector(code, code.builder.select(mask.ir, Vector.of(code, yes).ir, Vector.of(code, no).ir))


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


def _bits(x: Vector) -> Any:
    """The vector's bits, as integers."""
    return x.code.builder.bitcast(x.ir, ir.VectorType(x.code.bits_type, x.code.lanes))


def _whole(code: Block, value: int) -> Any:
    return ir.Constant(ir.VectorType(code.bits_type, code.lanes), [value] * code.lanes)


def _from_bits(code: Block, bits: Any) -> Vector:
    return Vector(code, code.builder.bitcast(bits, code.vector_type))


def _series(r: Vector, coefficients: list[float]) -> Vector:
    """Σ c_n rⁿ by Horner's rule."""
    total = Vector.of(r.code, coefficients[-1])
    for c in reversed(coefficients[:-1]):
        total = fused(total, r, c)
    return total


def _power_and_rest(x: Vector) -> tuple[Vector, Vector]:
    """2ⁿ⁻¹ and e^r − 1 with x = n ln 2 + r and |r| ≤ ½ ln 2, so that e^x = 2 · 2ⁿ⁻¹ (1 + (e^r − 1)).

    Adding 1.5·2^mantissa rounds to a whole number, and leaves it in the lowest bits. 2ⁿ itself would be ∞
    before e^x is, and ∞ (1 + (e^r − 1)) NaN; for the lowest n the bits of 2ⁿ⁻¹ are those of 0.
    """
    code = x.code
    f = FORMATS[code.item_size]
    x = minimum(maximum(x, f.lowest), f.highest)
    magic = 1.5 * 2.0**f.mantissa
    shifted = fused(x, 1 / 0.6931471805599453094, magic)
    n = shifted - magic
    r = fused(n, -f.ln2[1], fused(n, -f.ln2[0], x))
    bits = code.builder.shl(_bits(shifted), _whole(code, f.mantissa))
    power = _from_bits(code, code.builder.add(bits, _whole(code, (f.bias - 1) << f.mantissa)))
    rest = _series(r, [1 / factorial(n + 1) for n in range(f.terms_exp)])
    return power, rest * r


def exp(x: Vector) -> Vector:
    """e^x."""
    power, rest = _power_and_rest(x)
    result: Vector = fused(power, rest, power) * 2
    return result


def expm1(x: Vector) -> Vector:
    """e^x − 1, accurate where x is small."""
    power, rest = _power_and_rest(x)
    result: Vector = fused(power, rest, power - 0.5) * 2
    return result


def tanh(x: Vector) -> Vector:
    """Hyperbolic tangent, with e = e^{−2|x|} − 1: tanh |x| = −e / (e + 2)."""
    e = expm1(absolute(x) * -2)
    return call_vector("copysign", -e / (e + 2), x)


def log(x: Vector) -> Vector:
    """Log x = e ln 2 + 2 artanh f, where x = 2^e m, ½√2 ≤ m < √2 and f = (m − 1)/(m + 1)."""
    code = x.code
    f = FORMATS[code.item_size]
    small = x < 2.0 ** (1 - f.bias)
    bits = _bits(select(small, x * 2.0**f.mantissa, x))
    b = code.builder
    offset = b.sub(bits, _whole(code, _SQRT_HALF[code.item_size]))
    exponent = b.ashr(offset, _whole(code, f.mantissa))
    m = _from_bits(code, b.sub(bits, b.shl(exponent, _whole(code, f.mantissa))))
    e = Vector(code, b.sitofp(exponent, code.vector_type))
    e = select(small, e - f.mantissa, e)
    ratio = (m - 1) / (m + 1)
    square = ratio * ratio
    series = _series(square, [2 / (2 * n + 3) for n in range(f.terms_log)]) * square
    # 2 f (1 + …): the 2 f apart, so that a logarithm near 0 keeps its digits
    result = fused(e, f.ln2[0], ratio * 2 + fused(ratio, series, e * f.ln2[1]))
    result = select(x.equals(float("inf")), x, result)
    result = select(x > 0, result, select(x.equals(0), float("-inf"), float("nan")))
    return result


_SQRT_HALF = {4: 0x3F3504F3, 8: 0x3FE6A09E667F3BCD}
"""The bits of ½√2."""


def log1p(x: Vector) -> Vector:
    """log(1 + x), accurate where x is small: log u + (x − (u − 1))/u with u = 1 + x, rounded."""
    u = x + 1
    result = log(u) + (x - (u - 1)) / u
    return select(u > 0, select(u.equals(float("inf")), u, result), log(u))


def sqrt(x: Vector) -> Vector:
    """Square root."""
    return call_vector("sqrt", x)


def absolute(x: Vector) -> Vector:
    """|x|."""
    return call_vector("fabs", x)


def sign(x: Vector) -> Vector:
    """1, 0 or −1."""
    zero = select(x.equals(0), 0.0, x)
    return select(x > 0, 1.0, select(x < 0, -1.0, zero))


def maximum(x: Vector | float, y: Vector | float) -> Vector:
    """The larger; NaN if one is NaN (among two vectors) or the vector is (beside a number)."""
    if not isinstance(x, Vector):
        x, y = y, x
    assert isinstance(x, Vector)
    if isinstance(y, Vector):
        return call_vector("maximum", x, y)
    return select(x < y, y, x)


def minimum(x: Vector | float, y: Vector | float) -> Vector:
    """The smaller; NaN as for `maximum`."""
    if not isinstance(x, Vector):
        x, y = y, x
    assert isinstance(x, Vector)
    if isinstance(y, Vector):
        return call_vector("minimum", x, y)
    return select(x > y, y, x)


def ones_like(x: Vector) -> Vector:
    """1 in every lane."""
    return Vector.of(x.code, 1)


def sum_lanes(x: Vector) -> Vector:
    """Σ over the lanes, in every lane."""
    return across(x, lambda p, q: p + q)


VECTORS = cast(
    Namespace,
    SimpleNamespace(
        exp=exp,
        expm1=expm1,
        log=log,
        log1p=log1p,
        tanh=tanh,
        erf=partial(each_lane, "erf"),
        sin=partial(each_lane, "sin"),
        cos=partial(each_lane, "cos"),
        arctan=partial(each_lane, "atan"),
        arcsinh=partial(each_lane, "asinh"),
        sqrt=sqrt,
        abs=absolute,
        sign=sign,
        maximum=maximum,
        minimum=minimum,
        where=select,
        ones_like=ones_like,
    ),
)
"""Vectors as the interpreter of the elementwise equations: activations, optimisers, penalties."""
