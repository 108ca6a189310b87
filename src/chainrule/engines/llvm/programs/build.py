"""Programs: generated code for one kind of network, compiled once and kept."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from functools import cache, partial
from pathlib import Path
from types import CodeType, FunctionType
from typing import Any, NamedTuple

from chainrule.about import PACKAGE
from chainrule.engines.base import Task
from chainrule.engines.llvm.kernels.outputs import Output
from chainrule.engines.llvm.kernels.row_functions import UNROLLED
from chainrule.engines.llvm.machine.compiler import Compiled, compile_text
from chainrule.engines.llvm.machine.processor import Processor, Shape
from chainrule.engines.llvm.programs.predict_code import prediction_unit
from chainrule.engines.llvm.programs.recipe import Recipe, step_slots
from chainrule.engines.llvm.programs.train_code import training_unit
from chainrule.engines.llvm.writer.code import Unit
from chainrule.engines.llvm.writer.step_numbers import Slots
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


_made: dict[str, Any] = {}


def training_program(
    task: Task, n_outputs: int, dtype: Any, target: Processor, size_of_X: int
) -> TrainingProgram:
    """The code that trains this kind of network with this optimiser; X has numbers of ``size_of_X`` bytes."""
    shape = target.shape(dtype)
    recipe = recipe_of(task, n_outputs, shape, size_of_X)
    compiled = _program(*training_code(shape, recipe), target)
    train, slots = compiled.function("train", 2), step_slots(shape, recipe)
    return TrainingProgram(train, slots, _distinct(task.net)[1], shape, compiled)


def recipe_of(task: Task, n_outputs: int, shape: Shape, size_of_X: int) -> Recipe:
    """What the code of this task's steps depends on."""
    return Recipe(
        activations=_distinct(task.net)[0],
        output=Output(
            head=task.net.head,
            label_smoothing=task.label_smoothing,
            uninformed=task.net.head.uninformed(n_outputs) if task.label_smoothing else 0.0,
            multi_label=task.net.head.multi_label or n_outputs == 1,
            in_lanes=_vectors(shape, n_outputs) is not None,
        ),
        optimizer=task.optimizer,
        penalties=tuple(name for name, value in task.penalty._asdict().items() if value),
        dropout=task.dropout > 0,
        size_of_X=size_of_X,
    )


def prediction_program(net: Architecture, n_outputs: int, dtype: Any, target: Processor) -> PredictionProgram:
    """The code that predicts by this kind of network."""
    shape = target.shape(dtype)
    distinct, functions = _distinct(net)
    vectors = _vectors(shape, n_outputs)
    build = partial(prediction_unit, shape, distinct, net.head, vectors)
    compiled = _program(*key_and_text(("predict", distinct, net.head, vectors, shape), build), target)
    many, few = (compiled.function(name, 1) for name in ("predict", "predict_few"))
    return PredictionProgram(many, few, functions, shape, compiled)


def training_code(shape: Shape, recipe: Recipe) -> tuple[str, Callable[[], str]]:
    """What names the code of a training, and what writes it."""
    return key_and_text(("train", recipe, shape), partial(training_unit, shape, recipe))


def _program(key: str, text: Callable[[], str], target: Processor) -> Compiled:
    """Compiled code, from memory, from the cache, or made now."""
    key = _digest(f"{key} {target}")
    if key not in _made:
        _made[key] = compile_text(text, key, target)
    found: Compiled = _made[key]
    return found


def key_and_text(what: Any, build: Callable[[], Unit]) -> tuple[str, Callable[[], str]]:
    """What names the code, and what writes it.

    Functions of this package are known by their source, so that the code need not even be generated to be
    found; where others take part, the generated text decides.
    """
    try:
        return _digest(repr((source_digest(), fingerprint(what)))), lambda: str(build().module)
    except Opaque:
        text = str(build().module)
        return _digest(text), lambda: text


def _distinct(net: Architecture) -> tuple[tuple[Activation, ...], tuple[int, ...]]:
    """The network's activations, each once, and for each hidden layer which of them it has."""
    distinct = tuple(dict.fromkeys(net.hidden))
    return distinct, tuple(distinct.index(activation) for activation in net.hidden)


def _vectors(shape: Shape, n: int) -> int | None:
    count = -(-n // shape.lanes)
    return count if count <= UNROLLED else None


class Opaque(Exception):
    """A value of which it cannot be told what code it leads to."""


def fingerprint(value: Any) -> Any:
    """What decides the code made of a value: of a function its instructions and what it has closed over.

    Raises:
        Opaque: a function from elsewhere, which may use anything, or a value of an unknown kind.
    """
    if isinstance(value, FunctionType):
        ours = (value.__module__ or "").startswith("chainrule.")
        if not (ours or value.__code__.co_filename.startswith("<formula ")):
            raise Opaque
        cells = tuple(fingerprint(cell.cell_contents) for cell in value.__closure__ or ())
        return value.__qualname__, _instructions(value.__code__), fingerprint(value.__defaults__), cells
    if isinstance(value, partial):
        return "partial", fingerprint((value.func, value.args, tuple(sorted(value.keywords.items()))))
    if isinstance(value, tuple):
        return type(value).__name__, *(fingerprint(item) for item in value)
    if value is None or isinstance(value, str | int | float | bool):
        return value
    raise Opaque


def _instructions(code: CodeType) -> str:
    """A function's instructions and constants, without the place it was written at."""
    constants = [_instructions(c) if isinstance(c, CodeType) else repr(c) for c in code.co_consts]
    return _digest(repr((code.co_code, constants, code.co_names, code.co_varnames, code.co_freevars)))


@cache
def source_digest(package: Path = Path(PACKAGE)) -> str:
    """A hash of all source that decides what code is generated: of this engine and of the equations."""
    files = [file for room in ("engines/llvm", "equations") for file in (package / room).rglob("*.py")]
    return _digest("".join(file.read_text(encoding="utf-8") for file in sorted(files)))


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
