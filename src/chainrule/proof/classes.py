"""Softmax with any number of classes: the shipped bodies run on one entry with a general index.

A `Classes` stands for the row (t_1, …, t_K): it holds the term t_k for a general k. Sums over the
classes stay sums, with constants pulled out, and ∂z_k/∂z_j is Kronecker's delta.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import sympy as sp
from sympy.concrete.delta import deltasummation

from chainrule.equations import heads
from chainrule.proof.symbolic import Exp, Log, Shift, Unproven, exact, is_zero
from chainrule.types import Namespace

K = sp.Symbol("K", integer=True, positive=True)
"""The number of classes."""

k, j, i = sp.symbols("k j i", integer=True)
z, y = sp.IndexedBase("z", real=True), sp.IndexedBase("y", real=True)
m = Shift("m", real=True)


class Classes:
    """The row of an output layer by its general entry, or, where nothing depends on k, a number."""

    def __init__(self, term: Any) -> None:
        self.term = sp.sympify(term)

    def __add__(self, other: Any) -> Classes:
        return Classes(self.term + _term(other))

    def __sub__(self, other: Any) -> Classes:
        return Classes(self.term - _term(other))

    def __mul__(self, other: Any) -> Classes:
        return Classes(self.term * _term(other))

    def __truediv__(self, other: Any) -> Classes:
        return Classes(self.term / _term(other))

    def __rsub__(self, other: Any) -> Classes:
        return Classes(_term(other) - self.term)

    def __rtruediv__(self, other: Any) -> Classes:
        return Classes(_term(other) / self.term)

    def __neg__(self) -> Classes:
        return Classes(-self.term)

    __radd__ = __add__
    __rmul__ = __mul__

    def at(self, index: Any) -> Any:
        """The entry of that index."""
        return self.term.xreplace({k: index})


def _term(x: Any) -> Any:
    return x.term if isinstance(x, Classes) else x


def total(term: Any) -> Any:
    """Σ_k of a term: linear, constants outside, and Σ_k y_k = 1."""
    parts = []
    for part in sp.Add.make_args(sp.expand(exact(term))):
        constant, rest = part.as_independent(k, as_Add=False)
        if rest == 1:
            parts.append(constant * K)
        else:
            parts.append(constant * (1 if rest == y[k] else sp.Sum(rest.xreplace({k: i}), (i, 1, K))))
    return sp.Add(*parts)


def _sum(row: Classes, axis: int, keepdims: bool = False) -> Classes:
    _over_classes(axis)
    return Classes(total(row.term))


def _max(row: Classes, axis: int, keepdims: bool) -> Classes:
    _over_classes(axis)
    return Classes(m)


def _over_classes(axis: int) -> None:
    if axis != 1:
        raise Unproven(f"the classes must be axis 1; got axis {axis}.")


ANY_CLASSES = cast(
    Namespace,
    SimpleNamespace(
        exp=lambda row: Classes(Exp(exact(row.term))),
        log=lambda row: Classes(Log(exact(row.term))),
        sum=_sum,
        max=_max,
    ),
)
"""The interpreter for rows of any length."""

Z, Y = Classes(z[k]), Classes(y[k])


def d_z(term: Any) -> Any:
    """∂term/∂z_j, with every sum over Kronecker's delta carried out."""
    return sp.diff(term, z[j]).replace(
        lambda part: isinstance(part, sp.Sum) and part.has(sp.KroneckerDelta),
        lambda part: deltasummation(part.function, (i, 1, K), no_piecewise=True),
    )


def agree(what: str, left: Any, right: Any) -> None:
    """Prove two terms equal, every sum taken for a symbol.

    Raises:
        Unproven: their difference is not zero.
    """
    residual = sp.sympify(left) - sp.sympify(right)
    sums = {part: sp.Dummy() for part in residual.atoms(sp.Sum)}
    if not is_zero(residual.xreplace(sums)):
        raise Unproven(f"{what}, for any number of classes, must be {right}; got {left}.")


class General:
    """A claim for any K. It is exact or nothing: float64 is measured by the claims for given K."""

    def prove(self) -> None:
        """Run the shipped body over `ANY_CLASSES`. Raises: Unproven."""
        raise NotImplementedError

    def error(self) -> float:
        """Nothing to measure."""
        return 0.0

    def autodiff_error(self) -> None:
        """Nothing to compare."""


class JacobianOfSoftmax(General):
    """Eq. H1 and its Jacobian: ∂a_k/∂z_j = a_k ([k=j] − a_j), and ∂a_k/∂m = 0."""

    def prove(self) -> None:
        """Prove all three."""
        a = heads.softmax(ANY_CLASSES, Z)
        agree("a_k", a.term, Exp(z[k]) / total(Exp(z[k])))
        agree("∂a_k/∂z_j", d_z(a.term), a.term * (sp.KroneckerDelta(j, k) - a.at(j)))
        agree("∂a_k/∂m", sp.diff(a.term, m), 0)


class CategoricalCrossEntropy(General):
    """Eq. H2: log a_k = z_k − log Σ e^z, and J = log Σ e^z − Σ y z, as Σ y = 1."""

    def prove(self) -> None:
        """Prove both."""
        log_sum = Log(total(Exp(z[k])))
        agree("log a_k", heads.log_softmax(ANY_CLASSES, Z).term, z[k] - log_sum)
        J = heads.categorical_cross_entropy(ANY_CLASSES, Z, Y).term
        agree("J", J, log_sum - total(y[k] * z[k]))


class SoftmaxError(General):
    """Eq. B1: ∂J/∂z_j = a_j − y_j for softmax and categorical cross-entropy, and ∂J/∂m = 0."""

    def prove(self) -> None:
        """Prove both."""
        head = heads.HEADS["softmax"]
        J = head.loss(ANY_CLASSES, Z, Y).term
        delta = head.delta(ANY_CLASSES, Z, head.predict(ANY_CLASSES, Z), Y)
        agree("∂J/∂z_j", d_z(J), delta.at(j))
        agree("∂J/∂m", sp.diff(J, m), 0)
