"""What the next step will read of the data, brought into the cache while this one computes.

The rows of a mini-batch lie anywhere in memory. A core can wait for some lines of a cache at once and stands
still for one more, so they are asked for a few at a time, between the tiles of the update.
"""

from __future__ import annotations

from chainrule.engines.llvm.machine.caches import LINE
from chainrule.engines.llvm.writer.code import Code, Function, Unit
from chainrule.engines.llvm.writer.values import Array, Int

NUMBERS = ("left", "pace", "owed", "next", "first", "stop", "offset")
"""What is kept before the table."""

A_ROW = 5
"""Addresses that a row of the mini-batch may take in the table."""

SCALE = 1 << 20
"""The pace is the number of lines that are due with each row of a panel, times this."""


class Coming:
    """A thread's table of addresses, and how far it has been asked for.

    Every address is asked for once; and then again and again those from ``first`` to ``stop``, a line further
    each time, until none is ``left``: side by side, so that a processor sees the rows go on, and helps.
    """

    def __init__(self, code: Code, address: Int) -> None:
        self.code = code
        self._numbers = {name: code.ints(address) + n for n, name in enumerate(NUMBERS)}
        self.table = code.ints(address) + len(NUMBERS)

    def __getitem__(self, name: str) -> Int:
        return self._numbers[name].whole()

    def __setitem__(self, name: str, value: Int | int) -> None:
        self._numbers[name].store(self.code.index(value))

    def clear(self) -> None:
        """Nothing is listed."""
        self["stop"] = 0

    def add(self, place: Array) -> None:
        """List an address."""
        stop = self["stop"]
        (self.table + stop).store(place.address)
        self["stop"] = stop + 1

    def begin(self, rows: Int, size: Int, work: Int) -> None:
        """The last ``rows`` go on for ``size`` bytes; all is due when ``work`` rows of panels have passed."""
        stop = self["stop"]
        lines = (size + (LINE - 2)) // LINE + 1  # of a row that begins anywhere in a line
        left = stop - rows + rows * lines
        for name in ("owed", "next", "offset"):
            self[name] = 0
        self["first"], self["left"], self["pace"] = stop - rows, left, left * SCALE // work.at_least(1) + 1


def room_of_coming(rows: int) -> int:
    """Integers that a thread's table needs."""
    return len(NUMBERS) + A_ROW * rows


def fetch(unit: Unit) -> Function:
    """Ask for the lines that are due by the time that ``rows`` more of a panel have passed."""

    @unit.function("fetch", ("coming", "rows"))
    def fetch(code: Code, address: Int, rows: Int) -> None:
        coming = Coming(code, address)
        owed, left = coming["owed"] + rows * coming["pace"], coming["left"]
        due = (owed // SCALE).at_most(left)
        coming["owed"], coming["left"] = owed % SCALE, left - due
        first, stop = coming["first"], coming["stop"]
        place, offset = code.variable(coming["next"]), code.variable(coming["offset"])
        with code.loop(0, due):
            here, moved = place.get(), offset.get()
            code.numbers((coming.table + here).whole() + moved).prefetch()
            ended = (here + 1).equals(stop)
            place.set(code.pick(ended, first, here + 1))
            offset.set(code.pick(ended, moved + LINE, moved))
        coming["next"], coming["offset"] = place.get(), offset.get()

    return fetch
