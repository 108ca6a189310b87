"""Rewriting a formula into equal forms that neither overflow nor cancel.

Each law holds for every real z. They are applied from the innermost term outwards, before anything is
differentiated, so that the derivative inherits the stable form.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import reduce
from typing import Any, NamedTuple, TypeAlias

import sympy as sp

from chainrule.formulas.functions import Abs, Branch, Exp, Log, Sigmoid, Sign, Softplus, Tanh
from chainrule.formulas.size import manageable

MAX_DEGREE = 12
"""Of the polynomials in e^b that are worth rewriting."""


class Rewritten(NamedTuple):
    """A term, and the law by which it is equal to the one before."""

    term: Any
    law: str


Law: TypeAlias = Callable[[Any], Rewritten | None]


def rewrite(term: Any, *, by_cases: bool = True) -> tuple[Any, tuple[str, ...]]:
    """The stable form of a term, and the laws that led to it, in order.

    ``by_cases``: also by those that tell z > 0 from z < 0, which compute well and read badly.
    """
    used: dict[str, None] = {}
    stable = _rewritten(term, used, by_cases)
    return (_roots_joined(stable) if by_cases else stable), tuple(used)


def _rewritten(term: Any, used: dict[str, None], by_cases: bool) -> Any:
    if not term.args:
        return term
    found = _quotient(term, by_cases)  # before its denominator is looked at alone
    if found is None:
        term = term.func(*(_rewritten(arg, used, by_cases) for arg in term.args))
        laws = (*LAWS, _log_of_polynomial) if by_cases else LAWS
        found = next(filter(None, (law(term) for law in laws)), None)
    if found is None or found.term == term:
        return term
    used[found.law] = None
    return _rewritten(found.term, used, by_cases)


def _exp_of_softplus(term: Any) -> Rewritten | None:
    if isinstance(term, Exp) and isinstance(-term.args[0], Softplus):
        return Rewritten(Sigmoid(-(-term.args[0]).args[0]), "e^{−softplus(b)} = σ(−b)")
    return None


def _log_of_one(term: Any) -> Rewritten | None:
    u = term.args[0] if isinstance(term, Log) else None
    if isinstance(u, Exp):
        return Rewritten(u.args[0], "log e^b = b")
    if isinstance(u, Sigmoid):
        return Rewritten(-Softplus(-u.args[0]), "log σ(b) = −softplus(−b)")
    return None


def _log_of_product(term: Any) -> Rewritten | None:
    u = term.args[0] if isinstance(term, Log) else None
    if u is None or not u.has(Exp, Sigmoid):
        return None
    if u.is_Pow and _positive(u.base):
        return Rewritten(u.exp * Log(u.base), "log uⁿ = n log u")
    if u.is_Mul and all(map(_positive, u.args)):
        return Rewritten(sp.Add(*map(Log, u.args)), "log uv = log u + log v")
    return None


def _log_of_sum(term: Any) -> Rewritten | None:
    if not (isinstance(term, Log) and term.args[0].is_Add):
        return None
    constant, rest = term.args[0].as_coeff_Add()
    factor, inner = rest.as_coeff_Mul()
    if isinstance(inner, Exp) and constant > 0 and factor > 0:
        shifted = inner.args[0] + Log(factor / constant)
        law = "log(1 + e^b) = softplus(b)" if factor == constant == 1 else "log(c + k e^b) by softplus"
        return Rewritten(Log(constant) + Softplus(shifted), law)
    if isinstance(inner, Sigmoid) and constant > 0 and factor == -constant:
        return Rewritten(Log(constant) - Softplus(inner.args[0]), "log(1 − σ(b)) = −softplus(b)")
    return None


def _log_of_polynomial(term: Any) -> Rewritten | None:
    """Log P(E) with E = e^b and positive coefficients: the highest power is drawn out where b > 0."""
    if not (isinstance(term, Log) and term.args[0].is_Add and _positive(term.args[0])):
        return None
    if all(map(_decays, _exps(term.args[0]))):
        return None
    found = _as_polynomials(term.args[0])
    if found is None:
        return None
    above, below, b = found
    up, down = (sp.Poly(poly.all_coeffs()[::-1], poly.gen) for poly in (above, below))
    q = Exp(-Abs(b))
    right = (above.degree() - below.degree()) * b + Log(up.as_expr(q)) - Log(down.as_expr(q))
    return Rewritten(
        Branch(b, right, Log(above.as_expr(q)) - Log(below.as_expr(q))),
        "log of a polynomial in e^b: its highest power drawn out",
    )


def _roots_joined(term: Any) -> Any:
    """Where r < 0, r + √w with w − r² a number cancels; there it is (w − r²)/(√w − r)."""
    if not term.args:
        return term
    term = term.func(*map(_roots_joined, term.args))
    roots = [t for t in term.args if t.has(sp.Pow) and t.as_coeff_Mul()[1].as_base_exp()[1] == sp.S.Half]
    if not term.is_Add or len(roots) != 1 or not roots[0].as_coeff_Mul()[0].is_positive:
        return term
    r = term - roots[0]
    k = _rewritten(sp.expand(roots[0] ** 2 - r**2), {}, False)
    if not k.is_number:
        return term
    return Branch(r, term, k / (roots[0] - r))


def _positive(u: Any) -> bool:
    if u.is_number:
        return bool(u > 0)
    if isinstance(u, Exp | Sigmoid | Softplus):
        return True
    if u.is_Pow:
        return _positive(u.base)
    return bool(u.is_Add or u.is_Mul) and all(map(_positive, u.args))


def _one_plus_tanh(term: Any) -> Rewritten | None:
    """Near ∓∞ the sum cancels, σ does not."""
    constant = term.as_coeff_Add()[0] if term.is_Add else 0
    for t in term.args if constant != 0 else ():
        factor, inner = t.as_coeff_Mul()
        if isinstance(inner, Tanh) and abs(factor) == abs(constant):
            b = 2 * sp.sign(factor) * sp.sign(constant) * inner.args[0]
            return Rewritten(term - t - constant + 2 * constant * Sigmoid(b), "1 ± tanh b = 2 σ(±2b)")
    return None


def _absolute(term: Any) -> Rewritten | None:
    if term.is_Pow and isinstance(term.base, Sign) and term.exp.is_Integer:
        return Rewritten(term.base if term.exp % 2 else sp.Integer(1), "sign(u)² = 1")
    if term.is_Pow and isinstance(term.base, Abs) and term.exp.is_even:
        return Rewritten(term.base.args[0] ** term.exp, "|u|² = u²")
    for sign in (factor for factor in term.args if term.is_Mul and isinstance(factor, Sign)):
        (u,) = sign.args
        for one, other, law in ((u, Abs(u), "u sign(u) = |u|"), (Abs(u), u, "|u| sign(u) = u")):
            if one in term.args:
                rest = (factor for factor in term.args if factor not in (one, sign))
                return Rewritten(other * sp.Mul(*rest), law)
    return None


def _quotient(term: Any, by_cases: bool) -> Rewritten | None:
    """A quotient of polynomials in e^b, as σ, tanh, or in q = e^{−|b|} ≤ 1, which cannot overflow."""
    if not (term.is_Mul or term.is_Pow):
        return None
    factors = sp.Mul.make_args(term)
    inside = [factor for factor in factors if _rational_in_exp(factor)]
    if not any(factor.is_Pow and factor.exp.is_negative for factor in inside):
        return None
    found = _in_exp(sp.Mul(*inside), by_cases)
    outside = sp.Mul(*(factor for factor in factors if factor not in inside))
    return None if found is None else Rewritten(outside * found.term, found.law)


def _rational_in_exp(factor: Any) -> bool:
    base, n = factor.as_base_exp()
    return bool(n.is_Integer) and any(not _decays(exp) for exp in _exps(base))


def _decays(exp: Any) -> bool:
    """Whether this is e^{−b} with a b that is never negative, such as |z|, z² or softplus: no overflow."""
    return bool(exp.args[0].is_nonpositive)


def _exps(term: Any) -> Iterator[Any]:
    """The e^b of a term that stand outside of other functions, b being no number."""
    if term.is_number:
        return
    if isinstance(term, Exp):
        yield term
    elif term.is_Add or term.is_Mul or (term.is_Pow and term.exp.is_Integer):
        for arg in term.args:
            yield from _exps(arg)


def _in_exp(ratio: Any, by_cases: bool) -> Rewritten | None:
    found = _as_polynomials(ratio)
    if found is None or found[1].degree() == 0:
        return None
    above, below, b = found
    shape = sorted(n for (n,) in below.monoms())
    if len(shape) == 2 and shape[0] == 0 and {n for (n,) in above.monoms()} <= set(shape):
        simple = _logistic(above, below, shape[1], b)
        if simple is not None:
            return simple
    if not by_cases:
        return None
    return Rewritten(_by_decay(above, below, b), "a quotient of e^b, in e^{−|b|} ≤ 1")


def _as_polynomials(ratio: Any) -> tuple[sp.Poly, sp.Poly, Any] | None:
    """Numerator and denominator as polynomials in E = e^b, and b; None if the exponents share no b."""
    exps = sorted(set(_exps(ratio)), key=sp.default_sort_key)
    if not exps:
        return None
    parts = [exp.args[0].as_coeff_Add() for exp in exps]
    base = parts[0][1].as_coeff_Mul()[1]
    multiples = [sp.cancel(rest / base) for _, rest in parts]
    if not all(m.is_Rational for m in multiples):
        return None
    unit = reduce(sp.gcd, multiples)
    if max(abs(m / unit) for m in multiples) > MAX_DEGREE or not manageable(ratio):
        return None
    E = sp.Dummy("E", positive=True)
    powers = {
        exp: sp.exp(constant) * E ** (m / unit)
        for exp, m, (constant, _) in zip(exps, multiples, parts, strict=True)
    }
    above, below = sp.fraction(sp.cancel(sp.together(ratio.xreplace(powers))))
    above, below = sp.Poly(above, E), sp.Poly(below, E)
    if max(above.degree(), below.degree()) > MAX_DEGREE:
        return None
    return above, below, base * unit


def _logistic(above: sp.Poly, below: sp.Poly, n: int, b: Any) -> Rewritten | None:
    """(p + r Eⁿ)/(c + d Eⁿ) with c, d > 0, by σ or tanh."""
    E = below.gen
    c, d = below.coeff_monomial(1), below.coeff_monomial(E**n)
    p, r = above.coeff_monomial(1), above.coeff_monomial(E**n)
    if not (c.is_positive and d.is_positive):
        return None
    shifted = n * b + Log(d / c)
    if sp.cancel(p * d + r * c) == 0:
        return Rewritten(r / d * Tanh(shifted / 2), "(e^{2b} − 1)/(e^{2b} + 1) = tanh b")
    if p == 0:
        return Rewritten(r / d * Sigmoid(shifted), "e^b/(1 + e^b) = σ(b)")
    if r == 0:
        return Rewritten(p / c * Sigmoid(-shifted), "1/(1 + e^{−b}) = σ(b)")
    return Rewritten(p / c + (r / d - p / c) * Sigmoid(shifted), "(p + r e^b)/(1 + e^b) = p + (r − p) σ(b)")


def _by_decay(above: sp.Poly, below: sp.Poly, b: Any) -> Any:
    """P(E)/Q(E) = q^{deg Q − deg P} P*(q)/Q*(q) where b > 0, coefficients reversed, with q = e^{−|b|}."""
    q = Exp(-Abs(b))
    up, down = (sp.Poly(poly.all_coeffs()[::-1], poly.gen).as_expr(q) for poly in (above, below))
    return Branch(b, up / down * q ** (below.degree() - above.degree()), above.as_expr(q) / below.as_expr(q))


LAWS: tuple[Law, ...] = (
    _exp_of_softplus,
    _log_of_one,
    _log_of_product,
    _log_of_sum,
    _one_plus_tanh,
    _absolute,
)
