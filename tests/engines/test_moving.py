"""Moving numbers: rows gathered into panels, and weights turned for Eq. B2."""

from __future__ import annotations

import numpy as np
import pytest

from chainrule.engines.llvm.kernels import layout
from chainrule.engines.llvm.kernels.tiles import gather
from chainrule.engines.llvm.kernels.transpose import turned_panel
from chainrule.engines.llvm.machine.caches import block_of_k, room_of_panel
from tests.engines.compiled import DTYPES, TARGETS, compiled, guarded, name_of, untouched


def in_panels(A, width):
    """The matrix cut into panels, filled up with 0."""
    rows, columns = A.shape
    filled = np.zeros((rows, -(-columns // width) * width), A.dtype)
    filled[:, :columns] = A
    return filled.reshape(rows, -1, width).transpose(1, 0, 2)


@pytest.mark.parametrize("target", TARGETS, ids=name_of)
@pytest.mark.parametrize("dtype", DTYPES, ids=name_of)
@pytest.mark.parametrize("given", DTYPES, ids=name_of)
@pytest.mark.parametrize("n", [1, 7, 8, 15, 16, 17, 33, 64, 100])
def test_gathered_rows_are_the_rows_in_panels(n, given, dtype, target):
    parameters = ("rows", "table", "n", "target", "distance")
    width = target.shape(dtype).panel
    size = np.dtype(given).itemsize
    run = compiled(lambda code, *values: gather(code.unit, size)(code, *values), target, dtype, parameters)
    X, around_X = guarded(np.random.default_rng(n).normal(size=(9, n)).astype(given))
    chosen = np.array([4, 0, 8, 4])
    table = X.ctypes.data + chosen * X.strides[0]
    panels = -(-n // width)
    place, around = guarded(np.zeros(panels * len(chosen) * width, dtype))
    run(len(chosen), table.ctypes.data, n, place.ctypes.data, len(chosen) * width)
    assert np.array_equal(
        place.reshape(panels, len(chosen), width), in_panels(X[chosen].astype(dtype), width)
    )
    assert untouched(around)
    assert untouched(around_X)


@pytest.mark.parametrize("target", TARGETS, ids=name_of)
@pytest.mark.parametrize("dtype", DTYPES, ids=name_of)
@pytest.mark.parametrize(("n_in", "n_out"), [(1, 1), (8, 17), (33, 40), (65, 300), (40, 900)])
def test_a_turned_panel_is_one_of_the_weights(n_in, n_out, dtype, target):
    """Parts of W^L in panels along its inputs, out of (W^L)ᵀ in panels along its outputs."""
    names = ("source", "height", "depth", "p", "vectors", "k", "count", "target")
    shape = target.shape(dtype)
    run = compiled(lambda code, *values: turned_panel(code.unit)(code, *values), target, dtype, names)
    W = np.random.default_rng(n_in).normal(size=(n_out, n_in)).astype(dtype)
    place = layout.plan(shape, [n_in, n_out], 1, [0]).layers[1]
    theta, around_theta = guarded(np.zeros(place.inputs_padded * place.outputs_padded, dtype))
    for column, panel in layout.panels(shape, theta, place):
        part = W[column : column + shape.panel].T
        panel[:, : part.shape[1]] = part
    for p, wanted in enumerate(in_panels(W, shape.panel)):
        vectors = min(2, place.inputs_padded // shape.lanes - 2 * p)
        for k in range(0, n_out, block_of_k(shape)):
            count = min(block_of_k(shape), n_out - k)
            room, around = guarded(np.zeros(room_of_panel(shape), dtype))
            sizes = place.inputs_padded, place.outputs_padded, p, vectors, k, count
            run(theta.ctypes.data, *sizes, room.ctypes.data)
            width = vectors * shape.lanes
            assert np.array_equal(room[: count * width].reshape(count, width), wanted[k : k + count, :width])
            assert untouched(around)
    assert untouched(around_theta)
