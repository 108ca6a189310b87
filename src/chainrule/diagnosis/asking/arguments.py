"""What the parameters of somebody's function are for, by their names."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Mapping
from typing import Any

from chainrule.diagnosis.asking.chance import same_chance
from chainrule.diagnosis.asking.names import ROLES


def roles(names: list[str], allowed: tuple[str, ...]) -> dict[str, str]:
    """{parameter: role}, each parameter the first allowed role whose pattern it fits."""
    found: dict[str, str] = {}
    for name in names:
        numbered = re.fullmatch(r"_?(w|weights?|theta|b|bias|biases)_?(\d)", name.lower())
        if numbered and "weights" in allowed:
            letter = "b" if numbered[1].startswith("b") else "W"
            found[name] = f"{letter}{numbered[2]}"
            continue
        for role in allowed:
            if re.fullmatch(ROLES[role], name.lower().strip("_")) and role not in found.values():
                found[name] = role
                break
    return found


def of_learning(names: list[str], allowed: tuple[str, ...]) -> dict[str, str]:
    """The roles in what computes gradients: an ``output`` where no targets are given is the desired one."""
    found = roles(names, allowed)
    held = set(found.values())
    if "x" in held and not held & {"y", "batch", "cache"}:
        found |= {name: "y" for name, role in found.items() if role == "output" and "out" in name.lower()}
    return found


def parameters(function: Callable[..., Any]) -> dict[str, inspect.Parameter]:
    """The parameters of a function, without ``self`` and without * and **."""
    try:
        found = inspect.signature(function).parameters
    except (TypeError, ValueError):
        return {}
    return {
        name: p
        for name, p in found.items()
        if p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD) and name not in ("self", "cls")
    }


def required(function: Callable[..., Any]) -> list[str]:
    """Names of the parameters without default."""
    return [name for name, p in parameters(function).items() if p.default is p.empty]


def assigned(function: Callable[..., Any], allowed: tuple[str, ...]) -> dict[str, str] | None:
    """{parameter: role}, or nothing where a parameter without default has no role."""
    found = roles(list(parameters(function)), allowed)
    return found if all(name in found for name in required(function)) else None


def call(function: Callable[..., Any], values: Mapping[str, Any], assigned: Mapping[str, str]) -> Any:
    """Call with the value of each parameter's role; parameters with a default and no value are left out.

    Random numbers are the same in every call.
    """
    same_chance(function)
    given = {name: values[role] for name, role in assigned.items() if role in values}
    positional_only = [n for n, p in parameters(function).items() if p.kind is p.POSITIONAL_ONLY]
    first = [given.pop(name) for name in positional_only if name in given]
    return function(*first, **given)
