"""How far computed numbers may be from the exact ones, and what is said where they are further."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, NamedTuple

from chainrule.errors import FormulaWarning, InputError

if TYPE_CHECKING:
    from chainrule.formulas.checking import ExactValues, LargestError

TOLERANCE = {"float32": 1e-3, "float64": 1e-9}
"""A larger error is refused in float64, and warned of in float32."""


class Accuracy(NamedTuple):
    """The largest errors over |z| ≤ 1000, against exact numbers: relative above 1, absolute below."""

    value: dict[str, LargestError]
    slope: dict[str, LargestError]
    names: tuple[str, str] = ("φ", "φ'")

    def __str__(self) -> str:
        value, slope = self.names
        return "\n".join(
            f"largest error in {dtype}: {value} {self.value[dtype].error:.1e}, "
            f"{slope} {self.slope[dtype].error:.1e}"
            for dtype in ("float32", "float64")
        )


def require_accurate(what: str, errors: dict[str, LargestError]) -> None:
    """Refuse what float64 gets wrong, and warn of what float32 gets wrong."""
    if errors["float64"].error > TOLERANCE["float64"]:
        raise InputError(
            f"{what} must be computable over |z| ≤ 1000; in float64 it comes out as {errors['float64']}. "
            "Write it with functions that do not overflow or cancel, such as softplus, sigmoid and tanh."
        )
    if errors["float32"].error > TOLERANCE["float32"]:
        warnings.warn(
            f"{what} loses precision in float32: it comes out as {errors['float32']}.",
            FormulaWarning,
            stacklevel=4,
        )


def warn_of_overflow(what: str, known: ExactValues) -> None:
    """Warn where the exact numbers are larger than float32 holds."""
    if known.overflows.any():
        z = min(known.z[known.overflows], key=abs)
        warnings.warn(
            f"{what} is larger than float32 holds at z = {z:g}; training stops should it get there.",
            FormulaWarning,
            stacklevel=4,
        )
