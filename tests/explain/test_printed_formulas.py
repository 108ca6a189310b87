"""What an explanation prints of heads and activations is true: a printed formula gives its number."""

from __future__ import annotations

import math
import re
import warnings

import numpy as np
import pytest
from scipy import special

from chainrule import Activation, Head, Network
from chainrule.derivation.equations import equation
from chainrule.engines.reference import NUMPY
from chainrule.equations.activations import ACTIVATIONS
from chainrule.equations.heads import HEADS, pos_weighted

OWN = {
    "focal": ("softmax", "-y*(1-a)**2*log(a)", False),
    "squares of softmax": ("softmax", "(a-y)**2/2", False),
    "cross-entropy by hand": ("softmax", "-y*log(a)", False),
    "focal, several labels": ("sigmoid(z)", "-y*(1-a)**2*log(a)-(1-y)*a**2*log(1-a)", True),
    "squares": ("1/(1+exp(-z))", "(a-y)**2", True),
    "weighted": ("sigmoid(z)", "-3*y*log(a)-(1-y)*log(1-a)", False),
    "arctangent": ("0.5+atan(z)/pi", "(a-y)**2/2", True),
    "shifted tanh": ("(1+tanh(z))/2", "-y*log(a)-(1-y)*log(1-a)", True),
}
WEIGHTS = {"5": 5.0, "by label": np.array([5.0, 0.5, 2.0])}
FORMULAS = ("z*tanh(log(1+exp(z)))", "z/(1+abs(z))", "where(z > 0, z, 0.1*z)")


def head_of(name):
    if name in HEADS:
        return HEADS[name]
    if name in WEIGHTS:
        return pos_weighted(WEIGHTS[name])
    link, loss, multi_label = OWN[name]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return Head.from_formulas(link, loss, multi_label=multi_label)


def targets_of(head):
    """A class or labels, and targets between 0 and 1."""
    if head.distribution:
        return [1, [0.2, 0.7, 0.1]]
    return [[1, 0, 1], [0, 0, 1] if head.multi_label else [0, 0.25, 0.5]]


HEAD_NAMES = [*HEADS, *WEIGHTS, *OWN]


def python(text):
    """A printed formula as Python: every sign that the derivation writes, as NumPy's functions."""
    text = text.replace("−", "-").replace("·", "*").replace("[", "(").replace("]", ")")
    text = text.replace("≤", "<=").replace("≥", ">=")
    text = text.replace("½", "0.5").replace("²", "**2").replace("√", "sqrt").replace("2π", "2*pi")
    while "e^{" in text:
        text = re.sub(r"e\^\{([^{}]*)\}", r"exp(\1)", text)
    text = re.sub(r"\blog ([\w.]+(?:e-\d+)?|\([^()]*\))", r"log(\1)", text)
    *cases, text = re.split(r", else |, (?=[^,]* for )", text)
    for value, when in (case.split(" for ") for case in reversed(cases)):
        text = f"where({when}, {value}, {text})"
    return text


NAMES = {
    "log": np.log,
    "exp": np.exp,
    "tanh": np.tanh,
    "abs": np.abs,
    "sign": np.sign,
    "sqrt": np.sqrt,
    "atan": np.arctan,
    "max": np.maximum,
    "min": np.minimum,
    "where": np.where,
    "σ": special.expit,
    "sigmoid": special.expit,
    "softplus": lambda z: np.logaddexp(0, z),
    "Φ": special.ndtr,
    "pi": math.pi,
}


def computed(text, **values):
    return eval(python(text), {"__builtins__": {}}, {**NAMES, **values})


ROUNDED = re.compile(r"(?<![\w.])\d+(?:\.\d+(?:e[-+]\d+)?|e[-+]\d+)")
"""A printed number that was rounded, as its point or its exponent tells."""


def bound(text):
    """How far the rounding of the numbers in a formula to 5 digits may move its value."""
    value = computed(text)
    moved = []
    for found in ROUNDED.finditer(text):
        other = repr(float(found[0]) * (1 + 5e-5))
        moved.append(abs(computed(text[: found.start()] + other + text[found.end() :]) - value))
    return value, 1.1 * sum(moved)


def printed_lines(e, *wanted):
    """The lines of the printed text whose left side is wanted: (tag, left, steps)."""
    found = []
    for line in e.to_text(100_000).splitlines():
        tag, rest = line[2:6].strip(), line[6:]
        left, *steps = re.split(" [=≈] ", rest)
        if line.startswith("  ") and steps and any(re.fullmatch(pattern, left) for pattern in wanted):
            found.append((tag, left, steps))
    return found


def holds(formula, number, digits=5):
    value, allowed = bound(formula)
    rounding = abs(float(number)) * 10.0 ** (1 - digits) / 2
    assert allowed < 2e-3 * (1 + abs(value)), f"{formula} is too coarse to tell"
    assert abs(value - float(number)) <= allowed + 1.1 * rounding + 1e-12, (
        f"{formula} = {value}, not {number}"
    )


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("name", HEAD_NAMES)
def test_loss_and_error_are_computed_as_printed(name, seed):
    head = head_of(name)
    network = Network([2, 3, 3], output=head, seed=seed)
    for y in targets_of(head):
        e = network.explain([0.3, -1.2], y)
        loss = printed_lines(e, r"J|J_\d")
        assert loss[-1][1] == "J"
        assert float(loss[-1][2][-1]) == pytest.approx(e.loss, rel=1e-5)
        for _, left, steps in loss:
            holds(steps[-2], steps[-1], 6 if left == "J" else 5)
        errors = printed_lines(e, r"δ^2_\d".replace("^", r"\^"), r"ℓ'_\d")
        assert len(errors) in (3, 6)
        for _, left, steps in errors:
            holds(steps[-2], steps[-1])
            if left.startswith("δ"):
                assert float(steps[-1]) == pytest.approx(e.delta[2][int(left[-1]) - 1], rel=1e-4)
        for _, _, steps in printed_lines(e.weight(2, 0, 1), r"δ\^2_1"):
            holds(steps[-2], steps[-1])


@pytest.mark.parametrize("name", HEAD_NAMES)
def test_every_tag_is_the_head_s_own(name):
    """The tag of a line names the function that the head has, or there is none."""
    head = head_of(name)
    e = Network([2, 3, 3], output=head, seed=1).explain([0.3, -1.2], targets_of(head)[0])
    said = {left[0]: tag for tag, left, _ in printed_lines(e, r"J", r"δ\^2_\d")}
    for left, function in (("J", head.loss), ("δ", head.delta)):
        tag = said[left]
        assert (equation(tag).function.name == function.__name__) if tag else (name not in HEADS)
    tags = set(re.findall(r"\b[HBQ]\d\b", str(e)))
    assert tags == {"B2", "B3", "B4", said["J"], said["δ"], head.printed.a.tag} - {""}


@pytest.mark.parametrize("name", HEAD_NAMES)
def test_the_formulas_of_a_head_are_its_functions(name):
    """On rows of logits, with all digits: output, loss, and error."""
    head = head_of(name)
    rng = np.random.default_rng(0)
    z, y = rng.normal(size=(20, 3)), rng.dirichlet(np.ones(3), 20)
    a = head.predict(NUMPY, z)
    p = np.array([head.constants(m).get("p_m", 1.0) for m in range(3)])
    values = {"z_m": z, "a_m": a, "y_m": y, "p_m": p}
    near = {"rtol": 1e-12, "atol": 1e-14}
    output = head.printed.a.text.replace("Σ_k e^{z_k}", "total")
    total = np.exp(z).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(computed(output, total=total, **values), a, **near)
    share = computed(head.printed.J.each, **values)
    np.testing.assert_allclose(share.sum(axis=1), head.loss(NUMPY, z, y), **near)
    for step in head.printed.delta.steps:
        text, more = step.replace("σ'(z_m)", "a_m·(1 − a_m)"), {}
        if head.printed.slope.steps:
            slope = computed(head.printed.slope.text, **values)
            text = text.replace("Σ_k ℓ'_k", "total").replace("ℓ'_m", "slope")
            more = {"slope": slope, "total": slope.sum(axis=1, keepdims=True)}
        np.testing.assert_allclose(computed(text, **values, **more), head.delta(NUMPY, z, a, y), **near)


def activation_of(name):
    if name in ACTIVATIONS:
        return ACTIVATIONS[name]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return Activation.from_formula(name)


@pytest.mark.parametrize("name", [*ACTIVATIONS, *FORMULAS])
def test_the_formulas_of_an_activation_are_its_functions(name):
    activation = activation_of(name)
    z = np.concatenate([np.linspace(-6, 6, 40), [0.0]])
    a = activation.phi(NUMPY, z)
    near = {"rtol": 1e-12, "atol": 1e-14}
    values = {"z_m": z, "a_m": a}
    np.testing.assert_allclose(computed(activation.printed.phi.text, **values) + 0 * z, a, **near)
    slope = computed(activation.printed.d_phi.text, **values) + 0 * z
    np.testing.assert_allclose(slope, activation.d_phi(NUMPY, z, a), **near)


@pytest.mark.parametrize("name", [*ACTIVATIONS, *FORMULAS])
def test_activations_are_computed_as_printed(name):
    """φ(z) and φ'(z) by the formula that stands above the numbers."""
    activation = activation_of(name)
    e = Network([2, 3, 2], hidden=activation, seed=1).explain([0.3, -1.2], 1)
    (tag, _, (named, *formula)), *lines = printed_lines(e, r"a\^1_[j\d]")
    assert tag == "F2"
    assert named == f"{activation.symbol}(z^1_j)"
    whole = formula[-1] if formula else named
    assert len(lines) == 3
    for place, (_, left, steps) in enumerate(lines):
        assert left == f"a^1_{place + 1}"
        assert float(steps[-1]) == pytest.approx(e.a[1][place], rel=1e-4)
        z = re.fullmatch(rf"{re.escape(activation.symbol)}\((.*)\)", steps[1])[1]
        assert float(z) == pytest.approx(e.z[1][place], rel=1e-4)
        holds(in_numbers(whole, e.z[1][place]), steps[-1])
    whole_slope = activation.printed.d_phi.text
    for j in range(3):
        ((tag, _, steps),) = printed_lines(e.weight(1, j, 0), r"φ'\(z\^1_\d\)")
        assert tag == "F2"
        holds(steps[-2] if len(steps) > 2 else whole_slope, steps[-1])
        assert float(steps[-1]) == pytest.approx(e.d_phi[1][j], rel=1e-6)


def in_numbers(text, z):
    """A general line's formula with z put in where z^1_j stands; · for the space between factors."""
    factors = text if " for " in text or "*" in text else re.sub(r"(?<=[\w)]) (?=[σΦ(zm])", "·", text)
    return factors.replace("z^1_j", f"({z:.5g})")


@pytest.mark.parametrize("name", [*ACTIVATIONS, *FORMULAS])
def test_every_activation_has_formulas(name):
    assert activation_of(name).printed.phi.steps
    assert activation_of(name).printed.d_phi.steps


def test_a_head_by_hand_claims_no_formula():
    """Where nothing is known, only the numbers are printed."""
    soft = HEADS["softmax"]
    own = type(soft)("mine", soft.predict, soft.loss, soft.delta, loss_name="my loss", distribution=True)
    e = Network([2, 3, 3], output=own, seed=1).explain([0.3, -1.2], 1)
    assert printed_lines(e, r"J")[0][2] == [f"{e.loss:.6g}"]
    assert not set(re.findall(r"\b(?:H\d|B1|Q\d)\b", str(e) + str(e.weight(2, 0, 1))))


def test_saturated_outputs_print_no_logarithm_of_0():
    """Where 5 digits of a cannot give the loss, none are put in."""
    for name in HEAD_NAMES:
        head = head_of(name)
        network = Network.from_parameters([(40 * np.eye(3), np.zeros(3))], output=head)
        text = str(network.explain([1, -1, -1], 1 if head.distribution else [0, 1, 1]))
        assert "nan" not in text
        assert not re.search(r"log [01](?![.\de])|log\([01]\)|log\(1 ?[−-] ?1\)", text)
