"""φ' of an activation, derived from the φ that runs, one rule a line."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

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
from chainrule.proof.claims.claims import Given, between
from chainrule.proof.claims.symbolic import SYMBOLIC
from chainrule.types import Array, Namespace

Z, A = Sym("z"), Sym("a")


def is_built_in(activation: Activation) -> bool:
    """Whether its φ is one of chainrule's own, whatever it is called."""
    return bool(_built_in_name(activation))


def _built_in_name(activation: Activation) -> str:
    known = activations.ACTIVATIONS.values()
    return next((one.name for one in known if one.phi is activation.phi), "")


def slope_section(activation: Activation, layers: str, ledger: Ledger) -> Section:
    """φ and φ' of one activation, and where it is used."""
    name = activation.symbol
    slopes = Slopes(activation, ledger)
    title = f"Activation {activation.name}: {name} and {name}'"
    return Section((title,), (say(f"It is used in {layers}."), *slopes.value(), *slopes.derivative()))


class Slopes:
    """One activation, and the setting in which its steps are checked."""

    def __init__(self, activation: Activation, ledger: Ledger) -> None:
        self.activation, self.ledger, self.way = activation, ledger, way_of(activation)
        self.code = constants(traced(activation.phi, Z))
        self.text = textbook(activation)

    def setting(self, kind: str = "any") -> Setting:
        """The input z is given, a follows by the shipped φ."""
        return Setting(
            dims={"N": 1},
            given={("z", ""): Given((), kind)},
            made={("a", ""): self._phi},
            functions={**({"tanh": _tanh} if self.way.definition else {}), **NAMED},
            lenient=not is_built_in(self.activation),
            branched=("z", "") if kind == "any" else None,
            kinks=self.activation.kinks,
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
        if self.way.definition:
            return [self.chain(A).to(self.text, self.way.definition).done()]
        chain = self.chain(A).to(self.code, "the code, Eq. F2")
        return [chain.by(lambda _: self.text, *self.way.why).done()]

    def derivative(self) -> list[Block]:
        """φ' with every step, down to what the code computes."""
        way = self.way
        before: list[Block] = []
        if way.lemma:
            before = [say("The factor ", *way.why[1:], " first:"), way.lemma(self).done()]
        chain = self.chain(D(A, Z, True)).derivative(self.text, Z, "what is differentiated", plain=True)
        if way.algebra:
            chain.to(way.algebra(self.activation), way.rule)
        shipped = simple(folded(constants(traced(self.activation.d_phi, Z, A))))
        if chain.last != shipped:
            chain.to(shipped, "as the code computes it")
        return [*before, chain.done(), *self.kinks()]

    def kinks(self) -> list[Block]:
        """What is done where φ' jumps."""
        if not self.activation.kinks:
            return []
        places = [part for kink in self.activation.kinks for part in (", ", _number(kink))][1:]
        return [note("At z = ", *places, " the derivative jumps; the code takes the value from the left.")]


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
    """φ as textbooks write it: one formula where the branches of the code agree, else one an interval."""
    text = way_of(activation).text
    if text is not None:
        return text
    code = folded(constants(traced(activation.phi, Z)))
    if not is_built_in(activation) or not any(_branching(node) for node in walk(code)):
        return code
    inside = (Given((), (part,)).numbers(np.random.default_rng(0)) for part in between(activation.kinks))
    lowest, *pieces = (branch(code, float(number)) for number in inside)
    ends = (Rel(">", Z, _number(end)) for end in activation.kinks or (0,))
    return Cases((*list(zip(pieces, ends, strict=True))[::-1], (lowest, None)))


def _number(x: float) -> Num:
    return Num(int(x) if x == int(x) else x)


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


class Way(NamedTuple):
    """How an activation is derived, beyond what the rules do by themselves.

    ``text`` is φ as textbooks write it and ``why`` the reason; ``definition`` names it where the code has
    nothing simpler. ``lemma`` derives the factor that ``why`` names. ``algebra`` leads, by ``rule``, from
    the rules' result to the code's form.
    """

    why: tuple[str | Term, ...] = ("by cases",)
    text: Term | None = None
    definition: str = ""
    lemma: Callable[[Slopes], Steps] | None = None
    algebra: Callable[[Activation], Term] | None = None
    rule: str = ""


def _sigmoid_lemma(slopes: Slopes) -> Steps:
    chain = slopes.chain(D(S, Z, True)).derivative(sigmoid_of(Z), Z, "Eq. H3", plain=True)
    return chain.to(times(S, 1 - S), "e^{−z} = (1 + e^{−z}) − 1, and Eq. H3")


def _normal_lemma(slopes: Slopes) -> Steps:
    text, two = constants(traced(activations.normal_cdf, Z)), Num(2)
    chain = slopes.chain(D(PHI, Z, True))
    chain.derivative(text, Z, "the normal distribution function", plain=True)
    power = Apply("exp", (Neg(over(Pow(Z, two), two)),))
    return chain.to(over(power, Apply("sqrt", (times(two, Sym("π")),))), "the normal density")


def _gelu_slope(activation: Activation) -> Term:
    return folded(constants(traced(activation.d_phi, Z, A)))


S, PHI = Apply("σ", (Z,)), Apply("Φ", (Z,))
UP, DOWN = Apply("exp", (Z,)), Apply("exp", (Neg(Z),))
TANH = over(add(UP, Neg(DOWN)), add(UP, DOWN))
AGREE = ("both branches agree in exact arithmetic; the code's form never overflows",)
SIGMOID = sigmoid_of(Z)

WAYS: dict[str, Way] = {
    "sigmoid": Way(
        AGREE, SIGMOID, algebra=lambda _: times(SIGMOID, 1 - SIGMOID), rule="e^{−z} = (1 + e^{−z}) − 1"
    ),
    "tanh": Way(
        (),
        TANH,
        "the definition of tanh",
        algebra=lambda _: 1 - Pow(TANH, Num(2)),
        rule="divided term by term",
    ),
    "softplus": Way(
        AGREE, softplus_of(Z), algebra=lambda _: SIGMOID, rule="numerator and denominator times e^{−z}"
    ),
    "silu": Way(
        ("written with ", S),
        lemma=_sigmoid_lemma,
        algebra=lambda _: add(S, times(Z, S, 1 - S)),
        rule="the lemma above",
    ),
    "gelu": Way(("written with ", PHI), lemma=_normal_lemma, algebra=_gelu_slope, rule="the lemma above"),
}


def way_of(activation: Activation) -> Way:
    """What is known of a built-in φ; of another one, only that σ and softplus have names."""
    name = _built_in_name(activation)
    return WAYS.get(name, Way()) if name else Way(("σ and softplus by their names",))
