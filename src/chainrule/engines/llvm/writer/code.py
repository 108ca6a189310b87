"""Writing LLVM functions: a `Unit` holds them, a `Code` writes one, with loops, conditions and calls."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

from llvmlite import ir

from chainrule.engines.llvm.writer.values import (
    CONTRACT,
    F32,
    F64,
    I8,
    I32,
    I64,
    POINTER,
    Array,
    Int,
    Mask,
    Variable,
    Vector,
)

ESTIMATES = '"reciprocal-estimates"="vec-divf:1"'
"""In `Code.approximately`: float32 quotients by the processor's estimate and one step of Newton's."""


class Shape(NamedTuple):
    """The numbers a unit computes with, and the registers it has.

    ``lanes`` numbers of ``item_size`` bytes make a vector; ``registers`` vectors are at hand.
    ``family`` is "x86", "arm" or "", and ``yields`` the operating system's function that lets another
    program run.
    """

    item_size: int
    lanes: int
    registers: int
    family: str = ""
    yields: str = ""

    @property
    def panel(self) -> int:
        """Columns of a panel: two vectors."""
        return 2 * self.lanes

    @property
    def tallest(self) -> int:
        """Rows of the tallest tile: its accumulators leave registers for two vectors and two numbers.

        Eight rows already keep the multipliers busy. Of taller tiles that are written out several turns long,
        LLVM's scheduler draws loads so far ahead that accumulators no longer have room in the registers.
        """
        return min(8, (self.registers - 4) // 2)


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


class Code:
    """One function while it is being written."""

    def __init__(self, unit: Unit, function: Any) -> None:
        self.unit = unit
        self.lanes = unit.shape.lanes
        self.item_size = unit.shape.item_size
        self.number_type: Any = F32 if self.item_size == 4 else F64
        self.bits_type = I32 if self.item_size == 4 else I64
        self.suffix = f"f{8 * self.item_size}"
        self.vector_type = ir.VectorType(self.number_type, self.lanes)
        self._entry = function.append_basic_block("entry")
        first = function.append_basic_block("start")
        ir.IRBuilder(self._entry).branch(first)
        self.builder: Any = ir.IRBuilder(first)
        self.quotient_flags: tuple[str, ...] = CONTRACT

    # Values

    def index(self, value: Int | int) -> Int:
        """An integer of the generated code."""
        return value if isinstance(value, Int) else Int(self, ir.Constant(I64, value))

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

    def constant(self, value: float) -> Vector:
        """A number, in every lane."""
        return Vector(self, ir.Constant(self.vector_type, [float(value)] * self.lanes))

    def as_vector(self, value: Vector | float) -> Vector:
        """A vector as it is, a number in every lane."""
        return value if isinstance(value, Vector) else self.constant(value)

    def pick(self, condition: Any, yes: Int, no: Int) -> Int:
        """The first integer if the condition holds, else the second."""
        return Int(self, self.builder.select(condition, yes.ir, no.ir))

    def splat(self, number: Any) -> Vector:
        """One number of the generated code, in every lane."""
        undefined = ir.Constant(self.vector_type, ir.Undefined)
        single = self.builder.insert_element(undefined, number, ir.Constant(I32, 0))
        zeros = ir.Constant(ir.VectorType(I32, self.lanes), [0] * self.lanes)
        return Vector(self, self.builder.shuffle_vector(single, undefined, zeros))

    def number(self, n: Int) -> Vector:
        """A whole number as a number, in every lane."""
        return self.splat(self.builder.sitofp(n.ir, self.number_type))

    def lane(self, x: Vector, i: int = 0) -> Any:
        """One number out of a vector."""
        return self.builder.extract_element(x.ir, ir.Constant(I32, i))

    def is_nan(self, x: Vector) -> Any:
        """A condition: whether the first lane is NaN."""
        number = self.lane(x)
        return self.builder.fcmp_unordered("uno", number, number)

    def first_lanes(self, n: Int) -> Mask:
        """The mask of the lanes 0 … n − 1."""
        numbers = ir.Constant(ir.VectorType(I64, self.lanes), list(range(self.lanes)))
        count = self.builder.insert_element(
            ir.Constant(ir.VectorType(I64, self.lanes), ir.Undefined), n.ir, ir.Constant(I32, 0)
        )
        zeros = ir.Constant(ir.VectorType(I32, self.lanes), [0] * self.lanes)
        all_n = self.builder.shuffle_vector(count, count, zeros)
        return Mask(self, self.builder.icmp_signed("<", numbers, all_n))

    def lane_numbers(self) -> Vector:
        """0, 1, 2, … as numbers."""
        return Vector(self, ir.Constant(self.vector_type, [float(i) for i in range(self.lanes)]))

    def sizeof(self, item: Any) -> int:
        """Bytes of a type that memory holds."""
        return {I64: 8, F64: 8, I8: 1, F32: 4}.get(item, self.item_size)

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
        """As long as the condition, computed anew each time, holds."""
        b = self.builder
        head, body, done = (b.append_basic_block(name) for name in ("while", "body", "done"))
        b.branch(head)
        b.position_at_end(head)
        b.cbranch(condition(), body, done)
        b.position_at_end(body)
        yield
        b.branch(head)
        b.position_at_end(done)

    @contextmanager
    def when(self, condition: Any) -> Iterator[None]:
        """Only if the condition holds."""
        with self.builder.if_then(condition):
            yield

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

    @contextmanager
    def approximately(self) -> Iterator[None]:
        """Quotients of float32 may be off by a unit in the last place, where that is faster.

        None by ∞ may be asked for: 1/∞ would be NaN.
        """
        before, self.quotient_flags = self.quotient_flags, (*CONTRACT, "arcp", "afn", "ninf")
        yield
        self.quotient_flags = before

    @contextmanager
    def without_denormals(self) -> Iterator[None]:
        """Numbers too small for a full mantissa (below 1.2e-38 in float32) count as 0.

        Processors are slow with them: moments of Adam's that die away would double the time of a step.
        """
        family = self.unit.shape.family
        if family == "x86":
            place = self.reserve(I32)
            names = [f"llvm.x86.sse.{name}mxcsr" for name in ("st", "ld")]
            store, load = (self.intrinsic(name, ir.VoidType(), [POINTER]) for name in names)
            self.builder.call(store, [place])
            before = self.builder.load(place, typ=I32)
            self.builder.store(self.builder.or_(before, ir.Constant(I32, 0x8040)), place)
            self.builder.call(load, [place])
            yield
            self.builder.store(before, place)
            self.builder.call(load, [place])
        elif family == "arm":
            read = self.intrinsic("llvm.aarch64.get.fpcr", I64, [])
            write = self.intrinsic("llvm.aarch64.set.fpcr", ir.VoidType(), [I64])
            before = self.builder.call(read, [])
            self.builder.call(write, [self.builder.or_(before, ir.Constant(I64, 1 << 24))])
            yield
            self.builder.call(write, [before])
        else:
            yield

    def variable(self, first: Vector | Int | int) -> Variable:
        """A variable with its first value."""
        return Variable(self, self.index(first) if isinstance(first, int) else first)

    def reserve(self, kind: Any) -> Any:
        """Room for a variable, made once at the start of the function."""
        here = self.builder.block
        self.builder.position_before(self._entry.terminator)
        place = self.builder.alloca(kind)
        self.builder.position_at_end(here)
        return place

    # Functions of LLVM, of the C library, and of the operating system

    def intrinsic(self, name: str, result: Any, parameters: Sequence[Any]) -> Any:
        """A function of LLVM's or of a library, declared on its first use."""
        known = self.unit.module.globals.get(name)
        return known or ir.Function(self.unit.module, ir.FunctionType(result, parameters), name)

    def vector_intrinsic(self, name: str, n: int) -> Any:
        """LLVM's function of n vectors, such as ``sqrt``."""
        return self.intrinsic(
            f"llvm.{name}.v{self.lanes}{self.suffix}", self.vector_type, [self.vector_type] * n
        )

    def call_vector(self, name: str, *vectors: Vector) -> Vector:
        """Call LLVM's function of vectors."""
        function = self.vector_intrinsic(name, len(vectors))
        return Vector(self, self.builder.call(function, [v.ir for v in vectors], fastmath=CONTRACT))

    def each_lane(self, name: str, *vectors: Vector) -> Vector:
        """Call the C library's function, such as ``erf``, on each lane: slow, but right to the last bits."""
        name += "f" if self.item_size == 4 else ""
        function = self.intrinsic(name, self.number_type, [self.number_type] * len(vectors))
        function.attributes.add("nounwind")
        result = ir.Constant(self.vector_type, ir.Undefined)
        for i in range(self.lanes):
            number = self.builder.call(function, [self.lane(v, i) for v in vectors])
            result = self.builder.insert_element(result, number, ir.Constant(I32, i))
        return Vector(self, result)

    def add_atomically(self, place: Array) -> None:
        """Add 1 to an integer that several threads share."""
        pointer = self.builder.inttoptr(place.address.ir, POINTER)
        self.builder.atomic_rmw("add", pointer, ir.Constant(I64, 1), "acq_rel")

    def load_atomically(self, place: Array) -> Int:
        """Read an integer that several threads share."""
        pointer = self.builder.inttoptr(place.address.ir, POINTER)
        return Int(self, self.builder.load_atomic(pointer, "acquire", 8, typ=I64))

    def pause(self) -> None:
        """Wait a moment, politely towards the other thread of the core."""
        if self.unit.shape.family == "x86":
            self.builder.call(self.intrinsic("llvm.x86.sse2.pause", ir.VoidType(), []), [])
        elif self.unit.shape.family == "arm":
            self.builder.call(
                self.intrinsic("llvm.aarch64.hint", ir.VoidType(), [I32]), [ir.Constant(I32, 1)]
            )

    def yield_processor(self) -> None:
        """Let another program run, where the operating system has a function for it."""
        if self.unit.shape.yields:
            self.builder.call(self.intrinsic(self.unit.shape.yields, I32, []), [])
