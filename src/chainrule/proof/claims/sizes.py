"""Claims for arrays of any size: proven with symbols for the sizes, measured at several.

They are the claims of `chainrule.proof.claims.claims`, with symbols where a shape has numbers.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from types import SimpleNamespace
from typing import Any

import sympy as sp

from chainrule.proof.claims.claims import Claim, Derivative, Given, Identity, Values
from chainrule.proof.claims.entries import ANY_SIZE, Entries, general_place, summed, told, written
from chainrule.proof.claims.indices import Distribution, vanishes
from chainrule.proof.claims.symbolic import RowShift, Unproven

N, n0, n1, n2, n3 = sp.symbols("N n_0 n_1 n_2 n_3", integer=True, positive=True)
"""The batch size and the widths of a network's layers."""

MEASURED: tuple[dict[Any, int], ...] = (
    {N: 1, n0: 4, n1: 2, n2: 3, n3: 5},
    {N: 5, n0: 2, n1: 3, n2: 4, n3: 2},
    {N: 3, n0: 1, n1: 1, n2: 2, n3: 1},
)
"""Sizes at which float64 and JAX look at the same claims."""

ASSUMPTIONS = {"positive": {"positive": True}, "negative": {"negative": True}}
KINDS = ("any", "mask", "share", "shift", "distribution", *ASSUMPTIONS)


def entries(name: str, given: Given) -> Entries:
    """An array of symbols such as W[i, k], with the assumptions of its kind.

    Raises:
        Unproven: entries of this kind are not all alike.
    """
    if given.kind not in KINDS:
        raise Unproven(f"at any size an array must be {', '.join(KINDS)}; got {given.kind!r}.")
    assumed = ASSUMPTIONS.get(given.kind, {"real": True})
    if not given.shape:
        return Entries((), lambda: sp.Symbol(name, **assumed))
    if given.kind == "shift":
        return Entries(given.shape, lambda i, *_: RowShift(sp.IndexedBase(name, real=True), i))
    base = (Distribution if given.kind == "distribution" else sp.IndexedBase)(name, **assumed)
    return Entries(given.shape, lambda *indices: base[indices])


def at(given: dict[str, Given], sizes: dict[Any, int]) -> dict[str, Given]:
    """The same arrays with numbers for the sizes."""
    return {
        name: replace(item, shape=tuple(sizes.get(size, size) for size in item.shape))
        for name, item in given.items()
    }


def _all_entries(given: dict[str, Given]) -> Values:
    return SimpleNamespace(**{name: entries(name, item) for name, item in given.items()})


def is_general(claim: Claim) -> bool:
    """Whether a claim is about any sizes."""
    return isinstance(claim, AnyIdentity | AnyDerivative)


@dataclass(frozen=True)
class AnyIdentity(Identity):
    """Two arrays that agree in every entry, whatever their sizes."""

    def prove(self) -> None:
        """Prove that shapes and general entries are the same. Raises: Unproven."""
        values = _all_entries(self.given)
        agree("", self.left(ANY_SIZE, values), self.right(ANY_SIZE, values))

    def error(self) -> float:
        """Largest relative error at the sizes of `MEASURED`."""
        return max(Identity(at(self.given, s), self.left, self.right).error() for s in MEASURED)


@dataclass(frozen=True)
class AnyDerivative(Derivative):
    """A number, and what is claimed to be its gradient in arrays of any size."""

    def prove(self) -> None:
        """Prove ∂value/∂x = gradient in the general entry x, and ∂value/∂m = 0. Raises: Unproven."""
        values = _all_entries(self.given)
        value = summed(self.value(ANY_SIZE, values)).term
        for name, gradient in self.gradients(ANY_SIZE, values).items():
            x = getattr(values, name)
            agree(f"∂/∂{name}", gradient, Entries(x.shape, lambda *p, x=x: sp.diff(value, x.at(*p))))
        for m, size in {(shift.base, shift.indices[0].size) for shift in value.atoms(RowShift)}:
            agree(
                f"∂/∂{m}",
                Entries((size,), lambda i, m=m: sp.diff(value, RowShift(m, i))),
                Entries((size,), lambda i: 0),
            )

    def error(self) -> float:
        """Largest relative error at the sizes of `MEASURED`."""
        return max(claim.error() for claim in self._measured())

    def autodiff_error(self) -> float | None:
        """Largest relative error against JAX's, at the sizes of `MEASURED`."""
        return max(claim.autodiff_error() or 0.0 for claim in self._measured())

    def _measured(self) -> list[Derivative]:
        return [Derivative(at(self.given, sizes), self.value, self.gradients) for sizes in MEASURED]


def agree(what: str, left: Any, right: Any) -> None:
    """Prove that two arrays of any size are equal.

    Raises:
        Unproven: their shapes differ, or the general entry of the difference is not zero.
    """
    if left.shape != right.shape:
        raise Unproven(f"{what} must have the shape {right.shape}; got {left.shape}.".lstrip())
    p = general_place(right.shape)
    mine, theirs = left.at(*p), right.at(*p)
    if not vanishes(mine - theirs):
        raise Unproven(
            f"{what}{written(p)} must be {told(theirs)}; got {told(mine)}, for any sizes.".lstrip()
        )
