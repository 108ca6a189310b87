"""The same random numbers in every call of somebody's code: dropout drops the same neurons each time."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

SEED = 0


def same_chance(function: Callable[..., Any]) -> None:
    """Set all that draws random numbers back: the global ones, and generators beside the function."""
    random.seed(SEED)
    np.random.seed(SEED)
    for generator in _generators(function):
        if isinstance(generator, np.random.RandomState):
            generator.seed(SEED)
        else:
            generator.bit_generator.state = type(generator.bit_generator)(SEED).state


def _generators(function: Callable[..., Any]) -> Iterator[Any]:
    """Those in the module of a function, in its object and in the objects that this holds."""
    owner = getattr(function, "__self__", None)
    held = [*getattr(function, "__globals__", {}).values()]
    for thing in (owner, *_parts(owner)):
        held += _values(thing)
    for value in held:
        if isinstance(value, np.random.Generator | np.random.RandomState):
            yield value


def _values(thing: Any) -> list[Any]:
    return list(getattr(thing, "__dict__", {}).values())


def _parts(thing: Any) -> list[Any]:
    found = []
    for value in _values(thing):
        found += list(value) if isinstance(value, list | tuple) else [value]
    return found
