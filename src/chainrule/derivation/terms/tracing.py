"""Terms as an interpreter of the equations: running a shipped body gives the term that is printed.

``affine(a, W, b)`` over the symbols below returns the tree a Wᵀ + b, of the body that trains, not of a copy
of it.
"""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, cast

from chainrule.derivation.terms.terms import ONE, Apply, Cases, Reduce, Rel, Sym, Term, term
from chainrule.equations.activations import Activation
from chainrule.types import Namespace


def _applied(name: str) -> Callable[..., Term]:
    return lambda *args: Apply(name, tuple(map(term, args)))


def _reduced(op: str) -> Callable[..., Term]:
    def reduce(x: Term, axis: int | None = None, keepdims: bool = False) -> Term:
        return Reduce(op, x, axis, keepdims) if x.shape else x

    return reduce


def _where(condition: Any, x: Any, y: Any) -> Term:
    return Cases(((term(x), cast(Rel, condition)), (term(y), None)))


TRACE = cast(
    Namespace,
    SimpleNamespace(
        exp=_applied("exp"),
        expm1=lambda x: Apply("exp", (term(x),)) - 1,
        log=_applied("log"),
        log1p=lambda x: Apply("log", (1 + x,)),
        tanh=_applied("tanh"),
        erf=_applied("erf"),
        sin=_applied("sin"),
        cos=_applied("cos"),
        arctan=_applied("arctan"),
        arcsinh=_applied("arcsinh"),
        sqrt=_applied("sqrt"),
        abs=_applied("abs"),
        sign=_applied("sign"),
        maximum=_applied("max"),
        minimum=_applied("min"),
        where=_where,
        ones_like=lambda x: ONE,
        sum=_reduced("Σ"),
        max=_reduced("max"),
    ),
)
"""Terms as the interpreter of the equations."""


def layer_number(L: int | str, shift: int = 0) -> str:
    """The layer's number, or L, L+1, L−1."""
    if isinstance(L, int):
        return str(L + shift)
    return L if not shift else f"{L}{'+' if shift > 0 else '−'}{abs(shift)}"


def rows(name: str, L: int | str, shift: int = 0) -> Sym:
    """A batch of vectors of a layer, such as z^L: (N, n_L)."""
    number = layer_number(L, shift)
    return Sym(name, number, dims=("N", f"n_{number}"))


def weights(L: int | str, shift: int = 0) -> Sym:
    """W^L: (n_L, n_{L−1})."""
    number = layer_number(L, shift)
    return Sym(
        "W", number, dims=(f"n_{number}", f"n_{layer_number(L, shift - 1)}" if shift != 1 else f"n_{L}")
    )


def bias(L: int | str) -> Sym:
    """b^L: (n_L,)."""
    return Sym("b", layer_number(L), dims=(f"n_{layer_number(L)}",))


def targets(L: int | str) -> Sym:
    """y: (N, n_H)."""
    return Sym("y", dims=("N", f"n_{layer_number(L)}"))


def any_activation(name: str = "φ") -> Activation:
    """A φ that stays a name, and its φ'."""
    return Activation(name, lambda xp, z: Apply(name, (z,)), lambda xp, z, a: Apply(f"{name}'", (z,)))
