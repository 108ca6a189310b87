"""What a file has beside its gradients, asked where it runs: labels, one-hot coding, accuracy."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from chainrule.diagnosis.asking.arguments import assigned, call, parameters, required, roles
from chainrule.diagnosis.asking.names import ACCURACY, INPUTS, ONE_HOT, TARGETS
from chainrule.diagnosis.asking.parameters import walk
from chainrule.diagnosis.asking.source import Source
from chainrule.model.validate import Floats

SAMPLES = 7
"""Samples that accuracy is asked for: as many as no layer is wide, usually."""


class Fact(NamedTuple):
    """Something seen: ``kind``, ``name`` and first line of what it was seen of, perhaps numbers."""

    kind: str
    name: str
    line: int = 0
    numbers: Floats | None = None


def facts(source: Source, widths: Sequence[int]) -> tuple[Fact, ...]:
    """Everything seen beside the gradients. Whatever fails is left out."""
    K = widths[-1]
    found: list[Fact] = []
    for ask in (_one_hot, _accuracy, _targets):
        try:
            found += ask(source, widths) if K > 1 else []
        except (Exception, SystemExit):
            continue
    return tuple(found)


def aliased(thing: Any) -> Iterator[Fact]:
    """Arrays that an object holds in two places when it has just been made, beside its parameters."""
    places: dict[int, list[str]] = {}
    for leaf in walk(thing):
        if leaf.array.size > 1 and not leaf.array.any():  # what has numbers may be data
            places.setdefault(id(leaf.array), []).append(_dotted(leaf.path))
    for names in places.values():
        if len(names) > 1:
            yield Fact("aliased", " and ".join(names[:3]))


def _dotted(path: Sequence[Any]) -> str:
    return "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in path).lstrip(".")


def _functions(source: Source, names: Sequence[str]) -> Iterator[tuple[str, Callable[..., Any], int]]:
    for name in names:
        thing = source.namespace.get(name)
        if inspect.isfunction(thing):
            yield name, thing, thing.__code__.co_firstlineno


def _one_hot(source: Source, widths: Sequence[int]) -> Iterator[Fact]:
    """Their one-hot coding of every class, and of a batch that lacks the last class."""
    K = widths[-1]
    for name, function, line in _functions(source, ONE_HOT):
        given = assigned(function, ("y", "x", "n_out", "n"))
        if given is None:
            continue

        def coded(labels: Any, function: Any = function, given: Any = given) -> Floats:
            values = {"y": labels, "x": labels, "n_out": K, "n": K}
            return np.asarray(call(function, values, given), np.float64)

        every = coded(np.concatenate([np.arange(K), np.arange(K)]))
        code = every if every.shape[:1] == (2 * K,) else every.T
        if code.ndim != 2 or code.shape[0] != 2 * K:
            continue
        right = np.concatenate([np.eye(K), np.eye(K)])
        if code.shape != right.shape:
            yield Fact("one-hot width", name, line, np.array([code.shape[1], K]))
        elif not np.array_equal(code, right) and np.array_equal(code, np.roll(right, -1, axis=1)):
            yield Fact("one-hot shifted", name, line)
        elif np.array_equal(code, right):
            fewer = coded(np.arange(K - 1))
            if K not in fewer.shape:
                yield Fact("one-hot by the largest", name, line)


def _accuracy(source: Source, widths: Sequence[int]) -> Iterator[Fact]:
    """Their accuracy of random outputs, compared with the right one and with that over the other axis."""
    K = widths[-1]
    for name, function, line in _functions(source, ACCURACY):
        given = roles(list(parameters(function)), ("output", "y", "x"))
        if set(given.values()) != {"output", "y"} or len(required(function)) != 2:
            continue
        kinds = [_axis(function, given, K, columns) for columns in (False, True)]
        if "other" in kinds:
            yield Fact("accuracy axis", name, line, np.array([kind == "other" for kind in kinds], np.float64))


def _axis(function: Callable[..., Any], given: dict[str, str], K: int, columns: bool) -> str:
    """Whether it counts over classes, over samples, or cannot be asked with this layout."""
    verdicts = set()
    for seed in range(6):
        rng = np.random.default_rng((seed, K))
        a, true = rng.random((SAMPLES + K, K)), rng.integers(K, size=SAMPLES + K)
        y = np.eye(K)[true]
        values = {"output": a.T if columns else a, "y": y.T if columns else y}
        try:
            said = float(call(function, values, given))
        except (Exception, SystemExit):
            return "cannot"
        right = float((a.argmax(axis=1) == true).mean())
        other = float((a.argmax(axis=0) == y.argmax(axis=0)).mean())
        fits = {"right": _same(said, right, len(a)), "other": _same(said, other, K)}
        verdicts.add("both" if all(fits.values()) else next((k for k, ok in fits.items() if ok), "neither"))
    verdicts.discard("both")
    return verdicts.pop() if len(verdicts) == 1 else "neither"


def _same(said: float, share: float, count: int) -> bool:
    """A share, a percentage or a count."""
    return any(abs(said - share * factor) < 1e-9 * factor for factor in (1, 100, count))


def _targets(source: Source, widths: Sequence[int]) -> Iterator[Fact]:
    """Targets that the file holds beside inputs of the network's width."""
    held = source.namespace
    arrays = {name: np.asarray(held[name]) for name in (*INPUTS, *TARGETS) if _is_data(held.get(name))}
    samples = {n for name in INPUTS if name in arrays for n in _samples(arrays[name], widths[0])}
    for name in TARGETS:
        if name in arrays and arrays[name].dtype.kind in "biuf" and set(arrays[name].shape) & samples:
            yield Fact("targets", name, 0, np.asarray(arrays[name], np.float64))


def _is_data(thing: Any) -> bool:
    return isinstance(thing, np.ndarray | list) and np.ndim(np.asarray(thing, dtype=object)) > 0


def _samples(x: Any, n: int) -> set[int]:
    """How many samples an array of inputs may hold."""
    if x.ndim != 2 or n not in x.shape:
        return set()
    return {x.shape[0]} if x.shape[1] == n else {x.shape[1]}
