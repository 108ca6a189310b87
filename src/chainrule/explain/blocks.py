"""What an explanation is made of, before it is set: headings, lines, equations, tables, pictures."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from chainrule.model.validate import Floats


class Heading(NamedTuple):
    """The title of a part."""

    text: str


class Line(NamedTuple):
    """A sentence; ``style`` is "", "good", "bad" or "dim"."""

    text: str
    style: str = ""


class Equation(NamedTuple):
    """left = steps[0] = steps[1] = …, with its tag; ≈ for = where printed digits give another result."""

    tag: str
    left: str
    steps: tuple[str, ...]


class Table(NamedTuple):
    """Rows of texts. ``fixed`` columns are repeated where a wide table is broken; ``words`` are set left."""

    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    fixed: int = 1
    words: tuple[int, ...] = (0,)


class Picture(NamedTuple):
    """A matrix of numbers: ``signed`` from blue over white at 0 to red, otherwise from white to black."""

    title: str
    values: Floats
    signed: bool


class Pictures(NamedTuple):
    """Pictures that belong side by side."""

    items: tuple[Picture, ...]


TIE = "\u00a0"
"""A space at which no line is broken."""

Block: TypeAlias = Heading | Line | Equation | Table | Pictures


MOST = 1 - 2.0**-53
"""The largest share that is not all of it."""


class Top(NamedTuple):
    """The largest of many numbers, and what is left: Σ values[places] + rest = Σ values.

    ``share`` is how much of Σ|values| they make up; 1 only where all others are 0.
    """

    places: tuple[int, ...]
    rest: float
    share: float


def top(values: Floats, count: int) -> Top:
    """The ``count`` entries of largest size, largest first; zeros are left out, unless all are."""
    size = np.abs(values).astype(np.float64)
    places = np.argsort(-size, kind="stable")[: max(1, min(count, int(np.count_nonzero(size))))]
    total = float(size.sum())
    others = np.delete(values, places)
    share = min(float(size[places].sum()) / total, MOST) if others.any() else 1.0
    return Top(tuple(int(k) for k in places), float(others.sum()), share)


def number(value: Any, digits: int = 5) -> str:
    """A number in ``digits`` digits; minus zero is zero."""
    return f"{float(value) + 0.0:.{digits}g}"


def factor(value: Any, digits: int = 5) -> str:
    """A number that follows a multiplication sign or stands under a function."""
    text = number(value, digits)
    return f"({text})" if text.startswith("-") else text


def at(*places: int | str) -> str:
    """The index of a formula. Places come counted from 0, as in Python, and are counted from 1: _3, _{3,12}.

    A letter stands as it is.
    """
    one = [place if isinstance(place, str) else str(place + 1) for place in places]
    return f"_{one[0]}" if len(one) == 1 and len(one[0]) == 1 else f"_{{{','.join(one)}}}"


def layer(L: int) -> str:
    """The number of a layer, as ^3 or ^{12}."""
    return f"^{L}" if L < 10 else f"^{{{L}}}"


def percent(share: float) -> str:
    """A share, never rounded up to all of it."""
    return f"{'100' if share == 1 else f'{min(100 * share, 99.9):.3g}'}{TIE}%"


def added(terms: Iterable[str]) -> str:
    """Terms with plus and minus between them."""
    first, *others = terms
    signs = (("−", term[1:]) if term.startswith("-") else ("+", term) for term in others)
    return first + "".join(f" {sign}{TIE}{term}" for sign, term in signs)


def named(place: int, names: tuple[str, ...] | None) -> str:
    """7, or 7 'seven' where the name says more than the number."""
    if names is None or names[place] == str(place):
        return str(place)
    return f"{place} {names[place]!r}"


def counted(count: int, noun: str) -> str:
    """1 neuron, 2 neurons."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"
