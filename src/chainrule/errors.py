"""The exception tree: every error says what must hold, what came, and what to do.

ChainruleError
├── InputError          an invalid argument, array or label (also a ValueError)
├── DataError           a data set or data file that cannot be read
├── ModelFileError      a model file that is damaged, foreign or written by a newer version
├── FolderBusy          another process is training in that folder
├── StorageError        the disk refused: full, read-only, not a folder (also an OSError)
└── TrainingDiverged    the loss turned NaN or infinite (also an ArithmeticError)

UserWarning
├── CheckpointWarning   a checkpoint could not be written, or a damaged one was passed over
├── DataWarning         data that can be used, though not all of it is as the training data were
├── EngineWarning       a network runs on a slower engine than usual
└── FormulaWarning      a formula that is right, and loses precision or overflows somewhere
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from chainrule.history import History

T = TypeVar("T")


class ChainruleError(Exception):
    """Base of every error that chainrule raises on purpose."""


class InputError(ChainruleError, ValueError):
    """An invalid argument, array or label."""


class DataError(ChainruleError):
    """A data set or data file that cannot be found, read or trusted."""


class ModelFileError(ChainruleError):
    """A model file that is damaged, foreign, or written by a newer version."""


class StorageError(ChainruleError, OSError):
    """The disk refused to take a file: full, read-only, or not a folder."""


class FolderBusy(ChainruleError):
    """Another process is training in that folder."""


class CheckpointWarning(UserWarning):
    """A checkpoint could not be written, or a damaged one was skipped."""


class FormulaWarning(UserWarning):
    """A formula that is valid but loses precision or overflows somewhere."""


class DataWarning(UserWarning):
    """Usable data in which something differs from the training data."""


class EngineWarning(UserWarning):
    """A network runs on a slower engine than usual."""


class TrainingDiverged(ChainruleError, ArithmeticError):
    """The loss turned NaN or infinite; the network keeps the last finite parameters.

    Attributes:
        epoch: epoch in which it happened, counted from 1.
        batch: mini-batch of that epoch, counted from 1.
        history: what was recorded until then.
    """

    def __init__(self, message: str, *, epoch: int, batch: int, history: History) -> None:
        super().__init__(message)
        self.epoch = epoch
        self.batch = batch
        self.history = history

    def __reduce__(self) -> tuple[Any, ...]:
        rebuild = partial(TrainingDiverged, epoch=self.epoch, batch=self.batch, history=self.history)
        return rebuild, (str(self),)


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return `` Did you mean 'relu'?`` when a known name is near ``word``, otherwise an empty string."""
    if len(str(word)) == 1:  # one letter is half of 'max'
        return ""
    near = difflib.get_close_matches(str(word).lower(), list(known), n=1, cutoff=0.5)
    return f" Did you mean {near[0]!r}?" if near else ""


def entry(kind: str, name: str, what: str, table: Mapping[str, T], file: str) -> T:
    """Return ``table[name]``. Where a new built-in has none, say what it lacks and which file it belongs in.

    Raises:
        ChainruleError: the table has no entry of that name.
    """
    if name in table:
        return table[name]
    raise ChainruleError(f"{kind} {name!r} has no {what}: add it to {file}; see docs/how-to/extend.md.")


def look_up(kind: str, name: str, known: dict[str, T]) -> T:
    """Return ``known[name]``, or raise an error that lists the choices and the nearest one."""
    if isinstance(name, str) and name in known:
        return known[name]
    raise InputError(f"{kind} must be one of {', '.join(known)}; got {name!r}.{did_you_mean(name, known)}")
