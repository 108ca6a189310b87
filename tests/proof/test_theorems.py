"""Every theorem holds, names its function, and is refused where the equation is not what it was."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import sympy as sp
from sympy.core.cache import clear_cache

import chainrule
from chainrule.equations.activations import ACTIVATIONS
from chainrule.equations.heads import HEADS
from chainrule.equations.optimizers import OPTIMIZERS
from chainrule.errors import InputError
from chainrule.proof.claims.claims import Derivative, Given, Identity, differences, relative_error
from chainrule.proof.claims.symbolic import OPAQUE, Unproven, exact
from chainrule.proof.subjects.networks import network_theorem
from chainrule.proof.theorems import TAGS, THEOREMS, Theorem, examine, select

ROOT = Path(chainrule.__file__).parents[2]


def name(theorem):
    return f"{theorem.tag} {theorem.name}"


def is_long(theorem):
    return "2-3-2-3" in theorem.name


SHORT = [theorem for theorem in THEOREMS if not is_long(theorem)]


@pytest.fixture
def algebra(monkeypatch):
    """How many summands and factors SymPy puts together, with nothing cached: the work of a proof."""
    clear_cache()
    handled = Counter()

    def counted(kind):
        flatten = kind.flatten

        def count(parts):
            handled[kind] += len(parts)
            return flatten(parts)

        return staticmethod(count)

    for kind in (sp.Add, sp.Mul):
        monkeypatch.setattr(kind, "flatten", counted(kind))
    return handled


@pytest.mark.parametrize("theorem", SHORT, ids=name)
def test_theorem(theorem, algebra):
    result = examine(theorem)
    assert result.passed, result.failure
    assert result.error < 1e-9
    assert algebra.total() < 30_000


@pytest.mark.slow
@pytest.mark.parametrize("theorem", [t for t in THEOREMS if is_long(t)], ids=name)
def test_long_theorem(theorem, algebra):
    assert examine(theorem).passed
    assert algebra.total() < 300_000


def test_the_work_of_a_proof_is_counted(algebra):
    """The counter sees a large expansion: 1,771 terms."""
    w, x, y = sp.symbols("w x y")
    sp.expand((w + x + y + 1) ** 20)
    assert algebra.total() > 1771


def test_a_prover_that_searches_has_more_work(algebra, monkeypatch):
    """What the bounds above are for."""

    def simplified(term):
        term = exact(term)
        return sp.simplify(term.xreplace({atom: sp.Dummy() for atom in term.atoms(*OPAQUE)})) == 0

    theorem = next(theorem for theorem in THEOREMS if name(theorem) == "B1 sigmoid")
    assert examine(theorem).passed
    least = algebra.total()
    algebra.clear()
    monkeypatch.setattr("chainrule.proof.claims.claims.is_zero", simplified)
    assert examine(theorem).passed
    assert algebra.total() > 1.5 * least > 1000


@pytest.mark.parametrize("theorem", THEOREMS, ids=name)
def test_source_line_is_where_the_function_is(theorem):
    path, line = re.fullmatch(r"(src/chainrule/[\w/]+\.py):(\d+)", theorem.source()).groups()
    text = (ROOT / path).read_text(encoding="utf-8").splitlines()[int(line) - 1]
    assert text.startswith(f"def {theorem.functions[0].__name__}(")


def test_every_activation_head_and_optimiser_has_its_theorem():
    assert {t.name for t in select(("F2",))} == set(ACTIVATIONS)
    assert {t.name for t in select(("B1", "Q2"))} == {*HEADS, "pos_weight"}
    assert {t.name for t in select(("G1",))} == {"descent", *OPTIMIZERS, "clip_norm", "clip_value"}


def test_select():
    assert select(()) == list(THEOREMS)
    assert {t.tag for t in select(("b1", "F2"))} == {"B1", "F2"}
    with pytest.raises(InputError, match=r"one of F1, F2.*; got 'B11'\. Did you mean 'B1'\?"):
        select(("B11",))


@pytest.mark.parametrize("hidden", ACTIVATIONS)
def test_a_network_of_every_activation(hidden):
    assert examine(network_theorem((1, 2, 2), hidden, "softmax")).passed


@pytest.mark.parametrize("output", HEADS)
def test_a_network_of_every_head(output):
    assert examine(network_theorem((1, 1, 2), "tanh", output, masked=True, penalty=True)).passed


@pytest.mark.parametrize("widths", [(1, 1), (3, 2), (1, 1, 1, 1, 1)])
def test_a_network_of_other_depths(widths):
    assert examine(network_theorem(widths, "any", "softmax")).passed


def test_what_names_no_network():
    with pytest.raises(InputError, match="Did you mean 'tanh'"):
        network_theorem((1, 2, 2), "tahn", "softmax")
    with pytest.raises(InputError, match="Did you mean 'softmax'"):
        network_theorem((1, 2, 2), "tanh", "sofmax")


def square(xp, v):
    return v.x * v.x


@pytest.mark.parametrize("factor", [2, 3])
def test_a_derivative_is_proven_or_refused(factor):
    claim = Derivative({"x": Given((2,))}, square, lambda xp, v: {"x": factor * v.x})
    theorem = Theorem("T", "square", "2x", (square,), lambda: [claim])
    result = examine(theorem)
    assert result.proven == result.passed == (factor == 2)
    assert (result.error < 1e-9) == (factor == 2)
    if factor == 3:
        assert result.failure == "∂/∂x[0] must be 2*x_0; got 3*x_0."


def test_an_identity_that_holds_nowhere_near_is_refused():
    given = {"x": Given((2,))}
    with pytest.raises(Unproven, match=r"\[0\] must be x_0\*\*3; got x_0\*\*2"):
        Identity(given, square, lambda xp, v: v.x**3).prove()
    with pytest.raises(Unproven, match=r"shape \(1,\); got \(2,\)"):
        Identity(given, square, lambda xp, v: (v.x * v.x)[:1]).prove()


def test_an_exception_is_a_failure_with_its_message():
    def broken():
        raise ValueError("broken")

    result = examine(Theorem("T", "broken", "—", (square,), broken))
    assert (result.failure, result.error, result.passed) == ("broken", np.inf, False)


def test_differences_are_good_to_ten_digits():
    x = np.array([0.3, -1.2])
    assert relative_error(differences(lambda x: float(np.sum(np.exp(x))), x), np.exp(x)) < 1e-10


def test_relative_error():
    assert relative_error(np.array([1.0, 2.0]), np.array([1.0, 2.5])) == pytest.approx(0.2)
    assert relative_error(np.zeros(2), np.zeros(2)) == 0
    assert relative_error(np.zeros(2), np.zeros(3)) == np.inf
    assert relative_error(np.array([np.nan]), np.zeros(1)) == np.inf


def test_there_is_a_theorem_for_every_tag_once_in_the_order_of_the_derivation():
    assert TAGS[:10] == ("F1", "F2", "H1", "H2", "H3", "H4", "B1", "B2", "B3", "B4")
