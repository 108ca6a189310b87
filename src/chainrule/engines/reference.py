"""The reference engine: NumPy speaks the vocabulary of the equations, and runs them as they stand."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from itertools import pairwise
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
from scipy import special

from chainrule.types import Namespace

NUMPY = cast(
    Namespace,
    SimpleNamespace(
        exp=np.exp,
        expm1=np.expm1,
        log=np.log,
        log1p=np.log1p,
        tanh=np.tanh,
        erf=special.erf,
        sin=np.sin,
        cos=np.cos,
        arctan=np.arctan,
        arcsinh=np.arcsinh,
        sqrt=np.sqrt,
        abs=np.abs,
        sign=np.sign,
        maximum=np.maximum,
        minimum=np.minimum,
        where=np.where,
        ones_like=np.ones_like,
        sum=np.sum,
        max=np.max,
    ),
)
"""NumPy as the interpreter of the equations, in the precision of the arrays it is given."""

ONE_THREAD_BELOW = 6e6
"""Operations in a matrix product under which a second BLAS thread costs more than it brings."""


def blas_threads(widths: Sequence[int], batch_size: int) -> AbstractContextManager[Any]:
    """Hold BLAS to one thread where every product of a step is small; else leave it as it is.

    Threads that wait for each other over small products lose most of the time when other programs
    run beside them.
    """
    from threadpoolctl import threadpool_limits

    largest = max(2 * batch_size * n * m for n, m in pairwise(widths))
    return threadpool_limits(1, "blas") if largest < ONE_THREAD_BELOW else nullcontext()
