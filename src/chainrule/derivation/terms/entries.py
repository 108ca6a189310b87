"""From matrices to entries and from rows to columns: the same term, written the way a text needs it.

A batch stacks samples as rows. `entry` writes one entry of a traced term for one sample, with sums over
indices in the place of matrix products. `columns` turns a traced term into the text's convention, where a
sample is a column, by (AB)ᵀ = BᵀAᵀ and its like, and keeps every line on the way.
"""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

from chainrule.derivation.terms.terms import (
    Add,
    Apply,
    AsColumn,
    Big,
    D,
    Had,
    Index,
    MatMul,
    Mul,
    Neg,
    Reduce,
    Rel,
    Sym,
    Term,
    Transpose,
    rebuilt,
    substitute,
    times,
    walk,
)

Place = tuple[Index | None, ...]
"""An index for each dimension; None for that of the one sample."""

SPARE = ("k", "j", "i", "l", "p", "q")


def entry(node: Term, at: Place, taken: frozenset[Index] = frozenset()) -> Term:
    """One entry of a traced matrix, for one sample: z_m for z, Σ_k W_mk a_k for a Wᵀ."""
    at = at[len(at) - len(node.shape) :] if node.shape else ()
    taken = taken | {i for i in at if i is not None}
    if isinstance(node, Sym):
        return replace(node, sub=tuple(i for i in at if i is not None), dims=()) if node.shape else node
    if isinstance(node, Transpose):
        return entry(node.body, at[::-1], taken)
    if isinstance(node, AsColumn):
        return entry(node.body, at[:-1], taken)
    if isinstance(node, MatMul):
        return _product_entry(node, at, taken)
    if isinstance(node, Reduce):
        return _reduced_entry(node, at, taken)
    return rebuilt(node, lambda child: entry(child, at, taken))


def _product_entry(node: MatMul, at: Place, taken: frozenset[Index]) -> Term:
    *first, last = node.factors
    left = first[0] if len(first) == 1 else MatMul(tuple(first))
    inner = left.shape[-1]
    if inner in ("N", "1"):
        return times(entry(left, (*at[:1], None), taken), entry(last, (None, *at[1:]), taken))
    k = _fresh(taken)
    factors = [entry(left, (at[0], k), taken | {k}), entry(last, (k, at[-1]), taken | {k})]
    weights_first = sorted(
        factors, key=lambda f: not any(isinstance(s, Sym) and s.name == "W" for s in walk(f))
    )
    return Big("Σ", k, times(*weights_first), inner)


def _reduced_entry(node: Reduce, at: Place, taken: frozenset[Index]) -> Term:
    dims = node.body.shape
    axes = range(len(dims)) if node.axis is None else (node.axis,)
    inner: list[Index | None] = list(at)
    for axis in axes:
        if node.keepdims:
            del inner[axis]
        inner.insert(axis, None if dims[axis] == "N" else _fresh(taken | {i for i in inner if i is not None}))
    out = entry(node.body, tuple(inner), taken | {i for i in inner if i is not None})
    for axis in reversed(axes):
        if dims[axis] != "N":
            out = Big(node.op, str(inner[axis]), out, dims[axis])
    return out


def _fresh(taken: frozenset[Index]) -> str:
    return next(i for i in SPARE if i not in taken)


def of_one_sample(node: Term) -> Term:
    """The term for a batch of one: a sum over the samples is its only summand."""
    if isinstance(node, Reduce) and node.axis is not None and node.body.shape[node.axis] == "N":
        return of_one_sample(node.body)
    return rebuilt(node, of_one_sample)


def is_rows(symbol: Sym) -> bool:
    """Whether samples are rows in it, or it is a row of biases."""
    return not symbol.column and (symbol.dims[:1] == ("N",) or len(symbol.dims) == 1)


class Line(NamedTuple):
    """An equation on the way from rows to columns, and the rule that leads to it."""

    equation: Rel
    rule: str


def as_column(symbol: Sym) -> Sym:
    """The same vector with samples as columns."""
    return replace(symbol, dims=symbol.dims if len(symbol.dims) == 2 else ("1", *symbol.dims), column=True)


def columns(equation: Rel) -> list[Line]:
    """The lines that lead from rows, the first, to columns, the last."""
    symbols = {s for s in walk(equation) if isinstance(s, Sym) and is_rows(s)}
    turned: dict[Term, Term] = {s: Transpose(as_column(s)) for s in symbols}
    slopes = {d for d in walk(equation) if isinstance(d, D) and is_rows(d.by)}
    turned |= {d: Transpose(D(d.of, as_column(d.by))) for d in slopes}
    lines = [Line(equation, "the code: a sample is a row")]
    now = Rel(equation.op, substitute(equation.left, turned), substitute(equation.right, turned))
    lines.append(Line(now, "a sample as a row is the transpose of the sample as a column"))
    if isinstance(now.left, Transpose):
        now = Rel(now.op, now.left.body, Transpose(now.right))
        lines.append(Line(now, "transpose both sides"))
    pushed = Rel(now.op, now.left, push(now.right))
    if pushed != now:
        lines.append(Line(pushed, _laws(now.right)))
    return lines


def _laws(right: Term) -> str:
    products = any(isinstance(node, MatMul) for node in walk(right))
    double = any(isinstance(node, Transpose) and isinstance(node.body, Transpose) for node in walk(right))
    twice = "(Aᵀ)ᵀ = A"
    if isinstance(right, Transpose):
        return f"(AB)ᵀ = BᵀAᵀ, {twice}" if products else f"entry by entry, {twice}"
    return twice if double else "transposes carried out"


def push(node: Term) -> Term:
    """Carry every transpose down to the symbols."""
    if not isinstance(node, Transpose):
        return rebuilt(node, push)
    body = node.body
    if isinstance(body, Transpose):
        return push(body.body)
    if isinstance(body, MatMul):
        return MatMul(tuple(push(Transpose(factor)) for factor in reversed(body.factors)))
    if isinstance(body, Add | Had | Neg | Apply | Mul):
        return rebuilt(body, lambda child: push(Transpose(child)) if child.shape else child)
    return node
