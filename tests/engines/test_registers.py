"""What LLVM makes of the tiles: their sums stay in registers, on every kind of vector."""

from __future__ import annotations

import re

import numpy as np
import pytest

pytest.importorskip("llvmlite")

from chainrule.engines.llvm.kernels import products, updates
from chainrule.engines.llvm.machine.compiler import optimized, target_machine
from chainrule.engines.llvm.machine.processor import Processor, Shape, processor
from chainrule.engines.llvm.writer.code import Unit

HERE = processor()
KINDS = {
    "narrow": HERE._replace(name="haswell", features="", vector_bytes=16, registers=16),
    "AVX2": HERE._replace(name="haswell", features="", vector_bytes=32, registers=16),
    "AVX-512": HERE._replace(name="icelake-server", features="", vector_bytes=64, registers=32),
    "here": HERE,
}
"""Code is only looked at, so that it may be for other processors than the one at hand."""

on_x86 = pytest.mark.skipif(
    not HERE.triple.startswith("x86_64"), reason="reads the assembly of x86; this is another processor"
)


def plain(code, g, places, numbers):
    """An optimiser's step that needs no register to speak of."""
    places[0].put(places[0].vector() - g)


def tiles(target: Processor, dtype) -> dict[str, str]:
    """The assembly of all tiles, of training, whose product fetches nothing ahead, and of prediction."""
    shape = target.shape(dtype)
    training, prediction = Unit(shape), Unit(shape)
    called(training, products.product(training), last=0)
    called(training, products.turned_product(training))
    called(training, updates.update(training, 1, plain))
    called(prediction, products.product(prediction))
    return {
        f"{name} of {use}": body
        for use, unit in (("training", training), ("prediction", prediction))
        for name, body in functions(unit, target)
        if re.match(r"(product|update)_\d+x\d", name)
    }


def called(unit: Unit, function, last: int | None = None) -> None:
    """A function that others can call; the ``last`` of its parameters may be known while it is compiled."""

    @unit.function(f"call{len(unit.module.globals)}", function.parameters, exported=True)
    def call(code, *given):
        function(code, *(given if last is None else (*given[:-1], last)))


def functions(unit: Unit, target: Processor) -> list[tuple[str, str]]:
    """The names and the assembly of a unit's functions."""
    machine = target_machine(target)
    text = machine.emit_assembly(optimized(str(unit.module), machine, target))
    return re.findall(r"^(\w+):[^\n]*\n(.*?)^\.Lfunc_end", text, flags=re.DOTALL | re.MULTILINE)


def spilled(body: str) -> list[str]:
    """Instructions that bring a vector to the stack."""
    return re.findall(r"^\s*v?mov\w+\s+%[xyz]mm\d+, -?\d*\(%rsp\).*$", body, flags=re.MULTILINE)


@on_x86
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("kind", KINDS)
def test_sums_stay_in_registers(kind, dtype):
    found = tiles(KINDS[kind], dtype)
    R = KINDS[kind].shape(dtype).tallest
    names = {f"product_{R}x2 of training", f"update_{R}x2 of training", f"product_{R}x2 of prediction"}
    assert names <= found.keys()
    assert {name: spilled(body) for name, body in found.items() if spilled(body)} == {}


@on_x86
@pytest.mark.parametrize("kind", ["AVX2", "AVX-512"])
def test_a_tile_too_tall_for_the_registers_is_seen(kind, monkeypatch):
    monkeypatch.setattr(Shape, "tallest", 12)
    assert spilled(tiles(KINDS[kind], np.float32)["product_12x2 of training"])
