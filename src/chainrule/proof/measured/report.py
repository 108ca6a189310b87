"""What a gradient check found: one entry, one tensor, the whole, and the words for it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

RIGHT = 1e-7
"""A relative error below this is agreement."""
WRONG = 1e-2
"""Above this it is an error, whatever the doubt."""
ARITHMETIC = 1e-5
"""Between them: above this, and beyond the doubt, it is an error; below, single precision may explain it."""
BEYOND_DOUBT = 30.0
"""How many times its doubt a difference must be, to count as one."""

RANK = {"right": 0, "kink": 1, "suspicious": 2, "wrong": 3}


@dataclass(frozen=True)
class Entry:
    """One number of a gradient, beside what differences say.

    ``index`` is the place in dW^L (m, k) or db^L (m,), counted from 0; ``doubt`` is how far the two may
    be apart by rounding and truncation. ``verdict``: "right", "suspicious", "wrong", or "kink" where φ'
    or sign w is ambiguous and the gradient lies between what the two sides say; ``why`` tells more.
    """

    layer: int
    tensor: str
    index: tuple[int, ...]
    analytic: float
    numeric: float
    doubt: float
    relative_error: float
    verdict: str
    why: str = ""

    @property
    def place(self) -> str:
        """Where it stands, as Python writes it: dW[1][3, 17]."""
        return f"d{self.tensor}[{self.layer}][{', '.join(map(str, self.index))}]"

    def __str__(self) -> str:
        why = f" ({self.why})" if self.why else ""
        return (
            f"{self.place}: gradient {self.analytic:.10g}, differences {self.numeric:.10g}, "
            f"relative error {self.relative_error:.1e}: {self.verdict}{why}"
        )


@dataclass(frozen=True)
class TensorReport:
    """What was found in one tensor, dW or db of a layer, or in the penalty's share of it.

    ``checked`` counts its entries compared one by one; ``kinks`` those of them that stand on a kink and
    are left out of the verdict; ``crossed`` those whose step crossed one, where φ was continued from its
    own side. ``directions`` is the largest relative error along whole directions.
    """

    layer: int
    tensor: str
    part: str
    size: int
    entries: tuple[Entry, ...]
    directions: float
    kinks: int
    crossed: int
    checked: int
    verdict: str
    cause: str = ""

    @property
    def name(self) -> str:
        """``dW[1]``, or ``dW[1] penalty``."""
        return f"d{self.tensor}[{self.layer}]" + (" penalty" if self.part == "penalty" else "")

    @property
    def worst(self) -> Entry:
        """The entry with the worst verdict, and among those the largest relative error."""
        return max(self.entries, key=severity)

    @property
    def is_too_small(self) -> bool:
        """Whether rounding noise drowns every entry compared, but for those that are 0 on both sides."""
        seen = [max(abs(e.analytic), abs(e.numeric)) / e.doubt for e in self.entries]
        return 0 < max(seen) < 1 / WRONG

    @property
    def largest(self) -> float:
        """The largest relative error of an entry not on a kink."""
        return max((e.relative_error for e in self.entries if e.verdict != "kink"), default=0.0)


@dataclass(frozen=True)
class GradientReport:
    """The outcome of `gradient_check`; ``print`` shows a line for each tensor and a conclusion."""

    rows: tuple[TensorReport, ...]
    loss: float
    samples: int
    notes: tuple[str, ...] = field(default=())

    @property
    def verdict(self) -> str:
        """The worst of the rows: "right", "suspicious" or "wrong"; "kink" if nothing else was there."""
        verdicts = {row.verdict for row in self.rows}
        named = [word for word in ("wrong", "suspicious", "right") if word in verdicts]
        return named[0] if named else "kink"

    @property
    def passed(self) -> bool:
        """Whether every gradient checked is right: none wrong, none suspicious."""
        return self.verdict == "right"

    @property
    def worst(self) -> Entry:
        """The entry with the worst verdict, and among those the largest relative error."""
        return max((row.worst for row in self.rows), key=severity)

    @property
    def causes(self) -> tuple[str, ...]:
        """What is suspected, with the tensors it would explain."""
        named: dict[str, list[str]] = {}
        for row in self.rows:
            if row.cause:
                named.setdefault(row.cause, []).append(row.name)
        return tuple(f"{', '.join(names)}: {cause}" for cause, names in named.items())

    @property
    def conclusion(self) -> str:
        """One sentence: the verdict, the worst entry, the suspected cause."""
        if self.verdict == "right":
            return f"Right: the largest relative error is {max(row.largest for row in self.rows):.1e}."
        if self.verdict == "kink":
            return "Undecided: every entry stands on a kink. Check at other parameters or samples."
        cause = f" Suspected cause: {'; '.join(self.causes)}." if self.causes else ""
        return f"{self.verdict.capitalize()}: {self.worst}.{cause}"

    def __str__(self) -> str:
        head = f"{'gradient':<16}{'checked':>14}{'kinks':>7}{'relative error':>16}  {'worst at':<18}verdict"
        lines = [f"loss {self.loss:.6g} on {self.samples} samples", head]
        for row in self.rows:
            checked = f"{row.checked} of {row.size}"
            lines.append(
                f"{row.name:<16}{checked:>14}{row.kinks:>7}{row.largest:>16.1e}  "
                f"{row.worst.place:<18}{row.verdict}"
            )
        return "\n".join([*lines, *(f"note: {note}" for note in self.notes), self.conclusion])


def severity(entry: Entry) -> tuple[int, float]:
    """How bad an entry is: by verdict, then by relative error."""
    return RANK[entry.verdict], entry.relative_error


def relative_error(a: Any, n: Any, doubt: Any) -> Any:
    """|a − n| / max(|a|, |n|, doubt / RIGHT): what doubt can explain never counts as more than RIGHT."""
    scale = np.maximum(np.maximum(np.abs(a), np.abs(n)), np.asarray(doubt) / RIGHT)
    return np.abs(a - n) / np.maximum(scale, 1e-300)


def judge(a: float, n: float, doubt: float) -> tuple[float, str, str]:
    """Relative error, verdict, and why, for a gradient ``a`` against differences ``n``."""
    error = float(relative_error(a, n, doubt))
    if error <= RIGHT:
        return error, "right", ""
    if error > WRONG:
        return error, "wrong", ""
    times = abs(a - n) / doubt
    if times > BEYOND_DOUBT and error > ARITHMETIC:
        return error, "wrong", f"a small error, but {times:.0e} times what rounding explains"
    if times > BEYOND_DOUBT:
        return error, "suspicious", "more than double precision explains, less than single does"
    return error, "suspicious", f"only {times:.1f} times what rounding explains"
