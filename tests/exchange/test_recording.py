"""The recorder sees every operation of the equations, and every language can write it."""

from __future__ import annotations

import numpy as np
import pytest

from chainrule import Activation, InputError, Network
from chainrule.calculus.graph import ELEMENTWISE, REDUCTIONS, Recorder, schedule, shared
from chainrule.engines.reference import NUMPY
from chainrule.equations.heads import softmax
from chainrule.exchange.c_file import Expressions
from chainrule.exchange.model import described, pass_forward, record
from chainrule.exchange.numpy_file import Lines


def test_it_speaks_the_vocabulary_of_the_equations():
    assert set(ELEMENTWISE) | set(REDUCTIONS) == set(vars(NUMPY))


def test_what_is_named_once_is_computed_once():
    body = record("softmax", softmax)
    assert [node.op for node in schedule(body)] == ["symbol", "max", "-", "exp", "sum", "/"]
    assert [node.op for node in shared(body)] == ["exp"]


def test_a_tower_of_shared_values_is_no_tree():
    def tower(xp, z):
        for _ in range(200):
            z = z * z + z
        return z

    assert len(schedule(record("tower", tower))) == 401


def test_the_forward_pass_is_that_of_the_equations():
    network = Network([2, 3, 4, 2], hidden=["relu", "tanh"], seed=0)
    cache = pass_forward(described(network))
    write = Lines({cache.a[1]: "a1"})
    assert write(cache.z[2]) == "a1 @ W2.T + b2"
    assert write(cache.a[2]) == "tanh(a1 @ W2.T + b2)"


@pytest.mark.parametrize(
    ("body", "python", "c"),
    [
        (lambda xp, z: (z + 1) * 2 - (z - (3 - z)), *["(z + 1) * 2 - (z - (3 - z))"] * 2),
        (lambda xp, z: -(z**2), "-z ** 2", "-pow(z, 2)"),
        (lambda xp, z: (-z) ** 2, "(-z) ** 2", "pow(-z, 2)"),
        (
            lambda xp, z: -(-z) - -(z * z) - (-2 * z),  # noqa: B002
            "-(-z) - -(z * z) - -2 * z",
            "-(-z) - -(z * z) - -2 * z",
        ),
        (lambda xp, z: z / (z / 2), "z / (z / 2)", "z / (z / 2)"),
        (lambda xp, z: 2 ** (z**-0.5), "2 ** z ** (-0.5)", "pow(2, pow(z, -0.5))"),
        (lambda xp, z: (z**2) ** 3, "(z ** 2) ** 3", "pow(pow(z, 2), 3)"),
        (lambda xp, z: xp.where(z > 0, z, 1e-40), "np.where(z > 0, z, 1e-40)", "(z > 0 ? z : 1e-40)"),
        (lambda xp, z: xp.arctan(xp.abs(z)), "np.arctan(np.abs(z))", "atan(fabs(z))"),
        (lambda xp, z: xp.minimum(z, 1e10), "np.minimum(z, 10000000000.0)", "smaller(z, 10000000000.0)"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_brackets(body, python, c):
    node = record("body", body)
    assert Lines()(node) == python
    assert Expressions()(node) == c
    for z in (0.7, -1.3):
        with np.errstate(invalid="ignore"):  # a root of −1.3 is NaN on both sides
            value = eval(python, {"np": np, "z": np.float64(z)})
            assert np.array_equal(value, body(NUMPY, np.float64(z)), equal_nan=True)


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (lambda xp, z: np.tanh(z), "must be written with xp"),
        (lambda xp, z: z.clip(0), "no attribute 'clip'"),
        (lambda xp, z: xp.sinh(z), "xp has no sinh"),
        (lambda xp, z: z if z > 0 else 0, "use xp.where, not if"),
        (lambda xp, z: z + np.ones(3), "among its numbers"),
        (lambda xp, z: xp.sum(z), "sum without axis=1"),
        (lambda xp, z: z * xp.max(z, axis=0, keepdims=True), "max without axis=1"),
        (lambda xp, z: z[:, None], r"\[:, None\]"),
        (lambda xp, z: z[0], "an index"),
        (lambda xp, z: None, "must return an array"),
    ],
    ids=["numpy", "method", "sinh", "if", "array", "sum", "samples", "column", "index", "none"],
)
def test_bodies_that_are_no_equations_are_refused(body, why):
    network = Network([2, 3, 2], hidden=Activation("mine", body, lambda xp, z, a: a), seed=0)
    with pytest.raises(InputError, match=why):
        described(network)


def test_a_constant_activation():
    node = record("constant", lambda xp, z: 3)
    assert Lines()(node) == "3 * np.ones_like(z)"


def test_functions_of_the_same_name_are_told_apart():
    mine = Activation("relu", lambda xp, z: z * z, lambda xp, z, a: 2 * z)
    functions = described(Network([2, 3, 3, 2], hidden=["relu", mine], seed=0)).functions
    assert [function.name for function in functions] == ["relu", "phi_2", "softmax"]


def test_hidden_and_output_sigmoid_have_their_own_tags():
    functions = described(Network([2, 3, 2], hidden="sigmoid", output="sigmoid", seed=0)).functions
    assert [(function.name, function.tag) for function in functions] == [
        ("sigmoid", "F2"),
        ("sigmoid_output", "H3"),
    ]


def test_parameters_that_are_not_finite_are_refused():
    network = Network([2, 2], seed=0)
    network.params[1].W[0, 0] = np.nan
    with pytest.raises(InputError, match="parameters must be finite"):
        described(network)


def test_equal_numbers_of_other_kinds_are_other_numbers():
    xp = Recorder()
    z = xp.symbol("z")
    assert z + 1 is z + 1
    assert z + 1 is not z + 1.0
