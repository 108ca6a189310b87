"""The formulas of what generated code moves and computes, held to the code itself."""

from __future__ import annotations

import re

import pytest

pytest.importorskip("llvmlite")

from chainrule.doctor.speed import operations as operations_of_step
from chainrule.engines.llvm.analysis.costs import AVX512, KERNELS, calls, head_moves, head_operations, totals
from chainrule.engines.llvm.kernels import products, updates
from chainrule.engines.llvm.writer.code import Unit

BY_NAME = {kernel.name: kernel for kernel in KERNELS}


def body_of(unit, name):
    """The instructions of a function."""
    return re.search(rf'define[^\n]*@"{name}"\(.*?\n}}', str(unit.module), flags=re.DOTALL)[0]


def loop_of(unit, name):
    """The instructions of an innermost loop of a function: its first block that jumps back to itself."""
    body = body_of(unit, name)
    blocks = re.findall(r'^"?([\w.]+)"?:\n(.*?)(?=^"?[\w.]+"?:\n|^}})', body, flags=re.DOTALL | re.MULTILINE)
    loops = [block for label, block in blocks if f'label %"{label}", label' in block]
    return loops[0]


def counts(block):
    """Vectors and numbers read, and multiply-adds."""
    vectors = len(re.findall(r"load <16 x float>, ptr %\"[.\d]+\", align", block))
    numbers = len(re.findall(r"load float,", block))
    return vectors, numbers, block.count("llvm.fma")


@pytest.mark.parametrize("R", [5, 8])
@pytest.mark.parametrize("V", [1, 2])
def test_a_tile_of_the_product_reads_what_the_formula_says(R, V):
    unit = Unit(AVX512)
    products.product(unit)
    assert counts(loop_of(unit, f"product_{R}x{V}")) == (V, R, R * V)  # for a k that is left over
    written_out = 1 + products.WRITTEN_OUT
    assert body_of(unit, f"product_{R}x{V}").count('call <16 x float> @"llvm.fma') == written_out * R * V


def test_a_tile_of_the_update_reads_what_the_formula_says():
    unit = Unit(AVX512)
    updates.update(unit, 1, lambda code, g, places, numbers: places[0].put(g))
    assert counts(loop_of(unit, "update_8x2")) == tuple(updates.SAMPLES_A_TURN * n for n in (2, 8, 16))


def test_the_counter_sees_a_longer_loop():
    unit = Unit(AVX512)
    products.product(unit)
    assert counts(loop_of(unit, "product_3x2")) != counts(loop_of(unit, "product_4x2"))


@pytest.mark.parametrize("N", [1, 12, 13, 128])
def test_the_formula_of_the_product_is_the_sum_over_its_tiles(N):
    n, w = 784, 32
    heights = [min(12, N - start) for start in range(0, N, 12)]
    blocks = -(-n // 192)  # each reads what the one before has left
    moved = sum(n * (w + R) + blocks * 2 * R * w for R in heights)
    sizes = {"N": N, "n": n, "w": w, "R": 12, "k": 192}
    assert BY_NAME["product"].value(BY_NAME["product"].numbers, sizes) == moved


def test_products_and_updates_do_the_operations_of_a_step():
    """Where widths are whole panels, the sum over all calls is the count by hand."""
    layers, batch = (64, 32, 96, 32), 24
    done = sum(
        totals(BY_NAME[name], layers, batch, "sgd", "sigmoid").operations for name in ("product", "update")
    )
    parameters = [s["n"] * s["w"] for s in calls("update", layers, batch)]
    descent = next(calls("update", layers, batch))["g"] * sum(parameters)
    biases = 2 * batch * sum(layers[1:])
    assert done == operations_of_step(layers, batch) + descent + biases


def test_adam_moves_three_arrays_and_computes_more():
    sgd, adam = (next(calls("update", (32, 32), 8, optimizer)) for optimizer in ("sgd", "adam"))
    assert (sgd["A"], sgd["g"]) == (1, 2)
    assert adam["A"] == 3
    assert 12 <= adam["g"] <= 20


def test_a_head_is_counted_from_its_code():
    assert head_operations("quadratic") > 10
    assert head_operations("softmax") > head_operations("sigmoid") / 4


def test_a_head_moves_what_its_passes_read_and_write():
    passes = 1 + 1 + 2 + 1 + 1 + 2 + 1 + 1 + 3  # max, Σ, a; max, Σ, loss; largest, its place; delta
    around = 6  # weights, labels, losses, right ones, the padding
    assert passes <= head_moves("softmax") <= passes + around
    assert head_moves("sigmoid") < head_moves("softmax")
