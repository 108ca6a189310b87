"""One weight's or bias's explanation in words: the chain rule, the check, the step."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chainrule.explain.blocks import Block, Equation, Heading, Line, Table, factor, number, percent, top
from chainrule.explain.outputs import error_tag, output_error
from chainrule.explain.sample_report import hidden_error_equation
from chainrule.explain.sums import SMALL

if TYPE_CHECKING:
    from chainrule.explain.check import Difference
    from chainrule.explain.parameter import ParameterExplanation

ROWS = 10
"""Terms of the sum behind δ_j that are listed, where there are more than `SMALL`."""
DIGITS = 8
RIGHT = 1e-7
"""A larger relative error wants a reason, if the verdict is to be "right"."""


def blocks(p: ParameterExplanation) -> list[Block]:
    """The whole explanation."""
    start = Heading(f"One {'weight' if p.tensor == 'W' else 'bias'}: {p.name} = {number(p.value, DIGITS)}")
    return [start, *_path(p), *_check(p), *_step(p)]


def _path(p: ParameterExplanation) -> list[Block]:
    L, j = p.layer, p.at[0]
    z, delta, d = f"z^{L}_{j}", f"δ^{L}_{j}", f"∂J/∂{p.name}"
    last = number(p.gradient, DIGITS)
    if p.tensor == "b":
        slope, found = "1", Equation("B4", d, (f"∂J/∂{z} · ∂{z}/∂{p.name}", f"{delta} · 1", last))
    else:
        slope = f"a^{L - 1}_{p.at[1]}"
        numbers = f"{number(p.delta, DIGITS)} · {factor(p.a, DIGITS)}"
        found = Equation("B3", d, (f"∂J/∂{z} · ∂{z}/∂{p.name}", f"{delta} · {slope}", numbers, last))
    value = () if p.tensor == "b" else (number(p.a, DIGITS),)
    return [
        Line(
            f"In Python network.{p.place}. It reaches the loss J through {z} alone, "
            "so the chain rule has two factors."
        ),
        Equation("F1", f"∂{z}/∂{p.name}", (slope, *value)),
        *_error(p),
        found,
        *_silent(p),
    ]


def _error(p: ParameterExplanation) -> list[Block]:
    """Where δ^L_j comes from: B1, or B2 with the terms of its sum."""
    e, L, j = p.explanation, p.layer, p.at[0]
    if e.H == L:
        steps = (f"∂J/∂z^{L}_{j}", *output_error(e, j), number(p.delta, DIGITS))
        return [Equation(error_tag(e), f"δ^{L}_{j}", steps)]
    equation = hidden_error_equation(e, L, j)
    terms = e.back_terms(L, j)
    n = len(terms)
    places = tuple(range(n)) if n <= SMALL else top(terms, ROWS).places
    W, above = e.params[L + 1].W[:, j], e.delta[L + 1]
    rows = [("B2", str(i), number(W[i]), number(above[i]), number(terms[i])) for i in places]
    if len(places) < n:
        rows.append(("", f"the other {n - len(places)}", "", "", number(top(terms, ROWS).rest)))
    rows.append(("", "sum", "", "", number(e.d_a[L][j])))
    head = ("", "i", f"W^{L + 1}_i,{j}", f"δ^{L + 1}_i", "product")
    found: list[Block] = [
        Equation("B2", f"δ^{L}_{j}", (f"∂J/∂z^{L}_{j}", f"(Σ_i W^{L + 1}_i,{j} δ^{L + 1}_i) φ'(z^{L}_{j})")),
        Table(head, tuple(rows), fixed=2),
    ]
    if len(places) < n:
        share = percent(top(terms, ROWS).share)
        found.append(Line(f"{len(places)} of {n:,} terms, the largest: {share} of Σ|W δ|.", "dim"))
    name, slope = e.net.hidden[L].name, number(e.d_phi[L][j], DIGITS)
    found.append(Equation("F2", f"φ'(z^{L}_{j})", (f"{name}'({number(e.z[L][j], DIGITS)})", slope)))
    return [*found, equation._replace(steps=(*equation.steps[-2:-1], number(p.delta, DIGITS)))]


def _silent(p: ParameterExplanation) -> list[Block]:
    if p.gradient != 0:
        return []
    zeros = [f"δ^{p.layer}_{p.at[0]} = 0"] if p.delta == 0 else []
    zeros += [f"a^{p.layer - 1}_{p.at[1]} = 0"] if p.a == 0 else []
    why = " and ".join(zeros) or "Their product rounds to 0"
    return [Line(f"{why}: to first order this parameter changes nothing for this sample.", "dim")]


def _check(p: ParameterExplanation) -> list[Block]:
    c, name = p.check, p.name
    values = f"[{number(c.upper, 12)} − {factor(c.lower, 12)}] / {number(2 * c.h)}"
    quotient = (f"[J({name} + h) − J({name} − h)] / 2h", values, number(c.quotient, DIGITS))
    rounded = f"within {number(c.doubt, 2)}, which rounding explains" if c.relative_error > RIGHT else ""
    why = f" ({c.why or rounded})" if c.why or (rounded and c.verdict == "right") else ""
    found = (
        f"Gradient {number(c.gradient, DIGITS)}, differences extrapolated to h = 0 "
        f"{number(c.limit, DIGITS)}, relative error {c.relative_error:.1e}: {c.verdict}{why}"
    )
    return [
        Heading(f"Check: {name} alone moved, by h = {number(c.h)}"),
        Equation("", f"∂J/∂{name}", quotient),
        Line(found, "good" if c.verdict == "right" else "bad" if c.verdict == "wrong" else ""),
        *_precision(p),
        *_kinks(c),
    ]


def _precision(p: ParameterExplanation) -> list[Block]:
    """What float32 has to do with it."""
    dtype = p.explanation.dtype.name
    if dtype == "float64":
        return []
    off = number(p.gradient - p.check.gradient, 2)
    return [Line(f"Check and step are in float64, on a copy. The {dtype} gradient is off by {off}.", "dim")]


def _kinks(c: Difference) -> list[Block]:
    if c.sides is not None:
        low, high = (number(side) for side in c.sides)
        text = "A z that this parameter moves stands on a kink of φ, where the loss has two slopes, between"
        return [Line(f"{text} {low} and {high}; φ' is that of the left, and so is the gradient.")]
    if c.crossed:
        text = "A step of h takes some z over a kink of φ, where the quotient at this h measures neither"
        return [Line(f"{text} side. The extrapolated value stays on its own side.")]
    return []


def _step(p: ParameterExplanation) -> list[Block]:
    s, w = p.step, p.name
    move = f"{number(s.before, DIGITS)} − {number(s.learning_rate)}·{factor(p.gradient, DIGITS)}"
    return [
        Heading(f"One step of gradient descent, η = {number(s.learning_rate)}: {w} alone"),
        Equation("G1", f"{w} ← {w} − η ∂J/∂{w}", (move, number(s.after, DIGITS))),
        Table(
            ("", "before", "after", "change", "−η (∂J/∂w)², by the slope alone"),
            (
                ("w", *_change(s.before, s.after), ""),
                ("J", *_change(s.loss_before, s.loss_after), number(s.predicted)),
            ),
        ),
    ]


def _change(before: float, after: float) -> tuple[str, str, str]:
    return number(before, DIGITS), number(after, DIGITS), number(after - before)
