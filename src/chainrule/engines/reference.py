"""The reference engine: NumPy speaks the vocabulary of the equations, and runs them as they stand."""

from __future__ import annotations

from types import SimpleNamespace
from typing import cast

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
