"""The line of somebody's code where a mistake is: where the wrong value of the equation is first computed.

The mistake that reproduces the gradients says what the wrong δ^L, ∂J/∂W^L, ∂J/∂b^L, a^L or φ' is; the values that
their lines made (`chainrule.diagnosis.tracing`) say which line it came from. Where the wrong value differs from the
right one by a constant factor alone, that very factor is asked for.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import numpy as np

from chainrule.diagnosis.backprop import State
from chainrule.diagnosis.judge import Part
from chainrule.diagnosis.mistakes import Applied
from chainrule.diagnosis.search import attempt, relative_error, terms
from chainrule.diagnosis.tracing import Step
from chainrule.inputs import Floats

SAME = 1e-6
OVER_SAMPLES = ("last sample", "first sample", "divided in the loop")


class Sought(NamedTuple):
    """A value to be found. ``scaled``: up to a constant factor. ``last``: where it was made last, not first."""

    array: Floats
    scaled: bool = True
    last: bool = False
    helpers: bool = True


def located(part: Part, one: Applied, text: str, first_line: int = 1) -> tuple[int, str] | None:
    """(number, text) of the line that makes the mistake's wrong value, or nothing where none was seen to."""
    if not part.seen.steps or not part.explanations:
        return None
    trial = part.seen.observed[0]
    right = attempt(trial, part.model, part.scale, {})
    wrong = attempt(trial, part.model, part.scale, terms(part.explanations[0].mistakes))
    if right is None or wrong is None:
        return None
    for sought in _sought(part, one, right, wrong):
        line = _line(part.seen.steps, sought)
        if line is not None:
            return _shown(one, line, text, first_line)
    return None


def _sought(part: Part, one: Applied, right: State, wrong: State) -> Iterator[Sought]:
    """Values that only the mistake makes, the most telling first."""
    key, slots, L = one.mistake.key, one.mistake.slots, max(one.layers)
    if key.endswith(" zero"):
        yield from _absent(part, one, right)
    elif key == "B2 W already updated":
        yield Sought(wrong.W[L + 1] - wrong.eta * wrong.dW[L + 1], scaled=False)
    elif slots[0] == "B1":
        yield from _told(wrong.delta[L], right.delta[L], right.N)
    elif slots[0] == "B2":
        if "slope" in key or one.mistake.tag == "F2":
            yield from _slopes(one, right, wrong, L)
        yield from _told(wrong.delta[L], right.delta[L], right.N)
    elif slots[0] in ("F1", "F2", "H"):
        L = min(one.layers)
        values = (wrong.z, right.z) if slots[0] == "F1" else (wrong.a, right.a)
        yield from (Sought(values[0][L], scaled=False),)
    elif slots[0] in ("B3", "B4"):
        yield from _gradients(part, one, right, wrong)


def _gradients(part: Part, one: Applied, right: State, wrong: State) -> Iterator[Sought]:
    late = any(words in one.mistake.key for words in OVER_SAMPLES)
    L = max(one.layers)
    everything = [(s, W) for W, s in (("W", "B3"), ("b", "B4")) if s in one.mistake.slots]
    factor = _factor(wrong.dW[L], right.dW[L])
    if len(one.mistake.slots) == 2 and factor is not None and factor != -1:
        for times in (1, right.N, right.N * right.delta[right.H].shape[1]):
            yield Sought(factor * times * right.delta[right.H], scaled=False)
    for _, tensor in everything:
        mine, theirs = (wrong.dW, right.dW) if tensor == "W" else (wrong.db, right.db)
        proportional = _factor(mine[L], theirs[L]) is not None
        yield Sought(mine[L], scaled=not proportional and not late, last=late)
        if part.seen.update:
            theta = wrong.W[L] if tensor == "W" else wrong.b[L]
            yield Sought(theta - wrong.eta * mine[L], scaled=False)
        if not proportional and late:
            yield Sought(mine[L], last=True)
    if factor is not None and "averaged" in one.mistake.key:  # δ may hold no 1/N yet
        L = max(one.layers)
        yield Sought(wrong.dW[L] if "B3" in one.mistake.slots else wrong.db[L])


def _absent(part: Part, one: Applied, right: State) -> Iterator[Sought]:
    """What is 0 has no line: where its right value is lost, or the δ that it should be made of."""
    L = max(one.layers)
    weights = "B3" in one.mistake.slots
    theta, g = (right.W[L], right.dW[L]) if weights else (right.b[L], right.db[L])
    if one.mistake.tag == "F2":
        yield Sought(np.zeros_like(right.z[L]), scaled=False)
        return
    if part.seen.update:
        yield Sought(theta - right.eta * g, scaled=False)
    if len(one.mistake.slots) == 2:
        yield Sought(right.dW[min(L + 1, right.H)])
    else:
        yield Sought(right.delta[L], last=True, helpers=False)


def _slopes(one: Applied, right: State, wrong: State, L: int) -> Iterator[Sought]:
    """The factor that stands for φ'; a helper's own line only where the helper is what is wrong."""
    back = right.delta[L + 1] @ right.W[L + 1]
    with np.errstate(all="ignore"):
        ratio = wrong.delta[L] / back
    if wrong.H == L + 1 and relative_error(wrong.delta[L + 1], right.delta[L + 1]) > SAME:
        with np.errstate(all="ignore"):
            ratio = wrong.delta[L] / (wrong.delta[L + 1] @ wrong.W[L + 1])
    if np.isfinite(ratio).all() and np.ptp(ratio) > 0:
        yield Sought(ratio, scaled=False, helpers=one.mistake.tag == "F2" or "value" in one.mistake.key)


def _told(wrong: Floats, right: Floats, N: int) -> Iterator[Sought]:
    factor = _factor(wrong, right)
    if factor is None:
        yield Sought(wrong)
    else:
        for times in (1, N):
            yield Sought(times * wrong, scaled=False)


def _factor(wrong: Floats, right: Floats) -> float | None:
    """The constant between two arrays, or nothing where they are not proportional."""
    if np.shape(wrong) != np.shape(right) or not np.any(right):
        return None
    c = float(np.vdot(wrong, right) / np.vdot(right, right))
    return c if relative_error(wrong, c * right) < SAME and c else None


def _line(steps: Sequence[Step], sought: Sought) -> int | None:
    found = [step for step in steps if (sought.helpers or not step.helper) and _is(step.array, sought)]
    if not found:
        return None
    if not sought.last:
        return found[0].line
    top = min(step.depth for step in found)
    return [step for step in found if step.depth == top][-1].line


def _is(array: Floats, sought: Sought) -> bool:
    wanted = sought.array
    if array.size != wanted.size:
        return False
    for seen in _shapes(array, wanted):
        c = 1.0
        if sought.scaled:
            whole = float(np.vdot(wanted, wanted))
            c = float(np.vdot(seen, wanted)) / whole if whole else 0.0
            if not c:
                continue
        if relative_error(seen, c * wanted) < SAME and np.isfinite(seen).all():
            return bool(wanted.any() or not seen.any())
    return False


def _shapes(array: Floats, wanted: Floats) -> Iterable[Floats]:
    if array.shape == wanted.shape:
        yield array
    if array.ndim == 2 and array.T.shape == wanted.shape:
        yield array.T
    if 1 in (*array.shape, *wanted.shape) or array.ndim != wanted.ndim:
        yield array.reshape(wanted.shape)


def _shown(one: Applied, line: int, text: str, first_line: int) -> tuple[int, str] | None:
    """The line; of a layer left out the loop that should reach it; of a value that is lost what comes after it."""
    lines = text.splitlines()
    place = line - first_line
    if not 0 <= place < len(lines):
        return None
    if one.mistake.key == "ALL zero":
        place = _loop_around(text, place + 1) - 1
    return place + first_line, lines[place].strip()


def _loop_around(text: str, line: int) -> int:
    try:
        tree = ast.parse(text)
    except SyntaxError:
        return line
    loops = [
        node.lineno
        for node in ast.walk(tree)
        if isinstance(node, ast.For) and node.lineno <= line <= (node.end_lineno or node.lineno)
    ]
    return max(loops, default=line)
