"""What each piece of generated code moves and computes: formulas for one call, and their sums over a step.

``numbers`` counts what is read and written, by registers and not by the memory behind the caches; tests
compare the formulas with the loads, stores and multiply-adds in the code.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from math import ceil
from typing import NamedTuple, TypeAlias

from chainrule.engines.llvm.analysis.listing import d_phi_code, descend_code, operations, phi_code
from chainrule.engines.llvm.kernels.layout import LayerPlace, is_gathered, plan
from chainrule.engines.llvm.kernels.outputs import Output, head
from chainrule.engines.llvm.kernels.updates import FEW_SAMPLES, LOW
from chainrule.engines.llvm.machine.caches import block_of_k
from chainrule.engines.llvm.machine.processor import Shape
from chainrule.engines.llvm.programs.recipe import moments
from chainrule.engines.llvm.writer.code import Unit
from chainrule.equations.affine import TERMS
from chainrule.equations.heads import HEADS
from chainrule.equations.optimizers import OPTIMIZERS
from chainrule.files.texts import texts

Sizes: TypeAlias = dict[str, int]

AVX512 = Shape(item_size=4, lanes=16, registers=32)
"""32 registers of 16 float32 numbers: tiles of 8 rows, panels of 32 columns."""


class Kernel(NamedTuple):
    """A piece of generated code; the formulas are of the sizes that `calls` yields."""

    name: str
    equations: str
    function: str
    numbers: str
    operations: str

    def value(self, formula: str, sizes: Sizes) -> int:
        """A formula's value for one call."""
        return int(eval(formula, {"ceil": ceil}, sizes))


KERNELS = tuple(Kernel(**kernel) for kernel in texts("engines/llvm/analysis/costs.toml")["kernels"])
"""Those of training."""


class Total(NamedTuple):
    """All calls of a kernel in one step."""

    calls: int
    bytes: int
    operations: int


def totals(kernel: Kernel, layers: Sequence[int], batch_size: int, optimizer: str, hidden: str) -> Total:
    """What one step on one thread takes, float32, AVX-512."""
    sizes = list(calls(kernel.name, layers, batch_size, optimizer, hidden))
    counted = [sum(kernel.value(f, s) for s in sizes) for f in (kernel.numbers, kernel.operations)]
    return Total(len(sizes), AVX512.item_size * counted[0], counted[1])


def calls(
    name: str, layers: Sequence[int], batch_size: int, optimizer: str = "sgd", hidden: str = "sigmoid"
) -> Iterator[Sizes]:
    """The sizes of each call of a kernel in one step, on one thread.

    N rows; sums over n, k at a time; panels w wide, tiles of R or h rows; A arrays an optimiser changes; c, g
    and o are operations for each number: of φ with φ', of the optimiser, of the softmax head, which moves m
    numbers for each of K outputs; v lanes; P is K in whole vectors.
    """
    places = plan(AVX512, layers, batch_size, [0] * (len(layers) - 1)).layers
    h = LOW if batch_size <= FEW_SAMPLES else AVX512.tallest
    fixed = {"N": batch_size, "R": AVX512.tallest, "h": h, "v": AVX512.lanes, "K": layers[-1]}
    fixed["A"] = 1 + len(moments(OPTIMIZERS[optimizer]()))
    fixed["g"] = operations(descend_code(optimizer)[0])
    fixed["c"] = operations(phi_code(hidden)) + operations(d_phi_code(hidden))
    fixed["o"], fixed["m"] = head_operations("softmax"), head_moves("softmax")
    fixed["P"] = places[-1].outputs_padded
    for sizes in _CALLS[name](places, batch_size):
        yield {**fixed, **sizes}


def head_operations(name: str) -> int:
    """Operations of an output head for each of a sample's outputs."""
    return operations(_head(name))


def head_moves(name: str) -> int:
    """Numbers that an output head reads and writes for each of a sample's outputs, besides turning them."""
    text = str(_head(name).module)
    body = re.search(r'define[^\n]*@"head"\(.*?\n}', text, flags=re.DOTALL)
    assert body
    kind = f"<{AVX512.lanes} x float>"
    return len(re.findall(rf"load {kind}, ptr %\"\.|store {kind} [^\n]*ptr %\"\.", body[0]))


def _head(name: str) -> Unit:
    unit = Unit(AVX512)
    head(unit, Output(HEADS[name], 0.0, 0.0, multi_label=False, in_lanes=True))
    return unit


def _panels(padded: int) -> list[int]:
    return [min(AVX512.panel, padded - column) for column in range(0, padded, AVX512.panel)]


def _products(places: Sequence[LayerPlace], N: int) -> Iterator[Sizes]:
    for place in places[1:]:
        yield from ({"n": place.inputs, "w": w, "k": TERMS} for w in _panels(place.outputs_padded))
    k = block_of_k(AVX512)
    for after in places[2:]:
        yield from ({"n": after.outputs, "w": w, "k": k} for w in _panels(after.inputs_padded))


def _hidden(places: Sequence[LayerPlace], N: int) -> Iterator[Sizes]:
    yield from ({"w": w} for place in places[1:-1] for w in _panels(place.outputs_padded))


def _updates(places: Sequence[LayerPlace], N: int) -> Iterator[Sizes]:
    for place in places[1:]:
        yield from ({"n": n, "w": w} for w in _panels(place.outputs_padded) for n in (place.inputs, 1))


def _transposed(places: Sequence[LayerPlace], N: int) -> Iterator[Sizes]:
    lanes = AVX512.lanes
    for place in places[2:]:
        yield from ({} for _ in range(place.inputs_padded // lanes * (place.outputs_padded // lanes)))


def _gathered(places: Sequence[LayerPlace], N: int) -> Iterator[Sizes]:
    if is_gathered([places[1].inputs, places[1].outputs], N):
        yield {"n": places[1].inputs}


_CALLS = {
    "product": _products,
    "activate": _hidden,
    "head": lambda places, N: iter([{}]),
    "multiply": _hidden,
    "update": _updates,
    "gather": _gathered,
    "transpose": _transposed,
}
