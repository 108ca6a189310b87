"""Programs: generated code for one kind of network, compiled once and kept."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from itertools import chain
from types import CodeType, FunctionType
from typing import Any, NamedTuple

from chainrule.engines.base import Task
from chainrule.engines.llvm.code import Shape, Unit
from chainrule.engines.llvm.machine import Compiled, Processor, compile_unit
from chainrule.engines.llvm.prediction import prediction_unit
from chainrule.engines.llvm.rows import UNROLLED
from chainrule.engines.llvm.scalars import Slots
from chainrule.engines.llvm.steps import Recipe, training_unit
from chainrule.equations.activations import Activation
from chainrule.equations.network import Architecture


class TrainingProgram(NamedTuple):
    """``train(frame, thread)``, with what must be known to call it."""

    train: Callable[[int, int], None]
    slots: Slots
    functions: tuple[int, ...]
    shape: Shape
    compiled: Compiled


class PredictionProgram(NamedTuple):
    """``predict(frame)`` and ``predict_few(frame)``."""

    predict: Callable[[int], None]
    predict_few: Callable[[int], None]
    functions: tuple[int, ...]
    shape: Shape
    compiled: Compiled


_made: dict[Any, Any] = {}


def training_program(task: Task, n_outputs: int, dtype: Any, target: Processor) -> TrainingProgram:
    """The code that trains this kind of network with this optimiser."""
    shape = target.shape(dtype)
    distinct, functions = _distinct(task.net)
    recipe = Recipe(
        activations=distinct,
        head=task.net.head,
        optimizer=task.optimizer,
        penalty=task.penalty,
        dropout=task.dropout > 0,
        label_smoothing=task.label_smoothing,
        uninformed=task.net.head.uninformed(n_outputs),
        multi_label=task.net.head.multi_label or n_outputs == 1,
        output_vectors=_vectors(shape, n_outputs),
    )
    key = fingerprint((recipe, shape, target))
    if key not in _made:
        unit = Unit(shape)
        slots = training_unit(unit, recipe)
        compiled = compile_unit(unit, target)
        _made[key] = compiled.function("train", 2), slots, shape, compiled
    train, slots, shape, compiled = _made[key]
    return TrainingProgram(train, slots, functions, shape, compiled)


def prediction_program(net: Architecture, n_outputs: int, dtype: Any, target: Processor) -> PredictionProgram:
    """The code that predicts by this kind of network."""
    shape = target.shape(dtype)
    distinct, functions = _distinct(net)
    vectors = _vectors(shape, n_outputs)
    key = fingerprint(("predict", distinct, net.head, vectors, shape, target))
    if key not in _made:
        unit = Unit(shape)
        prediction_unit(unit, distinct, net.head, vectors)
        compiled = compile_unit(unit, target)
        functions_of = [compiled.function(name, 1) for name in ("predict", "predict_few")]
        _made[key] = *functions_of, compiled
    predict, few, compiled = _made[key]
    return PredictionProgram(predict, few, functions, shape, compiled)


def _distinct(net: Architecture) -> tuple[tuple[Activation, ...], tuple[int, ...]]:
    """The network's activations, each once, and for each hidden layer which of them it has."""
    distinct = tuple(dict.fromkeys(net.hidden))
    return distinct, tuple(distinct.index(activation) for activation in net.hidden)


def _vectors(shape: Shape, n: int) -> int | None:
    count = -(-n // shape.lanes)
    return count if count <= UNROLLED else None


def fingerprint(value: Any, inside: frozenset[Any] = frozenset()) -> Any:
    """What decides the code made of a value: of a function its instructions, and the values it refers to."""
    if isinstance(value, FunctionType):
        code = value.__code__
        if code in inside:
            return code
        closed = tuple(cell.cell_contents for cell in value.__closure__ or ())
        named = tuple((name, value.__globals__[name]) for name in _names(code) if name in value.__globals__)
        options = tuple((value.__kwdefaults__ or {}).items())
        parts = (value.__defaults__, options, closed, named)
        return value.__module__, code, fingerprint(parts, inside | {code})
    if isinstance(value, tuple):
        return type(value).__name__, *(fingerprint(item, inside) for item in value)
    return value if isinstance(value, Hashable) else id(value)


def _names(code: CodeType) -> list[str]:
    """The names that a function looks up outside itself, and the functions written in it."""
    inner = (_names(part) for part in code.co_consts if isinstance(part, CodeType))
    return sorted({*code.co_names, *chain.from_iterable(inner)})
