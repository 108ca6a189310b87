"""`Activation.from_formula`: a text becomes φ and φ', derived, checked, and ready to train."""

from __future__ import annotations

import warnings
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from chainrule.equations import activations as equations
from chainrule.errors import FormulaWarning, InputError

if TYPE_CHECKING:
    from chainrule.formulas.accuracy import Accuracy
    from chainrule.formulas.derivation import Derivation


class Activation(equations.Activation):
    """A hidden activation: φ beside φ', by hand as ``Activation(name, phi, d_phi)`` or `from_formula`.

    Attributes:
        formula: the text it was made from, or None.
        source: the two functions that run, as Python text.
        accuracy: how far they are from the exact numbers.
    """

    formula: str | None = None
    source: str = ""
    accuracy: Accuracy | None = None
    _derivation: Derivation | None = None

    @classmethod
    def from_formula(cls, formula: str, *, name: str | None = None) -> Activation:
        """Make an activation from a formula in z, such as ``"z*tanh(log(1+exp(z)))"``.

        The text is read by a whitelist and never evaluated. It is brought into a form that does not
        overflow, differentiated rule by rule, simplified; both functions are compared with exact numbers
        over ±1000 in float32 and float64.

        Args:
            formula: numbers, ``z``, ``pi``, ``e``, ``+ - * / **``, and the functions exp, log, sqrt, abs,
                sign, tanh, sinh, cosh, sigmoid, softplus, relu, erf, sin, cos, atan, asinh, expm1, log1p,
                min, max, where(z > 0, …, …).
            name: what to call it; the formula itself if None.

        Raises:
            InputError: no formula of this language (the column is named), undefined or with a jump
                somewhere in ±1000, or beyond what could be computed there in float64.

        Warns:
            FormulaWarning: inaccurate in float32, or larger than float32 holds.
        """
        from chainrule.formulas.derive import derive_activation

        found = derive_activation(formula)
        made = cls(name or formula.strip(), found.phi, found.d_phi, found.kinks, found.printed)
        made.formula, made.source, made.accuracy = formula.strip(), found.source, found.accuracy
        made._derivation = found.derivation
        return made

    def derivation(self) -> Derivation:
        """How φ' follows from the formula, step by step. ``print`` shows it.

        Raises:
            InputError: an activation that was not made from a formula.
        """
        if self._derivation is None:
            raise InputError(
                f"an activation must be made from a formula to have a derivation; {self.name!r} was not. "
                "Use Activation.from_formula."
            )
        return self._derivation

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle and copy by the formula: functions made from text have no module to be found in."""
        if self.formula is None:
            return (type(self), tuple(self))
        return (restore, (self.formula, self.name))


@lru_cache(maxsize=64)
def restore(formula: str, name: str) -> Activation:
    """Make an activation once more, from a file or a copy, without warnings that were given before."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FormulaWarning)
        return Activation.from_formula(formula, name=name)
