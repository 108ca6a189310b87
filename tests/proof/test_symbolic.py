"""The interpreter: its laws are true in numbers, and its test for zero says yes and no."""

from __future__ import annotations

import math
from math import inf

import numpy as np
import pytest
import sympy as sp

from chainrule.engines.reference import NUMPY
from chainrule.equations.activations import d_relu, sigmoid, softplus
from chainrule.equations.heads import log_softmax, softmax
from chainrule.proof.claims.symbolic import (
    SYMBOLIC,
    Erf,
    Exp,
    Log,
    Shift,
    Tanh,
    Unproven,
    decided,
    exact,
    is_zero,
    symbols,
    within,
)

x, y = sp.symbols("x y", real=True)
m = Shift("m", real=True)
NUMBERS = {Exp: sp.exp, Log: sp.log, Tanh: sp.tanh, Erf: sp.erf}


def evaluate(term, **values):
    """A term as a number, with SymPy's own functions for the opaque ones."""
    for opaque, plain in NUMBERS.items():
        term = term.replace(opaque, plain)
    return float(term.xreplace({s: sp.Float(values[s.name], 30) for s in term.free_symbols}))


@pytest.mark.parametrize(
    ("left", "right"),
    [
        (Exp(-x), 1 / Exp(x)),
        (Exp(3 * x), Exp(x) ** 3),
        (Exp(x - m), Exp(x) / Exp(m)),
        (Exp(x + y - 2 * m), Exp(x + y) / Exp(m) ** 2),
        (Exp(x + Log(1 + Exp(y))), Exp(x) * (1 + Exp(y))),
        (Exp(-x * x / 2), 1 / Exp(x * x / 2)),
        (Log(Exp(x)), x),
        (Log((1 + Exp(x)) / Exp(m)), Log(1 + Exp(x)) - m),
        (Log(1 + Exp(-x)), Log(1 + Exp(x)) - x),
        (Log(sp.Rational(1, 3)), -Log(3)),
        (Exp(0), 1),
        (Log(1), 0),
        (Tanh(0), 0),
        (Erf(0), 0),
    ],
)
def test_laws(left, right):
    assert left == right


LAWS = [
    (Exp, -2 * x + y - m),
    (Exp, x + Log(1 + Exp(y))),
    (Log, (Exp(x) + Exp(y)) / Exp(m) ** 2),
    (Log, (1 + Exp(-x)) / 3),
    (Log, x * x * Exp(y)),
]


@pytest.mark.parametrize(("function", "argument"), LAWS)
def test_laws_are_true_in_numbers(function, argument):
    values = {"x": 0.3, "y": -1.2, "m": 0.7}
    plain = float(NUMBERS[function](evaluate(argument, **values)))
    assert evaluate(function(argument), **values) == pytest.approx(plain, rel=1e-14)


@pytest.mark.parametrize("function", NUMBERS)
def test_derivatives_are_true_in_numbers(function):
    ours, theirs = sp.diff(function(x), x), sp.diff(NUMBERS[function](x), x)
    assert evaluate(ours, x=0.4) == pytest.approx(float(theirs.subs(x, 0.4)), rel=1e-14)


@pytest.mark.parametrize(
    ("value", "number"),
    [
        (0.01, sp.Rational(1, 100)),
        (1e-8, sp.Rational(1, 10**8)),
        (1 / 3, sp.Rational(1, 3)),
        (-2.5, sp.Rational(-5, 2)),
        (math.sqrt(2), sp.sqrt(2)),
        (1 / math.sqrt(2), sp.sqrt(2) / 2),
        (math.sqrt(2 * math.pi), sp.sqrt(2 * sp.pi)),
        (-1 / math.sqrt(2 * math.pi), -1 / sp.sqrt(2 * sp.pi)),
    ],
)
def test_constants_are_recognised(value, number):
    assert sp.simplify(exact(sp.Float(value) * x) - number * x) == 0


@pytest.mark.parametrize("value", [math.e, math.pi**3, 0.123456789012345])
def test_what_is_no_known_constant_is_not_guessed(value):
    with pytest.raises(Unproven, match="must be a fraction or a root"):
        exact(sp.Float(value))


@pytest.mark.parametrize(
    "term",
    [
        (x + y) ** 2 - x**2 - 2 * x * y - y**2,
        1 / (1 + Exp(-x)) - Exp(x) / (1 + Exp(x)),
        Exp(x) / (Exp(x) + Exp(y)) - 1 / (1 + Exp(y) / Exp(x)),
        sp.diff(Tanh(x * y), x) - y * (1 - Tanh(x * y) ** 2),
        0.5 * x - x / 2,
    ],
)
def test_zero(term):
    assert is_zero(term)
    assert not is_zero(term + sp.Rational(1, 10**9))
    assert not is_zero(term + Exp(x) / 10**9)


def test_a_branch_is_decided_by_assumptions_or_not_at_all():
    above, below = symbols("z", (1,), positive=True), symbols("z", (1,), negative=True)
    assert sigmoid(SYMBOLIC, above)[0] != sigmoid(SYMBOLIC, below)[0]
    for name in ("abs", "sign"):
        with pytest.raises(Unproven, match="must follow from what is assumed"):
            getattr(SYMBOLIC, name)(symbols("z", (1,)))
    with pytest.raises(TypeError, match="truth value"):
        d_relu(SYMBOLIC, symbols("z", (1,)), None)


def test_terms_are_the_numbers_that_numpy_finds():
    z = np.array([[0.3, -1.2, 2.0]])
    names = [f"z_0_{i}" for i in range(3)]
    terms = symbols("z", (1, 3))
    for function in (softmax, log_softmax):
        found = [
            evaluate(t, m_0_0=0.9, **dict(zip(names, z[0], strict=True)))
            for t in function(SYMBOLIC, terms)[0]
        ]
        np.testing.assert_allclose(found, function(NUMPY, z)[0], rtol=1e-14)
    positive = symbols("z", (1,), positive=True)
    assert evaluate(softplus(SYMBOLIC, positive)[0], z_0=2) == pytest.approx(
        math.log(1 + math.e**2), rel=1e-15
    )


@pytest.mark.parametrize(("low", "high"), [(-3, 3), (3, inf), (-inf, -3), (0, 6), (0, inf)])
def test_an_interval_decides_what_is_linear_in_its_number_and_nothing_else(low, high):
    z = within("z", low, high)
    middle = sp.Rational(max(low, -7) + min(high, 7)) / 2
    for bound in (-7, -3, 0, 3, 6, 7):
        for relation in (z > bound, z >= bound, z < bound, bound - 2 * z <= -bound):
            if low < bound < high:
                with pytest.raises(Unproven, match="must follow from what is assumed in this branch"):
                    decided(relation)
            else:
                assert decided(relation) == bool(sp.sympify(relation).subs(z, middle))
    with pytest.raises(Unproven):
        decided(z**2 > 9.5)
    with pytest.raises(Unproven):
        decided(z > sp.Symbol("w", real=True))


@pytest.mark.parametrize("relation", [sp.Eq, sp.Ne])
def test_an_interval_does_not_decide_whether_two_numbers_are_equal(relation):
    with pytest.raises(Unproven):
        decided(relation(within("z", -3, 3), 3))


def test_intervals_that_differ_in_the_eighth_digit_are_two():
    wide, narrow = within("z", 3, inf), within("z", 3.0000001, inf)
    assert decided(narrow > 3.00000005)
    with pytest.raises(Unproven):
        decided(wide > 3.00000005)
