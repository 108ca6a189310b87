"""Terms as Unicode text on one line, as the docstrings of the equations write them."""

from __future__ import annotations

from chainrule.derivation.terms.printing import Printer
from chainrule.derivation.terms.terms import Index

RAISED = {**dict(zip("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹", strict=True)), "−": "⁻"}


class Text(Printer):
    """Prints ``(W^{L+1})ᵀ δ^{L+1} ⊙ φ'(z^L)``."""

    linear = True

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

    def index(self, i: Index) -> str:
        """As it is."""
        return str(i)


def _braced(text: str) -> str:
    return text if len(text) == 1 else f"{{{text}}}"


TEXT = Text()
"""The printer of Unicode text."""
