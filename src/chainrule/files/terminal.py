"""Whether somebody is looking."""

from __future__ import annotations

from typing import TextIO


def is_terminal(stream: TextIO | None) -> bool:
    """Whether a stream is a terminal. None is not (services have no streams), nor is a closed one."""
    try:
        return stream is not None and stream.isatty()
    except (AttributeError, ValueError, OSError):  # an object that can only write; closed; a bad descriptor
        return False
