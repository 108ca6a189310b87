"""Arrays of any size: the shipped bodies run on one general entry, whose indices are symbols.

An `Entries` of shape (N, n) holds the term of its entry (i, k). ``a @ b`` is a sum over the inner index,
and needs the two inner sizes to be the same symbol: a transpose mistake is refused by its shape, even
where the numbers could agree.
"""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, cast

import sympy as sp

from chainrule.proof.claims.indices import Index, fresh, normal, total
from chainrule.proof.claims.symbolic import ENTRYWISE, RowShift, Unproven, decided, exact
from chainrule.types import Namespace

Shape = tuple[Any, ...]


class Entries:
    """An array by its general entry. A size is a symbol, or 1 where the axis is there to be stretched."""

    __array_ufunc__ = None  # NumPy's numbers leave the operators to this class

    def __init__(self, shape: Shape, entry: Callable[..., Any]) -> None:
        self.indices: tuple[Index, ...] = tuple(map(fresh, shape))
        self.term = exact(entry(*self.indices))

    @property
    def shape(self) -> Shape:
        """The sizes of its axes."""
        return tuple(index.size for index in self.indices)

    @property
    def T(self) -> Entries:
        """The axes in the opposite order."""
        return Entries(self.shape[::-1], lambda *indices: self.at(*indices[::-1]))

    def at(self, *indices: Any) -> Any:
        """The entry of those indices."""
        return self.term.xreplace(dict(zip(self.indices, indices, strict=True)))

    def __getitem__(self, key: Any) -> Entries:
        """Only ``:`` and None, for a new axis of size 1."""
        keys = key if isinstance(key, tuple) else (key,)
        kept = [at for at, k in enumerate(keys) if k == slice(None)]
        if len(kept) != len(self.shape) or any(k is not None for k in keys if k != slice(None)):
            raise Unproven(f"an array of any size may be given new axes, [:, None], and no more; got {key}.")
        sizes = iter(self.shape)
        shape = tuple(1 if k is None else next(sizes) for k in keys)
        return Entries(shape, lambda *indices: self.at(*(indices[at] for at in kept)))

    def __matmul__(self, other: Any) -> Entries:
        if not isinstance(other, Entries) or len(self.shape) != 2 or len(other.shape) != 2:
            raise Unproven(f"@ must join two matrices; got the shapes {self.shape} and {_shape(other)}.")
        (n, inner), (theirs, m) = self.shape, other.shape
        if inner != theirs:
            raise Unproven(
                f"@ must find the same size inside, for any sizes; got {self.shape} @ {other.shape}."
            )
        j = fresh(inner)
        return Entries((n, m), lambda i, k: total(self.at(i, j) * other.at(j, k), j))

    def __add__(self, other: Any) -> Entries:
        return entrywise(lambda x, y: x + y, self, other)

    def __sub__(self, other: Any) -> Entries:
        return entrywise(lambda x, y: x - y, self, other)

    def __mul__(self, other: Any) -> Entries:
        return entrywise(lambda x, y: x * y, self, other)

    def __truediv__(self, other: Any) -> Entries:
        return entrywise(lambda x, y: x / y, self, other)

    def __pow__(self, other: Any) -> Entries:
        return entrywise(lambda x, y: x**y, self, other)

    def __rsub__(self, other: Any) -> Entries:
        return entrywise(lambda x, y: y - x, self, other)

    def __rtruediv__(self, other: Any) -> Entries:
        return entrywise(lambda x, y: y / x, self, other)

    def __neg__(self) -> Entries:
        return entrywise(lambda x: -x, self)

    def __gt__(self, other: Any) -> Entries:
        return entrywise(lambda x, y: x > y, self, other)

    def __ge__(self, other: Any) -> Entries:
        return entrywise(lambda x, y: x >= y, self, other)

    __radd__ = __add__
    __rmul__ = __mul__

    def __repr__(self) -> str:
        p = general_place(self.shape)
        return f"{written(p)} = {told(self.at(*p), 1000)}  {self.shape}"


def general_place(shape: Shape) -> tuple[Index, ...]:
    """Free indices p, q, … for the general entry of a shape."""
    return tuple(fresh(size, name) for size, name in zip(shape, "pqrs", strict=False))


def written(place: tuple[Index, ...]) -> str:
    """A place as [p, q]; nothing where there is no axis."""
    return f"[{', '.join(index.name for index in place)}]" if place else ""


def told(term: Any, width: int = 160) -> str:
    """The normal form in words, indices without SymPy's underscore."""
    term = normal(term)
    names = {index: sp.Symbol(index.name) for index in term.atoms(sp.Dummy)}
    text = str(term.xreplace(names))
    return text if len(text) <= width else f"{text[:width]}…"


def entrywise(function: Callable[..., Any], *arrays: Any) -> Entries:
    """A function of the entries at one place, axes of size 1 stretched as NumPy does."""
    lifted = [x if isinstance(x, Entries) else Entries((), lambda x=x: x) for x in arrays]
    shape = stretched(*(x.shape for x in lifted))
    return Entries(shape, lambda *indices: function(*(x.at(*_last(x, indices)) for x in lifted)))


def _last(x: Entries, indices: tuple[Index, ...]) -> tuple[Index, ...]:
    return indices[len(indices) - len(x.shape) :]


def stretched(*shapes: Shape) -> Shape:
    """The shape of a result, axes counted from the last.

    Raises:
        Unproven: two sizes differ and neither is 1.
    """
    axes = max(map(len, shapes))
    padded = [(1,) * (axes - len(shape)) + shape for shape in shapes]
    sizes = [{size for size in axis if size != 1} or {1} for axis in zip(*padded, strict=True)]
    if any(len(found) > 1 for found in sizes):
        raise Unproven(f"shapes must be the same for any sizes; got {' and '.join(map(str, shapes))}.")
    return tuple(found.pop() for found in sizes)


def _shape(x: Any) -> Any:
    return getattr(x, "shape", type(x).__name__)


def summed(x: Entries, axis: int | None = None, keepdims: bool = False) -> Entries:
    """Σ over one axis, or over all."""
    if axis is None:
        term = x.term
        for index in x.indices:
            term = total(term, index)
        return Entries((), lambda: term)
    place = range(len(x.shape))[axis]
    i = fresh(x.shape[place])

    def entry(*indices: Index) -> Any:
        others = list(indices)
        others[place : place + keepdims] = [i]
        return total(x.at(*others), i)

    return Entries(_without(x.shape, place, keepdims), entry)


def _without(shape: Shape, place: int, keepdims: bool) -> Shape:
    return (*shape[:place], *(1,) * keepdims, *shape[place + 1 :])


def _max(x: Entries, axis: int, keepdims: bool) -> Entries:
    """The shift of softmax: a free symbol for each row."""
    place = range(len(x.shape))[axis]
    if place != 1 or len(x.shape) != 2:
        raise Unproven(f"the classes must be axis 1 of 2; got axis {axis} of the shape {x.shape}.")
    m = sp.IndexedBase("m", real=True)
    return Entries(_without(x.shape, place, keepdims), lambda i, *_: RowShift(m, i))


def _where(condition: Entries, x: Any, y: Any) -> Entries:
    return entrywise(lambda c, x, y: x if decided(c) else y, condition, x, y)


def _of_every_entry(function: Callable[..., Any]) -> Callable[..., Entries]:
    return lambda *arrays: entrywise(function, *arrays)


ANY_SIZE = cast(
    Namespace,
    SimpleNamespace(
        **{name: _of_every_entry(function) for name, (function, _) in ENTRYWISE.items()},
        where=_where,
        ones_like=lambda z: Entries(z.shape, lambda *_: 1),
        sum=summed,
        max=_max,
    ),
)
"""The interpreter for arrays of any size."""
