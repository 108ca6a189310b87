"""The instructions of one function, as LLVM's own values: types, constants, room for variables, calls.

`chainrule.engines.llvm.writer.values` gives them operators, and `chainrule.engines.llvm.writer.code` loops
and conditions. Nothing here knows either.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from llvmlite import ir

from chainrule.engines.llvm.machine.processor import Shape

I8, I32, I64 = ir.IntType(8), ir.IntType(32), ir.IntType(64)
F32, F64 = ir.FloatType(), ir.DoubleType()
POINTER = ir.PointerType()

CONTRACT = ("contract", "nsz")
"""What the arithmetic may assume. Never ``nnan`` or ``ninf``: saturated outputs would turn into NaN."""


class Block:
    """The place in a function where LLVM's builder appends the next instruction."""

    def __init__(self, shape: Shape, module: ir.Module, function: Any) -> None:
        self.shape = shape
        self.lanes = shape.lanes
        self.item_size = shape.item_size
        self.number_type: Any = F32 if self.item_size == 4 else F64
        self.bits_type = I32 if self.item_size == 4 else I64
        self.suffix = f"f{8 * self.item_size}"
        self.vector_type = ir.VectorType(self.number_type, self.lanes)
        self._module = module
        self._entry = function.append_basic_block("entry")
        first = function.append_basic_block("start")
        ir.IRBuilder(self._entry).branch(first)
        self.builder: Any = ir.IRBuilder(first)
        self.quotient_flags: tuple[str, ...] = CONTRACT

    def sizeof(self, item: Any) -> int:
        """Bytes of a type that memory holds."""
        return {I64: 8, F64: 8, I8: 1, F32: 4}.get(item, self.item_size)

    def reserve(self, kind: Any) -> Any:
        """Room for a variable, made once at the start of the function."""
        here = self.builder.block
        self.builder.position_before(self._entry.terminator)
        place = self.builder.alloca(kind)
        self.builder.position_at_end(here)
        return place

    def spread(self, element: Any, lanes: int) -> Any:
        """A vector with the same number or integer in every lane."""
        undefined = ir.Constant(ir.VectorType(element.type, lanes), ir.Undefined)
        single = self.builder.insert_element(undefined, element, ir.Constant(I32, 0))
        zeros = ir.Constant(ir.VectorType(I32, lanes), [0] * lanes)
        return self.builder.shuffle_vector(single, undefined, zeros)

    def intrinsic(self, name: str, result: Any, parameters: Sequence[Any]) -> Any:
        """A function of LLVM's or of a library, declared on its first use."""
        known = self._module.globals.get(name)
        return known or ir.Function(self._module, ir.FunctionType(result, parameters), name)

    def vector_intrinsic(self, name: str, n: int) -> Any:
        """LLVM's function of n vectors, such as ``sqrt``."""
        return self.intrinsic(
            f"llvm.{name}.v{self.lanes}{self.suffix}", self.vector_type, [self.vector_type] * n
        )

    @contextmanager
    def when(self, condition: Any) -> Iterator[None]:
        """Only if the condition holds."""
        with self.builder.if_then(condition):
            yield

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
        family = self.shape.family
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

    def pause(self) -> None:
        """Wait a moment, politely towards the other thread of the core."""
        if self.shape.family == "x86":
            self.builder.call(self.intrinsic("llvm.x86.sse2.pause", ir.VoidType(), []), [])
        elif self.shape.family == "arm":
            self.builder.call(
                self.intrinsic("llvm.aarch64.hint", ir.VoidType(), [I32]), [ir.Constant(I32, 1)]
            )

    def yield_processor(self) -> None:
        """Let another program run, where the operating system has a function for it."""
        if self.shape.yields:
            self.builder.call(self.intrinsic(self.shape.yields, I32, []), [])
