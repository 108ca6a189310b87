"""φ' of an activation, derived from the φ that runs, one rule a line."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from chainrule.derivation.blocks import Block, Section, note, say
from chainrule.derivation.steps import Ledger, Steps
from chainrule.derivation.terms.calculus import simple
from chainrule.derivation.terms.evaluate import Get
from chainrule.derivation.terms.terms import (
    Apply,
    Cases,
    D,
    Neg,
    Num,
    Pow,
    Rel,
    Sym,
    Term,
    add,
    over,
    substitute,
    times,
    walk,
)
from chainrule.derivation.terms.textbook import branch, constants, sigmoid_of, softplus_of
from chainrule.derivation.terms.tracing import traced
from chainrule.derivation.terms.verify import Setting
from chainrule.equations import activations
from chainrule.equations.activations import Activation
from chainrule.proof.claims.claims import Given
from chainrule.proof.claims.symbolic import SYMBOLIC
from chainrule.types import Array, Namespace

Z, A = Sym("z"), Sym("a")
FACTORS = {"silu": Apply("σ", (Z,)), "gelu": Apply("Φ", (Z,))}
"""What the activations that are products are written with."""
Rewriting = tuple[Callable[[Activation], Term], str]


def is_built_in(activation: Activation) -> bool:
    """Whether it is an activation of chainrule's own."""
    return activation.name in activations.ACTIVATIONS


def slope_section(activation: Activation, layers: str, ledger: Ledger) -> Section:
    """φ and φ' of one activation, and where it is used."""
    name = activation.symbol
    slopes = Slopes(activation, ledger)
    title = f"Activation {activation.name}: {name} and {name}'"
    return Section((title,), (say(f"It is used in {layers}."), *slopes.value(), *slopes.derivative()))


class Slopes:
    """One activation, and the setting in which its steps are checked."""

    def __init__(self, activation: Activation, ledger: Ledger) -> None:
        self.activation, self.ledger = activation, ledger
        self.code = constants(traced(activation.phi, Z))
        self.text = textbook(activation)

    def setting(self, kind: str = "any") -> Setting:
        """The input z is given, a follows by the shipped φ."""
        return Setting(
            dims={"N": 1},
            given={("z", ""): Given((), kind)},
            made={("a", ""): self._phi},
            functions={**({"tanh": _tanh} if self.activation.name == "tanh" else {}), **NAMED},
            lenient=not is_built_in(self.activation),
            branched=("z", "") if kind == "any" else None,
        )

    def _phi(self, xp: Namespace, get: Get) -> Array:
        if self.activation.phi is activations.tanh:
            return _tanh(xp, get("z"))
        return self.activation.phi(xp, get("z"))

    def chain(self, left: Term, kind: str = "any", case: tuple[str | Term, ...] = ()) -> Steps:
        """A chain of steps in this setting."""
        return Steps(self.ledger, self.setting(kind), left, case=case)

    def value(self) -> list[Block]:
        """φ as the code has it, and the form that is differentiated."""
        if self.activation.name == "tanh":
            return [self.chain(A).to(self.text, "the definition of tanh").done()]
        chain = self.chain(A).to(self.code, "the code, Eq. F2")
        if self.activation.name in ("silu", "gelu"):
            chain.to(self.text, "written with ", FACTORS[self.activation.name])
        elif not is_built_in(self.activation):
            chain.by(lambda _: self.text, "σ and softplus by their names")
        elif chain.last != self.text:
            chain.to(self.text, _why(self.activation))
        return [chain.done()]

    def derivative(self) -> list[Block]:
        """φ' with every step, down to what the code computes."""
        before: list[Block] = []
        if self.activation.name in ("silu", "gelu"):
            before = self.lemma()
        chain = self.chain(D(A, Z, True)).derivative(self.text, Z, "what is differentiated", plain=True)
        for build, rule in ALGEBRA.get(self.activation.name, ()):
            chain.to(build(self.activation), rule)
        shipped = simple(folded(constants(traced(self.activation.d_phi, Z, A))))
        if chain.last != shipped:
            chain.to(shipped, "as the code computes it")
        after = self.kinks()
        return [*before, chain.done(), *after]

    def lemma(self) -> list[Block]:
        """The derivative of the factor σ of silu, or Φ of gelu."""
        if self.activation.name == "silu":
            s, text = Apply("σ", (Z,)), sigmoid_of(Z)
            chain = self.chain(D(s, Z, True)).derivative(text, Z, "Eq. H3", plain=True)
            chain.to(times(s, 1 - s), "e^{−z} = (1 + e^{−z}) − 1, and Eq. H3")
        else:
            s = Apply("Φ", (Z,))
            text = constants(traced(activations.normal_cdf, Z))
            chain = self.chain(D(s, Z, True)).derivative(
                text, Z, "the normal distribution function", plain=True
            )
            density = over(
                Apply("exp", (Neg(over(Pow(Z, Num(2)), Num(2))),)), Apply("sqrt", (times(Num(2), Sym("π")),))
            )
            chain.to(density, "the normal density")
        return [say("The factor ", s, " first:"), chain.done()]

    def kinks(self) -> list[Block]:
        """What is done where φ' jumps."""
        if not self.activation.kinks:
            return []
        places = ", ".join(f"{kink:g}" for kink in self.activation.kinks)
        return [note(f"At z = {places} the derivative jumps; the code takes the value from the left.")]


def _tanh(xp: Namespace, z: Array) -> Array:
    """Its definition in symbols, the shipped one in numbers: so the numbers check the definition."""
    if xp is not SYMBOLIC:
        return xp.tanh(z)
    return (xp.exp(z) - xp.exp(-z)) / (xp.exp(z) + xp.exp(-z))


def _pi(xp: Namespace) -> Array:
    if xp is not SYMBOLIC:
        return math.pi
    import sympy

    return sympy.pi


NAMED: dict[str, Callable[..., Array]] = {
    "σ": activations.sigmoid,
    "σ'": lambda xp, z: activations.d_sigmoid(xp, z, activations.sigmoid(xp, z)),
    "softplus": activations.softplus,
    "Φ": activations.normal_cdf,
    "Φ'": lambda xp, z: xp.exp(-z * z / 2) / xp.sqrt(np.asarray(2 * _pi(xp))),
}
"""What the letters σ and Φ stand for."""


def textbook(activation: Activation) -> Term:
    """φ as textbooks write it: one formula where both branches of the code agree, else by cases."""
    code = constants(traced(activation.phi, Z))
    if activation.name == "tanh":
        up, down = Apply("exp", (Z,)), Apply("exp", (Neg(Z),))
        return over(add(up, Neg(down)), add(up, down))
    if activation.name in ("sigmoid", "softplus"):
        return {"sigmoid": sigmoid_of, "softplus": softplus_of}[activation.name](Z)
    code = folded(code)
    if not is_built_in(activation):
        return code
    if not any(_branching(node) for node in walk(code)):
        return code
    above, below = (branch(code, positive) for positive in (True, False))
    return Cases(((above, Rel(">", Z, Num(0))), (below, None)))


def _branching(node: Term) -> bool:
    return isinstance(node, Cases) or (isinstance(node, Apply) and node.name in ("abs", "max", "min"))


def folded(node: Term, z: Term = Z) -> Term:
    """Write σ(z) and Φ(z) where their shipped bodies stand, unless they stand alone."""
    known: dict[Term, Term] = {
        traced(activations.sigmoid, z): Apply("σ", (z,)),
        traced(activations.softplus, z): Apply("softplus", (z,)),
        constants(traced(activations.normal_cdf, z)): Apply("Φ", (z,)),
    }
    return substitute(node, known)


def _why(activation: Activation) -> str:
    if activation.name in ("sigmoid", "softplus"):
        return "both branches agree in exact arithmetic; the code's form never overflows"
    return "by cases"


def _sigmoid_squared(activation: Activation) -> Term:
    s = sigmoid_of(Z)
    return times(s, 1 - s)


def _tanh_divided(activation: Activation) -> Term:
    return 1 - Pow(textbook(activation), Num(2))


def _silu_slope(activation: Activation) -> Term:
    s = Apply("σ", (Z,))
    return add(s, times(Z, s, 1 - s))


def _gelu_slope(activation: Activation) -> Term:
    return folded(constants(traced(activation.d_phi, Z, A)))


ALGEBRA: dict[str, tuple[Rewriting, ...]] = {
    "sigmoid": ((_sigmoid_squared, "e^{−z} = (1 + e^{−z}) − 1"),),
    "tanh": ((_tanh_divided, "divided term by term"),),
    "softplus": ((lambda _: sigmoid_of(Z), "numerator and denominator times e^{−z}"),),
    "silu": ((_silu_slope, "the lemma above"),),
    "gelu": ((_gelu_slope, "the lemma above"),),
}
"""What leads from the rules' result to the code's form, beyond the rules themselves."""
