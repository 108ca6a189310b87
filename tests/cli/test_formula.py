"""``chainrule formula``: a derivation on paper, the code, the errors; or one line that says what is wrong."""

from __future__ import annotations

import pytest


def test_an_activation(here):
    done = here("formula", "z*tanh(log(1+exp(z)))")
    assert done.code == 0, done.err
    assert "product rule: (u v)' = u' v + u v'" in done.out
    assert "def d_phi(xp, z, a):" in done.out
    assert "largest error in float32: φ " in done.out
    assert done.err == ""


def test_a_kink_is_told(here):
    assert "kink at z = 0.5: the derivative jumps there" in here("formula", "max(z, 0.5)").out


def test_a_formula_may_begin_with_a_minus(here):
    assert "φ(z) = -z/(1+abs(z))" in here("formula", "-z/(1+abs(z))").out


def test_an_overflow_is_told_on_standard_error(here):
    done = here("formula", "exp(z)")
    assert done.code == 0
    assert "note: φ(z) = exp(z) is larger than float32 holds" in done.err


def test_a_loss(here):
    done = here("formula", "1/(1+exp(-z))", "--loss", "-(y*log(a)+(1-y)*log(1-a))")
    assert done.code == 0, done.err
    assert "= a - y " in done.out
    assert "def delta(xp, z, a, y):\n    return a - y\n" in done.out


def test_latex(here):
    assert here("formula", "tanh(z)", "--latex").out.startswith("$$\\begin{aligned}")


@pytest.mark.parametrize("text", ["__import__('os')", "9**9**9**9", "1/0", "z^2"])
def test_what_is_no_formula(here, text):
    done = here("formula", text)
    assert done.code == 1
    assert "at column" in done.err
    assert done.err.count("\n") == 1


def test_training_with_formulas(here, data, tmp_path):
    done = here(
        *("train", data / "kinds.csv", "--hidden", "max(z,0.1*z),atan(z)", "--layers", "5-4", "--epochs", 1),
        *("--loss", "-y*(1-a)**2*log(a)", "--run", "run"),
    )
    assert done.code == 0, done.err
    assert "3 → 5 max(z,0.1*z) → 4 atan(z) → 3 softmax, -y*(1-a)**2*log(a);" in done.out
    assert here("check", "run", data / "kinds.csv").code == 0
    assert here("evaluate", "run", data / "kinds.csv").code == 0
    assert here("predict", "run", data / "kinds.csv").code == 0
