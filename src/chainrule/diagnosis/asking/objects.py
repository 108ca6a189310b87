"""Forms of code that are classes or objects: ``backprop(x, y)``, ``backward``, ``train(x, y, eta)``."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from typing import Any, NamedTuple

import numpy as np

from chainrule.diagnosis.asking.arguments import assigned, call, of_learning, parameters, required, roles
from chainrule.diagnosis.asking.forms import (
    NATURAL,
    Form,
    Raw,
    Unfit,
    number_of,
    outputs_in,
    raw_outputs,
    updated,
)
from chainrule.diagnosis.asking.layouts import Layout
from chainrule.diagnosis.asking.moments import ADAPTIVE, gradient_kept, is_adaptive
from chainrule.diagnosis.asking.names import APPLY, CONSTRUCTING, FORWARD, GRADIENT, LOSS, RATES, STEP
from chainrule.diagnosis.asking.names import OF_METHODS as ALLOWED
from chainrule.diagnosis.asking.parameters import ParametersOf, gradients_in
from chainrule.diagnosis.asking.results import Assigned, assign
from chainrule.diagnosis.asking.source import Source
from chainrule.diagnosis.catalogue.backprop import Trial
from chainrule.model.validate import Floats

BACKWARD = tuple(name for name in GRADIENT if name.strip("_").startswith("back"))
"""What may rely on the way forward having gone before."""


class Plan(NamedTuple):
    """Which methods are called: ``main`` gives gradients or makes a step; ``apply`` updates after it."""

    main: str
    apply: str | None = None
    update: bool = False


def construct(thing: Any, widths: Sequence[int]) -> Any:
    """An object of these widths, from a class or from a function that makes one.

    Raises:
        Unfit: no way to pass the widths was found.
    """
    if not callable(thing):
        return thing
    given = roles(list(parameters(thing)), CONSTRUCTING)
    if not required(thing) and not {"sizes", "n_in"} & set(given.values()):
        return thing()
    hidden = list(widths[1:-1])
    values = {
        "sizes": list(widths), "n_in": widths[0], "n_out": widths[-1], "eta": 0.5, "epochs": 1, "n": 4,
        "seed": 0, "n_hidden": hidden[0] if len(hidden) == 1 else hidden, "verbose": False,
    }  # fmt: skip
    problems = []
    tries: list[Callable[[], Any]] = []
    if all(name in given for name in required(thing)):
        tries.append(lambda: call(thing, values, given))
    tries += [lambda: thing(list(widths)), lambda: thing(*widths)]
    for make in tries:
        try:
            made = make()
            ParametersOf(made, widths)
        except Exception as error:
            problems.append(error)
        else:
            return made
    raise problems[0]


def plans(thing: Any, method: str | None) -> list[Plan]:
    """What to call on an object, gradients before steps."""
    here = {name for name in dir(thing) if callable(getattr(thing, name, None))}
    if method:
        takes_rate = "eta" in roles(list(parameters(getattr(thing, method))), ALLOWED).values()
        return [Plan(method, update=method in STEP or takes_rate)]
    found: list[Plan] = []
    gradient = next((name for name in GRADIENT if name in here), None)
    if gradient is not None:
        found.append(Plan(gradient))
        for name in APPLY:
            if name in here and not {"x", "y", "batch"} & set(_roles(thing, name).values()):
                found.append(Plan(gradient, name, update=True))
                break
    elif "loss" in here and {"x", "y"} <= set(_roles(thing, "loss").values()):  # (loss, gradients) at once
        found.append(Plan("loss"))
    for name in STEP:
        held = set(_roles(thing, name).values()) if name in here else set()
        if "batch" in held or {"x", "y"} <= held:
            found.append(Plan(name, update=True))
            break
    return found


def object_forms(
    source: Source, find: Callable[[], Any], name: str, widths: Sequence[int], method: str | None
) -> Iterator[Form]:
    """Every way to ask the object, one plan after another.

    Raises:
        Unfit: it has no method that sounds like backpropagation, or its parameters were not found.
    """
    thing = construct(find(), widths)
    params = ParametersOf(thing, widths)
    chosen = plans(thing, method)
    if not chosen:
        public = [key for key in dir(thing) if not key.startswith("_")]
        raise Unfit(
            f"{name} must have a method such as backprop(x, y), backward or train_step; it has "
            f"{', '.join(public)}. "
            f"Name it: FILE.py:{name}.method."
        )
    for plan in chosen:
        signature = ", ".join(parameters(getattr(thing, plan.main)))
        title = f"class {type(thing).__name__}, {plan.main}({signature})" + (
            f", then {plan.apply}" if plan.apply else ""
        )
        batch = "batch" in _roles(thing, plan.main).values()
        for layout in _layouts(params, batch):
            caller = _Caller(find, widths, plan, layout)
            yield Form(
                title,
                layout,
                caller.compute,
                plan.update,
                caller.loss,
                caller.twice,
                params.biasless,
                caller.outputs,
                source.file,
            )


def _layouts(params: ParametersOf, batch: bool) -> list[Layout]:
    samples = list(dict.fromkeys(one[0] for one in NATURAL))
    if params.bias == "column":
        samples = ["columns", "column", "rows", "vectors"]
    if batch:
        samples = ["pairs of column", "pairs of vectors", "rows", "columns"]
        if params.bias != "column":
            samples = ["pairs of vectors", "pairs of column", "rows", "columns"]
    sides = (True, False) if params.out_in is None else (params.out_in,)
    return [
        Layout(one, out_in, params.bias, labels)
        for labels in (False, True)
        for one in samples
        for out_in in sides
    ]


def _roles(thing: Any, name: str) -> dict[str, str]:
    given = roles if name in FORWARD else of_learning
    return given(list(parameters(getattr(thing, name))), ALLOWED)


def _is_handed_on(held: set[str]) -> bool:
    """Whether the way back is given what the way forward gives, or no inputs at all."""
    return not held & {"x", "batch"} or bool(held & {"output", "cache"})


class _Caller:
    """One plan in one layout, on a fresh object for every trial."""

    def __init__(self, find: Callable[[], Any], widths: Sequence[int], plan: Plan, layout: Layout) -> None:
        self.find, self.widths, self.plan, self.layout = find, widths, plan, layout

    def compute(self, trial: Trial) -> Raw:
        """Gradients or an update of a fresh object."""
        return self._ask(self._object(trial), trial)

    def twice(self, trial: Trial) -> tuple[Raw, Raw]:
        """The same object asked twice at the same parameters."""
        thing = self._object(trial)
        first = self._ask(thing, trial)
        self._fill(thing, trial)
        return first, self._ask(thing, trial)

    def loss(self, trial: Trial) -> float:
        """Their loss of a trial."""
        thing = self._object(trial)
        value = self._loss(thing, trial, self._forward(thing, trial))
        if value is None:
            raise Unfit("no loss")
        return value

    def outputs(self, trial: Trial) -> Floats | None:
        """Their outputs of a trial."""
        return self._outputs(self._object(trial), trial)[0]

    def _object(self, trial: Trial) -> Any:
        thing = construct(self.find(), self.widths)
        self._fill(thing, trial)
        for name in RATES:
            if isinstance(getattr(thing, name, None), int | float):
                setattr(thing, name, trial.eta)
        return thing

    def _fill(self, thing: Any, trial: Trial) -> None:
        layers = list(trial.params)
        Ws, bs = [self.layout.W(layer.W) for layer in layers], [self.layout.b(layer.b) for layer in layers]
        params = ParametersOf(thing, self.widths)
        if not params.biasless:
            bs = [new.reshape(leaf.array.shape) for new, leaf in zip(bs, params.b, strict=True)]
        params.set(Ws, bs)

    def _values(self, trial: Trial) -> dict[str, Any]:
        return {
            "x": self.layout.x(trial), "y": self.layout.y(trial), "batch": self.layout.batch(trial),
            "eta": trial.eta, "n": trial.N, "epochs": 1, "verbose": False, "seed": 0,
        }  # fmt: skip

    def _forward(self, thing: Any, trial: Trial) -> Any:
        for name in FORWARD:
            if hasattr(thing, name) and "x" in _roles(thing, name).values():
                return call(getattr(thing, name), self._values(trial), _roles(thing, name))
        return None

    def _ask(self, thing: Any, trial: Trial) -> Raw:
        values, roles_of = self._values(trial), _roles(thing, self.plan.main)
        unknown = [name for name in required(getattr(thing, self.plan.main)) if name not in roles_of]
        if unknown:
            raise Unfit(
                f"{self.plan.main}: what its parameters {', '.join(unknown)} are for was not understood"
            )
        params = ParametersOf(thing, self.widths)
        forward, outputs = None, None
        if _is_handed_on(set(roles_of.values())):
            forward = self._forward(thing, trial)
            parts = forward if isinstance(forward, tuple) else (forward, forward)
            values |= {"output": parts[0], "cache": parts[-1]}
        elif self._needs_state(thing):
            with suppress(Exception):
                self._forward(thing, trial)
        before, old = params.get(), gradients_in(thing)
        result = call(getattr(thing, self.plan.main), values, roles_of)
        if self.plan.apply:
            call(getattr(thing, self.plan.apply), values, _roles(thing, self.plan.apply))
        after = params.get()
        changed = not all(map(np.array_equal, (*before[0], *before[1]), (*after[0], *after[1])))
        given = (
            None
            if self.plan.update
            else assign(result, *before, params.biasless) or self._attributes(thing, old, before)
        )
        rate = next((r for r in RATES if isinstance(getattr(thing, r, None), int | float)), None)
        known = "eta" in roles_of.values() or rate is not None or self._applies_rate(thing)
        eta = trial.eta if known else 1.0
        update, adaptive = given is None, False
        if given is None:
            if not changed:
                raise Unfit(
                    f"{self.plan.main} returned no gradients, kept none by name, and changed no parameter"
                )
            given = updated(*before, Assigned(tuple(after[0]), tuple(after[1]), "changed in place", 0), eta)
            if is_adaptive((*given.dW, *(() if params.biasless else given.db))):
                moment = gradient_kept(params.beside(), given.dW, given.db)
                given, known, adaptive = moment or given, known and moment is None, moment is not None
        if not self.plan.apply:
            self._fill(thing, trial)
            outputs, forward = self._outputs(thing, trial)
        notes = ("parameters changed",) if changed and not update and not rate else (ADAPTIVE,) * adaptive
        loss = self._loss(thing, trial, forward)
        return Raw(given, outputs, loss, notes, update, rate_inside=update and not known)

    def _needs_state(self, thing: Any) -> bool:
        """Whether what a forward pass keeps is needed: where the way back makes none itself."""
        code = getattr(getattr(thing, self.plan.main), "__code__", None)
        return self.plan.main in BACKWARD and code is not None and not set(code.co_names) & set(FORWARD)

    def _applies_rate(self, thing: Any) -> bool:
        return self.plan.apply is not None and "eta" in _roles(thing, self.plan.apply).values()

    def _attributes(
        self, thing: Any, old: dict[Any, Floats], before: tuple[list[Floats], list[Floats]]
    ) -> Assigned | None:
        found = gradients_in(thing)
        tree = {".".join(map(str, path)): array for path, array in found.items()}
        return assign(tree, *before) if tree else None

    def _outputs(self, thing: Any, trial: Trial) -> tuple[Floats | None, Any]:
        if self.layout.samples.startswith("pairs"):
            return None, None
        try:
            forward = self._forward(thing, trial)
        except Exception:
            return None, None
        return outputs_in(forward, trial, self.layout), forward

    def _loss(self, thing: Any, trial: Trial, forward: Any) -> float | None:
        if self.layout.samples.startswith("pairs"):
            return None
        shape = np.shape(self.layout.y(trial))
        found = raw_outputs(forward, shape)
        output = forward if found is None and isinstance(forward, np.ndarray) else found
        for name in LOSS:
            method = getattr(thing, name, None)
            if not callable(method) or not re.search("y|t|label|target", " ".join(parameters(method))):
                continue
            given = assigned(method, ("x", "y", "output", "n"))
            if given is None or ("output" in given.values() and output is None):
                continue
            value = number_of(method, self._values(trial) | {"output": output}, given)
            if value is not None:
                return value
        return None
