"""How many threads take the next steps: as many as lately were fastest.

Threads meet after every layer. Where a step is small, or another program has one of the processors, meeting
costs more than sharing saves, up to a hundredfold. The results are the same to the last bit, so all ways are
tried, briefly, and tried again from time to time.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf

SMALL_STEP = 1.5e6
"""Operations of a step below which several threads are not even tried."""

TRIAL_SECONDS = 0.004
"""How long a trial takes, judged by the way that is known: long beside the setting off of a thread."""

LARGE_STEP = 1e8
"""Operations of a step above which all threads begin: there they nearly always win.

A step of fewer threads would be a good part of a short training, so these are tried later.
"""

FIRST_OPERATIONS = 2e8
"""Operations of the first trial, when no way is known."""

AGAIN_SECONDS = 2.0
"""When fewer threads are tried again at the earliest; with several slower ways, one of them."""

SOON_AGAIN_SECONDS = 0.05
"""When more threads are, which a busy processor may have held up; then twice as long each time."""

SHARE = 0.02
"""How much of the time may go into steps by fewer threads, only to see how long they take."""

GLIMPSE = 16
"""A part of a long trial comes first, this part for each thread: it wakes them, and shows a hopeless way."""

HOPELESS = 4
"""How many times as slow a way is then not to be tried on."""

ROUGHLY = 1.5
"""How many times as slow a way is not that came out of the very first steps, whose caches are cold."""

FEW_THREADS = 4
"""With more, a trial is longer in proportion: they are set off one after another."""


@dataclass
class _Way:
    """A number of threads, and what is known of it."""

    threads: int
    seconds: float = inf
    """How long a step took lately; infinite where it has not been tried."""
    last: float = 0.0
    """When it was tried, by the time that all steps took."""
    rest: float = SOON_AGAIN_SECONDS
    """Seconds between two trials, while it has more threads than the fastest way."""
    rough: bool = True
    """Whether only a few steps are known."""


class Pace:
    """Chooses among one thread, two, four … and all of them; or keeps to a fixed number."""

    def __init__(self, threads: int, fixed: bool, operations: int) -> None:
        ways = {threads, *(2**n for n in range(threads.bit_length()) if 2**n <= threads)}
        if fixed or operations < SMALL_STEP:
            ways = {threads if fixed else 1}
        self._large = operations > LARGE_STEP
        self._ways = {way: _Way(way) for way in sorted(ways, reverse=self._large)}
        self._few = max(1, min(8, int(FIRST_OPERATIONS / operations)))
        self._again = AGAIN_SECONDS * (len(ways) - 1)
        self._clock = 0.0
        self._trying: _Way | None = None
        self._glimpsed: _Way | None = None
        self._warm = len(ways) == 1

    @property
    def ways(self) -> tuple[int, ...]:
        """The numbers of threads it chooses among."""
        return tuple(self._ways)

    @property
    def best(self) -> int:
        """How many threads lately were fastest; as long as nothing is known, those to be tried first."""
        return self._best.threads

    @property
    def _best(self) -> _Way:
        return min(self._ways.values(), key=lambda way: way.seconds)

    def next(self, left: int) -> tuple[int, int]:
        """How many threads to send off, and for how many of the steps that are left."""
        self._trying = None
        if not self._warm:
            return self.best, min(left, 2, self._few)
        if len(self._ways) == 1:
            return self.best, left
        if self._best.seconds == inf:
            return self.best, min(left, self._few)
        way = self._to_try()
        if way is None or self._trial(way) > left:
            return self.best, left
        self._trying = way
        return way.threads, self._trial(way) if self._knows_enough(way) else self._glimpse(way)

    def took(self, threads: int, steps: int, seconds: float) -> None:
        """Learn how long some steps took; the very first ones fill the caches and do not count."""
        self._clock += seconds
        way = self._ways[threads]
        if not self._warm:
            self._warm = True
        elif self._trying:
            self._tried(self._trying, seconds / steps)
        elif self._best.seconds == inf:
            way.seconds = seconds / steps
        elif 2 * steps >= self._trial(way) or seconds >= TRIAL_SECONDS:  # else threads are set off for little
            way.seconds, way.rough = seconds / steps, False

    def _to_try(self) -> _Way | None:
        """The way whose turn it is to be tried, if any."""
        others = (way for way in self._ways.values() if way is not self._best)
        due = [way for way in others if self._clock - way.last >= self._rest(way)]
        return min(due, key=lambda way: (way.seconds < inf, way.last), default=None)

    def _rest(self, way: _Way) -> float:
        """Seconds without a trial of a way before it is tried."""
        known, best = way.seconds < inf, self._best
        if known and way.rough and way.seconds < ROUGHLY * best.seconds:
            return 0.0
        if way.threads > best.threads:
            return way.rest if known else 0.0
        if not known and not self._large:
            return 0.0
        seconds = way.seconds if known else best.seconds * best.threads / way.threads
        cost = self._trial(way) * seconds / SHARE
        return max(cost, self._again) if known else min(cost, self._again)

    def _knows_enough(self, way: _Way) -> bool:
        """Whether a whole trial may begin: after a glimpse, or where that would be as long."""
        return self._glimpsed is way or not 0 < self._glimpse(way) < self._trial(way)

    def _tried(self, way: _Way, seconds: float) -> None:
        """A glimpse of a way, or a whole trial, took so long a step."""
        whole, hopeful = self._knows_enough(way), seconds < HOPELESS * self._best.seconds
        self._glimpsed = way if hopeful and not whole else None
        if self._glimpsed:
            return
        if seconds < self._best.seconds:
            way.rest = SOON_AGAIN_SECONDS
        elif way.seconds < inf:
            way.rest = min(2 * way.rest, self._again)
        way.seconds, way.last, way.rough = seconds, self._clock, False

    def _trial(self, way: _Way) -> int:
        """Steps of a trial."""
        seconds = TRIAL_SECONDS * max(1.0, way.threads / FEW_THREADS)
        return max(self._few, int(seconds / self._best.seconds))

    def _glimpse(self, way: _Way) -> int:
        """Steps of a glimpse; 0 where a trial has few."""
        return self._trial(way) * way.threads // GLIMPSE if self._trial(way) >= GLIMPSE // 2 else 0
