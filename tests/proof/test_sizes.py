"""Claims for any sizes: what holds is proven, what holds at some sizes only is refused."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest
import sympy as sp

from chainrule.equations.affine import affine, weight_gradient
from chainrule.proof.claims.claims import Derivative, Given
from chainrule.proof.claims.sizes import (
    MEASURED,
    AnyDerivative,
    AnyIdentity,
    N,
    is_general,
    n0,
    n1,
)
from chainrule.proof.claims.symbolic import Unproven
from chainrule.proof.mutants.examine import MUTANTS, Mutant, applied, judge
from chainrule.proof.subjects import layers
from chainrule.proof.theorems import THEOREMS, select
from tests.patience import PATIENCE

ANY_N = [theorem for theorem in THEOREMS if "any N" in theorem.statement]
GENERAL = [theorem for theorem in THEOREMS if any(map(is_general, theorem.claims()))]
RIGHT_AT_SOME_SIZES = [mutant for mutant in MUTANTS if "right for" in mutant.mistake]


def name(theorem):
    return f"{theorem.tag} {theorem.name}"


def test_a_statement_says_any_where_a_claim_does():
    assert [t for t in THEOREMS if "any widths" in t.statement or "any K" in t.statement] == GENERAL
    assert {"F1", "H1", "H2", "H4", "B1", "B2", "B3", "B4", "D1", "P1", "P2", "Q1", "Q2", "S1", "NET"} == {
        theorem.tag for theorem in GENERAL
    }


@pytest.mark.parametrize("theorem", ANY_N, ids=name)
def test_every_array_of_such_a_claim_has_symbols_for_sizes(theorem):
    claims = list(filter(is_general, theorem.claims()))
    assert all(N in set().union(*(item.shape for item in claim.given.values())) for claim in claims)
    sizes = {size for claim in claims for item in claim.given.values() for size in item.shape}
    assert {size for size in sizes if not isinstance(size, sp.Symbol)} <= {1}


@pytest.mark.parametrize("mutant", RIGHT_AT_SOME_SIZES, ids=lambda m: f"{m.target} {m.mistake}")
def test_proofs_at_fixed_sizes_let_it_pass(mutant):
    verdict = judge(mutant)
    assert verdict.fixed == ""
    assert "for any sizes" in verdict.general
    with applied(mutant):
        fixed = [c for t in select((mutant.tag,)) for c in t.claims() if isinstance(c, Derivative)]
        assert all(claim.error() < 1e-8 for claim in fixed if not is_general(claim))


def test_only_symbols_see_what_is_right_at_every_size_measured():
    sizes = {sizes[N] for sizes in MEASURED} | {2}

    def right_at_those(delta, a):
        off = np.prod([delta.shape[0] - size for size in sorted(sizes)])
        return weight_gradient(delta, a) * (1 + off)

    verdict = judge(Mutant("B3", "weight_gradient", "right where we look", right_at_those))
    assert verdict.error < 1e-8
    assert verdict.fixed == ""
    assert verdict.general.startswith("∂/∂W[p, q] must be Sum(")


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (lambda d, a: a.T @ d, r"∂/∂W must have the shape \(n_1, n_0\); got \(n_0, n_1\)"),
        (lambda d, a: d @ a.T, r"same size inside, for any sizes; got \(N, n_1\) @ \(n_0, N\)"),
        (
            lambda d, a: -d.T @ a,
            r"∂/∂W\[p, q\] must be Sum\(a\[j1, q\]\*v\[j1, p\], \(j1, 1, N\)\); got -Sum",
        ),
        (lambda d, a: d.T @ (a * a), r"got Sum\(a\[j1, q\]\*\*2\*v\[j1, p\]"),
    ],
)
def test_a_wrong_gradient_is_refused_and_told(wrong, said):
    claim = AnyDerivative(
        layers.ANY_LAYER, lambda xp, v: v.v * affine(v.a, v.W, v.b), lambda xp, v: {"W": wrong(v.v, v.a)}
    )
    with pytest.raises(Unproven, match=said):
        claim.prove()


def test_a_wrong_identity_is_refused():
    given = {"a": Given((N, n0)), "W": Given((n1, n0)), "b": Given((n1,))}
    right = AnyIdentity(given, lambda xp, v: v.a @ v.W.T, lambda xp, v: affine(v.a, v.W, v.b) - v.b)
    right.prove()
    assert right.error() < 1e-14
    wrong = AnyIdentity(given, lambda xp, v: v.a @ v.W.T, lambda xp, v: affine(v.a, v.W, v.b))
    with pytest.raises(Unproven, match=r"\[p, q\] must be b\[q\] \+ Sum"):
        wrong.prove()
    assert wrong.error() > 1e-3


def test_a_maximum_that_does_not_cancel_is_refused():
    given = {"z": Given((N, n0)), "v": Given((N, n0))}

    def value(xp, v):
        return v.v * (v.z - xp.max(v.z, axis=1, keepdims=True))

    with pytest.raises(Unproven, match=r"∂/∂m\[p\] must be 0; got -Sum\(v\[p, j1\]"):
        AnyDerivative(given, value, lambda xp, v: {"z": v.v}).prove()


@pytest.mark.parametrize("theorem", GENERAL, ids=name)
def test_jax_agrees_at_every_size_measured(theorem):
    pytest.importorskip("jax", reason="JAX is not installed: pip install jax")
    errors = [claim.autodiff_error() for claim in theorem.claims() if is_general(claim)]
    assert max((error for error in errors if error is not None), default=0.0) < 1e-12


def test_the_table_has_the_column_of_jax_for_any_sizes():
    pytest.importorskip("jax", reason="JAX is not installed: pip install jax")
    done = subprocess.run(
        [sys.executable, "-m", "chainrule", "prove", "B2", "B3"],
        capture_output=True,
        encoding="utf-8",
        env={**os.environ, "COLUMNS": "140", "PYTHONUTF8": "1"},
        timeout=PATIENCE,
        check=True,
    )
    heading, *rows, _ = done.stdout.splitlines()
    assert "autodiff" in heading
    assert len(rows) == 5
    assert not any(" — " in row for row in rows)
