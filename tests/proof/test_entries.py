"""Arrays of symbolic size: known identities hold, wrong shapes and wrong gradients are refused."""

from __future__ import annotations

from itertools import product
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import sympy as sp

import chainrule
from chainrule.engines.reference import NUMPY
from chainrule.equations.affine import affine, input_gradient, weight_gradient
from chainrule.equations.heads import log_softmax
from chainrule.proof.claims.claims import Given
from chainrule.proof.claims.entries import ANY_SIZE, Entries, stretched, summed
from chainrule.proof.claims.indices import Distribution, Index, fresh, normal, total, vanishes
from chainrule.proof.claims.sizes import N, agree, entries, n0, n1, n2, n3
from chainrule.proof.claims.symbolic import Exp, Log, Phi, RowShift, Unproven

SIZES = {N: 2, n0: 3, n1: 2, n2: 4, n3: 1}
A, B, C, D = (
    entries(name, Given(shape))
    for name, shape in zip("ABCD", [(N, n0), (n0, n1), (n1, n2), (n0, n0)], strict=True)
)
S, T = (entries(name, Given((n0, n0))) for name in "ST")
v = entries("v", Given((n1,)))


def trace(X):
    i = fresh(X.shape[0])
    assert X.shape[0] == X.shape[1]
    return total(X.at(i, i), i)


@pytest.mark.parametrize(
    ("left", "right"),
    [
        (lambda: (A @ B).T, lambda: B.T @ A.T),
        (lambda: (A @ B) @ C, lambda: A @ (B @ C)),
        (lambda: A @ (B + B), lambda: 2 * (A @ B)),
        (lambda: A.T.T, lambda: A),
        (lambda: (S + T) @ (S - T), lambda: S @ S - S @ T + T @ S - T @ T),
        (lambda: summed(A @ B, axis=0, keepdims=True), lambda: summed(A, axis=0, keepdims=True) @ B),
        (lambda: summed(summed(A, axis=1), axis=0), lambda: summed(A)),
        (lambda: summed(A), lambda: summed(A.T)),
        (lambda: summed(A, axis=-1), lambda: summed(A, axis=1)),
        (lambda: summed(A @ B * v), lambda: summed(summed(A, axis=0)[:, None] * B * v)),
        (lambda: (A @ B) * v, lambda: A @ (B * v)),
        (lambda: summed(A) ** 2, lambda: summed(A) * summed(A)),
        (lambda: 1 - A, lambda: -(A - 1)),
        (lambda: 1 / A, lambda: A / A**2),
    ],
    ids=range(14),
)
def test_identities(left, right):
    agree("", left(), right())


@pytest.mark.parametrize(
    ("left", "right"),
    [
        (lambda: S @ T, lambda: T @ S),
        (lambda: (S @ T).T, lambda: S.T @ T.T),
        (lambda: S, lambda: S.T),
        (lambda: summed(S, axis=0), lambda: summed(S, axis=1)),
        (lambda: summed(S) ** 2, lambda: summed(S * S)),
        (lambda: A @ B, lambda: 2 * (A @ B)),
        (lambda: (A @ B) + v, lambda: A @ (B + v)),
        (lambda: summed(A) / N, lambda: summed(A) / n0),
    ],
    ids=range(8),
)
def test_what_is_no_identity(left, right):
    assert left().shape == right().shape
    with pytest.raises(Unproven, match="for any sizes"):
        agree("", left(), right())


def test_the_derivative_of_a_trace():
    p, q = fresh(n0, "p"), fresh(n0, "q")

    def gradient(of, in_):
        return sp.diff(trace(of), in_.at(p, q))

    assert vanishes(gradient(S @ T, S) - T.T.at(p, q))
    assert vanishes(gradient(S @ S, S) - 2 * S.T.at(p, q))
    assert vanishes(gradient(S.T @ T @ S, S) - ((T + T.T) @ S).at(p, q))
    assert not vanishes(gradient(S.T @ T @ S, S) - (2 * T @ S).at(p, q))
    assert not vanishes(gradient(S @ T, S) - T.at(p, q))
    assert vanishes(trace(S @ T) - trace(T @ S))
    assert vanishes(trace(S @ T @ D) - trace(D @ S @ T))
    assert not vanishes(trace(S @ T @ D) - trace(T @ S @ D))


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: A @ B.T,
        lambda: B @ A,
        lambda: A @ v,
        lambda: A @ 2,
        lambda: A + B,
        lambda: A + v,
        lambda: affine(A, B, v),
        lambda: input_gradient(A, B.T),
        lambda: weight_gradient(A, B),
        lambda: A[0],
        lambda: A[:1],
        lambda: A[:, :, :],
        lambda: A[None],
        lambda: ANY_SIZE.max(A, axis=0, keepdims=True),
        lambda: ANY_SIZE.abs(A),
        lambda: ANY_SIZE.where(A > 0, A, 0),
        lambda: entries("A", Given((N, n0), "mixed")),
        lambda: agree("A", A, A.T),
    ],
    ids=range(18),
)
def test_refused(wrong):
    with pytest.raises(Unproven):
        wrong()


def test_equal_numbers_do_not_hide_a_wrong_shape():
    """At n_0 = n_1 this product has a value in NumPy."""
    with pytest.raises(Unproven, match=r"same size inside, for any sizes; got \(N, n_1\) @ \(n_0, n_1\)"):
        input_gradient(entries("d", Given((N, n1))), entries("W", Given((n1, n0))).T)


def test_an_array_tells_its_general_entry_as_the_docs_show():
    docs = (Path(chainrule.__file__).parents[2] / "docs" / "proofs.md").read_text(encoding="utf-8")
    a, W, b = (entries(s, Given(shape)) for s, shape in (("a", (N, n0)), ("W", (n1, n0)), ("b", (n1,))))
    shown = repr(affine(a, W, b))
    assert shown == "[p, q] = b[q] + Sum(W[q, j1]*a[p, j1], (j1, 1, n_0))  (N, n_1)"
    assert f"\n{shown}\n" in docs


def test_stretching():
    assert stretched((N, n0), (n0,)) == (N, n0)
    assert stretched((N, 1), (n0,), ()) == (N, n0)
    assert stretched((1,), (1, 1)) == (1, 1)
    assert v[:, None].shape == (n1, 1)
    assert (v[:, None] * v[None, :]).shape == (n1, n1)
    with pytest.raises(Unproven, match="shapes must be the same for any sizes"):
        stretched((N, n0), (n1,))


def test_branches_are_decided_by_assumptions():
    positive, negative = (entries("z", Given((N, n0), sign)) for sign in ("positive", "negative"))
    agree("", ANY_SIZE.abs(positive), positive)
    agree("", ANY_SIZE.abs(negative), -negative)
    agree("", ANY_SIZE.where(negative >= 0, 1, negative), negative)
    agree("", ANY_SIZE.maximum(positive, 0) + ANY_SIZE.maximum(negative, 0), positive)


def test_rows_that_sum_to_1():
    y = entries("y", Given((N, n0), "distribution"))
    agree("", ANY_SIZE.sum(y, axis=1), Entries((N,), lambda i: 1))
    agree("", ANY_SIZE.sum(y), Entries((), lambda: N))
    with pytest.raises(Unproven):
        agree("", ANY_SIZE.sum(y, axis=0), Entries((n0,), lambda i: 1))
    with pytest.raises(Unproven):
        agree("", ANY_SIZE.sum(y * y, axis=1), Entries((N,), lambda i: 1))


def evaluate(term, arrays, at=None):
    """A term in numbers: every sum added up by Python, without the normal form."""
    at = at or {}
    if isinstance(term, sp.Sum):
        indices = [limit[0] for limit in term.limits]
        ranges = [range(SIZES[index.size]) for index in indices]
        return sum(
            evaluate(term.function, arrays, {**at, **dict(zip(indices, place, strict=True))})
            for place in product(*ranges)
        )
    if isinstance(term, Index):
        return at[term]
    if isinstance(term, sp.Indexed):
        return arrays[str(term.base)][tuple(at[index] for index in term.indices)]
    if isinstance(term, sp.KroneckerDelta):
        return float(at[term.args[0]] == at[term.args[1]])
    if term in SIZES:
        return SIZES[term]
    parts = [evaluate(part, arrays, at) for part in term.args]
    known = {sp.Add: sum, sp.Mul: np.prod, sp.Pow: lambda x: x[0] ** x[1]}
    known |= {Exp: lambda x: np.exp(x[0]), Log: lambda x: np.log(x[0]), Phi: lambda x: np.sin(x[0])}
    return known[term.func](parts) if parts else float(term)


def arrays():
    rng = np.random.default_rng(0)
    shapes = {"A": (N, n0), "B": (n0, n1), "C": (n1, n2), "S": (n0, n0), "T": (n0, n0), "v": (n1,), "m": (N,)}
    return {name: rng.uniform(0.5, 1.5, [SIZES[size] for size in shape]) for name, shape in shapes.items()}


def test_entries_are_the_numbers_that_numpy_finds():
    given = arrays()
    numbers = SimpleNamespace(**given)
    phi = np.sin(numbers.A @ numbers.B + numbers.v) @ numbers.C
    terms = ANY_SIZE.phi(A @ B + v) @ C
    logs, log_terms = log_softmax(NUMPY, phi), log_softmax(ANY_SIZE, terms)
    for place in np.ndindex(2, 4):
        at = dict(zip(terms.indices, place, strict=True))
        assert evaluate(terms.term, given, at) == pytest.approx(phi[place], rel=1e-13)
        at = dict(zip(log_terms.indices, place, strict=True))
        assert evaluate(log_terms.term, given, at) == pytest.approx(logs[place], rel=1e-13)


i, j, k, l = (fresh(n0, name) for name in "ijkl")  # noqa: E741


def each(term, *indices):
    return sp.Sum(term, *((index, 1, index.size) for index in indices))


SUMS = [
    each(S.at(i, j) * each(T.at(j, k) * (1 + S.at(k, i)), k), i, j),
    each(S.at(i, j), j) ** 2 * each(T.at(i, k), k),
    each(each(S.at(i, j), j) ** 2 * T.at(i, i), i),
    each(each(S.at(i, j) * sp.KroneckerDelta(j, k), j) * T.at(k, i), i, k),
    each(sp.KroneckerDelta(i, j) * sp.KroneckerDelta(j, k) * S.at(i, k), i, j, k),
    each(Phi(each(S.at(i, j) * T.at(j, k), j)) * T.at(i, i) + 1, i, k),
    each(Phi(each(S.at(i, j) * each(S.at(k, l), l), j, k)) / each(T.at(i, j), j), i),
    each(Exp(S.at(i, j)) / each(Exp(S.at(i, k)), k), j),
    each(sp.Integer(3), i, j),
]


@pytest.mark.parametrize("term", SUMS, ids=range(len(SUMS)))
def test_the_normal_form_has_the_same_value(term):
    at = {i: 1, k: 2, l: 0}
    form = normal(term)
    assert evaluate(form, arrays(), at) == pytest.approx(evaluate(term, arrays(), at), rel=1e-12)
    assert normal(form) == form
    assert vanishes(term - form)
    assert not vanishes(term - form + S.at(i, k) / 10**9)


@pytest.mark.parametrize("term", SUMS, ids=range(len(SUMS)))
def test_the_names_of_bound_indices_do_not_matter(term):
    for names in ([j, k, l, i], [l, i, j, k], [k, l, i, j]):
        other = {old: fresh(n0, new.name) for old, new in zip((i, j, k, l), names, strict=True)}
        free = {index: other[index] for index in (i, j, k, l) if index in term.free_symbols}
        assert vanishes(term.xreplace(other).xreplace({new: old for old, new in free.items()}) - term)


def test_deltas_join_what_they_can():
    assert normal(each(sp.KroneckerDelta(i, j) * S.at(i, k), i)) == S.at(j, k)
    assert vanishes(sp.KroneckerDelta(i, j) * (S.at(i, k) - S.at(j, k)))
    assert not vanishes(sp.KroneckerDelta(i, j) * (S.at(i, k) - S.at(k, j)))
    with pytest.raises(Unproven, match="same size"):
        total(sp.KroneckerDelta(i, fresh(n1)), i)


def test_fractions_within_a_sum_find_their_common_denominator():
    x = S.at(i, j)
    apart = each(1 / x, j) - each(1 / (1 + x), j)
    assert vanishes(each(1 / (x * (1 + x)), j) - apart)
    assert not vanishes(each(2 / (x * (1 + x)), j) - apart)


def test_a_distribution_and_a_plain_array_are_two():
    assert Distribution("y") != sp.IndexedBase("y")
    m = sp.IndexedBase("m", real=True)
    assert Exp(S.at(i, j) - RowShift(m, i)) == Exp(S.at(i, j)) / Exp(RowShift(m, i))
