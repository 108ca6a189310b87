"""The processor at hand: its vectors and registers."""

from __future__ import annotations

import functools
import os
from typing import Any, NamedTuple

import numpy as np


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


class Processor(NamedTuple):
    """What code is generated for: LLVM's triple, the processor's name and features, bytes of a vector."""

    triple: str
    name: str
    features: str
    vector_bytes: int
    registers: int

    @property
    def vectors(self) -> str:
        """The vector instructions, as people call them."""
        family = {64: "AVX-512", 32: "AVX2", 16: "SSE"}
        return (
            family.get(self.vector_bytes, "?") if self.registers != 32 or self.vector_bytes == 64 else "NEON"
        )

    def shape(self, dtype: Any) -> Shape:
        """Vectors of that type on this processor."""
        size = np.dtype(dtype).itemsize
        arm, x86 = self.triple.startswith(("aarch64", "arm64")), self.triple.startswith("x86_64")
        family = "arm" if arm else "x86" if x86 else ""
        yields = "sched_yield" if os.name == "posix" else ""
        return Shape(size, self.vector_bytes // size, self.registers, family, yields)


def processor(vector_bytes: int | None = None) -> Processor:
    """The processor this program runs on; ``vector_bytes`` narrows its vectors, down to 16."""
    host = _host()
    if vector_bytes is None:
        return host
    if vector_bytes not in (16, 32, 64) or vector_bytes > host.vector_bytes:
        raise ValueError(
            f"vectors here have up to {host.vector_bytes} bytes (16, 32 or 64); got {vector_bytes}"
        )
    return host._replace(vector_bytes=vector_bytes)


@functools.cache
def _host() -> Processor:
    triple = llvm().get_process_triple()
    features = llvm().get_host_cpu_features()
    if features.get("avx512f"):
        vector_bytes, registers = 64, 32
    elif features.get("avx2") and features.get("fma"):
        vector_bytes, registers = 32, 16
    else:
        vector_bytes, registers = 16, 16 if triple.startswith("x86_64") else 32
    return Processor(triple, llvm().get_host_cpu_name(), features.flatten(), vector_bytes, registers)


@functools.cache
def llvm() -> Any:
    """LLVM, by llvmlite."""
    import llvmlite.binding

    llvmlite.binding.initialize_native_target()
    llvmlite.binding.initialize_native_asmprinter()
    return llvmlite.binding
