"""Programs: generated code for one kind of network, compiled once and kept."""

from __future__ import annotations

from collections.abc import Callable
from types import CellType, FunctionType
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
    recipe = recipe_of(task, n_outputs, shape)
    key = fingerprint((recipe, shape, target))
    if key not in _made:
        unit = Unit(shape)
        slots = training_unit(unit, recipe)
        compiled = compile_unit(unit, target)
        _made[key] = compiled.function("train", 2), slots, shape, compiled
    train, slots, shape, compiled = _made[key]
    return TrainingProgram(train, slots, _distinct(task.net)[1], shape, compiled)


def recipe_of(task: Task, n_outputs: int, shape: Shape) -> Recipe:
    """What the code of this task's steps depends on."""
    return Recipe(
        activations=_distinct(task.net)[0],
        head=task.net.head,
        optimizer=task.optimizer,
        penalty=task.penalty,
        dropout=task.dropout > 0,
        label_smoothing=task.label_smoothing,
        uninformed=task.net.head.uninformed(n_outputs),
        multi_label=task.net.head.multi_label or n_outputs == 1,
        output_vectors=_vectors(shape, n_outputs),
    )


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


def fingerprint(value: Any) -> Any:
    """What decides the code made of a value: of a function its instructions and what it has closed over."""
    if isinstance(value, FunctionType):
        cells = tuple(fingerprint(cell) for cell in value.__closure__ or ())
        return value.__module__, value.__code__, fingerprint(value.__defaults__), cells
    if isinstance(value, CellType):
        return fingerprint(value.cell_contents)
    if isinstance(value, tuple):
        return type(value).__name__, *(fingerprint(item) for item in value)
    return value
