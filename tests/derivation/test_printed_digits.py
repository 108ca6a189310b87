"""The digits that are printed in a line of numbers give the printed result, or ≈ stands before it."""

from __future__ import annotations

import math
import re

import numpy as np
import pytest

from chainrule import Network, derive
from chainrule.derivation.blocks import Chain
from chainrule.derivation.sections.numbers import number
from chainrule.derivation.terms.printing import TEXT


def evaluated(text):
    """The value of printed arithmetic, or None where there is a symbol or a function of its own."""
    for printed, python in (("·", "*"), ("−", "-"), ("½", "0.5*"), ("²", "**2"), ("^{", "**{")):
        text = text.replace(printed, python)
    text = re.sub(r"e\*\*\{([^{}]*)\}", r"exp(\1)", text)
    text = re.sub(r"\*\*\{([^{}]*)\}", r"**(\1)", text)
    text = re.sub(r"\b(log|tanh) (\d[\d.]*)", r"\1(\2)", text)
    text = re.sub(r"(?<=[\d)]) (?=[\d(]|exp|log)", "*", text)
    if re.search(r"[^\d.e+\-*/() ]", re.sub(r"\b(exp|log|tanh)\b", "", text)):
        return None
    names = {"exp": math.exp, "log": math.log, "tanh": math.tanh, "__builtins__": {}}
    return eval(text, names)


def lines(document):
    waiting = list(document.sections)
    for section in waiting:
        yield from (block for block in section.blocks if isinstance(block, Chain) and block.numbers)


CASES = [
    ([2, 2, 2], {"output": "quadratic"}, {}),
    ([2, 3, 2], {"hidden": "tanh"}, {}),
    ([2, 3, 2], {"hidden": "silu"}, {"digits": 3}),
    ([2, 3, 2], {"output": "sigmoid"}, {"digits": 4}),
    ([3, 2, 2, 2], {"hidden": "relu", "initializer": "he"}, {"digits": 9}),
]


@pytest.mark.parametrize(("widths", "options", "how"), CASES, ids=str)
def test_printed_digits_give_the_printed_result(widths, options, how):
    x = np.linspace(-0.7, 0.9, widths[0])
    made = derive(Network(widths, seed=2, **options), x, [0.0, 1.0], **how)
    digits, seen = how.get("digits", 6), 0
    for chain in lines(made.document):
        *_, before, last = chain.steps
        value, result = evaluated(TEXT(before.right)), TEXT(last.right)
        if value is None or before.op != "=" or re.search("[a-zδ]_", TEXT(before.right)):
            continue
        assert (TEXT(number(value + 0.0, digits)) == result) == (last.op == "="), (TEXT(before.right), result)
        seen += 1
    assert seen > 15


def test_factors_get_the_digits_it_takes():
    """The case of a newcomer: 0.4 · 0.1385 + 0.5 · (−0.0381) is not what stood behind it."""
    example = Network.from_parameters(
        [([[0.15, 0.20], [0.25, 0.30]], [0.35, 0.35]), ([[0.40, 0.45], [0.50, 0.55]], [0.60, 0.60])],
        output="quadratic",
    )
    text = derive(example, [0.05, 0.10], [0.01, 0.99], digits=4).to_text()
    assert "(0.4 · 0.138499 + 0.5 · (−0.038098)) · 0.59327 (1 − 0.59327)\n          = 8.7714" in text


def test_where_digits_do_not_suffice_it_is_said():
    """Two nearly equal numbers: their difference needs more digits than a line may have."""
    network = Network.from_parameters([([[1.0, 1.0]], [0.0])], output="sigmoid")
    made = derive(network, [1 + 1e-13, -1.0], [1.0], digits=4)
    first = next(lines(made.document))
    assert [TEXT(step.right) for step in first.steps[1:]] == ["1 · 1 + 1 · (−1) + 0", "9.992 · 10^{−14}"]
    assert [step.op for step in first.steps] == ["=", "=", "≈"]
    for form, sign in (
        ("text", "≈"),
        ("latex", r"\approx"),
        ("html", "<mo>≈</mo>"),
        ("markdown", r"\approx"),
    ):
        assert sign in made.in_format(form)
