"""Terms: immutable trees of mathematics, for numbers and for matrices, with no meaning but their shape.

The operators ``+ - * / ** @ .T`` and comparisons build trees, so a `Term` can be handed to the equations
in the place of an array. A shape is a tuple of the names of its dimensions, such as ``("N", "n_L")``; a
number has the shape ``()``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields, replace
from fractions import Fraction
from typing import Any, TypeAlias

from chainrule.errors import InputError

Shape: TypeAlias = tuple[str, ...]
Index: TypeAlias = str | int
Operator: TypeAlias = "Callable[[Any, Any], Term]"


def _both(build: Callable[[Term, Term], Term]) -> tuple[Operator, Operator]:
    """An operator whose other side may be a number, and the same from the right."""
    return lambda self, other: build(self, term(other)), lambda self, other: build(term(other), self)


def _relation(op: str) -> Callable[[Any, Any], Rel]:
    return lambda self, other: Rel(op, self, term(other))


class Term:
    """A node. Subclasses are frozen dataclasses whose fields are terms, tuples of terms, or plain data."""

    __slots__ = ()

    @property
    def shape(self) -> Shape:
        """Names of the dimensions; empty for a number."""
        return _broadcast(*(child.shape for child in children(self)))

    @property
    def T(self) -> Term:
        """The transpose; the transpose of a transpose is the matrix itself."""
        return self.body if isinstance(self, Transpose) else Transpose(self)

    def __neg__(self) -> Term:
        return Neg(self)

    __add__, __radd__ = _both(lambda u, v: add(u, v))
    __sub__, __rsub__ = _both(lambda u, v: add(u, Neg(v)))
    __mul__, __rmul__ = _both(lambda u, v: times(u, v))
    __truediv__, __rtruediv__ = _both(lambda u, v: over(u, v))
    __pow__ = _both(lambda u, v: Pow(u, v))[0]
    __matmul__ = _both(lambda u, v: MatMul((*_parts(u, MatMul), *_parts(v, MatMul))))[0]
    __gt__, __ge__, __lt__, __le__ = map(_relation, (">", "≥", "<", "≤"))


@dataclass(frozen=True)
class Sym(Term):
    """A symbol: ``name``, layer above, indices below. ``column``: samples stand as columns."""

    name: str
    sup: str = ""
    sub: tuple[Index, ...] = ()
    dims: Shape = ()
    column: bool = False

    @property
    def shape(self) -> Shape:
        """``dims``, turned round where samples are columns."""
        return self.dims[::-1] if self.column else self.dims

    def at(self, *sub: Index) -> Sym:
        """The entry with these indices."""
        return Sym(self.name, self.sup, sub)


@dataclass(frozen=True)
class Num(Term):
    """A number. ``text`` is how it is printed where that differs from its digits."""

    value: int | float | Fraction
    text: str = ""


@dataclass(frozen=True)
class Add(Term):
    """A sum; a difference is the sum with a `Neg`."""

    terms: tuple[Term, ...]


@dataclass(frozen=True)
class Neg(Term):
    """−body."""

    body: Term


@dataclass(frozen=True)
class Mul(Term):
    """A product in which all factors but one are numbers."""

    factors: tuple[Term, ...]


@dataclass(frozen=True)
class Had(Term):
    """The product entry by entry, ⊙."""

    factors: tuple[Term, ...]


@dataclass(frozen=True)
class MatMul(Term):
    """The matrix product."""

    factors: tuple[Term, ...]

    @property
    def shape(self) -> Shape:
        """Rows of the first, columns of the last."""
        return (*self.factors[0].shape[:-1], *self.factors[-1].shape[1:])


@dataclass(frozen=True)
class Transpose(Term):
    """bodyᵀ. The transpose of a row of biases is a column."""

    body: Term

    @property
    def shape(self) -> Shape:
        """Turned round."""
        shape = self.body.shape
        return (*shape[::-1], "1") if len(shape) == 1 else shape[::-1]


@dataclass(frozen=True)
class AsColumn(Term):
    """A number for each sample, (N,), spread over the entries of the sample's row, (N, 1)."""

    body: Term

    @property
    def shape(self) -> Shape:
        """(N, 1)."""
        return (*self.body.shape, "1")


@dataclass(frozen=True)
class Frac(Term):
    """A quotient."""

    num: Term
    den: Term


@dataclass(frozen=True)
class Pow(Term):
    """A power with a number as exponent; e^x is ``Apply("exp", x)``."""

    base: Term
    exponent: Term


@dataclass(frozen=True)
class Apply(Term):
    """A function, entry by entry: exp, log, tanh, erf, sqrt, abs, sign, max, min, 1, σ, φ, φ', …."""

    name: str
    args: tuple[Term, ...]


@dataclass(frozen=True)
class Reduce(Term):
    """Σ or max over an axis of a matrix, or over all of it."""

    op: str
    body: Term
    axis: int | None = None
    keepdims: bool = False

    @property
    def shape(self) -> Shape:
        """Without the axis, or with "1" in its place."""
        if self.axis is None:
            return ()
        dims = list(self.body.shape)
        dims[self.axis : self.axis + 1] = ["1"] if self.keepdims else []
        return tuple(dims)


@dataclass(frozen=True)
class Big(Term):
    """Σ or max of a number over an index from 1 to ``upper``, a dimension."""

    op: str
    index: str
    body: Term
    upper: str

    @property
    def shape(self) -> Shape:
        """A number."""
        return ()


@dataclass(frozen=True)
class Rel(Term):
    """left op right, for = ≈ ← > ≥ < ≤."""

    op: str
    left: Term
    right: Term


@dataclass(frozen=True)
class Cases(Term):
    """Values under conditions; the condition None is "otherwise"."""

    rows: tuple[tuple[Term, Rel | None], ...]


@dataclass(frozen=True)
class Delta(Term):
    """Kronecker's delta [i = j]: 1 where i = j, else 0."""

    i: Index
    j: Index


@dataclass(frozen=True)
class D(Term):
    """∂of/∂by; ``plain``: the derivative of a function of one number, d/dz."""

    of: Term
    by: Sym
    plain: bool = False

    @property
    def shape(self) -> Shape:
        """A number's derivative in a matrix has the shape of the matrix."""
        return self.by.shape


ONE, ZERO = Num(1), Num(0)


def term(x: Any) -> Term:
    """The term itself, or the number as a term; a negative one as −number."""
    if isinstance(x, Term):
        return x
    return Neg(Num(-x)) if x < 0 else Num(x)


def add(*terms: Term) -> Term:
    """Their sum, flat and without zeros."""
    flat = [part for each in terms for part in _parts(each, Add) if part != ZERO]
    return Add(tuple(flat)) if len(flat) > 1 else flat[0] if flat else ZERO


def over(num: Term, den: Term) -> Term:
    """Their quotient, a sign in front of the numerator in front of it all."""
    return Neg(Frac(num.body, den)) if isinstance(num, Neg) else Frac(num, den)


def times(*factors: Term) -> Term:
    """Their product: ⊙ where two or more are matrices, otherwise by numbers. A first sign goes in front."""
    if not factors:
        return ONE
    if isinstance(factors[0], Neg):
        return Neg(times(factors[0].body, *factors[1:]))
    parts = [part for each in factors for part in _parts(each, Had if each.shape else Mul)]
    parts = [part for part in parts if part != ONE] or [ONE]
    if len(parts) == 1:
        return parts[0]
    arrays = [part for part in parts if part.shape]
    numbers = [part for part in parts if not part.shape]
    if len(arrays) < 2:
        return Mul(_squares(parts))
    together = Had(tuple(arrays))
    return Mul((*numbers, together)) if numbers else together


def _squares(parts: list[Term]) -> tuple[Term, ...]:
    """Turn x x into x² where both stand side by side."""
    out: list[Term] = []
    for part in parts:
        if out and out[-1] == part and not isinstance(part, Num):
            out[-1] = Pow(part, Num(2))
        else:
            out.append(part)
    return tuple(out)


def _parts(each: Term, kind: type[Term]) -> tuple[Term, ...]:
    """Operands of a node of that kind, else the node alone."""
    return children(each) if type(each) is kind else (each,)


def _broadcast(*shapes: Shape) -> Shape:
    """Longest shape, its "1"s replaced by what the others have there."""
    out: list[str] = ["1"] * max((len(shape) for shape in shapes), default=0)
    for shape in shapes:
        for place, dim in enumerate(shape, len(out) - len(shape)):
            if dim != "1" and out[place] not in ("1", dim):
                raise InputError(f"traced shapes must agree; got {' and '.join(map(str, shapes))}.")
            out[place] = dim if dim != "1" else out[place]
    return tuple(out)


def children(node: Term) -> tuple[Term, ...]:
    """The terms directly below a node, in order."""
    found: list[Term] = []
    for field in fields(node):  # type: ignore[arg-type]
        found.extend(_terms_in(getattr(node, field.name)))
    return tuple(found)


def _terms_in(value: Any) -> Iterator[Term]:
    if isinstance(value, Term):
        yield value
    elif isinstance(value, tuple):
        for item in value:
            yield from _terms_in(item)


def rebuilt(node: Term, change: Callable[[Term], Term]) -> Term:
    """The node with ``change`` applied to every child; sums and products stay flat."""

    def new(value: Any) -> Any:
        if isinstance(value, Term):
            return change(value)
        return tuple(map(new, value)) if isinstance(value, tuple) else value

    if isinstance(node, Add):
        return add(*map(change, node.terms))
    if isinstance(node, Mul | Had):
        return times(*map(change, node.factors))
    return replace(node, **{f.name: new(getattr(node, f.name)) for f in fields(node)})  # type: ignore[type-var, arg-type]


def walk(node: Term) -> Iterator[Term]:
    """The node and everything below it, from the top."""
    yield node
    for child in children(node):
        yield from walk(child)


def substitute(node: Term, rules: dict[Term, Term]) -> Term:
    """Replace every subterm that is a key, from the top down."""
    if node in rules:
        return rules[node]
    return rebuilt(node, lambda child: substitute(child, rules))


def index_as(node: Term, old: Index, new: Index) -> Term:
    """Replace an index that is not bound by a sum."""
    if isinstance(node, Sym):
        return replace(node, sub=tuple(new if i == old else i for i in node.sub))
    if isinstance(node, Delta):
        return Delta(*(new if i == old else i for i in (node.i, node.j)))
    if isinstance(node, Big) and node.index == old:
        return node
    return rebuilt(node, lambda child: index_as(child, old, new))
