"""Formulas built to break it: bombs, poles and kinks between the points, constants, branches not taken."""

from __future__ import annotations

import contextlib
import warnings

import numpy as np
import pytest

from chainrule import Activation, FormulaWarning, Head, InputError, Network
from chainrule.formulas.derivation import as_text
from chainrule.formulas.functions import Z
from chainrule.formulas.language import read
from tests.formulas.effort import at_most

BOMBS = {
    "a sum of six functions to the 64th": "(tanh(z)+sin(z)+cos(z)+atan(z)+asinh(z)+z+1)**64",
    "exponents without a common unit": "1/(1+exp(z)+exp(1e-29*z))",
    "logarithm of such": "log(1+exp(z)+exp(1e-20*z))",
    "polynomial in e^z": "log(((1+exp(z))**20+exp(5*z))**20+1)",
    "product of powers": "((z+1)**8*(z+2)**8*(z+3)**8)**8*exp(-z**2)",
    "squares in squares": "((" * 12 + "z" + ")**2+1)" * 12,
    "sine of a huge number": "cos(exp(z*9000))",
    "sine of a huge polynomial": "sin((z+2)**64*(z+3)**64*exp(z*1000))",
    "powers of cosh": "1/(cosh(z)**9*cosh(z**2)**9*cosh(z**3)**9)",
    "thousands of kinks": "abs(sin(100*z))",
}


@pytest.mark.parametrize("text", BOMBS.values(), ids=BOMBS.keys())
def test_a_bomb_is_derived_or_refused_with_little_work(text):
    with at_most(calls=8_000_000), warnings.catch_warnings(), contextlib.suppress(InputError):
        warnings.simplefilter("ignore", FormulaWarning)
        assert Activation.from_formula(text).accuracy


UNFIT = {
    "max(" * 25 + "z" + ",z*2)" * 25: "parts when max and min are written out",
    "z*exp(exp(exp(exp(9))))": "numbers must lie between 1e-30 and 1e30",
    "z*sin(exp(10000000))": "numbers must lie between 1e-30 and 1e30",
    "exp(10**20)*z": "beyond bounds",
    "where(sin(1)**2+cos(1)**2 > 1, z, 2*z)": "numbers must lie between",
    "z*sign(sin(1)**2+cos(1)**2-1)": "numbers must lie between",
    "z/(log(4)-2*log(2))": "numbers must lie between",
    "z*log(-2)": "a constant must have a value; here is the logarithm",
    "z*sqrt(sin(4))": "a constant must have a value; here is the root",
}


@pytest.mark.parametrize(("text", "why"), UNFIT.items(), ids=range(len(UNFIT)))
def test_a_constant_or_size_that_nothing_can_decide_is_refused_at_once(text, why):
    refused = pytest.raises(InputError, match=rf"{why}.*at column \d+ of the formula")
    with at_most(calls=1_000_000), refused:
        read(text, [Z])


@pytest.mark.parametrize(
    "text", ["1/(z-1.2345678)", "sqrt(abs(z-1.2345678))", "abs(z-1.2345678)**0.9", "log(abs(z-1.2345678))"]
)
def test_a_pole_between_the_points_is_found(text):
    with pytest.raises(InputError, match=r"near z = 1\.23457 there is"):
        Activation.from_formula(text)


KINKS = {
    "abs((z-0.001)*(z-0.002))": (0.001, 0.002),
    "sqrt(z**2-2.46*z+1.5129)": (1.23,),
    "abs(z-777.7)": (777.7,),
    "z - max(z, 0.005)": (0.005,),
    "abs(z**2)": (),
    "max(z**2, 0)": (),
    "where(z>0, max(log(z), 0), 0)": (1.0,),
    "min(where(z<=z, min(z,7), z), z)": (7.0,),
}


@pytest.mark.parametrize(("text", "kinks"), KINKS.items(), ids=KINKS.keys())
def test_kinks_close_together_touching_or_far_out(text, kinks):
    assert Activation.from_formula(text).kinks == kinks


def test_all_kinks_of_a_wave_are_found():
    kinks = Activation.from_formula("abs(sin(z))").kinks
    np.testing.assert_allclose(kinks, np.pi * np.arange(-318, 319), rtol=1e-15)


def test_a_value_at_a_single_point_is_a_jump():
    with pytest.raises(InputError, match="jumps by 5 at z = 0"):
        Activation.from_formula("where(z**2 > 0, z, 5)")


def test_a_derivative_at_a_single_point_is_warned_of():
    with pytest.warns(
        FormulaWarning, match="at z = 0 itself the derivative is taken for 0; beside it, it is 1"
    ):
        Activation.from_formula("where(z**2 > 0, z, 0)")


@pytest.mark.parametrize(
    "text", ["max(expm1(3), z)", "atan(z/2)*(0.04/exp(7))", "z+log1p(abs(cos(100)))", "(relu(z+0.5))**1.5"]
)
def test_what_used_to_break(text):
    made = Activation.from_formula(text)
    assert made.accuracy.slope["float64"].error < 1e-12
    assert made.derivation().compared >= 3


def test_e_is_printed_as_it_is_read():
    term = read("z*e+e**2", [Z])
    assert as_text(term) == "e*z + exp(2)"
    assert read(as_text(term), [Z]) == read("z*e+exp(2)", [Z])


@pytest.mark.parametrize(
    "text",
    [
        "min(exp(z), 1)",
        "where(z > 1, log(z), z-1)",
        "where(z*z > 4, 1, exp(z*z-4))",
        "where(z > 0, sqrt(z+1), 1)",
    ],
)
def test_a_branch_not_taken_warns_of_nothing(text):
    """Warnings are errors here."""
    x = np.array([[1e4], [-1e4]])
    network = Network([1, 3, 2], hidden=text, seed=0)
    assert np.isfinite(network.predict_proba(x)).all()


def test_a_link_of_softplus():
    """As e^{−softplus(−z)} it once was rewritten for ever; it is σ, and B1 follows."""
    head = Head.from_formulas("exp(-softplus(-z))", "-y*log(a)-(1-y)*log(1-a)")
    assert head.derivation().lines[-1].to_text() == "a - y"


@pytest.mark.parametrize("loss", ["(a-y)/y", "a/(y-0.9375)"])
def test_a_pole_in_the_target_is_told(loss):
    with pytest.raises(InputError, match="a loss must be finite, with a derivative"):
        Head.from_formulas("sigmoid(z)", loss)
