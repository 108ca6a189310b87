"""How much work something is, on any machine: the functions that it calls."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from inspect import CO_GENERATOR

import pytest


@contextmanager
def at_most(calls):
    """Fail where more functions are called than so many, in Python or in C, and stop there."""
    made = 0

    def count(frame, event, arg):
        nonlocal made
        made += event in ("call", "c_call")
        plain = event == "call" and not frame.f_code.co_flags & CO_GENERATOR
        if made > calls and plain:  # what is raised in a generator that is given up goes nowhere
            pytest.fail(f"more than {calls:,} functions were called")

    before = sys.getprofile()
    sys.setprofile(count)
    try:
        yield
    finally:
        sys.setprofile(before)
    assert made <= calls
