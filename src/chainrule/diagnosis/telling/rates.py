"""Whether a learning rate is far off: gradient descent by our own equations, to which the gradient agrees.

A rate is called far off only where the loss rises at it on every network, and falls only at rates thirty
times smaller; or where a hundred steps change it by less than a thousandth, and thirty times the rate lowers
it well.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from chainrule.diagnosis.asking.trials import trial
from chainrule.diagnosis.catalogue.backprop import Trial, run
from chainrule.diagnosis.catalogue.models import Model
from chainrule.diagnosis.catalogue.scales import Scale
from chainrule.engines.reference import NUMPY
from chainrule.types import ByLayer, Layer

NAMES = re.compile(r"_?(learning_?rate|lr|eta|l_?rate|learn_?rate|step_?size|alpha)", re.IGNORECASE)
SMART = re.compile(r"adam|rmsprop|adagrad|adadelta|momentum|velocity|schedule|decay", re.IGNORECASE)
"""Words of updates whose steps are not those of gradient descent."""
FAR = 30.0
NETWORKS, SAMPLES, STEPS, MANY = 6, 10, 30, 100
NOTHING, WELL = 1e-3, 0.9


class Rate(NamedTuple):
    """A number that a file calls its learning rate, and the line."""

    value: float
    line: int
    text: str


class FarOff(NamedTuple):
    """What becomes of the loss at the rate, as a ratio, and at a better one."""

    rate: Rate
    too_large: bool
    ratio: float
    better: float
    better_ratio: float


def stated_rates(text: str) -> tuple[Rate, ...]:
    """Learning rates that the file states: defaults, assignments, arguments of calls.

    ``alpha`` is a leak as often as a rate: it counts only in what updates or trains.
    """
    try:
        tree = ast.parse(text)
    except SyntaxError:
        return ()
    lines = text.splitlines()
    found = {
        (value, line) for name, value, line in _named_numbers(tree) if NAMES.fullmatch(name) and value > 0
    }
    return tuple(
        Rate(value, line, lines[line - 1].strip()) for value, line in sorted(found, key=lambda r: r[1])
    )


def _named_numbers(tree: ast.AST) -> Iterator[tuple[str, float, int]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            args = [*node.args.posonlyargs, *node.args.args]
            pairs = list(zip(args[::-1], node.args.defaults[::-1], strict=False))
            pairs += [(a, d) for a, d in zip(node.args.kwonlyargs, node.args.kw_defaults, strict=True) if d]
            trains = re.search(r"train|step|update|fit|learn|sgd|descent|__init__", node.name)
            for arg, default in pairs:
                if arg.arg != "alpha" or trains:
                    yield from _number(arg.arg, default)
        elif isinstance(node, ast.Assign):
            for target in node.targets:
                name = getattr(target, "attr", getattr(target, "id", ""))
                if name != "alpha":
                    yield from _number(name, node.value)
        elif isinstance(node, ast.Call):
            for keyword in node.keywords:
                if keyword.arg and keyword.arg != "alpha":
                    yield from _number(keyword.arg, keyword.value)


def _number(name: str, node: ast.AST) -> Iterator[tuple[str, float, int]]:
    if isinstance(node, ast.Constant) and type(node.value) in (int, float):
        yield name, float(node.value), node.lineno  # type: ignore[arg-type]


def far_off(rate: Rate, widths: Sequence[int], model: Model, scale: Scale, single: bool) -> FarOff | None:
    """What the rate does where it is far off, otherwise nothing."""
    falls = _ratios(rate.value, STEPS, widths, model, scale, single)
    if min(falls) >= 1:
        smaller = [rate.value / FAR * 10.0**-k for k in range(7)]
        for better in smaller:
            ratios = _ratios(better, STEPS, widths, model, scale, single)
            if max(ratios) < 1:
                # nothing between may do: the rate must be far off, not a little
                between = [rate.value / f for f in (3.0, 10.0)]
                if any(max(_ratios(b, STEPS, widths, model, scale, single)) < 1 for b in between):
                    return None
                return FarOff(rate, True, _middle(falls), better, _middle(ratios))
        return None
    moved = _ratios(rate.value, MANY, widths, model, scale, single)
    if max(abs(1 - r) for r in moved) < NOTHING:
        larger = [rate.value * FAR * 10.0**k for k in range(7)]
        tried = [(max(_ratios(b, MANY, widths, model, scale, single)), b) for b in larger]
        worst, better = min(tried)
        if worst < WELL:
            return FarOff(rate, False, _middle(moved), better, worst)
    return None


def _middle(ratios: Sequence[float]) -> float:
    return float(np.median(ratios))


def _ratios(
    eta: float, steps: int, widths: Sequence[int], model: Model, scale: Scale, single: bool
) -> list[float]:
    """Loss after ``steps`` steps over the loss before, network by network; infinite where it overflows."""
    found = []
    for seed in range(NETWORKS):
        one = trial(widths, SAMPLES, 1000 + seed)
        before, after = _loss(one, model), _loss(_descended(one, eta, steps, model, scale, single), model)
        found.append(after / before if np.isfinite(after) else np.inf)
    return found


def _descended(one: Trial, eta: float, steps: int, model: Model, scale: Scale, single: bool) -> Trial:
    now = one
    for k in range(steps):
        i = k % one.N
        batch = now._replace(x=one.x[i : i + 1], y=one.y[i : i + 1]) if single else now
        s = run(batch, model, scale.of(batch.N, one.y.shape[1]))
        with np.errstate(all="ignore"):
            layers = [Layer(W - eta * s.dW[L], b - eta * s.db[L]) for L, (W, b) in now.params.items()]
        now = now._replace(params=ByLayer(layers))
        if not all(np.isfinite(layer.W).all() for layer in layers):
            break
    return now


def _loss(one: Trial, model: Model) -> float:
    s = run(one, model, 1.0)
    with np.errstate(all="ignore"):
        return float(np.mean(s.head.loss(NUMPY, s.z[s.H], one.y)))
