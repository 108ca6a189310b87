"""What LLVM makes of the tiles: their sums stay in registers, on every kind of vector."""

from __future__ import annotations

import re

import numpy as np
import pytest

pytest.importorskip("llvmlite")

from chainrule.engines.llvm import products, updates
from chainrule.engines.llvm.code import Unit
from chainrule.engines.llvm.machine import Processor, optimized, processor, target_machine

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


def assembly(target: Processor, dtype) -> dict[str, str]:
    """The functions of the tiles, called as training and as prediction call them."""
    unit = Unit(target.shape(dtype))
    product, turned, update = (
        products.product(unit),
        products.turned_product(unit),
        updates.update(unit, 1, plain),
    )
    for name, function, count, last in [
        ("train", product, 15, 0),
        ("predict", product, 15, None),
        ("back", turned, 15, None),
        ("step", update, 18, None),
    ]:

        @unit.function(name, [f"a{n}" for n in range(count)], exported=True)
        def call(code, *given, function=function, last=last):
            function(code, *(given if last is None else (*given[:-1], last)))

    machine = target_machine(target)
    text = machine.emit_assembly(optimized(str(unit.module), machine, target))
    found = re.findall(r"^(\w+):[^\n]*\n(.*?)^\.Lfunc_end", text, flags=re.DOTALL | re.MULTILINE)
    return {name: body for name, body in found if re.match(r"(product|update)_\d+x\d", name)}


def spilled(body: str) -> list[str]:
    """Instructions that bring a vector to the stack."""
    return re.findall(r"^\s*v?mov\w+\s+%[xyz]mm\d+, -?\d*\(%rsp\).*$", body, flags=re.MULTILINE)


@on_x86
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("kind", KINDS)
def test_sums_stay_in_registers(kind, dtype):
    tiles = assembly(KINDS[kind], dtype)
    tallest = KINDS[kind].shape(dtype).tallest
    assert {f"product_{tallest}x2", f"update_{tallest}x2"} <= tiles.keys()
    assert {name: spilled(body) for name, body in tiles.items() if spilled(body)} == {}


@on_x86
def test_a_tile_too_tall_for_the_registers_is_seen(monkeypatch):
    from chainrule.engines.llvm.code import Shape

    monkeypatch.setattr(Shape, "tallest", 12)
    assert spilled(assembly(KINDS["AVX2"], np.float32)["product_12x2"])
