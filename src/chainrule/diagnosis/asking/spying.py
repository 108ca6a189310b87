"""Losses that a program computes inside of a function, and does not hand back."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

import numpy as np

LOSSES = re.compile(
    r"(?i)^_?((\w*_)?(loss|cost|losses|costs|nll|bce|mse|sse|cross_?entropy|entropy|objective)(_\w*)?|j|e|l|error|err)$"
)
"""Names of variables that hold a loss."""
MOST = 4


def numbers_inside(file: str, act: Callable[[], Any]) -> dict[str, float]:
    """{variable: number} of the variables of ``file``'s functions that are called like losses.

    Each is the number that it holds where its function first returns.
    """
    found: dict[str, float] = {}

    def watch(frame: FrameType, event: str, arg: Any) -> None:
        if event != "return" or frame.f_code.co_filename != file:
            return
        for name, value in frame.f_locals.items():
            if LOSSES.match(name) and name not in found and len(found) < MOST and _is_number(value):
                found[name] = float(np.asarray(value).reshape(-1)[0])

    before = sys.getprofile()
    sys.setprofile(watch)
    try:
        act()
    finally:
        sys.setprofile(before)
    return found


def _is_number(value: Any) -> bool:
    if isinstance(value, float | np.floating):
        return True
    return isinstance(value, np.ndarray) and value.dtype.kind == "f" and value.size == 1
