"""The functions a formula may use, as SymPy terms that keep the form they were written in.

Each knows how to print itself, and its name in the namespace `xp`; its derivative stands among the rules of
differentiation. ``sigmoid`` and ``softplus`` are primitives: as 1/(1 + e^{−z}) and log(1 + e^z) they would
overflow.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, ClassVar

import sympy as sp
from mpmath.libmp import prec_to_dps

from chainrule.calculus.rules import DERIVATIVES

Z = sp.Symbol("z", real=True)
"""The weighted input, which an activation or a link is a function of."""
A = sp.Symbol("a", real=True)
"""The activation a = φ(z)."""
Y = sp.Symbol("y", real=True)
"""The target."""
S = sp.Symbol("s", real=True)
"""The logarithm of an output of softmax, s = log a."""


class Elementary(sp.Function):
    """A function of one real argument. ``word`` is its name in formulas, ``code`` in the namespace."""

    nargs = 1
    is_real = True
    word: ClassVar[str]
    code: ClassVar[str]
    at_zero: ClassVar[int | None] = None

    @classmethod
    def eval(cls, u: Any) -> Any:
        """Return the value at 0 where it is a whole number; None elsewhere."""
        return sp.Integer(cls.at_zero) if u == 0 and cls.at_zero is not None else None

    @property
    def key(self) -> str:
        """Its name among the rules of differentiation."""
        return self.code

    def plain(self) -> Any:
        """The same in SymPy's own functions."""
        return getattr(sp, self.word)(self.args[0])

    def _eval_evalf(self, prec: int) -> Any:
        return self.plain().evalf(prec_to_dps(prec))

    def fdiff(self, argindex: int = 1) -> Any:
        """f'(u) at this u, under the name that SymPy asks for."""
        return sp.sympify(DERIVATIVES[self.key].slope(XP, self.args[0]))

    def _sympystr(self, printer: Any) -> str:
        return f"{self.word}({printer.doprint(self.args[0])})"

    def _latex(self, printer: Any, exp: str | None = None) -> str:
        name = TEX_WORDS.get(self.word, rf"\operatorname{{{self.word}}}")
        power = f"^{{{exp}}}" if exp else ""
        return rf"{name}{power}\left({printer.doprint(self.args[0])}\right)"


TEX_WORDS = {word: rf"\{word}" for word in ("tanh", "log", "sin", "cos", "exp")} | {"sigmoid": r"\sigma"}


class Exp(Elementary):
    """e^u."""

    word, code, at_zero = "exp", "exp", 1
    is_positive = True

    def _latex(self, printer: Any, exp: str | None = None) -> str:
        power = f"e^{{{printer.doprint(self.args[0])}}}"
        return rf"\left({power}\right)^{{{exp}}}" if exp else power


class Log(Elementary):
    """The natural logarithm, for u > 0."""

    word, code = "log", "log"

    @classmethod
    def eval(cls, u: Any) -> Any:
        """Return 0 at 1; None elsewhere."""
        return sp.Integer(0) if u == 1 else None


class Tanh(Elementary):
    """Hyperbolic tangent."""

    word, code, at_zero = "tanh", "tanh", 0


class Sigmoid(Elementary):
    """σ(u) = 1/(1 + e^{−u})."""

    word, code, key = "sigmoid", "sigmoid", "σ"
    is_positive = True

    def plain(self) -> Any:
        """1/(1 + e^{−u})."""
        return 1 / (1 + sp.exp(-self.args[0]))


class Softplus(Elementary):
    """log(1 + e^u)."""

    word, code = "softplus", "softplus"
    is_positive = True

    def plain(self) -> Any:
        """log(1 + e^u)."""
        return sp.log(1 + sp.exp(self.args[0]))


class Erf(Elementary):
    """The error function."""

    word, code, at_zero = "erf", "erf", 0


class Sin(Elementary):
    """Sine."""

    word, code, at_zero = "sin", "sin", 0


class Cos(Elementary):
    """Cosine."""

    word, code, at_zero = "cos", "cos", 1


class Atan(Elementary):
    """Inverse tangent."""

    word, code, at_zero = "atan", "arctan", 0


class Asinh(Elementary):
    """Inverse hyperbolic sine, log(u + √(u² + 1))."""

    word, code, at_zero = "asinh", "arcsinh", 0


class Abs(Elementary):
    """|u|."""

    word, code, at_zero = "abs", "abs", 0
    is_nonnegative = True

    @classmethod
    def eval(cls, u: Any) -> Any:
        """|−u| = |u|, and what has a sign loses it; None elsewhere."""
        if u.is_nonnegative:
            return u
        return cls(-u) if u.could_extract_minus_sign() else None

    def plain(self) -> Any:
        """|u|."""
        return sp.Abs(self.args[0])

    def _latex(self, printer: Any, exp: str | None = None) -> str:
        power = f"^{{{exp}}}" if exp else ""
        return rf"\left|{printer.doprint(self.args[0])}\right|{power}"


class Sign(Elementary):
    """1 where u > 0, else −1: a slope of |u| that exists at 0 too, where it is the one from the left."""

    word, code = "sign", "sign"

    @classmethod
    def eval(cls, u: Any) -> Any:
        """Return the sign of a number; None elsewhere."""
        return sp.Integer(1 if u > 0 else -1) if u.is_number else None


class Branch(sp.Function):
    """``Branch(u, p, q)`` is p where u > 0, else q."""

    nargs = 3
    is_real = True

    @classmethod
    def eval(cls, u: Any, p: Any, q: Any) -> Any:
        """Drop a branch that no z can take, and a choice between equals."""
        if u.is_number:
            return p if u > 0 else q
        return q if q in (p, p.subs(u, Abs(u))) else None

    def _eval_derivative(self, x: Any) -> Any:
        u, p, q = self.args
        return Branch(u, p.diff(x), q.diff(x))

    def extreme(self) -> str | None:
        """Whether this is max(p, q) or min(p, q); None if neither."""
        u, p, q = self.args
        if sp.expand(u - (p - q)) == 0:
            return "max"
        return "min" if sp.expand(u - (q - p)) == 0 else None

    def _sympystr(self, printer: Any) -> str:
        p, q = (printer.doprint(arg) for arg in self.args[1:])
        if word := self.extreme():
            return f"{word}({p}, {q})"
        return f"where({self._condition(printer)}, {p}, {q})"

    def _condition(self, printer: Any) -> str:
        (u, *_) = self.args
        turned = u.could_extract_minus_sign()
        return f"{printer.doprint(-u if turned else u)} {'<' if turned else '>'} 0"

    def _latex(self, printer: Any, exp: str | None = None) -> str:
        p, q = (printer.doprint(arg) for arg in self.args[1:])
        power = f"^{{{exp}}}" if exp else ""
        if word := self.extreme():
            return rf"\{word}\left({p}, {q}\right){power}"
        condition = self._condition(printer)
        cases = rf"\begin{{cases}} {p} & {condition} \\ {q} & \text{{otherwise}} \end{{cases}}"
        return rf"\left({cases}\right){power}" if exp else cases


class D(sp.Function):
    """A derivative still to be taken, in the variable ``D(u, z)`` names second."""

    nargs = 2
    is_real = True

    def _sympystr(self, printer: Any) -> str:
        return f"({printer.doprint(self.args[0])})'"

    def _latex(self, printer: Any, exp: str | None = None) -> str:
        power = f"^{{{exp}}}" if exp else ""
        return rf"\left({printer.doprint(self.args[0])}\right)'{power}"


def maximum(u: Any, v: Any) -> Any:
    """max(u, v), as a choice of branches."""
    return Branch(u - v, u, v)


def minimum(u: Any, v: Any) -> Any:
    """min(u, v), as a choice of branches."""
    return Branch(u - v, v, u)


ELEMENTARY = (Exp, Log, Tanh, Sigmoid, Softplus, Erf, Sin, Cos, Atan, Asinh, Abs, Sign)

XP = SimpleNamespace(
    **{kind.code: kind for kind in ELEMENTARY},
    sqrt=sp.sqrt,
    call=lambda name, u: {"σ": Sigmoid}[name](u),
    symbol=lambda name: {"π": sp.pi}[name],
)
"""SymPy as an interpreter of the rules of differentiation."""
