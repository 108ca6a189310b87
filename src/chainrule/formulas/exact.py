"""Exact values of formulas and of their derivatives, in numbers of hundreds of digits.

Dual numbers u + u'ε are carried through the term as it was written, by mpmath. Nothing here knows the
rules that derive φ' or the forms that make it stable, so an error in those cannot hide.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import mpmath
import sympy as sp

from chainrule.formulas import functions as f

MAX_EXPONENT = 1e7
"""Exponents above it are taken for infinite."""
MAX_ANGLE = 1e30
"""A sine of more than this has no digit that a float would know, and costs as many digits as it is long."""


class Undefined(ArithmeticError):
    """The term, or its derivative, has no real value here."""


class TooLarge(ArithmeticError):
    """The value is far beyond any floating-point number."""


class Dual(NamedTuple):
    """u + u'ε."""

    value: Any
    slope: Any


def evaluate(
    term: Any, at: dict[sp.Symbol, Any], with_respect_to: sp.Symbol, digits: int | None = None
) -> Dual:
    """Value and derivative of a term at a point.

    ``digits`` are 100 and as many as the numbers at the point are large, if None: 1 − tanh(1000) is
    about e^{−2000}, so tanh(1000) has 868 digits before it differs from 1.

    Raises:
        Undefined: a pole, or the logarithm or root of a negative number.
        TooLarge: an exponential above e^{10⁷}.
    """
    with mpmath.workdps(digits or 100 + int(max(map(abs, at.values())))):
        known = {
            symbol: Dual(mpmath.mpf(value), mpmath.mpf(symbol == with_respect_to))
            for symbol, value in at.items()
        }
        try:
            return _dual(term, known)
        except ZeroDivisionError as error:
            raise Undefined("a division by zero") from error


def _dual(term: Any, known: dict[Any, Dual]) -> Dual:
    if term in known:
        return known[term]
    if isinstance(term, f.Branch):
        known[term] = _dual(term.args[1 if _dual(term.args[0], known).value > 0 else 2], known)
    elif term.is_Add:
        parts = [_dual(arg, known) for arg in term.args]
        known[term] = Dual(mpmath.fsum(u.value for u in parts), mpmath.fsum(u.slope for u in parts))
    elif term.is_Mul:
        known[term] = _product([_dual(arg, known) for arg in term.args])
    elif term.is_Pow:
        known[term] = _power(_dual(term.base, known), term.exp)
    elif type(term) in RULES:
        known[term] = RULES[type(term)](_dual(term.args[0], known))
    elif term.is_Rational:
        known[term] = Dual(mpmath.mpf(term.p) / term.q, mpmath.mpf(0))
    elif term.has(sp.zoo, sp.nan, sp.oo, -sp.oo):  # from a target put in for y
        raise Undefined("a division by zero")
    elif term.is_number:
        known[term] = Dual(mpmath.mpf(sp.N(term, mpmath.mp.dps + 10)._mpf_), mpmath.mpf(0))
    else:
        raise TypeError(f"{term} is not a term of a formula")
    return known[term]


def _product(parts: list[Dual]) -> Dual:
    product = Dual(mpmath.mpf(1), mpmath.mpf(0))
    for u in parts:
        product = Dual(product.value * u.value, product.value * u.slope + product.slope * u.value)
    return product


def _power(u: Dual, n: Any) -> Dual:
    if u.value < 0 and not n.is_Integer:
        raise Undefined("the root of a negative number")
    if n.is_Integer:
        return Dual(u.value ** int(n), int(n) * u.value ** (int(n) - 1) * u.slope)
    n = mpmath.mpf(n.p) / n.q
    return Dual(u.value**n, n * u.value ** (n - 1) * u.slope)


def _exp(u: Any) -> Any:
    if u > MAX_EXPONENT:
        raise TooLarge("an exponential beyond bounds")
    return mpmath.exp(u) if u > -MAX_EXPONENT else mpmath.mpf(0)


def _log(u: Dual) -> Dual:
    if u.value <= 0:
        raise Undefined("the logarithm of 0 or a negative number")
    return Dual(mpmath.log(u.value), u.slope / u.value)


def _sigmoid(u: Dual) -> Dual:
    e = _exp(-abs(u.value))
    return Dual((1 if u.value >= 0 else e) / (1 + e), e / (1 + e) ** 2 * u.slope)


def _softplus(u: Dual) -> Dual:
    e = _exp(-abs(u.value))
    return Dual(max(u.value, 0) + mpmath.log1p(e), (1 if u.value >= 0 else e) / (1 + e) * u.slope)


def _exponential(u: Dual) -> Dual:
    e = _exp(u.value)
    return Dual(e, e * u.slope)


def _hyperbolic(u: Dual) -> Dual:
    e = _exp(-2 * abs(u.value))
    return Dual(mpmath.sign(u.value) * (1 - e) / (1 + e), 4 * e / (1 + e) ** 2 * u.slope)


def _by(value: Callable[[Any], Any], slope: Callable[[Any], Any]) -> Callable[[Dual], Dual]:
    return lambda u: Dual(value(u.value), slope(u.value) * u.slope)


def _periodic(function: Callable[[Any], Any], u: Any) -> Any:
    if abs(u) > MAX_ANGLE:
        raise Undefined(f"a sine or cosine of a number above {MAX_ANGLE:g}")
    return function(u)


def _sign(u: Any) -> Any:
    return mpmath.mpf(1 if u > 0 else -1)


RULES: dict[type, Callable[[Dual], Dual]] = {
    f.Exp: _exponential,
    f.Log: _log,
    f.Tanh: _hyperbolic,
    f.Sigmoid: _sigmoid,
    f.Softplus: _softplus,
    f.Erf: _by(mpmath.erf, lambda u: 2 / mpmath.sqrt(mpmath.pi) * _exp(-u * u)),
    f.Sin: _by(lambda u: _periodic(mpmath.sin, u), mpmath.cos),
    f.Cos: _by(lambda u: _periodic(mpmath.cos, u), lambda u: -mpmath.sin(u)),
    f.Atan: _by(mpmath.atan, lambda u: 1 / (1 + u * u)),
    f.Asinh: _by(mpmath.asinh, lambda u: 1 / mpmath.sqrt(1 + u * u)),
    f.Abs: _by(abs, _sign),
    f.Sign: _by(_sign, lambda u: mpmath.mpf(0)),
}
