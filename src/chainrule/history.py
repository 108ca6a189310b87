"""What happened in a training run, epoch by epoch."""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite
from typing import NamedTuple, overload


class EpochRecord(NamedTuple):
    """One line of the history.

    ``loss`` and ``accuracy`` are means over the epoch's mini-batches, each taken just before its step
    (with dropout and label smoothing, without penalties). ``val_loss`` and ``val_accuracy`` are taken
    on the validation data after the epoch, and are None without such data.
    """

    epoch: int
    loss: float
    accuracy: float
    val_loss: float | None
    val_accuracy: float | None
    learning_rate: float
    seconds: float


def best_of(records: Sequence[EpochRecord]) -> EpochRecord | None:
    """The record of the lowest validation loss, the first of several; None without validation data."""
    validated = [r for r in records if r.val_loss is not None and isfinite(r.val_loss)]
    return min(validated, key=lambda r: r.val_loss or 0.0, default=None)


class History(Sequence[EpochRecord]):
    """The epochs of a training run, and why it ended.

    ``stopped`` is "finished", "early stopping", "callback", "interrupted" or "diverged"; ``best_epoch`` is
    the epoch of the lowest validation loss, or None without validation data. ``engine`` is the name of the
    engine that trained.
    """

    def __init__(self, records: Sequence[EpochRecord] = (), stopped: str = "finished") -> None:
        self.records = list(records)
        self.stopped = stopped
        self.engine = ""

    @overload
    def __getitem__(self, index: int) -> EpochRecord: ...
    @overload
    def __getitem__(self, index: slice) -> list[EpochRecord]: ...
    def __getitem__(self, index: int | slice) -> EpochRecord | list[EpochRecord]:
        return self.records[index]

    def __len__(self) -> int:
        return len(self.records)

    def column(self, name: str) -> list[float]:
        """One quantity over the epochs, such as ``history.column("val_loss")``."""
        return [getattr(record, name) for record in self.records]

    @property
    def best_epoch(self) -> int | None:
        """The epoch of the lowest validation loss."""
        found = best_of(self.records)
        return found.epoch if found else None

    def __repr__(self) -> str:
        if not self.records:
            return f"History(no epoch done, {self.stopped})"
        last = self.records[-1]
        tail = "" if last.val_loss is None else f", val_loss {last.val_loss:.4f}"
        return f"History({len(self)} epochs, {self.stopped}: loss {last.loss:.4f}{tail})"
