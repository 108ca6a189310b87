"""What a printed term says, as a number: terms evaluated by the shipped equations, in symbols or in float64.

A `World` gives arrays to symbols, or says how they follow from others by the shipped functions. ∂f/∂x means
what it says: everything that depends on x is computed again, then differentiated by SymPy, or in float64 by
a complex step, Im f(x + ih)/h, which loses no digits to a difference.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import reduce
from types import SimpleNamespace
from typing import Any, TypeAlias, cast

import numpy as np

from chainrule.calculus.graph import ELEMENTWISE
from chainrule.derivation.terms import terms as t
from chainrule.derivation.terms.terms import Index, Term
from chainrule.engines.reference import NUMPY
from chainrule.errors import InputError
from chainrule.types import Array, Namespace

Key: TypeAlias = tuple[str, str]
"""Name and layer of a symbol."""

Get: TypeAlias = Callable[..., Array]
"""``get("z", "1")`` is the array of z^1, a sample a row."""

STEP = 1e-30
"""Of the complex step: so small that its square is nothing."""


def _complex_abs(x: Array) -> Array:
    return np.where(np.real(x) < 0, -x, x)


COMPLEX = cast(
    Namespace,
    SimpleNamespace(**{**vars(NUMPY), "abs": _complex_abs, "sign": lambda x: np.sign(np.real(x))}),
)
"""NumPy where |x| and sign x go by the real part, so that a complex step passes through them."""

AXES = {"Σ": "sum", "max": "max"}
COMPARE: dict[str, Callable[[Any, Any], Any]] = {
    ">": operator.gt,
    "≥": operator.ge,
    "<": operator.lt,
    "≤": operator.le,
}


@dataclass(frozen=True)
class World:
    """What symbols stand for. ``given``: arrays, a sample a row. ``made``: how others follow from them.

    ``functions``: what names such as φ and φ' stand for. ``dims``: widths by name, with N.
    """

    xp: Namespace
    dims: Mapping[str, int]
    given: Mapping[Key, Array]
    made: Mapping[Key, Callable[[Namespace, Get], Array]] = field(default_factory=dict)
    functions: Mapping[str, Callable[..., Array]] = field(default_factory=dict)
    memo: dict[Key, Array] = field(default_factory=dict)

    def get(self, name: str, sup: str | int = "") -> Array:
        """The array of a symbol."""
        key = (name, str(sup))
        if key in self.given:
            return self.given[key]
        if key not in self.memo:
            if key not in self.made:
                raise InputError(f"a symbol must have a meaning; {name}^{sup} has none.")
            self.memo[key] = np.asarray(self.made[key](self.xp, self.get))
        return self.memo[key]

    def changed(self, key: Key, array: Array) -> World:
        """The world in which this symbol is given, and all that depends on it follows."""
        return replace(self, given={**self.given, key: array}, memo={})

    @property
    def symbolic(self) -> bool:
        """Whether entries are SymPy's terms."""
        return self.xp is not COMPLEX


Indices: TypeAlias = Mapping[str, int]


def value(node: Term, world: World, at: Indices | None = None) -> Any:
    """The number, array or SymPy term that a term stands for, for these values of its free indices."""
    return _value(node, world, at or {})


def _value(node: Term, w: World, at: Indices) -> Any:
    return _EVALUATE[type(node)](node, w, at)


def _symbol(node: t.Sym, w: World, at: Indices) -> Any:
    if node.name == "π":
        import sympy

        return sympy.pi if w.symbolic else np.pi
    if node.name == "N" and not node.sub:
        return w.dims["N"]
    array = w.get(node.name, node.sup)
    if node.sub:
        place = tuple(_index(i, at) - 1 for i in node.sub)
        return np.asarray(array)[place] if len(place) == np.ndim(array) else np.ravel(array)[place]
    if node.column:
        return array[:, None] if np.ndim(array) == 1 else array.T
    return _plain(array)


def _index(i: Index, at: Indices) -> int:
    return i if isinstance(i, int) else at[i]


def _number(node: t.Num, w: World, at: Indices) -> Any:
    if not w.symbolic:
        return float(node.value)
    import sympy

    return sympy.sympify(node.value)


def _all(parts: tuple[Term, ...], w: World, at: Indices) -> list[Any]:
    return [_value(part, w, at) for part in parts]


def _fraction(node: t.Frac, w: World, at: Indices) -> Any:
    return _value(node.num, w, at) / _value(node.den, w, at)


def _power(node: t.Pow, w: World, at: Indices) -> Any:
    exponent = node.exponent.value if isinstance(node.exponent, t.Num) else _value(node.exponent, w, at)
    return _value(node.base, w, at) ** exponent


def _apply(node: t.Apply, w: World, at: Indices) -> Any:
    args = _all(node.args, w, at)
    if node.name in w.functions:
        return _plain(w.functions[node.name](w.xp, *map(np.asarray, args)))
    if node.name in ("max", "min"):
        return _plain(reduce(getattr(w.xp, f"{node.name}imum"), args))
    if node.name not in ELEMENTWISE:
        raise InputError(f"a function must have a meaning; {node.name} has none.")
    return getattr(w.xp, node.name)(*args)


def _plain(x: Any) -> Any:
    """The entry itself where there is no axis."""
    return x[()] if isinstance(x, np.ndarray) and x.ndim == 0 else x


def _reduce(node: t.Reduce, w: World, at: Indices) -> Any:
    body = np.asarray(_value(node.body, w, at))
    if node.axis is None:
        return getattr(w.xp, AXES[node.op])(body)
    return getattr(w.xp, AXES[node.op])(body, axis=node.axis, keepdims=node.keepdims)


def _big(node: t.Big, w: World, at: Indices) -> Any:
    parts = [_value(node.body, w, {**at, node.index: i}) for i in range(1, w.dims[node.upper] + 1)]
    if node.op == "max":
        return w.xp.max(np.array([parts]), axis=1, keepdims=False)[0]
    return reduce(operator.add, parts)


def _cases(node: t.Cases, w: World, at: Indices) -> Any:
    *rows, (last, _) = node.rows
    out = _value(last, w, at)
    for found, when in reversed(rows):
        assert when is not None
        holds = _holds(when, w, at)
        out = w.xp.where(holds, _value(found, w, at), out)
    return _plain(out)


def _holds(when: t.Rel, w: World, at: Indices) -> Any:
    left, right = _value(when.left, w, at), _value(when.right, w, at)
    if not w.symbolic:
        left, right = np.real(left), np.real(right)
    return COMPARE[when.op](left, right)


def chosen(node: t.Cases, number: Callable[[Term], float]) -> Term:
    """The value of the first case that holds, by the numbers of its two sides."""
    for found, when in node.rows:
        if when is None or COMPARE[when.op](number(when.left), number(when.right)):
            return found
    raise AssertionError("the last case has no condition")


def _derivative(node: t.D, w: World, at: Indices) -> Any:
    key = (node.by.name, node.by.sup)
    here = np.asarray(w.get(*key))
    if node.by.sub:
        place = tuple(_index(i, at) - 1 for i in node.by.sub)
        if len(place) != here.ndim:
            place = tuple(int(i) for i in np.unravel_index(place[0], here.shape))
        return _partial(node, w, at, key, here, place)
    out = np.empty(here.shape, object if w.symbolic else float)
    for place in np.ndindex(*here.shape):
        out[place] = _partial(node, w, at, key, here, place)
    return _plain((out[:, None] if out.ndim == 1 else out.T) if node.by.column else out)


def _partial(node: t.D, w: World, at: Indices, key: Key, here: Array, place: tuple[int, ...]) -> Any:
    if not w.symbolic:
        moved = here.astype(complex)
        moved[place] += 1j * STEP
        return np.imag(_value(node.of, w.changed(key, moved), at)) / STEP
    import sympy

    if isinstance(here[place], sympy.Symbol):
        return sympy.diff(_value(node.of, w, at), here[place])
    free = np.empty(here.shape, object)
    for i in np.ndindex(*here.shape):
        free[i] = sympy.Dummy(real=True, positive=True if here[i].is_positive else None)
    back = dict(zip(free.ravel(), here.ravel(), strict=True))
    return sympy.diff(_value(node.of, w.changed(key, free), at), free[place]).xreplace(back)


_EVALUATE: dict[type[Term], Callable[[Any, World, Indices], Any]] = {
    t.Sym: _symbol,
    t.Num: _number,
    t.Add: lambda n, w, at: reduce(operator.add, _all(n.terms, w, at)),
    t.Neg: lambda n, w, at: -_value(n.body, w, at),
    t.Mul: lambda n, w, at: reduce(operator.mul, _all(n.factors, w, at)),
    t.Had: lambda n, w, at: reduce(operator.mul, _all(n.factors, w, at)),
    t.MatMul: lambda n, w, at: reduce(operator.matmul, _all(n.factors, w, at)),
    t.Transpose: lambda n, w, at: _turned(_value(n.body, w, at)),
    t.AsColumn: lambda n, w, at: _value(n.body, w, at)[:, None],
    t.Frac: _fraction,
    t.Pow: _power,
    t.Apply: _apply,
    t.Reduce: _reduce,
    t.Big: _big,
    t.Cases: _cases,
    t.Delta: lambda n, w, at: int(_index(n.i, at) == _index(n.j, at)),
    t.D: _derivative,
}


def _turned(array: Array) -> Array:
    return array[:, None] if np.ndim(array) == 1 else array.T
