"""A term as a Python function over `xp`, in the manner of `chainrule.equations.activations`.

The text of the function is made from a checked term, never from what a user typed.
"""

from __future__ import annotations

import functools
import itertools
import linecache
import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import sympy as sp
from sympy.printing.str import StrPrinter

from chainrule.calculus.graph import BRANCHING
from chainrule.equations.activations import sigmoid, softplus
from chainrule.equations.heads import log_softmax, softmax
from chainrule.formulas import functions as f

OURS: dict[str, Any] = {function.__name__: function for function in (sigmoid, softplus, softmax, log_softmax)}
"""Functions of the equations that a formula's code calls; it can reach nothing else."""

_number = itertools.count()


class Bound(sp.Function):
    """``Bound(z, c, up)`` is max(z, c) if up else min(z, c): z itself on the side where it is used."""

    nargs = 3
    is_real = True


def source(name: str, parameters: Sequence[str], term: Any, last: str = "return {}", first: str = "") -> str:
    """The text of ``def name(xp, …)``; common parts of the term are computed once.

    ``last`` is what to do with the term, such as ``return xp.sum({}, axis=1)``; ``first`` a line before all.
    """
    shared, (term,) = sp.cse(
        [_constants_folded(_near_zero(_bounded(term)))], sp.numbered_symbols("t", real=True)
    )
    lines = [f"def {name}(xp, {', '.join(parameters)}):", *([f"    {first}"] if first else [])]
    lines += [f"    {symbol} = {_PRINTER.doprint(part)}" for symbol, part in shared]
    text = _PRINTER.doprint(term)
    if _constant(term):
        text = f"{text} * xp.ones_like({parameters[0]})"
    lines += [f"    {line}" for line in last.format(text).split("\n")]
    return "\n".join(lines) + "\n"


def function(text: str) -> Callable[..., Any]:
    """Compile a function that `source` wrote."""
    place = f"<formula {next(_number)}>"
    linecache.cache[place] = (len(text), None, text.splitlines(keepends=True), place)
    scope: dict[str, Any] = {"__builtins__": {}, **OURS}
    before = set(scope)
    exec(compile(text, place, "exec"), scope)
    (name,) = set(scope) - before
    made: Callable[..., Any] = scope[name]
    return _quiet(made) if any(f"xp.{word}(" in text for word in BRANCHING) else made


def _quiet(made: Callable[..., Any]) -> Callable[..., Any]:
    """Without NumPy's warnings: both branches are computed everywhere, and one is not taken."""

    @functools.wraps(made)
    def quiet(*args: Any) -> Any:
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            return made(*args)

    return quiet


def _bounded(term: Any) -> Any:
    """Keep exponentials from overflowing in a branch that is not taken, where the branch is a side of c."""
    if not term.args:
        return term
    if isinstance(term, f.Branch):
        term = f.Branch(term.args[0], *_sides(*term.args))
    return term.func(*map(_bounded, term.args))


def _sides(u: Any, p: Any, q: Any) -> tuple[Any, Any]:
    slope = u.coeff(f.Z)
    rest = sp.expand(u - slope * f.Z)
    if not slope.is_number or slope == 0 or not rest.is_number:
        return p, q
    c = -rest / slope
    return tuple(
        side.xreplace({f.Z: Bound(f.Z, c, sp.Integer(bool(up)))}) if side.has(f.Exp) else side
        for side, up in ((p, slope > 0), (q, slope < 0))
    )


class Expm1(sp.Function):
    """e^u − 1, accurate where u is small."""

    nargs, is_real, code = 1, True, "expm1"


class Log1p(sp.Function):
    """log(1 + u), accurate where u is small."""

    nargs, is_real, code = 1, True, "log1p"


def _near_zero(term: Any) -> Any:
    """e^u − 1 and log(1 + u) by the functions that do not cancel."""
    if not term.args or term.is_number:
        return term
    term = term.func(*map(_near_zero, term.args))
    constant = term.as_coeff_Add()[0] if term.is_Add else 0
    if isinstance(term, f.Log) and term.args[0].is_Add and term.args[0].as_coeff_Add()[0] == 1:
        return Log1p(term.args[0] - 1)
    for t in term.args if constant != 0 else ():
        factor, inner = t.as_coeff_Mul()
        if isinstance(inner, f.Exp) and not inner.is_number and factor == -constant:
            return factor * Expm1(inner.args[0]) + (term - constant - t)
    return term


def _constants_folded(term: Any) -> Any:
    """Replace every part without a variable by its float, unless it is whole, or some eighths."""
    if term.is_Rational and abs(term.p) < 2**31 and term.q in (1, 2, 4, 8):
        return term
    if term.is_number:
        if not math.isfinite(number := float(term)):
            raise OverflowError(f"{term} is beyond floating-point numbers")
        return sp.Symbol(repr(number), real=True)
    if term.is_Pow:
        return sp.Pow(_constants_folded(term.base), term.exp)
    if term.is_Add or term.is_Mul:
        constant, rest = term.as_independent(*term.free_symbols, as_Add=term.is_Add)
        parts = (constant, *sp.Add.make_args(rest)) if term.is_Add else (constant, *sp.Mul.make_args(rest))
        return term.func(*(_constants_folded(part) for part in parts))
    return term.func(*map(_constants_folded, term.args)) if term.args else term


def _constant(term: Any) -> bool:
    """Whether only numbers are left, floats being symbols named like them."""
    return all(not symbol.name[0].isalpha() for symbol in term.free_symbols)


class _Printer(StrPrinter):
    """Python over ``xp``; a number stays a Python number, so that float32 stays float32."""

    printmethod = "_code_over_xp"  # no term has one: what is printed is decided here

    def _print_Function(self, term: Any) -> str:
        if isinstance(term, f.Branch):
            return self._where(term)
        if isinstance(term, Bound):
            z, c, up = term.args
            return f"xp.{'maximum' if up else 'minimum'}({self._print(z)}, {self._print(c)})"
        (u,) = term.args
        if isinstance(term, f.Sign):
            return f"xp.where({self._print(u)} > 0, xp.ones_like({self._print(u)}), -1)"
        place = f"{term.code}(xp, " if term.code in OURS else f"xp.{term.code}("
        return f"{place}{self._print(u)})"

    _print_Exp = _print_Log = _print_Tanh = _print_Sigmoid = _print_Softplus = _print_Erf = _print_Function
    _print_Sin = _print_Cos = _print_Atan = _print_Asinh = _print_Abs = _print_Sign = _print_Function
    _print_Branch = _print_Bound = _print_Expm1 = _print_Log1p = _print_Function

    def _where(self, term: Any) -> str:
        u, p, q = term.args
        if word := term.extreme():
            return f"xp.{word}imum({self._print(p)}, {self._print(q)})"
        turned = u.could_extract_minus_sign()
        u = self._print(-u if turned else u)
        first = self._print(p)
        if _constant(p) and _constant(q):  # of two numbers `where` would make float64
            first = f"xp.ones_like({u})" if p == 1 else f"{self.parenthesize(p, 50)}*xp.ones_like({u})"
        return f"xp.where({u} {'<' if turned else '>'} 0, {first}, {self._print(q)})"

    def _print_Pow(self, term: Any, rational: bool = False) -> str:
        base, n = term.as_base_exp()
        if n == sp.Rational(1, 2):
            return f"xp.sqrt({self._print(base)})"
        if n == -sp.Rational(1, 2):
            return f"1/xp.sqrt({self._print(base)})"
        if n in (3, 4) and base.is_Symbol:
            return "(" + "*".join([base.name] * int(n)) + ")"
        if not n.is_Integer:
            return f"{self.parenthesize(base, 70)}**{float(n)!r}"
        return str(super()._print_Pow(term, rational=rational))


_PRINTER = _Printer({"order": "none"})
