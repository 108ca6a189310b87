"""One question to several tools: what a row of `docs/conventions.md` is made of."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Callable
from typing import NamedTuple

OURS = "chainrule"

Answer = Callable[[], str]
"""Runs a tool and says in a few characters what it did."""


class Row(NamedTuple):
    """A question, and what each tool answers when it is run.

    Attributes:
        title: what is asked.
        tag: the equation or the place in chainrule that decides it.
        answers: by tool; the first is chainrule's.
        moving: what changes when a network or a setting moves from one tool to another.
    """

    title: str
    tag: str
    answers: dict[str, Answer]
    moving: str


PACKAGES = {"Keras": "keras", "PyTorch": "torch", "JAX": "jax", "ONNX's reference": "onnx", "MLX": "mlx",
            "SymPy": "sympy", "scikit-learn": "scikit-learn"}  # fmt: skip
"""The package of a tool that is not called as its package."""


def version(tool: str) -> str:
    """The version of a tool, as it is installed."""
    if tool == OURS:
        return ""
    return importlib.metadata.version(PACKAGES.get(tool, tool))


def number(value: float) -> str:
    """A number in at most four digits."""
    value = float(value) + 0.0  # −0 is 0
    return "NaN" if value != value else f"{value:.4g}".replace("-", "−")


def numbers(values: object) -> str:
    """Several numbers."""
    return ", ".join(map(number, values))  # type: ignore[call-overload]
