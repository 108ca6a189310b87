"""From the stable form in the code to the textbook's: rewritings that leave the value as it is.

The code subtracts softmax's maximum, takes sigmoid by e^{−|z|} and losses from logits, so that nothing
overflows. In exact arithmetic those are the textbook's formulas; `chainrule.derivation.terms.verify`
holds every rewriting here to that, symbolically and in numbers.
"""

from __future__ import annotations

from fractions import Fraction
from math import pi

import numpy as np

from chainrule.derivation.terms.calculus import simple
from chainrule.derivation.terms.evaluate import COMPLEX, World, chosen, value
from chainrule.derivation.terms.terms import (
    ZERO,
    Add,
    Apply,
    Big,
    Cases,
    Frac,
    Had,
    Index,
    Mul,
    Neg,
    Num,
    Reduce,
    Sym,
    Term,
    add,
    children,
    index_as,
    rebuilt,
    substitute,
    times,
    walk,
)
from chainrule.derivation.terms.tracing import traced
from chainrule.equations import activations, heads


def without_shift(node: Term) -> Term:
    """Softmax without the maximum that its exponents have in common: it cancels."""
    maxima: dict[Term, Term] = {
        part: ZERO for part in walk(node) if isinstance(part, Reduce | Big) and part.op == "max"
    }
    return simple(substitute(node, maxima))


def branch(node: Term, at: float) -> Term:
    """The term with |u|, max, min and "where" decided as they are where z is the number ``at``."""

    def number(part: Term) -> float:
        numbers: dict[Term, Term] = {z: Num(at) for z in walk(part) if isinstance(z, Sym)}
        return float(np.real(value(substitute(part, numbers), World(COMPLEX, {}, {}))))

    def decide(part: Term) -> Term:
        if isinstance(part, Cases):
            return decide(chosen(part, number))
        if isinstance(part, Apply) and part.name in ("max", "min"):
            return decide((max if part.name == "max" else min)(part.args, key=number))
        if isinstance(part, Apply) and part.name == "abs":
            return decide(part.args[0] if number(part.args[0]) >= 0 else Neg(part.args[0]))
        return rebuilt(part, decide)

    return _cancelled(simple(decide(node)))


def _cancelled(node: Term) -> Term:
    """Write z for z 6 / 6."""
    node = rebuilt(node, _cancelled)
    if isinstance(node, Frac) and isinstance(node.num, Mul) and node.den in node.num.factors:
        at = node.num.factors.index(node.den)
        return times(*node.num.factors[:at], *node.num.factors[at + 1 :])
    return node


def sigmoid_of(z: Term) -> Term:
    """1 / (1 + e^{−z}): the shipped σ in the branch z ≥ 0."""
    return branch(traced(activations.sigmoid, z), at=1)


def softplus_of(z: Term) -> Term:
    """log(1 + e^z): the shipped softplus in the branch z < 0."""
    return branch(traced(activations.softplus, z), at=-1)


def fold_d_sigmoid(node: Term, z: Term, a: Term) -> Term:
    """Write σ'(z) where the shipped a (1 − a) stands among the factors."""
    slope = children(traced(activations.d_sigmoid, z, a))
    if isinstance(node, Had | Mul):
        factors = node.factors
        for place in range(len(factors) - len(slope) + 1):
            if factors[place : place + len(slope)] == slope:
                after = factors[place + len(slope) :]
                return times(*factors[:place], Apply("σ'", (z,)), *after)
    return node


def loss_of_outputs(head: heads.Head, z: Sym, a: Sym, y: Sym) -> Term:
    """The loss by the outputs a in the place of the logits: log a for what the code computes stably."""
    logs: dict[Term, Term] = {
        traced(heads.log_softmax, z): Apply("log", (a,)),
        traced(activations.softplus, -z): Neg(Apply("log", (a,))),
        traced(activations.softplus, z): Neg(Apply("log", (1 - a,))),
        traced(activations.sigmoid, z): a,
    }
    return halves(signs_out(substitute(traced(head.loss, z, y), logs)))


def signs_out(node: Term) -> Term:
    """Pull a sign that all summands have in front of the sum."""
    node = rebuilt(node, signs_out)
    if isinstance(node, Mul | Had):
        signs = [factor for factor in node.factors if isinstance(factor, Neg)]
        bare = times(*(f.body if isinstance(f, Neg) else f for f in node.factors))
        return Neg(bare) if len(signs) % 2 else bare
    if isinstance(node, Add) and all(isinstance(part, Neg) for part in node.terms):
        return Neg(add(*(part.body for part in node.terms if isinstance(part, Neg))))
    if isinstance(node, Big) and isinstance(node.body, Neg):
        return Neg(Big(node.op, node.index, node.body.body, node.upper))
    if isinstance(node, Reduce) and isinstance(node.body, Neg):
        return Neg(Reduce(node.op, node.body.body, node.axis, node.keepdims))
    return node.body.body if isinstance(node, Neg) and isinstance(node.body, Neg) else node


def halves(node: Term) -> Term:
    """Write ½ Σ for (Σ) / 2."""
    node = rebuilt(node, halves)
    if isinstance(node, Frac) and isinstance(node.num, Reduce | Big) and isinstance(node.den, Num):
        return Mul((Num(Fraction(1) / Fraction(node.den.value)), node.num))
    return node


def constants(node: Term) -> Term:
    """Write √2 for 1.4142… and 1/6 for 0.1666…, as the shipped bodies mean it."""
    node = rebuilt(node, constants)
    return _constant(node.value) if isinstance(node, Num) and isinstance(node.value, float) else node


def _constant(value: float) -> Term:
    if len(repr(value)) <= 12:
        return Num(value)
    fraction = Fraction(value).limit_denominator(1000)
    if float(fraction) == value:
        return Num(fraction)
    square = Fraction(value * value).limit_denominator(1000)
    if abs(float(square) - value * value) < 1e-12:
        root = Num(square.numerator if square.denominator == 1 else square)
        return Apply("sqrt", (root,))
    of_pi = Fraction(value * value / pi).limit_denominator(1000)
    if abs(float(of_pi) * pi - value * value) < 1e-12:
        return Apply("sqrt", (times(Num(int(of_pi) if of_pi.denominator == 1 else of_pi), Sym("π")),))
    return Num(value)


def renamed(node: Term, old: Index, new: Index) -> Term:
    """The same sums with another letter for the bound index."""
    if isinstance(node, Big) and node.index == old:
        return Big(node.op, str(new), index_as(node.body, old, new), node.upper)
    return rebuilt(node, lambda child: renamed(child, old, new))


def together(node: Term) -> Term:
    """Write (η/N) Σ for η (Σ / N)."""
    node = rebuilt(node, together)
    if not isinstance(node, Mul) or len(node.factors) != 2:
        return node
    first, fraction = node.factors
    if isinstance(fraction, Frac):
        return Mul((Frac(first, fraction.den), fraction.num))
    return node
