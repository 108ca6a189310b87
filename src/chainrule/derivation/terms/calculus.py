"""Terms under the rules of differentiation, and what is carried out at once on the way.

A pass applies one rule to every outermost pending derivative, so that each printed line shows one thing.
What is trivial (a constant's derivative, ∂z_m/∂z_j = [m = j], a sign) is settled in the same pass.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from chainrule.calculus import rules
from chainrule.calculus.rules import Rule, Step
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
    Pow,
    Rel,
    Sym,
    Term,
    add,
    children,
    index_as,
    over,
    rebuilt,
    substitute,
    times,
    walk,
)
from chainrule.derivation.terms.tracing import traced

CONSTANT = Rule("a constant has derivative 0")
KRONECKER = Rule("Kronecker's delta")

OPERATIONS: dict[type[Term], Callable[[Any], tuple[str, tuple[Any, ...]]]] = {
    Add: lambda u: ("+", u.terms),
    Neg: lambda u: ("neg", (u.body,)),
    Mul: lambda u: ("*", u.factors),
    Frac: lambda u: ("/", (u.num, u.den)),
    Pow: lambda u: ("**", (u.base, _exponent(u.exponent))),
    Apply: lambda u: (u.name, u.args),
    Big: lambda u: (u.op, (u.body,)),
    Cases: lambda u: ("where", (u,)),
}


def _exponent(term: Any) -> Any:
    """The number that a power's exponent is."""
    body: Any = term.body if isinstance(term, Neg) else term
    return -body.value if isinstance(term, Neg) else body.value


@dataclass(frozen=True)
class _Terms:
    """Terms in the variable, or in another entry of the same vector."""

    variable: Sym
    plain: bool = False
    add = staticmethod(add)
    times = staticmethod(times)

    def operation(self, u: Term) -> tuple[str, tuple[Any, ...]]:
        return OPERATIONS[type(u)](u)

    def depends(self, u: Term) -> bool:
        by = self.variable
        return any(isinstance(s, Sym) and (s.name, s.sup) == (by.name, by.sup) for s in walk(u))

    def is_symbol(self, u: Term) -> bool:
        return isinstance(u, Sym)

    def d(self, u: Term) -> Term:
        return D(u, self.variable, self.plain)

    def inside(self, u: Term) -> Term:
        if isinstance(u, Apply):  # max(u, v) is u where u > v
            greater = Rel(">", *(u.args if u.name == "max" else u.args[::-1]))
            return Cases(((self.d(u.args[0]), greater), (self.d(u.args[1]), None)))
        if isinstance(u, Cases):
            return Cases(tuple((self.d(found), when) for found, when in u.rows))
        return rebuilt(u, self.d)

    def build(self, body: Callable[[Any, Any], Any], u: Term) -> Term:
        return traced(body, u)


def differentiate(node: Term) -> Iterator[Step]:
    """Lines that lead from a term with pending derivatives to one without."""
    return rules.steps(node, _pending, _apply, _put)


def _pending(node: Term) -> list[D]:
    """Outermost derivatives of what is written out and depends on the variable."""
    if isinstance(node, D) and type(node.of) in OPERATIONS and _Terms(node.by).depends(node.of):
        return [node]
    return [d for child in children(node) for d in _pending(child)]


def _apply(pending: D) -> Step:
    return rules.differentiate(pending.of, _Terms(pending.by, pending.plain))


def _put(node: Term, found: Mapping[Term, Term]) -> Step:
    settled: list[Rule] = []
    return Step(simple(_settled(substitute(node, dict(found)), settled)), tuple(settled))


def _settled(node: Term, used: list[Rule]) -> Term:
    """Derivatives of constants, of the variable itself and of a sign are carried out at once."""
    if not isinstance(node, D):
        return rebuilt(node, lambda child: _settled(child, used))
    if not _Terms(node.by).depends(node.of):
        used.append(CONSTANT)
        return ZERO
    if isinstance(node.of, Sym):
        return _of_symbol(node.of, node.by, used)
    if isinstance(node.of, Neg):
        return Neg(_settled(D(node.of.body, node.by, node.plain), used))
    return node


def _of_symbol(symbol: Sym, by: Sym, used: list[Rule]) -> Term:
    pairs = [(i, j) for i, j in zip(symbol.sub, by.sub, strict=True) if i != j]
    if pairs:
        used.append(KRONECKER)
    return times(*(Delta(i, j) for i, j in pairs))


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
