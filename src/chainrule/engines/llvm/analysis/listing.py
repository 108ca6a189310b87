"""What comes out: the code of an equation's body, as LLVM reads it and as a processor runs it.

    from chainrule.engines.llvm.analysis.listing import d_phi_code, intermediate, assembly

    print(intermediate(d_phi_code("sigmoid")))

The processor is a fixed one, not the one at hand, so that a listing is the same everywhere.
"""

from __future__ import annotations

import re
import struct
from typing import Any

from chainrule.engines.llvm.machine.compiler import optimized, target_machine
from chainrule.engines.llvm.machine.processor import Processor, Shape
from chainrule.engines.llvm.programs.recipe import moments
from chainrule.engines.llvm.writer.code import Code, Unit
from chainrule.engines.llvm.writer.step_numbers import Slots, StepNumbers
from chainrule.engines.llvm.writer.values import Int, Vector
from chainrule.engines.llvm.writer.vector_functions import VECTORS
from chainrule.equations.activations import ACTIVATIONS
from chainrule.equations.optimizers import OPTIMIZERS, Moments, descend

AVX2 = Processor("x86_64-unknown-linux-gnu", "x86-64-v3", "", 32, 16)
"""A processor of 2013 and later: 16 registers of 8 float32 numbers."""

FLOAT32 = Shape(item_size=4, lanes=8, registers=16)
"""Its vectors."""


def d_phi_code(name: str, shape: Shape = FLOAT32) -> Unit:
    """A function that applies the body of an activation's φ' to one vector of z and one of a."""
    unit = Unit(shape)

    @unit.function("d_phi", ("z", "a", "slope"), exported=True)
    def d_phi(code: Code, z: Int, a: Int, slope: Int) -> None:
        values = (code.numbers(place).vector() for place in (z, a))
        code.numbers(slope).put(Vector.of(code, ACTIVATIONS[name].d_phi(VECTORS, *values)))

    return unit


def phi_code(name: str, shape: Shape = FLOAT32) -> Unit:
    """A function that applies the body of an activation's φ to one vector of z."""
    unit = Unit(shape)

    @unit.function("phi", ("z", "a"), exported=True)
    def phi(code: Code, z: Int, a: Int) -> None:
        code.numbers(a).put(Vector.of(code, ACTIVATIONS[name].phi(VECTORS, code.numbers(z).vector())))

    return unit


def descend_code(name: str, shape: Shape = FLOAT32) -> tuple[Unit, Slots]:
    """A function that applies the body of an optimiser's update, then Eq. G1, to one vector.

    Besides, the numbers of the step that it reads.
    """
    unit, slots, optimizer = Unit(shape), Slots(), OPTIMIZERS[name]()
    names = moments(optimizer)

    @unit.function("descend", ("g", "theta", *names, "numbers"), exported=True)
    def body(code: Code, g: Int, theta: Int, *rest: Int) -> None:
        step: Any = StepNumbers(code, slots, code.numbers(rest[-1]))
        places = dict(zip(names, (code.numbers(place) for place in rest[:-1]), strict=True))
        t: Any = step.number()
        state = Moments(t, **{name: place.vector() for name, place in places.items()})
        with code.approximately():
            direction, state = optimizer.update(VECTORS, code.numbers(g).vector(), state)
        for name, place in places.items():
            place.put(getattr(state, name))
        at = code.numbers(theta)
        at.put(descend(at.vector(), direction, step.learning_rate()))

    return unit, slots


def intermediate(unit: Unit) -> str:
    """LLVM's intermediate code of a unit, as it was written: every operator of the body is a line of it."""
    return _shorter(str(unit.module))


def assembly(unit: Unit, target: Processor = AVX2) -> str:
    """The instructions of the processor, without the directives around them.

    Raises:
        RuntimeError: this LLVM makes no code for such a processor.
    """
    machine = target_machine(target)
    text: str = machine.emit_assembly(optimized(str(unit.module), machine, target))
    lines = (line.split("#")[0].rstrip() for line in text.splitlines())
    return "\n".join(line for line in lines if re.match(r"\s+[a-z]", line)) + "\n"


def operations(unit: Unit) -> int:
    """Operations on each lane of a unit without loops, counted in its code.

    A fused multiply-add is two, a root or a quotient one; moving, comparing and choosing are none.
    """
    text = str(unit.module)
    single = re.findall(r"= (?:fadd|fsub|fmul|fdiv|fneg) ", text)
    calls = re.findall(r'= call .*?@"llvm\.(\w+)\.', text)
    return len(single) + sum({"fma": 2, "masked": 0}.get(name, 1) for name in calls)


def _shorter(text: str) -> str:
    """Without the module's head, quotation marks, and the repetition of what stands in every lane."""
    text = re.sub(r"<((?:float|double) [^,<>]+)(?:, \1)+>", _splat, text)
    text = re.sub(r'([%@])"\.?([^"]+)"', r"\1\2", text)
    body = text[text.index("define") :].replace(' "reciprocal-estimates"="vec-divf:1" nounwind', "")
    return "\n".join(line for line in body.splitlines() if line.strip() and "declare" not in line) + "\n"


def _splat(found: re.Match[str]) -> str:
    """One number for all lanes, in decimal: LLVM writes the bits of a float64."""
    kind, value = found[1].split()
    if value.startswith("0x"):
        value = f"{struct.unpack('>d', bytes.fromhex(value[2:].zfill(16)))[0]:.7g}"
    return f"splat ({kind} {value})"
