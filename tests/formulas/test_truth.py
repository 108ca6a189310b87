"""The exact numbers, the stable forms and the rules of differentiation, each held to another."""

from __future__ import annotations

import math

import mpmath
import numpy as np
import pytest
import sympy as sp

from chainrule.calculus.rules import DERIVATIVES, Rule, Step
from chainrule.formulas import checking, derivation, exact
from chainrule.formulas import functions as f
from chainrule.formulas.branch_points import branch_points
from chainrule.formulas.derivative import finished, steps
from chainrule.formulas.functions import Z
from chainrule.formulas.language import read
from chainrule.formulas.simplify import forms
from chainrule.formulas.stable import rewrite

FORMULAS = (
    "z*tanh(log(1+exp(z)))",
    "1/(1+exp(-z))",
    "exp(z)/(1+exp(z))",
    "z/(1+exp(-1.702*z))",
    "(exp(z)-exp(-z))/(exp(z)+exp(-z))",
    "z*((1+exp(z))**2-1)/((1+exp(z))**2+1)",
    "2/(1+exp(-2*z))-1",
    "exp(-z)/(1+exp(-z))**2",
    "(3+exp(2*z))/(1+exp(2*z))",
    "(2+3*exp(z))/(5+7*exp(z))",
    "1/(exp(z/2)+exp(z/3))",
    "log(3+2*exp(z))",
    "log(cosh(z))",
    "log(1+exp(z)+exp(2*z))",
    "log(exp(z)/(1+exp(z)))",
    "log((1+exp(z))**3)",
    "log(2*sigmoid(z))",
    "log(1-sigmoid(z))",
    "z*(1+tanh(z))/2",
    "1-tanh(z)",
    "z/(1+abs(z))",
    "sign(z)*log(1+abs(z))",
    "abs(z)**3*sign(z)",
    "z*exp(z)/(z**2+1+exp(z))",
    "asinh(z)*atan(z)",
    "sin(z)**2+cos(3*z)",
    "erf(z)*sqrt(1+z**2)",
    "where(z > 1, z**2, 2*z-1)",
    "min(max(z, -1), 1)",
    "(z+sqrt(z**2+4))/2",
    "sqrt(z**2+1)-abs(z)",
)


@pytest.mark.parametrize("text", FORMULAS)
@pytest.mark.parametrize("by_cases", [False, True], ids=["readable", "by cases"])
def test_a_rewritten_term_is_equal(text, by_cases):
    written = read(text, [Z])
    stable, _ = rewrite(written, by_cases=by_cases)
    for z in (-30, -2.5, -0.5, 0.25, 1.75, 40):
        one, other = (exact.evaluate(term, {Z: z}, Z) for term in (written, stable))
        with mpmath.workdps(60):
            assert abs(one.value - other.value) < mpmath.mpf("1e-40") * (1 + abs(one.value))
            assert abs(one.slope - other.slope) < mpmath.mpf("1e-40") * (1 + abs(one.slope))


@pytest.mark.parametrize("text", FORMULAS)
def test_every_form_of_a_derivative_is_the_derivative(text):
    written = read(text, [Z])
    lines = steps(rewrite(written, by_cases=False)[0], Z)
    assert not lines[-1].term.has(f.D)
    for form in forms(lines[-1].term):
        for z in (-2.5, 0.25, 1.75):
            right = exact.evaluate(written, {Z: z}, Z).slope
            assert float(abs(exact.evaluate(form, {Z: z}, Z).value - right)) < 1e-40


@pytest.mark.parametrize("text", FORMULAS)
def test_the_stable_form_does_not_overflow(text):
    """Which the formulas as they are written do, most of them."""
    written = read(text, [Z])
    known = checking.exact_values(written)
    from chainrule.formulas import code

    stable = code.function(code.source("phi", ("z",), rewrite(written)[0]))
    assert checking.largest_errors(stable, known, slopes=False)["float64"].error < 1e-9


def test_most_formulas_overflow_as_they_are_written():
    from chainrule.formulas import code

    naive = [code.function(code.source("phi", ("z",), read(text, [Z]))) for text in FORMULAS]
    z = np.array([1000.0, -1000.0])
    overflowing = sum(not np.isfinite(checking.run(phi, z)).all() for phi in naive)
    assert overflowing >= 12


def test_exact_numbers_are_those_of_another_library():
    """Dual numbers against SymPy's own functions and differentiation."""
    z = sp.Symbol("z", real=True)
    pairs = {
        "tanh(z)*exp(-z**2)": sp.tanh(z) * sp.exp(-(z**2)),
        "softplus(z)+sigmoid(z)": sp.log(1 + sp.exp(z)) + 1 / (1 + sp.exp(-z)),
        "erf(z)+atan(z)*asinh(z)": sp.erf(z) + sp.atan(z) * sp.asinh(z),
        "sin(z)/(2+cos(z))": sp.sin(z) / (2 + sp.cos(z)),
        "sqrt(1+z**2)": sp.sqrt(1 + z**2),
        "log(2+z**4)": sp.log(2 + z**4),
    }
    for text, term in pairs.items():
        for point in (-1.25, 0.5, 3.0):
            dual = exact.evaluate(read(text, [Z]), {Z: point}, Z)
            assert math.isclose(float(dual.value), float(term.subs(z, point)), rel_tol=1e-14)
            assert math.isclose(float(dual.slope), float(term.diff(z).subs(z, point)), rel_tol=1e-14)


def test_exact_numbers_survive_what_floats_do_not():
    """log(1 + e^{−1000}) e^{1000} = 1, but for 1 in 10^434."""
    dual = exact.evaluate(read("log(1+exp(-z))*exp(z)", [Z]), {Z: 1000}, Z)
    assert float(dual.value) == 1.0


@pytest.mark.parametrize(
    ("text", "z"), [("log(z)", -1), ("log(z)", 0), ("1/z", 0), ("sqrt(z)", -1), ("sqrt(z)", 0)]
)
def test_no_value_or_no_derivative_is_told(text, z):
    with pytest.raises(exact.Undefined):
        exact.evaluate(read(text, [Z]), {Z: z}, Z)


def test_an_exponential_beyond_bounds_is_told():
    with pytest.raises(exact.TooLarge):
        exact.evaluate(read("exp(exp(exp(z)))", [Z]), {Z: 100}, Z)


BRANCH_POINTS = {
    "abs(z)": [(0, 0, 2)],
    "max(z, 1)": [(1, 0, 1)],
    "where(z > 0, z, exp(z)-1)": [(0, 0, 0)],
    "where(z > 2, 1, 0)": [(2, 1, 0)],
    "z*min(max(z+3, 0), 6)/6": [(-3, 0, -1), (3, 0, -1)],
    "abs(z**2-1)": [(-1, 0, 1), (1, 0, 1)],
    "tanh(z)": [],
    "max(z, 0.1*z**3 - 0.001)": None,
}


@pytest.mark.parametrize(("text", "expected"), BRANCH_POINTS.items(), ids=BRANCH_POINTS.keys())
def test_seams_are_found(text, expected):
    found = branch_points(read(text, [Z]))
    if expected is None:  # three roots of a cubic
        assert len(found) == 3
        assert all(abs(seam.jump) < 1e-12 and seam.slope_jump for seam in found)
        return
    assert len(found) == len(expected)
    for seam, (z, jump, slope_jump) in zip(found, expected, strict=True):
        assert math.isclose(seam.z, z, abs_tol=1e-12)
        assert math.isclose(seam.jump, jump, abs_tol=1e-12)
        assert np.sign(round(seam.slope_jump, 9)) == np.sign(slope_jump)


def test_steps_name_their_rules():
    rules = [rule.name for step in steps(read("z*tanh(softplus(z))", [Z]), Z) for rule in step.rules]
    assert rules == [
        "to derive",
        "product rule",
        "chain rule, tanh",
        "the variable itself",
        "derivative of softplus",
    ]
    quotient = [rule.name for step in steps(read("z/(1+z**2)", [Z]), Z) for rule in step.rules]
    assert quotient[1] == "quotient rule"
    assert quotient[-1] == "the variable itself"


def test_sympy_finishes_a_line_to_the_same_derivative():
    term = read("z*tanh(softplus(z))", [Z])
    for step in steps(term, Z):
        assert sp.expand(finished(step.term) - sp.diff(term, Z)) == 0


def test_a_wrong_line_is_refused(monkeypatch):
    """A slope that is wrong anywhere cannot get into a derivation."""
    from chainrule import Activation, ChainruleError

    wrong = DERIVATIVES["tanh"]._replace(slope=lambda xp, u: 1 - xp.tanh(u))
    monkeypatch.setitem(DERIVATIVES, "tanh", wrong)
    with pytest.raises(ChainruleError, match="must"):
        Activation.from_formula("z*tanh(z)")


def test_a_wrong_law_is_refused(monkeypatch):
    from chainrule import Activation, ChainruleError
    from chainrule.formulas import stable

    def wrong(term):
        found = isinstance(term, f.Log)
        return stable.Rewritten(term.args[0], "log u = u") if found else None

    monkeypatch.setattr(stable, "LAWS", (wrong,))
    with pytest.raises(ChainruleError, match="must"):
        Activation.from_formula("log(1+exp(z))")


def test_comparing_lines_finds_a_planted_mistake():
    term = read("tanh(z)", [Z])
    right = steps(term, Z)
    work = derivation.Work("tanh(z)", term, term, (), right, right[-1].term, term)
    assert derivation.derivation("φ", Z, work).compared == 5
    planted = [*right[:-1], Step(right[-1].term * sp.Rational(10**30 + 1, 10**30), (Rule("wrong"),))]
    with pytest.raises(Exception, match="must agree with the one before"):
        derivation.derivation("φ", Z, work._replace(steps=planted))


def test_dtypes_are_kept_or_told():
    with pytest.raises(TypeError, match="float32 must stay float32"):
        checking.run(lambda xp, z: z * np.float64(2), np.ones(2, np.float32))


def test_errors_are_found_where_they_are():
    known = checking.exact_values(read("tanh(z)", [Z]))

    def planted(xp, z):
        return np.tanh(z) + np.where(z == 1000, 0.5, 0).astype(z.dtype)

    worst = checking.largest_errors(planted, known, slopes=False)["float64"]
    assert (worst.z, round(worst.error, 12)) == (1000.0, 0.5)
    nan = checking.largest_errors(lambda xp, z: np.where(z < -999, np.nan, np.tanh(z)), known, slopes=False)
    assert nan["float64"].error == np.inf
