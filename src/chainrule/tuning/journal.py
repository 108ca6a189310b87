"""Every finished fit of a search, a line each in ``tune.jsonl``, written when the fit ends."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from math import isfinite, isnan
from pathlib import Path
from typing import NamedTuple

from chainrule.errors import DataError
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
    """The finished fits of a search, in their file and here.

    A line counts if it is a fit of this search: of a candidate with these settings. ``left_out`` is how many
    are damaged or of another search; the last one of a killed search may be cut off, and is not counted.

    Raises:
        DataError: the file cannot be read.
    """

    def __init__(self, path: Path, settings: Sequence[Settings] | None = None) -> None:
        self.path = path
        self.left_out = 0
        self._fits: dict[tuple[int, int], Fit] = {}
        for line in _lines(path):
            fit = _fit(line)
            if fit is not None and (settings is None or _is_of(fit, settings)):
                self._fits[fit.candidate, fit.epochs] = fit
            else:
                self.left_out += line.endswith("\n")

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


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="utf-8", errors="replace").splitlines(keepends=True)
    except FileNotFoundError:
        return []
    except OSError as error:
        raise DataError(
            f"{path} must be the list of finished fits, and readable; got {error.strerror!r}. "
            "Begin a new search."
        ) from error


def _fit(line: str) -> Fit | None:
    """The fit of a line; None if it is none."""
    try:
        entry = json.loads(line)
        settings = Settings(**{**entry["settings"], "layers": tuple(entry["settings"]["layers"])})
        fit = Fit(**{**entry, "settings": settings})
        whole = isinstance(fit.candidate, int) and isinstance(fit.epochs, int)
        known = isfinite(fit.score) and isfinite(fit.seconds) and (fit.loss is None or not isnan(fit.loss))
        return fit if whole and known else None
    except (ValueError, TypeError, LookupError, AttributeError, RecursionError):
        return None


def _is_of(fit: Fit, settings: Sequence[Settings]) -> bool:
    return 0 <= fit.candidate < len(settings) and fit.settings == settings[fit.candidate]


def _is_cut_off(path: Path) -> bool:
    content = path.read_bytes()
    return bool(content) and not content.endswith(b"\n")
