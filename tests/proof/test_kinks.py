"""F2 at every kink: φ' takes the value from the left, and φ has no gap."""

from __future__ import annotations

import re

import numpy as np
import pytest
import sympy as sp

from chainrule.equations import activations
from chainrule.equations.activations import ACTIVATIONS
from chainrule.proof.claims.symbolic import Unproven
from chainrule.proof.mutants.examine import Mutant, applied
from chainrule.proof.subjects.activations import claims, definition_of
from chainrule.proof.theorems import examine, select

BENT = [name for name, activation in ACTIVATIONS.items() if activation.kinks]


def prove(name):
    for claim in claims(name):
        claim.prove()


def proven_with(monkeypatch, name, **change):
    changed = ACTIVATIONS[name]._replace(**change)
    monkeypatch.setitem(activations.ACTIVATIONS, name, changed)
    prove(name)


def at(kink, z):
    """1 where an entry is the kink, a number or a term; else 0."""
    return np.array([int(sp.sympify(u).is_number and float(u) == kink) for u in z])


@pytest.mark.parametrize(("name", "kink"), [(n, kink) for n in BENT for kink in ACTIVATIONS[n].kinks])
def test_the_value_at_a_kink_is_claimed(name, kink, monkeypatch):
    """A φ' that differs at one kink alone is refused, and so is a φ."""
    prove(name)
    right = ACTIVATIONS[name]

    def d_phi(xp, z, a):
        return right.d_phi(xp, z, a) + at(kink, z)

    def phi(xp, z):
        return right.phi(xp, z) + at(kink, z)

    with pytest.raises(Unproven):
        proven_with(monkeypatch, name, d_phi=d_phi)
    with pytest.raises(Unproven):
        proven_with(monkeypatch, name, phi=phi, d_phi=lambda xp, z, a: right.d_phi(xp, z, right.phi(xp, z)))


@pytest.mark.parametrize(
    ("low", "high", "says"),
    [
        (lambda z: z <= -3, lambda z: z < 3, r"must be 1\.5; got 1"),
        (lambda z: z < -3, lambda z: z <= 3, r"must be 0\.0; got -1/2"),
    ],
    ids=["at 3", "at -3"],
)
def test_hardswish_with_a_slope_from_the_right_is_refused(low, high, says):
    """By proof and by measurement. PyTorch and JAX take 1 at z = 3; by the convention of F2 it is 3/2."""

    def from_the_right(xp, z, a):
        return xp.where(low(z), 0 * z, xp.where(high(z), (2 * z + 3) / 6, xp.ones_like(z)))

    theorem = next(theorem for theorem in select(("F2",)) if theorem.name == "hardswish")
    with applied(Mutant("F2", "d_hardswish", "from the right", from_the_right)):
        assert re.search(says, theorem.prove())
        assert theorem.measure()[0] > 0.1
    assert examine(theorem).passed


def test_a_kink_that_is_not_declared_cannot_be_proven(monkeypatch):
    with pytest.raises(Unproven):
        proven_with(monkeypatch, "hardswish", kinks=(-3.0,))


def test_pieces_and_slopes_are_one_for_each_part_and_end():
    for name in ACTIVATIONS:
        definition = definition_of(name)
        assert len(definition.pieces) == len(definition.ends) + 1 == len(definition.slopes) + 1
