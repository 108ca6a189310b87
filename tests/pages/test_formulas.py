"""Formulas of text as MathML: well formed, with what belongs below, above and beside."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET

import pytest

from chainrule import Network
from chainrule.explain.blocks import Equation
from chainrule.pages.formulas import formula, inline

M = "{http://www.w3.org/1998/Math/MathML}"


def read(mathml):
    """Every <math> as text again: scripts in braces, fractions in brackets."""
    return "".join(_text(ET.fromstring(one)) for one in re.findall(r"<math.*?</math>", mathml))


def _text(node):
    name, parts = node.tag.removeprefix(M), [_text(child) for child in node]
    if name == "msup":
        return f"{parts[0]}^{{{parts[1]}}}"
    if name == "msub":
        return f"{parts[0]}_{{{parts[1]}}}"
    if name == "msubsup":
        return f"{parts[0]}_{{{parts[1]}}}^{{{parts[2]}}}"
    if name == "mfrac":
        return f"[{parts[0]}]/[{parts[1]}]"
    return (node.text or "") + "".join(parts)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("W^1_{1,2}", "W_{1,2}^{1}"),
        ("W^1_jk a^0_k", "W_{jk}^{1}a_{k}^{0}"),
        ("z^{12}_{10}", "z_{10}^{12}"),
        ("∂J/∂W^1_{1,2} = δ^1_1 · a^0_2", "[∂J]/[∂W_{1,2}^{1}]=δ_{1}^{1}·a_{2}^{0}"),
        ("(W^{L+1})ᵀ δ^{L+1} ⊙ φ'(z^L)²", "(W^{L+1})^{T}δ^{L+1}⊙φ^{′}(z^{L})^{2}"),
        ("e^{z_m − (-0.5)} / Σ_k e^{z_k}", "e^{z_{m}−(−0.5)}/Σ_{k}e^{z_{k}}"),
        ("1 for z^1_1 > 0, else 1e-05", "1\u00a0for\u00a0z_{1}^{1}>0,\u00a0else\u00a01e−05"),
        ("leaky_relu'(0.3)", "leaky_relu^{′}(0.3)"),
        ("-0.5·(-2)", "−0.5·(−2)"),
        ("∂ℓ_m/∂log a^2_m", "[∂ℓ_{m}]/[∂loga_{m}^{2}]"),
        ("½·(0.7 − 0.01)²", "½·(0.7−0.01)^{2}"),
        ("1 (the other 6 terms, 4 % of Σ|W a|)", "1(the\u00a0other\u00a06\u00a0terms,4%\u00a0of\u00a0Σ|Wa|)"),
        ("a^", "a"),
        ("", ""),
    ],
)  # fmt: skip
def test_read_back(text, found):
    assert read(formula(text)) == found


def test_a_sum_may_end_a_line_between_its_terms():
    assert formula("1·2 + 3·(-4) − 5").count("<math") == 3
    assert formula("e^{z − 1} + 1").count("<math") == 2
    assert formula("[J(w + h) − J(w − h)] / 2h").count("<math") == 4


@pytest.mark.parametrize(
    ("text", "formulas"),
    [
        ("the largest |δ^1_j|: 3 % of Σ_j |δ^1_j|.", ["|δ_{j}^{1}|", "Σ_{j}|δ_{j}^{1}|"]),
        ("φ'(z^1_j) is 0, and so is ∂J/∂W^2.", ["φ^{′}(z_{j}^{1})", "∂J/∂W^{2}"]),
        ("dW^1 and db^2 wrong", ["dW^{1}", "db^{2}"]),
        ("snake_case, x_train[0], W[1][0, 1], 2^8 and a_prev stay", []),
        ("e^{z^2_m − (-0.5)}", ["e^{z_{m}^{2}−(−0.5)}"]),
    ],
)
def test_formulas_within_a_sentence(text, formulas):
    made = inline(text)
    assert [read(one) for one in re.findall("<math.*?</math>", made)] == formulas
    if not formulas:
        assert made == text


@pytest.mark.parametrize(
    "hostile",
    ["<script>alert(1)</script>", '"onload="x', "&lt;", "a^<b>_{<i>}", "^_}{]", "a^^", "]]>", "∂<J>/∂<w>"],
)
def test_no_text_becomes_markup(hostile):
    for made in (formula(hostile), inline(hostile)):
        ET.fromstring(f"<p>{made}</p>")
        assert "<script" not in made
        assert "<b>" not in made
        assert "<i>" not in made


def test_every_formula_of_an_explanation_is_well_formed():
    e = Network([5, 14, 3], hidden="gelu", seed=0).explain([0.1, -0.2, 0.3, 0.4, -0.5], 1)
    for block in [*e.blocks(), *e.weight(1, 3, 2).blocks()]:
        if isinstance(block, Equation):
            for text in (block.left, *block.steps):
                plain = re.sub(r"[\s{}()\[\]^_]", "", read(formula(text)))
                said = re.sub(r"[\s{}()\[\]^_]", "", text.replace("-", "−").replace("'", "′"))
                assert sorted(plain.replace("2", "")) == sorted(said.replace("²", "").replace("2", ""))
