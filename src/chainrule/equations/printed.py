"""What is printed of a head or an activation: its own formulas, each with its tag in the derivation."""

from __future__ import annotations

import re
from typing import NamedTuple

VARIABLE = re.compile(r"\b[ayz]\b")
"""The variables of a formula that a user wrote."""


class Formula(NamedTuple):
    """A formula of one neuron m, in steps that are equal to each other, and its tag.

    The symbols are z_m, a_m, y_m and p_m; · stands between factors, so that numbers can be put in.
    ``tag`` is "" where the derivation has no equation for it, ``steps`` is empty where nothing is known.
    """

    tag: str = ""
    steps: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """Its last step, in which numbers are put; without any step ""."""
        return self.steps[-1] if self.steps else ""

    @property
    def each(self) -> str:
        """The share of one output m in a sum over outputs."""
        text = self.text.replace("Σ_m ", "", 1)
        return text[1:-1] if text.startswith("[") else text

    def __str__(self) -> str:
        """All steps, as the derivation writes products."""
        return " = ".join(self.steps).replace("·", " ")


def own(text: str, around: str = "{}", tag: str = "") -> Formula:
    """The formula that a user wrote in z, a and y, or that was derived from it."""
    return Formula(tag, (around.format(VARIABLE.sub(lambda found: f"{found[0]}_m", text)),))


class OfHead(NamedTuple):
    """What is printed of a head: of its output a, its loss J and its error δ^H.

    ``slope``: ∂ℓ_m/∂log a_m, written ℓ'_m, of a loss of one's own whose error is made of it.
    """

    a: Formula = Formula()
    J: Formula = Formula()
    delta: Formula = Formula()
    slope: Formula = Formula()


class OfActivation(NamedTuple):
    """What is printed of an activation, in z_m and a_m. ``letter`` is its sign where it has one, as σ."""

    phi: Formula = Formula("F2")
    d_phi: Formula = Formula("F2")
    letter: str = ""
