"""Which slope a function has where it has none: at its kinks, and where several arguments are the largest."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks.conventions.base import Row, number, numbers

Slope = Callable[[str, float], float]

KINKS = {
    "relu": (0.0,),
    "leaky_relu": (0.0,),
    "elu": (0.0,),
    "abs": (0.0,),
    "clip": (-1.0, 1.0),
    "hardswish": (-3.0, 3.0),
}
"""Functions by their kinks; ELU is with α = 2 (with α = 1 it has none), clip is min(max(z, −1), 1)."""

FORMULAS = {"elu": "where(z>0, z, 2*(exp(z)-1))", "abs": "abs(z)", "clip": "min(max(z,-1),1)"}


def ours(name: str, z: float) -> float:
    """φ' of an activation, or of a formula where there is none."""
    from chainrule import Activation
    from chainrule.engines.reference import NUMPY
    from chainrule.equations.activations import ACTIVATIONS

    phi = Activation.from_formula(FORMULAS[name]) if name in FORMULAS else ACTIVATIONS[name]
    at = np.array([z])
    return float(phi.d_phi(NUMPY, at, phi.phi(NUMPY, at))[0])


def torch(name: str, z: float) -> float:
    """By autograd."""
    import torch
    import torch.nn.functional as F

    functions: dict[str, Any] = {
        "relu": F.relu, "leaky_relu": F.leaky_relu, "elu": lambda t: F.elu(t, 2.0), "abs": torch.abs,
        "clip": lambda t: torch.clamp(t, -1, 1), "hardswish": F.hardswish,
    }  # fmt: skip
    t = torch.tensor(z, dtype=torch.float64, requires_grad=True)
    functions[name](t).backward()
    return float(t.grad)


def jax(name: str, z: float) -> float:
    """By `jax.grad`."""
    import jax
    import jax.numpy as jnp

    functions: dict[str, Any] = {
        "relu": jax.nn.relu, "leaky_relu": jax.nn.leaky_relu, "elu": lambda t: jax.nn.elu(t, 2.0),
        "abs": jnp.abs, "clip": lambda t: jnp.clip(t, -1, 1), "hardswish": jax.nn.hard_swish,
    }  # fmt: skip
    return float(jax.grad(functions[name])(z))


def mlx(name: str, z: float) -> float:
    """By `mlx.core.grad`."""
    import mlx.core as mx
    import mlx.nn as nn

    functions: dict[str, Any] = {
        "relu": nn.relu, "leaky_relu": nn.leaky_relu, "elu": lambda t: nn.elu(t, 2.0), "abs": mx.abs,
        "clip": lambda t: mx.clip(t, -1, 1), "hardswish": nn.hardswish,
    }  # fmt: skip
    return float(mx.grad(functions[name])(mx.array(z)).item())


def tinygrad(name: str, z: float) -> float:
    """By `Tensor.backward`."""
    from tinygrad import Tensor

    functions: dict[str, Any] = {
        "relu": Tensor.relu, "leaky_relu": Tensor.leaky_relu, "elu": lambda t: t.elu(2.0), "abs": Tensor.abs,
        "clip": lambda t: t.clip(-1, 1), "hardswish": Tensor.hardswish,
    }  # fmt: skip
    t = Tensor([z])
    functions[name](t).sum().backward()
    return float(t.grad.item())


TOOLS: dict[str, Slope] = {"chainrule": ours, "PyTorch": torch, "JAX": jax, "MLX": mlx, "tinygrad": tinygrad}


def _at_kinks(name: str) -> dict[str, Callable[[], str]]:
    return {tool: lambda f=f: numbers(f(name, z) for z in KINKS[name]) for tool, f in TOOLS.items()}  # type: ignore[misc]


def tie_of_autograd() -> str:
    """The gradient of max(0, 0, 0)."""
    import autograd
    import autograd.numpy as anp

    return numbers(autograd.grad(anp.max)(np.zeros(3)))


def tie_of_torch() -> str:
    """The gradient of `torch.max` of three zeros."""
    import torch

    t = torch.zeros(3, requires_grad=True)
    torch.max(t).backward()
    return numbers(t.grad)


def tie_of_jax() -> str:
    """The gradient of `jnp.max`."""
    import jax
    import jax.numpy as jnp

    return numbers(jax.grad(jnp.max)(jnp.zeros(3)))


def tie_of_sympy() -> str:
    """The derivatives of Max(x, y, z) where all are 1."""
    import sympy as sp

    x, y, z = sp.symbols("x y z", real=True)
    return numbers(sp.diff(sp.Max(x, y, z), v).subs({x: 1, y: 1, z: 1}) for v in (x, y, z))


def tie_of_ours() -> str:
    """The derivative of max(z, 0) as a formula where both are 0."""
    return number(ours("relu", 0.0)) + " (max(z, 0) at z = 0)"


def penalty_of_ours() -> str:
    """The gradient of λ|W| where W is 0. Eq. P2."""
    from chainrule.engines.reference import NUMPY
    from chainrule.equations.penalty import d_l1_penalty

    return number(d_l1_penalty(NUMPY, np.zeros((1, 1)))[0, 0])


ROWS = [
    *(
        Row(
            f"Slope of {title} at z = {numbers(KINKS[name])}",
            "F2: the value from the left",
            _at_kinks(name),
            moving,
        )
        for name, title, moving in (
            ("relu", "ReLU", "Nothing: all agree."),
            (
                "leaky_relu",
                "leaky ReLU (slope 0.01)",
                (
                    "A weighted input that is exactly 0 passes δ on a hundred times larger in JAX, MLX and"
                    " tinygrad."
                ),
            ),
            (
                "elu",
                "ELU with α = 2",
                "Only a z that is exactly 0 differs; with α = 1, as built in here, φ' does not jump.",
            ),
            (
                "abs",
                "|z|",
                (
                    "In JAX an L1 penalty moves weights that are 0, so what pruning set to 0 does not stay;"
                    " here, and in the others, it stays (Eq. P2)."
                ),
            ),
            (
                "clip",
                "clip(z, −1, 1)",
                (
                    "Values that sit on a bound, as clipped pixels do, learn at one bound, at both, at half"
                    " the rate or at neither."
                ),
            ),
            (
                "hardswish",
                "hard swish",
                (
                    "At z = 3 the derivative jumps from 3/2 to 1; PyTorch and JAX take the value from the"
                    " right there."
                ),
            ),
        )
    ),
    Row(
        "Gradient of max where three arguments are equal",
        "F2",
        {
            "chainrule": tie_of_ours,
            "PyTorch": tie_of_torch,
            "JAX": tie_of_jax,
            "autograd": tie_of_autograd,
            "SymPy": tie_of_sympy,
        },
        "SymPy's three parts sum to 3/2: a symbolic derivative of a maximum is no reference at a tie. Softmax"
        " subtracts its maximum as a constant, so ties do not matter there.",
    ),
    Row(
        "Gradient of |W| where a weight is 0",
        "P2",
        {
            "chainrule": penalty_of_ours,
            "JAX": lambda: number(jax("abs", 0.0)),
            "PyTorch": lambda: number(torch("abs", 0.0)),
        },
        "With JAX write the penalty's gradient as sign(W) to keep zeros.",
    ),
]
