"""How much is worked on at a time, so that it stays in a processor's caches.

Every sum is cut at the same places whatever the number of threads, so these sizes decide its bits (but not of
Eq. F1, whose sums are cut the same everywhere).
"""

from __future__ import annotations

from chainrule.engines.llvm.machine.processor import Shape

LINE = 64
"""Bytes of a cache line."""

INNER_CACHE = 24 * 1024
"""Bytes of a panel of weights that may stay in the innermost cache, beside the rows that pass by."""

SECOND_CACHE = 384 * 1024
"""Bytes of the rows that pass by one part of the weights after another, and stay in the second cache."""

SAMPLES_AT_A_TIME = 256
"""Samples that a gradient is summed over in one go: their errors in a panel stay in the innermost cache."""


def block_of_k(shape: Shape) -> int:
    """How many k are summed at a time: a whole number of panels, so that a block of rows is one."""
    rows = INNER_CACHE // (shape.panel * shape.item_size)
    return rows // shape.panel * shape.panel


def room_of_panel(shape: Shape) -> int:
    """Numbers in a block of k of one panel: what an update keeps sums in, and B2 turns weights into."""
    return block_of_k(shape) * shape.panel


def rows_at_a_time(shape: Shape, k: int = 0) -> int:
    """How many rows stay in the second cache, each of k numbers, or of a block of k."""
    return SECOND_CACHE // ((k or block_of_k(shape)) * shape.item_size)


def spread_rows(shape: Shape, batch: int) -> int:
    """Rows' room in a panel, so that parts of neighbouring panels do not take the same places in a cache.

    A cache keeps a few of the lines whose addresses agree in their last bits. Panels of 4,096 rows would all
    begin at such addresses; with an odd number of parts each begins where the part of the one before ends.
    """
    part = rows_at_a_time(shape)
    parts = -(-batch // part)
    return batch if parts == 1 else (parts + 1 - parts % 2) * part
