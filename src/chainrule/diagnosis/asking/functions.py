"""Forms of code that are functions: ``gradients(weights, biases, x, y)``, ``step(weights, …, eta)``."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from typing import Any

import numpy as np

from chainrule.diagnosis.asking.arguments import assigned, call, of_learning, parameters, required
from chainrule.diagnosis.asking.forms import (
    Form,
    Raw,
    Unfit,
    layouts,
    number_of,
    outputs_in,
    raw_outputs,
    updated,
)
from chainrule.diagnosis.asking.layouts import Layout
from chainrule.diagnosis.asking.names import FORWARD, LOSS
from chainrule.diagnosis.asking.names import OF_FUNCTIONS as ALLOWED
from chainrule.diagnosis.asking.results import assign
from chainrule.diagnosis.asking.source import Source
from chainrule.diagnosis.catalogue.backprop import Trial
from chainrule.model.validate import Floats

CONTAINERS = ("names", "pairs", "dicts", "lists")


def function_forms(source: Source, find: Callable[[], Any], name: str) -> Iterator[Form]:
    """Every way to call the function.

    Raises:
        Unfit: its parameters do not say what they are for.
    """
    function = find()
    names = list(parameters(function))
    given = of_learning(names, ALLOWED)
    unknown = [n for n in required(function) if n not in given]
    held = set(given.values())
    if unknown or not held & {"weights", "params", "W1"} or not held & {"x", "batch", "cache"}:
        raise Unfit(
            f"{name}({', '.join(names)}): the parameters must be weights, biases, x, y (or params, x, y; or "
            "weights, biases, batch, learning_rate); not understood: "
            f"{', '.join(unknown) or 'none is the weights'}."
        )
    update = "eta" in held
    biasless = not held & {"params", "biases", "b1"}
    title = f"function {name}({', '.join(names)})"
    for container in CONTAINERS if "params" in held else ("",):
        for layout in layouts("batch" in held):
            caller = _Caller(source, find, given, layout, container, update, biasless)
            yield Form(
                title,
                layout,
                caller.compute,
                update,
                caller.loss,
                caller.twice,
                outputs=caller.outputs,
                file=source.file,
                automatic=source.automatic,
                biasless=biasless,
            )


def is_gradients(function: Callable[..., Any]) -> bool:
    """Whether the parameters say that it can be asked: all weights, and x with y."""
    held = set((assigned(function, ALLOWED) or {}).values())
    return bool(held & {"weights", "params", "W1"}) and {"x", "y"} <= held


class _Caller:
    """One function in one layout."""

    def __init__(
        self, source: Source, find: Callable[[], Any], given: dict[str, str], layout: Layout,
        container: str, update: bool, biasless: bool,
    ) -> None:  # fmt: skip
        self.source, self.find, self.given, self.layout = source, find, given, layout
        self.container, self.update, self.biasless = container, update, biasless

    def compute(self, trial: Trial) -> Raw:
        """Call it once on fresh parameters."""
        Ws, bs = self._parameters(trial)
        return self._call(trial, Ws, bs)

    def twice(self, trial: Trial) -> tuple[Raw, Raw]:
        """Call it twice on the same parameters and data."""
        first, second = (self._call(trial, *self._parameters(trial)) for _ in range(2))
        return first, second

    def loss(self, trial: Trial) -> float:
        """Their loss of a trial, by a function beside this one."""
        Ws, bs = self._parameters(trial)
        found = self._loss(trial, self._values(trial, Ws, bs))
        if found is None:
            raise Unfit("no loss")
        return found

    def outputs(self, trial: Trial) -> Floats | None:
        """Their outputs of a trial, by a function beside this one."""
        return outputs_in(self._forward(self._values(trial, *self._parameters(trial))), trial, self.layout)

    def _parameters(self, trial: Trial) -> tuple[list[Floats], list[Floats]]:
        layers = list(trial.params)
        return [self.layout.W(layer.W) for layer in layers], [self.layout.b(layer.b) for layer in layers]

    def _values(self, trial: Trial, Ws: list[Floats], bs: list[Floats]) -> dict[str, Any]:
        numbered = {f"W{L}": W for L, W in enumerate(Ws, 1)} | {f"b{L}": b for L, b in enumerate(bs, 1)}
        values: dict[str, Any] = {
            "weights": Ws, "biases": bs, "x": self.layout.x(trial), "y": self.layout.y(trial),
            "batch": self.layout.batch(trial), "eta": trial.eta, "n": trial.N, "epochs": 1, "verbose": False,
            "params": _container(self.container, Ws, bs), "seed": 0, **numbered,
        }  # fmt: skip
        return values

    def _call(self, trial: Trial, Ws: list[Floats], bs: list[Floats]) -> Raw:
        values = self._values(trial, Ws, bs)
        before = ([W.copy() for W in Ws], [b.copy() for b in bs])
        forward = self._forward(values)
        values |= _handed_on(forward)
        result = call(self.find(), values, self.given)
        changed = not all(map(np.array_equal, (*Ws, *bs), (*before[0], *before[1])))
        given = assign(result, *before, self.biasless)
        if self.update:
            after = given if given is not None and not changed else assign([*Ws, *bs], *before)
            if after is None:
                raise Unfit("neither returned nor changed parameters")
            given = updated(*before, after, trial.eta)
        elif given is None:
            raise Unfit(f"returned {_described(result)}, where dW and db were expected")
        notes = ("parameters changed",) if changed and not self.update else ()
        outputs = outputs_in(forward, trial, self.layout)
        return Raw(
            given,
            outputs,
            self._loss(trial, self._values(trial, *self._parameters(trial))),
            notes,
            self.update,
        )

    def _forward(self, values: dict[str, Any]) -> Any:
        """What a forward function beside this one returns, or nothing."""
        for beside, given in self._beside(FORWARD, ALLOWED):
            if "x" in given.values():
                with suppress(Exception):
                    return call(beside, values, given)
        return None

    def _loss(self, trial: Trial, values: dict[str, Any]) -> float | None:
        for beside, given in self._beside(LOSS, ("weights", "biases", "x", "y", "output", "params", "n")):
            if "output" in given.values():
                values = values | _handed_on(self._forward(values), np.shape(values["y"]))
                if values["output"] is None:
                    continue
            value = number_of(beside, values, given)
            if value is not None:
                return value
        return None

    def _beside(
        self, names: Sequence[str], allowed: tuple[str, ...]
    ) -> Iterator[tuple[Callable[..., Any], dict[str, str]]]:
        """The functions of these names that can be called, with the roles of their parameters."""
        for name in names:
            found = self.source.namespace.get(name)
            given = assigned(found, allowed) if callable(found) and not isinstance(found, type) else None
            if found is not None and given is not None:
                yield found, given


def _handed_on(forward: Any, shape: tuple[int, ...] | None = None) -> dict[str, Any]:
    """The outputs and the cache that a backward function or a loss is given from the forward one."""
    if shape is not None:
        found = raw_outputs(forward, shape)
        return {"output": forward if found is None and isinstance(forward, np.ndarray) else found}
    if isinstance(forward, tuple) and len(forward) == 2:
        first, second = forward
        return (
            {"output": second, "cache": first}
            if isinstance(second, np.ndarray)
            else {"output": first, "cache": second}
        )
    return {"output": forward, "cache": forward}


def _container(container: str, Ws: Sequence[Floats], bs: Sequence[Floats]) -> Any:
    if container == "names":
        named = [(f"W{L}", W, f"b{L}", b) for L, (W, b) in enumerate(zip(Ws, bs, strict=True), 1)]
        return {key: value for W, w, b, v in named for key, value in ((W, w), (b, v))}
    if container == "dicts":
        return [{"W": W, "b": b} for W, b in zip(Ws, bs, strict=True)]
    return list(zip(Ws, bs, strict=True)) if container == "pairs" else (list(Ws), list(bs))


def _described(value: Any) -> str:
    if value is None:
        return "nothing"
    shapes = (
        re.findall(r"\(.*?\)", str([np.shape(part) for part in value]))
        if isinstance(value, tuple | list)
        else []
    )
    return f"{type(value).__name__} {' '.join(shapes)}".strip()
