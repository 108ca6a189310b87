"""Which function, class or object of a file is asked."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, NamedTuple

from chainrule.diagnosis.asking.arguments import parameters, roles
from chainrule.diagnosis.asking.forms import Unfit
from chainrule.diagnosis.asking.functions import is_gradients
from chainrule.diagnosis.asking.names import GRADIENT, OF_METHODS, STEP
from chainrule.diagnosis.asking.objects import construct
from chainrule.diagnosis.asking.parameters import ParametersOf
from chainrule.diagnosis.asking.source import CHOSEN, Source, lookup

DEFAULT_WIDTHS = (4, 5, 3)


class Target(NamedTuple):
    """What is asked about: a way to find it again, its name, and the method named by the user."""

    find: Callable[[], Any]
    name: str
    method: str | None = None


def choose(source: Source, name: str | None, widths: Sequence[int] = DEFAULT_WIDTHS) -> Target:
    """The function, class or object to ask: the one named, or the one whose name says backpropagation.

    Raises:
        Unfit: nothing in the file looks like it.
    """
    if CHOSEN in source.namespace:
        thing = source.namespace[CHOSEN]
        known = getattr(thing, "__name__", type(thing).__name__)
        return Target(lambda: source.namespace[CHOSEN], known)
    if name is not None:
        lookup(source, name)
        head, _, method = name.rpartition(".")
        if head:
            return Target(lambda: lookup(source, head), head, method)
        return Target(lambda: lookup(source, name), name)
    own = source.own()
    classes = [key for key, thing in own.items() if inspect.isclass(thing) and _can_learn(thing)]
    for key in classes:
        if len(classes) == 1 or _is_network(source.namespace[key], widths):
            return Target(partial(_named, source, key), key)
    for wanted in (*GRADIENT, *STEP):
        if inspect.isfunction(own.get(wanted)):
            return Target(partial(_named, source, wanted), wanted)
    if classes:
        return Target(partial(_named, source, classes[-1]), classes[-1])
    for key, thing in own.items():
        if inspect.isfunction(thing) and re.search(r"back|grad", key, re.IGNORECASE) and is_gradients(thing):
            return Target(partial(_named, source, key), key)
    names = ", ".join(own) or "no function and no class"
    raise Unfit(
        f"{source.called} must define a function such as gradients(weights, biases, x, y) or a class with "
        f"backprop(x, y); it defines {names}. Name the one that is meant: {source.naming}."
    )


def _named(source: Source, key: str) -> Any:
    return source.namespace[key]


def _can_learn(thing: Any) -> bool:
    if any(callable(getattr(thing, name, None)) for name in (*GRADIENT, *STEP)):
        return True
    loss = getattr(thing, "loss", None)  # which may return the gradients beside the loss
    return callable(loss) and {"x", "y"} <= set(roles(list(parameters(loss)), OF_METHODS).values())


def _is_network(thing: Any, widths: Sequence[int]) -> bool:
    """Whether an object of these widths can be made of it: a single layer cannot."""
    try:
        ParametersOf(construct(thing, widths), widths)
    except Exception:
        return False
    return True


def makes_network(function: Callable[..., Any]) -> bool:
    """Whether a function returns a network rather than its gradients: it takes widths, and no data."""
    held = set(roles(list(parameters(function)), ("x", "y", "sizes", "n_in", "n_hidden")).values())
    return not held & {"x", "y"} and (not parameters(function) or bool(held))
