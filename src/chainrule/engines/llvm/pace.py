"""How many threads take the next steps: as many as lately were fastest.

Threads meet after every layer. Where a step is small, or another program has one of the processors, meeting
costs more than sharing saves, up to a hundredfold. The results are the same to the last bit, so all ways are
tried, briefly, and tried again from time to time.
"""

from __future__ import annotations

SMALL_STEP = 1.5e6
"""Operations of a step below which several threads are not even tried."""

TRIAL_SECONDS = 0.004
"""How long a trial takes, judged by the way that is known: long beside the setting off of a thread."""

LARGE_STEP = 1e8
"""Operations of a step above which all threads are tried first: there they nearly always win."""

FIRST_OPERATIONS = 2e8
"""Operations of the first trial, when no way is known."""

AGAIN_SECONDS = 2.0
"""When a slower way is tried again."""


class Pace:
    """Chooses among one thread, two, four … and all of them; or keeps to a fixed number."""

    def __init__(self, threads: int, fixed: bool, operations: int) -> None:
        if fixed:
            self._ways = [threads]
        elif operations < SMALL_STEP:
            self._ways = [1]
        else:
            self._ways = sorted({threads, *(2**n for n in range(threads.bit_length()) if 2**n <= threads)})
        if operations > LARGE_STEP:
            self._ways.reverse()
        self._few = max(1, min(8, int(FIRST_OPERATIONS / operations)))
        self._seconds: dict[int, float] = {}
        self._since_trial = 0.0
        self._trials = 0
        self._warm = len(self._ways) == 1

    @property
    def ways(self) -> tuple[int, ...]:
        """The numbers of threads it chooses among."""
        return tuple(self._ways)

    @property
    def best(self) -> int:
        """How many threads lately were fastest; as long as nothing is known, those to be tried first."""
        return min(self._ways, key=lambda way: self._seconds.get(way, float("inf")))

    def next(self, left: int) -> tuple[int, int]:
        """How many threads to send off, and for how many of the steps that are left."""
        if not self._warm:
            return self._ways[0], min(left, 2, self._few)
        untried = [way for way in self._ways if way not in self._seconds]
        others = [way for way in self._ways if way != self.best]
        if not self._seconds and others:
            return self.best, min(left, self._few)
        if not others or self._trial() > left:
            return self.best, left
        if untried:
            return untried[0], self._trial()
        if self._since_trial > AGAIN_SECONDS:
            self._since_trial = 0.0
            self._trials += 1
            return others[self._trials % len(others)], self._trial()
        return self.best, left

    def took(self, threads: int, steps: int, seconds: float) -> None:
        """Learn how long some steps took; the very first ones fill the caches and do not count."""
        if self._warm:
            self._seconds[threads] = seconds / steps
            self._since_trial += seconds
        self._warm = True

    def _trial(self) -> int:
        return max(self._few, int(TRIAL_SECONDS / min(self._seconds.values())))
