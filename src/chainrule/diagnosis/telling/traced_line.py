"""The line of somebody's code where a mistake is: where the wrong value of the equation is first computed.

The mistake that reproduces the gradients says what the wrong δ^L, ∂J/∂W^L, ∂J/∂b^L, a^L or φ' is; the
values that their lines made (`chainrule.diagnosis.asking.tracing`) say which line it came from. Where
the wrong value differs from the right one by a constant factor alone, that very factor is asked for.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import numpy as np

from chainrule.diagnosis.asking.observed import relative_error
from chainrule.diagnosis.asking.tracing import Step
from chainrule.diagnosis.catalogue.backprop import State
from chainrule.diagnosis.catalogue.mistakes import Applied, terms
from chainrule.diagnosis.catalogue.models import COSTS
from chainrule.diagnosis.verdict.judge import Part
from chainrule.diagnosis.verdict.search import attempt
from chainrule.model.validate import Floats

SAME = 1e-6
OVER_SAMPLES = ("last sample", "first sample", "divided in the loop")


class Sought(NamedTuple):
    """A value to be found, up to a constant factor if ``scaled``.

    ``last``: where it was made last, not first. It counts only once the value ``after`` was there.
    """

    array: Floats
    scaled: bool = True
    last: bool = False
    helpers: bool = True
    after: Floats | None = None


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
    key, slots, L = one.mistake.key, one.mistake.slots, _layer(one, right, wrong)
    if key.endswith(" zero"):
        yield from _absent(part, one, right)
    elif key == "B2 W already updated":
        yield Sought(wrong.W[L + 1] - wrong.eta * wrong.dW[L + 1], scaled=False)
    elif slots[0] == "B1":
        if key == "B1 sign":
            yield from _told(-COSTS[part.model.loss].d_value(right.a[L], right.y), right.y, 1)
        yield from _told(wrong.delta[L], right.delta[L], right.N, last="labels missing" in key)
        if part.seen.update and key == "B1 sign":  # δ^H is right, and the step goes uphill
            yield Sought(right.W[L] + right.eta * right.dW[L], scaled=False)
    elif slots[0] == "B2":
        if ("slope" in key and key != "B2 before slope above") or one.mistake.tag == "F2":
            yield from _slopes(one, right, wrong, L)
        else:
            yield from _brought_back(one, right, wrong, L)
        yield from _told(wrong.delta[L], right.delta[L], right.N)
    elif slots[0] in ("F1", "F2", "H"):
        L = min(one.layers)
        values = (wrong.z, right.z) if slots[0] == "F1" else (wrong.a, right.a)
        yield from (Sought(values[0][L], scaled=False),)
    elif slots[0] in ("B3", "B4"):
        yield from _gradients(part, one, right, wrong)


def _gradients(part: Part, one: Applied, right: State, wrong: State) -> Iterator[Sought]:
    over = any(words in one.mistake.key for words in OVER_SAMPLES)
    late = over and part.seen.update
    L = _layer(one, right, wrong)
    everything = [(s, W) for W, s in (("W", "B3"), ("b", "B4")) if s in one.mistake.slots]
    factor = _factor(wrong.dW[L], right.dW[L])
    if len(one.mistake.slots) == 2 and factor is not None and factor != -1:
        for times in (1, right.N, right.N * right.delta[right.H].shape[1]):
            yield Sought(factor * times * right.delta[right.H], scaled=False)
    if "eta" in one.mistake.key.split():  # the rate as it is used
        rate = right.eta**2 if one.mistake.key == "ALL eta twice" else 1.0
        yield Sought(np.array([rate / right.N]), scaled=False)
    for _, tensor in everything:
        mine, theirs = (wrong.dW, right.dW) if tensor == "W" else (wrong.db, right.db)
        proportional = _factor(mine[L], theirs[L]) is not None
        theta = wrong.W[L] if tensor == "W" else wrong.b[L]
        if part.seen.update and "not averaged" in one.mistake.key:
            yield Sought(theta - wrong.eta * mine[L], scaled=False)
        if "sample" not in one.mistake.key:
            yield Sought(mine[L], scaled=False, last=late)
        if late:
            yield Sought(mine[L], last=True)
        if part.seen.update:
            yield Sought(theta - wrong.eta * mine[L], scaled=False)
        if not proportional:
            yield Sought(mine[L])
    if factor is not None and "averaged" in one.mistake.key:  # δ may hold no 1/N yet
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
        yield Sought(right.W[L] - right.eta * right.dW[L], scaled=False)
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
        helpers = one.mistake.tag == "F2" or "value" in one.mistake.key
        yield Sought(ratio, scaled=False, helpers=helpers, after=wrong.delta[L + 1])


def _brought_back(one: Applied, right: State, wrong: State, L: int) -> Iterator[Sought]:
    """Before φ': W as it is used where it is reshaped, and what comes back through it."""
    W = right.W[L + 1]
    if "reshaped" in one.mistake.key:
        yield Sought(W.reshape(W.T.shape) if "out" in one.mistake.key else W.T.reshape(W.shape), scaled=False)
    with np.errstate(all="ignore"):
        back = wrong.delta[L] / right.d_phi(right.z[L], right.a[L])
    if np.isfinite(back).all():
        yield from _told(back, right.back(L), right.N)


def _told(wrong: Floats, right: Floats, N: int, last: bool = False) -> Iterator[Sought]:
    for times in (1, N):
        yield Sought(times * wrong, scaled=False, last=last)
    if _factor(wrong, right) is None:
        yield Sought(wrong, last=last)


def _layer(one: Applied, right: State, wrong: State) -> int:
    """The last layer at which the mistake changes a number: the first that the way back meets."""
    pairs = {"B3": (right.dW, wrong.dW), "B4": (right.db, wrong.db)}.get(
        one.mistake.slots[0], (right.delta, wrong.delta)
    )
    changed = [L for L in one.layers if relative_error(pairs[1][L], pairs[0][L]) > SAME]
    return max(changed or one.layers)


def _factor(wrong: Floats, right: Floats) -> float | None:
    """The constant between two arrays, or nothing where they are not proportional."""
    if np.shape(wrong) != np.shape(right) or not np.any(right):
        return None
    c = float(np.vdot(wrong, right) / np.vdot(right, right))
    return c if relative_error(wrong, c * right) < SAME and c else None


def _line(steps: Sequence[Step], sought: Sought) -> int | None:
    start = 0
    if sought.after is not None:
        above = Sought(sought.after)
        start = next((place for place, step in enumerate(steps) if _is(step.array, above)), 0)
    found = [
        step for step in steps[start:] if (sought.helpers or not step.helper) and _is(step.array, sought)
    ]
    if not found:
        return None
    if not sought.last:
        return found[0].line
    found = [step for step in found if not step.passing] or found
    top = min(step.depth for step in found)
    return [step for step in found if step.depth == top][-1].line


def _is(array: Floats, sought: Sought) -> bool:
    wanted = sought.array
    if array.size == 1 < wanted.size and not np.ptp(wanted):  # one number for a whole layer
        wanted = wanted.reshape(-1)[:1]
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
    """The line; of a layer that is left out, the loop that should reach it."""
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
