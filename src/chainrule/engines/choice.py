"""Which engine runs: by name, or the fastest that can."""

from __future__ import annotations

import functools
import warnings
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from chainrule.errors import EngineWarning, InputError

if TYPE_CHECKING:
    from chainrule.engines.base import Engine

STEP_SECONDS = 120e-6
"""What a step of the reference costs however small the arrays are: NumPy's calls."""

OPERATION_SECONDS = 1 / 15e9
"""What each further operation of the reference costs, in products as small as these."""

WORTH_COMPILING = 0.5
"""Seconds of the reference from which compiling is worth it: it takes 1.5 s, once, and is then kept."""


class Choice(NamedTuple):
    """An engine, and why it was chosen."""

    engine: Engine
    reason: str


def _llvm(threads: int | None) -> Engine:
    if missing := _missing():
        raise InputError(f"engine='llvm' must find its compiler; got {missing} Or take engine='reference'.")
    from chainrule.engines.llvm.engine import LlvmEngine

    return LlvmEngine(threads)


def _reference(threads: int | None = None) -> Engine:
    from chainrule.engines.reference import ReferenceEngine  # the command's help needs no NumPy

    return ReferenceEngine()


ENGINES: dict[str, Callable[[int | None], Engine]] = {
    "llvm": _llvm,
    "reference": _reference,
}
"""How each engine is made, for a number of threads or for as many as are fastest.

What makes one imports it: the command line names the engines without loading NumPy.
"""

NAMES = ("auto", *ENGINES)


def choose(name: str, threads: int | None = None) -> Choice:
    """The engine of that name; "auto" takes `llvm` where llvmlite is installed, else `reference`.

    Raises:
        InputError: the engine cannot run here.
    """
    if name != "auto":
        return Choice(ENGINES[name](threads), "asked for")
    missing = _missing()
    return Choice(_reference(), missing) if missing else Choice(_llvm(threads), "the fastest one")


def engine_for(name: str, layers: Sequence[int], batch_size: int, steps: int) -> str:
    """The engine that "auto" means for this number of steps: the reference where compiling would take longer.

    It depends on the sizes alone, not on what has been compiled before, so that the same job gives the same
    bits on the same machine.
    """
    if name != "auto":
        return name
    operations = 6 * batch_size * sum(n * m for n, m in pairwise(layers))
    seconds = steps * (STEP_SECONDS + operations * OPERATION_SECONDS)
    return "reference" if seconds < WORTH_COMPILING else "auto"


def fall_back(name: str, reason: str) -> Engine:
    """The reference, where another engine cannot run something, with a word about it.

    Raises:
        InputError: the other engine was asked for by name.
    """
    if name != "auto":
        raise InputError(f"engine={name!r} cannot run this network: {reason}. Use engine='reference'.")
    warnings.warn(
        f"this network runs on the slower reference engine, because the fast one cannot: {reason}",
        EngineWarning,
        stacklevel=3,
    )
    return _reference()


@functools.cache
def _missing() -> str:
    """Why generated code cannot run here; nothing if it can."""
    try:
        import llvmlite.binding  # noqa: F401
    except (ImportError, OSError) as error:
        return f"no llvmlite ({error}). Install it: pip install llvmlite."
    return ""
