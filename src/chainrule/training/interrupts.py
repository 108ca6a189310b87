"""Ctrl-C as a wish: training ends at its next event, with everything in order."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType


@contextmanager
def noted() -> Iterator[Callable[[], bool]]:
    """Give a function that says whether a signal came that would have raised KeyboardInterrupt.

    A second signal raises it. Outside of the main thread, where none arrives, nothing is changed.
    """
    came: list[int] = []

    def note(number: int, frame: FrameType | None) -> None:
        if came:
            raise KeyboardInterrupt
        came.append(number)

    changed = []
    if threading.current_thread() is threading.main_thread():
        changed = [
            number
            for number in (signal.SIGINT, signal.SIGTERM)
            if signal.getsignal(number) is signal.default_int_handler
        ]
    for number in changed:
        signal.signal(number, note)
    try:
        yield lambda: bool(came)
    finally:
        for number in changed:
            signal.signal(number, signal.default_int_handler)
