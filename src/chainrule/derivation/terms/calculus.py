"""The rules of differentiation, one at a time: a pending ∂u/∂x becomes what its rule says, and says which.

A pass applies one rule to every outermost pending derivative, so that each printed line shows one thing.
What is trivial (a constant's derivative, ∂z_m/∂z_j = [m = j], a sign) is settled in the same pass.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from chainrule.derivation.terms.terms import (
    ONE,
    ZERO,
    Add,
    Apply,
    Big,
    Cases,
    D,
    Delta,
    Frac,
    Mul,
    Neg,
    Num,
    Pow,
    Rel,
    Sym,
    Term,
    add,
    index_as,
    over,
    rebuilt,
    times,
    walk,
)


class Pass(NamedTuple):
    """What a pass makes of a term, and the rules that it applied."""

    term: Term
    rules: tuple[str, ...]


def differentiate(node: Term, limit: int = 20) -> Iterator[Pass]:
    """Lines that lead from a term with pending derivatives to one without."""
    for _ in range(limit):
        after = one_pass(node)
        if after.term == node:
            return
        yield after
        node = after.term


def one_pass(node: Term) -> Pass:
    """Apply one rule to every outermost pending derivative, and settle what is trivial."""
    rules: list[str] = []
    out = node
    while not rules:
        before = out
        out = simple(_settled(_rewritten(before, rules), rules))
        if out == before:
            break
    return Pass(out, tuple(dict.fromkeys(rules)))


def _rewritten(node: Term, rules: list[str]) -> Term:
    if not is_pending(node):
        return rebuilt(node, lambda child: _rewritten(child, rules))
    assert isinstance(node, D)
    found = _RULES.get(type(node.of))
    if found is None:
        return node
    return found(node.of, _with(node), rules)


def _settled(node: Term, rules: list[str]) -> Term:
    """Derivatives of constants, of the variable itself and of a sign are carried out at once."""
    if not isinstance(node, D):
        return rebuilt(node, lambda child: _settled(child, rules))
    if not depends(node.of, node.by):
        rules.append("a constant has derivative 0")
        return ZERO
    if isinstance(node.of, Sym):
        return _of_symbol(node.of, node.by, rules)
    if isinstance(node.of, Neg):
        return Neg(_settled(D(node.of.body, node.by, node.plain), rules))
    return node


def _of_symbol(symbol: Sym, by: Sym, rules: list[str]) -> Term:
    pairs = [(i, j) for i, j in zip(symbol.sub, by.sub, strict=True) if i != j]
    if pairs:
        rules.append("Kronecker's delta")
    return times(*(Delta(i, j) for i, j in pairs)) if pairs else ONE


def is_pending(node: Term) -> bool:
    """Whether this is the derivative of something that is written out and depends on the variable."""
    return isinstance(node, D) and not isinstance(node.of, Sym) and depends(node.of, node.by)


def depends(node: Term, by: Sym) -> bool:
    """Whether the variable, or another entry of the same vector, occurs."""
    return any(isinstance(s, Sym) and (s.name, s.sup) == (by.name, by.sup) for s in walk(node))


Differential = Callable[[Term], Term]


def _with(pending: D) -> Differential:
    return lambda u: D(u, pending.by, pending.plain)


def _sum(node: Add, d: Differential, rules: list[str]) -> Term:
    rules.append("sum rule")
    return add(*map(d, node.terms))


def _negative(node: Neg, d: Differential, rules: list[str]) -> Term:
    return Neg(d(node.body))


def _product(node: Mul, d: Differential, rules: list[str]) -> Term:
    by = _variable(d)
    moving = [i for i, factor in enumerate(node.factors) if depends(factor, by)]
    if len(moving) == 1:
        rules.append("a constant factor stays")
    else:
        rules.append("product rule")
    return add(*(times(*(d(f) if place == i else f for place, f in enumerate(node.factors))) for i in moving))


def _variable(d: Differential) -> Sym:
    probe = d(ZERO)
    assert isinstance(probe, D)
    return probe.by


def _quotient(node: Frac, d: Differential, rules: list[str]) -> Term:
    by = _variable(d)
    if not depends(node.den, by):
        rules.append("a constant factor stays")
        return over(d(node.num), node.den)
    if not depends(node.num, by):
        rules.append("(1/u)' = −u'/u²")
        return Neg(Frac(times(node.num, d(node.den)), squared(node.den)))
    rules.append("quotient rule, (u/v)' = (u'v − uv')/v²")
    top = add(times(d(node.num), node.den), Neg(times(node.num, d(node.den))))
    return Frac(top, squared(node.den))


def squared(node: Term) -> Term:
    """node²."""
    return Pow(node, Num(2))


def _power(node: Pow, d: Differential, rules: list[str]) -> Term:
    assert isinstance(node.exponent, Num)
    n = node.exponent.value
    rules.append("power rule and chain rule" if not isinstance(node.base, Sym) else "power rule")
    lower = node.base if n == 2 else Pow(node.base, Num(n - 1))
    return times(Num(n), lower, d(node.base))


def _applied(node: Apply, d: Differential, rules: list[str]) -> Term:
    u = node.args[0]
    chain = "" if isinstance(u, Sym) else "chain rule, "
    if node.name == "exp":
        rules.append(f"{chain}(e^u)' = e^u u'" if chain else "(e^z)' = e^z")
        return times(node, d(u))
    if node.name == "log":
        rules.append(f"{chain}(log u)' = u'/u" if chain else "(log u)' = 1/u")
        return over(d(u), u)
    if node.name in SLOPES:
        slope_at, rule = SLOPES[node.name]
        rules.append(f"{chain}{rule}")
        return times(slope_at(u), d(u))
    if node.name in ("max", "min"):
        return _extreme(node, d, rules)
    if node.name == "erf":
        rules.append(f"{chain}erf' u = 2 e^{{−u²}} / √π")
        slope = Frac(times(Num(2), Apply("exp", (Neg(squared(u)),))), Apply("sqrt", (Sym("π"),)))
        return times(slope, d(u))
    rules.append(
        f"chain rule with {node.name}'" if chain else f"{node.name}' is the derivative of {node.name}"
    )
    return times(Apply(f"{node.name}'", node.args), d(u))


def _extreme(node: Apply, d: Differential, rules: list[str]) -> Term:
    rules.append(f"the derivative of what the {node.name}imum is")
    u, v = node.args if node.name == "max" else node.args[::-1]
    return Cases(((d(node.args[0]), Rel(">", u, v)), (d(node.args[1]), None)))


SLOPES: dict[str, tuple[Callable[[Term], Term], str]] = {
    "tanh": (lambda u: 1 - squared(Apply("tanh", (u,))), "tanh' = 1 − tanh²"),
    "sin": (lambda u: Apply("cos", (u,)), "sin' = cos"),
    "cos": (lambda u: Neg(Apply("sin", (u,))), "cos' = −sin"),
    "arctan": (lambda u: over(ONE, 1 + squared(u)), "arctan' u = 1/(1 + u²)"),
    "arcsinh": (lambda u: over(ONE, Apply("sqrt", (1 + squared(u),))), "arcsinh' u = 1/√(1 + u²)"),
    "sqrt": (lambda u: over(ONE, 2 * Apply("sqrt", (u,))), "√' u = 1/(2√u)"),
    "abs": (lambda u: Apply("sign", (u,)), "|u|' = sign u"),
    "sign": (lambda u: ZERO, "sign' = 0 but at the jump"),
    "softplus": (lambda u: Apply("σ", (u,)), "softplus' = σ"),
    "σ": (lambda u: times(Apply("σ", (u,)), 1 - Apply("σ", (u,))), "σ' = σ (1 − σ)"),
}
"""Derivatives of functions by name, and their rules."""


def _total(node: Big, d: Differential, rules: list[str]) -> Term:
    rules.append("sum rule")
    return Big(node.op, node.index, d(node.body), node.upper)


def _branches(node: Cases, d: Differential, rules: list[str]) -> Term:
    rules.append("each branch by itself")
    return Cases(tuple((d(found), when) for found, when in node.rows))


_RULES: dict[type[Term], Callable[[Any, Differential, list[str]], Term]] = {
    Add: _sum,
    Neg: _negative,
    Mul: _product,
    Frac: _quotient,
    Pow: _power,
    Apply: _applied,
    Big: _total,
    Cases: _branches,
}


def simple(node: Term) -> Term:
    """Products with 0 and 1, sums with 0 and double signs carried out."""
    node = rebuilt(node, simple)
    if isinstance(node, Mul):
        return _simple_product(node)
    if isinstance(node, Neg):
        return ZERO if node.body == ZERO else node.body.body if isinstance(node.body, Neg) else node
    if isinstance(node, Frac) and isinstance(node.num, Neg):
        return simple(Neg(Frac(node.num.body, node.den)))
    if isinstance(node, Frac) and node.num == ZERO:
        return ZERO
    if isinstance(node, Big) and node.body == ZERO:
        return ZERO
    if isinstance(node, Add):
        return add(*(part for part in node.terms if part != Neg(ZERO)))
    return node


def _simple_product(node: Mul) -> Term:
    if ZERO in node.factors:
        return ZERO
    signs = sum(isinstance(factor, Neg) for factor in node.factors)
    bare = [f.body if isinstance(f, Neg) else f for f in node.factors]
    above = [f.num if isinstance(f, Frac) else f for f in bare]
    below = [f.den for f in bare if isinstance(f, Frac)]
    top = times(*(factor for factor in above if factor != ONE))
    out = Frac(top, times(*below)) if below else top
    return Neg(out) if signs % 2 else out


def collapse(node: Term) -> Term:
    """Σ_k [k = j] f_k = f_j: of a sum over Kronecker's delta one summand remains."""
    node = rebuilt(node, collapse)
    if not isinstance(node, Big) or node.op != "Σ":
        return node
    deltas = [d for d in walk(node.body) if isinstance(d, Delta) and node.index in (d.i, d.j)]
    if not deltas:
        return node
    other = deltas[0].j if deltas[0].i == node.index else deltas[0].i
    rest = _without(node.body, deltas[0])
    return node if rest is None else simple(index_as(rest, node.index, other))


def _without(node: Term, delta: Delta) -> Term | None:
    """The term with 1 for a delta that is a factor of it, and of every summand; None where it is not."""
    if node == delta:
        return ONE
    if isinstance(node, Neg):
        rest = _without(node.body, delta)
        return None if rest is None else Neg(rest)
    if isinstance(node, Frac):
        rest = _without(node.num, delta)
        return None if rest is None else over(rest, node.den)
    if isinstance(node, Add):
        parts = [rest for part in node.terms if (rest := _without(part, delta)) is not None]
        return add(*parts) if len(parts) == len(node.terms) else None
    if isinstance(node, Mul):
        for place, factor in enumerate(node.factors):
            if (rest := _without(factor, delta)) is not None:
                return times(*node.factors[:place], rest, *node.factors[place + 1 :])
    return None


def decided(node: Term, i: str, j: str, equal: bool) -> Term:
    """The case i = j, written with j, or the case i ≠ j: Kronecker's deltas become 1 or 0."""

    def put(part: Term) -> Term:
        if isinstance(part, Delta) and {part.i, part.j} == {i, j}:
            return ONE if equal else ZERO
        return rebuilt(part, put)

    out = simple(put(node))
    return index_as(out, i, j) if equal else out
