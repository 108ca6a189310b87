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

from chainrule.diagnosis.asking.observed import ratio, relative_error
from chainrule.diagnosis.asking.tracing import Step
from chainrule.diagnosis.catalogue.backprop import State
from chainrule.diagnosis.catalogue.mistakes import Applied, Family, Mistake, terms
from chainrule.diagnosis.catalogue.models import COSTS
from chainrule.diagnosis.verdict.parts import Part
from chainrule.diagnosis.verdict.search import attempt
from chainrule.model.validate import Floats

SAME = 1e-6
OFF_BY = {"label of the next class": 1, "label of the class before": -1}
"""By how many places each label is off, where that is the mistake."""


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
    if not part.answer.steps or not part.explanations:
        return None
    trial = part.answer.observed[0]
    right = attempt(trial, part.model, part.scale, {})
    wrong = attempt(trial, part.model, part.scale, terms(part.explanations[0].mistakes))
    if right is None or wrong is None:
        return None
    for sought in _sought(part, one, right, wrong):
        line = _line(part.answer.steps, sought)
        if line is not None:
            return _place(one, line, text, first_line)
    return None


def _sought(part: Part, one: Applied, right: State, wrong: State) -> Iterator[Sought]:
    """Values that only the mistake makes, the most telling first."""
    mistake, L = one.mistake, _layer(one, right, wrong)
    slot = mistake.slots[0]
    if mistake.family is Family.ZERO:
        yield from _lost(part, one, right)
    elif mistake.family is Family.UPDATED:
        yield from _matrix(mistake, wrong, L)
    elif slot == "B1":
        yield from _output_errors(part, mistake, right, wrong)
    elif slot == "B2":
        is_slope = mistake.family.is_slope or mistake.tag == "F2"
        yield from (_slopes if is_slope else _brought_back)(mistake, right, wrong, L)
        yield from _as_sum_or_mean(wrong.delta[L], right.delta[L], right.N)
    elif slot in ("F1", "F2", "H"):
        yield Sought((wrong.z if slot == "F1" else wrong.a)[min(one.layers)], scaled=False)
    else:
        yield from _gradients(part, mistake, right, wrong, L)


def _output_errors(part: Part, mistake: Mistake, right: State, wrong: State) -> Iterator[Sought]:
    """δ^H; of a wrong sign also ∂J/∂a and the step uphill."""
    H, sign = right.H, mistake.family is Family.SIGN
    if sign:
        yield from _as_sum_or_mean(-COSTS[part.model.loss].d_value(right.a[H], right.y), right.y, 1)
    if mistake.family is Family.LABELS and (places := OFF_BY.get(mistake.slip)) is not None:
        yield Sought(np.roll(right.y, places, axis=1), scaled=False)
    last = mistake.family is Family.LABELS  # δ^H is a^H, which the way forward makes first
    yield from _as_sum_or_mean(wrong.delta[H], right.delta[H], right.N, last)
    if part.answer.update and sign:
        yield Sought(right.W[H] + right.eta * right.dW[H], scaled=False)


def _gradients(part: Part, mistake: Mistake, right: State, wrong: State, L: int) -> Iterator[Sought]:
    """∂J/∂W, ∂J/∂b, what they were made of, and what was updated with them."""
    family, update, both = mistake.family, part.answer.update, len(mistake.slots) == 2
    late = update and family in (Family.SAMPLES, Family.LOOP)
    factor = ratio(wrong.dW[L], right.dW[L]) or None
    if both and factor is not None and factor != -1:
        for times in (1, right.N, right.N * right.delta[right.H].shape[1]):
            yield Sought(factor * times * right.delta[right.H], scaled=False)
    if family is Family.RATE and mistake.change.factor is not None:  # the rate as it is used
        rate = right.eta * mistake.change.factor(right)
        yield Sought(np.array([rate / right.N]), scaled=False)
    for slot in mistake.slots:
        theta, mine, theirs = _tensors(slot, L, wrong, right)
        updated = [Sought(theta - wrong.eta * mine, scaled=False)] if update else []
        if family is Family.NOT_AVERAGED:
            yield from updated
        if family is not Family.SAMPLES:
            yield Sought(mine, scaled=False, last=late)
        if late:
            yield Sought(mine, last=True)
        yield from updated
        if not ratio(mine, theirs):
            yield Sought(mine)
    if factor is not None and family in (Family.NOT_AVERAGED, Family.AVERAGED_TWICE):
        yield Sought(_tensors(mistake.slots[0], L, wrong, right)[1])  # δ may hold no 1/N yet


def _tensors(slot: str, L: int, wrong: State, right: State) -> tuple[Floats, Floats, Floats]:
    """The parameter of a slot at layer L, its wrong gradient, its right one."""
    if slot == "B3":
        return right.W[L], wrong.dW[L], right.dW[L]
    return right.b[L], wrong.db[L], right.db[L]


def _lost(part: Part, one: Applied, right: State) -> Iterator[Sought]:
    """What is 0 has no line: where its right value is lost, or the δ that it should be made of."""
    L, mistake = max(one.layers), one.mistake
    if mistake.tag == "F2":
        yield Sought(np.zeros_like(right.z[L]), scaled=False)
        return
    if part.answer.update:
        for slot in (mistake.slots[0], "B3"):
            theta, _, g = _tensors(slot, L, right, right)
            yield Sought(theta - right.eta * g, scaled=False)
    if len(mistake.slots) == 2:
        yield Sought(right.dW[min(L + 1, right.H)])
    else:
        yield Sought(right.delta[L], last=True, helpers=False)


def _slopes(mistake: Mistake, right: State, wrong: State, L: int) -> Iterator[Sought]:
    """The factor that stands for φ'; a helper's own line only where the helper is what is wrong."""
    above = wrong if _differs(wrong.delta[L + 1], right.delta[L + 1]) and wrong.H == L + 1 else right
    with np.errstate(all="ignore"):
        ratio = wrong.delta[L] / above.back(L)
    if np.isfinite(ratio).all() and np.ptp(ratio) > 0:
        helpers = mistake.tag == "F2" or mistake.family is Family.VALUE_FOR_SLOPE
        yield Sought(ratio, scaled=False, helpers=helpers, after=wrong.delta[L + 1])


def _brought_back(mistake: Mistake, right: State, wrong: State, L: int) -> Iterator[Sought]:
    """Before φ': W as it is used where it is reshaped, and what comes back through it."""
    if mistake.family is Family.RESHAPED:
        yield from _matrix(mistake, right, L)
    with np.errstate(all="ignore"):
        back = wrong.delta[L] / right.d_phi(right.z[L], right.a[L])
    if np.isfinite(back).all():
        yield from _as_sum_or_mean(back, right.back(L), right.N)


def _matrix(mistake: Mistake, s: State, L: int) -> Iterator[Sought]:
    """What stands in the place of W^{L+1}."""
    if mistake.change.W is not None:
        yield Sought(mistake.change.W(s, L), scaled=False)


def _as_sum_or_mean(wrong: Floats, right: Floats, N: int, last: bool = False) -> Iterator[Sought]:
    for times in (1, N):
        yield Sought(times * wrong, scaled=False, last=last)
    if not ratio(wrong, right):
        yield Sought(wrong, last=last)


def _layer(one: Applied, right: State, wrong: State) -> int:
    """The last layer at which the mistake changes a number: the first that the way back meets."""
    pairs = {"B3": (right.dW, wrong.dW), "B4": (right.db, wrong.db)}.get(
        one.mistake.slots[0], (right.delta, wrong.delta)
    )
    changed = [L for L in one.layers if _differs(pairs[1][L], pairs[0][L])]
    return max(changed or one.layers)


def _differs(wrong: Floats, right: Floats) -> bool:
    return relative_error(wrong, right) > SAME


def _line(steps: Sequence[Step], sought: Sought) -> int | None:
    start = 0
    if sought.after is not None:
        above = Sought(sought.after)
        start = next((place for place, step in enumerate(steps) if _matches(step.array, above)), 0)
    found = [
        step for step in steps[start:] if (sought.helpers or not step.helper) and _matches(step.array, sought)
    ]
    if not found:
        return None
    if not sought.last:
        return found[0].line
    found = [step for step in found if not step.passing] or found
    top = min(step.depth for step in found)
    return [step for step in found if step.depth == top][-1].line


def _matches(array: Floats, sought: Sought) -> bool:
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


def _place(one: Applied, line: int, text: str, first_line: int) -> tuple[int, str] | None:
    """The line; of a layer that is left out, the loop that should reach it."""
    lines = text.splitlines()
    place = line - first_line
    if not 0 <= place < len(lines):
        return None
    if one.mistake.family is Family.ZERO and len(one.mistake.slots) == 2:
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
