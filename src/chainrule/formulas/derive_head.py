"""From two texts to an output head: read, join, differentiate in the logits, check, compile."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
import sympy as sp
from numpy.typing import NDArray

from chainrule.equations.activations import SIGMOID
from chainrule.equations.heads import SOFTMAX as SOFTMAX_FORMULA
from chainrule.equations.printed import Formula, OfHead, own
from chainrule.errors import InputError
from chainrule.formulas import checking, code, exact
from chainrule.formulas.accuracy import Accuracy, require_accurate
from chainrule.formulas.checking import POINTS, LargestError
from chainrule.formulas.derivation import Derivation, Work, as_text, derivation
from chainrule.formulas.derivative import steps
from chainrule.formulas.derive import Form, exact_values_and_kinks, most_accurate, using_a
from chainrule.formulas.functions import A, Exp, Log, S, Sigmoid, Y, Z
from chainrule.formulas.language import read
from chainrule.formulas.simplify import forms
from chainrule.formulas.stable import rewrite

SOFTMAX = ("softmax", "softmax(z)")
TARGETS = (0.0, 1.0, 0.0625)
"""A label off, on, and smoothed."""
BY_SOFTMAX = "δ_k = Σ_m ∂ℓ_m/∂s_m ([m = k] − a_k) = ℓ'_k − a_k Σ_m ℓ'_m, for ∂s_m/∂z_k = [m = k] − a_k (H1)"


class Link(NamedTuple):
    """The output activation: the term of one output in ``x``, which is z, or s = log a for softmax."""

    x: Any
    term: Any
    predict: str

    @property
    def shared(self) -> bool:
        """Whether the outputs share one distribution."""
        return bool(self.x == S)


class DerivedHead(NamedTuple):
    """What `Head.from_formulas` is made of. ``functions``: predict, loss and delta."""

    functions: tuple[Callable[..., Any], Callable[..., Any], Callable[..., Any]]
    distribution: bool
    printed: OfHead
    source: str
    accuracy: Accuracy
    derivation: Derivation


def derive_head(link_text: str, loss_text: str, multi_label: bool) -> DerivedHead:
    """Output activation, loss and δ of two formulas, derived, checked and compiled."""
    if link_text in SOFTMAX and multi_label:
        raise InputError("multi_label must be False for the link softmax, whose outputs share one label.")
    link = _read_link(link_text)
    of_a = read(loss_text, [A, Y])
    if not of_a.has(A):
        raise InputError(f"a loss must depend on a, the output; got {loss_text!r}. Try '(a-y)**2/2'.")
    written = of_a.xreplace({A: link.term})
    readable, laws = rewrite(written, by_cases=False)
    lines = steps(readable, link.x)
    value, slope = _chosen(link, written, readable, lines[-1].term)
    sources = (link.predict, _loss_source(link, value.term), _delta_source(link, slope.term))
    predict, loss, delta = map(code.function, sources)
    accuracy = _accuracy(predict, loss, delta, link, written)
    require_accurate(f"the loss {loss_text} of {link_text}", accuracy.value)
    require_accurate(f"δ of {loss_text} with {link_text}", accuracy.slope)
    typed = f"{loss_text} with a = {'exp(s), s = log softmax(z)' if link.shared else link_text}"
    work = Work(typed, written, readable, laws, lines, slope.term, link.term)
    steps_of = derivation("ℓ", link.x, work, (BY_SOFTMAX,) if link.shared else ())
    return DerivedHead(
        (predict, loss, delta),
        link.shared,
        _printed(link, link_text, loss_text, slope.term),
        "\n\n".join(sources),
        accuracy,
        steps_of,
    )


def _printed(link: Link, link_text: str, loss_text: str, slope: Any) -> OfHead:
    """The formulas as they were written, δ as it was derived; tags of the derivation only for the link."""
    loss = own(loss_text, "Σ_m [{}]")
    derived = own(as_text(slope.xreplace({S: sp.Symbol("log(a)")})))
    if link.shared:
        return OfHead(SOFTMAX_FORMULA, loss, Formula("", ("ℓ'_m − a_m·Σ_k ℓ'_k",)), derived)
    return OfHead(SIGMOID if link.term == Sigmoid(Z) else own(link_text), loss, derived)


def _read_link(text: str) -> Link:
    if text in SOFTMAX:
        return Link(S, Exp(S), "def predict(xp, z):\n    return softmax(xp, z)\n")
    written = read(text, [Z])
    known, _ = exact_values_and_kinks(written)
    outside = ~((known.value >= 0) & (known.value <= 1))
    if outside.any() or known.overflows.any():
        i = int(np.argmax(outside | known.overflows))
        raise InputError(
            "a link must have values from 0 to 1, which are read as probabilities; "
            f"{text} is {known.value[i]:.6g} at z = {known.z[i]:g}. Try 1/(1+exp(-z)) or softmax."
        )
    best = most_accurate(
        [rewrite(written, by_cases=False)[0], rewrite(written)[0]],
        lambda term: code.source("predict", ("z",), term),
        lambda predict: checking.largest_errors(predict, known, slopes=False),
    )
    require_accurate(f"the link {text}", best.errors)
    return Link(Z, best.term, best.source)


def _known(written: Any, link: Link, y: float) -> checking.ExactValues:
    """Exact ℓ and ∂ℓ/∂x for one target, at every logit, or at every s = log a ≤ 0."""
    places = POINTS if link.x == Z else POINTS[POINTS <= 0]
    try:
        return checking.exact_values(written.xreplace({Y: sp.Rational(y)}), places, link.x)
    except exact.Undefined as error:
        raise InputError(
            "a loss must be finite, with a derivative, for every output that occurs; with y = "
            f"{y:g} {error}. Join log(a) and log(1-a) to a link that reaches neither 0 nor 1."
        ) from error


def _chosen(link: Link, written: Any, readable: Any, raw: Any) -> tuple[Form, Form]:
    """The most accurate forms of ℓ and of its derivative, over all logits and targets."""
    known = [_known(written, link, y) for y in TARGETS]
    outputs = checking.exact_values(link.term, known[0].z, link.x).value

    def measured(slopes: bool) -> Callable[[Callable[..., Any]], dict[str, LargestError]]:
        def over_targets(form: Callable[..., Any]) -> dict[str, LargestError]:
            found = [
                checking.largest_errors(form, exact_, slopes, a=outputs, y=np.full(len(outputs), y))
                for y, exact_ in zip(TARGETS, known, strict=True)
            ]
            return {name: max(errors[name] for errors in found) for name in found[0]}

        return over_targets

    def source(term: Any) -> str:
        return code.source("form", (link.x.name, "a", "y"), term)

    value = most_accurate([readable, rewrite(readable)[0]], source, measured(slopes=False))
    equal = [using_a(form, link.term) for form in forms(raw)]
    return value, most_accurate(equal, source, measured(slopes=True))


def _first(link: Link, term: Any) -> str:
    return "s = log_softmax(xp, z)" if term.has(S) else ""


def _loss_source(link: Link, term: Any) -> str:
    """J = Σ_m ℓ(a_m, y_m), from the logits."""
    return code.source("loss", ("z", "y"), term, "return xp.sum({}, axis=1)", _first(link, term))


def _delta_source(link: Link, term: Any) -> str:
    """δ = ∂J/∂z: that of each output alone, or all joined by softmax's Jacobian."""
    joined = "h = {}\nreturn h - a * xp.sum(h, axis=1, keepdims=True)"
    return code.source(
        "delta", ("z", "a", "y"), term, joined if link.shared else "return {}", _first(link, term)
    )


def _accuracy(
    predict: Callable[..., Any], loss: Callable[..., Any], delta: Callable[..., Any], link: Link, written: Any
) -> Accuracy:
    """The finished functions on rows of three outputs, small and huge, against exact numbers of J and δ."""
    z, y = _rows(link)
    try:
        exact_ = [_row(written, link, *row) for row in zip(z, y, strict=True)]
    except exact.Undefined as error:
        raise InputError(
            f"a loss must be finite, with a derivative, for every output and target; among the rows tried "
            f"{error}. Use no poles in a or y between 0 and 1."
        ) from error
    losses, deltas = (np.array(column) for column in zip(*exact_, strict=True))
    value, slope = {}, {}
    for name in ("float32", "float64"):
        z_, y_ = z.astype(name), y.astype(name)
        a = checking.run(predict, z_)
        got_loss, got_delta = checking.run(loss, z_, y_), checking.run(delta, z_, a, y_)
        value[name] = checking.largest_error(got_loss, z.max(axis=1), losses, ~(np.abs(losses) < 1e38))
        flat = ~(np.abs(deltas) < 1e38)
        slope[name] = checking.largest_error(got_delta.ravel(), z.ravel(), deltas.ravel(), flat.ravel())
    return Accuracy(value, slope, ("J", "δ"))


def _rows(link: Link) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    rng = np.random.default_rng(0)
    z = np.concatenate([scale * rng.standard_normal((8, 3)) for scale in (1, 30, 500)]).astype(np.float32)
    y = np.zeros_like(z)
    y[np.arange(len(z)), rng.integers(0, 3, len(z))] = 1
    if not link.shared:
        y = (rng.random(z.shape) < 0.5).astype(np.float32)
    y[::4] = 0.875 * y[::4] + np.float32(0.125) / (4 if link.shared else 2)
    if link.shared:
        y[::4, 0] += 1 - y[::4].sum(axis=1)
    return np.clip(z, -1000, 1000), y


def _row(written: Any, link: Link, z: Sequence[float], y: Sequence[float]) -> tuple[float, list[float]]:
    """J and ∂J/∂z of one row, by dual numbers."""
    logits = sp.symbols(f"z:{len(z)}", real=True)
    total = Log(sp.Add(*map(Exp, logits)))
    terms = [
        written.xreplace({link.x: logit - total if link.shared else logit, Y: sp.Rational(float(target))})
        for logit, target in zip(logits, y, strict=True)
    ]
    at = {logit: float(value) for logit, value in zip(logits, z, strict=True)}
    found = [exact.evaluate(sp.Add(*terms), at, logit) for logit in logits]
    return float(found[0].value), [float(dual.slope) for dual in found]
