"""What a mistake is: a change of one term of our equations, with what to say about it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple, TypeAlias

from chainrule.diagnosis.catalogue.backprop import RIGHT, State, Term
from chainrule.diagnosis.catalogue.models import Model
from chainrule.engines.reference import NUMPY
from chainrule.model.validate import Floats
from chainrule.proof.mutants.wrong import MUTANTS

Change: TypeAlias = Callable[[Term], Term]


def _always(model: Model) -> bool:
    return True


class Mistake(NamedTuple):
    """A wrong equation: which, in what way, and what comes of it.

    ``change`` turns the right term into the wrong one, in each of the ``slots``; ``wraps`` says that it
    keeps the right term and does something to it. ``yours`` is how it is likely to be written, in the terms
    of a `chainrule.diagnosis.telling.numpy_lines.Spelling`. ``evidence``
    is what the program's text holds where it is this one, of several mistakes with the same numbers.
    """

    key: str
    tag: str
    slots: tuple[str, ...]
    change: Change
    name: str
    term: str
    why: str
    effect: str
    yours: str
    wraps: bool = False
    fits: Callable[[Model], bool] = _always
    updates_only: bool = False
    one_layer: bool = True
    evidence: str = ""


class Applied(NamedTuple):
    """A mistake at certain layers."""

    mistake: Mistake
    layers: tuple[int, ...]


def terms(applied: Iterable[Applied]) -> dict[tuple[str, int], Term]:
    """The changed terms of several mistakes; one that wraps is done to what the others put in place."""
    changed: dict[tuple[str, int], Term] = {}
    for mistake, layers in sorted(applied, key=lambda one: one.mistake.wraps):
        for slot in mistake.slots:
            for L in layers:
                changed[slot, L] = mistake.change(changed.get((slot, L), RIGHT[slot]))
    return changed


def instead(term: Term) -> Change:
    """Another term in the place of the right one."""
    return lambda right: term


def then(f: Callable[[Floats, State, int], Floats]) -> Change:
    """The right term, and something done to it."""
    return lambda right: lambda s, L: f(right(s, L), s, L)


def times(factor: Callable[[State], float]) -> Change:
    """The right term times a factor."""
    return then(lambda value, s, L: value * factor(s))


def mutant(target: str, mistake: str) -> Callable[..., Any]:
    """The wrong function of that name among those that the prover must reject."""
    return next(m.wrong for m in MUTANTS if (m.target, m.mistake) == (target, mistake))


def output(wrong: Callable[..., Any]) -> Change:
    """Eq. B1 by a wrong ``delta(xp, z, a, y)``."""
    return instead(lambda s, L: wrong(NUMPY, s.z[L], s.a[L], s.y) * s.w[:, None])


def hidden(mistake: str) -> Change:
    """Eq. B2 by a mutant of `hidden_error`."""
    wrong = mutant("hidden_error", mistake)
    return instead(lambda s, L: wrong(NUMPY, s.phi, s.delta[L + 1], s.W[L + 1], s.z[L], s.a[L]))


def weights(mistake: str) -> Change:
    """Eq. B3 by a mutant of `weight_gradient`."""
    wrong = mutant("weight_gradient", mistake)
    return instead(lambda s, L: wrong(s.delta[L], s.a[L - 1]))


def biases(mistake: str) -> Change:
    """Eq. B4 by a mutant of `bias_gradient`."""
    wrong = mutant("bias_gradient", mistake)
    return instead(lambda s, L: wrong(NUMPY, s.delta[L]))


def slope(d_phi: Callable[[State, int], Floats]) -> Change:
    """Eq. B2 with another factor in the place of φ'(z^L)."""
    return instead(lambda s, L: s.back(L) * d_phi(s, L))


def places(mistake: Mistake, H: int) -> Iterator[tuple[int, ...]]:
    """The layers where it may be: everywhere first, then one layer alone."""
    slot = mistake.slots[0]
    if slot in ("B1", "H"):
        yield (H,)
        return
    every = tuple(range(1, H if slot in ("B2", "F2") else H + 1))
    if every:
        yield every
    if mistake.one_layer and len(every) > 1:
        if slot in ("B3", "B4") and H > 2:
            yield every[:-1]
        yield from ((L,) for L in reversed(every))


def weighted(weights: Callable[[State], Floats]) -> Change:
    """The right term with the samples' errors multiplied by these weights (N,)."""

    def change(right: Term) -> Term:
        def term(s: State, L: int) -> Floats:
            kept = s.delta[L]
            s.delta[L] = kept * weights(s)[:, None]
            try:
                return right(s, L)
            finally:
                s.delta[L] = kept

        return term

    return change
