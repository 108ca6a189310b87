"""Every finished fit of a search, a line each in ``tune.jsonl``, written when the fit ends."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from chainrule.files.atomic import storage_errors
from chainrule.tuning.space import Settings


class Fit(NamedTuple):
    """One candidate trained for a number of epochs. ``loss`` is None where training diverged."""

    candidate: int
    epochs: int
    settings: Settings
    score: float
    loss: float | None
    seconds: float

    @property
    def rank(self) -> float:
        """The order of candidates: by score, and for equal scores by the lower loss."""
        return self.score - 1e-6 * min(100.0 if self.loss is None else self.loss, 100.0)


class Journal:
    """The finished fits of a search, in their file and here."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._fits: dict[tuple[int, int], Fit] = {}
        if path.exists():
            for fit in _read(path):
                self._fits[fit.candidate, fit.epochs] = fit

    def __iter__(self) -> Iterator[Fit]:
        return iter(self._fits.values())

    def __len__(self) -> int:
        return len(self._fits)

    def find(self, candidate: int, epochs: int) -> Fit | None:
        """The fit of a candidate for this many epochs; None if it is still to be done."""
        return self._fits.get((candidate, epochs))

    def add(self, fit: Fit) -> None:
        """Keep a fit.

        Raises:
            StorageError: the disk refused.
        """
        self._fits[fit.candidate, fit.epochs] = fit
        line = json.dumps({**fit._asdict(), "settings": fit.settings._asdict()}) + "\n"
        with storage_errors(self.path), self.path.open("ab+") as file:
            if _is_cut_off(self.path):
                file.write(b"\n")
            file.write(line.encode())

    def ranked(self) -> list[Fit]:
        """The longest fit of each candidate, the longest first, and among equal lengths the best first."""
        longest: dict[int, Fit] = {}
        for fit in self:
            if fit.candidate not in longest or fit.epochs > longest[fit.candidate].epochs:
                longest[fit.candidate] = fit
        return sorted(longest.values(), key=lambda fit: (-fit.epochs, -fit.rank, fit.candidate))


def _read(path: Path) -> Iterator[Fit]:
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        with suppress(ValueError, TypeError, KeyError):  # the last line of a killed search may be cut off
            entry = json.loads(line)
            settings = Settings(**{**entry["settings"], "layers": tuple(entry["settings"]["layers"])})
            yield Fit(**{**entry, "settings": settings})


def _is_cut_off(path: Path) -> bool:
    content = path.read_bytes()
    return bool(content) and not content.endswith(b"\n")
