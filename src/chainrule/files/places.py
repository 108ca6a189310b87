"""Where a path leads: past which links, and to which open file. The home folder, and that of the cache."""

from __future__ import annotations

import errno
import os
import stat
import sys
from pathlib import Path

from chainrule.errors import StorageError

_MOST_LINKS = 40  # as Linux has it


def user() -> int:
    """The number of the user that this process acts for; 0 on Windows, where files have no such number."""
    return os.geteuid() if hasattr(os, "geteuid") else 0


def open_file(path: str | os.PathLike[str]) -> int | None:
    """Which of this process's open files ``/dev/stdout``, ``/dev/fd/N`` or ``/proc/self/fd/N`` stands for."""
    ours = ("/dev/fd", os.path.realpath("/proc/self/fd"))
    place = os.path.abspath(path)
    for _ in range(_MOST_LINKS):
        folder, name = os.path.split(place)
        if os.path.realpath(folder) in ours and name.isdecimal():
            return int(name)
        if not os.path.islink(place):
            return None
        place = os.path.join(folder, os.readlink(place))
    return None


def followed(path: str | os.PathLike[str]) -> Path:
    """Where ``path`` leads past its links, none of which another user may have put there.

    The last link must be this user's own or root's, and so must each on the way that lies in a folder
    where everybody may write.

    Raises:
        StorageError: such a link is another user's.
        OSError: the links form a circle.
    """
    if os.name == "nt":
        return Path(os.path.realpath(path))
    place, names, links = Path("/"), [*reversed(Path.cwd().joinpath(path).parts[1:])], 0
    while names:
        name = names.pop()
        here = place.parent if name == ".." else place / name
        if not here.is_symlink():
            place = here
            continue
        _check_link(here, last=not names)
        links += 1
        if links > _MOST_LINKS:
            raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))
        target = here.readlink()
        names += reversed(target.parts[target.is_absolute() :])
        place = Path("/") if target.is_absolute() else place
    return place


def _check_link(link: Path, last: bool) -> None:
    owner = link.lstat().st_uid
    if owner not in (user(), 0) and (last or is_planted(link)):
        raise StorageError(
            f"{link} must be a file, or a link of your own; it is a link that user {owner} put there, to "
            f"{link.readlink()}. Remove it, or choose another place."
        )


def is_planted(path: Path) -> bool:
    """Whether ``path`` lies in a folder where everybody may write, and is neither this user's nor root's."""
    everybody = path.parent.stat().st_mode & stat.S_IWOTH
    return bool(everybody) and path.lstat().st_uid not in (user(), 0)


def cache_folder() -> Path:
    """Where downloads and compiled code are kept: ``$CHAINRULE_CACHE``, or the platform's cache folder.

    Raises:
        StorageError: neither that variable nor a home folder is known.
    """
    if own := os.environ.get("CHAINRULE_CACHE"):
        return _absolute(own)
    if sys.platform == "darwin":
        return _absolute("~/Library/Caches/chainrule")
    if sys.platform == "win32":
        return _absolute(os.environ.get("LOCALAPPDATA") or "~/AppData/Local") / "chainrule"
    given = os.environ.get("XDG_CACHE_HOME", "")
    return _absolute(given if os.path.isabs(given) else "~/.cache") / "chainrule"


def _absolute(path: str) -> Path:
    """The path with ~ as the home folder: never a folder named ~ in the current one."""
    place = home_path(path)
    if path.startswith("~") and not place.is_absolute():
        raise StorageError(
            "a cache must have its folder in your home folder, or in CHAINRULE_CACHE; this user has no home "
            "folder, and CHAINRULE_CACHE is not set. Set it to the path of a folder."
        )
    return place


def home_path(path: str) -> Path:
    """A path in which ~ stands for the home folder."""
    return Path(os.path.expanduser(path))  # Path.expanduser raises where there is no home folder
