"""One layer: how the error comes back through it (B2), its gradients (B3, B4), and the step (G1).

A layer's steps are checked for a loss of which only its derivative in the next weighted inputs is known, so
that they hold whatever comes after the layer.
"""

from __future__ import annotations

from typing import Any

from chainrule.derivation.blocks import Block, Formula, Section, say
from chainrule.derivation.equations import (
    ETA,
    J,
    bias_gradient_forms,
    descent_forms,
    hidden_error_forms,
    weight_gradient_forms,
)
from chainrule.derivation.sections.slopes import NAMED, folded, is_built_in
from chainrule.derivation.steps import Ledger, Steps
from chainrule.derivation.terms.entries import as_column, entry
from chainrule.derivation.terms.evaluate import Get
from chainrule.derivation.terms.terms import Apply, Big, Cases, D, Neg, Rel, Sym, Term, add, over, times, walk
from chainrule.derivation.terms.textbook import constants
from chainrule.derivation.terms.tracing import any_activation, bias, rows, traced, weights
from chainrule.derivation.terms.verify import Setting, verify
from chainrule.equations import affine, network
from chainrule.equations.activations import Activation
from chainrule.proof.claims.claims import Given
from chainrule.proof.subjects.layers import ANY
from chainrule.types import Array, Namespace

WIDTHS = (3, 2)
"""Of the layer before and the layer after in the instances on which steps are verified."""


def rest_of_network(L: int) -> dict[Any, Any]:
    """J as Σ_k v_k f(z^L_k) with a function f of which only the derivative is known, and δ^L = ∂J/∂z^L."""

    def loss(xp: Namespace, get: Get) -> Array:
        return xp.sum(get("v") * ANY.phi(xp, get("z", L)))

    def delta(xp: Namespace, get: Get) -> Array:
        z = get("z", L)
        return get("v") * ANY.d_phi(xp, z, ANY.phi(xp, z))

    return {("J", ""): loss, ("δ", str(L)): delta}


class Hidden:
    """Hidden layer L between the one before and the one after."""

    def __init__(self, L: int, activation: Activation, ledger: Ledger) -> None:
        self.L, self.activation, self.ledger = L, activation, ledger
        self.name = activation.symbol
        self.named = any_activation(self.name)

    def setting(self) -> Setting:
        """z^L, W^{L+1} and b^{L+1} given; everything else by the shipped functions."""
        L, after = str(self.L), str(self.L + 1)
        n, m = WIDTHS
        phi = self.activation

        def error(xp: Namespace, get: Get) -> Array:
            given = (get("δ", after), get("W", after), get("z", L), get("a", L))
            return network.hidden_error(xp, phi, *given)

        return Setting(
            dims={"N": 1, f"n_{L}": n, f"n_{after}": m},
            given={
                ("z", L): Given((1, n)),
                ("W", after): Given((m, n)),
                ("b", after): Given((m,)),
                ("v", ""): Given((1, m)),
            },
            made={
                ("a", L): lambda xp, get: phi.phi(xp, get("z", L)),
                ("z", after): lambda xp, get: affine.affine(get("a", L), get("W", after), get("b", after)),
                **rest_of_network(self.L + 1),
                ("δ", L): error,
            },
            functions={
                **NAMED,
                self.name: phi.phi,
                f"{self.name}'": lambda xp, z: phi.d_phi(xp, z, phi.phi(xp, z)),
            },
            ranges={"m": f"n_{L}", "k": f"n_{after}", "j": f"n_{L}", "i": f"n_{L}"},
            branched=("z", L),
            kinks=self.activation.kinks,
            lenient=not is_built_in(self.activation),
        )

    def section(self, layout: str) -> Section:
        """B2, entry by entry, then as matrices."""
        L, setting = self.L, self.setting()
        z_k, d_k = rows("z", L, 1).at("k"), rows("δ", L, 1).at("k")
        a_m, z_m, d_m = rows("a", L).at("m"), rows("z", L).at("m"), rows("δ", L).at("m")
        forms = hidden_error_forms(L, self.named)
        slope = Apply(f"{self.name}'", (z_m,))

        def chain(left: Term) -> Steps:
            return Steps(self.ledger, setting, left)

        inner = chain(D(z_k, a_m)).derivative(weighted_input(L + 1, "k"), a_m, "Eq. F1")
        outer = chain(D(J, a_m)).to(_sum(L + 1, D(J, z_k), D(z_k, a_m)), "chain rule")
        outer.to(_sum(L + 1, d_k, D(z_k, a_m)), "definition of ", d_k)
        total = _sum(L + 1, inner.last, d_k)
        outer.to(total, "the line above: ", Rel("=", D(z_k, a_m), inner.last))
        error = chain(d_m).to(D(J, z_m), "definition of δ")
        error.to(times(D(J, a_m), D(a_m, z_m)), "chain rule: ", a_m, " alone depends on ", z_m)
        error.to(times(total, D(a_m, z_m)), "the sum above")
        error.to(times(total, slope), f"Eq. F2: {self.name}' is the derivative of {self.name}")
        error.by(lambda _: forms.entry.right, "as the code computes it")
        words = (
            f"Neuron m of layer {L} feeds every neuron k of layer {L + 1}, so ",
            a_m,
            " acts on the loss through every ",
            z_k,
            ", and the chain rule sums over them.",
        )
        blocks = (say(*words), inner.done(), outer.done(), say("One more factor leads to ", z_m, ":"))
        return Section(
            (f"Error of hidden layer {L}: Eq. B2",), (*blocks, error.done(), *self.matrix(setting, layout))
        )

    def matrix(self, setting: Setting, layout: str) -> list[Block]:
        """All entries at once, with φ' and with what it is."""
        forms = hidden_error_forms(self.L, self.named)
        z, a, delta = rows("z", self.L), rows("a", self.L), rows("δ", self.L)
        turned = layout == "columns"
        chain = Steps(self.ledger, setting, as_column(delta) if turned else delta)
        chain.to((forms.columns if turned else forms.rows).right, "all entries at once")
        explicit = hidden_error_forms(self.L, self.activation)
        slope = traced(self.activation.d_phi, z, a)
        if not any(isinstance(node, Cases) for node in walk(slope)) and slope.shape:
            shown = constants((explicit.columns if turned else explicit.rows).right)
            shown = folded(shown, as_column(z) if turned else z)
            chain.to(shown, f"{self.name}' from above; this is what the code computes")
        return [chain.done()]


def weighted_input(L: int, m: str) -> Term:
    """Entry m of F1."""
    return entry(affine.affine(rows("a", L, -1), weights(L), bias(L)), (None, m), frozenset("mk"))


def _sum(L: int, *factors: Term) -> Term:
    return Big("Σ", "k", times(*factors), f"n_{L}")


class Gradients:
    """∂J/∂W^L and ∂J/∂b^L of any layer."""

    def __init__(self, L: int, ledger: Ledger) -> None:
        self.L, self.ledger = L, ledger

    def setting(self) -> Setting:
        """a^{L−1}, W^L and b^L given; everything else by the shipped functions."""
        L, before = str(self.L), str(self.L - 1)
        n, m = WIDTHS
        return Setting(
            dims={"N": 1, f"n_{before}": n, f"n_{L}": m},
            given={
                ("a", before): Given((1, n)),
                ("W", L): Given((m, n)),
                ("b", L): Given((m,)),
                ("v", ""): Given((1, m)),
            },
            made={
                ("z", L): lambda xp, get: affine.affine(get("a", before), get("W", L), get("b", L)),
                **rest_of_network(self.L),
            },
            ranges={"m": f"n_{L}", "k": f"n_{before}", "i": f"n_{L}", "j": f"n_{before}"},
        )

    def section(self, layout: str) -> Section:
        """B3 and B4, entry by entry, then as matrices."""
        setting = self.setting()
        form = "columns" if layout == "columns" else "rows"
        blocks: list[Block] = []
        for parameter, forms, words in (
            (weights(self.L).at("m", "k"), weight_gradient_forms(self.L), "A weight"),
            (bias(self.L).at("m"), bias_gradient_forms(self.L), "A bias"),
        ):
            chain = Steps(self.ledger, setting, D(J, parameter))
            self.through(chain, parameter)
            chain.by(lambda _, f=forms: f.entry.right, "as the code computes it")  # type: ignore[misc]
            matrix = getattr(forms, form)
            whole = Steps(self.ledger, setting, matrix.left).to(matrix.right, "all entries at once")
            blocks += [
                say(words, " ", parameter, " acts on the loss through the weighted inputs of its layer:")
            ]
            blocks += [chain.done(), whole.done()]
        return Section((f"Gradients of layer {self.L}: Eq. B3 and B4",), tuple(blocks))

    def through(self, chain: Steps, parameter: Sym) -> None:
        """The chain rule through every weighted input of the layer."""
        L = self.L
        z_i, d_i = rows("z", L).at("i"), rows("δ", L).at("i")

        def total(*factors: Term) -> Term:
            return Big("Σ", "i", times(*factors), f"n_{L}")

        inner = entry(affine.affine(rows("a", L, -1), weights(L), bias(L)), (None, "i"), frozenset("mki"))
        chain.to(total(D(J, z_i), D(z_i, parameter)), "chain rule")
        chain.to(total(d_i, D(z_i, parameter)), "definition of ", d_i)
        chain.to(total(d_i, D(inner, parameter)), "Eq. F1").differentiated()


def update_section(H: int, ledger: Ledger, layout: str) -> Section:
    """G1: the mean over a mini-batch, and the step against it."""
    L, form = H, "columns" if layout == "columns" else "rows"
    mean = Setting(
        dims={"N": 2, f"n_{L - 1}": 2, f"n_{L}": 2},
        given={
            ("a", str(L - 1)): Given((2, 2)),
            ("W", str(L)): Given((2, 2)),
            ("b", str(L)): Given((2,)),
            ("v", ""): Given((2, 2)),
            ("η", ""): Given((), "positive"),
        },
        made={
            ("z", str(L)): lambda xp, get: affine.affine(get("a", L - 1), get("W", L), get("b", L)),
            ("J", ""): lambda xp, get: xp.sum(get("v") * ANY.phi(xp, get("z", L)), axis=1),
        },
        ranges={"m": f"n_{L}", "k": f"n_{L - 1}"},
    )
    J_i = Sym("J", sub=("i",))
    blocks: list[Block] = [
        say(
            "The loss of a mini-batch of N samples is the mean of theirs. The derivative of a sum is ",
            "the sum of the derivatives:",
        )
    ]
    for parameter in (weights(L), bias(L)):
        chain = Steps(ledger, mean, D(over(Big("Σ", "i", J_i, "N"), Sym("N")), parameter))
        chain.to(over(Big("Σ", "i", D(J_i, parameter), "N"), Sym("N")), "sum rule; N is a constant")
        blocks.append(chain.done())
    blocks.append(
        say(
            "A step of gradient descent goes against it, with the learning rate ",
            Sym("η"),
            ". In every layer:",
        )
    )
    both = (weights("L"), bias("L"))
    for parameter in (weights(L), bias(L)):
        mean_slope = Big("Σ", "i", D(J_i, parameter), "N")
        against = add(parameter, Neg(times(over(ETA, Sym("N")), mean_slope)))
        ledger.enter(verify(Rel("=", descent_forms(L, parameter).columns.right, against), mean))
    blocks += [Formula(getattr(descent_forms("L", parameter), form), "G1") for parameter in both]
    return Section(("Update: Eq. G1",), tuple(blocks))
