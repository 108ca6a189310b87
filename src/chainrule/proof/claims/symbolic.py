"""SymPy as an interpreter of the equations: arrays of objects whose entries are terms.

``exp``, ``log``, ``tanh`` and ``erf`` are opaque: nothing is known of them but their derivative and the
laws written below. A residual is zero when the numerator of its common fraction expands to 0, with every
opaque term taken for a symbol. That is a polynomial identity, so the answer is exact, and it is quick
where ``simplify`` would search for minutes.

The maximum that softmax subtracts is a free symbol. Comparisons are decided by what is assumed of the
symbols (positive, negative, or within an interval): a branch is proven under its assumption, and what the
assumptions do not decide is not proven.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import sympy as sp

from chainrule.errors import ChainruleError
from chainrule.types import Array, Namespace


class Unproven(ChainruleError):
    """A claim that the prover refuses: refuted, or beyond what it can decide."""


class Shift(sp.Symbol):
    """The maximum that softmax subtracts: any number, as far as a proof is concerned."""

    __slots__ = ()


class Within(sp.Symbol):
    """A number of an open interval: `decided` compares with it whatever is linear in this number."""

    __slots__ = ("high", "low")

    def __lt__(self, other: Any) -> Any:
        return _at_ends(super().__lt__(other))

    def __le__(self, other: Any) -> Any:
        return _at_ends(super().__le__(other))

    def __gt__(self, other: Any) -> Any:
        return _at_ends(super().__gt__(other))

    def __ge__(self, other: Any) -> Any:
        return _at_ends(super().__ge__(other))


def within(name: str, low: float, high: float) -> Any:
    """A symbol for a number with low < z < high; the number itself where both are the same."""
    if low == high:
        return sp.sympify(low)
    signs = {"positive": low >= 0 or None, "negative": high <= 0 or None}
    if (low, high) in ((0, math.inf), (-math.inf, 0)):
        return sp.Symbol(name, real=True, **signs)
    z = Within(f"{name} in ({low}, {high})", real=True, **signs)  # SymPy keeps one symbol for a name
    z.low, z.high = sp.sympify(low), sp.sympify(high)
    return z


class RowShift(sp.Indexed):
    """The same for the general row of an array of any size: m[i]."""


class Exp(sp.Function):
    """Positive, its own derivative. e^{−x} = 1/e^x, e^{nx} = (e^x)ⁿ, e^{x−m} = e^x/e^m, e^{log x} = x."""

    nargs = 1
    is_positive = True

    @classmethod
    def eval(cls, x: Any) -> Any:
        """Rewrite by the laws above; None where none applies."""
        if x == 0:
            return sp.Integer(1)
        if isinstance(x, Log):
            return x.args[0]
        n, rest = x.as_coeff_Mul()
        if n.is_Integer and n != 1:
            return cls(rest) ** n
        if x.is_Add:
            apart = [t for t in x.args if isinstance(t.as_coeff_Mul()[1], Shift | RowShift | Log)]
            if apart:
                return sp.Mul(*map(cls, apart), cls(x - sp.Add(*apart)))
            if x.could_extract_minus_sign():
                return 1 / cls(-x)
        elif n.is_negative:
            return 1 / cls(-x)
        return None

    def fdiff(self, argindex: int = 1) -> Any:
        """(e^x)' = e^x."""
        return self


class Log(sp.Function):
    """Logarithm: (log x)' = 1/x, log e^x = x, and log xy = log x + log y, log 1/x = −log x where x > 0."""

    nargs = 1
    is_real = True

    @classmethod
    def eval(cls, x: Any) -> Any:
        """Rewrite by the laws above; None where none applies."""
        if x == 1:
            return sp.Integer(0)
        if x.is_Rational and 0 < x < 1:
            return -cls(1 / x)
        powers = [factor.as_base_exp() for factor in sp.Mul.make_args(sp.together(x))]
        apart = [(base, n) for base, n in powers if base.is_positive]
        rest = sp.Mul(*(base**n for base, n in powers if not base.is_positive))
        if not apart or (apart == [(x, 1)] and not isinstance(x, Exp)):
            return None
        logs = [n * (base.args[0] if isinstance(base, Exp) else cls(base)) for base, n in apart]
        return sp.Add(*logs, cls(rest))

    def fdiff(self, argindex: int = 1) -> Any:
        """(log x)' = 1/x."""
        return 1 / self.args[0]


class Odd(sp.Function):
    """A function that is 0 at 0."""

    nargs = 1
    is_real = True

    @classmethod
    def eval(cls, x: Any) -> Any:
        """Return 0 at 0; None elsewhere."""
        return sp.Integer(0) if x == 0 else None


class Tanh(Odd):
    """Hyperbolic tangent: tanh' = 1 − tanh², tanh 0 = 0."""

    def fdiff(self, argindex: int = 1) -> Any:
        """The derivative, 1 − tanh²."""
        return 1 - self**2


class Erf(Odd):
    """The error function: erf'(x) = 2 e^{−x²} / √π, erf 0 = 0."""

    def fdiff(self, argindex: int = 1) -> Any:
        """erf'(x) = 2 e^{−x²} / √π."""
        return 2 * Exp(-(self.args[0] ** 2)) / sp.sqrt(sp.pi)


class Phi(sp.Function):
    """A hidden activation of which nothing is known but that φ'(z) is ``DPhi(z, φ(z))``."""

    nargs = 1
    is_real = True

    def fdiff(self, argindex: int = 1) -> Any:
        """φ'(z), which may use a = φ(z)."""
        return DPhi(self.args[0], self)


class DPhi(sp.Function):
    """φ' of `Phi`, as a function of z and of a = φ(z)."""

    nargs = 2
    is_real = True


OPAQUE = (Exp, Log, Tanh, Erf, Phi, DPhi, sp.sin, sp.cos, sp.atan, sp.asinh)


def exact(term: Any) -> Any:
    """Replace every float in a term by the number it stands for: 0.01 by 1/100, 0.707… by √½."""
    term = sp.sympify(term)
    return term.xreplace({f: _number(float(f)) for f in term.atoms(sp.Float)})


def _number(value: float) -> Any:
    """The decimal of at most 12 digits, the fraction, or the root √(q πᵏ) that rounds to this float."""
    if math.isfinite(value):
        if len(repr(value).strip("-").replace(".", "").lstrip("0")) <= 12:
            return sp.Rational(repr(value))
        for power in (None, 0, 1, -1):
            number = _nearest(value, power)
            if abs(float(number) - value) <= 4 * math.ulp(value):
                return number
    raise Unproven(
        f"a constant must be a fraction or a root √(q πᵏ) for an exact proof; got {value!r}. Write it "
        "as such, or extend chainrule.proof.claims.symbolic.exact."
    )


def _nearest(value: float, power: int | None) -> Any:
    if power is None:
        return sp.Rational(Fraction(value).limit_denominator(10**5))
    square = Fraction(value * value / math.pi**power).limit_denominator(10**4)
    return sp.sign(value) * sp.sqrt(sp.Rational(square) * sp.pi**power)


def is_zero(term: Any) -> bool:
    """Whether a term is identically zero, by expanding the numerator of its common fraction."""
    term = exact(term)
    opaque = {atom: sp.Dummy() for atom in term.atoms(*OPAQUE)}
    numerator = sp.fraction(sp.together(term.xreplace(opaque)))[0]
    return bool(sp.expand(numerator) == 0)


def decided(relation: Any) -> bool:
    """Whether a comparison holds, where what is assumed of the symbols tells.

    Raises:
        Unproven: it does not.
    """
    relation = _at_ends(relation)
    if relation in (True, False):
        return bool(relation)
    raise Unproven(f"{relation} must follow from what is assumed in this branch, and does not.")


def _at_ends(relation: Any) -> Any:
    """True or False where a comparison is linear in one number and its interval tells; else as it came."""
    if not isinstance(relation, sp.StrictGreaterThan | sp.GreaterThan | sp.StrictLessThan | sp.LessThan):
        return relation
    gap = sp.expand(relation.lhs - relation.rhs)
    z = next(iter(gap.free_symbols), None)
    if not isinstance(z, Within) or not gap.diff(z).is_number or len(gap.free_symbols) > 1:
        return relation
    ends = [gap.subs(z, end) for end in (z.low, z.high)]
    if min(ends) < 0 < max(ends):
        return relation
    return (max(ends) > 0) == (relation.rel_op in (">", ">="))


def _abs(x: Any) -> Any:
    x = exact(x)
    return x if decided(x >= 0) else -x


def _sign(x: Any) -> Any:
    x = exact(x)
    return sp.Integer(0) if x == 0 else sp.Integer(1) if decided(x > 0) else sp.Integer(-1)


def _maximum(x: Any, y: Any) -> Any:
    x, y = exact(x), exact(y)
    return x if decided(x >= y) else y


def _minimum(x: Any, y: Any) -> Any:
    x, y = exact(x), exact(y)
    return x if decided(x <= y) else y


def _max(z: Array, axis: int, keepdims: bool) -> Array:
    """The shift of softmax: a free symbol for each row."""
    shape = np.max(np.zeros(z.shape), axis=axis, keepdims=keepdims).shape
    return fill(shape, lambda index: Shift(f"m{_subscript(index)}", real=True))


def _where(condition: Array, x: Array, y: Array) -> Array:
    told = np.frompyfunc(decided, 1, 1)(condition)
    return np.where(np.asarray(told, bool), np.asarray(x, object), np.asarray(y, object))


def fill(shape: tuple[int, ...], entry: Callable[[tuple[int, ...]], Any]) -> Array:
    """An array of terms, made entry by entry."""
    out = np.empty(shape, object)
    for index in np.ndindex(*shape):
        out[index] = entry(index)
    return out


def symbols(name: str, shape: tuple[int, ...], **assumptions: bool) -> Array:
    """An array of real symbols such as W_1_0."""
    return fill(shape, lambda index: sp.Symbol(f"{name}{_subscript(index)}", real=True, **assumptions))


def _subscript(index: tuple[int, ...]) -> str:
    return "".join(f"_{i}" for i in index)


ENTRYWISE: dict[str, tuple[Callable[..., Any], int]] = {
    "exp": (lambda x: Exp(exact(x)), 1),
    "expm1": (lambda x: Exp(exact(x)) - 1, 1),
    "log": (lambda x: Log(exact(x)), 1),
    "log1p": (lambda x: Log(1 + exact(x)), 1),
    "tanh": (lambda x: Tanh(exact(x)), 1),
    "erf": (lambda x: Erf(exact(x)), 1),
    "sin": (lambda x: sp.sin(exact(x)), 1),
    "cos": (lambda x: sp.cos(exact(x)), 1),
    "arctan": (lambda x: sp.atan(exact(x)), 1),
    "arcsinh": (lambda x: sp.asinh(exact(x)), 1),
    "sqrt": (lambda x: sp.sqrt(sp.cancel(exact(x))), 1),
    "abs": (_abs, 1),
    "sign": (_sign, 1),
    "maximum": (_maximum, 2),
    "minimum": (_minimum, 2),
    "phi": (Phi, 1),
    "d_phi": (DPhi, 2),
}
"""What is done to every entry on its own, and to how many at once. ``phi`` and ``d_phi`` are the prover's."""


SYMBOLIC = cast(
    Namespace,
    SimpleNamespace(
        **{name: np.frompyfunc(function, n, 1) for name, (function, n) in ENTRYWISE.items()},
        where=_where,
        ones_like=lambda z: fill(np.shape(z), lambda _: sp.Integer(1)),
        sum=np.sum,
        max=_max,
    ),
)
"""SymPy as the interpreter of the equations, over arrays of terms."""
