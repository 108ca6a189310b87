"""What the three printers share: order, signs and the fewest brackets that keep the meaning.

A subclass says how a fraction, a script or a sum sign looks; this class decides where brackets stand.
Levels, from loose to tight: relation, sum, ⊙, product (and Σ, whose body is a product), applied function,
power, atom.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any, NamedTuple

from chainrule.derivation.terms.terms import (
    Add,
    Apply,
    AsColumn,
    Big,
    Cases,
    D,
    Delta,
    Frac,
    Had,
    Index,
    MatMul,
    Mul,
    Neg,
    Num,
    Pow,
    Reduce,
    Rel,
    Sym,
    Term,
    Transpose,
)

RELATION, SUM, HADAMARD, PRODUCT, APPLIED, POWER, ATOM = range(7)

BARE = ("log", "tanh")
"""Functions whose argument needs no brackets where it is an atom."""


class Piece(NamedTuple):
    """Printed mathematics: its level, whether a digit opens it, and whether it runs on to the right."""

    text: str
    level: int
    digit: bool = False
    open_end: bool = False


class Printer:
    """Prints terms. ``linear``: a fraction stands on one line, so its parts need brackets of their own."""

    linear = False
    minus = "−"
    dot = " · "
    hadamard = " ⊙ "
    thin = " "

    def __call__(self, node: Term) -> str:
        """Print a term."""
        return self.piece(node).text

    def piece(self, node: Term) -> Piece:
        """Print a term, with its level."""
        method: Callable[[Any], Piece] = getattr(self, f"_{type(node).__name__.lower()}")
        return method(node)

    def fit(self, node: Term, level: int, last: bool = True) -> Piece:
        """Print a part, in brackets if it is looser than ``level`` or would swallow what follows."""
        piece = self.piece(node)
        if piece.level < level or (piece.open_end and not last):
            return Piece(self.brackets(piece.text), ATOM, digit=isinstance(node, Neg) and piece.digit)
        return piece

    # What a subclass says.

    def identifier(self, name: str) -> str:
        """A symbol's name."""
        raise NotImplementedError

    def number(self, text: str) -> str:
        """A number."""
        raise NotImplementedError

    def operator(self, text: str) -> str:
        """An operator between two things."""
        raise NotImplementedError

    def brackets(self, text: str) -> str:
        """(text)."""
        raise NotImplementedError

    def script(self, base: str, sub: str = "", sup: str = "") -> str:
        """Base with what stands below and above it."""
        raise NotImplementedError

    def fraction(self, num: str, den: str) -> str:
        """A quotient."""
        raise NotImplementedError

    def big(self, op: str, index: str) -> str:
        """Σ or max with its index."""
        raise NotImplementedError

    def bars(self, text: str) -> str:
        """|text|."""
        raise NotImplementedError

    def root(self, text: str) -> str:
        """√text."""
        raise NotImplementedError

    def called(self, name: str, text: str) -> str:
        """name(text)."""
        raise NotImplementedError

    def cases(self, rows: list[tuple[str, str]]) -> str:
        """Values beside their conditions."""
        raise NotImplementedError

    def by(self, sign: str, of: str, variable: str) -> str:
        """∂of/∂variable."""
        raise NotImplementedError

    def join(self, *texts: str) -> str:
        """Side by side."""
        return "".join(texts)

    def indices(self, sub: tuple[Index, ...]) -> str:
        """The indices of an entry; numbers of two digits and more are kept apart by commas."""
        parts = [self.index(i) for i in sub]
        return (self.comma if any(isinstance(i, int) for i in sub) and len(sub) > 1 else "").join(parts)

    comma = ","

    def index(self, i: Index) -> str:
        """One index."""
        return str(i)

    def layer(self, sup: str) -> str:
        """A layer's number."""
        return sup

    # The nodes.

    def _sym(self, node: Sym) -> Piece:
        sub = self.indices(node.sub) if node.sub else ""
        return Piece(
            self.script(self.identifier(node.name), sub, self.layer(node.sup) if node.sup else ""), ATOM
        )

    def _num(self, node: Num) -> Piece:
        if node.text:
            return Piece(self.number(node.text), ATOM, digit=True)
        return self.value(node.value)

    def value(self, value: Any) -> Piece:
        """A number by its digits; a fraction as one."""
        if getattr(value, "denominator", 1) != 1 and not isinstance(value, float):
            text = self.fraction(self.number(str(value.numerator)), self.number(str(value.denominator)))
            return Piece(text, PRODUCT if self.linear and text != "½" else ATOM, digit=True)
        text = repr(value) if isinstance(value, float) else str(value)
        if text.startswith("-"):
            return Piece(self.join(self.operator_sign(), self.number(text[1:])), SUM)
        return Piece(self.number(text), ATOM, digit=True)

    def operator_sign(self) -> str:
        """The minus in front of a term."""
        return self.minus

    def _add(self, node: Add) -> Piece:
        out = [self.fit(node.terms[0], SUM).text]
        for part in node.terms[1:]:
            if isinstance(part, Neg):
                out += [self.operator(self.minus), self.fit(part.body, HADAMARD).text]
            else:
                out += [self.operator("+"), self.fit(part, HADAMARD).text]
        return Piece(self.join(*out), SUM)

    def _neg(self, node: Neg) -> Piece:
        body = self.fit(node.body, HADAMARD)
        return Piece(self.join(self.operator_sign(), body.text), SUM, body.digit, body.open_end)

    def _mul(self, node: Mul) -> Piece:
        return self._product(node.factors)

    def _matmul(self, node: MatMul) -> Piece:
        return self._product(node.factors)

    def _product(self, factors: tuple[Term, ...]) -> Piece:
        pieces = []
        for place, factor in enumerate(factors):
            nested = isinstance(factor, Mul) or (self.linear and isinstance(factor, Frac | Num))
            level = APPLIED if nested and not _is_atom_number(factor) else PRODUCT
            pieces.append(self.fit(factor, level, last=place == len(factors) - 1))
        out = [pieces[0].text]
        for piece in pieces[1:]:
            out += [self.dot if piece.digit else self.thin, piece.text]
        return Piece(self.join(*out), PRODUCT, pieces[0].digit, pieces[-1].open_end)

    def _had(self, node: Had) -> Piece:
        parts = [self.fit(f, PRODUCT, last=i == len(node.factors) - 1) for i, f in enumerate(node.factors)]
        out = [parts[0].text]
        for part in parts[1:]:
            out += [self.hadamard, part.text]
        return Piece(self.join(*out), HADAMARD, open_end=parts[-1].open_end)

    def _transpose(self, node: Transpose) -> Piece:
        inside = self.piece(node.body)
        plain = inside.level == ATOM and not (isinstance(node.body, Sym) and node.body.sup)
        return Piece(self.transposed(inside.text if plain else self.brackets(inside.text)), POWER)

    def transposed(self, text: str) -> str:
        """Textᵀ."""
        return self.script(text, sup=self.number("ᵀ"))

    def _ascolumn(self, node: AsColumn) -> Piece:
        return self.piece(node.body)

    def _frac(self, node: Frac) -> Piece:
        if not self.linear:
            return Piece(self.fraction(self(node.num), self(node.den)), ATOM)
        num, den = self.fit(node.num, PRODUCT, last=False), self.fit(node.den, APPLIED)
        if isinstance(node.den, Big):
            den = self.piece(node.den)
        return Piece(self.fraction(num.text, den.text), PRODUCT, num.digit, den.open_end)

    def _pow(self, node: Pow) -> Piece:
        base = self.piece(node.base)
        scripted = isinstance(node.base, Sym) and node.base.sup
        bare = base.level == ATOM and not scripted and not isinstance(node.base, Frac | Apply | Cases)
        text = base.text if bare else self.brackets(base.text)
        return Piece(self.power(text, self(node.exponent)), POWER, base.digit)

    def power(self, base: str, exponent: str) -> str:
        """Base to the exponent."""
        return self.script(base, sup=exponent)

    def _apply(self, node: Apply) -> Piece:
        first = node.args[0]
        if node.name == "exp":
            return Piece(self.power(self.identifier("e"), self(first)), POWER)
        if node.name == "abs":
            return Piece(self.bars(self(first)), ATOM)
        if node.name == "sqrt":
            return Piece(self.root(self.fit(first, ATOM if self.linear else RELATION).text), POWER)
        bare = self.piece(first)
        if node.name in BARE and len(node.args) == 1 and (bare.level >= POWER or isinstance(first, Big)):
            text = self.join(self.identifier(node.name), self.thin, bare.text)
            return Piece(text, APPLIED, open_end=True)
        args = self.operator(",").join(self(arg) for arg in node.args)
        return Piece(self.called(self.identifier(node.name), args), ATOM)

    def _reduce(self, node: Reduce) -> Piece:
        samples = node.axis is not None and node.body.shape[node.axis] == "N"
        sign = self.big(node.op, self.identifier("i" if samples else "m") if node.axis is not None else "")
        text = self.join(sign, self.thin, self.fit(node.body, HADAMARD).text)
        return Piece(text, PRODUCT, open_end=True)

    def _big(self, node: Big) -> Piece:
        text = self.join(
            self.big(node.op, self.index(node.index)), self.thin, self.fit(node.body, PRODUCT).text
        )
        return Piece(text, PRODUCT, open_end=True)

    def _rel(self, node: Rel) -> Piece:
        return Piece(self.join(self(node.left), self.operator(node.op), self(node.right)), RELATION)

    def _cases(self, node: Cases) -> Piece:
        rows = [(self(value), "" if when is None else self(when)) for value, when in node.rows]
        return Piece(self.cases(rows), RELATION if self.linear else SUM)

    def _delta(self, node: Delta) -> Piece:
        inside = self.join(self.index(node.i), self.operator("="), self.index(node.j))
        return Piece(self.square(inside), ATOM)

    def square(self, text: str) -> str:
        """[text]."""
        raise NotImplementedError

    def _d(self, node: D) -> Piece:
        sign = "d" if node.plain else "∂"
        if isinstance(node.of, Sym):
            return Piece(self.by(sign, self(node.of), self(node.by)), PRODUCT if self.linear else ATOM)
        of = self.fit(node.of, APPLIED).text
        text = self.join(self.by(sign, "", self(node.by)), self.thin, of)
        return Piece(text, PRODUCT, open_end=True)


def _is_atom_number(factor: Term) -> bool:
    return isinstance(factor, Num) and (
        isinstance(factor.value, float) or factor.value in (Fraction(1, 2), int(factor.value))
    )
