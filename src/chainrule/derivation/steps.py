"""Chains of checked steps: every line that is added is verified before it is kept."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from chainrule.derivation.blocks import Chain, Inline, Step
from chainrule.derivation.terms.calculus import collapse, differentiate, simple
from chainrule.derivation.terms.terms import D, Rel, Sym, Term
from chainrule.derivation.terms.verify import Setting, Verified, verify

When = Callable[[Mapping[str, int]], bool]


class Ledger:
    """Counts the steps that were verified, and keeps the largest error."""

    def __init__(self) -> None:
        self.symbolic = 0
        self.measured = 0
        self.lines = 0
        self.error = 0.0

    def enter(self, mark: Verified) -> Verified:
        """Count a step."""
        self.symbolic += mark.symbolic
        self.measured += not mark.symbolic
        self.error = max(self.error, mark.error)
        return mark

    def line(self, error: float) -> Verified:
        """Count a line of numbers."""
        self.lines += 1
        self.error = max(self.error, error)
        return Verified(False, error)

    def __str__(self) -> str:
        more = f" {self.measured} steps verified on random numbers alone." if self.measured else ""
        lines = f" {self.lines} lines of numbers computed as printed." if self.lines else ""
        return (
            f"{self.symbolic} steps verified, symbolically by SymPy and on random numbers in float64."
            f"{more}{lines} Largest relative error {self.error:.0e}."
        )


class Steps:
    """Builds a chain. Each line is verified to equal the one before it, in the chain's setting and case."""

    def __init__(
        self,
        ledger: Ledger,
        setting: Setting,
        left: Term,
        *,
        when: When | None = None,
        case: Inline = (),
    ) -> None:
        self.ledger, self.setting, self.left = ledger, setting, left
        self.when, self.case = when, case
        self.steps: list[Step] = []

    @property
    def last(self) -> Term:
        """What the chain has come to."""
        return self.steps[-1].right if self.steps else self.left

    def to(self, right: Term, *rule: str | Term) -> Steps:
        """Add ``= right``, for the reason given.

        Raises:
            WrongStep: the last line and this one differ.
        """
        mark = self.ledger.enter(verify(Rel("=", self.last, right), self.setting, self.when))
        self.steps.append(Step("=", right, rule, mark))
        return self

    def by(self, rewriting: Callable[[Term], Term], *rule: str | Term) -> Steps:
        """Add what a rewriting makes of the last line; nothing where it changes nothing."""
        after = rewriting(self.last)
        return self if after == self.last else self.to(after, *rule)

    def differentiated(self) -> Steps:
        """Carry out every pending derivative, a rule a line, then sums over Kronecker's delta."""
        for after in differentiate(self.last):
            self.to(after.term, "; ".join(map(str, after.rules)))
        return self.by(lambda t: simple(collapse(t)), "one summand remains, where the indices agree")

    def derivative(self, of: Term, by: Sym, *rule: str | Term, plain: bool = False) -> Steps:
        """Write out what is differentiated, then differentiate it."""
        return self.to(D(of, by, plain), *rule).differentiated()

    def done(self) -> Chain:
        """The chain."""
        return Chain(self.left, tuple(self.steps), self.case)
