"""Generated code around single functions, so that tests can run them on NumPy's arrays; and the targets."""

from __future__ import annotations

import numpy as np

from chainrule.engines.llvm.machine.compiler import compile_text
from chainrule.engines.llvm.machine.processor import processor
from chainrule.engines.llvm.writer.code import Unit
from chainrule.engines.llvm.writer.values import Vector

TARGETS = [processor(size) for size in (16, 32, 64) if size <= processor().vector_bytes]
"""The processor at hand, with vectors of every width it has."""

DTYPES = (np.float32, np.float64)

GUARD = 64


def name_of(value):
    """Stable names for pytest's ids."""
    if hasattr(value, "vector_bytes"):
        return f"{value.vector_bytes}bytes"
    return getattr(value, "__name__", None) or getattr(value, "name", None) or str(value)


def guarded(array):
    """A copy of an array, contiguous, in the middle of a larger one that is full of NaN (integers: −2^60)."""
    filling = np.nan if array.dtype.kind == "f" else -(2**60)
    whole = np.full(array.size + 2 * GUARD, filling, array.dtype)
    view = whole[GUARD : GUARD + array.size].reshape(array.shape)
    view[...] = array
    return view, whole


def untouched(whole):
    """Whether the surroundings made by `guarded` are as they were."""
    around = np.concatenate((whole[:GUARD], whole[-GUARD:]))
    return bool(np.isnan(around).all() if whole.dtype.kind == "f" else (around == -(2**60)).all())


def compiled(body, target, dtype, parameters):
    """The function ``body(code, …)`` of generated code, as a Python function of integers."""
    unit = Unit(target.shape(dtype))
    unit.function("run", parameters, exported=True)(body)
    text = str(unit.module)
    code = compile_text(lambda: text, text, target)
    run = code.function("run", len(parameters))
    run.code = code  # machine code lives as long as its function
    return run


def elementwise(function, target, dtype):
    """A function of vectors, as a function of arrays of any length."""
    lanes = target.shape(dtype).lanes

    def body(code, count, source, result):
        with code.loop(0, count) as j:
            x = (code.numbers(source) + j * code.lanes).vector()
            (code.numbers(result) + j * code.lanes).put(Vector.of(code, function(x)))

    run = compiled(body, target, dtype, ("count", "source", "result"))

    def over(x):
        x = np.asarray(x, dtype)
        padded = np.resize(x, -(-len(x) // lanes) * lanes)
        result = np.empty_like(padded)
        run(len(padded) // lanes, padded.ctypes.data, result.ctypes.data)
        return result[: len(x)]

    return over
