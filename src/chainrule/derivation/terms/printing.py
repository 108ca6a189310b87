"""Terms as Unicode text on one line, with the order, signs and brackets that every notation shares.

LaTeX and MathML say otherwise how a fraction, a script or a sum sign looks; where brackets stand, the fewest
that keep the meaning, is decided here alone.
Levels, from loose to tight: relation, sum, ⊙, product (and Σ, whose body is a product), applied function,
power, atom.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any, NamedTuple

from chainrule.derivation.terms import terms as t
from chainrule.derivation.terms.terms import Index, Term

RELATION, SUM, HADAMARD, PRODUCT, APPLIED, POWER, ATOM = range(7)

RAISED = {**dict(zip("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹", strict=True)), "−": "⁻"}
BARE = ("log", "tanh")
"""Functions whose argument needs no brackets where it is an atom."""


class Piece(NamedTuple):
    """Printed mathematics: its level, whether a digit opens it, and whether it runs on to the right."""

    text: str
    level: int
    digit: bool = False
    open_end: bool = False


class Printer:
    """Prints ``(W^{L+1})ᵀ δ^{L+1} ⊙ φ'(z^L)``, as the docstrings of the equations write it.

    ``linear``: a fraction stands on one line, so its parts need brackets of their own.
    """

    linear = True
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
            return Piece(self.brackets(piece.text), ATOM, digit=isinstance(node, t.Neg) and piece.digit)
        return piece

    # What a subclass says otherwise.

    def identifier(self, name: str) -> str:
        """As it is."""
        return name

    def number(self, text: str) -> str:
        """As it is."""
        return text.replace("-", "−")

    def operator(self, text: str) -> str:
        """With a space on both sides; a comma is not a thing between."""
        return ", " if text == "," else f" {text.strip()} "

    def brackets(self, text: str) -> str:
        """(text)."""
        return f"({text})"

    def square(self, text: str) -> str:
        """[text], without spaces."""
        return f"[{text.replace(' ', '')}]"

    def script(self, base: str, sub: str = "", sup: str = "") -> str:
        """``z^{L+1}_m``; ᵀ stands where it is."""
        if sup == "ᵀ":
            return f"{base}ᵀ"
        return base + (f"^{_braced(sup)}" if sup else "") + (f"_{_braced(sub)}" if sub else "")

    def power(self, base: str, exponent: str) -> str:
        """a², e^{−z}."""
        if not self.linear:
            return self.script(base, sup=exponent)
        if exponent.isdecimal() and base != "e":
            return base + "".join(RAISED[digit] for digit in exponent)
        return f"{base}^{_braced(exponent)}"

    def fraction(self, num: str, den: str) -> str:
        """Num / den, close together where both are numbers."""
        if (num, den) == ("1", "2"):
            return "½"
        return f"{num}/{den}" if num.isdecimal() and den.isdecimal() else f"{num} / {den}"

    def big(self, op: str, index: str) -> str:
        """Σ_k."""
        return f"{op}_{index}" if index else op

    def bars(self, text: str) -> str:
        """|text|."""
        return f"|{text}|"

    def root(self, text: str) -> str:
        """√text."""
        return f"√{text}"

    def called(self, name: str, text: str) -> str:
        """name(text)."""
        return f"{name}({text})"

    def cases(self, rows: list[tuple[str, str]]) -> str:
        """``1 where z > 0, else 0``."""
        return ", ".join(f"{value} where {when}" if when else f"else {value}" for value, when in rows)

    def by(self, sign: str, of: str, variable: str) -> str:
        """∂J/∂z."""
        return f"{sign}{of}/{sign}{variable}"

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

    def _sym(self, node: t.Sym) -> Piece:
        sub = self.indices(node.sub) if node.sub else ""
        return Piece(
            self.script(self.identifier(node.name), sub, self.layer(node.sup) if node.sup else ""), ATOM
        )

    def _num(self, node: t.Num) -> Piece:
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
            return Piece(self.operator_sign() + self.number(text[1:]), SUM)
        return Piece(self.number(text), ATOM, digit=True)

    def operator_sign(self) -> str:
        """The minus in front of a term."""
        return self.minus

    def _add(self, node: t.Add) -> Piece:
        out = [self.fit(node.terms[0], SUM).text]
        for part in node.terms[1:]:
            if isinstance(part, t.Neg):
                out += [self.operator(self.minus), self.fit(part.body, HADAMARD).text]
            else:
                out += [self.operator("+"), self.fit(part, HADAMARD).text]
        return Piece("".join(out), SUM)

    def _neg(self, node: t.Neg) -> Piece:
        body = self.fit(node.body, HADAMARD)
        return Piece(self.operator_sign() + body.text, SUM, body.digit, body.open_end)

    def _mul(self, node: t.Mul) -> Piece:
        return self._product(node.factors)

    def _matmul(self, node: t.MatMul) -> Piece:
        return self._product(node.factors)

    def _product(self, factors: tuple[Term, ...]) -> Piece:
        pieces = []
        for place, factor in enumerate(factors):
            nested = isinstance(factor, t.Mul) or (self.linear and isinstance(factor, t.Frac | t.Num))
            level = APPLIED if nested and not _is_atom_number(factor) else PRODUCT
            pieces.append(self.fit(factor, level, last=place == len(factors) - 1))
        out = [pieces[0].text]
        for piece in pieces[1:]:
            out += [self.dot if piece.digit else self.thin, piece.text]
        return Piece("".join(out), PRODUCT, pieces[0].digit, pieces[-1].open_end)

    def _had(self, node: t.Had) -> Piece:
        parts = [self.fit(f, PRODUCT, last=i == len(node.factors) - 1) for i, f in enumerate(node.factors)]
        out = [parts[0].text]
        for part in parts[1:]:
            out += [self.hadamard, part.text]
        return Piece("".join(out), HADAMARD, open_end=parts[-1].open_end)

    def _transpose(self, node: t.Transpose) -> Piece:
        inside = self.piece(node.body)
        plain = inside.level == ATOM and not (isinstance(node.body, t.Sym) and node.body.sup)
        return Piece(self.transposed(inside.text if plain else self.brackets(inside.text)), POWER)

    def transposed(self, text: str) -> str:
        """Textᵀ."""
        return self.script(text, sup=self.number("ᵀ"))

    def _ascolumn(self, node: t.AsColumn) -> Piece:
        return self.piece(node.body)

    def _frac(self, node: t.Frac) -> Piece:
        if not self.linear:
            return Piece(self.fraction(self(node.num), self(node.den)), ATOM)
        num, den = self.fit(node.num, PRODUCT, last=False), self.fit(node.den, APPLIED)
        if isinstance(node.den, t.Big):
            den = self.piece(node.den)
        return Piece(self.fraction(num.text, den.text), PRODUCT, num.digit, den.open_end)

    def _pow(self, node: t.Pow) -> Piece:
        base = self.piece(node.base)
        scripted = isinstance(node.base, t.Sym) and node.base.sup
        bare = base.level == ATOM and not scripted and not isinstance(node.base, t.Frac | t.Apply | t.Cases)
        text = base.text if bare else self.brackets(base.text)
        return Piece(self.power(text, self(node.exponent)), POWER, base.digit)

    def _apply(self, node: t.Apply) -> Piece:
        first = node.args[0]
        if node.name == "exp":
            return Piece(self.power(self.identifier("e"), self(first)), POWER)
        if node.name == "abs":
            return Piece(self.bars(self(first)), ATOM)
        if node.name == "sqrt":
            return Piece(self.root(self.fit(first, ATOM if self.linear else RELATION).text), POWER)
        bare = self.piece(first)
        if node.name in BARE and len(node.args) == 1 and (bare.level >= POWER or isinstance(first, t.Big)):
            text = self.identifier(node.name) + self.thin + bare.text
            return Piece(text, APPLIED, open_end=True)
        args = self.operator(",").join(self(arg) for arg in node.args)
        return Piece(self.called(self.identifier(node.name), args), ATOM)

    def _reduce(self, node: t.Reduce) -> Piece:
        samples = node.axis is not None and node.body.shape[node.axis] == "N"
        sign = self.big(node.op, self.identifier("i" if samples else "m") if node.axis is not None else "")
        text = sign + self.thin + self.fit(node.body, HADAMARD).text
        return Piece(text, PRODUCT, open_end=True)

    def _big(self, node: t.Big) -> Piece:
        text = self.big(node.op, self.index(node.index)) + self.thin + self.fit(node.body, PRODUCT).text
        return Piece(text, PRODUCT, open_end=True)

    def _rel(self, node: t.Rel) -> Piece:
        left, right = (self.fit(side, SUM).text for side in (node.left, node.right))
        return Piece(left + self.operator(node.op) + right, RELATION)

    def _cases(self, node: t.Cases) -> Piece:
        rows = [
            (self.fit(found, SUM).text, "" if when is None else self(when)) for found, when in _flat(node)
        ]
        return Piece(self.cases(rows), RELATION if self.linear else SUM)

    def _delta(self, node: t.Delta) -> Piece:
        inside = self.index(node.i) + self.operator("=") + self.index(node.j)
        return Piece(self.square(inside), ATOM)

    def _d(self, node: t.D) -> Piece:
        sign = "d" if node.plain else "∂"
        if isinstance(node.of, t.Sym):
            return Piece(self.by(sign, self(node.of), self(node.by)), PRODUCT if self.linear else ATOM)
        of = self.fit(node.of, APPLIED).text
        text = self.by(sign, "", self(node.by)) + self.thin + of
        return Piece(text, PRODUCT, open_end=True)


def _flat(node: t.Cases) -> tuple[tuple[Term, t.Rel | None], ...]:
    """The rows, with those of cases that stand in the last."""
    *rows, (last, when) = node.rows
    return (*rows, *(_flat(last) if isinstance(last, t.Cases) else ((last, when),)))


def _is_atom_number(factor: Term) -> bool:
    return isinstance(factor, t.Num) and (
        isinstance(factor.value, float) or factor.value in (Fraction(1, 2), int(factor.value))
    )


def _braced(text: str) -> str:
    return text if len(text) == 1 else f"{{{text}}}"


TEXT = Printer()
"""The printer of Unicode text."""
