"""Runs a command, and ends with it whatever it has started: ``python -I -S keeper.py COMMAND…``.

It ends the command when its own standard input is closed, at the latest by the end of the process that asked.
On Linux what the command leaves behind becomes a child of this process (its subreaper), in whatever session
it is, and is ended too; elsewhere its process group is. The exit code is the command's.

It imports nothing but the standard library, and nothing of ours: it must be there at once.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading

_SET_CHILD_SUBREAPER = 36  # linux/prctl.h


def main(command: list[str]) -> None:
    """Run the command to its end, then end what is left of it."""
    _adopt_orphans()
    signal.signal(signal.SIGINT, lambda *_: None)  # Ctrl-C is for who asked, and who asked then ends us
    started = subprocess.Popen(command, stdin=subprocess.DEVNULL, start_new_session=os.name != "nt")
    threading.Thread(target=_end_when_left, args=(started,), daemon=True).start()
    code = started.wait()
    if os.name != "nt":
        with contextlib.suppress(OSError):
            os.killpg(started.pid, signal.SIGKILL)
        _end_orphans()
    _exit_as(code)


def _end_when_left(started: subprocess.Popen[bytes]) -> None:
    os.read(0, 1)  # nothing is ever written there
    started.kill()


def _adopt_orphans() -> None:
    with contextlib.suppress(ImportError, OSError, AttributeError):
        import ctypes  # some systems have none

        ctypes.CDLL(None).prctl(_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def _end_orphans() -> None:
    """End all children, then those that thereby become children, until none is left."""
    spared: set[int] = set()
    while found := _children() - spared:
        for child in found:
            try:
                os.kill(child, signal.SIGKILL)
                os.waitpid(child, 0)
            except OSError:  # it has got rights that we have not
                spared.add(child)


def _children() -> set[int]:
    found = set()
    for name in os.listdir("/proc") if os.path.isdir("/proc/self") else ():
        with contextlib.suppress(OSError, ValueError, IndexError):
            with open(f"/proc/{int(name)}/stat", "rb") as file:
                parent = int(file.read().rpartition(b")")[2].split()[1])
            if parent == os.getpid():
                found.add(int(name))
    return found


def _exit_as(code: int) -> None:
    if code < 0:  # a signal ended it, and so it ends us
        with contextlib.suppress(ImportError, OSError, ValueError):
            import resource  # Windows has none

            resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        with contextlib.suppress(OSError, ValueError):
            signal.signal(-code, signal.SIG_DFL)
        os.kill(os.getpid(), -code)
    os._exit(code)


if __name__ == "__main__":
    main(sys.argv[1:])
