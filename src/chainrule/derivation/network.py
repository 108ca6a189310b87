"""`derive`: the whole derivation for one network, every step verified when the document is made."""

from __future__ import annotations

from typing import Any

import numpy as np

from chainrule.checks import as_real, as_whole
from chainrule.derivation.blocks import (
    Block,
    Chain,
    Document,
    Formula,
    Section,
    Step,
    Table,
    note,
    say,
)
from chainrule.derivation.document.derivation import Derivation
from chainrule.derivation.equations import (
    J,
    affine_forms,
    bias_gradient_forms,
    equation,
    hidden_error_forms,
    weight_gradient_forms,
)
from chainrule.derivation.sections.layers import Gradients, Hidden, update_section
from chainrule.derivation.sections.numbers import Numbers
from chainrule.derivation.sections.output import Output, output_error
from chainrule.derivation.sections.slopes import slope_section
from chainrule.derivation.sections.stable import loss_steps, output_activation
from chainrule.derivation.sections.worked import worked_sections
from chainrule.derivation.steps import Ledger
from chainrule.derivation.terms.entries import as_column
from chainrule.derivation.terms.evaluate import COMPLEX
from chainrule.derivation.terms.terms import Apply, Rel, Sym, Term
from chainrule.derivation.terms.tracing import bias, rows, targets, weights
from chainrule.derivation.terms.verify import TOLERANCE, Setting, WrongStep, verify
from chainrule.equations import network as equations
from chainrule.equations.heads import HEADS
from chainrule.errors import ChainruleError, InputError, look_up
from chainrule.model.feedforward import FeedForward, in_float64
from chainrule.proof.theorems import select
from chainrule.types import ByLayer

LAYOUTS = {"columns": "a sample is a column", "rows": "a sample is a row"}
STEP = 1e-30


def derive(
    network: FeedForward,
    x: Any = None,
    y: Any = None,
    *,
    learning_rate: float = 0.5,
    layout: str = "columns",
    digits: int = 6,
) -> Derivation:
    """Derive backpropagation for one network, with one training step in numbers if a sample is given.

    Args:
        network: the network: its widths, activations, output head and parameters.
        x: a sample (n_0,) or a mini-batch (N, n_0); None leaves the numbers out.
        y: its target or targets, as for `Network.gradients`.
        learning_rate: η of the step in numbers.
        layout: "columns" (a sample is a column, as texts have it) or "rows" (as the code has it).
        digits: decimals of the printed numbers.

    Returns:
        A `Derivation`: ``print`` shows it as text; it has ``to_markdown()``, ``to_latex()`` and
        ``to_html()``, and shows itself in a notebook.

    Raises:
        WrongStep: a step does not hold, for an equation of this installation is wrong.
        InputError: samples or options that cannot be right.
    """
    look_up("layout", layout, LAYOUTS)
    derived = [name for name, head in HEADS.items() if head.printed.J.tag and head.printed.delta.tag]
    if not (network.head.printed.J.tag and network.head.printed.delta.tag):
        raise InputError(
            f"the output head must have a loss of the derivation, as {', '.join(derived)}; got "
            f"{network.head.name!r}. network.explain(x, y) prints its own formulas with numbers; a head made "
            "from formulas shows how δ follows: print(network.head.derivation())."
        )
    eta = as_real("learning_rate", learning_rate, above=0, remedy="Try 0.5.")
    decimals = as_whole("digits", digits, at_least=2)
    if decimals > 15:
        raise InputError(f"digits must be at most 15, for float64 has no more; got {digits}. Try 6.")
    if (x is None) != (y is None):
        raise InputError(
            "x and y must be given together, or neither; got one of them. Pass a sample and its target."
        )
    try:
        return Derivation(_document(network, x, y, eta, layout, decimals))
    except ChainruleError:
        raise
    except (AttributeError, TypeError, ValueError, IndexError) as trouble:
        raise WrongStep(f"the equations must be traceable; they are not: {trouble}") from trouble


def _document(network: FeedForward, x: Any, y: Any, eta: float, layout: str, digits: int) -> Document:
    ledger = Ledger()
    H = len(network.layers) - 1
    out = Output(network.head, H, network.layers[-1], ledger, layout)
    sections = [
        symbols(network, layout),
        forward_section(network, out, layout),
        *activation_sections(network, ledger),
        Section(("The loss",), tuple(loss_steps(out))),
        output_error(out),
    ]
    sections += [Hidden(L, network.hidden[L], ledger).section(layout) for L in range(H - 1, 0, -1)]
    sections += [Gradients(L, ledger).section(layout) for L in range(H, 0, -1)]
    sections += [update_section(H, ledger, layout), transposes(network, ledger)]
    if x is not None:
        sections += worked_sections(Numbers(network, x, y, eta, digits, ledger, layout))
    sections.append(summary_section(network, layout))
    whole = check_whole(network, ledger)
    checked = f"{ledger} {whole} {any_sizes(network)}"
    return Document(_title(network), _lead(network, checked), tuple(sections), checked)


def _title(network: FeedForward) -> str:
    return f"Backpropagation derived for {'-'.join(map(str, network.layers))}"


def _lead(network: FeedForward, checked: str) -> tuple[Block, ...]:
    H = len(network.layers) - 1
    hidden = [f"layer {L} {activation.name}" for L, activation in network.hidden.items()]
    how = f"hidden: {', '.join(hidden)}; " if hidden else "no hidden layer; "
    return (
        say(
            f"A network of {H} layer{'s' * (H > 1)} with {network.n_parameters:,} parameters; {how}"
            f"output: {network.head.link} with the {network.head.loss_name}."
        ),
        note(checked),
    )


def symbols(network: FeedForward, layout: str) -> Section:
    """The table of symbols with their shapes."""
    H = len(network.layers) - 1
    column = layout == "columns"

    def shape(L: int) -> str:
        n = network.layers[L]
        return f"{n} × 1" if column else f"1 × {n}"

    rows_: list[tuple[tuple[str | Term, ...], ...]] = [
        ((rows("a", 0),), ("input, also written x",), (shape(0),))
    ]
    for L in range(1, H + 1):
        n, m = network.layers[L], network.layers[L - 1]
        phi = network.head.link if L == H else network.hidden[L].name
        rows_ += [
            (
                (weights(L),),
                (f"weights of layer {L}; entry m k leads from neuron k to neuron m",),
                (f"{n} × {m}",),
            ),
            ((bias(L),), (f"biases of layer {L}",), (shape(L),)),
            ((rows("z", L),), (f"weighted input of layer {L}",), (shape(L),)),
            ((rows("a", L),), (f"output of layer {L}, by {phi}",), (shape(L),)),
            ((rows("δ", L),), (f"error of layer {L}, the derivative of J in ", rows("z", L)), (shape(L),)),
        ]
    rows_ += [
        (
            (targets(H),),
            ("target, " + ("which sums to 1" if network.head.distribution else "each entry from 0 to 1"),),
            (shape(H),),
        ),
        ((J,), (f"loss of a sample: {network.head.loss_name}",), ("a number",)),
        ((Sym("η"),), ("learning rate",), ("a number",)),
    ]
    words = (
        "The number above a symbol is its layer, not a power: ",
        rows("z", 1),
        " is the weighted input of layer 1. "
        "The numbers below are an entry, counted from 1. "
        "A power of an indexed symbol stands outside brackets. ⊙ multiplies entry by entry.",
    )
    return Section(("Symbols",), (Table(("symbol", "meaning", "shape"), tuple(rows_)), say(*words)))


def forward_section(network: FeedForward, out: Output, layout: str) -> Section:
    """F1, F2 and the head of every layer."""
    H = len(network.layers) - 1
    F1 = equation("F1").function
    blocks: list[Block] = [
        say("From the input to the output, layer by layer, entry by entry and as matrices:")
    ]
    for L in range(1, H + 1):
        forms = affine_forms(L)
        blocks += [Formula(forms.entry, "F1"), Formula(getattr(forms, layout), "F1", str(F1))]
        if L < H:
            z, a = rows("z", L), rows("a", L)
            z, a = (as_column(z), as_column(a)) if layout == "columns" else (z, a)
            blocks.append(Formula(Rel("=", a, Apply(network.hidden[L].symbol, (z,))), "F2"))
    blocks += output_activation(out)
    return Section(("Forward pass",), tuple(blocks))


def activation_sections(network: FeedForward, ledger: Ledger) -> list[Section]:
    """φ and φ' of each activation that occurs."""
    found = []
    for name in dict.fromkeys(activation.name for activation in network.hidden):
        layers = [L for L, activation in network.hidden.items() if activation.name == name]
        where = f"layer{'s' * (len(layers) > 1)} {', '.join(map(str, layers))}"
        found.append(slope_section(network.hidden[layers[0]], where, ledger))
    return found


def transposes(network: FeedForward, ledger: Ledger) -> Section:
    """From the code's rows to the text's columns, line by line, verified."""
    H = len(network.layers) - 1
    L = max(H - 1, 1)
    gradients = Gradients(L, ledger).setting()
    cases: list[tuple[str, Any, Setting]] = [("F1", affine_forms(L), gradients)]
    if H > 1:
        hidden = Hidden(L, network.hidden[L], ledger)
        cases.append(("B2", hidden_error_forms(L, hidden.named), hidden.setting()))
    cases.append(("B3", weight_gradient_forms(L), gradients))
    cases.append(("B4", bias_gradient_forms(L), gradients))
    blocks: list[Block] = [
        say(
            "In the code a batch stacks samples as rows, so that adding a sample adds a row. In the text a "
            "sample is a column. One is the transpose of the other, and that is where every transpose comes ",
            "from:",
        )
    ]
    for tag, forms, setting in cases:
        for number, line in enumerate(forms.lines):
            mark = ledger.enter(verify(line.equation, setting))
            rule = (f"Eq. {tag}. " if number == 0 else "") + line.rule
            blocks.append(Chain(line.equation.left, (Step("=", line.equation.right, (rule,), mark),)))
    return Section(("Rows in the code, columns in the text",), tuple(blocks))


def summary_section(network: FeedForward, layout: str) -> Section:
    """The equations of the backward pass at a glance, with their functions."""
    error = network.head.printed.delta.tag
    tags = ["F1", "F2", error, *(["B2"] if len(network.layers) > 2 else []), "B3", "B4", "G1"]
    lines = []
    for tag in tags:
        found = equation(tag)
        lines.append(((tag,), (found.term(layout),), (str(found.function),)))
    words = "Each equation is printed from the function beside it, which trains the network. "
    words += "`chainrule prove` proves them for all networks."
    return Section(("At a glance",), (Table(("tag", "equation", "function"), tuple(lines)), say(words)))


def check_whole(network: FeedForward, ledger: Ledger) -> str:
    """Hold the backward pass of this very network to the slope of its loss on a mini-batch.

    Along a random direction in each W and b, by a complex step through the shipped forward pass and loss.

    Raises:
        WrongStep: they differ.
    """
    net = in_float64(network)
    rng = np.random.default_rng(2)
    x = rng.standard_normal((2, net.layers[0]))
    n = net.layers[-1]
    y = rng.dirichlet(np.ones(n), 2) if net.head.distribution else rng.integers(0, 2, (2, n))
    found = net.gradients(x, y)
    worst, count = 0.0, 0
    for L in range(1, len(net.layers)):
        for kind, gradient in (("W", found.dW[L]), ("b", found.db[L])):
            direction = rng.standard_normal(gradient.shape)
            slope = _slope(net, x, y, L, kind, direction)
            claimed = float(np.sum(gradient * direction))
            scale = float(np.sqrt(np.sum(gradient**2) * np.sum(direction**2)))
            worst, count = max(worst, abs(slope - claimed) / (scale or 1.0)), count + 1
    if not worst <= TOLERANCE:
        raise WrongStep(
            f"the backward pass must be the slope of the loss; it is {worst:.1e} off on this network."
        )
    ledger.error = max(ledger.error, worst)
    return (
        f"The whole network: its gradients are the slope of its loss along {count} random directions, "
        f"error {worst:.0e}."
    )


def any_sizes(network: FeedForward) -> str:
    """Prove the equations of this network once more, for any widths and any batch.

    The steps are verified with a few neurons; this is why they hold for many.

    Raises:
        WrongStep: one of them is not proven.
    """
    from chainrule.proof.claims.sizes import is_general

    head = network.head
    heads = (head.printed.a.tag, head.printed.J.tag, head.printed.delta.tag)
    count = 0
    for theorem in select((*heads, "F1", "B2", "B3", "B4")):
        if theorem.tag == "B1" and theorem.name != head.link:
            continue
        failure = theorem.prove(is_general)
        if failure:
            raise WrongStep(f"{theorem.tag} ({theorem.name}) must hold: {theorem.statement}. {failure}")
        count += any(map(is_general, theorem.claims()))
    return f"For any widths and any batch: {count} theorems proven by SymPy."


def _slope(net: FeedForward, x: Any, y: Any, L: int, kind: str, direction: Any) -> float:
    params = ByLayer(
        layer._replace(**{kind: getattr(layer, kind) + 1j * STEP * direction}) if number == L else layer
        for number, layer in net.params.items()
    )
    z = equations.forward(COMPLEX, net.architecture, params, x).z[-1]
    loss = equations.loss(COMPLEX, net.architecture, params, z, y, np.full(len(x), 1 / len(x)))
    return float(np.imag(loss)) / STEP
