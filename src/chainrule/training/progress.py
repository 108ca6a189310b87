"""The progress bar of a training run: loss, accuracy, samples per second and the time left."""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import TYPE_CHECKING

from chainrule.files.terminal import is_terminal
from chainrule.training.events import BatchEnd, EpochEnd, Event

if TYPE_CHECKING:
    from rich.progress import Progress

REFRESH_SECONDS = 0.1

LONG_WAIT = 0.5
"""Seconds of compiling that are worth a word."""


class Waiting:
    """Adds up what an engine tells of compiling; see `chainrule.engines.base.listening`."""

    def __init__(self) -> None:
        self._seconds = 0.0

    def hear(self, seconds: float | None) -> None:
        """Compiling begins (None), or took this many seconds."""
        self._seconds += seconds or 0.0

    @property
    def said(self) -> str:
        """What to say of it; nothing if it was short."""
        if self._seconds <= LONG_WAIT:
            return ""
        return f"{COMPILING}: {self._seconds:.1f} s"


COMPILING = "compiling for this processor, once"


class ProgressBar:
    """A bar on standard error; with ``show=None`` only where that is a terminal. Quiet otherwise."""

    def __init__(self, epochs: int, show: bool | None = None, samples: int = 0) -> None:
        self._epochs = epochs
        self._before = samples  # trained on before this process
        self._show = is_terminal(sys.stderr) if show is None else show
        self._bar: Progress | None = None
        self._shown_at = 0.0
        self._validated = ""
        self._started = 0.0
        self._waiting: Waiting | None = None

    def __enter__(self) -> ProgressBar:
        if self._show:
            self._bar = _make_bar()
            self._task = self._bar.add_task("training", total=None, status="")
            self._bar.start()
            self._started = time.monotonic()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.stop()

    def hear(self, seconds: float | None) -> None:
        """Show that the engine is compiling."""
        if self._bar is not None:
            self._waiting = self._waiting or Waiting()
            self._waiting.hear(seconds)
            self._bar.update(self._task, description=COMPILING)

    def update(self, event: Event) -> None:
        """Show an event of training; most batches are skipped, so that the bar costs nothing."""
        if self._bar is None:
            return
        if self._waiting is not None:
            if self._waiting.said:
                self._bar.console.print(self._waiting.said, highlight=False)
            self._waiting, self._started = None, time.monotonic()
        if isinstance(event, EpochEnd):
            if event.record.val_loss is not None:
                self._validated = f"  val_loss {event.record.val_loss:.4f}"
            return
        now = time.monotonic()
        if now - self._shown_at < REFRESH_SECONDS and not self._is_last(event):
            return
        self._shown_at = now
        done = (event.epoch - 1) * event.batches + event.batch
        samples = (event.epoch - 1) * event.samples * event.batches / event.batch + event.samples
        status = (
            f"loss {event.loss:.4f}  accuracy {event.accuracy:6.2%}  "
            f"{(samples - self._before) / max(now - self._started, 1e-9):,.0f} samples/s{self._validated}"
        )
        self._bar.update(
            self._task,
            description=f"epoch {event.epoch}/{self._epochs}",
            total=self._epochs * event.batches,
            completed=done,
            status=status,
        )

    def _is_last(self, event: BatchEnd) -> bool:
        return event.epoch == self._epochs and event.batch == event.batches


def _make_bar() -> Progress:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    return Progress(
        TextColumn("{task.description}"),
        BarColumn(bar_width=None),
        TextColumn("{task.percentage:3.0f} %"),
        TextColumn("{task.fields[status]}"),
        TimeRemainingColumn(compact=True),
        console=Console(stderr=True),
    )
