"""The output layer: from the stable code to the textbook's formulas, and δ^H with every step.

Softmax: Jacobian by the quotient rule, two cases joined by Kronecker's delta, the chain rule through the
loss, Σ_m y_m = 1. Sigmoid: σ' = σ(1 − σ), the chain rule, a cancellation. Quadratic: σ' stays.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from chainrule.derivation.blocks import Block, Chain, Section, note, say, warn
from chainrule.derivation.equations import (
    J,
    loss_forms,
    output_error_forms,
    softmax_forms,
)
from chainrule.derivation.steps import Ledger, Steps
from chainrule.derivation.terms.calculus import decided
from chainrule.derivation.terms.entries import as_column
from chainrule.derivation.terms.evaluate import Get, World, value
from chainrule.derivation.terms.terms import (
    Add,
    Apply,
    Big,
    D,
    Delta,
    Frac,
    Neg,
    Rel,
    Sym,
    Term,
    add,
    over,
    times,
)
from chainrule.derivation.terms.textbook import (
    renamed,
    sigmoid_of,
)
from chainrule.derivation.terms.tracing import rows, targets
from chainrule.derivation.terms.verify import Setting
from chainrule.equations import activations, heads
from chainrule.proof.claims.claims import Given
from chainrule.types import Array, Namespace

WIDEST = 3
"""Outputs in the instances on which steps are verified; for any number there are the theorems."""


class Output:
    """The output layer H of a network: its symbols, and the settings in which its steps are checked."""

    def __init__(self, head: heads.Head, H: int, width: int, ledger: Ledger, layout: str = "columns") -> None:
        self.layout = layout
        self.head, self.H, self.ledger = head, H, ledger
        self.width = min(width, WIDEST)
        self.z, self.a, self.delta = rows("z", H), rows("a", H), rows("δ", H)
        self.y = targets(H)
        self.loss = loss_forms(head, H)

    def setting(self, kind: str = "any") -> Setting:
        """Logits and targets given; outputs, loss and δ by the shipped functions."""
        H, head, dim = str(self.H), self.head, f"n_{self.H}"
        shape = (1, self.width)
        loss = self.loss.entry.right

        def J_of_outputs(xp: Namespace, get: Get) -> Array:
            given = {("a", H): get("a", H), ("y", ""): get("y")}
            return value(loss, World(xp, {dim: self.width}, given))

        def delta(xp: Namespace, get: Get) -> Array:
            return head.delta(xp, get("z", H), get("a", H), get("y"))

        return Setting(
            dims={dim: self.width, "N": 1},
            given={
                ("z", H): Given(shape, kind),
                ("y", ""): Given(shape, "distribution" if head.distribution else "share"),
            },
            made={
                ("a", H): lambda xp, get: head.predict(xp, get("z", H)),
                ("J", ""): J_of_outputs,
                ("δ", H): delta,
            },
            functions={"σ": activations.sigmoid, "σ'": _d_sigmoid},
            ranges=dict.fromkeys("mjk", dim),
            branched=None if head.distribution or kind != "any" else ("z", H),
        )

    def chain(self, left: Term, kind: str = "any", **options: Any) -> Steps:
        """A chain of steps in this setting."""
        return Steps(self.ledger, self.setting(kind), left, **options)


def _d_sigmoid(xp: Namespace, z: Array) -> Array:
    return activations.d_sigmoid(xp, z, activations.sigmoid(xp, z))


def output_error(out: Output) -> Section:
    """B1 or Q2: δ^H = ∂J/∂z^H with every step."""
    z = out.z.at("j" if out.head.distribution else "m")
    lead = say(
        "The error of the output layer is the derivative of the loss in its weighted inputs, ",
        _definition(out, z),
        ". The loss is a function of the outputs, and these are functions of the weighted inputs.",
    )
    body = {"H2": _softmax, "H4": _sigmoid, "Q1": _quadratic}[out.head.printed.J.tag](out)
    return Section((f"Error of the output layer: Eq. {out.head.printed.delta.tag}",), (lead, *body))


def _definition(out: Output, z: Sym) -> Term:
    return Rel("=", out.delta.at(*z.sub), D(J, z))


def _softmax(out: Output) -> list[Block]:
    jacobian = softmax_jacobian(out)
    slope = loss_slope(out)
    return [
        say("Kronecker's delta ", Delta("m", "j"), " is 1 where m = j, and 0 elsewhere."),
        say("First, how each output depends on each weighted input (Eq. H1):"),
        *jacobian,
        say("Then, how the loss depends on each output (Eq. H2):"),
        slope,
        say("Every output depends on every weighted input, so the chain rule sums over all outputs:"),
        softmax_chain(out, slope.steps[-1].right),
        _matrix_form(out),
    ]


def softmax_jacobian(out: Output) -> list[Block]:
    """∂a_m/∂z_j = a_m ([m = j] − a_j)."""
    z, a = out.z.at("j"), out.a.at("m")
    forms = softmax_forms(out.H)
    general = out.chain(D(a, z)).derivative(forms.entry.right, z, "Eq. H1")
    total = forms.entry.right.den  # type: ignore[attr-defined]
    out_j, e_j = out.a.at("j"), Apply("exp", (z,))
    found = general.last
    equal = out.chain(D(a, z), when=_same, case=("where m = j",))
    equal.to(decided(found, "m", "j", True), "[m=j] = 1, and m is j")
    equal.to(times(Frac(e_j, total), Frac(add(total, Neg(e_j)), total)), "one factor is common to both terms")
    equal.to(times(out_j, 1 - out_j), "Eq. H1")
    other = out.chain(D(a, z), when=_different, case=("where m ≠ j",))
    other.to(decided(found, "m", "j", False), "[m=j] = 0")
    e_m = Apply("exp", (out.z.at("m"),))
    other.to(Neg(times(Frac(e_m, total), Frac(e_j, total))), "one denominator for each factor")
    other.to(Neg(times(a, out_j)), "Eq. H1")
    joined = out.chain(D(a, z)).to(
        times(a, Add((Delta("m", "j"), Neg(out_j)))), "both cases in one, by Kronecker's delta"
    )
    return [general.done(), equal.done(), other.done(), joined.done()]


def _same(at: Mapping[str, int]) -> bool:
    return at.get("m", at["j"]) == at["j"]


def _different(at: Mapping[str, int]) -> bool:
    return at.get("m") != at["j"]


def loss_slope(out: Output) -> Chain:
    """∂J/∂a_m."""
    a = out.a.at("m")
    tag = out.head.printed.J.tag
    chain = out.chain(D(J, a)).derivative(renamed(out.loss.entry.right, "m", "k"), a, f"Eq. {tag}")
    y = out.y.at("m")
    if tag == "H4":
        chain.to(over(add(a, Neg(y)), times(a, 1 - a)), "one denominator; y a cancels")
    if tag == "Q1":
        chain.to(add(a, Neg(y)), "½ · 2 = 1")
    return chain.done()


def softmax_chain(out: Output, slope: Term) -> Chain:
    """Σ_m ∂J/∂a_m ∂a_m/∂z_j = a_j − y_j."""
    z, a, y, a_j, y_j = out.z.at("j"), out.a.at("m"), out.y.at("m"), out.a.at("j"), out.y.at("j")
    dim, delta = f"n_{out.H}", Delta("m", "j")

    def total(body: Term) -> Term:
        return Big("Σ", "m", body, dim)

    chain = out.chain(out.delta.at("j")).to(D(J, z), "definition of δ")
    chain.to(total(times(D(J, a), D(a, z))), "chain rule")
    chain.to(total(times(slope, times(a, add(delta, Neg(a_j))))), "both results above")
    chain.to(Neg(total(times(y, add(delta, Neg(a_j))))), a, " cancels")
    parts = add(Neg(total(times(y, delta))), total(times(y, a_j)))
    chain.to(parts, "the sum, term by term")
    chain.to(add(Neg(y_j), times(a_j, total(y))), "one summand remains; ", a_j, " does not depend on m")
    chain.to(add(Neg(y_j), a_j), "the targets sum to 1: ", total(y), " = 1")
    return chain.to(add(a_j, Neg(y_j)), "Eq. B1").done()


def _matrix_form(out: Output) -> Chain:
    forms = output_error_forms(out.head, out.H)
    rule = f"all entries at once, as the code computes it: Eq. {out.head.printed.delta.tag}"
    turned = out.layout == "columns"
    chain = out.chain(as_column(out.delta) if turned else out.delta)
    return chain.to((forms.columns if turned else forms.rows).right, rule).done()


def sigmoid_slope(out: Output) -> Chain:
    """∂a_m/∂z_m = a_m (1 − a_m)."""
    z, a = out.z.at("m"), out.a.at("m")
    chain = out.chain(D(a, z)).derivative(sigmoid_of(z), z, "Eq. H3")
    s = sigmoid_of(z)
    chain.to(times(s, 1 - s), "e^{−z} = (1 + e^{−z}) − 1")
    return chain.to(times(a, 1 - a), "Eq. H3").done()


def _sigmoid(out: Output) -> list[Block]:
    z, a, y = out.z.at("m"), out.a.at("m"), out.y.at("m")
    slope, loss = sigmoid_slope(out), loss_slope(out)
    chain = out.chain(out.delta.at("m")).to(D(J, z), "definition of δ")
    chain.to(times(D(J, a), D(a, z)), "chain rule: ", a, " is the only output that depends on ", z)
    chain.to(times(loss.steps[-1].right, slope.steps[-1].right), "both results above")
    chain.to(add(a, Neg(y)), times(a, 1 - a), " cancels: Eq. B1")
    return [
        say("First, how the output depends on its weighted input (Eq. H3):"),
        slope,
        say("Then, how the loss depends on each output (Eq. H4):"),
        loss,
        say("Together:"),
        chain.done(),
        note(
            "The slope of the sigmoid cancels against the denominator that the logarithms leave: that is why "
            "an output that is saturated and wrong still learns."
        ),
        _matrix_form(out),
    ]


def _quadratic(out: Output) -> list[Block]:
    z, a, y = out.z.at("m"), out.a.at("m"), out.y.at("m")
    slope, loss = sigmoid_slope(out), loss_slope(out)
    chain = out.chain(out.delta.at("m")).to(D(J, z), "definition of δ")
    chain.to(times(D(J, a), D(a, z)), "chain rule: ", a, " is the only output that depends on ", z)
    chain.to(times(add(a, Neg(y)), D(a, z)), "the slope of the loss, from above")
    chain.to(times(add(a, Neg(y)), a, 1 - a), "the slope of the sigmoid")
    chain.to(times(add(a, Neg(y)), Apply("σ'", (z,))), "σ' = σ (1 − σ): Eq. Q2")
    return [
        say("First, how the output depends on its weighted input (Eq. H3):"),
        slope,
        say("Then, how the loss depends on each output (Eq. Q1):"),
        loss,
        say("Together:"),
        chain.done(),
        _matrix_form(out),
        warn(
            "The factor ",
            Apply("σ'", (z,)),
            " belongs to the quadratic cost alone. Where an output is "
            "saturated it is nearly 0, even if the output is wrong, and learning stalls. Code that says "
            "cross-entropy and multiplies by it computes the gradient of another loss: for cross-entropy the "
            "factor cancels, and what remains is ",
            add(a, Neg(y)),
            " (Eq. B1).",
        ),
    ]
