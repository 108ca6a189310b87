"""JAX as an interpreter of the equations, in float64: somebody else's chain rule to compare with."""

from __future__ import annotations

from types import SimpleNamespace
from typing import cast

import jax
import jax.numpy as jnp
from jax.scipy import special

from chainrule.types import Namespace

jax.config.update("jax_enable_x64", True)

JAX = cast(
    Namespace,
    SimpleNamespace(
        **{
            name: getattr(jnp, name)
            for name in (
                *("exp", "expm1", "log", "log1p", "tanh", "sin", "cos", "arctan", "arcsinh"),
                *("sqrt", "abs", "sign", "maximum", "minimum"),
            )
        },
        where=jnp.where,
        ones_like=jnp.ones_like,
        sum=jnp.sum,
        max=jnp.max,
        erf=special.erf,
    ),
)
