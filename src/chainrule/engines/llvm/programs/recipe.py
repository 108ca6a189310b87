"""What one step of training computes, besides the shapes: its recipe, and the optimiser on one vector."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, NamedTuple

import numpy as np

from chainrule.engines.llvm.kernels.outputs import Output
from chainrule.engines.llvm.machine.processor import Shape
from chainrule.engines.llvm.writer.code import Code, Unit
from chainrule.engines.llvm.writer.step_numbers import Slots, StepNumbers
from chainrule.engines.llvm.writer.values import Array, Int, Vector
from chainrule.engines.llvm.writer.vector_functions import VECTORS
from chainrule.equations.activations import Activation
from chainrule.equations.optimizers import Moments, Optimizer, descend
from chainrule.equations.penalty import Penalty, penalty_gradient


class Recipe(NamedTuple):
    """What one step computes, besides the shapes: everything the generated code depends on."""

    activations: tuple[Activation, ...]
    output: Output
    optimizer: Optimizer
    penalties: tuple[str, ...]
    """Which of the strengths of `Penalty` are not 0; how strong they are is not part of the code."""
    dropout: bool
    size_of_X: int
    """Bytes of a number of X, which may have another precision than the network."""


def step_slots(shape: Shape, recipe: Recipe) -> Slots:
    """The numbers each step needs, found by writing the optimiser's step for one vector."""
    slots, unit = Slots(), Unit(shape)
    count = 1 + len(moments(recipe.optimizer))

    @unit.function("one_vector", ("g", "numbers", *(f"theta{n}" for n in range(count))))
    def one_vector(code: Code, g: Int, numbers: Int, *places: Int) -> None:
        take_step(recipe, slots, code, code.numbers(g).vector(), [code.numbers(p) for p in places], numbers)

    return slots


def moments(optimizer: Optimizer) -> tuple[str, ...]:
    """Which moments of the gradient an optimiser keeps: those that `Optimizer.init` fills."""
    xp: Any = SimpleNamespace(ones_like=lambda theta: 1.0)
    state = optimizer.init(xp, 1.0)
    return tuple(name for name in ("first", "second") if getattr(state, name) is not None)


def is_at_rest(recipe: Recipe) -> bool:
    """Whether a parameter stays where it is as long as its gradient is 0."""
    optimizer = recipe.optimizer
    if moments(optimizer) or optimizer.weight_decay or recipe.penalties:
        return False
    xp: Any = np
    return not np.any(optimizer.update(xp, np.zeros(1), optimizer.init(xp, np.zeros(1)))[0])


def take_step(recipe: Recipe, slots: Slots, code: Code, g: Vector, places: list[Array], numbers: Int) -> None:
    """Penalty, optimiser and Eq. G1 on one vector of the gradient, by the bodies that NumPy runs."""
    step: Any = StepNumbers(code, slots, code.numbers(numbers))
    theta, optimizer = places[0].vector(), recipe.optimizer
    if recipe.penalties:
        strengths: Any = Penalty(**{name: step.strength(name) for name in recipe.penalties})
        g = g + penalty_gradient(VECTORS, strengths, theta)
    names = moments(optimizer)
    state = Moments(step.number(), **{n: p.vector() for n, p in zip(names, places[1:], strict=True)})
    with code.approximately():
        direction, state = optimizer.update(VECTORS, g, state)
    for name, place in zip(names, places[1:], strict=True):
        place.put(getattr(state, name))
    decay = step.on_weights(optimizer.weight_decay) if optimizer.weight_decay else 0.0
    places[0].put(descend(theta, direction, step.learning_rate(), decay))
