"""The checker of steps is checked: every wrong step is refused, by SymPy and by numbers, each alone."""

from __future__ import annotations

import pytest

from chainrule import derive
from chainrule.derivation.equations import J, loss_forms, softmax_forms
from chainrule.derivation.sections.layers import Gradients, Hidden
from chainrule.derivation.sections.output import Output
from chainrule.derivation.sections.slopes import Slopes, textbook
from chainrule.derivation.steps import Ledger, Steps
from chainrule.derivation.terms import verify as verifier
from chainrule.derivation.terms.calculus import collapse, decided, differentiate, simple
from chainrule.derivation.terms.printing import TEXT
from chainrule.derivation.terms.terms import Apply, Big, D, Delta, Neg, Num, Pow, Rel, Sym, add, over, times
from chainrule.derivation.terms.textbook import constants, renamed
from chainrule.derivation.terms.tracing import bias, rows, weights
from chainrule.derivation.terms.verify import Setting, WrongStep, verify
from chainrule.equations import heads
from chainrule.equations.activations import ACTIVATIONS
from chainrule.errors import ChainruleError
from chainrule.network import Network
from chainrule.proof.claims.claims import Given
from chainrule.proof.mutants.examine import MUTANTS, applied

z, a, y, d = (rows(name, 2) if name != "y" else Sym("y") for name in ("z", "a", "y", "δ"))
a_m, a_j, y_m, y_j, z_m, z_j = (s.at(i) for s in (a, y, z) for i in ("m", "j"))


def output(name):
    return Output(heads.HEADS[name], 2, 3, Ledger()).setting()


SOFTMAX_WRONG = {
    "diagonal only": (D(a_m, z_j), times(a_m, 1 - a_j, Delta("m", "j"))),
    "sign of the Jacobian": (D(a_m, z_j), times(a_m, a_j - Delta("m", "j"))),
    "m and j exchanged": (D(a_m, z_j), times(a_j, Delta("m", "j") - a_j)),
    "sigmoid's slope": (D(a_m, z_j), times(a_m, 1 - a_m)),
    "∂J/∂a without 1/a": (D(J, a_m), -y_m),
    "∂J/∂a sign": (D(J, a_m), over(y_m, a_m)),
    "chain rule without its sum": (D(J, z_j), times(D(J, a_j), D(a_j, z_j))),
    "error with an extra slope": (D(J, z_j), times(a_j - y_j, a_j, 1 - a_j)),
    "y − a": (D(J, z_j), y_j - a_j),
    "twice": (D(J, z_j), 2 * (a_j - y_j)),
    "Σ y = K": (Big("Σ", "m", y_m, "n_2"), Num(3)),
}


@pytest.mark.parametrize("name", SOFTMAX_WRONG)
def test_a_wrong_step_is_refused(name):
    with pytest.raises(WrongStep, match="a step must hold"):
        verify(Rel("=", *SOFTMAX_WRONG[name]), output("softmax"))


@pytest.mark.parametrize("name", SOFTMAX_WRONG)
def test_symbols_alone_refuse_it(name):
    step, setting = Rel("=", *SOFTMAX_WRONG[name]), output("softmax")
    with pytest.raises(WrongStep, match="SymPy finds"):
        verifier._proven(step, setting, None)


@pytest.mark.parametrize("name", SOFTMAX_WRONG)
def test_numbers_alone_refuse_it(name):
    assert verifier._measure(Rel("=", *SOFTMAX_WRONG[name]), output("softmax"), None) > 1e-3


RIGHT = {
    "Jacobian": (D(a_m, z_j), times(a_m, Delta("m", "j") - a_j)),
    "∂J/∂a": (D(J, a_m), -over(y_m, a_m)),
    "B1": (D(J, z_j), a_j - y_j),
    "Σ y = 1": (Big("Σ", "m", y_m, "n_2"), Num(1)),
}


@pytest.mark.parametrize("name", RIGHT)
def test_the_right_step_passes(name):
    mark = verify(Rel("=", *RIGHT[name]), output("softmax"))
    assert mark.symbolic
    assert mark.error < 1e-13


@pytest.mark.parametrize("head", ["sigmoid", "quadratic"])
def test_the_trap(head):
    """(a − y) σ' is the quadratic cost's error, and a − y the cross-entropy's; never the other way round."""
    plain, slowed = a_m - y_m, times(a_m - y_m, Apply("σ'", (z_m,)))
    right, wrong = (plain, slowed) if head == "sigmoid" else (slowed, plain)
    verify(Rel("=", D(J, z_m), right), output(head))
    with pytest.raises(WrongStep):
        verify(Rel("=", D(J, z_m), wrong), output(head))


@pytest.mark.parametrize(
    "wrong",
    [
        rows("δ", 1, 1) @ weights(1, 1),
        times(rows("δ", 1, 1) @ weights(1, 1), rows("a", 1)),
        -times(rows("δ", 1, 1) @ weights(1, 1), Apply("tanh'", (rows("z", 1),))),
        times(rows("δ", 1, 1) @ weights(1, 1).T, Apply("tanh'", (rows("z", 1),))),
    ],
    ids=["φ' missing", "φ for φ'", "sign", "transpose"],
)
def test_a_wrong_way_back_is_refused(wrong):
    setting = Hidden(1, ACTIVATIONS["tanh"], Ledger()).setting()
    with pytest.raises(WrongStep):
        verify(Rel("=", rows("δ", 1), wrong), setting)


def test_a_wrong_gradient_is_refused():
    setting = Gradients(1, Ledger()).setting()
    right = rows("δ", 1).T @ rows("a", 0)
    verify(Rel("=", D(J, weights(1)), right), setting)
    for wrong in (right.T, 2 * right, rows("a", 0).T @ rows("δ", 1)):
        with pytest.raises(WrongStep):
            verify(Rel("=", D(J, weights(1)), wrong), setting)
    with pytest.raises(WrongStep):
        verify(Rel("=", D(J, bias(1)), 2 * rows("δ", 1)), setting)


@pytest.mark.parametrize(
    ("value", "text"), [(1 / 6, "1/6"), (2 / 3, "2/3"), (0.5, "0.5"), (2**0.5, "√2"), (0.5**0.5, "√½")]
)
def test_a_constant_is_printed_as_it_is_meant(value, text):
    assert TEXT(constants(Num(value))) == text


def test_kinks_elsewhere_than_at_0_are_derived_in_each_interval():
    slopes = Slopes(ACTIVATIONS["hardswish"], Ledger())
    (value,), (slope, jumps) = slopes.value(), slopes.derivative()
    assert TEXT(value.steps[-1].right) == "z where z > 3, z (z + 3) / 6 where z > −3, else 0"
    assert [TEXT(step.right) for step in slope.steps[-2:]] == [
        "1 where z > 3, (z + 3 + z) / 6 where z > −3, else 0",
        "0 where z ≤ −3, (2 z + 3) / 6 where z ≤ 3, else 1",
    ]
    at = "".join(word if isinstance(word, str) else TEXT(word) for word in jumps.words)
    assert at.startswith("At z = −3, 3 the derivative jumps")


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_a_wrong_slope_is_refused(name):
    slopes = Slopes(ACTIVATIONS[name], Ledger())
    left, z, a = D(Sym("a"), Sym("z"), True), Sym("z"), Sym("a")
    for wrong in (a, z, 1 - a * a if name != "tanh" else 1 - a, 2 * D(textbook(ACTIVATIONS[name]), z, True)):
        if name == "identity" and wrong == a:
            continue
        with pytest.raises(WrongStep):
            verify(Rel("=", left, wrong), slopes.setting())


def test_a_chain_stops_at_the_wrong_line():
    chain = Steps(Ledger(), output("softmax"), D(J, z_j)).to(a_j - y_j, "B1")
    with pytest.raises(WrongStep):
        chain.to(y_j - a_j, "a sign slips")
    assert [TEXT(step.right) for step in chain.done().steps] == ["a^2_j − y_j"]


UNPRINTED = {"D1", "P1", "P2", "S1"}
"""Tags that the derivation of a step without penalty and dropout does not speak of."""
NEEDS = {f"{d}{name}": name for name in ACTIVATIONS for d in ("", "d_")}
HEAD = {"quadratic_cost": "quadratic", "quadratic_error": "quadratic", "multi_label_cross_entropy": "sigmoid"}
PLANTED = [
    mutant
    for mutant in MUTANTS
    if mutant.tag not in UNPRINTED
    and "mask" not in mutant.mistake
    and "decay" not in mutant.mistake
    and not mutant.target.startswith(("weighted", "clip"))
]


@pytest.mark.parametrize("mutant", PLANTED, ids=lambda m: f"{m.tag} {m.target} {m.mistake}")
def test_no_document_is_made_from_a_wrong_equation(mutant):
    head = HEAD.get(mutant.target, "sigmoid" if mutant.target == "sigmoid" else "softmax")
    batch = [[0.1, 0.2], [0.3, -0.4]], [1, 0] if head == "softmax" else [[1, 0], [0, 1]]
    with applied(mutant):
        network = Network([2, 3, 2], hidden=NEEDS.get(mutant.target, "sigmoid"), output=head, seed=0)
        with pytest.raises(ChainruleError, match="must"):
            derive(network, *batch)


def test_enough_was_planted():
    assert len(PLANTED) >= 45
    assert {mutant.tag for mutant in PLANTED} >= {"F1", "F2", "H1", "H2", "H4", "B1", "B2", "B3", "B4", "Q2"}


def test_the_rules_show_each_line_once():
    found = softmax_forms(2).entry.right
    lines = list(differentiate(D(found, z_j)))
    assert [*map(str, lines[0].rules)] == ["quotient rule, (u/v)' = (u'v − uv')/v²"]
    last = simple(collapse(lines[-1].term))
    assert TEXT(decided(last, "m", "j", False)) == "−e^{z^2_m} e^{z^2_j} / (Σ_k e^{z^2_k})²"
    assert "∂" not in TEXT(last)


def test_a_sum_over_kroneckers_delta():
    loss = D(renamed(loss_forms(heads.HEADS["softmax"], 2).entry.right, "m", "k"), a_m)
    *_, last = differentiate(loss)
    assert TEXT(simple(collapse(last.term))) == "−y_m / a^2_m"
    kept = Big("Σ", "k", add(Delta("k", "j"), a.at("k")), "n_2")
    assert collapse(kept) == kept


@pytest.mark.parametrize(
    ("term", "slope"),
    [
        (Pow(Sym("x"), Num(3)), "3 x²"),
        (Apply("exp", (Neg(Sym("x")),)), "−e^{−x}"),
        (Apply("log", (1 + Pow(Sym("x"), Num(2)),)), "2 x / (1 + x²)"),
        (times(Sym("x"), Apply("sin", (Sym("x"),))), "sin(x) + x cos(x)"),
        (over(Num(1), Sym("x")), "−1 / x²"),
        (Apply("abs", (Sym("x"),)), "sign(x)"),
        (Num(4), "0"),
    ],
    ids=lambda x: x if isinstance(x, str) else "",
)
def test_the_rules(term, slope):
    pending = D(term, Sym("x"), True)
    last = [pending, *(line.term for line in differentiate(pending))][-1]
    assert TEXT(last) == slope


def test_a_symbol_without_meaning_is_told():
    setting = Setting(dims={"n": 2}, given={("x", ""): Given((2,))}, ranges={"m": "n"})
    with pytest.raises(WrongStep, match="has none"):
        verify(Rel("=", Sym("x", sub=("m",)), Sym("q", sub=("m",))), setting)
