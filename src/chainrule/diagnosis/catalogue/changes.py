"""Ways to change one term of the equations: another in its place, or something done to the right one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, TypeAlias

from chainrule.diagnosis.catalogue.backprop import State, Term
from chainrule.engines.reference import NUMPY
from chainrule.model.validate import Floats
from chainrule.proof.mutants.wrong import MUTANTS

Factor: TypeAlias = Callable[[State], float]


class Change(NamedTuple):
    """``make`` turns the right term into a wrong one.

    ``wraps``: it keeps the right term and does something to it. ``factor``: it multiplies it by this.
    ``W``: it takes this in the place of W^{L+1}.
    """

    make: Callable[[Term], Term]
    wraps: bool = False
    factor: Factor | None = None
    W: Term | None = None


def instead(term: Term) -> Change:
    """Another term in the place of the right one."""
    return Change(lambda right: term)


def then(f: Callable[[Floats, State, int], Floats]) -> Change:
    """The right term, and something done to it."""
    return Change(lambda right: lambda s, L: f(right(s, L), s, L), wraps=True)


def times(factor: Factor) -> Change:
    """The right term times a factor."""
    return then(lambda value, s, L: value * factor(s))._replace(factor=factor)


def weighted(weights: Callable[[State], Floats]) -> Change:
    """The right term with the samples' errors multiplied by these weights (N,)."""

    def make(right: Term) -> Term:
        def term(s: State, L: int) -> Floats:
            kept = s.delta[L]
            s.delta[L] = kept * weights(s)[:, None]
            try:
                return right(s, L)
            finally:
                s.delta[L] = kept

        return term

    return Change(make, wraps=True)


def mutant(target: str, mistake: str) -> Callable[..., Any]:
    """The wrong function of that name among those that the prover must reject."""
    return next(m.wrong for m in MUTANTS if (m.target, m.mistake) == (target, mistake))


def output(wrong: Callable[..., Any]) -> Change:
    """Eq. B1 by a wrong ``delta(xp, z, a, y)``."""
    return error(lambda s, L: wrong(NUMPY, s.z[L], s.a[L], s.y))


def error(delta: Term) -> Change:
    """Eq. B1 with another error of each sample, which its weight multiplies."""
    return instead(lambda s, L: delta(s, L) * s.w[:, None])


def hidden(mistake: str) -> Change:
    """Eq. B2 by a mutant of `hidden_error`."""
    wrong = mutant("hidden_error", mistake)
    return instead(lambda s, L: wrong(NUMPY, s.phi, s.delta[L + 1], s.W[L + 1], s.z[L], s.a[L]))


def slope(d_phi: Term) -> Change:
    """Eq. B2 with another factor in the place of φ'(z^L)."""
    return instead(lambda s, L: s.back(L) * d_phi(s, L))


def back(term: Term) -> Change:
    """Eq. B2 with another factor in the place of (W^{L+1})ᵀ δ^{L+1}."""
    return instead(lambda s, L: term(s, L) * s.d_phi(s.z[L], s.a[L]))


def back_through(W: Term) -> Change:
    """Eq. B2 with another matrix in the place of W^{L+1}."""
    return back(lambda s, L: s.delta[L + 1] @ W(s, L))._replace(W=W)


def weights(mistake: str) -> Change:
    """Eq. B3 by a mutant of `weight_gradient`."""
    wrong = mutant("weight_gradient", mistake)
    return instead(lambda s, L: wrong(s.delta[L], s.a[L - 1]))


def product(delta: Term, a: Term) -> Change:
    """Eq. B3 with other factors than δ^L and a^{L−1}."""
    return instead(lambda s, L: delta(s, L).T @ a(s, L))


def biases(mistake: str) -> Change:
    """Eq. B4 by a mutant of `bias_gradient`."""
    wrong = mutant("bias_gradient", mistake)
    return instead(lambda s, L: wrong(NUMPY, s.delta[L]))


def summed(delta: Term) -> Change:
    """Eq. B4 with another error than δ^L."""
    return instead(lambda s, L: delta(s, L).sum(axis=0))
