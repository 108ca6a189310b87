"""From a text to functions: read, make stable, differentiate, simplify, choose, check, compile."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import sympy as sp

from chainrule.equations.printed import OfActivation, own
from chainrule.errors import FormulaWarning, InputError
from chainrule.formulas import checking, code, exact
from chainrule.formulas.accuracy import Accuracy, require_accurate, warn_of_overflow
from chainrule.formulas.branch_points import MIN_JUMP, branch_points
from chainrule.formulas.checking import ExactValues, LargestError
from chainrule.formulas.derivation import Derivation, Work, as_text, derivation
from chainrule.formulas.derivative import steps
from chainrule.formulas.functions import A, Z
from chainrule.formulas.language import read
from chainrule.formulas.simplify import forms
from chainrule.formulas.stable import rewrite


class Form(NamedTuple):
    """The form of a term that is computed: its text, its function, and its errors errors."""

    term: Any
    source: str
    function: Callable[..., Any]
    errors: dict[str, LargestError]


class DerivedActivation(NamedTuple):
    """What `Activation.from_formula` is made of."""

    phi: Callable[..., Any]
    d_phi: Callable[..., Any]
    kinks: tuple[float, ...]
    printed: OfActivation
    source: str
    accuracy: Accuracy
    derivation: Derivation


def derive_activation(formula: str) -> DerivedActivation:
    """φ and φ' of a formula, derived, checked and compiled."""
    written = read(formula, [Z])
    if not written.has(Z):
        raise InputError(
            f"an activation must depend on z; got {formula!r}. Write for example 'z/(1+abs(z))'."
        )
    readable, laws = rewrite(written, by_cases=False)
    known, kinks = exact_values_and_kinks(written)
    lines = steps(readable, Z)
    value = most_accurate(
        [readable, rewrite(readable)[0]],
        lambda term: code.source("phi", ("z",), term),
        lambda phi: checking.largest_errors(phi, known, slopes=False),
    )
    slope = most_accurate(
        [using_a(form, value.term) for form in forms(lines[-1].term)],
        lambda term: code.source("d_phi", ("z", "a"), term),
        lambda d_phi: checking.largest_errors(d_phi, known, slopes=True, a=known.value),
    )
    require_accurate(f"φ(z) = {formula}", value.errors)
    require_accurate(f"φ'(z) of {formula}", slope.errors)
    warn_of_overflow(f"φ(z) = {formula}", known)
    printed = OfActivation(own(formula.strip(), tag="F2"), own(as_text(slope.term), tag="F2"))
    work = Work(formula.strip(), written, readable, laws, lines, slope.term, value.term)
    return DerivedActivation(
        value.function,
        slope.function,
        kinks,
        printed,
        f"{value.source}\n\n{slope.source}",
        Accuracy(value.errors, slope.errors),
        derivation("φ", Z, work),
    )


def exact_values_and_kinks(written: Any) -> tuple[ExactValues, tuple[float, ...]]:
    """Exact numbers at every point, and the kinks.

    Raises:
        InputError: undefined somewhere, or with a jump.
    """
    try:
        known = checking.exact_values(written)
        found = branch_points(written)
    except exact.Undefined as error:
        raise InputError(
            "a formula must have a value and a derivative at every z from −1000 to 1000; "
            f"{error}. Restrict it, for example by abs, max or where."
        ) from error
    jumps = [point for point in found if abs(point.jump) > MIN_JUMP]
    if jumps:
        raise InputError(
            f"an activation must be continuous; this one jumps by {jumps[0].jump:.3g} at z = {jumps[0].z:g}, "
            "and its derivative there tells nothing. Join the branches."
        )
    for point in found:
        if point.slope_at is not None:
            at, beside = point.slope_at
            warnings.warn(
                f"at z = {point.z:g} itself the derivative is taken for {at:.6g}; beside it, it is "
                f"{beside:.6g}. "
                "Let one branch end and another begin there.",
                FormulaWarning,
                stacklevel=5,
            )
            break
    return known, tuple(point.z for point in found if abs(point.slope_jump) > MIN_JUMP)


def using_a(term: Any, phi: Any) -> Any:
    """φ' by means of a = φ(z), where φ(z) stands in it."""
    return term if phi == Z or phi.is_number else term.subs(phi, A)


def most_accurate(
    candidates: Iterable[Any],
    source: Callable[[Any], str],
    measure: Callable[[Callable[..., Any]], dict[str, LargestError]],
) -> Form:
    """The most accurate of equal forms over ±1000; of equals the one with the fewest operations."""
    found = []
    for term in dict.fromkeys(candidates):
        try:
            text = source(term)
        except OverflowError:  # a constant that only this form needs
            continue
        function = code.function(text)
        found.append(Form(term, text, function, measure(function)))
    if not found:
        raise InputError("a formula must hold numbers that float64 holds; got larger ones. Change them.")
    return min(found, key=lambda form: (checking.score(form.errors), _cost(form.term)))


def _cost(term: Any) -> int:
    shared, (rest,) = sp.cse([term])
    return int(sp.count_ops(rest) + sum(sp.count_ops(part) for _, part in shared))
