"""chainrule's reference engine: NumPy runs the equations as they stand."""

from __future__ import annotations

from benchmarks.speed.peers.ours import Ours


def peer(threads: int | None) -> Ours:
    """The reference engine."""
    return Ours("reference", threads)
