"""Every tag is printed from the function that trains, in columns and in rows."""

from __future__ import annotations

import pytest

from chainrule.derivation.equations import LAYOUTS, TAGS, equation
from chainrule.derivation.terms.entries import columns, entry
from chainrule.derivation.terms.printing import TEXT
from chainrule.derivation.terms.terms import Rel, Sym
from chainrule.derivation.terms.tracing import bias, rows, traced, weights
from chainrule.equations import affine, heads
from chainrule.errors import InputError
from chainrule.proof.mutants.examine import Mutant, applied
from chainrule.proof.theorems import TAGS as PROVEN

PRINTED = {
    "F1": "z^L = W^L a^{L−1} + b^L",
    "F2": "a^L = φ(z^L)",
    "H1": "a^H_m = e^{z^H_m} / Σ_k e^{z^H_k}",
    "H2": "J = −Σ_m y_m log a^H_m",
    "H3": "a^H_m = 1 / (1 + e^{−z^H_m})",
    "H4": "J = −Σ_m (y_m log a^H_m + (1 − y_m) log(1 − a^H_m))",
    "B1": "δ^H = a^H − y",
    "B2": "δ^L = (W^{L+1})ᵀ δ^{L+1} ⊙ φ'(z^L)",
    "B3": "∂J/∂W^L = δ^L (a^{L−1})ᵀ",
    "B4": "∂J/∂b^L = δ^L",
    "P1": "P_2 = ½ Σ_m Σ_k (W^L_{mk})²",
    "P2": "P_1 = Σ_m Σ_k |W^L_{mk}|",
    "Q1": "J = ½ Σ_m (a^H_m − y_m)²",
    "Q2": "δ^H = (a^H − y) ⊙ σ'(z^H)",
    "S1": "y ← (1 − ε) y + ε u",
    "D1": "a^L ← a^L ⊙ r^L",
    "G1": "W^L ← W^L − (η / N) Σ_i ∂J_i/∂W^L",
}

ROWS = {
    "F1": "z^L = a^{L−1} (W^L)ᵀ + b^L",
    "B2": "δ^L = δ^{L+1} W^{L+1} ⊙ φ'(z^L)",
    "B3": "∂J/∂W^L = (δ^L)ᵀ a^{L−1}",
    "B4": "∂J/∂b^L = δ^L",
}

ENTRIES = {
    "F1": "z^L_m = Σ_k W^L_{mk} a^{L−1}_k + b^L_m",
    "B2": "δ^L_m = (Σ_k W^{L+1}_{km} δ^{L+1}_k) φ'(z^L_m)",
    "B3": "∂J/∂W^L_{mk} = δ^L_m a^{L−1}_k",
    "B4": "∂J/∂b^L_m = δ^L_m",
}


def test_every_tag_that_is_proven_is_printed():
    assert set(TAGS) == set(PRINTED) == set(PROVEN) - {"NET"}


@pytest.mark.parametrize(("tag", "text"), PRINTED.items(), ids=PRINTED)
def test_columns(tag, text):
    assert equation(tag).to_text() == text


@pytest.mark.parametrize(("tag", "text"), ROWS.items(), ids=ROWS)
def test_rows(tag, text):
    assert equation(tag).to_text("rows") == text


@pytest.mark.parametrize(("tag", "text"), ENTRIES.items(), ids=ENTRIES)
def test_entries(tag, text):
    assert equation(tag).to_text("entry") == text


@pytest.mark.parametrize("tag", TAGS)
def test_every_form_has_every_notation(tag):
    found = equation(tag)
    for layout in LAYOUTS:
        assert found.to_text(layout)
        assert found.to_latex(layout).count("{") == found.to_latex(layout).count("}")
        assert found.to_mathml(layout).startswith("<math")


@pytest.mark.parametrize(
    ("tag", "module", "name"),
    [
        ("F1", "chainrule.equations.affine", "affine"),
        ("H2", "chainrule.equations.heads", "categorical_cross_entropy"),
        ("B1", "chainrule.equations.heads", "cross_entropy_error"),
        ("B2", "chainrule.equations.network", "hidden_error"),
        ("G1", "chainrule.equations.optimizers", "descend"),
    ],
)
def test_the_function_that_it_is_traced_from(tag, module, name):
    function = equation(tag).function
    assert (function.module, function.name) == (module, name)
    assert str(function).startswith("src/chainrule/")
    assert function.line > 1


def test_the_theorems_that_prove_it():
    assert [t.partition(":")[0] for t in equation("b2").theorems] == ["any φ", "dropout", "input", "step"]


def test_an_unknown_tag():
    with pytest.raises(InputError, match="a tag must be one of F1, F2"):
        equation("B9")
    with pytest.raises(InputError, match="layout must be one of columns, rows"):
        equation("B2").to_text("diagonal")


@pytest.mark.parametrize(
    ("mutant", "tag", "text"),
    [
        (Mutant("B3", "weight_gradient", "", lambda d, a: 2 * (d.T @ a)), "B3", "2 δ^L (a^{L−1})ᵀ"),
        (Mutant("B1", "cross_entropy_error", "", lambda xp, z, a, y: y - a), "B1", "y − a^H"),
        (Mutant("F1", "affine", "", lambda a, W, b: a @ W.T - b), "F1", "W^L a^{L−1} − b^L"),
    ],
    ids=["B3", "B1", "F1"],
)
def test_another_body_is_printed_otherwise(mutant, tag, text):
    """Nothing is typed beside the code: change the code, and the print changes."""
    with applied(mutant):
        assert equation(tag).to_text().partition(" = ")[2] == text
    assert equation(tag).to_text() == PRINTED[tag]


def test_where_the_transposes_come_from():
    L = "L"
    traced = affine.affine(rows("a", L, -1), weights(L), bias(L))
    lines = columns(Rel("=", rows("z", L), traced))
    assert [TEXT(line.equation) for line in lines] == [
        "z^L = a^{L−1} (W^L)ᵀ + b^L",
        "(z^L)ᵀ = (a^{L−1})ᵀ (W^L)ᵀ + (b^L)ᵀ",
        "z^L = ((a^{L−1})ᵀ (W^L)ᵀ + (b^L)ᵀ)ᵀ",
        "z^L = W^L a^{L−1} + b^L",
    ]
    assert lines[-1].rule == "(AB)ᵀ = BᵀAᵀ, (Aᵀ)ᵀ = A"


def test_the_code_of_softmax_keeps_its_shift():
    code = entry(traced(heads.softmax, rows("z", "H")), (None, "m"))
    assert TEXT(code) == "e^{z^H_m − max_k z^H_k} / Σ_k e^{z^H_k − max_j z^H_j}"
    assert equation("H1").to_text("code").endswith(TEXT(code))


def test_shapes_are_held_while_tracing():
    with pytest.raises(InputError, match="traced shapes must agree"):
        (rows("z", 1) + rows("z", 2)).shape  # noqa: B018
    assert affine.affine(rows("a", 0), weights(1), bias(1)).shape == ("N", "n_1")
    assert affine.weight_gradient(rows("δ", 1), rows("a", 0)).shape == ("n_1", "n_0")
    with pytest.raises(TypeError, match="where only"):
        traced(lambda xp, y: y[0], Sym("y", dims=("N", "n_1")))
