"""Fewest brackets, and what is printed means what was meant: read back from text, LaTeX and MathML."""

from __future__ import annotations

import math
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chainrule.derivation.terms.print_latex import LATEX
from chainrule.derivation.terms.print_mathml import MATHML
from chainrule.derivation.terms.printing import TEXT
from chainrule.derivation.terms.terms import (
    Add,
    Apply,
    Big,
    Cases,
    D,
    Delta,
    Frac,
    Had,
    MatMul,
    Mul,
    Neg,
    Num,
    Pow,
    Rel,
    Sym,
    Transpose,
    add,
    times,
)
from tests.derivation.reading import from_latex, from_mathml, from_text

VALUES = {"a": 1.5, "b": 0.25, "c": 3.0}
a, b, c = map(Sym, VALUES)
W = Sym("W", "L+1", dims=("n_L+1", "n_L"))
z, delta = (Sym(name, "L", dims=("N", "n_L")) for name in ("z", "δ"))

leaves = st.sampled_from([a, b, c, Num(2), Num(0.5), Num(3), Num(Fraction(1, 2)), Num(Fraction(2, 3))])


def _grown(inner):
    positive = inner.map(lambda t: Pow(t, Num(2)))
    return st.one_of(
        st.lists(inner, min_size=2, max_size=3).map(lambda t: add(*t)),
        st.lists(inner, min_size=2, max_size=3).map(lambda t: Mul(tuple(t))),
        inner.map(Neg),
        st.tuples(inner, positive.map(lambda t: add(t, Num(1)))).map(lambda t: Frac(*t)),
        st.tuples(inner, st.sampled_from([2, 3])).map(lambda t: Pow(t[0], Num(t[1]))),
        inner.map(lambda t: Apply("tanh", (t,))),
        inner.map(lambda t: Apply("σ", (Apply("tanh", (t,)),))),
        inner.map(lambda t: Apply("exp", (Neg(Apply("abs", (Apply("tanh", (t,)),))),))),
        positive.map(lambda t: Apply("log", (add(t, Num(1)),))),
    )


terms = st.recursive(leaves, _grown, max_leaves=7)


def meaning(term):
    """The number that a term stands for, read from the tree itself."""
    if isinstance(term, Sym):
        return VALUES[term.name]
    if isinstance(term, Num):
        return float(term.value)
    if isinstance(term, Add):
        return sum(map(meaning, term.terms))
    if isinstance(term, Neg):
        return -meaning(term.body)
    if isinstance(term, Mul):
        return math.prod(map(meaning, term.factors))
    if isinstance(term, Frac):
        return meaning(term.num) / meaning(term.den)
    if isinstance(term, Pow):
        return meaning(term.base) ** meaning(term.exponent)
    functions = {"log": math.log, "tanh": math.tanh, "exp": math.exp, "abs": abs}
    functions["σ"] = lambda x: 1 / (1 + math.exp(-x))
    return functions[term.name](meaning(term.args[0]))


@given(terms)
def test_text_is_read_as_it_was_meant(term):
    assert from_text(TEXT(term), **VALUES) == pytest.approx(meaning(term), rel=1e-9, abs=1e-9)


@given(terms)
def test_latex_is_read_as_it_was_meant(term):
    assert from_latex(LATEX(term), **VALUES) == pytest.approx(meaning(term), rel=1e-9, abs=1e-9)


@given(terms)
def test_mathml_is_read_as_it_was_meant(term):
    assert from_mathml(MATHML(term), **VALUES) == pytest.approx(meaning(term), rel=1e-9, abs=1e-9)


FORK = Cases(((a, Rel(">", b, Num(0))), (c, None)))
total = Big("Σ", "k", times(Sym("W", sub=("m", "k")), Sym("a", sub=("k",))), "n_1")


@pytest.mark.parametrize(
    ("term", "text"),
    [
        (a - (b - c), "a − (b − c)"),
        (a - b - c, "a − b − c"),
        ((a + b) * c, "(a + b) c"),
        (a * b + c, "a b + c"),
        (a * Num(2), "a · 2"),
        (Num(2) * a, "2 a"),
        (a * (-b), "a (−b)"),
        (a * Neg(Num(2)), "a · (−2)"),
        (-(a * b), "−a b"),
        (-(a + b), "−(a + b)"),
        (a / b / c, "a / b / c"),
        (a / (b / c), "a / (b / c)"),
        (a / (b * c), "a / (b c)"),
        ((a * b) / c, "a b / c"),
        ((a + b) ** 2, "(a + b)²"),
        ((-a) ** 2, "(−a)²"),
        (Pow(Apply("exp", (a,)), Num(2)), "(e^a)²"),
        (Pow(Sym("a", "1"), Num(2)), "(a^1)²"),
        (Apply("exp", (-a / 2,)), "e^{−a / 2}"),
        (Apply("log", (a,)) * b, "(log a) b"),
        (b * Apply("log", (a,)), "b log a"),
        (Apply("log", (1 - a,)), "log(1 − a)"),
        (Apply("log", (total,)), "log Σ_k W_{mk} a_k"),
        (total + b, "Σ_k W_{mk} a_k + b"),
        (total * b, "(Σ_k W_{mk} a_k) b"),
        (b * total, "b Σ_k W_{mk} a_k"),
        (Big("Σ", "k", a + b, "n"), "Σ_k (a + b)"),
        (a / total, "a / Σ_k W_{mk} a_k"),
        (a / total * b, "(a / Σ_k W_{mk} a_k) b"),
        (Transpose(W), "(W^{L+1})ᵀ"),
        (Transpose(MatMul((W, z))), "(W^{L+1} z^L)ᵀ"),
        (Had((delta @ W, Apply("φ'", (z,)))), "δ^L W^{L+1} ⊙ φ'(z^L)"),
        (Had((delta + z, z)), "(δ^L + z^L) ⊙ z^L"),
        (Sym("J") * D(Sym("J"), W), "J ∂J/∂W^{L+1}"),
        (D(a + b, a), "∂/∂a (a + b)"),
        (D(Sym("J"), Sym("W", "1", ("m", "k"))), "∂J/∂W^1_{mk}"),
        (Sym("W", "1", (1, 12)), "W^1_{1,12}"),
        (Delta("m", "j") - a, "[m=j] − a"),
        (Rel("←", a, a - b), "a ← a − b"),
        (FORK, "a where b > 0, else c"),
        (FORK * b, "(a where b > 0, else c) b"),
        (Cases(((a, Rel(">", b, Num(3))), (FORK, None))), "a where b > 3, a where b > 0, else c"),
        (Cases(((FORK, Rel(">", b, Num(3))), (c, None))), "(a where b > 0, else c) where b > 3, else c"),
        (Cases(((a, Rel(">", FORK, Num(3))), (c, None))), "a where (a where b > 0, else c) > 3, else c"),
        (Apply("sqrt", (a + b,)), "√(a + b)"),
        (Apply("max", (a, Num(0))), "max(a, 0)"),
        (Num(Fraction(1, 2)) * a, "½ a"),
    ],
    ids=lambda x: x if isinstance(x, str) else "",
)
def test_fewest_brackets(term, text):
    assert TEXT(term) == text


def test_latex_of_what_a_book_shows():
    assert LATEX(Had((Transpose(W) @ delta, Apply("φ'", (z,))))) == (
        r"(W^{L+1})^{\mathsf{T}} \delta^{L} \odot \varphi'(z^{L})"
    )
    assert LATEX(D(Sym("J"), W)) == r"\frac{\partial J}{\partial W^{L+1}}"
    assert LATEX(Apply("relu", (z,))) == r"\mathrm{relu}(z^{L})"


def test_a_root_fraction_or_sum_has_tall_brackets_in_latex():
    assert LATEX((a / b) ** 2).startswith(r"\left(\frac{a}{b}\right)^{2}")
    assert LATEX((a + b) ** 2) == "(a + b)^{2}"


def test_mathml_is_presentation_without_attributes_that_browsers_dropped():
    text = MATHML.document(Transpose(W) @ delta)
    assert text.startswith('<math xmlns="http://www.w3.org/1998/Math/MathML"><mrow>')
    assert "<msup>" in text
    assert "mfenced" not in text
