"""Writing LLVM functions: a `Unit` holds them, a `Code` writes one, with loops, conditions and calls."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from llvmlite import ir

from chainrule.engines.llvm.machine.processor import Shape
from chainrule.engines.llvm.writer.block import F32, F64, I64, POINTER, Block
from chainrule.engines.llvm.writer.values import Array, Int, Mask, Variable, Vector

ESTIMATES = '"reciprocal-estimates"="vec-divf:1"'
"""In `Code.approximately`: float32 quotients by the processor's estimate and one step of Newton's."""


class Unit:
    """One piece of generated code: its functions call each other."""

    def __init__(self, shape: Shape) -> None:
        self.shape = shape
        self.module = ir.Module("chainrule")
        self._shared: dict[Callable[[Unit], Function], Function] = {}

    def shared(self, write: Callable[[Unit], Function]) -> Function:
        """The function that ``write`` makes, written once however many ask for it."""
        if write not in self._shared:
            self._shared[write] = write(self)
        return self._shared[write]

    def function(
        self, name: str, parameters: Sequence[str], exported: bool = False
    ) -> Callable[..., Function]:
        """Write a function: a decorator for a Python function of its `Code` and parameters."""

        def decorate(body: Callable[..., None]) -> Function:
            return Function(self, name, parameters, body, exported)

        return decorate


class Function:
    """A function of the unit. Calling it writes a call."""

    def __init__(
        self, unit: Unit, name: str, parameters: Sequence[str], body: Callable[..., None], exported: bool
    ) -> None:
        self.parameters = tuple(parameters)
        signature = ir.FunctionType(ir.VoidType(), [I64] * len(parameters))
        self._function = ir.Function(unit.module, signature, name)
        self._function.attributes.add("nounwind")
        set.add(self._function.attributes, ESTIMATES)  # llvmlite knows names without values only
        if not exported:
            self._function.linkage = "internal"
            self._function.attributes.add("noinline")
        code = Code(unit, self._function)
        body(code, *(Int(code, argument) for argument in self._function.args))
        code.builder.ret_void()

    def __call__(self, code: Code, *arguments: Int | Array | int) -> None:
        """Write a call of this function."""
        values = [code.index(a.address if isinstance(a, Array) else a).ir for a in arguments]
        if len(values) != len(self.parameters):
            raise TypeError(f"{self._function.name} takes {len(self.parameters)} integers; got {len(values)}")
        code.builder.call(self._function, values)


class Code(Block):
    """One function while it is being written."""

    def __init__(self, unit: Unit, function: Any) -> None:
        super().__init__(unit.shape, unit.module, function)
        self.unit = unit

    # Values

    def index(self, value: Int | int) -> Int:
        """An integer of the generated code."""
        return Int.of(self, value)

    def constant(self, value: float) -> Vector:
        """A number, in every lane."""
        return Vector.of(self, value)

    def number(self, n: Int) -> Vector:
        """A whole number as a number, in every lane."""
        return Vector(self, self.spread(self.builder.sitofp(n.ir, self.number_type), self.lanes))

    def lane_numbers(self) -> Vector:
        """0, 1, 2, … as numbers."""
        return Vector(self, ir.Constant(self.vector_type, [float(i) for i in range(self.lanes)]))

    def first_lanes(self, n: Int) -> Mask:
        """The mask of the lanes 0 … n − 1."""
        numbers = ir.Constant(ir.VectorType(I64, self.lanes), list(range(self.lanes)))
        return Mask(self, self.builder.icmp_signed("<", numbers, self.spread(n.ir, self.lanes)))

    def numbers(self, address: Int) -> Array:
        """Memory that holds numbers of the unit's precision."""
        return Array(self, address, self.number_type)

    def samples(self, address: Int, size: int) -> Array:
        """Memory that holds numbers of ``size`` bytes, whatever the unit's precision."""
        return Array(self, address, F32 if size == 4 else F64)

    def ints(self, address: Int) -> Array:
        """Memory that holds integers."""
        return Array(self, address, I64)

    def doubles(self, address: Int) -> Array:
        """Memory that holds float64 whatever the unit's precision."""
        return Array(self, address, F64)

    def variable(self, first: Vector | Int | int) -> Variable:
        """A variable with its first value."""
        return Variable(self, self.index(first) if isinstance(first, int) else first)

    def pick(self, condition: Any, yes: Int, no: Int) -> Int:
        """The first integer if the condition holds, else the second."""
        return Int(self, self.builder.select(condition, yes.ir, no.ir))

    def is_nan(self, x: Vector) -> Any:
        """A condition: whether the first lane is NaN."""
        number = x.lane()
        return self.builder.fcmp_unordered("uno", number, number)

    # Control

    @contextmanager
    def loop(self, start: Int | int, stop: Int | int, step: int = 1) -> Iterator[Int]:
        """For each i from ``start`` below ``stop``."""
        b, start, stop = self.builder, self.index(start), self.index(stop)
        before, body, done = b.block, b.append_basic_block("loop"), b.append_basic_block("done")
        b.cbranch(b.icmp_signed("<", start.ir, stop.ir), body, done)
        b.position_at_end(body)
        i = b.phi(I64)
        i.add_incoming(start.ir, before)
        yield Int(self, i)
        after = b.add(i, ir.Constant(I64, step), flags=("nsw",))
        i.add_incoming(after, b.block)
        b.cbranch(b.icmp_signed("<", after, stop.ir), body, done)
        b.position_at_end(done)

    def repeat(self, n: Int, times: int, body: Callable[[Int], None]) -> None:
        """For each i below n, ``times`` of them a turn: fewer instructions count and jump."""
        turns = n // times * times
        with self.loop(0, turns, times) as i:
            for more in range(times):
                body(i + more)
        with self.loop(turns, n) as i:
            body(i)

    @contextmanager
    def loop_while(self, condition: Callable[[], Any]) -> Iterator[None]:
        """As long as the condition holds, which is computed before each turn."""
        b = self.builder
        head, body, done = (b.append_basic_block(name) for name in ("while", "body", "done"))
        b.branch(head)
        b.position_at_end(head)
        b.cbranch(condition(), body, done)
        b.position_at_end(body)
        yield
        b.branch(head)
        b.position_at_end(done)

    def choose(self, number: Int, cases: Mapping[int, Callable[[], None]]) -> None:
        """Run the case of that number; none if there is no such case."""
        b = self.builder
        done = b.append_basic_block("chosen")
        switch = b.switch(number.ir, done)
        for value, write in cases.items():
            block = b.append_basic_block(f"case{value}")
            switch.add_case(ir.Constant(I64, value), block)
            b.position_at_end(block)
            write()
            b.branch(done)
        b.position_at_end(done)

    # Integers that several threads share

    def add_atomically(self, place: Array) -> None:
        """Add 1 to an integer that several threads share."""
        pointer = self.builder.inttoptr(place.address.ir, POINTER)
        self.builder.atomic_rmw("add", pointer, ir.Constant(I64, 1), "acq_rel")

    def load_atomically(self, place: Array) -> Int:
        """Read an integer that several threads share."""
        pointer = self.builder.inttoptr(place.address.ir, POINTER)
        return Int(self, self.builder.load_atomic(pointer, "acquire", 8, typ=I64))
