"""How many steps an engine takes at a time, between two events."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from chainrule.types import Params

CHUNK_SECONDS = 0.2
"""How long an engine is left to itself, so that a progress bar moves and Ctrl-C is heard.

It may be half as long again, and longer where a copy of the parameters takes long.
"""

SNAPSHOT_SHARE = 0.02
"""How much of the time may go into copies of the parameters, one for each event."""

COPIED_A_SECOND = 1e9
"""Bytes of parameters that are copied in a second, before it is known: into memory not used so far."""

LONGEST_FIRST_CHUNK = 1.0
"""How long it is left to itself at first at most, however many parameters there are."""

FIRST_OPERATIONS = 2e9
"""Operations of the first steps, some hundredths of a second's, before it is known how long a step takes."""

FIRST_STEPS = 400
"""The most of them: however small it is, a step of the reference takes some ten thousandths of a second."""


def _chunk(copying: float) -> float:
    """Seconds between two events, if a copy of the parameters takes so long."""
    return max(CHUNK_SECONDS, copying / SNAPSHOT_SHARE)


class Pace:
    """How many steps to take at a time, from how long the last ones took.

    For the first ones a step counts as three products of each layer.
    """

    def __init__(self, every_step: bool, params: Params, batch_size: int) -> None:
        operations = 6 * batch_size * sum(layer.W.size for layer in params)
        copying = sum(layer.W.nbytes for layer in params) / COPIED_A_SECOND
        self._every_step = every_step
        self._count = max(1, min(FIRST_STEPS, int(FIRST_OPERATIONS / operations)))
        self._chunk = min(_chunk(copying), LONGEST_FIRST_CHUNK)
        self._started = self._since_event = 0.0
        self.begun = 0
        """How often steps were begun."""

    def next(self, left: int, most: int) -> int:
        """How many of the steps that are left: no small rest, whose event would cost as much as any."""
        self._started = time.perf_counter()
        self.begun += 1
        count = left if left <= self._count * 3 // 2 else self._count
        return 1 if self._every_step else min(count, most)

    def took(self, count: int) -> None:
        """These steps are done."""
        seconds = max(time.perf_counter() - self._started, 1e-9)
        self._count = max(1, min(8 * self._count, int(count * self._chunk / seconds)))
        self._since_event += seconds

    @property
    def event_is_due(self) -> bool:
        """Not after few steps, such as those at the beginning that show how long a step takes."""
        return self._every_step or self._since_event > self._chunk / 2

    @contextmanager
    def event(self) -> Iterator[None]:
        """Around what an event takes: where parameters are many, events are rarer."""
        started, self._since_event = time.perf_counter(), 0.0
        yield
        self._chunk = _chunk(time.perf_counter() - started)
