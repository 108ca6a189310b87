"""The checker is checked: no wrong equation passes, neither the proof nor the measurement."""

from __future__ import annotations

import pytest

from chainrule.equations import activations, heads, network
from chainrule.proof.claims.sizes import is_general
from chainrule.proof.mutants.examine import MUTANTS, Mutant, applied, judge, table
from chainrule.proof.theorems import TAGS, examine, select


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: f"{mutant.target} {mutant.mistake}")
def test_killed(mutant):
    verdict = judge(mutant)
    assert verdict.failure, "the proof let it pass"
    assert verdict.error > 1e-3, "the measurement let it pass"
    if any(is_general(claim) for theorem in select((mutant.tag,)) for claim in theorem.claims()):
        assert verdict.general, "the proofs for any sizes let it pass"


def test_there_are_enough_of_them_and_for_every_tag():
    assert len(MUTANTS) >= 40
    assert {mutant.tag for mutant in MUTANTS} == set(TAGS)
    assert len({(mutant.target, mutant.mistake) for mutant in MUTANTS}) == len(MUTANTS)


def test_a_mutant_is_everywhere_and_then_gone():
    right = activations.sigmoid
    mutant = Mutant("H3", "sigmoid", "—", lambda xp, z: z)
    with applied(mutant):
        assert activations.sigmoid is heads.sigmoid is heads.HEADS["sigmoid"].predict is mutant.wrong
        assert activations.ACTIVATIONS["sigmoid"].phi is mutant.wrong
    assert activations.sigmoid is heads.sigmoid is heads.HEADS["sigmoid"].predict is right
    assert activations.ACTIVATIONS["sigmoid"].phi is right


def test_what_is_not_wrong_survives_and_the_table_says_so():
    right = network.hidden_error
    verdict = judge(Mutant("B2", "hidden_error", "none at all", lambda *given: right(*given)))
    assert not verdict.killed
    text = table([verdict, judge(MUTANTS[0])])
    assert text.splitlines()[0].startswith("SURVIVED B2")
    assert text.splitlines()[-2:] == [
        "1 of 2 mutants rejected by proof and by measurement",
        "proofs at fixed sizes reject 1, proofs for any sizes 1",
    ]


def test_the_equations_are_right_again_afterwards():
    for theorem in select(("B1", "B2")):
        assert examine(theorem).passed
