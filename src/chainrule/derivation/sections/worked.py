"""The sections of a worked step: forward, loss, errors, gradients and update in numbers."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np

from chainrule.derivation.blocks import Array, Block, Chain, Section, Step, Table, note, say
from chainrule.derivation.equations import (
    ETA,
    J,
    affine_forms,
    bias_gradient_forms,
    hidden_error_forms,
    loss_forms,
    output_forms,
    weight_gradient_forms,
)
from chainrule.derivation.sections.numbers import WIDEST, WRITTEN_OUT, Numbers, number, plain
from chainrule.derivation.sections.slopes import Z, folded, textbook
from chainrule.derivation.terms.entries import entry
from chainrule.derivation.terms.evaluate import value
from chainrule.derivation.terms.terms import D, Index, Rel, Sym, Term, index_as, substitute, times
from chainrule.derivation.terms.textbook import constants
from chainrule.derivation.terms.tracing import bias, rows, targets, traced, weights
from chainrule.equations import affine, network, optimizers
from chainrule.equations.activations import Activation


def worked_sections(n: Numbers) -> list[Section]:
    """One step of gradient descent in numbers, entry by entry where the network is small."""
    widest = max(*n.network.layers, n.N)
    small = n.network.n_parameters <= WRITTEN_OUT and widest <= WIDEST
    written = small and n.N == 1
    given: list[Block] = [say(_precision(n))]
    given += inputs(n) if small else []
    head = Section(("In numbers",), tuple(given))
    body = written_out(n) if written else in_matrices(n, small)
    return [head, *body, outcome(n)]


def _precision(n: Numbers) -> str:
    batch = "one sample" if n.N == 1 else f"a mini-batch of {n.N} samples"
    return (
        f"One step of gradient descent on {batch}, with learning rate {n.eta:g}. Numbers are computed in "
        f"float64 and printed to {n.digits} decimals; every line is computed with all digits and gives what "
        "the network itself computes."
    )


def inputs(n: Numbers) -> list[Block]:
    """The sample and the parameters."""
    several = f"the inputs, a sample a {n.layout.removesuffix('s')}"
    found: list[Block] = [
        matrix(n, rows("a", 0), n.laid_out(n.x), "the input" if n.N == 1 else several),
        matrix(n, targets(n.H), n.laid_out(n.y), "the target" if n.N == 1 else "the targets"),
    ]
    for L in range(1, n.H + 1):
        found += [matrix(n, weights(L), n.network.W[L]), matrix(n, bias(L), n.laid_out(n.network.b[L]))]
    return found


def matrix(n: Numbers, symbol: Term, array: Any, words: str = "") -> Array:
    """A block of numbers; a column is laid down as a row and marked with ᵀ where it is long."""
    cells = tuple(tuple(plain(float(x), n.digits) for x in row) for row in np.asarray(array))
    return Array(symbol, cells, (words,) if words else ())


def written_out(n: Numbers) -> list[Section]:
    """Every entry of every quantity, with the numbers put in."""
    forward: list[Block] = []
    for L in range(1, n.H + 1):
        forward += [weighted(n, L, m) for m in _entries(n, L)]
        forward += [activated(n, L, m) for m in _entries(n, L)]
    errors: list[Block] = [output_error(n, m) for m in _entries(n, n.H)]
    for L in range(n.H - 1, 0, -1):
        errors += [hidden_error(n, L, m) for m in _entries(n, L)]
    slopes: list[Block] = []
    steps: list[Block] = []
    for L in range(n.H, 0, -1):
        slopes += [weight_slope(n, L, m, k) for m, k in product(_entries(n, L), _entries(n, L - 1))]
        slopes += [bias_slope(n, L, m) for m in _entries(n, L)]
        steps += [step(n, weights(L), L, (m, k)) for m, k in product(_entries(n, L), _entries(n, L - 1))]
        steps += [step(n, bias(L), L, (m,)) for m in _entries(n, L)]
    return [
        Section(("Forward, in numbers",), tuple(forward), 2),
        Section(("Loss, in numbers",), (loss_chain(n),), 2),
        Section(("Errors, in numbers",), tuple(errors), 2),
        Section(("Gradients, in numbers",), tuple(slopes), 2),
        Section(("Update, in numbers",), tuple(steps), 2),
    ]


def _entries(n: Numbers, L: int) -> range:
    return range(1, n.network.layers[L] + 1)


def _at(node: Term, **indices: Index) -> Term:
    for old, new in indices.items():
        node = index_as(node, old, new)
    return node


def weighted(n: Numbers, L: int, m: int) -> Chain:
    """z^L_m. Eq. F1."""
    found = _at(affine_forms(L).entry.right, m=m)
    return n.entry_chain(rows("z", L).at(m), found, n.forward.z[L][0, m - 1], "F1")


def activated(n: Numbers, L: int, m: int) -> Chain:
    """a^L_m. Eq. F2, H1 or H3."""
    z_m = rows("z", L).at(m)
    if n.H == L:
        head = n.network.head
        code = entry(traced(head.predict, rows("z", L)), (None, m))
        right, tag = _at(output_forms(head, L).entry.right, m=m), head.printed.a.tag
    else:
        phi = n.network.hidden[L]
        right, tag = substitute(plain_activation(phi), {Z: z_m}), "F2"
        code = constants(traced(phi.phi, z_m))
    return n.entry_chain(rows("a", L).at(m), right, n.forward.a[L][0, m - 1], tag, code)


def plain_activation(activation: Activation) -> Term:
    """φ as it is put in numbers: tanh and max stay what they are."""
    whole: Term = traced(activation.phi, Z)
    return whole if activation.name in ("tanh", "relu") else textbook(activation)


def loss_chain(n: Numbers) -> Chain:
    """J, by the outputs; by the logits where an output is so near 0 or 1 that its logarithm overflows."""
    head = n.network.head
    forms = loss_forms(head, n.H)
    return n.entry_chain(J, forms.entry.right, n.loss, head.printed.J.tag, forms.code.right)


def output_error(n: Numbers, m: int) -> Chain:
    """δ^H_m. Eq. B1 or Q2."""
    H, head = n.H, n.network.head
    code = traced(head.delta, rows("z", H), rows("a", H), targets(H))
    right, tag = entry(code, (None, m)), head.printed.delta.tag
    return n.entry_chain(rows("δ", H).at(m), right, n.back.delta[H][0, m - 1], tag)


def hidden_error(n: Numbers, L: int, m: int) -> Chain:
    """δ^L_m. Eq. B2."""
    z_m, a_m = rows("z", L).at(m), rows("a", L).at(m)
    total = _first_factor(L, m)
    slope = folded(constants(traced(n.network.hidden[L].d_phi, z_m, a_m)), z_m)
    right = times(total, n.written_out(slope))
    return n.entry_chain(rows("δ", L).at(m), right, n.back.delta[L][0, m - 1], "B2")


def _first_factor(L: int, m: int) -> Term:
    back = affine.input_gradient(rows("δ", L, 1), weights(L, 1))
    return entry(back, (None, m))


def weight_slope(n: Numbers, L: int, m: int, k: int) -> Chain:
    """∂J/∂W^L_{mk}. Eq. B3."""
    right = _at(weight_gradient_forms(L).entry.right, m=m, k=k)
    return n.entry_chain(D(J, weights(L).at(m, k)), right, n.back.dW[L][m - 1, k - 1], "B3")


def bias_slope(n: Numbers, L: int, m: int) -> Chain:
    """∂J/∂b^L_m. Eq. B4."""
    right = _at(bias_gradient_forms(L).entry.right, m=m)
    return n.entry_chain(D(J, bias(L).at(m)), right, n.back.db[L][m - 1], "B4")


def step(n: Numbers, parameter: Sym, L: int, at: tuple[int, ...]) -> Chain:
    """W^L_{mk} ← W^L_{mk} − η ∂J/∂W^L_{mk}, and so for b. Eq. G1."""
    place = tuple(i - 1 for i in at)
    slopes, after = (n.back.dW[L], n.after.W[L]) if len(at) == 2 else (n.back.db[L], n.after.b[L])
    theta = parameter.at(*at)
    slope = float(slopes[place])
    symbols = optimizers.descend(theta, D(J, theta), ETA)  # type: ignore[arg-type]
    new = float(after[place])

    def line(more: int) -> Term:
        return n.numbers_in(substitute(symbols, {D(J, theta): number(slope, n.digits, more)}), more)

    put_in, sign = n.put_in(line, new)
    exact = float(value(theta, n.world)) - n.eta * slope
    mark = n.checked(Rel("=", theta, symbols), exact, after[place])
    lines = (
        Step("←", symbols, ("G1",)),
        Step("=", put_in),
        Step(sign, number(new, n.digits), (), mark),
    )
    return Chain(theta, lines, numbers=True)


def in_matrices(n: Numbers, small: bool) -> list[Section]:
    """Every quantity as a matrix: all of it where the network is small, else what is largest in it."""
    forward = [item for L in range(1, n.H + 1) for item in (("z", L), ("a", L))]
    errors = [("δ", L) for L in range(n.H, 0, -1)]
    slopes = [item for L in range(n.H, 0, -1) for item in (("dW", L), ("db", L))]
    steps = [item for L in range(n.H, 0, -1) for item in (("W", L), ("b", L))]
    sections = []
    for title, items in (("Forward", forward), ("Errors", errors), ("Gradients", slopes), ("Update", steps)):
        check = [quantity(n, *item) for item in items]
        if small:
            blocks: list[Block] = [matrix(n, symbol, array, rule) for symbol, array, rule in check]
        else:
            blocks = [summary(n, check)]
        if title == "Errors" and n.N > 1:
            blocks.insert(
                0,
                note(
                    "Each sample's δ carries the weight 1/N of the mean, so that a gradient is a sum over ",
                    "samples.",
                ),
            )
        sections.append(Section((f"{title}, in numbers",), tuple(blocks), 2))
    return sections


def quantity(n: Numbers, kind: str, L: int) -> tuple[Term, Any, str]:
    """A quantity, checked: its symbol, its numbers as the text has them, and its equation."""
    w = n.world
    a, z, delta = rows("a", L), rows("z", L), rows("δ", L)
    if kind == "z":
        return _checked(n, z, affine.affine(rows("a", L, -1), weights(L), bias(L)), n.forward.z[L], "F1")
    if kind == "a":
        phi = n.network.head.predict if n.H == L else n.network.hidden[L].phi
        tag = "F2" if n.H != L else n.network.head.printed.a.tag
        return _checked(n, a, traced(phi, z), n.forward.a[L], tag)
    if kind == "δ" and n.H == L:
        code = traced(
            lambda xp, *given: network.output_error(xp, n.network.head, *given),
            z,
            a,
            targets(L),
            Sym("w", dims=("N",)),
        )
        return _checked(n, delta, code, n.back.delta[L], n.network.head.printed.delta.tag)
    if kind == "δ":
        code = hidden_error_forms(L, n.network.hidden[L]).code.right
        return _checked(n, delta, code, n.back.delta[L], "B2")
    if kind in ("W", "b"):
        return updated(n, kind, L)
    if kind == "dW":
        code = affine.weight_gradient(delta, rows("a", L, -1))
        return _checked(n, D(J, weights(L)), code, n.back.dW[L], "B3")
    code = traced(affine.bias_gradient, delta)
    found = np.asarray(value(code, w))
    n.checked(Rel("=", D(J, bias(L)), code), found, n.back.db[L])
    return D(J, bias(L)), n.laid_out(n.back.db[L]), "Eq. B4"


def updated(n: Numbers, kind: str, L: int) -> tuple[Term, Any, str]:
    """W^L or b^L after the step, checked against the traced step. Eq. G1."""
    theta, after = (weights(L), n.after.W[L]) if kind == "W" else (bias(L), n.after.b[L])
    slope = n.back.dW[L] if kind == "W" else n.back.db[L]
    traced = optimizers.descend(theta, Sym("g", dims=theta.dims), ETA)  # type: ignore[arg-type]
    found = value(traced, n.world.changed(("g", ""), slope))
    n.checked(Rel("←", theta, traced), found, after)
    return theta, after if kind == "W" else n.laid_out(after), "after the step, Eq. G1"


def _checked(n: Numbers, left: Term, code: Term, expected: Any, tag: str) -> tuple[Term, Any, str]:
    n.checked(Rel("=", left, code), value(code, n.world), expected)
    return left, expected if isinstance(left, D) else n.laid_out(expected), f"Eq. {tag}"


def summary(n: Numbers, items: list[tuple[Term, Any, str]]) -> Table:
    """Shape, size and largest entry of quantities too large to print."""
    lines = []
    for symbol, array, rule in items:
        place = np.unravel_index(np.argmax(np.abs(array)), array.shape)
        shape = " × ".join(map(str, array.shape))
        where = ", ".join(str(int(i) + 1) for i in place)
        cells: tuple[tuple[str | Term, ...], ...] = (
            (symbol,),
            (rule,),
            (shape,),
            (plain(float(array[place]), n.digits),),
            (f"({where})",),
            (plain(float(np.sqrt(np.mean(array**2))), n.digits),),
        )
        lines.append(cells)
    return Table(("quantity", "by", "shape", "largest entry", "at", "root mean square"), tuple(lines))


def outcome(n: Numbers) -> Section:
    """The loss before and after the step."""
    before, after = number(n.loss, n.digits), number(n.new_loss, n.digits)
    fell = n.new_loss < n.loss
    words = (
        "The step made it smaller."
        if fell
        else "It did not fall: the learning rate is too large for this step."
    )
    return Section(
        ("Loss before and after",),
        (say("Before the step ", Rel("=", J, before), ", after it ", Rel("=", J, after), f". {words}"),),
        2,
    )
