"""Activations by the names that other libraries give them: what they are here is said."""

from __future__ import annotations

import numpy as np
import pytest

from chainrule import InputError, Network
from chainrule.equations.activations import ACTIVATIONS
from chainrule.model.validate import ELSEWHERE


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("swish", "got 'swish', which is called 'silu' here"),
        ("SiLU", "which is called 'silu' here"),
        ("logistic", "which is called 'sigmoid' here"),
        ("LeakyReLU", "which is called 'leaky_relu' here"),
        ("hard-swish", "which is called 'hardswish' here"),
        ("Mish", r"which is the formula 'z\*tanh\(softplus\(z\)\)'"),
        ("hardtanh", r"which is the formula 'min\(max\(z, -1\), 1\)'"),
        ("tahn", "Did you mean 'tanh'"),
    ],
)
def test_what_it_is_here_is_said(name, said):
    with pytest.raises(InputError, match=said):
        Network([2, 3, 2], hidden=name)


REFERENCE = {
    "mish": lambda z: z * np.tanh(np.log1p(np.exp(z))),
    "softsign": lambda z: z / (1 + np.abs(z)),
    "hardtanh": lambda z: np.clip(z, -1, 1),
    "relu6": lambda z: np.clip(z, 0, 6),
    "hardsigmoid": lambda z: np.clip(z / 6 + 0.5, 0, 1),
    "squaredrelu": lambda z: np.maximum(z, 0) ** 2,
    "tanhshrink": lambda z: z - np.tanh(z),
    "logsigmoid": lambda z: -np.log1p(np.exp(-z)),
}


@pytest.mark.parametrize("name", [name for name, here in ELSEWHERE.items() if here not in ACTIVATIONS])
def test_the_formula_is_that_function(name):
    z = np.linspace(-7, 7, 57)[:, None]
    network = Network.from_parameters(
        [([[1.0]], [0.0]), ([[1.0]], [0.0])], hidden=ELSEWHERE[name], output="sigmoid"
    )
    np.testing.assert_allclose(network.forward(z).a[1], REFERENCE[name](z), atol=1e-12)
