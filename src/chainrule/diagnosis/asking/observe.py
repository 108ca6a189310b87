"""Ask somebody's code for its gradients on random networks: what a form gives, or why none could be had."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from functools import partial
from time import monotonic
from typing import NamedTuple

import numpy as np

from chainrule.diagnosis.asking.find_target import DEFAULT_WIDTHS, Target, choose, makes_network
from chainrule.diagnosis.asking.forms import Form, Raw, Unfit
from chainrule.diagnosis.asking.functions import function_forms
from chainrule.diagnosis.asking.layouts import Layout
from chainrule.diagnosis.asking.objects import construct, object_forms
from chainrule.diagnosis.asking.observed import Observed, relative_error
from chainrule.diagnosis.asking.one_by_one import is_one_by_one
from chainrule.diagnosis.asking.other_code import Fact, aliased, facts
from chainrule.diagnosis.asking.parameters import ParametersOf, widths_of
from chainrule.diagnosis.asking.program import Program
from chainrule.diagnosis.asking.slopes import Slope, slopes
from chainrule.diagnosis.asking.source import Failure, Source
from chainrule.diagnosis.asking.tracing import Step, traced
from chainrule.diagnosis.asking.trials import trial
from chainrule.diagnosis.asking.watched.forms import watched_forms
from chainrule.diagnosis.catalogue.backprop import Trial
from chainrule.errors import InputError
from chainrule.model.validate import Floats
from chainrule.types import Layer

ENOUGH = 6
"""Trials that are run even where the code is slow."""
SECONDS = 2.0
DIFFERS = "differs when called again"
KEPT = re.compile(
    r"(?i)momentum|veloc|\badam|rms_?prop|ada_?(grad|delta)|nesterov|beta_?[12]|\bmu\b|self\.([vm]\d?|cache)\b"
)
"""Words of updates that rightly keep something from step to step."""


class Answer(NamedTuple):
    """What one form gave. ``exact``: every gradient has the shape of its parameter.

    ``slopes``: the gradient against differences of losses. ``alone``: one sample by itself.
    ``saturated``: networks with large weights. ``rate_inside``: an update by a learning rate of its own.
    ``watched``: a step that the program came to when it was run as it stands.
    ``steps``: the values that their lines made on the first network.
    """

    name: str
    layout: Layout
    update: bool
    order: str
    exact: bool
    observed: tuple[Observed, ...]
    notes: tuple[str, ...] = ()
    alone: Observed | None = None
    saturated: tuple[Observed, ...] = ()
    slopes: tuple[Slope, ...] = ()
    rate_inside: bool = False
    watched: bool = False
    steps: tuple[Step, ...] = ()


class Findings(NamedTuple):
    """Every answer; or, with no answer, what went wrong.

    ``own_widths``: those of the program, or named by the user.
    ``failed_widths``: the widths on which it failed, where only layers equally wide gave numbers.
    ``other_code``: what was seen of labels and accuracy. ``stood_in``: modules and readers that are missing.
    ``passed_over``: statements of the module that failed.
    """

    widths: tuple[int, ...]
    target: str
    answers: tuple[Answer, ...]
    failure: Failure | None = None
    misfit: str = ""
    text: str = ""
    first_line: int = 1
    failed_widths: tuple[int, ...] = ()
    other_code: tuple[Fact, ...] = ()
    own_widths: bool = True
    stood_in: tuple[str, ...] = ()
    passed_over: tuple[Failure, ...] = ()


def findings(source: Source, name: str | None, widths: Sequence[int] | None) -> Findings:
    """Ask the code in every way that works, and say what of it was not there or not run."""
    found = _in_every_way(source, name, widths)
    stood_in = tuple(source.program.stood_in) if source.program is not None else ()
    return found._replace(stood_in=stood_in, passed_over=source.passed_over())


def _in_every_way(source: Source, name: str | None, widths: Sequence[int] | None) -> Findings:
    """First its functions and classes, then its own training; where shapes do not go together, equal widths.

    There a transpose too many or too few, or the wrong layer's W, gives numbers that say which it is.
    """
    found = _findings(source, name, widths)
    if not found.answers and source.program is not None and name is None:
        seen = _watched(source, source.program, found)
        found = (
            seen
            if seen.answers
            else seen._replace(failure=seen.failure or next(iter(source.passed_over()), None))
        )
    square = (max(found.widths[1:-1], default=4),) * len(found.widths)
    if found.answers or found.failure is None or not found.failure.line or found.widths == square:
        return found
    equal = _findings(source, name, square)
    return equal._replace(failure=found.failure, failed_widths=found.widths) if equal.answers else found


def _findings(source: Source, name: str | None, widths: Sequence[int] | None) -> Findings:
    target = name or source.called
    used = tuple(widths or DEFAULT_WIDTHS)
    try:
        chosen = choose(source, name, used)
        target = chosen.name
        thing = chosen.find()
        if widths is None and not callable(thing):
            used = widths_of(thing)
        elif widths is None and inspect.isclass(thing):
            used = _own_widths(thing, used)
        answers, failure, misfit = _ask(source, chosen, used)
    except (Unfit, InputError) as error:
        return Findings(used, target, (), misfit=str(error), text=source.text, first_line=source.first_line)
    except Exception as error:
        return Findings(used, target, (), source.failure(error), "", source.text, source.first_line)
    rest = (*facts(source, used), *_aliased(chosen, used)) if answers else ()
    own = widths is not None or used != DEFAULT_WIDTHS
    return Findings(
        used, target, tuple(answers), failure, misfit, source.text, source.first_line, (), rest, own
    )


def _aliased(target: Target, widths: Sequence[int]) -> tuple[Fact, ...]:
    thing = target.find()
    if inspect.isfunction(thing):
        return ()
    with suppress(Exception):
        return tuple(aliased(construct(thing, widths)))
    return ()


def _own_widths(kind: type, usual: tuple[int, ...]) -> tuple[int, ...]:
    """Those of an object that takes none; else the usual ones."""
    try:
        made = construct(kind, usual)
    except Exception:
        return usual
    try:
        ParametersOf(made, usual)
    except Unfit:
        with suppress(Unfit):
            return widths_of(made)
    return usual


def _watched(source: Source, program: Program, asked: Findings) -> Findings:
    """The program's own training, if it comes to a step; ``asked``: what became of asking its functions."""
    try:
        forms = list(watched_forms(program))
        found = [
            _observe(source, one, one.compute(one.trials(asked.widths, 1)[0]), asked.widths) for one in forms
        ]
    except Unfit as error:
        return asked._replace(misfit=f"{asked.misfit} {error}".strip())
    except (Exception, SystemExit) as error:
        return asked._replace(failure=asked.failure or source.failure(error))
    widths = forms[0].widths or asked.widths
    return asked._replace(answers=tuple(found), widths=widths, failure=None, misfit="")


def _forms(source: Source, target: Target, widths: Sequence[int]) -> Iterator[Form]:
    thing = target.find()
    if inspect.isfunction(thing) and not target.method and not makes_network(thing):
        return function_forms(source, target.find, target.name)
    return object_forms(source, target.find, target.name, widths, target.method)


def _ask(source: Source, target: Target, widths: Sequence[int]) -> tuple[list[Answer], Failure | None, str]:
    answers: list[Answer] = []
    failures: list[Failure] = []
    misfit = ""
    for form in _forms(source, target, widths):
        if _settled(answers, form):
            continue
        try:
            first = form.compute(form.trials(widths, 1)[0])
        except Unfit as error:
            misfit = misfit or str(error)
        except (Exception, SystemExit) as error:
            failures.append(source.failure(error))
        else:
            answers.append(_observe(source, form, first, widths))
    deepest = max(failures, key=lambda failure: failure.line, default=None)
    return answers, deepest, misfit


def _settled(answers: list[Answer], form: Form) -> bool:
    """Whether this form need not be tried: class numbers, where one-hot labels did work."""
    same = [one for one in answers if one.name == form.name and one.exact]
    return (form.layout.labels and any(not one.layout.labels for one in same)) or len(same) >= 6


def _observe(source: Source, form: Form, first: Raw, widths: Sequence[int]) -> Answer:
    notes = set(first.notes)
    source.fresh()  # nothing is left of the calls before
    repeats = _repeated(form, form.trials(widths, 1)[0])
    if repeats:
        keeps = repeats == DIFFERS and first.update and KEPT.search(source.text)
        notes.add("keeps a state" if keeps else repeats)
    observed = []
    start = monotonic()
    for count, one in enumerate(form.trials(widths)):
        if count >= ENOUGH and monotonic() - start > SECONDS:
            break
        if repeats:
            source.fresh()
        try:
            observed.append(observed_of(form.compute(one), one, form))
        except (Exception, SystemExit) as error:
            if count == 0:
                raise
            notes.add(f"failed on another batch: {source.failure(error)}")
            break
    raw = first
    ask = partial(_asked, form)
    may_be = raw.update and raw.given.exact and form.N is None
    if may_be and is_one_by_one(ask, observed[0], raw.rate_inside):
        notes.add("one by one")
        observed = [ask(one) for one in form._replace(N=1).trials(widths, len(observed))]
    alone, saturated = _alone(form, widths), _saturated(form, widths)
    return Answer(
        form.name, form.layout, first.update, raw.given.order, raw.given.exact, tuple(observed),
        tuple(sorted(notes)), alone, saturated, slopes(form, observed), raw.rate_inside, form.watched,
        steps=traced(source.file, lambda: form.compute(observed[0].trial)),
    )  # fmt: skip


def _asked(form: Form, one: Trial) -> Observed:
    return observed_of(form.compute(one), one, form)


def _alone(form: Form, widths: Sequence[int]) -> Observed | None:
    """One sample by itself, where their code takes it: then δ^L can be read off db^L."""
    if form.N not in (None, 1):
        return None
    one = form.as_held(trial(form.widths or widths, 1, 99, form.biasless))
    try:
        return observed_of(form.compute(one), one, form)
    except (Exception, SystemExit):
        return None


def _saturated(form: Form, widths: Sequence[int]) -> tuple[Observed, ...]:
    """Networks whose outputs are near 0 and 1, where a clipped loss shows."""
    found = []
    for seed in range(4):
        usual = trial(form.widths or widths, form.trials(widths, 1)[0].N, seed, form.biasless)
        large = usual.params.map(lambda layer: Layer(30 * layer.W, 30 * layer.b))
        one = form.as_held(usual._replace(params=large))
        try:
            with np.errstate(all="ignore"):
                found.append(observed_of(form.compute(one), one, form))
        except (Exception, SystemExit):
            return ()
    return tuple(found)


def observed_of(raw: Raw, one: Trial, form: Form) -> Observed:
    """What came, in our layout."""
    layout, one = form.layout, raw.trial or one
    dW = tuple(layout.our_dW(g) for g in raw.given.dW)
    if form.biasless:
        return Observed(one, dW, (None,) * len(dW), raw.output, raw.loss)
    db: tuple[Floats | None, ...] = tuple(
        layout.our_db(g, len(layer.b)) for g, layer in zip(raw.given.db, one.params, strict=True)
    )
    return Observed(one, dW, db, raw.output, raw.loss)


def _repeated(form: Form, one: Trial) -> str:
    """What a second call at the same parameters gives, if not the same again."""
    if form.twice is None:
        return ""
    try:
        first, second = form.twice(one)
    except (Exception, SystemExit):
        return ""
    pairs = list(zip((*first.given.dW, *first.given.db), (*second.given.dW, *second.given.db), strict=True))
    if all(relative_error(b, a) < 1e-9 for a, b in pairs):
        return ""
    doubled = all(relative_error(b, 2 * a) < 1e-6 for a, b in pairs)
    if not doubled and not form.layout.labels:
        with suppress(Exception):
            third, _ = form.twice(one)
            late = (*third.given.dW, *third.given.db)
            doubled = all(relative_error(c - b, b - a) < 1e-6 for (a, b), c in zip(pairs, late, strict=True))
    return "accumulates" if doubled else DIFFERS
