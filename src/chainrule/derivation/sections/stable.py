"""From the stable code of the output layer to the textbook's formulas: the shift, |z|, log-sum-exp."""

from __future__ import annotations

from chainrule.derivation.blocks import Block, say
from chainrule.derivation.equations import (
    J,
    output_forms,
    softmax_forms,
)
from chainrule.derivation.sections.output import Output
from chainrule.derivation.terms.terms import (
    ONE,
    Apply,
    Neg,
    Term,
    over,
    substitute,
)
from chainrule.derivation.terms.textbook import (
    branch,
    renamed,
    sigmoid_of,
    softplus_of,
    without_shift,
)
from chainrule.derivation.terms.tracing import traced
from chainrule.equations import activations


def output_activation(out: Output) -> list[Block]:
    """H1 or H3, from the code's form to the textbook's."""
    forms = output_forms(out.head, out.H)
    if out.head.printed.a.tag == "H1":
        chain = out.chain(forms.entry.left).to(forms.code.right, "the code, Eq. H1")
        chain.by(without_shift, "numerator and denominator are multiplied by the same number, which cancels")
        return [
            say("The code subtracts the largest logit, so that no exponential overflows. It cancels:"),
            chain.done(),
        ]
    return stable_sigmoid(out, forms.entry.left, forms.code.right)


def below_zero(node: Term) -> Term:
    """The branch z < 0, without double signs."""
    return branch(node, -1)


def stable_sigmoid(out: Output, left: Term, code: Term) -> list[Block]:
    """σ by e^{−|z|} in both branches, and 1/(1+e^{−z}) in both."""
    z = out.z.at("m")
    plain = sigmoid_of(z)
    above = out.chain(code, "positive", case=("for ", z >= 0)).by(lambda t: branch(t, 1), "|z| = z")
    below = out.chain(code, "negative", case=("for ", z < 0)).by(below_zero, "|z| = −z")
    below.to(plain, "numerator and denominator times ", Apply("exp", (Neg(z),)))
    whole = out.chain(left).to(plain, "both branches agree, Eq. H3")
    words = (
        "The code takes the exponential of −|z| alone, so that nothing overflows. Both branches are the same:"
    )
    return [say(words), above.done(), below.done(), whole.done()]


def loss_steps(out: Output) -> list[Block]:
    """H2, H4 or Q1, from the code's form to the textbook's."""
    code, text = out.loss.code.right, out.loss.entry.right
    chain = out.chain(J)
    if out.head.printed.J.tag == "Q1":
        chain.to(code, "the code, Eq. Q1: half the squared distance")
        chain.to(text, "Eq. H3")
        return [chain.done()]
    if out.head.printed.J.tag == "H2":
        a = out.a.at("m")
        softmax = renamed(softmax_forms(out.H).entry.right, "k", "j")
        chain.to(code, "the code, Eq. H2: from the logits, so that no logarithm sees 0")
        chain.by(without_shift, "the largest logit cancels here too")
        chain.to(substitute(text, {a: softmax}), "log(u/v) = log u − log v")
        chain.to(text, "Eq. H1: that is log ", a)
        return [chain.done()]
    return [*softplus_lemma(out), *_multi_label(out)]


def softplus_lemma(out: Output) -> list[Block]:
    """The stable softplus in both branches, and the logarithms of a and 1 − a by it."""
    z, a = out.z.at("m"), out.a.at("m")
    code, plain = traced(activations.softplus, z), softplus_of(z)
    above = out.chain(code, "positive", case=("for ", z >= 0)).by(lambda t: branch(t, 1), "|z| = z")
    above.to(plain, "z = log e^z, and log u + log v = log(uv)")
    below = out.chain(code, "negative", case=("for ", z < 0)).by(below_zero, "|z| = −z")
    on = out.chain(Apply("log", (a,))).to(Apply("log", (sigmoid_of(z),)), "Eq. H3")
    on.to(Neg(substitute(plain, {z: Neg(z)})), "log(1/u) = −log u")
    off = out.chain(Apply("log", (1 - a,))).to(Apply("log", (1 - sigmoid_of(z),)), "Eq. H3")
    off.to(Apply("log", (over(ONE, 1 + Apply("exp", (z,))),)), "1 − 1/(1 + e^{−z}) = 1/(1 + e^z)")
    off.to(Neg(plain), "log(1/u) = −log u")
    return [
        say("The code computes log(1 + e^z) so that nothing overflows:"),
        above.done(),
        below.done(),
        say("Both logarithms of the loss are of this form:"),
        on.done(),
        off.done(),
    ]


def _multi_label(out: Output) -> list[Block]:
    chain = out.chain(J).to(out.loss.code.right, "the code, Eq. H4: from the logits")
    chain.to(out.loss.entry.right, "the two logarithms above")
    return [chain.done()]
