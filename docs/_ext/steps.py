"""``{steps} softmax-error`` prints steps of the derivation; ``{transposes} B2`` leads from rows to columns.

The steps come from `chainrule.derivation`, which verifies each of them before it is printed: a wrong one ends
the build.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.util.docutils import SphinxDirective

from chainrule.derivation.blocks import Block, Chain, Inline, Step
from chainrule.derivation.equations import TAGS, equation, hidden_error_forms
from chainrule.derivation.sections.layers import Gradients, Hidden
from chainrule.derivation.sections.output import (
    Output,
    loss_slope,
    output_error,
    softmax_chain,
    softmax_jacobian,
)
from chainrule.derivation.sections.slopes import Slopes
from chainrule.derivation.steps import Ledger, Steps
from chainrule.derivation.terms.entries import as_column
from chainrule.derivation.terms.print_mathml import MATHML
from chainrule.derivation.terms.terms import Sym, Term, substitute, walk
from chainrule.derivation.terms.tracing import rows
from chainrule.derivation.terms.verify import Setting
from chainrule.equations.activations import ACTIVATIONS, Activation
from chainrule.equations.heads import HEADS
from chainrule.proof.subjects.layers import ANY
from equations import scripts, xref

LETTERS = {"0": "L−1", "1": "L", "2": "L+1"}


class AnyLayer(Hidden):
    """A hidden layer whose φ is known by nothing but its derivative."""

    def __init__(self, ledger: Ledger) -> None:
        super().__init__(1, Activation("φ", ANY.phi, ANY.d_phi), ledger)

    def matrix(self, setting: Setting, layout: str) -> list[Block]:
        """All entries at once; there is no more to be said of φ'."""
        chain = Steps(self.ledger, setting, as_column(rows("δ", self.L)))
        return [chain.to(hidden_error_forms(self.L, self.named).columns.right, "all entries at once").done()]


def output(head: str, ledger: Ledger) -> Output:
    """The output layer, by its letter."""
    return Output(HEADS[head], "H", 3, ledger)  # type: ignore[arg-type]


def softmax_error(ledger: Ledger) -> list[Chain]:
    """From the slopes of loss and softmax to a − y."""
    out = output("softmax", ledger)
    slope = loss_slope(out)
    return [slope, softmax_chain(out, slope.steps[-1].right)]


def sigmoid_error(ledger: Ledger) -> list[Chain]:
    """From the slopes of loss and sigmoid to a − y."""
    return chains(output_error(output("sigmoid", ledger)).blocks)[:3]


def quadratic_error(ledger: Ledger) -> list[Chain]:
    """The same for the quadratic cost; the slope of the sigmoid is known by then."""
    return chains(output_error(output("quadratic", ledger)).blocks)[1:3]


def hidden_error(ledger: Ledger) -> list[Chain]:
    """One layer back, entry by entry and all at once."""
    return general(chains(AnyLayer(ledger).section("columns").blocks))


def weight_gradient(ledger: Ledger) -> list[Chain]:
    """From the errors of a layer to the slopes in its weights."""
    return general(chains(Gradients(1, ledger).section("columns").blocks)[:2])


def bias_gradient(ledger: Ledger) -> list[Chain]:
    """From the errors of a layer to the slopes in its biases."""
    return general(chains(Gradients(1, ledger).section("columns").blocks)[2:])


DERIVATIONS: dict[str, Callable[[Ledger], list[Chain]]] = {
    "sigmoid-slope": lambda ledger: chains(Slopes(ACTIVATIONS["sigmoid"], ledger).derivative()),
    "softmax-jacobian": lambda ledger: chains(softmax_jacobian(output("softmax", ledger))),
    "softmax-error": softmax_error,
    "sigmoid-error": sigmoid_error,
    "quadratic-error": quadratic_error,
    "hidden-error": hidden_error,
    "weight-gradient": weight_gradient,
    "bias-gradient": bias_gradient,
}


def chains(blocks: Iterable[Block]) -> list[Chain]:
    """The chains of equations alone: the book has words of its own."""
    return [block for block in blocks if isinstance(block, Chain)]


def general(found: Iterable[Chain]) -> list[Chain]:
    """Chains of layer 1, written of layer L."""
    return [_general_chain(chain) for chain in found]


def _general_chain(chain: Chain) -> Chain:
    steps = tuple(s._replace(right=_lettered(s.right), rule=_lettered_words(s.rule)) for s in chain.steps)
    return chain._replace(left=_lettered(chain.left), steps=steps)


def _lettered_words(words: Inline) -> Inline:
    return tuple(word if isinstance(word, str) else _lettered(word) for word in words)


def _lettered(term: Term) -> Term:
    symbols = [s for s in walk(term) if isinstance(s, Sym) and s.sup in LETTERS]
    known: dict[Term, Term] = {s: replace(s, sup=LETTERS[s.sup]) for s in symbols}
    return substitute(term, known)


class StepsDirective(SphinxDirective):
    """Steps of the derivation by name, then how they were checked."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """Derive and print."""
        name = self.arguments[0]
        if name not in DERIVATIONS:
            raise self.error(f"steps must be one of {', '.join(DERIVATIONS)}; got {name!r}.")
        found = DERIVATIONS[name](Ledger())
        box = nodes.container("", *(chain_node(chain, self.env) for chain in found), classes=["steps"])
        box += nodes.paragraph("", checked(found), classes=["verified"])
        return [box]


def checked(found: list[Chain]) -> str:
    """How the steps were checked, in words."""
    marks = [step.mark for chain in found for step in chain.steps if step.mark is not None]
    proven = sum(mark.symbolic for mark in marks)
    how = "each of them checked" if proven == len(marks) else f"{proven} of them checked"
    error = max(mark.error for mark in marks)
    agreed = f"largest relative error {error:.0e}" if error else "no difference"
    symbols = f"{len(marks)} steps, {how} by SymPy for all values of the symbols"
    return f"{symbols}, and all on random numbers in float64 ({agreed})."


def chain_node(chain: Chain, env: BuildEnvironment) -> nodes.Node:
    """Left = right, and a line for each further right side, with its rule."""
    box = nodes.container(classes=["chain"])
    if chain.when:
        box += nodes.paragraph("", "", *_words(chain.when, env), nodes.Text(":"), classes=["case"])
    for i, step in enumerate(chain.steps):
        left = f"<mrow>{MATHML(chain.left)}</mrow>" if i == 0 else ""
        formula = f'<math displaystyle="true">{left}<mo>{step.op}</mo>{MATHML(step.right)}</math>'
        html = f'<div class="formula{" on" if i else ""}">{formula}</div>'
        rule = nodes.paragraph("", "", *_words(step.rule, env), classes=["rule"])
        box += nodes.container("", nodes.raw("", html, format="html"), rule, classes=["step"])
    return box


def _words(words: Inline, env: BuildEnvironment) -> Iterator[nodes.Node]:
    for word in words:
        if isinstance(word, Term):
            yield nodes.raw("", f"<math>{MATHML(word)}</math>", format="html")
            continue
        for i, part in enumerate(re.split(r"\bEq\. ([A-Z]\d)", word)):
            if i % 2:
                yield xref(env, "std", "ref", f"eq-{part.lower()}", nodes.inline("", f"Eq. {part}"))
            else:
                yield from scripts(part)


class Transposes(SphinxDirective):
    """How an equation in rows, as the code has it, becomes the text's, in columns."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """Print the lines."""
        tag = self.arguments[0]
        if tag not in TAGS:
            raise self.error(f"a tag must be one of {', '.join(TAGS)}; got {tag!r}.")
        box = nodes.container(classes=["steps"])
        for line in equation(tag).forms.lines:
            step = Step(line.equation.op, line.equation.right, (line.rule,))
            box += chain_node(Chain(line.equation.left, (step,)), self.env)
        return [box]


def setup(app: Sphinx) -> dict[str, Any]:
    """Register both directives."""
    app.add_directive("steps", StepsDirective)
    app.add_directive("transposes", Transposes)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
