"""Networks of other libraries as functions ``gradients(weights, biases, x, y)`` and ``loss(…)``.

Each library has a module of its own, which alone imports it, and only when such an object is at hand.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib import import_module
from typing import Any, NamedTuple

from chainrule.checks import needed

HOMES = {"sklearn": "sklearn", "torch": "torch", "keras": "keras", "tensorflow": "keras"}


class Adapted(NamedTuple):
    """The functions that stand for an object, and the widths of its layers.

    ``automatic``: ``gradients`` is a library's derivative of ``loss``.
    """

    gradients: Callable[..., Any]
    loss: Callable[..., Any]
    widths: tuple[int, ...]
    forward: Callable[..., Any] | None = None
    automatic: bool = False

    def named(self, thing: Any) -> Adapted:
        """The same, called what the object is."""
        self.gradients.__name__ = type(thing).__name__
        return self


def adapt(thing: Any, layers: Sequence[int] | None, criterion: Any = None) -> Adapted | None:
    """The object as functions, or nothing where it is no library's."""
    for kind in type(thing).__mro__:
        home = HOMES.get(kind.__module__.split(".")[0])
        if home is not None:
            with needed(home):
                found: Adapted = import_module(f"{__name__}.{home}").adapted(thing, layers, criterion)
            return found.named(thing)
    return None
