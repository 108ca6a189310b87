"""How long tests wait: for a condition, never for a time, and on a machine however slow.

No test depends on how fast a machine is. What is to be fast is measured in ``benchmarks``.
"""

from __future__ import annotations

import time

PATIENCE = 900.0
"""Seconds after which a test gives up on what hangs."""


def wait_until(met, process=None):
    """Wait until ``met()`` is true, and return what it is; a ``process`` that ends before is an error."""
    end = time.monotonic() + PATIENCE
    while not (found := met()):
        assert process is None or process.poll() is None, process.communicate()
        assert time.monotonic() < end, "it does not come about"
        time.sleep(0.01)
    return found
