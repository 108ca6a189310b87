"""`Activation.from_formula`: derived, accurate over ±1000, and used wherever a built-in one is."""

from __future__ import annotations

import copy
import inspect
import pickle

import numpy as np
import pytest

from chainrule import Activation, FormulaWarning, InputError, Network, gradient_check
from chainrule.engines.reference import NUMPY
from chainrule.equations.activations import ACTIVATIONS
from chainrule.formulas.checking import POINTS

BUILT_IN = {
    "sigmoid": "1/(1+exp(-z))",
    "tanh": "(exp(z)-exp(-z))/(exp(z)+exp(-z))",
    "relu": "max(z, 0)",
    "leaky_relu": "where(z > 0, z, 0.01*z)",
    "elu": "where(z > 0, z, exp(z)-1)",
    "softplus": "log(1+exp(z))",
    "silu": "z/(1+exp(-z))",
    "gelu": "z*(1+erf(z/sqrt(2)))/2",
    "hardswish": "z*min(max(z+3,0),6)/6",
    "identity": "z",
}


def test_all_are_compared():
    assert BUILT_IN.keys() == ACTIVATIONS.keys()


@pytest.mark.parametrize("name", BUILT_IN)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_textbook_formula_is_the_built_in_activation(name, dtype):
    own, ours = Activation.from_formula(BUILT_IN[name]), ACTIVATIONS[name]
    z = POINTS.astype(dtype)
    a = ours.phi(NUMPY, z)
    eps = np.finfo(dtype).eps
    np.testing.assert_allclose(own.phi(NUMPY, z), a, rtol=4 * eps, atol=eps)
    np.testing.assert_allclose(own.d_phi(NUMPY, z, a), ours.d_phi(NUMPY, z, a), rtol=40 * eps, atol=20 * eps)
    assert own.kinks == ours.kinks
    assert own.d_phi(NUMPY, z, a).dtype == dtype


@pytest.mark.parametrize("name", ["relu", "leaky_relu"])
def test_at_a_kink_the_derivative_is_the_left_one_as_in_the_built_in(name):
    own, ours = Activation.from_formula(BUILT_IN[name]), ACTIVATIONS[name]
    z = np.zeros(1)
    assert own.d_phi(NUMPY, z, z) == ours.d_phi(NUMPY, z, z)


MISH = "z*tanh(log(1+exp(z)))"


def test_a_derivation_is_readable():
    text = str(Activation.from_formula(MISH).derivation())
    first, *_, last, checked = text.splitlines()
    assert first.split("   ")[1].strip() == f"φ(z) = {MISH}"
    assert "product rule: (u v)' = u' v + u v'" in text
    assert "chain rule, tanh: (tanh u)' = (1 − tanh² u) u'" in text
    assert "z*(1 - tanh(softplus(z))**2)*sigmoid(z) + tanh(softplus(z))" in last
    assert checked == "each line agrees with the one before to 40 digits, at 5 points"


def test_long_arguments_get_a_letter():
    gelu = Activation.from_formula("0.5*z*(1+tanh(sqrt(2/pi)*(z+0.044715*z**3)))")
    text = str(gelu.derivation())
    assert "where u = 2*sqrt(2)*(0.044715*z**3 + z)/sqrt(pi)" in text
    assert "sigmoid(u)" in text


def test_a_derivation_in_latex():
    latex = Activation.from_formula(MISH).derivation().to_latex()
    assert latex.startswith("$$\\begin{aligned}")
    assert "\\tanh" in latex
    assert "\\text{product rule: (u v)' = u' v + u v'}" in latex
    assert latex.count("&=") == latex.count("\\\\") + 1


def test_what_is_simplified_says_so():
    lines = Activation.from_formula("z/(1+abs(z))").derivation().lines
    assert lines[-1].rule == "simplified; the most accurate form"
    assert lines[-1].to_text() == "(abs(z) + 1)**(-2)"


def test_the_derivative_uses_a_where_it_can():
    sigmoid = Activation.from_formula("1/(1+exp(-z))")
    assert "return a*(1 - a)" in sigmoid.source
    assert inspect.getsource(sigmoid.d_phi) in sigmoid.source


def test_accuracy_is_told():
    accuracy = Activation.from_formula(MISH).accuracy
    assert accuracy.value["float32"].error < 1e-6
    assert accuracy.slope["float64"].error < 1e-14
    assert "largest error in float32: φ " in str(accuracy)


REFUSED = {
    "log(z)": "at z = -1000 there is the logarithm of 0 or a negative number",
    "1/z": "at z = 0 there is a division by zero",
    "sqrt(abs(z))": "at z = 0 there is a division by zero",
    "sqrt(z)": "the root of a negative number",
    "where(z > 0, 1, 0)*1 + 0*z": "jumps by 1 at z = 0",
    "where(z > 2, z, 0)": "jumps by 2 at z = 2",
    "sign(z)*(1+abs(z))": "jumps by 1 at z = 0",
    "3": "must depend on z",
    "z - z": "must depend on z",
}


@pytest.mark.parametrize(("text", "why"), REFUSED.items(), ids=REFUSED.keys())
def test_no_activation(text, why):
    with pytest.raises(InputError, match=why):
        Activation.from_formula(text)


def test_what_float64_cannot_compute_is_refused():
    with pytest.raises(InputError, match=r"must be computable over \|z\| ≤ 1000; in float64 it comes out as"):
        Activation.from_formula("sin(z**9)")


def test_what_float32_cannot_compute_is_warned_of():
    with pytest.warns(FormulaWarning, match="loses precision in float32"):
        Activation.from_formula("sin(z**2)")


def test_what_float32_cannot_hold_is_warned_of():
    with pytest.warns(FormulaWarning, match="larger than float32 holds at z = "):
        Activation.from_formula("exp(z)")


def test_a_name_of_ones_own():
    assert Activation.from_formula(MISH).name == MISH
    assert Activation.from_formula(MISH, name="mish").name == "mish"


def test_by_hand_there_is_no_derivation():
    own = Activation("cube", lambda xp, z: z * z * z, lambda xp, z, a: 3 * z * z)
    assert own.formula is None
    with pytest.raises(InputError, match="must be made from a formula"):
        own.derivation()


X = np.random.default_rng(0).standard_normal((40, 4))
Y = (X[:, 0] * X[:, 1] > 0).astype(int)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_it_trains_as_the_built_in_one_does(dtype):
    """silu from its formula: the same bits, since it is the same code in the end."""
    networks = [
        Network([4, 6, 2], hidden=hidden, initializer="he", seed=0, dtype=dtype)
        for hidden in ("silu", "z/(1+exp(-z))")
    ]
    for network in networks:
        network.fit(X, Y, epochs=5, optimizer="adam", dropout=0.1, progress=False)
    for own, ours in zip(*(network.params for network in networks), strict=True):
        np.testing.assert_allclose(own.W, ours.W, rtol=100 * np.finfo(dtype).eps)
        assert own.W.dtype == dtype


@pytest.mark.parametrize("text", [MISH, "where(z > 0.5, 2*z-0.5, z**2+0.25)", "z*min(max(z+3,0),6)/6"])
def test_its_gradients_pass_the_check(text):
    network = Network([4, 6, 5, 2], hidden=[text, "tanh"], seed=0)
    assert gradient_check(network, X, Y).passed


def test_it_is_saved_as_a_formula(tmp_path):
    network = Network([4, 6, 2], hidden=Activation.from_formula(MISH, name="mish"), seed=0)
    network.fit(X, Y, epochs=1, progress=False)
    network.save(tmp_path / "model")
    assert MISH.encode() in (tmp_path / "model").read_bytes()
    assert b"lambda" not in (tmp_path / "model").read_bytes()
    read = Network.load(tmp_path / "model")
    assert repr(read) == repr(network)
    assert read.predict_proba(X).tobytes() == network.predict_proba(X).tobytes()
    assert str(read.hidden[1].derivation()) == str(network.hidden[1].derivation())


def test_a_file_with_a_bad_formula_is_refused(tmp_path):
    from chainrule import ModelFileError
    from chainrule.files.tensors import read_model, write_model

    network = Network([4, 6, 2], hidden=MISH, seed=0)
    network.save(tmp_path / "model")
    tensors, about = read_model(tmp_path / "model")
    for bad in ({"formula": "__import__('os')", "name": "x"}, {"formula": "log(z)", "name": "x"}, {}, 3):
        write_model(tmp_path / "bad", tensors, {**about, "hidden": [bad]})
        with pytest.raises(ModelFileError):
            Network.load(tmp_path / "bad")


def test_a_warning_is_not_repeated_by_loading(tmp_path):
    with pytest.warns(FormulaWarning):
        network = Network([4, 6, 2], hidden="exp(z)", seed=0)
    network.save(tmp_path / "model")
    Network.load(tmp_path / "model")  # warnings are errors here


def test_copies(tmp_path):
    network = Network([4, 6, 2], hidden=MISH, seed=0)
    for other in (copy.deepcopy(network), pickle.loads(pickle.dumps(network))):
        assert other.predict_proba(X).tobytes() == network.predict_proba(X).tobytes()
        assert other.hidden[1].formula == MISH


def test_a_name_that_is_wrong_is_still_a_wrong_name():
    with pytest.raises(InputError, match="Did you mean 'relu'"):
        Network([4, 6, 2], hidden="relux")
    with pytest.raises(InputError, match="Did you mean 'softplus'"):
        Network([4, 6, 2], hidden="z*softplos(z)")


def test_inner_exponentials_do_not_overflow_in_the_branch_not_taken():
    elu = Activation.from_formula("where(z > 0, z, exp(z)-1)")
    with np.errstate(all="raise", under="ignore"):
        a = elu.phi(NUMPY, np.array([1e4, -1e4]))
        d = elu.d_phi(NUMPY, np.array([1e4, -1e4]), a)
    assert a.tolist() == [1e4, -1]
    assert d.tolist() == [1, 0]
