"""What a file that is read must hold: the kind and the range of every value, field by field.

A `Kind` is made of smaller ones, and `check` names the first value that is not of its kind::

    RUN = record({"status": TEXT, "options": record({"epochs": whole(1), "target": or_none(TEXT)})})
    check("run.json", json.loads(text), RUN)
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import inf, isfinite, isnan
from typing import Any, NamedTuple

SHOWN = 60
"""Letters of a wrong value that a message shows."""


class Kind(NamedTuple):
    """A kind of value. ``words`` completes "must be …"; ``inside`` gives its parts and their kinds."""

    words: str
    fits: Callable[[Any], bool]
    inside: Callable[[Any], Mapping[str, tuple[Any, Kind]]] = lambda value: {}


class Misfit(ValueError):
    """A value is not of its kind."""


def check(name: str, value: Any, kind: Kind) -> None:
    """Compare a value, and all that is in it, with a kind.

    Raises:
        Misfit: the first that does not fit, by its place: what must hold, and what came.
    """
    if not kind.fits(value):
        shown = repr(value)
        shown = shown if len(shown) <= SHOWN else f"{shown[:SHOWN]}…"
        raise Misfit(f"{name} must be {kind.words}; got {shown}")
    for key, (part, its) in kind.inside(value).items():
        check(f"{name}{key}", part, its)


TEXT = Kind("text", lambda value: isinstance(value, str))
FLAG = Kind("true or false", lambda value: isinstance(value, bool))
ANYTHING = Kind("anything", lambda value: True)


def whole(least: int | None = None, most: int | None = None) -> Kind:
    """A whole number within bounds."""
    bounds = [f"at least {least}"] * (least is not None) + [f"at most {most}"] * (most is not None)
    low, high = -inf if least is None else least, inf if most is None else most
    return Kind(
        " of ".join(["a whole number", *bounds][:2]) + "".join(f" and {one}" for one in bounds[1:]),
        lambda value: isinstance(value, int) and not isinstance(value, bool) and low <= value <= high,
    )


def number(least: float = -inf, most: float = inf, *, nan: bool = False) -> Kind:
    """A number within bounds, finite unless a bound is not; ``nan``: or one that is none, or infinite."""
    bounds = [f"at least {least:g}"] * isfinite(least) + [f"at most {most:g}"] * isfinite(most)

    def fits(value: Any) -> bool:
        if isinstance(value, bool) or not isinstance(value, int | float):
            return False
        try:
            found = float(value)
        except OverflowError:
            return False
        return (nan and (isnan(found) or not isfinite(found))) or (isfinite(found) and least <= found <= most)

    words = "a number" if nan else "a finite number"
    return Kind(words + (f" of {' and '.join(bounds)}" if bounds else ""), fits)


def either(*kinds: Kind) -> Kind:
    """Of one of several kinds."""

    def of(value: Any) -> Kind:
        return next(kind for kind in kinds if kind.fits(value))

    return Kind(
        " or ".join(kind.words for kind in kinds),
        lambda value: any(kind.fits(value) for kind in kinds),
        lambda value: of(value).inside(value),
    )


def or_none(kind: Kind) -> Kind:
    """Of a kind, or null."""
    return either(Kind("null", lambda value: value is None), kind)


def one_of(*names: str) -> Kind:
    """One of several words."""
    return Kind(f"one of {', '.join(names)}", lambda value: isinstance(value, str) and value in names)


def items(kind: Kind, least: int = 0, most: float = inf) -> Kind:
    """A list of values of a kind."""
    count = f" of {least}" if least == most else f" of at least {least}" if least else ""
    return Kind(
        f"a list{count}",
        lambda value: isinstance(value, list | tuple) and least <= len(value) <= most,
        lambda value: {f"[{place}]": (one, kind) for place, one in enumerate(value)},
    )


def mapping(kind: Kind) -> Kind:
    """An object with values of a kind, under any names."""
    return Kind(
        "an object",
        lambda value: isinstance(value, dict),
        lambda value: {f".{name}": (one, kind) for name, one in value.items()},
    )


def record(fields: Mapping[str, Kind], optional: Mapping[str, Kind] | None = None) -> Kind:
    """An object with these fields; ``optional`` ones may be missing, others are not looked at."""
    known = {**fields, **(optional or {})}

    def fits(value: Any) -> bool:
        return isinstance(value, dict) and all(name in value for name in fields)

    return Kind(
        f"an object with {', '.join(fields)}" if fields else "an object",
        fits,
        lambda value: {f".{name}": (value[name], kind) for name, kind in known.items() if name in value},
    )
