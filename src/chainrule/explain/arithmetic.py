"""Whether a printed calculation gives the number printed behind it: where it does not, ≈ stands between."""

from __future__ import annotations

import ast
import math
import operator
import re
from collections.abc import Callable, Mapping
from functools import cache
from itertools import pairwise
from typing import Any

import numpy as np

from chainrule.engines.reference import NUMPY
from chainrule.equations.activations import ACTIVATIONS
from chainrule.explain.blocks import TIE, number

DIGITS = 5
"""Digits of a number, unless it is printed with more."""
MOST = 17
"""Digits that tell any float64 from the others."""

OPERATORS: Mapping[type, Callable[..., float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Pow: math.pow,
    ast.USub: operator.neg,
    ast.UAdd: operator.pos,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
}
FUNCTIONS: Mapping[str, Callable[..., float]] = {
    **{name: getattr(math, name) for name in ("exp", "expm1", "log", "log1p", "sin", "cos", "erf", "sqrt")},
    **{name: getattr(math, name) for name in ("tanh", "sinh", "cosh", "atan", "asinh")},
    "abs": abs,
    "max": max,
    "min": min,
    "sign": lambda z: math.copysign(1, z) if z else 0.0,
    "where": lambda condition, then, otherwise: then if condition else otherwise,
    "σ": lambda z: 1 / (1 + math.exp(-z)),
    "Φ": lambda z: (1 + math.erf(z / math.sqrt(2))) / 2,
}
SPELLED = (
    ("−", "-"),
    ("·", "*"),
    (TIE, " "),
    ("²", "**2"),
    ("½", "0.5"),
    ("[", "("),
    ("]", ")"),
    ("√", "sqrt"),
    ("2π", f"2*{math.pi!r}"),
)
"""How Python writes what is printed."""
OTHERS = re.compile(r"\(the other [^)]*\)")
POWER = re.compile(r"e\^\{([^{}]*)\}")
LOG = re.compile(r"\blog ([\d.]+(?:e-\d+)?)")
CASE = re.compile(r"(.+?) for ([^,]+), else (.+)")


def follows(calculation: str, result: str) -> bool:
    """Whether the printed digits of a calculation give what is printed behind it; also where it is none."""
    found, said = _value(calculation), _value(result)
    if found is None or said is None or _is_number(calculation):
        return True
    digits = _digits(result) if _is_number(result) else DIGITS
    return number(found, digits) == number(said, digits)


def fewest(agree: Callable[[int], bool], first: int = DIGITS, most: int = DIGITS + 4) -> int:
    """The fewest digits with which printed numbers agree; ``first`` if none do."""
    return next((digits for digits in range(first, most + 1) if agree(digits)), first)


def enough(write: Callable[[int], str], result: str, first: int = DIGITS, most: int = DIGITS + 4) -> str:
    """What ``write`` makes of the fewest digits that give the result."""
    return write(fewest(lambda digits: follows(write(digits), result), first, most))


def about(calculation: str, result: str) -> str:
    """The result, with ≈ before it if the printed digits of its calculation do not give it."""
    return result if follows(calculation, result) else f"≈ {result}"


def relations(steps: tuple[str, ...]) -> tuple[str, ...]:
    """The sign before each of the steps that are equal to each other but for printed digits: = or ≈."""
    return ("=", *("=" if follows(*pair) else "≈" for pair in pairwise(steps)))[: len(steps)]


def _is_number(text: str) -> bool:
    try:
        float(text.replace("−", "-"))
    except ValueError:
        return False
    return True


def _digits(text: str) -> int:
    """How many digits a number was rounded to: those that stand there, zeros at its end left out."""
    mantissa = text.lower().split("e")[0]
    return max(DIGITS, len(re.sub(r"\D", "", mantissa).lstrip("0")))


@cache
def _value(text: str) -> float | None:
    """The value of printed arithmetic; None for other text."""
    plain = OTHERS.sub("", text)
    for printed, python in SPELLED:
        plain = plain.replace(printed, python)
    plain = CASE.sub(r"where(\2, \1, \3)", LOG.sub(r"log(\1)", POWER.sub(r"exp(\1)", plain)))
    try:
        return _evaluated(ast.parse(plain.strip(), mode="eval").body)
    except (ArithmeticError, LookupError, RecursionError, SyntaxError, TypeError, ValueError):
        return None


def _evaluated(node: Any) -> float:
    if isinstance(node, ast.Constant) and isinstance(node.value, int | float):
        return float(node.value)
    if isinstance(node, ast.BinOp):
        return OPERATORS[type(node.op)](_evaluated(node.left), _evaluated(node.right))
    if isinstance(node, ast.Compare) and len(node.ops) == 1:
        return OPERATORS[type(node.ops[0])](_evaluated(node.left), _evaluated(node.comparators[0]))
    if isinstance(node, ast.UnaryOp):
        return OPERATORS[type(node.op)](_evaluated(node.operand))
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
        name, args = node.func.id, [_evaluated(arg) for arg in node.args]
        if name in FUNCTIONS:
            return FUNCTIONS[name](*args)
        return float(ACTIVATIONS[name].phi(NUMPY, np.float64(args[0])))
    raise ValueError(ast.dump(node))
