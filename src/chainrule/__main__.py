"""The command, with ``python -m chainrule`` where it is not on the path.

It begins here, so that a Ctrl-C while the other modules are imported ends it like any other.
"""

from __future__ import annotations

import sys

INTERRUPTED = 130
"""Exit code after Ctrl-C, as shells have it."""


def main() -> None:
    """Run the command; Ctrl-C ends it without a traceback."""
    try:
        from chainrule.cli import main as command  # late, so that this is the first that runs

        command()
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)


if __name__ == "__main__":
    if not sys.flags.safe_path:
        del sys.path[0]  # the current folder: a random.py there is the user's
    main()
