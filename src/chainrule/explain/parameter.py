"""One weight or bias: its chain rule with the numbers, the check by differences, and one step."""

from __future__ import annotations

from typing import Any, NamedTuple

from chainrule.checks import as_real
from chainrule.equations.optimizers import descend
from chainrule.explain.arithmetic import MOST, about, enough
from chainrule.explain.blocks import (
    Block,
    Equation,
    Heading,
    Line,
    Table,
    at,
    factor,
    layer,
    number,
    percent,
    top,
)
from chainrule.explain.check import Difference, difference, loss_at, problem_of
from chainrule.explain.formulas import in_numbers
from chainrule.explain.numbers import Numbers
from chainrule.explain.outputs import output_error, slope_equations
from chainrule.explain.shown import Shown
from chainrule.explain.sums import SMALL

ROWS = 10
"""Terms of the sum behind δ_j that are listed, where there are more than `SMALL`."""
DIGITS = 8
RIGHT = 1e-7
"""A larger relative error wants a reason, if the verdict is to be "right"."""


class Step(NamedTuple):
    """One step of gradient descent (G1) of this one parameter, all others as they are, in float64.

    ``predicted`` is what the slope alone foretells of the loss, −η (∂J/∂w)²; ``actual`` what it does.
    """

    learning_rate: float
    before: float
    after: float
    loss_before: float
    loss_after: float
    predicted: float

    @property
    def actual(self) -> float:
        """The change of this sample's loss."""
        return self.loss_after - self.loss_before


class _Parameter(NamedTuple):
    """What is known of one weight or bias."""

    explanation: Numbers
    layer: int
    tensor: str
    at: tuple[int, ...]
    value: float
    delta: float
    a: float
    gradient: float
    check: Difference
    step: Step


class ParameterExplanation(_Parameter, Shown):
    """∂J/∂w = ∂J/∂z^L_j · ∂z^L_j/∂w = δ^L_j · a^{L-1}_k (B3), or δ^L_j for a bias (B4).

    ``tensor`` is "W" or "b", ``at`` the place (j, k) or (j,) in it, counted from 0; ``value`` is w;
    ``delta`` δ^L_j; ``a`` the other factor, a^{L-1}_k or 1; ``gradient`` the entry of dW^L or db^L.
    """

    @property
    def name(self) -> str:
        """As the text writes it, which counts from 1: W^2_{8,13} or b^2_8."""
        return f"{self.tensor}{layer(self.layer)}{at(*self.at)}"

    @property
    def place(self) -> str:
        """As Python writes it, which counts from 0: W[2][7, 12] or b[2][7]."""
        return f"{self.tensor}[{self.layer}][{', '.join(map(str, self.at))}]"

    def blocks(self) -> list[Block]:
        """The explanation in words."""
        kind = "weight" if self.tensor == "W" else "bias"
        start = Heading(f"One {kind}: {self.name} = {number(self.value, DIGITS)}, in Python {self.place}")
        return [start, *_path(self), *_check(self), *_step(self)]

    def to_dict(self) -> dict[str, Any]:
        """Every number, as JSON can hold it."""
        return {
            "parameter": self.place,
            "value": self.value,
            "delta": self.delta,
            "a": self.a,
            "gradient": self.gradient,
            "check": self.check._asdict(),
            "step": {**self.step._asdict(), "actual": self.step.actual},
        }

    def __repr__(self) -> str:
        return f"<ParameterExplanation of {self.place}: gradient {self.gradient:.6g}, {self.check.verdict}>"


def explain_parameter(
    explanation: Numbers, L: int, tensor: str, index: tuple[int, ...], learning_rate: Any
) -> ParameterExplanation:
    """Explain the entry ``index`` of W^L or b^L, which must exist."""
    rate = as_real("learning_rate", learning_rate, above=0, remedy="Try 0.5.")
    gradient = float(getattr(explanation, f"d{tensor}")[L][index])
    value = float(getattr(explanation.params[L], tensor)[index])
    return ParameterExplanation(
        explanation,
        L,
        tensor,
        index,
        value,
        delta=float(explanation.delta[L][index[0]]),
        a=float(explanation.a[L - 1][index[1]]) if tensor == "W" else 1.0,
        gradient=gradient,
        check=difference(explanation, L, tensor, index),
        step=_one_step(explanation, L, tensor, index, value, gradient, rate),
    )


def _one_step(
    explanation: Numbers,
    L: int,
    tensor: str,
    index: tuple[int, ...],
    w: float,
    gradient: float,
    rate: float,
) -> Step:
    problem, after = problem_of(explanation), float(descend(w, gradient, rate))
    loss_before, loss_after = (loss_at(problem, L, tensor, index, value) for value in (w, after))
    return Step(rate, w, after, loss_before, loss_after, predicted=-rate * gradient**2)


def _path(p: ParameterExplanation) -> list[Block]:
    L, j = p.layer, p.at[0]
    z, delta, d = f"z{layer(L)}{at(j)}", f"δ{layer(L)}{at(j)}", f"∂J/∂{p.name}"
    last = number(p.gradient, DIGITS)
    if p.tensor == "b":
        slope, found = "1", Equation("B4", d, (f"∂J/∂{z} · ∂{z}/∂{p.name}", f"{delta} · 1", last))
    else:
        slope = f"a{layer(L - 1)}{at(p.at[1])}"
        numbers = enough(lambda n: f"{number(p.delta, n)} · {factor(p.a, n)}", last, DIGITS, MOST)
        found = Equation("B3", d, (f"∂J/∂{z} · ∂{z}/∂{p.name}", f"{delta} · {slope}", numbers, last))
    value = () if p.tensor == "b" else (number(p.a, DIGITS),)
    return [
        Line(f"It reaches the loss J through {z} alone, so the chain rule has two factors."),
        Equation("F1", f"∂{z}/∂{p.name}", (slope, *value)),
        *_error(p),
        found,
        *_silent(p),
    ]


def _error(p: ParameterExplanation) -> list[Block]:
    """Where δ^L_j comes from: from the head, or from the layer after (B2)."""
    e, L, j = p.explanation, p.layer, p.at[0]
    if e.H == L:
        error = output_error(e, j, DIGITS, (f"∂J/∂z{layer(L)}{at(j)}",), whole=True)
        return [*slope_equations(e, (j,)), error]
    return _hidden_error(p, L, j)


def _hidden_error(p: ParameterExplanation, L: int, j: int) -> list[Block]:
    """B2, with the terms of its sum."""
    e = p.explanation
    terms = e.back_terms(L, j)
    places = tuple(range(len(terms))) if len(terms) <= SMALL else top(terms, ROWS).places
    whole = f"(Σ_i W{layer(L + 1)}{at('i', j)} δ{layer(L + 1)}_i) φ'(z{layer(L)}{at(j)})"
    slope, error = e.d_phi[L][j], number(p.delta, DIGITS)
    product = enough(lambda n: f"{number(e.d_a[L][j], n)}·{factor(slope, n)}", error, DIGITS, MOST)
    return [
        Equation("B2", f"δ{layer(L)}{at(j)}", (f"∂J/∂z{layer(L)}{at(j)}", whole)),
        *_terms(e, L, j, places),
        _slope(e, L, j),
        Equation("B2", f"δ{layer(L)}{at(j)}", (product, error)),
    ]


def _terms(e: Numbers, L: int, j: int, places: tuple[int, ...]) -> list[Block]:
    """The table of W^{L+1}_ij δ^{L+1}_i."""
    terms, n = e.back_terms(L, j), len(e.delta[L + 1])
    W, above = e.params[L + 1].W[:, j], e.delta[L + 1]
    rows = [("B2", str(i + 1), *_product(W[i], above[i], terms[i])) for i in places]
    if len(places) < n:
        rows.append(("", f"the other {n - len(places)}", "", "", number(top(terms, ROWS).rest)))
    total = number(e.d_a[L][j], DIGITS)
    rows.append(("", "sum", "", "", about(" + ".join(f"({row[-1]})" for row in rows), total)))
    head = ("", "i", f"W{layer(L + 1)}{at('i', j)}", f"δ{layer(L + 1)}_i", "product")
    table: list[Block] = [Table(head, tuple(rows), fixed=2)]
    if len(places) == n:
        return table
    share = percent(top(terms, ROWS).share)
    return [*table, Line(f"{len(places)} of {n:,} terms, the largest: {share} of Σ|W δ|.", "dim")]


def _product(u: Any, v: Any, product: Any) -> tuple[str, str, str]:
    """Two factors and their product, with as many digits as it takes for them to agree."""
    found = number(product, DIGITS)
    pair = enough(lambda n: f"{number(u, n)}·{factor(v, n)}", found, DIGITS, MOST)
    first, second = (part.strip("()") for part in pair.split("·"))
    return first, second, about(pair, found)


def _slope(e: Numbers, L: int, j: int) -> Equation:
    """φ'(z^L_j) by the activation's own formula."""
    activation, slope = e.net.hidden[L], number(e.d_phi[L][j], DIGITS)
    name = f"{activation.symbol}'({number(e.z[L][j], DIGITS)})"
    text, values = activation.printed.d_phi.text, {"z_m": e.z[L][j], "a_m": e.a[L][j]}
    put_in = (enough(lambda n: in_numbers(text, values, n), slope, DIGITS, MOST),) if text else ()
    return Equation("F2", f"φ'(z{layer(L)}{at(j)})", tuple(dict.fromkeys((name, *put_in, slope))))


def _silent(p: ParameterExplanation) -> list[Block]:
    if p.gradient != 0:
        return []
    zeros = [f"δ{layer(p.layer)}{at(p.at[0])} = 0"] if p.delta == 0 else []
    zeros += [f"a{layer(p.layer - 1)}{at(p.at[1])} = 0"] if p.a == 0 else []
    why = " and ".join(zeros) or "Their product rounds to 0"
    return [Line(f"{why}: to first order this parameter changes nothing for this sample.", "dim")]


def _check(p: ParameterExplanation) -> list[Block]:
    c, name = p.check, p.name
    slope = number(c.quotient, DIGITS)
    values = enough(
        lambda n: f"[{number(c.upper, n)} − {factor(c.lower, n)}] / {number(2 * c.h, n)}", slope, 12, MOST
    )
    quotient = (f"[J({name} + h) − J({name} − h)] / 2h", values, slope)
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
    after = number(s.after, DIGITS)
    move = enough(
        lambda n: f"{number(s.before, n)} − {number(s.learning_rate, n)}·{factor(p.gradient, n)}",
        after,
        DIGITS,
        MOST,
    )
    return [
        Heading(f"One step of gradient descent, η = {number(s.learning_rate)}: {w} alone"),
        Equation("G1", f"{w} ← {w} − η ∂J/∂{w}", (move, after)),
        Table(
            ("", "before", "after", "change", "−η (∂J/∂w)², by the slope alone"),
            (
                ("w", *_change(s.before, s.after), ""),
                ("J", *_change(s.loss_before, s.loss_after), number(s.predicted)),
            ),
        ),
    ]


def _change(before: float, after: float) -> tuple[str, str, str]:
    """Before, after and the change, with as many digits as it takes for the change to be seen."""
    change = number(after - before)
    pair = enough(lambda n: f"{number(after, n)} − {factor(before, n)}", change, DIGITS, MOST)
    new, old = (part.strip("()") for part in pair.split(" − "))
    return old, new, change
