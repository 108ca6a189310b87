"""What the equations compute, as terms: a shipped body is recorded, and its graph becomes the printed tree.

``traced(softmax, z)`` is the term of the body that trains, not of a copy of it.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any, cast

from chainrule.calculus.graph import AS_COLUMN, Argument, Node, Recorder, schedule
from chainrule.derivation.terms.terms import ONE, Apply, AsColumn, Cases, Reduce, Rel, Sym, Term, term
from chainrule.equations.activations import Activation

NAMES = {"maximum": "max", "minimum": "min"}
"""What a term calls otherwise than ``xp``."""

BUILD: dict[str, Callable[..., Term]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "**": operator.pow,
    "@": operator.matmul,
    "neg": operator.neg,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "T": lambda x: x.T,
    AS_COLUMN: AsColumn,
    "ones_like": lambda x: ONE,
    "expm1": lambda x: Apply("exp", (x,)) - 1,
    "log1p": lambda x: Apply("log", (1 + x,)),
    "where": lambda condition, x, y: Cases(((x, cast(Rel, condition)), (y, None))),
}
"""The term of each operation; the others are functions by their names."""


def traced(body: Callable[..., Any], *terms: Term) -> Term:
    """What ``body(xp, *terms)`` computes, as a term."""
    xp = Recorder()
    symbols = [xp.symbol(str(place)) for place in range(len(terms))]
    made = body(xp, *symbols)
    if not isinstance(made, Node):
        return term(made)
    known = dict(zip(symbols, terms, strict=True))
    for node in schedule(made):
        if node not in known:
            known[node] = _term(node, [_argument(arg, known) for arg in node.args])
    return known[made]


def _argument(arg: Argument, known: dict[Node, Term]) -> Any:
    return known[arg] if isinstance(arg, Node) else arg if isinstance(arg, str) else term(arg)


def _term(node: Node, args: list[Any]) -> Term:
    if node.along is not None:
        op = "Σ" if node.op == "sum" else node.op
        return Reduce(op, args[0], *node.along) if args[0].shape else args[0]
    if node.op == "symbol":
        return Sym(args[0])
    if node.op == "call":
        return Apply(args[0], tuple(args[1:]))
    if node.op in BUILD:
        return BUILD[node.op](*args)
    return Apply(NAMES.get(node.op, node.op), tuple(args))


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

    def phi(xp: Any, z: Any) -> Any:
        return xp.call(name, z)

    def d_phi(xp: Any, z: Any, a: Any) -> Any:
        return xp.call(f"{name}'", z)

    return Activation(name, phi, d_phi)
