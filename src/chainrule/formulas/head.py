"""`Head.from_formulas`: a link and a loss become an output head, with δ^H derived and checked."""

from __future__ import annotations

import warnings
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from chainrule.equations import heads as equations
from chainrule.errors import FormulaWarning, InputError

if TYPE_CHECKING:
    from chainrule.formulas.accuracy import Accuracy
    from chainrule.formulas.derivation import Derivation


class Head(equations.Head):
    """Output activation, loss and δ^H = ∂J/∂z^H, `from_formulas`.

    Attributes:
        formulas: the texts of link and loss, or None.
        source: the functions that run, as Python text.
        accuracy: how far loss and δ are from the exact numbers.
    """

    formulas: tuple[str, str] | None = None
    source: str = ""
    accuracy: Accuracy | None = None
    _derivation: Derivation | None = None

    @classmethod
    def from_formulas(
        cls, link: str, loss: str, *, name: str | None = None, multi_label: bool = False
    ) -> Head:
        """Make an output head, such as ``Head.from_formulas(link="softmax", loss="-y*(1-a)**2*log(a)")``.

        J = Σ_m ℓ(a_m, y_m), and δ = ∂J/∂z is derived: for a link that acts on every output alone,
        δ_m = ∂ℓ(g(z_m), y_m)/∂z_m; for softmax, with s = log a, δ_k = ∂ℓ_k/∂s_k − a_k Σ_m ∂ℓ_m/∂s_m.

        Args:
            link: the output activation, a formula in z with values from 0 to 1, or ``"softmax"``.
            loss: ℓ, what one output adds to the loss, a formula in a and y.
            name: what to call it; both formulas if None.
            multi_label: every output is a label of its own, on or off.

        Raises:
            InputError: no formulas of the language (see `Activation.from_formula`), a link that leaves
                [0, 1], a loss that is infinite for an output that occurs, or nothing float64 can compute.

        Warns:
            FormulaWarning: inaccurate in float32.
        """
        from chainrule.formulas.derive_head import derive_head

        found = derive_head(link, loss, multi_label)
        made = cls(
            name or f"{link}, {loss}",
            *found.functions,
            loss_name=name or "loss",
            distribution=found.distribution,
            multi_label=multi_label,
            link="softmax" if found.distribution else link,
            printed=found.printed,
        )
        made.formulas, made.source, made.accuracy = (link, loss), found.source, found.accuracy
        made._derivation = found.derivation
        return made

    def derivation(self) -> Derivation:
        """How δ follows from link and loss, step by step. ``print`` shows it.

        Raises:
            InputError: a head that was not made from formulas.
        """
        if self._derivation is None:
            raise InputError(
                f"a head must be made from formulas to have a derivation; {self.name!r} was not. "
                "Use Head.from_formulas."
            )
        return self._derivation

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle and copy by the formulas."""
        if self.formulas is None:
            return (type(self), tuple(self))
        return (restore, (*self.formulas, self.name, self.multi_label))


@lru_cache(maxsize=64)
def restore(link: str, loss: str, name: str, multi_label: bool) -> Head:
    """Make a head once more, from a file or a copy, without warnings that were given before."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FormulaWarning)
        return Head.from_formulas(link, loss, name=name, multi_label=multi_label)
