"""One training step in numbers: the traced equations, entry by entry, with the network's numbers put in.

Every line is evaluated as it is printed, with all digits, and must give what the network itself computes.
"""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from typing import Any

import numpy as np

from chainrule.derivation.blocks import Chain, Step
from chainrule.derivation.sections.slopes import NAMED
from chainrule.derivation.steps import Ledger
from chainrule.derivation.terms.evaluate import COMPLEX, Key, World, chosen, value
from chainrule.derivation.terms.printing import TEXT
from chainrule.derivation.terms.terms import (
    Apply,
    Big,
    Cases,
    Mul,
    Neg,
    Num,
    Pow,
    Rel,
    Sym,
    Term,
    add,
    index_as,
    rebuilt,
)
from chainrule.derivation.terms.verify import TOLERANCE, Verified, WrongStep
from chainrule.model.feedforward import FeedForward, in_float64
from chainrule.model.validate import as_samples, as_targets

WRITTEN_OUT = 100
"""Most parameters of a network whose every entry is written out."""

MORE = 4
"""Digits that a line of numbers may have beyond the usual, for its factors to give its result."""

WIDEST = 6
"""Widest layer, and most samples, of which every entry is printed: what a line of a terminal holds."""


class Numbers:
    """A network, a mini-batch, and everything that one step computes, in float64."""

    def __init__(
        self,
        network: FeedForward,
        x: Any,
        y: Any,
        eta: float,
        digits: int,
        ledger: Ledger,
        layout: str = "columns",
    ) -> None:
        self.layout = layout
        self.network = in_float64(network)
        widths = self.network.layers
        self.x = as_samples(x, widths[0], np.float64)
        self.y = as_targets(y, len(self.x), widths[-1], self.network.head, np.float64)
        self.eta, self.digits, self.ledger = eta, digits, ledger
        self.forward = self.network.forward(self.x)
        self.back = self.network.backward(self.forward, self.y)
        self.loss = self.network.loss(self.x, self.y)
        self.after = deepcopy(self.network)
        self.after.gradient_descent((self.x, self.y), eta)
        self.new_loss = self.after.loss(self.x, self.y)
        self.world = self._world()

    def laid_out(self, array: Any) -> Any:
        """Samples, one a row, or a row of biases, as this document has them."""
        found = np.atleast_2d(array)
        return found.T if self.layout == "columns" else found

    @property
    def H(self) -> int:
        """The output layer."""
        return len(self.network.layers) - 1

    @property
    def N(self) -> int:
        """Samples."""
        return len(self.x)

    def _world(self) -> World:
        given: dict[Key, Any] = {
            ("y", ""): self.y,
            ("η", ""): np.asarray(self.eta),
            ("J", ""): np.asarray(self.loss),
        }
        given["w", ""] = np.full(self.N, 1 / self.N)
        for L in range(self.H + 1):
            given["a", str(L)] = self.forward.a[L]
        for L in range(1, self.H + 1):
            given["z", str(L)], given["δ", str(L)] = self.forward.z[L], self.back.delta[L]
            given["W", str(L)], given["b", str(L)] = self.network.W[L], self.network.b[L]
        dims = {f"n_{L}": n for L, n in enumerate(self.network.layers)} | {"N": self.N}
        return World(COMPLEX, dims, given, functions=NAMED)

    def entry_chain(
        self, left: Term, right: Term, expected: float, rule: str, stable: Term | None = None
    ) -> Chain:
        """Left = symbols = numbers = value. ``right`` has numbers for indices.

        ``stable`` is the code's own form, for where the textbook's overflows.

        Raises:
            WrongStep: the printed line does not give what the network computes.
        """
        term = self.written_out(right)
        with np.errstate(all="ignore"):
            found = value(term, self.world)
        if stable is not None and not np.isfinite(found):
            return self.entry_chain(left, stable, expected, f"{rule}, the form that does not overflow")
        mark = self.checked(Rel("=", left, term), found, expected)
        steps = [Step("=", term, (rule,) if rule else ())]
        put_in, sign = self.put_in(lambda more: self.numbers_in(term, more), expected)
        result = number(expected, self.digits)
        if put_in not in (term, result):
            steps.append(Step("=", put_in))
        steps.append(Step(sign, result, (), mark))
        return Chain(left, tuple(steps), numbers=True)

    def put_in(self, make: Callable[[int], Term], expected: float) -> tuple[Term, str]:
        """A line with numbers put in, and the sign before its result.

        ``make`` gives the line with so many digits more. There are as many as it takes for the printed
        numbers to give the printed result; if a few more are not enough, the sign is ≈.
        """
        result = TEXT(number(expected, self.digits))
        for more in range(MORE + 1):
            term = make(more)
            with np.errstate(all="ignore"):
                found = float(np.real(value(as_printed(term), self.world)))
            if np.isfinite(found) and TEXT(number(found, self.digits)) == result:
                return term, "="
        return make(0), "≈"

    def checked(self, what: Rel, found: Any, expected: Any) -> Verified:
        """Count a line of numbers. Raises: WrongStep where it is off."""
        found, expected = np.asarray(found, float), np.asarray(expected, float)
        scale = max(np.abs(expected).max(), 1e-6)
        error = float(np.abs(found - expected).max() / scale)
        if not error <= TOLERANCE:
            raise WrongStep(f"{TEXT(what)} must give what the network computes; it is {error:.1e} off.")
        return self.ledger.line(error)

    def written_out(self, node: Term) -> Term:
        """Sums over an index as sums of entries, branches decided by the numbers."""
        if isinstance(node, Big):
            upper = self.world.dims[node.upper]
            parts = [self.written_out(index_as(node.body, node.index, i)) for i in range(1, upper + 1)]
            return add(*parts) if node.op == "Σ" else Apply("max", tuple(parts))
        if isinstance(node, Cases):
            return self.written_out(chosen(node, lambda side: float(np.real(value(side, self.world)))))
        return rebuilt(node, self.written_out)

    def numbers_in(self, node: Term, more: int = 0) -> Term:
        """The term with rounded numbers in the place of its symbols, ``more`` digits than usual."""
        if isinstance(node, Sym) and node.name != "π":
            return number(float(value(node, self.world)), self.digits, more)
        if isinstance(node, Num):
            return node
        return rebuilt(node, lambda part: self.numbers_in(part, more))


def as_printed(node: Term) -> Term:
    """The term with every number as its printed digits say."""
    if isinstance(node, Num):
        return Num(float(node.text.replace("−", "-"))) if node.text else node
    return rebuilt(node, as_printed)


def number(x: float, digits: int, more: int = 0) -> Term:
    """A rounded number as a term: −0.5 with its sign, 1.2 · 10^{−7} where it is small."""
    if x < 0:
        return Neg(number(-x, digits, more))
    if x == 0 or 10.0 ** -(digits - 2) <= x < 1e7:
        return Num(x, plain(x, digits, more))
    mantissa, exponent = f"{x:.{min(digits, 4) + more}e}".split("e")
    power = int(exponent)
    mantissa = mantissa.rstrip("0").rstrip(".")
    ten = Pow(Num(10), Neg(Num(-power)) if power < 0 else Num(power))
    return Mul((Num(float(mantissa), mantissa), ten))


def plain(x: float, digits: int, more: int = 0) -> str:
    """A number with at most ``digits`` decimals and no trailing zeros; ``more`` decimals where asked for."""
    if x != 0 and abs(x) < 10.0 ** -(digits - 2):
        return f"{x:.{min(digits, 4) + more}e}".replace("-", "−")
    text = f"{x + 0.0:.{digits + more}f}"  # minus zero is zero
    return (text.rstrip("0").rstrip(".") or "0").replace("-", "−")
