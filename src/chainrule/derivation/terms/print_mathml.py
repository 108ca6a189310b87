"""Terms as presentation MathML, which browsers show without any script."""

from __future__ import annotations

from chainrule.derivation.terms.printing import Piece, Printer
from chainrule.derivation.terms.terms import Frac, Index, Term
from chainrule.escaping.markup import html as escape

OPEN = '<mo form="prefix" lspace="0" rspace="0">'
CELL = '<mtd style="text-align: left">'
CLOSE = '<mo form="postfix" lspace="0" rspace="0">'


class MathML(Printer):
    """Prints the children of a ``<math>`` element."""

    linear = False
    dot = "<mo>·</mo>"
    hadamard = "<mo>⊙</mo>"
    thin = '<mspace width="0.17em"/>'
    comma = "<mo>,</mo>"

    def document(self, node: Term, *, display: bool = False) -> str:
        """A whole ``<math>`` element."""
        block = ' display="block"' if display else ""
        return f'<math xmlns="http://www.w3.org/1998/Math/MathML"{block}><mrow>{self(node)}</mrow></math>'

    def identifier(self, name: str) -> str:
        """One letter is set in italics by the browser, a longer name upright; primes are operators."""
        base, primes = name.rstrip("'"), len(name) - len(name.rstrip("'"))
        found = f"<mi>{escape(base)}</mi>"
        return f"<msup>{found}<mo>{'′' * primes}</mo></msup>" if primes else found

    def number(self, text: str) -> str:
        """Digits; T for a transpose; numbers from a computation may carry a sign."""
        if text == "ᵀ":
            return '<mi mathvariant="normal">T</mi>'
        if text[:1] in "-−":
            return f'<mrow><mo form="prefix">−</mo><mn>{escape(text[1:])}</mn></mrow>'
        return f"<mn>{escape(text)}</mn>"

    def operator(self, text: str) -> str:
        """An ``<mo>``."""
        return f"<mo>{escape(text.strip())}</mo>"

    def operator_sign(self) -> str:
        """A minus in front."""
        return '<mo form="prefix">−</mo>'

    def brackets(self, text: str) -> str:
        """Brackets that grow."""
        return f"<mrow>{OPEN}(</mo><mrow>{text}</mrow>{CLOSE})</mo></mrow>"

    def square(self, text: str) -> str:
        """[text]."""
        return f"<mrow>{OPEN}[</mo><mrow>{text}</mrow>{CLOSE}]</mo></mrow>"

    def script(self, base: str, sub: str = "", sup: str = "") -> str:
        """Msub, msup or msubsup."""
        base, sub, sup = (f"<mrow>{part}</mrow>" if part else "" for part in (base, sub, sup))
        if sub and sup:
            return f"<msubsup>{base}{sub}{sup}</msubsup>"
        return f"<msub>{base}{sub}</msub>" if sub else f"<msup>{base}{sup}</msup>" if sup else base

    def fraction(self, num: str, den: str) -> str:
        """Mfrac."""
        return f"<mfrac><mrow>{num}</mrow><mrow>{den}</mrow></mfrac>"

    def big(self, op: str, index: str) -> str:
        """The sign with its index below."""
        sign = '<mo largeop="true" movablelimits="false">∑</mo>' if op == "Σ" else f"<mi>{escape(op)}</mi>"
        return f"<munder>{sign}<mrow>{index}</mrow></munder>" if index else sign

    def bars(self, text: str) -> str:
        """|text|."""
        return f'<mrow><mo form="prefix">|</mo>{text}<mo form="postfix">|</mo></mrow>'

    def root(self, text: str) -> str:
        """Msqrt."""
        return f"<msqrt>{text}</msqrt>"

    def called(self, name: str, text: str) -> str:
        """name(text)."""
        return f"<mrow>{name}<mo>&#x2061;</mo>{self.brackets(text)}</mrow>"

    def cases(self, rows: list[tuple[str, str]]) -> str:
        """A brace before a table."""
        lines = [
            f"<mtr>{CELL}<mrow>{value}</mrow></mtd>{CELL}<mrow>"
            f"<mtext>{'where&#xA0;' if when else 'else'}</mtext>{when}</mrow></mtd></mtr>"
            for value, when in rows
        ]
        return f'<mrow><mo form="prefix">{{</mo><mtable>{"".join(lines)}</mtable></mrow>'

    def by(self, sign: str, of: str, variable: str) -> str:
        """∂ above ∂."""
        d = "<mo>∂</mo>" if sign == "∂" else '<mi mathvariant="normal">d</mi>'
        return self.fraction(d + of, d + variable)

    def index(self, i: Index) -> str:
        """A letter or a number."""
        return f"<mn>{i}</mn>" if isinstance(i, int) else self.identifier(i)

    def layer(self, sup: str) -> str:
        """L+1 apart, as a letter, a sign and a number."""
        return "".join(
            f"<mn>{c}</mn>" if c.isdecimal() else f"<mo>{c}</mo>" if c in "+−" else f"<mi>{c}</mi>"
            for c in sup
        )

    def _frac(self, node: Frac) -> Piece:
        piece = super()._frac(node)
        return Piece(piece.text, piece.level)


MATHML = MathML()
"""The printer of MathML."""
