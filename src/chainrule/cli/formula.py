"""``chainrule formula``: derive and check an activation or a loss of one's own."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

import click

from chainrule.cli.output import echo, note, print_text

if TYPE_CHECKING:
    from chainrule.formulas.activation import Activation
    from chainrule.formulas.head import Head


@click.command(
    short_help="Derive and check an activation or a loss of your own.",
    context_settings={"ignore_unknown_options": True},  # a formula may begin with a minus
)
@click.argument("formula")
@click.option(
    "--loss",
    metavar="FORMULA",
    help="Take FORMULA for the output activation, softmax or a formula in z, and derive the output error "
    "of this loss, a formula in a and y.",
)
@click.option("--latex", is_flag=True, help="Print the derivation in LaTeX.")
def formula(formula: str, loss: str | None, latex: bool) -> None:
    """Derive φ' of an activation FORMULA in z, such as 'z*tanh(log(1+exp(z)))', step by step.

    Then show the functions that would train, in a form that neither overflows nor cancels, and how far
    they are from the exact numbers over ±1000. Use it by:  chainrule train --hidden FORMULA

    Numbers, pi, e, + - * / **, and exp, log, sqrt, abs, sign, tanh, sinh, cosh, sigmoid, softplus, relu,
    erf, sin, cos, atan, asinh, expm1, log1p, min, max, where(z > 0, …, …).
    """
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        made = _made(formula, loss)
    derivation = made.derivation()
    print_text(f"{derivation.to_latex() if latex else derivation}\n\n{made.source}\n{made.accuracy}\n")
    for kink in getattr(made, "kinks", ()):
        echo(f"kink at z = {kink:g}: the derivative jumps there")
    for warning in told:
        note(warning.message)


def _made(text: str, loss: str | None) -> Activation | Head:
    from chainrule.formulas.activation import Activation
    from chainrule.formulas.head import Head

    return Activation.from_formula(text) if loss is None else Head.from_formulas(text, loss)
