"""Every φ against its φ', the identities between them, and what they do far out."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from chainrule.engines.reference import NUMPY
from chainrule.equations.activations import (
    ACTIVATIONS,
    LEAK,
    elu,
    gelu,
    leaky_relu,
    relu,
    sigmoid,
    silu,
    softplus,
    tanh,
)
from tests.equations.calculus import STEP, TOLERANCE, is_vjp, loud, rough

every_activation = pytest.mark.parametrize("activation", ACTIVATIONS.values(), ids=ACTIVATIONS.keys())
every_dtype = pytest.mark.parametrize("dtype", [np.float32, np.float64])
moderate = arrays(np.float64, array_shapes(min_dims=0, max_dims=2, max_side=4), elements=st.floats(-8, 8))

TEXTBOOK = {
    "sigmoid": lambda z: 1 / (1 + math.exp(-z)),
    "tanh": lambda z: (math.exp(z) - math.exp(-z)) / (math.exp(z) + math.exp(-z)),
    "relu": lambda z: z if z > 0 else 0.0,
    "leaky_relu": lambda z: z if z > 0 else z / 100,
    "elu": lambda z: z if z > 0 else math.exp(z) - 1,
    "softplus": lambda z: math.log(1 + math.exp(z)),
    "silu": lambda z: z / (1 + math.exp(-z)),
    "gelu": lambda z: z * 0.5 * math.erfc(-z / math.sqrt(2)),
    "hardswish": lambda z: 0.0 if z < -3 else z if z > 3 else z * (z + 3) / 6,
    "identity": lambda z: z,
}


def derivative(activation, z):
    return activation.d_phi(NUMPY, z, activation.phi(NUMPY, z))


def passes(activation, z, d_phi=None):
    d = derivative(activation, z) if d_phi is None else d_phi(z, activation.phi(NUMPY, z))
    return is_vjp(lambda z: activation.phi(NUMPY, z), lambda v: v * d, z)


def test_every_activation_has_its_textbook_formula():
    assert set(TEXTBOOK) == set(ACTIVATIONS)
    assert all(name == activation.name for name, activation in ACTIVATIONS.items())


@every_activation
@given(z=st.floats(-15, 15))
def test_value_is_the_textbook_one(activation, z):
    assert activation.phi(NUMPY, np.float64(z)) == pytest.approx(
        TEXTBOOK[activation.name](z), rel=1e-9, abs=1e-12
    )


@every_activation
@given(z=moderate)
def test_d_phi_is_the_vector_jacobian_product(activation, z):
    """Of a scalar, a sample and a batch alike."""
    assume(all((abs(z - kink) > 1e-3).all() for kink in rough(activation)))
    assert np.shape(derivative(activation, z)) == z.shape
    assert passes(activation, z)


@every_activation
def test_wrong_derivatives_are_rejected(activation):
    z = np.linspace(-2, 2, 8).reshape(2, 4)
    d = derivative(activation, z)
    assert passes(activation, z)
    for mutant in (-d, 2 * d, d + 0.01, d[:, ::-1] + 1e-3 * z, 0 * d):
        assert not passes(activation, z, lambda z, a, mutant=mutant: mutant)


@pytest.mark.parametrize(
    ("name", "mutant"),
    [
        ("sigmoid", lambda z, a: a * (1 + a)),
        ("sigmoid", lambda z, a: z * (1 - z)),  # the activation taken for the input
        ("sigmoid", lambda z, a: a),
        ("tanh", lambda z, a: 1 - z * z),
        ("tanh", lambda z, a: a * (1 - a)),  # sigmoid's
        ("tanh", lambda z, a: 1 - a),
        ("relu", lambda z, a: a),
        ("relu", lambda z, a: z < 0),
        ("leaky_relu", lambda z, a: z > 0),
        ("elu", lambda z, a: np.where(z > 0, 1, a)),
        ("softplus", lambda z, a: sigmoid(NUMPY, a)),
        ("silu", lambda z, a: sigmoid(NUMPY, z)),  # half of the product rule
        ("gelu", lambda z, a: a / z),  # Φ(z) alone
    ],
)
def test_mistakes_of_textbooks_are_rejected(name, mutant):
    assert not passes(ACTIVATIONS[name], np.linspace(-2, 2, 8), mutant)


@every_activation
def test_kinks_are_all_there_and_take_the_value_from_the_left(activation):
    z = np.array(activation.kinks or [0.0])
    left, here, right = (derivative(activation, z + h) for h in (-STEP, 0, STEP))
    assert here == pytest.approx(left, abs=1e-4)
    jumps = abs(right - left) > 1e-3
    assert jumps.all() if activation.kinks else not jumps.any()


@every_activation
@every_dtype
@pytest.mark.parametrize("shape", [(), (1,), (4,), (2, 3), (1, 1)])
def test_dtype_and_shape_stay(activation, dtype, shape):
    z = np.full(shape, -0.75, dtype)
    a = activation.phi(NUMPY, z)
    for value in (a, activation.d_phi(NUMPY, z, a)):
        assert np.asarray(value).dtype == dtype
        assert np.shape(value) == shape


@every_activation
@every_dtype
def test_far_out_nothing_overflows_and_the_limits_are_exact(activation, dtype):
    z = np.array([[-1e4, 1e4], [-300, 300]], dtype)
    with loud():
        a, d = activation.phi(NUMPY, z), derivative(activation, z)
    low, high = {
        "sigmoid": (0 * z, 0 * z + 1),
        "tanh": (0 * z - 1, 0 * z + 1),
        "leaky_relu": (dtype(LEAK) * z, z),
        "elu": (0 * z - 1, z),
        "identity": (z, z),
    }.get(activation.name, (0 * z, z))
    np.testing.assert_allclose(a, np.where(z < 0, low, high), rtol=1e-7, atol=1e-30)
    flat = activation.name in ("sigmoid", "tanh")
    slope = {"leaky_relu": LEAK, "identity": 1}.get(activation.name, 0)
    np.testing.assert_allclose(d, np.where(z < 0, slope, 0 if flat else 1), rtol=1e-7, atol=1e-30)


@every_dtype
def test_probabilities_are_not_clipped(dtype):
    """A clipped σ would stop at 1e-7 or 1e-15; this one falls until the floats end."""
    z = np.array([-30, -60, -80], dtype)
    expected = np.exp(z.astype(np.float64))
    np.testing.assert_allclose(sigmoid(NUMPY, z), expected, rtol=1e-5)
    np.testing.assert_allclose(softplus(NUMPY, z), expected, rtol=1e-5)


@given(z=moderate)
def test_identities(z):
    near = TOLERANCE["float64"]
    s, t = sigmoid(NUMPY, z), tanh(NUMPY, z)
    np.testing.assert_allclose(sigmoid(NUMPY, -z), 1 - s, **near)
    np.testing.assert_allclose(tanh(NUMPY, -z), -t, **near)
    np.testing.assert_allclose(t, 2 * sigmoid(NUMPY, 2 * z) - 1, **near)
    np.testing.assert_allclose(softplus(NUMPY, z) - softplus(NUMPY, -z), z, **near)
    np.testing.assert_allclose(relu(NUMPY, z) - relu(NUMPY, -z), z, **near)
    np.testing.assert_allclose(silu(NUMPY, z) - silu(NUMPY, -z), z, **near)
    np.testing.assert_allclose(gelu(NUMPY, z) - gelu(NUMPY, -z), z, **near)
    np.testing.assert_allclose(leaky_relu(NUMPY, z), relu(NUMPY, z) - LEAK * relu(NUMPY, -z), **near)
    np.testing.assert_allclose(np.exp(softplus(NUMPY, z)) - 1, np.exp(z), rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(elu(NUMPY, z), np.where(z > 0, z, np.expm1(z)), **near)


@every_activation
@given(z=st.floats(-50, 50))
def test_slopes_stay_in_their_bounds(activation, z):
    """σ' ≤ ¼, tanh' ≤ 1, …; silu, gelu and hardswish alone overshoot 1 and dip below 0."""
    lowest, highest = {
        "sigmoid": (0, 0.25),
        "silu": (-0.1, 1.1),
        "gelu": (-0.13, 1.13),
        "hardswish": (-0.5, 1.5),
    }.get(activation.name, (0, 1))
    assert lowest <= derivative(activation, np.float64(z)) <= highest
