"""The table of derivatives against numbers that know nothing of it; both kinds of terms use it."""

from __future__ import annotations

import math
from types import SimpleNamespace

import numpy as np
import pytest

from chainrule import Activation, ChainruleError
from chainrule.calculus.graph import ELEMENTWISE
from chainrule.calculus.rules import DERIVATIVES
from chainrule.derivation.sections.slopes import Slopes
from chainrule.derivation.steps import Ledger
from chainrule.derivation.terms.calculus import differentiate
from chainrule.derivation.terms.printing import TEXT
from chainrule.derivation.terms.terms import Apply, D, Num, Sym, times
from chainrule.derivation.terms.verify import WrongStep
from chainrule.engines.reference import NUMPY
from chainrule.equations.activations import sigmoid, softplus

NAMED = {"σ": lambda u: sigmoid(NUMPY, u), "softplus": lambda u: softplus(NUMPY, u)}
XP = SimpleNamespace(
    **vars(NUMPY), call=lambda name, u: NAMED[name](u), symbol=lambda name: {"π": math.pi}[name]
)
ALIKE = {"expm1", "log1p", "maximum", "minimum", "where", "ones_like"}
"""What terms write by other operations."""


def test_every_function_of_the_equations_has_a_derivative():
    assert DERIVATIVES.keys() == set(ELEMENTWISE) - ALIKE | NAMED.keys()


@pytest.mark.parametrize("name", DERIVATIVES)
def test_a_derivative_is_that_of_the_function(name):
    f = NAMED.get(name) or getattr(NUMPY, name)
    h = 1e-6
    for u in (0.3, 1.7, 2.9, *(() if name in ("log", "sqrt") else (-0.4, -2.2))):
        found = DERIVATIVES[name].slope(XP, np.float64(u))
        assert math.isclose(found, (f(u + h) - f(u - h)) / (2 * h), rel_tol=1e-7, abs_tol=1e-9)


@pytest.mark.parametrize("name", ["tanh", "log", "erf"])
def test_a_wrong_derivative_is_printed_nowhere(monkeypatch, name):
    right = DERIVATIVES[name]
    monkeypatch.setitem(DERIVATIVES, name, right._replace(slope=lambda xp, u: 2 * right.slope(xp, u)))
    with pytest.raises(ChainruleError, match="must"):
        Activation.from_formula(f"z*{name}(2+z**2)")
    own = Activation("own", lambda xp, z: getattr(xp, name)(2 + z * z), lambda xp, z, a: z)
    with pytest.raises(WrongStep):
        Slopes(own, Ledger()).derivative()


@pytest.mark.parametrize(
    "text", ["z*tanh(z)", "z/(2+z**2)", "exp(-z**2)*sin(z)", "1/(1+z**2)**2", "(1+z**2)**3"]
)
def test_both_kinds_of_terms_are_differentiated_by_the_same_rules(text):
    own = Activation.from_formula(text)
    (_, *chain) = Slopes(own, Ledger()).derivative()[-1].steps
    rules = {line.rule for line in own.derivation().lines}
    for rule in ("product rule", "quotient rule", "power rule"):
        printed = any(rule in str(word) for step in chain for word in step.rule)
        assert printed == (rule in rules), rule


def test_a_function_of_unknown_derivative_gets_a_name():
    u = times(Num(2), Sym("z"))
    (line,) = (step for step in differentiate(D(Apply("φ", (u,)), Sym("z"), True)) if "φ" in str(step.rules))
    assert TEXT(line.term) == "φ'(2 z) d/dz (2 z)"
    assert str(line.rules[0]) == "chain rule with φ'"
