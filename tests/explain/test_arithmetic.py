"""What is printed as a calculation gives what is printed behind it, or ≈ says that it does not."""

from __future__ import annotations

import re
import warnings

import numpy as np
import pytest

from chainrule import Head, Network
from chainrule.equations.activations import ACTIVATIONS
from chainrule.equations.heads import HEADS
from chainrule.explain.arithmetic import about, enough, follows, relations
from chainrule.explain.blocks import Equation, Table, at, layer, number


@pytest.mark.parametrize(
    ("calculation", "result", "right"),
    [
        ("0.03635·0.2413", "0.0087713547", False),  # what stood on the page about explain
        ("0.0363503064·0.241300709", "0.0087713547", True),
        ("-1.5·(-2)", "3", True),
        ("1 − 0.25", "0.75", True),
        ("1 − 0.25", "0.75001", False),
        ("½·(0.75137 − 0.01)²", "0.27481", True),
        ("1 / (1 + e^{−0.3775})", "0.59327", True),
        ("1 / (1 + e^{−0.3775})", "0.59328", False),
        ("e^{2 − 1}·log 0.5", "-1.8842", True),
        ("log(1 − 0.5)", "-0.69315", True),
        ("σ(0.3775)", "0.59327", True),
        ("silu(0.5)", "0.31123", True),
        ("silu(0.5)", "0.31124", False),
        ("1 for -0.5 > 0, else 0", "0", True),
        ("1 for 0.5 > 0, else 0", "0", False),
        ("2·3 + 0.5 (the other 12 terms, 4 % of Σ|W a|)", "6.5", True),
        ("[0.5 − 0.25] / 2e-01", "1.25", True),
        ("W^1_{1,2} a^0_1", "3", True),  # symbols claim nothing
        ("__import__('os')", "3", True),
        ("1 / 0", "3", True),
        ("9**9**9**9", "3", True),
    ],
)
def test_follows(calculation, result, right):
    assert follows(calculation, result) is right
    assert about(calculation, result) == (result if right else f"≈ {result}")
    assert relations((calculation, result)) == ("=", "=" if right else "≈")


def test_as_many_digits_as_it_takes():
    u, v = 0.123456789, 0.987654321
    text = enough(lambda n: f"{number(u, n)}·{number(v, n)}", number(u * v))
    assert text == "0.123457·0.987654"
    assert enough(lambda n: "1", "2") == "1"


def test_places_are_counted_from_1():
    assert [at(0), at(9), at(0, 1), at("i", 2), at("j")] == ["_1", "_{10}", "_{1,2}", "_{i,3}", "_j"]
    assert [layer(3), layer(12)] == ["^3", "^{12}"]


LOSS = "-y*(1-a)**2*log(a)"
CASES = [
    *(([5, 7, 6, 4], {"hidden": name}) for name in ACTIVATIONS),
    *(([4, 3, 3], {"output": name}) for name in HEADS),
    ([40, 30, 4], {"hidden": "tanh", "dtype": "float32"}),
    ([3, 4, 3], {"hidden": "z*tanh(softplus(z))", "output": ("softmax", LOSS)}),
    ([2, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2], {"hidden": "relu"}),
]


@pytest.mark.parametrize(("widths", "options"), CASES, ids=str)
def test_every_calculation_of_an_explanation(widths, options):
    """Evaluated here by Python itself from the printed text."""
    if isinstance(options.get("output"), tuple):
        options = {**options, "output": Head.from_formulas(*options["output"])}
    e = Network(widths, seed=4, **options).explain(np.linspace(-1, 1.2, widths[0]), 1)
    seen = 0
    for block in [*e.blocks(), *e.weight(1, 1, 1).blocks(), *e.bias(len(widths) - 1, 0).blocks()]:
        if isinstance(block, Equation):
            text = block.left.replace("∂J/∂", "")
            assert not re.search(r"_\{?0[,}]|_0\b|,0\}", text), f"counted from 0: {block}"
            for sign, step, result in zip(
                relations(block.steps)[1:], block.steps, block.steps[1:], strict=False
            ):
                value = product_of(step)
                if value is not None and is_number(result):
                    digits = max(5, len(re.sub(r"\D", "", result.split("e")[0]).lstrip("0")))
                    assert (number(value, digits) == number(result, digits)) == (sign == "="), block
                    seen += 1
        elif isinstance(block, Table) and "k = 1" in block.head:
            a = block.rows[0][4:]
            for row in block.rows[1:]:
                for factor, entry in zip(a, row[4:], strict=True):
                    same = number(float(row[2]) * float(factor)) == entry.removeprefix("≈ ")
                    assert same == (not entry.startswith("≈")), row
                    seen += 1
    assert seen > 15


def is_number(text):
    return re.fullmatch(r"-?[\d.]+(e[-+]\d+)?", text) is not None


def product_of(text):
    """A sum of products of plain numbers, or None."""
    text = re.sub(r"\(the other [^)]*\)", "", text.replace("\u00a0", " "))
    plain = text.replace("·", "*").replace("−", "-")
    if not re.fullmatch(r"[\d.e+\-*/() ]+", plain) or is_number(text):
        return None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return eval(plain, {"__builtins__": {}})
